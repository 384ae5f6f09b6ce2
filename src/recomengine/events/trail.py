"""A shopper's newest events in Redis: what the model does not know yet. Written after the commit, read by each request.

`reco:recent:{tenant}:<user>` is a list, newest first, of at most TRAIL_LENGTH entries; an entry is its fields joined by
a control character that no id can hold. One of type RETURN is no event: it says that the purchase of that product and
moment counts no longer. Redis may lose it all: PostgreSQL has every event.
`reco:since:{tenant}` is the moment in milliseconds since when the trails miss nothing. It is lost with the trails, and
set anew by the next batch: what a build of before that moment does not hold must come from PostgreSQL (`may_miss`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from recomengine.events import queries
from recomengine.events.joined import JoinedIds, joined_ids
from recomengine.infra.database import Connection, Pool, tenant_transaction
from recomengine.shop import EventType

TRAIL_LENGTH = 100
TRAIL_TTL_S = 7 * 86_400
SEPARATOR = "\x1f"
RETURN: EventType = "return"


class Trail(NamedTuple):
    """One recent event; created_ms is when it was stored, timestamp_ms when it happened."""

    created_ms: int
    timestamp_ms: int
    event_type: str
    product_id: str
    session_id: str


def trail_key(tenant: str, user_id: str) -> str:
    return f"reco:recent:{{{tenant}}}:{user_id}"


def since_key(tenant: str) -> str:
    return f"reco:since:{{{tenant}}}"


def may_miss(trail: Sequence[bytes], since: bytes | None, through_ms: int) -> bool:
    """Whether events stored from `through_ms` on may be missing in a trail, as LRANGE and GET of since_key give
    both.
    """
    return len(trail) < TRAIL_LENGTH and (since is None or int(since) > through_ms)


def trail_entry(event: Trail) -> str:
    return SEPARATOR.join(
        (str(event.created_ms), str(event.timestamp_ms), event.event_type, event.product_id, event.session_id)
    )


def join_trails(trails: Sequence[Sequence[Trail]]) -> list[Trail]:
    """The events of all of them, newest first."""
    events = [event for trail in trails for event in trail]
    return sorted(events, key=lambda event: -event.created_ms)[:TRAIL_LENGTH]


def parse_trail(entries: Sequence[bytes]) -> list[Trail]:
    trail = []
    for entry in entries:
        created_ms, timestamp_ms, event_type, product_id, session_id = entry.decode().split(SEPARATOR)
        trail.append(Trail(int(created_ms), int(timestamp_ms), event_type, product_id, session_id))
    return trail


async def recent_from_database(
    pool: Pool, tenant_id: UUID, user_id: str, limit: int, limit_s: float
) -> tuple[JoinedIds, list[Trail]]:
    """Whose the id is, and the shopper's newest events under any of their ids, from the truth, for when Redis is down.

    After `limit_s` it raises one of DATABASE_AWAY.
    """
    async with tenant_transaction(pool, tenant_id, limit_s=limit_s) as connection:
        joined = await joined_ids(connection, tenant_id, user_id)
        users = [user_id, *joined.besides(user_id)]
        rows = await queries.recent_events(connection, tenant_id, users, limit)
        returns = await queries.returns_of(connection, tenant_id, users)
        returned = await entries_of(connection, tenant_id, returns) if returns else []
    events = [
        Trail(
            _ms(row["created_at"]), _ms(row["timestamp"]), row["event_type"], row["product_id"], row["session_id"] or ""
        )
        for row in rows
    ]
    return joined, events + [entry for buyer, entry in returned if buyer in users]


async def entries_of(connection: Connection, tenant_id: UUID, returns: Sequence[UUID]) -> list[tuple[str, Trail]]:
    """(whose purchase, the entry of their trail) for each purchase that these returns take back."""
    rows = await queries.returned_purchases(connection, tenant_id, returns)
    return [
        (row["user_id"], Trail(row["created_ms"], row["timestamp_ms"], RETURN, row["product_id"], "")) for row in rows
    ]


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
