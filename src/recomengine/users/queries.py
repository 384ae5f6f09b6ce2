"""SQL of shoppers: which ids are one person's, all that is stored of them, and that it is erased."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection, Pool

NEVER = datetime.max.replace(tzinfo=UTC)
LOCK_PEOPLE = "SELECT pg_advisory_xact_lock_shared(7211, 0), pg_advisory_xact_lock(7210, hashtext($1::text))"
EVENTS_WATERMARK = "SELECT events_watermark()"
USER_OF_ALIAS = "SELECT user_id FROM user_aliases WHERE tenant_id = $1 AND anonymous_id = $2"
ALIASES_OF = """
SELECT anonymous_id, created_at FROM user_aliases WHERE tenant_id = $1 AND user_id = $2 ORDER BY created_at,
    anonymous_id
"""
# Of each pair of a user's id and an anonymous one, in order: whose each is, and whether others are joined with the
# anonymous one.
WHOSE = """
SELECT coalesce(u.user_id, p.user_id) = coalesce(a.user_id, p.anonymous_id) AS joined,
    a.user_id IS NOT NULL AS taken,
    EXISTS (SELECT FROM user_aliases o WHERE o.tenant_id = $1 AND o.user_id = p.anonymous_id) AS is_users
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS p (user_id, anonymous_id, place)
LEFT JOIN user_aliases u ON u.tenant_id = $1 AND u.anonymous_id = p.user_id
LEFT JOIN user_aliases a ON a.tenant_id = $1 AND a.anonymous_id = p.anonymous_id
ORDER BY p.place
"""
MOVE_ALIASES = "UPDATE user_aliases SET user_id = $3 WHERE tenant_id = $1 AND user_id = $2"
INSERT_ALIAS = "INSERT INTO user_aliases (tenant_id, anonymous_id, user_id) VALUES ($1, $2, $3)"
SET_FIRST_SEEN = "UPDATE user_aliases SET first_seen_id = $3 WHERE tenant_id = $1 AND user_id = $2"
DELETE_ALIAS = "DELETE FROM user_aliases WHERE tenant_id = $1 AND user_id = $2 AND anonymous_id = $3"
INSERT_CHANGE = """
INSERT INTO alias_changes (tenant_id, anonymous_id, user_id, change) VALUES ($1, $2, $3, $4) RETURNING at
"""
FIRST_SEEN = """
SELECT user_id, min(timestamp) AS seen_at, min(timestamp) FILTER (WHERE event_type = 'impression'
    AND metadata ->> 'experimentId' IN (
        SELECT id::text FROM experiments WHERE tenant_id = $1 AND status IN ('running', 'paused'))) AS exposed_at
FROM events WHERE tenant_id = $1 AND user_id = ANY ($2::text[]) GROUP BY user_id
"""
DELETE_ALIASES = (
    "DELETE FROM user_aliases WHERE tenant_id = $1 AND (user_id = ANY ($2::text[]) OR anonymous_id = ANY ($2::text[]))"
)
DELETE_CHANGES = (
    "DELETE FROM alias_changes WHERE tenant_id = $1 AND (user_id = ANY ($2::text[]) OR anonymous_id = ANY ($2::text[]))"
)
PUT_PROPERTIES = """
INSERT INTO user_properties (tenant_id, user_id, properties) VALUES ($1, $2, $3)
ON CONFLICT ON CONSTRAINT user_properties_pkey DO UPDATE SET properties = excluded.properties, updated_at = now()
"""
PROPERTIES_OF = "SELECT user_id, properties FROM user_properties WHERE tenant_id = $1 AND user_id = ANY ($2::text[])"
DELETE_PROPERTIES = "DELETE FROM user_properties WHERE tenant_id = $1 AND user_id = ANY ($2::text[])"
READ_EVENTS = """
SELECT id, event_type, user_id, product_id, session_id, client_event_id, readable_json(metadata) AS metadata, timestamp,
    created_at
FROM events
WHERE tenant_id = $1 AND user_id = ANY ($2::text[]) AND (created_at, id) > ($3, $4)
ORDER BY created_at, id LIMIT $5
"""

ARCHIVED_MONTHS = "SELECT to_char(month, 'YYYY-MM') AS month FROM archived_events WHERE tenant_id = $1 ORDER BY 1"

# The ids of the newest are those that Redis may still remember.
DELETE_EVENTS = """
WITH gone AS (
    DELETE FROM events WHERE tenant_id = $1 AND user_id = ANY ($2::text[]) AND created_at < $3 RETURNING id, created_at
)
SELECT count(*) AS events, coalesce(array_agg(id) FILTER (WHERE created_at > now() - interval '1 day'), '{}') AS lately
    FROM gone
