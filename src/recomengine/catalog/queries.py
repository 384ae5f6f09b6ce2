"""SQL of the catalog."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from recomengine.catalog.schemas import ItemIn
from recomengine.infra.database import Connection

CATALOG_VERSIONS = "SELECT tenant_id, version FROM catalog_state WHERE tenant_id = ANY ($1::uuid[])"
CHANGED_ITEMS = """
SELECT number, product_id, name, category, price, currency, image_url, url, available, version, deleted_at
FROM catalog_items
WHERE tenant_id = $1 AND version >= $2 AND (version, number) > ($2, $3) AND version <= $4
ORDER BY version, number LIMIT $5
"""
LOCK_CATALOG = "SELECT version, next_number FROM catalog_state WHERE tenant_id = $1 FOR UPDATE"
ADVANCE_CATALOG = "UPDATE catalog_state SET version = $2, next_number = next_number + $3 WHERE tenant_id = $1"

# Rows that are as they should be already are left alone: no new version, no write.
UPSERT_ITEMS = """
INSERT INTO catalog_items AS c (tenant_id, product_id, number, name, category, price, currency, image_url, url,
    description,
                                brand, attributes, available, version)
SELECT $1, i.product_id, i.number, i.name, i.category, i.price, i.currency, i.image_url, i.url, i.description, i.brand,
       i.attributes::jsonb, i.available, $2
FROM unnest($3::text[], $4::int[], $5::text[], $6::text[], $7::numeric[], $8::text[], $9::text[], $10::text[],
    $11::text[],
            $12::text[], $13::text[], $14::boolean[])
     AS i (product_id, number, name, category, price, currency, image_url, url, description, brand, attributes,
         available)
ON CONFLICT ON CONSTRAINT catalog_items_tenant_id_product_id_key DO UPDATE
SET name = excluded.name, category = excluded.category, price = excluded.price, currency = excluded.currency,
    image_url = excluded.image_url, url = excluded.url, description = excluded.description, brand = excluded.brand,
    attributes = excluded.attributes, available = excluded.available, version = excluded.version, deleted_at = NULL,
        updated_at = now(),
    created_at = CASE WHEN c.deleted_at IS NULL THEN c.created_at ELSE now() END
WHERE (c.name, c.category, c.price, c.currency, c.image_url, c.url, c.description, c.brand, c.attributes, c.available)
      IS DISTINCT FROM
      (excluded.name, excluded.category, excluded.price, excluded.currency, excluded.image_url, excluded.url,
       excluded.description, excluded.brand, excluded.attributes, excluded.available)
   OR c.deleted_at IS NOT NULL
RETURNING product_id
"""
KNOWN_NUMBERS = """
SELECT product_id, number, deleted_at IS NULL AS there
FROM catalog_items WHERE tenant_id = $1 AND product_id = ANY ($2::text[])
"""
DELETE_ITEM = """
UPDATE catalog_items SET deleted_at = now(), updated_at = now(), version = $3
WHERE tenant_id = $1 AND product_id = $2 AND deleted_at IS NULL RETURNING number
"""
GET_ITEM = """
SELECT product_id, name, category, price, currency, image_url, url, description, brand,
    readable_json(attributes) AS attributes,
       available, created_at, updated_at
FROM catalog_items WHERE tenant_id = $1 AND product_id = $2 AND deleted_at IS NULL
"""
LIST_ITEMS = """
SELECT product_id, name, category, price, currency, image_url, url, description, brand,
    readable_json(attributes) AS attributes,
       available, created_at, updated_at, number, 0::float8 AS rank
FROM catalog_items
WHERE tenant_id = $1 AND deleted_at IS NULL AND ($2::text IS NULL OR category = $2
    OR starts_with(category, $2 || ' > '))
  AND ($3::boolean IS NULL OR available = $3) AND number > $4
ORDER BY number LIMIT $5
"""
SET_SIMILARITY = "SELECT set_config('pg_trgm.word_similarity_threshold', '0.45', true)"

# Full text first (each word by its beginning), then names that are nearly so; rank 1 and more is full text.
SEARCH_ITEMS = """
SELECT found.* FROM (
    SELECT product_id, name, category, price, currency, image_url, url, description, brand,
        readable_json(attributes) AS attributes,
           available, created_at, updated_at, number,
           (CASE WHEN search @@ to_tsquery('simple', $6) THEN 1 + ts_rank(search, to_tsquery('simple', $6)) ELSE 0 END
            + word_similarity($7, name))::float8 AS rank
    FROM catalog_items
    WHERE tenant_id = $1 AND deleted_at IS NULL AND ($2::text IS NULL OR category = $2
        OR starts_with(category, $2 || ' > '))
      AND ($3::boolean IS NULL OR available = $3) AND (search @@ to_tsquery('simple', $6) OR $7 <% name)
) AS found
WHERE (found.rank, -found.number) < ($8, -$4::int)
ORDER BY found.rank DESC, found.number LIMIT $5
"""


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


async def upsert_items(
    connection: Connection,
    tenant_id: UUID,
    version: int,
    items: Sequence[ItemIn],
    numbers: Sequence[int],
    attributes: Sequence[str],
) -> set[str]:
    """Ids of the products that were made or changed."""
    rows = await connection.fetch(
        UPSERT_ITEMS, tenant_id, version, [i.product_id for i in items], list(numbers), [i.name for i in items],
        [i.category for i in items],
        [i.price for i in items], [i.currency for i in items], [i.image_url for i in items], [i.url for i in items],
        [i.description for i in items], [i.brand for i in items], list(attributes), [i.available for i in items],
    )  # fmt: skip
    return {row["product_id"] for row in rows}


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
