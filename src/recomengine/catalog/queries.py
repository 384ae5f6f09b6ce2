"""SQL of the catalog."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection

CATALOG_VERSIONS = "SELECT tenant_id, version FROM catalog_state WHERE tenant_id = ANY ($1::uuid[])"
CHANGED_ITEMS = """
SELECT number, product_id, name, category, further_categories, price, currency, image_url, url, available, version,
       created_at, deleted_at
FROM catalog_items
WHERE tenant_id = $1 AND version >= $2 AND (version, number) > ($2, $3) AND version <= $4
ORDER BY version, number LIMIT $5
"""

# What follows in the transaction is planned anew each time: a plan that was made while the catalog was small would
# compare every product with every id once it is large.
LOCK_CATALOG = """
SELECT version, next_number, set_config('plan_cache_mode', 'force_custom_plan', true)
FROM catalog_state WHERE tenant_id = $1 FOR UPDATE
"""
ADVANCE_CATALOG = "UPDATE catalog_state SET version = $2, next_number = next_number + $3 WHERE tenant_id = $1"

# Rows that are as they should be already are left alone: no new version, no write. Of the description, `search` has the
# words without mark-up.
UPSERT_ITEMS = """
INSERT INTO catalog_items AS c (tenant_id, product_id, number, name, category, further_categories, price, currency,
    image_url, url, description, brand, attributes, available, version, search)
SELECT $1, i.product_id, i.number, i.name, i.category, ARRAY(SELECT jsonb_array_elements_text(i.further::jsonb)),
       i.price, i.currency, i.image_url, i.url, i.description, i.brand, i.attributes::jsonb, i.available, $2,
       setweight(to_tsvector('simple', i.name), 'A')
       || setweight(to_tsvector('simple', concat_ws(' ', i.brand, i.category,
           (SELECT string_agg(path, ' ') FROM jsonb_array_elements_text(i.further::jsonb) AS path))), 'B')
       || setweight(to_tsvector('simple', coalesce(i.words, '')), 'C')
FROM unnest($3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::numeric[], $9::text[], $10::text[],
            $11::text[], $12::text[], $13::text[], $14::text[], $15::boolean[], $16::text[])
     AS i (product_id, number, name, category, further, price, currency, image_url, url, description, brand, attributes,
         available, words)
ON CONFLICT ON CONSTRAINT catalog_items_tenant_id_product_id_key DO UPDATE
SET name = excluded.name, category = excluded.category, further_categories = excluded.further_categories,
    price = excluded.price, currency = excluded.currency, image_url = excluded.image_url, url = excluded.url,
    description = excluded.description, brand = excluded.brand, attributes = excluded.attributes,
    available = excluded.available, version = excluded.version, search = excluded.search, deleted_at = NULL,
    updated_at = now(), created_at = CASE WHEN c.deleted_at IS NULL THEN c.created_at ELSE now() END
WHERE (c.name, c.category, c.further_categories, c.price, c.currency, c.image_url, c.url, c.description, c.brand,
       c.attributes, c.available, c.search)
      IS DISTINCT FROM
      (excluded.name, excluded.category, excluded.further_categories, excluded.price, excluded.currency,
       excluded.image_url, excluded.url, excluded.description, excluded.brand, excluded.attributes, excluded.available,
       excluded.search)
   OR c.deleted_at IS NOT NULL
RETURNING product_id
"""
KNOWN_NUMBERS = """
SELECT product_id, number, deleted_at IS NULL AS there
FROM catalog_items WHERE tenant_id = $1 AND product_id = ANY ($2::text[])
"""
STORED_ITEMS = """
SELECT product_id, name, category, array_remove(category || further_categories, NULL) AS categories, price, currency,
       image_url, url, description, brand, readable_json(attributes) AS attributes, available
FROM catalog_items WHERE tenant_id = $1 AND product_id = ANY ($2::text[])
"""
DELETE_ITEM = """
UPDATE catalog_items SET deleted_at = now(), updated_at = now(), version = $3
WHERE tenant_id = $1 AND product_id = $2 AND deleted_at IS NULL RETURNING number
"""
COUNT_AVAILABLE = """
SELECT count(*) AS available, count(*) FILTER (WHERE number < $3 AND get_bit($2::bytea, number) = 0) AS absent
FROM catalog_items WHERE tenant_id = $1 AND deleted_at IS NULL AND available
"""
TAKE_AWAY = """
UPDATE catalog_items SET available = false, updated_at = now(), version = $4
WHERE tenant_id = $1 AND deleted_at IS NULL AND available AND number < $3 AND get_bit($2::bytea, number) = 0
"""
CATALOG_SIZE = "SELECT next_number FROM catalog_state WHERE tenant_id = $1"
GET_ITEM = """
SELECT product_id, name, category, array_remove(category || further_categories, NULL) AS categories, price, currency,
       image_url, url, description, brand, readable_json(attributes) AS attributes, available, created_at, updated_at
FROM catalog_items WHERE tenant_id = $1 AND product_id = $2 AND deleted_at IS NULL
"""
LIST_ITEMS = """
SELECT product_id, name, category, array_remove(category || further_categories, NULL) AS categories, price, currency,
       image_url, url, description, brand, readable_json(attributes) AS attributes, available, created_at, updated_at,
       number, 0::float8 AS rank
FROM catalog_items
WHERE tenant_id = $1 AND deleted_at IS NULL
  AND ($2::text IS NULL OR EXISTS (SELECT FROM unnest(category || further_categories) AS path
                                   WHERE path = $2 OR starts_with(path, $2 || ' > ')))
  AND ($3::boolean IS NULL OR available = $3) AND number > $4
