"""SQL of the models: the builds' ledger, and what a build reads."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection, Pool

SINCE_EVER = datetime(1, 1, 1, tzinfo=UTC)
EVENTS_WATERMARK = "SELECT events_watermark()"
LOCK_PEOPLE = "SELECT pg_advisory_xact_lock_shared(7210, hashtext($1::text))"

# One row a shopper, its events as packed binary columns: int4 product number, int2 code of its type, int8 µs since
# 2000, int8 basket. What says of itself that a robot did it is left out.
LOAD_HISTORIES = """
SELECT e.user_id, count(*) AS events,
       string_agg(int4send(i.number), ''::bytea) AS numbers,
       string_agg(int2send(array_position($3::text[], e.event_type)::int2), ''::bytea) AS kinds,
       string_agg(timestamptz_send(e.timestamp), ''::bytea) AS times,
       string_agg(int8send(coalesce(hashtextextended(coalesce('o' || (e.metadata ->> 'orderId'), 's' || e.session_id),
           0), 0)), ''::bytea) AS groups
FROM events e JOIN catalog_items i ON i.tenant_id = e.tenant_id AND i.product_id = e.product_id
WHERE e.tenant_id = $1 AND e.created_at >= $2 AND e.created_at < $4 AND e.event_type = ANY ($3::text[])
    AND e.metadata ->> 'bot' IS DISTINCT FROM 'true'
GROUP BY e.user_id
ORDER BY e.user_id COLLATE "C"
"""
LOAD_HISTORIES_OF_PRODUCTS = LOAD_HISTORIES.replace("GROUP BY", "AND e.product_id = ANY ($5::text[])\nGROUP BY")
HASH_JOINS_ONLY = "SET LOCAL enable_nestloop = off"
"""Just after an import the planner knows nothing of its rows, takes them for few, and would look up each event's
product by itself.
"""
LOAD_CATALOG = """
SELECT number, name, category, further_categories, brand, description, readable_json(attributes) AS attributes, price
FROM catalog_items WHERE tenant_id = $1 AND deleted_at IS NULL ORDER BY number
"""
LOAD_NEW_PRODUCTS = """
SELECT number, name, category, further_categories, brand, description, readable_json(attributes) AS attributes
FROM catalog_items WHERE tenant_id = $1 AND number >= $2 AND deleted_at IS NULL ORDER BY number DESC LIMIT $3
"""
RECENT_NUMBERS = """
SELECT number FROM catalog_items
WHERE tenant_id = $1 AND deleted_at IS NULL AND created_at > now() - $2::interval ORDER BY number DESC LIMIT $3
"""
PRODUCT_IDS_FROM = "SELECT product_id FROM catalog_items WHERE tenant_id = $1 AND number >= $2 ORDER BY number"

# Of the products with a number below $2; it stays as it is for as long as these numbers mean the same products.
DIGEST_OF_NUMBERS = """
SELECT coalesce(sum(hashtextextended(product_id, number)), 0)::text FROM catalog_items WHERE tenant_id = $1
    AND number < $2
"""
NEWEST_ERASURE = "SELECT coalesce(max(number), 0) FROM erasures WHERE tenant_id = $1"
NEWEST_ERASURES = (
    "SELECT tenant_id, max(number) AS number FROM erasures WHERE tenant_id = ANY ($1::uuid[]) GROUP BY tenant_id"
)
ERASED_AFTER = "SELECT unnest(digests) AS digest FROM erasures WHERE tenant_id = $1 AND number > $2"
# Products of orders of which something was returned and something kept; orders as in LOAD_HISTORIES.
PARTLY_RETURNED = """
SELECT DISTINCT i.number, hashtextextended('o' || (r.metadata ->> 'orderId'), 0) AS basket
FROM events r JOIN catalog_items i ON i.tenant_id = $1 AND i.product_id = r.product_id
WHERE r.tenant_id = $1 AND r.event_type = 'return' AND r.created_at < $2
    AND NOT wholly_returned($1, r.metadata ->> 'orderId', r.product_id)
