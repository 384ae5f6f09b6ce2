"""What of a tenant's events is in the database, seen by a connection that is nobody's."""

import time
from typing import Any
from uuid import UUID

import asyncpg

START_MS = 1_700_000_000_000
"""A moment in the past; times are milliseconds."""


def now_ms() -> int:
    return int(time.time() * 1000)


def view(user: str = "ann", product: str = "boot", **fields: Any) -> dict[str, Any]:
    return {"eventType": "view", "userId": user, "productId": product, **fields}


def bought(
    order_id: str | None, user: str = "ann", product: str = "boot", event_type: str = "purchase", **fields: Any
) -> dict[str, Any]:
    """A line of an order; fields of the event itself are timestamp and eventId, all others are its metadata."""
    event = {name: fields.pop(name) for name in ("timestamp", "eventId", "sessionId") if name in fields}
    metadata = {"price": 20.0} | ({} if order_id is None else {"orderId": order_id}) | fields
    return {"eventType": event_type, "userId": user, "productId": product, "metadata": metadata, **event}


async def stored(database_url: str, tenant_id: UUID) -> list[dict[str, Any]]:
    """Every event of the tenant, in the order of storing, then of time."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(
            """SELECT id, event_type, user_id, product_id, session_id, client_event_id, metadata::text AS metadata,
                created_at,
                      (extract(epoch FROM timestamp) * 1000)::bigint AS timestamp_ms
               FROM events WHERE tenant_id = $1 ORDER BY created_at, timestamp, id""", tenant_id,
        )  # fmt: skip
    finally:
        await connection.close()
    return [dict(row) for row in rows]