"""
INSERT_ERASURE = """
INSERT INTO erasures (tenant_id, number, digests, before, events, unfinished)
SELECT $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5 FROM erasures WHERE tenant_id = $1
RETURNING receipt_id, number
"""
TENANTS_WITH_UNFINISHED = "SELECT tenants_with_unfinished_erasures()"
UNFINISHED_ERASURES = """
SELECT number, unfinished AS users, before, before < now() - $2::interval AS settled FROM erasures
WHERE tenant_id = $1 AND unfinished IS NOT NULL ORDER BY number
"""
FINISH_ERASURES = """
UPDATE erasures SET unfinished = NULL, finished_at = now() WHERE tenant_id = $1 AND number = ANY ($2::int[])
"""

# Of the newest $2 events, whose they are; a shopper under each id by itself.
NEWEST_SHOPPERS = """
WITH newest AS MATERIALIZED (
    SELECT user_id, timestamp FROM events WHERE tenant_id = $1 ORDER BY timestamp DESC LIMIT $2
)
SELECT n.user_id, max(n.timestamp) AS last_seen_at, a.user_id AS joined_with, r.status AS robot
FROM newest n
LEFT JOIN user_aliases a ON a.tenant_id = $1 AND a.anonymous_id = n.user_id
LEFT JOIN robots r ON r.tenant_id = $1 AND r.user_id = n.user_id
GROUP BY n.user_id, a.user_id, r.status ORDER BY last_seen_at DESC, n.user_id LIMIT $3
"""
# Ids that begin with $2, each found in the index behind the one before it, so that nobody's events are read.
SHOPPERS_NAMED = """
WITH RECURSIVE named AS (
    (SELECT user_id, 1 AS place FROM events WHERE tenant_id = $1 AND user_id >= $2 ORDER BY user_id LIMIT 1)
    UNION ALL
    SELECT next.user_id, n.place + 1 FROM named n CROSS JOIN LATERAL (
        SELECT e.user_id FROM events e WHERE e.tenant_id = $1 AND e.user_id > n.user_id ORDER BY e.user_id LIMIT 1
    ) AS next WHERE n.place < $3
)
SELECT n.user_id, seen.at AS last_seen_at, a.user_id AS joined_with, r.status AS robot
FROM named n
LEFT JOIN LATERAL (SELECT max(timestamp) AS at FROM events WHERE tenant_id = $1 AND user_id = n.user_id) AS seen ON true
LEFT JOIN user_aliases a ON a.tenant_id = $1 AND a.anonymous_id = n.user_id
LEFT JOIN robots r ON r.tenant_id = $1 AND r.user_id = n.user_id
WHERE starts_with(n.user_id, $2) ORDER BY n.user_id
"""
SEEN = """
SELECT event_type, count(*) AS events, min(timestamp) AS first_at, max(timestamp) AS last_at
FROM events WHERE tenant_id = $1 AND user_id = ANY ($2::text[]) GROUP BY event_type ORDER BY events DESC, event_type
"""


async def lock_people(connection: Connection, tenant_id: UUID) -> None:
    """Aliases and erasures of a tenant change one after the other; a build takes its moment between two of them, and no
    month comes back from the archive meanwhile."""
    await connection.execute(LOCK_PEOPLE, str(tenant_id))


async def watermark(connection: Connection) -> datetime:
    """Every event stored before this moment is visible from now on. Writers are held up for this query only."""
    savepoint = connection.transaction()
    await savepoint.start()
    try:
        moment: datetime = await connection.fetchval(EVENTS_WATERMARK)
    finally:
        await savepoint.rollback()  # which gives back the locks of the months
    return moment


async def user_of_alias(connection: Connection, tenant_id: UUID, anonymous_id: str) -> str | None:
    user_id: str | None = await connection.fetchval(USER_OF_ALIAS, tenant_id, anonymous_id)
    return user_id


async def aliases_of(connection: Connection, tenant_id: UUID, user_id: str) -> list[str]:
    """The oldest first."""
    return [row["anonymous_id"] for row in await connection.fetch(ALIASES_OF, tenant_id, user_id)]


async def whose(
    connection: Connection, tenant_id: UUID, users: Sequence[str], anonymous: Sequence[str]
) -> list[asyncpg.Record]:
    """Of each pair: whether its ids are one shopper's already, the anonymous one another's, or a user's itself."""
    return await connection.fetch(WHOSE, tenant_id, users, anonymous)