"""
ALIASES = """
SELECT user_id, anonymous_id, coalesce(first_seen_id, user_id) AS first_seen_id FROM user_aliases WHERE tenant_id = $1
ORDER BY user_id, created_at DESC, anonymous_id
"""
CATALOG_STATE = "SELECT version, next_number FROM catalog_state WHERE tenant_id = $1"
BEGIN_PART = "UPDATE models SET part = $3, part_since = clock_timestamp() WHERE tenant_id = $1 AND version = $2"
START_MODEL = "INSERT INTO models (tenant_id, version, status) VALUES ($1, $2, 'building')"
FINISH_MODEL = """
UPDATE models SET status = 'ready', stats = $3, through = $4, finished_at = now() WHERE tenant_id = $1 AND version = $2
"""
FAIL_MODEL = (
    "UPDATE models SET status = 'failed', error = $3, finished_at = now() WHERE tenant_id = $1 AND version = $2"
)
FAIL_ABANDONED = """
UPDATE models SET status = 'failed', error = 'the worker ended during the build', finished_at = now()
WHERE tenant_id = $1 AND status = 'building' AND version <> $2
"""
NEWEST_MODEL = """
SELECT version, status, error, stats, part, extract(epoch FROM clock_timestamp() - part_since)::float8 AS part_seconds
FROM models WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1
"""
REFRESH_WAITS = """
SELECT EXISTS (SELECT FROM pgqueuer WHERE entrypoint = $1 AND payload = $2 AND status IN ('queued', 'picked')
    AND execute_after <= now())
"""
NEWEST_READY_STATS = """
SELECT version, stats, finished_at FROM models WHERE tenant_id = $1 AND status = 'ready' ORDER BY id DESC LIMIT 1
"""
NEWEST_READY = """
SELECT DISTINCT ON (tenant_id) tenant_id, version FROM models
WHERE tenant_id = ANY ($1::uuid[]) AND status = 'ready' ORDER BY tenant_id, id DESC
"""
BUILT_AT = """
SELECT DISTINCT ON (tenant_id) tenant_id, finished_at FROM models
WHERE tenant_id = ANY ($1::uuid[]) AND status = 'ready' ORDER BY tenant_id, id DESC
"""
VERSIONS = "SELECT version FROM models WHERE tenant_id = $1"
OLD_VERSIONS = "SELECT version FROM models WHERE tenant_id = $1 AND status <> 'building' ORDER BY id DESC OFFSET $2"
READY_VERSIONS = (
    "SELECT tenant_id, version FROM models WHERE tenant_id = ANY ($1::uuid[]) AND status = 'ready' ORDER BY id"
)
DELETE_VERSIONS = "DELETE FROM models WHERE tenant_id = $1 AND version = ANY ($2::text[])"
TENANTS_DUE = "SELECT tenants_due($1)"
# When the last round of a job that succeeded began.
LAST_ROUND = """
SELECT (SELECT max(b.created) FROM pgqueuer_log b WHERE b.job_id = e.job_id AND b.status = 'picked')
FROM pgqueuer_log e WHERE e.entrypoint = $1 AND e.status = 'successful' ORDER BY e.created DESC LIMIT 1
"""
UNDONE_JOBS = """
SELECT payload, status::text, updated FROM pgqueuer
WHERE entrypoint = $1 AND status IN ('queued', 'failed') AND payload IS NOT NULL
"""


async def events_watermark(connection: Connection, tenant_id: UUID) -> Any:
    """See the SQL function; in a moment when no erasure of the tenant is under way."""
    await connection.execute(LOCK_PEOPLE, str(tenant_id))
    return await connection.fetchval(EVENTS_WATERMARK)


async def load_histories(
    connection: Connection, tenant_id: UUID, since: datetime, through: datetime, event_types: Sequence[str]
) -> list[asyncpg.Record]:
    """Events stored from `since` until before `through`."""
    await connection.execute(HASH_JOINS_ONLY)
    return await connection.fetch(LOAD_HISTORIES, tenant_id, since, list(event_types), through, timeout=1800)


async def load_histories_of_products(
    connection: Connection, tenant_id: UUID, through: datetime, event_types: Sequence[str], product_ids: Sequence[str]
) -> list[asyncpg.Record]:
    """Events of these products stored before `through`."""
    await connection.execute(HASH_JOINS_ONLY)
    return await connection.fetch(
        LOAD_HISTORIES_OF_PRODUCTS, tenant_id, SINCE_EVER, list(event_types), through, list(product_ids), timeout=1800
    )


async def product_ids_from(connection: Connection, tenant_id: UUID, first_number: int) -> list[str]:
    return [row["product_id"] for row in await connection.fetch(PRODUCT_IDS_FROM, tenant_id, first_number)]


async def digest_of_numbers(connection: Connection, tenant_id: UUID, below: int) -> str:
    return str(await connection.fetchval(DIGEST_OF_NUMBERS, tenant_id, below))


async def newest_erasure(connection: Connection, tenant_id: UUID) -> int:
    return int(await connection.fetchval(NEWEST_ERASURE, tenant_id))


async def newest_erasures(connection: Connection, tenant_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Of those of the tenants that have any."""
    return {row["tenant_id"]: row["number"] for row in await connection.fetch(NEWEST_ERASURES, list(tenant_ids))}


async def erased_after(connection: Connection, tenant_id: UUID, number: int) -> frozenset[bytes]:
    """Digests of the shoppers of all erasures after that one."""
    return frozenset(row["digest"] for row in await connection.fetch(ERASED_AFTER, tenant_id, number))


