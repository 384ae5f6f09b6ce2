"""SQL of the events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from recomengine.events.places import Place
from recomengine.infra.database import Connection, Pool

STORE_EVENTS = "SELECT stored, moment FROM store_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
# Id by id: with all ids at once the planner, which knows little of a month that is being filled, may read the whole
# tenant.
STORED_CONTENTS = """
SELECT s.id, s.event_type, s.user_id, s.product_id, (extract(epoch FROM s.timestamp) * 1000)::bigint AS timestamp_ms,
       s.metadata
FROM unnest($2::uuid[]) AS e (id)
CROSS JOIN LATERAL (SELECT * FROM events WHERE tenant_id = $1 AND id = e.id LIMIT 1) AS s
"""
RECENT_EVENTS = """
SELECT created_at, timestamp, event_type, product_id, session_id FROM events
WHERE tenant_id = $1 AND user_id = ANY ($2::text[]) AND product_id IS NOT NULL
    AND event_type NOT IN ('impression', 'return') AND (metadata ->> 'bot') IS DISTINCT FROM 'true'
ORDER BY created_at DESC LIMIT $3
"""
# Of each return the purchases that it takes back; without a known order the newest one.
RETURNED_PURCHASES = """
SELECT b.user_id, r.product_id, (extract(epoch FROM b.timestamp) * 1000)::bigint AS timestamp_ms,
       (extract(epoch FROM r.created_at) * 1000)::bigint AS created_ms
FROM events r
CROSS JOIN LATERAL (
    SELECT o.user_id, o.timestamp FROM events o
    WHERE o.tenant_id = $1 AND o.order_id = r.metadata ->> 'orderId' AND o.product_id = r.product_id
    UNION ALL
    (SELECT n.user_id, n.timestamp FROM events n
     WHERE n.tenant_id = $1 AND n.user_id = r.user_id AND n.event_type = 'purchase' AND n.product_id = r.product_id
        AND n.timestamp <= r.timestamp AND NOT EXISTS (
            SELECT FROM events k
            WHERE k.tenant_id = $1 AND k.order_id = r.metadata ->> 'orderId' AND k.product_id = r.product_id)
     ORDER BY n.timestamp DESC LIMIT 1)
) AS b
WHERE r.tenant_id = $1 AND r.id = ANY ($2::uuid[]) AND r.event_type = 'return'
    AND wholly_returned($1, r.metadata ->> 'orderId', r.product_id)
"""
# Returns by these shoppers, and of what they bought.
RETURNS_OF = """
SELECT r.id FROM events r WHERE r.tenant_id = $1 AND r.user_id = ANY ($2::text[]) AND r.event_type = 'return'
UNION
SELECT r.id FROM events b
JOIN events r ON r.tenant_id = $1 AND r.event_type = 'return' AND r.metadata ->> 'orderId' = b.order_id
    AND r.product_id = b.product_id
WHERE b.tenant_id = $1 AND b.user_id = ANY ($2::text[]) AND b.event_type = 'purchase'
"""
# Of the shopper whom $2 names, by whichever of their ids.
NEWEST_ALIASES = """
SELECT a.user_id, a.anonymous_id, coalesce(a.first_seen_id, a.user_id) AS first_seen_id FROM user_aliases a
WHERE a.tenant_id = $1 AND a.user_id = coalesce(
    (SELECT o.user_id FROM user_aliases o WHERE o.tenant_id = $1 AND o.anonymous_id = $2), $2)
ORDER BY a.created_at DESC, a.anonymous_id LIMIT $3
"""

# Newest first by when it happened, which events_tenant_id_timestamp_idx has them in; $4: so many at most.
NEWEST_EVENTS = """
SELECT id, event_type, user_id, product_id, session_id, client_event_id, readable_json(metadata) AS metadata, timestamp,
    created_at
FROM events WHERE tenant_id = $1 AND (timestamp, id) < ($2, $3) ORDER BY timestamp DESC, id DESC LIMIT $4
"""
# Those of a type ($5) or placement ($6) among the newest $7. The last of these comes with them, fitting or not: where
# more are wanted, it is from there that one goes on. So a type that hardly comes costs no look at the whole tenant.
FITTING_EVENTS = """
WITH newest AS MATERIALIZED (
    SELECT * FROM events WHERE tenant_id = $1 AND (timestamp, id) < ($2, $3) ORDER BY timestamp DESC, id DESC LIMIT $7
), placed AS (
    SELECT *, row_number() OVER (ORDER BY timestamp DESC, id DESC) AS place,
        ($5::text IS NULL OR event_type = $5) AND ($6::text IS NULL OR metadata ->> 'placementId' = $6) AS fits
    FROM newest
)
SELECT id, event_type, user_id, product_id, session_id, client_event_id, readable_json(metadata) AS metadata, timestamp,
    created_at, fits IS TRUE AS fits
