"""A tenant's events, newest first, for those who look into them: pages of what happened, and what has just come in.

No page reads more than a bounded part of the tenant's events but those of a shopper or a product, which reads all of
theirs.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from recomengine.events import queries
from recomengine.events.joined import joined_ids
from recomengine.events.places import FROM_THE_END, Place, cursor_at, place_of
from recomengine.events.schemas import EventSearch
from recomengine.infra.database import Connection, Pool, tenant_transaction

LOOKED_THROUGH = 20_000
"""Events among which a page looks for those of a type or placement; where there are too few, the next page goes on."""
READ_WITHIN_S = 10.0
SETTLE = timedelta(seconds=2)
"""By then an event is committed, and so can be seen; until then it may come after one that was stored later."""
TAIL = timedelta(minutes=10)
"""Whoever was away for longer begins anew with a page."""


async def list_events(pool: Pool, tenant_id: UUID, asked: EventSearch) -> tuple[list[asyncpg.Record], str | None]:
    """(a page, the cursor of the next one). Events of a shopper are those of all ids of theirs."""
    async with tenant_transaction(pool, tenant_id, limit_s=READ_WITHIN_S) as connection:
        users = None if asked.user_id is None else await _ids_of(connection, tenant_id, asked.user_id.strip())
        if asked.after is not None:
            since = max(asked.after, datetime.now(UTC) - TAIL) - SETTLE
            rows = await queries.received_events(
                connection, tenant_id, since, asked.limit, users, asked.product_id, asked.event_type, asked.placement_id
            )
            return rows, None
        rows = await _page(connection, tenant_id, asked, users)
    page = rows[: asked.limit]
    if len(rows) > len(page):
        return page, cursor_at(_place(page[-1]))
    if page and not page[-1].get("fits", True):
        return page[:-1], cursor_at(_place(page[-1]))
    return page, None


async def _ids_of(connection: Connection, tenant_id: UUID, user_id: str) -> list[str]:
    joined = await joined_ids(connection, tenant_id, user_id)
    return [user_id, *joined.besides(user_id)]


async def _page(
    connection: Connection, tenant_id: UUID, asked: EventSearch, users: Sequence[str] | None
) -> list[asyncpg.Record]:
    """One more than the page, to know whether another follows."""
    before = FROM_THE_END if asked.cursor is None else place_of(asked.cursor)
    limit, of_type, placement = asked.limit + 1, asked.event_type, asked.placement_id
    if users is not None:
        return await queries.events_of_shopper(
            connection, tenant_id, before, limit, users, asked.product_id, of_type, placement
        )
    if asked.product_id is not None:
        return await queries.events_of_product(
            connection, tenant_id, before, limit, asked.product_id, of_type, placement
        )
    if of_type is None and placement is None:
        return await queries.newest_events(connection, tenant_id, before, limit)
    return await queries.fitting_events(connection, tenant_id, before, limit, of_type, placement, LOOKED_THROUGH)


def _place(row: asyncpg.Record) -> Place:
    return Place(row["timestamp"], row["id"])