async def aliases(connection: Connection, tenant_id: UUID) -> list[asyncpg.Record]:
    """Of each shopper with several ids those beside the user's, the newest first."""
    return await connection.fetch(ALIASES, tenant_id)


async def partly_returned(connection: Connection, tenant_id: UUID, through: datetime) -> list[tuple[int, int]]:
    """(product, order) of each line of which a part came back before `through`."""
    rows = await connection.fetch(PARTLY_RETURNED, tenant_id, through)
    return [(row["number"], row["basket"]) for row in rows]


async def load_catalog(connection: Connection, tenant_id: UUID) -> Sequence[Any]:
    return await connection.fetch(LOAD_CATALOG, tenant_id)


async def load_new_products(connection: Connection, tenant_id: UUID, first_number: int, limit: int) -> Sequence[Any]:
    return await connection.fetch(LOAD_NEW_PRODUCTS, tenant_id, first_number, limit)


async def recent_numbers(connection: Connection, tenant_id: UUID, age: timedelta, limit: int) -> list[int]:
    """Product numbers that are not older than `age`, the newest first."""
    return [row["number"] for row in await connection.fetch(RECENT_NUMBERS, tenant_id, age, limit)]


async def catalog_state(connection: Connection, tenant_id: UUID) -> asyncpg.Record:
    row = await connection.fetchrow(CATALOG_STATE, tenant_id)
    assert row is not None  # made together with the tenant
    return row


async def start_model(connection: Connection, tenant_id: UUID, version: str) -> None:
    await connection.execute(FAIL_ABANDONED, tenant_id, version)
    await connection.execute(START_MODEL, tenant_id, version)


async def begin_part(connection: Connection, tenant_id: UUID, version: str, part: str) -> None:
    await connection.execute(BEGIN_PART, tenant_id, version, part)


async def finish_model(
    connection: Connection, tenant_id: UUID, version: str, stats: dict[str, Any], through: Any
) -> None:
    await connection.execute(FINISH_MODEL, tenant_id, version, stats, through)


async def fail_model(connection: Connection, tenant_id: UUID, version: str, error: str) -> None:
    await connection.execute(FAIL_MODEL, tenant_id, version, error)


async def refresh_waits(connection: Connection, job: str, tenant_id: UUID) -> bool:
    """Whether a build is asked for that is not over."""
    return bool(await connection.fetchval(REFRESH_WAITS, job, tenant_id.bytes))


async def newest_model(connection: Connection, tenant_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(NEWEST_MODEL, tenant_id)


async def newest_ready_stats(connection: Connection, tenant_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(NEWEST_READY_STATS, tenant_id)


async def newest_ready(connection: Connection, tenant_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The served version of each tenant that has one."""
    return {row["tenant_id"]: row["version"] for row in await connection.fetch(NEWEST_READY, list(tenant_ids))}


async def versions(connection: Connection, tenant_id: UUID) -> set[str]:
    """Of all builds in the ledger."""
    return {row["version"] for row in await connection.fetch(VERSIONS, tenant_id)}


async def drop_old_versions(connection: Connection, tenant_id: UUID, keep: int) -> list[str]:
    """Forget all builds but the newest `keep`; their versions."""
    old = [row["version"] for row in await connection.fetch(OLD_VERSIONS, tenant_id, keep)]
    await connection.execute(DELETE_VERSIONS, tenant_id, old)
    return old


async def built_at(connection: Connection, tenant_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each served model was built; a tenant without one is not in it."""
    return {row["tenant_id"]: row["finished_at"] for row in await connection.fetch(BUILT_AT, list(tenant_ids))}


async def ready_versions(connection: Connection, tenant_ids: Sequence[UUID]) -> list[tuple[UUID, str]]:
    return [(row["tenant_id"], row["version"]) for row in await connection.fetch(READY_VERSIONS, list(tenant_ids))]


async def forget_version(connection: Connection, tenant_id: UUID, version: str) -> None:
    await connection.execute(DELETE_VERSIONS, tenant_id, [version])


async def tenants_due(pool: Pool, since: datetime) -> list[UUID]:
    return [row[0] for row in await pool.fetch(TENANTS_DUE, since)]


async def last_round(pool: Pool, name: str) -> datetime | None:
    """When the last job of that name that succeeded was taken up; None when there was none as far back as the queue's
    log goes.
    """
    began: datetime | None = await pool.fetchval(LAST_ROUND, name)
    return began


async def undone_jobs(pool: Pool, name: str) -> list[asyncpg.Record]:
    """Tenants' jobs of that name that wait (queued) or are dead (failed), and since when."""
    return await pool.fetch(UNDONE_JOBS, name)