FROM placed WHERE fits OR place = $7 ORDER BY place LIMIT $4
"""
# All events of these ids are read: an index has them together, and not in order.
EVENTS_OF_SHOPPER = """
WITH theirs AS MATERIALIZED (
    SELECT * FROM events
    WHERE tenant_id = $1 AND user_id = ANY ($5::text[]) AND (timestamp, id) < ($2, $3)
      AND ($6::text IS NULL OR product_id = $6) AND ($7::text IS NULL OR event_type = $7)
      AND ($8::text IS NULL OR metadata ->> 'placementId' = $8)
)
SELECT id, event_type, user_id, product_id, session_id, client_event_id, readable_json(metadata) AS metadata, timestamp,
    created_at
FROM theirs ORDER BY timestamp DESC, id DESC LIMIT $4
"""
EVENTS_OF_PRODUCT = """
SELECT id, event_type, user_id, product_id, session_id, client_event_id, readable_json(metadata) AS metadata, timestamp,
    created_at
FROM events
WHERE tenant_id = $1 AND product_id = $5 AND (timestamp, id) < ($2, $3)
  AND ($6::text IS NULL OR event_type = $6) AND ($7::text IS NULL OR metadata ->> 'placementId' = $7)
ORDER BY timestamp DESC, id DESC LIMIT $4
"""
# What was stored after $2, newest first: the bound on created_at leaves the newest month and the end of its BRIN index.
RECEIVED_EVENTS = """
SELECT id, event_type, user_id, product_id, session_id, client_event_id, readable_json(metadata) AS metadata, timestamp,
    created_at
FROM events
WHERE tenant_id = $1 AND created_at > $2 AND ($4::text[] IS NULL OR user_id = ANY ($4))
  AND ($5::text IS NULL OR product_id = $5) AND ($6::text IS NULL OR event_type = $6)
  AND ($7::text IS NULL OR metadata ->> 'placementId' = $7)
ORDER BY created_at DESC, id DESC LIMIT $3
"""


async def store_events(
    pool: Pool, tenants: Sequence[UUID], columns: Sequence[Sequence[Any]]
) -> tuple[list[UUID] | None, datetime]:
    """Store one batch; (ids that were new, or None when all were; the moment they carry as created_at)."""
    row = await pool.fetchrow(STORE_EVENTS, tenants, *columns)
    assert row is not None  # a function returns one row
    return row["stored"], row["moment"]


async def stored_contents(connection: Connection, tenant_id: UUID, ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """What is stored under these ids, as far as it is there."""
    return await connection.fetch(STORED_CONTENTS, tenant_id, ids)


async def recent_events(
    connection: Connection, tenant_id: UUID, users: Sequence[str], limit: int
) -> list[asyncpg.Record]:
    return await connection.fetch(RECENT_EVENTS, tenant_id, users, limit)


async def returned_purchases(connection: Connection, tenant_id: UUID, returns: Sequence[UUID]) -> list[asyncpg.Record]:
    return await connection.fetch(RETURNED_PURCHASES, tenant_id, returns)


async def returns_of(connection: Connection, tenant_id: UUID, users: Sequence[str]) -> list[UUID]:
    return [row["id"] for row in await connection.fetch(RETURNS_OF, tenant_id, users)]


async def newest_aliases(connection: Connection, tenant_id: UUID, user_id: str, limit: int) -> list[asyncpg.Record]:
    return await connection.fetch(NEWEST_ALIASES, tenant_id, user_id, limit)


async def newest_events(connection: Connection, tenant_id: UUID, before: Place, limit: int) -> list[asyncpg.Record]:
    return await connection.fetch(NEWEST_EVENTS, tenant_id, *before, limit)


async def fitting_events(
    connection: Connection,
    tenant_id: UUID,
    before: Place,
    limit: int,
    event_type: str | None,
    placement_id: str | None,
    looked_through: int,
) -> list[asyncpg.Record]:
    """At the end perhaps one that does not fit, the last that was looked at."""
    return await connection.fetch(FITTING_EVENTS, tenant_id, *before, limit, event_type, placement_id, looked_through)


async def events_of_shopper(
    connection: Connection,
    tenant_id: UUID,
    before: Place,
    limit: int,
    users: Sequence[str],
    product_id: str | None,
    event_type: str | None,
    placement_id: str | None,
) -> list[asyncpg.Record]:
    return await connection.fetch(
        EVENTS_OF_SHOPPER, tenant_id, *before, limit, users, product_id, event_type, placement_id
    )


async def events_of_product(
    connection: Connection,
    tenant_id: UUID,
    before: Place,
    limit: int,
    product_id: str,
    event_type: str | None,
    placement_id: str | None,
) -> list[asyncpg.Record]:
    return await connection.fetch(EVENTS_OF_PRODUCT, tenant_id, *before, limit, product_id, event_type, placement_id)


async def received_events(
    connection: Connection,
    tenant_id: UUID,
    after: datetime,
    limit: int,
    users: Sequence[str] | None,
    product_id: str | None,
    event_type: str | None,
    placement_id: str | None,
) -> list[asyncpg.Record]:
    return await connection.fetch(RECEIVED_EVENTS, tenant_id, after, limit, users, product_id, event_type, placement_id)
