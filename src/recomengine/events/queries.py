"""SQL of the events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection, Pool

STORE_EVENTS = "SELECT stored, moment FROM store_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
RECENT_EVENTS = """
SELECT created_at, timestamp, event_type, product_id, session_id FROM events
WHERE tenant_id = $1 AND user_id = ANY ($2::text[]) AND product_id IS NOT NULL AND event_type <> 'impression'
ORDER BY created_at DESC LIMIT $3
"""
# Of the shopper whom $2 names, by whichever of their ids.
NEWEST_ALIASES = """
SELECT a.user_id, a.anonymous_id, coalesce(a.first_seen_id, a.user_id) AS first_seen_id FROM user_aliases a
WHERE a.tenant_id = $1 AND a.user_id = coalesce(
    (SELECT o.user_id FROM user_aliases o WHERE o.tenant_id = $1 AND o.anonymous_id = $2), $2)
ORDER BY a.created_at DESC, a.anonymous_id LIMIT $3
"""


async def store_events(
    pool: Pool, tenants: Sequence[UUID], columns: Sequence[Sequence[Any]]
) -> tuple[list[UUID] | None, datetime]:
    """Store one batch; (ids that were new, or None when all were; the moment they carry as created_at)."""
    row = await pool.fetchrow(STORE_EVENTS, tenants, *columns)
    assert row is not None  # a function returns one row
    return row["stored"], row["moment"]


async def recent_events(
    connection: Connection, tenant_id: UUID, users: Sequence[str], limit: int
) -> list[asyncpg.Record]:
    return await connection.fetch(RECENT_EVENTS, tenant_id, users, limit)


async def newest_aliases(connection: Connection, tenant_id: UUID, user_id: str, limit: int) -> list[asyncpg.Record]:
    return await connection.fetch(NEWEST_ALIASES, tenant_id, user_id, limit)