async def insert_alias(connection: Connection, tenant_id: UUID, anonymous_id: str, user_id: str) -> None:
    """Make the id, and what were aliases of it, aliases of the user."""
    await connection.execute(MOVE_ALIASES, tenant_id, anonymous_id, user_id)
    await connection.execute(INSERT_ALIAS, tenant_id, anonymous_id, user_id)


async def set_first_seen(connection: Connection, tenant_id: UUID, user_id: str, first_seen: str) -> None:
    await connection.execute(SET_FIRST_SEEN, tenant_id, user_id, first_seen)


async def delete_alias(connection: Connection, tenant_id: UUID, user_id: str, anonymous_id: str) -> bool:
    """Whether there was one."""
    return await connection.execute(DELETE_ALIAS, tenant_id, user_id, anonymous_id) == "DELETE 1"


async def insert_change(
    connection: Connection, tenant_id: UUID, anonymous_id: str, user_id: str, change: str
) -> datetime:
    """The moment that it carries."""
    at: datetime = await connection.fetchval(INSERT_CHANGE, tenant_id, anonymous_id, user_id, change)
    return at


async def first_seen(
    connection: Connection, tenant_id: UUID, users: Sequence[str]
) -> dict[str, tuple[datetime, datetime]]:
    """When each that has events was first shown a running experiment, NEVER for none; when it first did anything."""
    return {
        row["user_id"]: (row["exposed_at"] or NEVER, row["seen_at"])
        for row in await connection.fetch(FIRST_SEEN, tenant_id, users)
    }


async def put_properties(connection: Connection, tenant_id: UUID, user_id: str, properties: Mapping[str, Any]) -> None:
    await connection.execute(PUT_PROPERTIES, tenant_id, user_id, properties)


async def properties_of(connection: Connection, tenant_id: UUID, users: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of each of the ids that has any."""
    rows = await connection.fetch(PROPERTIES_OF, tenant_id, users)
    return {row["user_id"]: row["properties"] for row in rows}


async def delete_said(connection: Connection, tenant_id: UUID, users: Sequence[str]) -> None:
    """What is said of these ids beside their events."""
    for statement in (DELETE_ALIASES, DELETE_CHANGES, DELETE_PROPERTIES):
        await connection.execute(statement, tenant_id, users)


async def read_events(
    connection: Connection, tenant_id: UUID, users: Sequence[str], after: tuple[datetime, UUID], limit: int
) -> list[asyncpg.Record]:
    return await connection.fetch(READ_EVENTS, tenant_id, users, *after, limit)


async def archived_months(connection: Connection, tenant_id: UUID) -> list[str]:
    return [row["month"] for row in await connection.fetch(ARCHIVED_MONTHS, tenant_id)]


async def delete_events(
    connection: Connection, tenant_id: UUID, users: Sequence[str], before: datetime
) -> tuple[int, list[UUID]]:
    """(how many, the ids of those of the last day)."""
    row = await connection.fetchrow(DELETE_EVENTS, tenant_id, users, before)
    assert row is not None  # an aggregate is one row
    return row["events"], row["lately"]


async def insert_erasure(
    connection: Connection,
    tenant_id: UUID,
    digests: Sequence[bytes],
    before: datetime,
    events: int,
    users: Sequence[str],
) -> UUID:
    """The receipt's id."""
    receipt_id: UUID = await connection.fetchval(INSERT_ERASURE, tenant_id, digests, before, events, users)
    return receipt_id


async def tenants_with_unfinished(pool: Pool) -> list[UUID]:
    return [row[0] for row in await pool.fetch(TENANTS_WITH_UNFINISHED)]


async def unfinished_erasures(connection: Connection, tenant_id: UUID, settle: Any) -> list[asyncpg.Record]:
    """The oldest first; settled: older than `settle`."""
    return await connection.fetch(UNFINISHED_ERASURES, tenant_id, settle)


async def finish_erasures(connection: Connection, tenant_id: UUID, numbers: Sequence[int]) -> None:
    await connection.execute(FINISH_ERASURES, tenant_id, numbers)


async def newest_shoppers(
    connection: Connection, tenant_id: UUID, looked_through: int, limit: int
) -> list[asyncpg.Record]:
    return await connection.fetch(NEWEST_SHOPPERS, tenant_id, looked_through, limit)


async def shoppers_named(connection: Connection, tenant_id: UUID, beginning: str, limit: int) -> list[asyncpg.Record]:
    """In the order of ids."""
    return await connection.fetch(SHOPPERS_NAMED, tenant_id, beginning, limit)


async def seen(connection: Connection, tenant_id: UUID, users: Sequence[str]) -> list[asyncpg.Record]:
    """By type of event: how many, and when the first and the last happened."""
    return await connection.fetch(SEEN, tenant_id, users)
