"""What a duplicate says otherwise than the event that is stored under its identity.

The first one stays. The answer to the second names the members that differ, so that a shop that gave two events one
name, or sold two lines of an order that look alike, hears of it.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from math import isclose
from typing import Any
from uuid import UUID

import asyncpg

from recomengine.events import queries
from recomengine.events.schemas import CLIENT_TIMESTAMP, Event
from recomengine.infra.database import Pool, tenant_transaction
from recomengine.infra.stored_json import read_stored

COLUMNS = {"eventType": "event_type", "userId": "user_id", "productId": "product_id"}
UNSAID = {"quantity": 1}
"""What the absence of a member means."""
SAME_MOMENT_MS = 86_400_000
"""A page of thanks that is shown again on the same day is no other content."""


def content_digest(event: Event) -> str:
    """Equal only for events that differ in nothing of what `compare` looks at."""
    content = (event.event_type, event.user_id, event.product_id, event.given_ms, event.metadata)
    return blake2b(repr(content).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


async def compare(pool: Pool, tenant_id: UUID, events: Sequence[Event]) -> list[tuple[str, ...]]:
    """Of each of these duplicates the members that differ from the stored event."""
    async with tenant_transaction(pool, tenant_id) as connection:
        rows = await queries.stored_contents(connection, tenant_id, [event.id for event in events])
    stored = {row["id"]: row for row in rows}
    return [_differing(event, stored[event.id]) if event.id in stored else () for event in events]


def _differing(event: Event, row: asyncpg.Record) -> tuple[str, ...]:
    names = [name for name, column in COLUMNS.items() if getattr(event, column) != row[column]]
    kept = row["metadata"] or {}
    if event.given_ms is not None and _is_another_moment(event, kept.get(CLIENT_TIMESTAMP, row["timestamp_ms"])):
        names.append("timestamp")
    given = {} if event.metadata is None else read_stored(event.metadata)
    members = {name: None for name in (*given, *kept) if name != CLIENT_TIMESTAMP}
    return (*names, *(name for name in members if not _alike(_member(given, name), _member(kept, name))))


def _is_another_moment(event: Event, stored_ms: int) -> bool:
    most = 0 if event.is_named else SAME_MOMENT_MS - 1
    return event.given_ms is not None and abs(event.given_ms - stored_ms) > most


def _member(metadata: Mapping[str, Any], name: str) -> Any:
    value = metadata.get(name)
    return UNSAID.get(name) if value is None else value


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return isclose(one, other, rel_tol=1e-9)
    return bool(one == other)
