"""SQL of the events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection, Pool

STORE_EVENTS = "SELECT stored, moment FROM store_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
STORED_CONTENTS = """
SELECT id, event_type, user_id, product_id, (extract(epoch FROM timestamp) * 1000)::bigint AS timestamp_ms,
       readable_json(metadata) AS metadata
FROM events WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
"""
RECENT_EVENTS = """
SELECT created_at, timestamp, event_type, product_id, session_id FROM events
WHERE tenant_id = $1 AND user_id = ANY ($2::text[]) AND product_id IS NOT NULL AND event_type <> 'impression'
ORDER BY created_at DESC LIMIT $3
"""
NEWEST_ALIASES = """
SELECT anonymous_id, created_at FROM user_aliases WHERE tenant_id = $1 AND user_id = $2
ORDER BY created_at DESC LIMIT $3
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


async def newest_aliases(connection: Connection, tenant_id: UUID, user_id: str, limit: int) -> list[asyncpg.Record]:
    return await connection.fetch(NEWEST_ALIASES, tenant_id, user_id, limit)