ORDER BY number LIMIT $5
"""
SET_SIMILARITY = "SELECT set_config('pg_trgm.word_similarity_threshold', '0.45', true)"

# Full text first (each word by its beginning), then names that are nearly so; rank 1 and more is full text.
SEARCH_ITEMS = """
SELECT found.* FROM (
    SELECT product_id, name, category, array_remove(category || further_categories, NULL) AS categories, price,
           currency, image_url, url, description, brand, readable_json(attributes) AS attributes, available, created_at,
           updated_at, number,
           (CASE WHEN search @@ to_tsquery('simple', $6) THEN 1 + ts_rank(search, to_tsquery('simple', $6)) ELSE 0 END
            + word_similarity($7, name))::float8 AS rank
    FROM catalog_items
    WHERE tenant_id = $1 AND deleted_at IS NULL
      AND ($2::text IS NULL OR EXISTS (SELECT FROM unnest(category || further_categories) AS path
                                       WHERE path = $2 OR starts_with(path, $2 || ' > ')))
      AND ($3::boolean IS NULL OR available = $3) AND (search @@ to_tsquery('simple', $6) OR $7 <% name)
) AS found
WHERE (found.rank, -found.number) < ($8, -$4::int)
ORDER BY found.rank DESC, found.number LIMIT $5
"""


class ItemRow(NamedTuple):
    """A product as it is stored; further_categories and attributes as JSON, words: of the description."""

    product_id: str
    number: int
    name: str
    category: str | None
    further_categories: str
    price: Decimal | None
    currency: str | None
    image_url: str | None
    url: str | None
    description: str | None
    brand: str | None
    attributes: str
    available: bool
    words: str | None


async def catalog_versions(connection: Connection, tenant_ids: Sequence[UUID]) -> dict[UUID, int]:
    return {row["tenant_id"]: row["version"] for row in await connection.fetch(CATALOG_VERSIONS, list(tenant_ids))}


async def changed_items(
    connection: Connection, tenant_id: UUID, after_version: int, after_number: int, through_version: int, limit: int
) -> list[asyncpg.Record]:
    """Rows beyond (after_version, after_number), in that order, the deleted ones too."""
    return await connection.fetch(CHANGED_ITEMS, tenant_id, after_version, after_number, through_version, limit)


async def lock_catalog(connection: Connection, tenant_id: UUID) -> tuple[int, int]:
    """(version, next number), held until the transaction ends: catalog transactions of a tenant go one by one."""
    row = await connection.fetchrow(LOCK_CATALOG, tenant_id)
    assert row is not None  # made together with the tenant
    return row["version"], row["next_number"]


async def advance_catalog(connection: Connection, tenant_id: UUID, version: int, new_numbers: int) -> None:
    await connection.execute(ADVANCE_CATALOG, tenant_id, version, new_numbers)


async def known_numbers(
    connection: Connection, tenant_id: UUID, product_ids: Sequence[str]
) -> dict[str, tuple[int, bool]]:
    """Number of each product that ever was, and whether it is there now."""
    rows = await connection.fetch(KNOWN_NUMBERS, tenant_id, list(product_ids))
    return {row["product_id"]: (row["number"], row["there"]) for row in rows}


async def upsert_items(connection: Connection, tenant_id: UUID, version: int, items: Sequence[ItemRow]) -> set[str]:
    """Ids of the products that were made or changed."""
    columns = [list(column) for column in zip(*items, strict=True)]
    rows = await connection.fetch(UPSERT_ITEMS, tenant_id, version, *columns)
    return {row["product_id"] for row in rows}


async def stored_items(
    connection: Connection, tenant_id: UUID, product_ids: Sequence[str]
) -> dict[str, Mapping[str, Any]]:
    """Products by id, with the names of ItemIn."""
    rows = await connection.fetch(STORED_ITEMS, tenant_id, list(product_ids))
    return {row["product_id"]: dict(row) for row in rows}


async def catalog_size(connection: Connection, tenant_id: UUID) -> int:
    """How many numbers are given; all are below it."""
    size: int = await connection.fetchval(CATALOG_SIZE, tenant_id)
    return size


async def count_available(connection: Connection, tenant_id: UUID, present: bytes, size: int) -> tuple[int, int]:
    """(products to be had, those of them below `size` whose bit is not set). present: bit n % 8 of byte n // 8."""
    row = await connection.fetchrow(COUNT_AVAILABLE, tenant_id, present, size)
    assert row is not None  # it counts
    return row["available"], row["absent"]


async def take_away(connection: Connection, tenant_id: UUID, present: bytes, size: int, version: int) -> int:
    """Make those unavailable that count_available counts as absent; how many they were."""
    return int((await connection.execute(TAKE_AWAY, tenant_id, present, size, version)).rpartition(" ")[2])


async def delete_item(connection: Connection, tenant_id: UUID, product_id: str, version: int) -> bool:
    return await connection.fetchval(DELETE_ITEM, tenant_id, product_id, version) is not None


async def get_item(connection: Connection, tenant_id: UUID, product_id: str) -> asyncpg.Record | None:
    return await connection.fetchrow(GET_ITEM, tenant_id, product_id)


async def list_items(
    connection: Connection, tenant_id: UUID, category: str | None, available: bool | None, after_number: int, limit: int
) -> list[asyncpg.Record]:
    return await connection.fetch(LIST_ITEMS, tenant_id, category, available, after_number, limit)


async def search_items(
    connection: Connection,
    tenant_id: UUID,
    category: str | None,
    available: bool | None,
    words: str,
    text: str,
    below: tuple[float, int],
    limit: int,
) -> list[asyncpg.Record]:
    """Best first, from below (rank, number) on. words: a tsquery; text: what was typed."""
    await connection.execute(SET_SIMILARITY)
    return await connection.fetch(SEARCH_ITEMS, tenant_id, category, available, below[1], limit, words, text, below[0])
