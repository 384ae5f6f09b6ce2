"""Live counters of a shop's day in Redis: `reco:counter:{tenant}:<day>:<name>`, the day being that of the shop's own
zone.

They count what happens and arrives today, for the live view alone. Redis may lose them: every figure is computed from
the events.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from recomengine.events.schemas import Event
from recomengine.infra.redis import Command
from recomengine.shop import EVENT_TRAITS

COUNTER_TTL_S = 48 * 3600
NAMES = ("impressions", "clicks", "conversions", "revenue")
"""revenue: in cents of the tenant's currency."""
STEP_MS = 15 * 60_000
"""In every zone a day begins on a quarter of an hour of UTC."""


class Today(NamedTuple):
    """A day of some zone, from start_ms up to end_ms."""

    date: str
    start_ms: int
    end_ms: int


def today(zone: str, now_ms: int) -> Today:
    return _day(zone, now_ms // STEP_MS)


@lru_cache(maxsize=1024)
def _day(zone: str, step: int) -> Today:
    place = ZoneInfo(zone)
    date = datetime.fromtimestamp(step * STEP_MS / 1000, UTC).astimezone(place).date()
    start, end = (datetime.combine(day, time(), place).timestamp() for day in (date, date + timedelta(days=1)))
    return Today(date.isoformat(), int(start * 1000), int(end * 1000))


def counter_key(tenant: str, day: str, name: str) -> str:
    return f"reco:counter:{{{tenant}}}:{day}:{name}"


def counter_commands(events: Sequence[Event]) -> list[Command]:
    """Counts new events that belong to today."""
    counts: dict[str, int] = {}
    for event in events:
        if not event.today:
            continue
        tenant = str(event.tenant_id)
        if (name := EVENT_TRAITS[event.event_type].counter) is not None:
            key = counter_key(tenant, event.today, name)
            counts[key] = counts.get(key, 0) + 1
        if event.revenue_cents:
            key = counter_key(tenant, event.today, "revenue")
            counts[key] = counts.get(key, 0) + event.revenue_cents
    commands: list[Command] = []
    for key, count in counts.items():
        commands.append(
            ("INCRBYFLOAT", key, str(count))
        )  # INCRBY refuses what 64 bits cannot hold: ten of the dearest purchases
        commands.append(("EXPIRE", key, COUNTER_TTL_S))
    return commands
