"""A tenant's newest events in Redis, in the order of their commits: what every process folds into its model until the
next build.

`reco:feed:{tenant}` is a stream of about FEED_LENGTH entries; an entry is its fields joined by a control character that
no id can hold. Redis may lose it: the next build reads PostgreSQL.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from recomengine.events.schemas import Event
from recomengine.events.trail import SEPARATOR
from recomengine.infra.redis import Command
from recomengine.shop import EVENT_TRAITS

FEED_LENGTH = 5000
FEED_TTL_S = 86_400
MAX_OF_BATCH = 500
"""Of one batch and tenant the newest only: an import of today's events must not wash out everything else."""
MAX_AGE_MS = 24 * 3_600_000
"""What happened longer ago than this when it was stored is no news, and waits for the build."""
FIELD = "e"


class _Order(msgspec.Struct, rename="camel"):
    order_id: str | None = None


_order = msgspec.json.Decoder(_Order)


def feed_key(tenant: str) -> str:
    return f"reco:feed:{{{tenant}}}"


def feed_commands(events: Sequence[Event], created_ms: int) -> list[Command]:
    """Appends the events, all stored at created_ms, to the feeds of their tenants."""
    feeds: dict[str, list[Event]] = {}
    for event in events:
        if event.product_id and EVENT_TRAITS[event.event_type].live and created_ms - event.timestamp_ms < MAX_AGE_MS:
            feeds.setdefault(feed_key(str(event.tenant_id)), []).append(event)
    commands: list[Command] = []
    for key, fed in feeds.items():
        commands += [
            ("XADD", key, "MAXLEN", "~", FEED_LENGTH, "*", FIELD, _entry(event, created_ms))
            for event in fed[-MAX_OF_BATCH:]
        ]
        commands.append(("EXPIRE", key, FEED_TTL_S))
    return commands


def _entry(event: Event, created_ms: int) -> str:
    product_id = event.product_id or ""
    return SEPARATOR.join(
        (str(created_ms), str(event.timestamp_ms), event.event_type, product_id, _group(event), event.user_id)
    )


def _group(event: Event) -> str:
    order = _order.decode(event.metadata).order_id if EVENT_TRAITS[event.event_type].bought and event.metadata else None
    return f"o{order}" if order else f"s{event.session_id}" if event.session_id else ""


class Fed(NamedTuple):
    """One event; created_ms is when it was stored, timestamp_ms when it happened; group: the order, else the session,
    else empty.
    """

    created_ms: int
    timestamp_ms: int
    event_type: str
    product_id: str
    group: str
    user_id: str


def parse_entry(entry: bytes) -> Fed:
    created_ms, timestamp_ms, event_type, product_id, group, user_id = entry.decode().split(SEPARATOR)
    return Fed(int(created_ms), int(timestamp_ms), event_type, product_id, group, user_id)
