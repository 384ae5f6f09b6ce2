"""SQL of the events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from recomengine.events.trail import ALIAS, MAX_JOINED, Trail
from recomengine.infra.database import Pool, tenant_transaction

STORE_EVENTS = "SELECT stored, moment FROM store_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
RECENT_EVENTS = """
SELECT created_at, timestamp, event_type, product_id, session_id FROM events
WHERE tenant_id = $1 AND user_id = ANY ($2::text[]) AND product_id IS NOT NULL AND event_type <> 'impression'
ORDER BY created_at DESC LIMIT $3
"""
NEWEST_ALIASES = "SELECT anonymous_id, created_at FROM user_aliases WHERE tenant_id = $1 AND user_id = $2 ORDER BY created_at DESC LIMIT $3"


async def store_events(pool: Pool, tenants: Sequence[UUID], columns: Sequence[Sequence[Any]]) -> tuple[list[UUID] | None, datetime]:
    """Store one batch; (ids that were new, or None when all were; the moment they carry as created_at)."""
    row = await pool.fetchrow(STORE_EVENTS, tenants, *columns)
    assert row is not None  # a function returns one row
    return row["stored"], row["moment"]


async def recent_from_database(pool: Pool, tenant_id: UUID, user_id: str, limit: int, limit_s: float) -> list[Trail]:
    """A shopper's newest events under any of their ids, then these ids, from the truth, for when Redis is down.

    After `limit_s` it raises one of DATABASE_AWAY.
    """
    async with tenant_transaction(pool, tenant_id, limit_s=limit_s) as connection:
        aliases = await connection.fetch(NEWEST_ALIASES, tenant_id, user_id, MAX_JOINED)
        rows = await connection.fetch(RECENT_EVENTS, tenant_id, [user_id, *(alias["anonymous_id"] for alias in aliases)], limit)
    events = [
        Trail(_ms(row["created_at"]), _ms(row["timestamp"]), row["event_type"], row["product_id"], row["session_id"] or "")
        for row in rows
    ]
    return events + [Trail(_ms(alias["created_at"]), _ms(alias["created_at"]), ALIAS, alias["anonymous_id"], "") for alias in aliases]


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
