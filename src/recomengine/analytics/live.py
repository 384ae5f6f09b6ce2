"""Today so far: the live counters in Redis, or the events where Redis is away; and what the two differ by."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec

from recomengine.analytics import queries
from recomengine.analytics.ranges import DAY, date_of, day_start
from recomengine.analytics.schemas import Counts, Live, money, share
from recomengine.analytics.service import Shop
from recomengine.events.counters import NAMES, counter_key
from recomengine.infra.database import Pool, tenant_transaction
from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisClient, RedisUnavailable

USUAL_DAYS = 28


async def live(pool: Pool, redis: RedisClient, shop: Shop, *, reconcile: bool) -> Live:
    today = date_of(datetime.now(UTC), shop.zone)
    counters = await read_counters(redis, shop, today)
    async with tenant_transaction(pool, shop.tenant_id) as connection:
        usual = await queries.usual_day(connection, shop.tenant_id, today - DAY * USUAL_DAYS, today)
    events = await _count_day(pool, shop, today) if reconcile or counters is None else None
    shown = counters or events
    assert shown is not None  # without counters the events were counted
    drift = difference(counters, events) if counters and events else None
    return Live(
        **msgspec.structs.asdict(shown), date=today, timezone=shop.rules.zone, currency=shop.rules.currency,
        ctr=share(shown.clicks, shown.impressions), source="counters" if counters else "events",
        usual=_average([usual[name] for name in NAMES], usual["days"]), drift=drift if reconcile else msgspec.UNSET,
    )  # fmt: skip


async def read_counters(redis: RedisClient, shop: Shop, day: date) -> Counts | None:
    """What was counted on the day; None when Redis does not answer."""
    try:
        (found,) = await redis.call(("MGET", *_keys(shop, day)))
    except RedisUnavailable:
        FALLBACKS.labels("counters").inc()
        return None
    impressions, clicks, conversions, cents = (int(value or 0) for value in found)
    return Counts(impressions, clicks, conversions, money(Decimal(cents) / 100))


async def drift_of_day(pool: Pool, redis: RedisClient, shop: Shop, day: date) -> Counts | None:
    """What the counters of a day have too much, against the events that arrived on it; None when Redis does not
    answer.
    """
    counters = await read_counters(redis, shop, day)
    return difference(counters, await _count_day(pool, shop, day)) if counters else None


async def forget_day(redis: RedisClient, shop: Shop, day: date) -> None:
    try:
        await redis.call(("UNLINK", *_keys(shop, day)))
    except RedisUnavailable:
        FALLBACKS.labels("counters").inc()  # they expire by themselves


def difference(counted: Counts, stored: Counts) -> Counts:
    return Counts(*(getattr(counted, name) - getattr(stored, name) for name in NAMES))


async def _count_day(pool: Pool, shop: Shop, day: date) -> Counts:
    start, end = day_start(day, shop.zone), day_start(day + DAY, shop.zone)
    async with tenant_transaction(pool, shop.tenant_id) as connection:
        row = await queries.count_arrivals(connection, shop.tenant_id, start, end, shop.rules.currency)
    return Counts(row["impressions"], row["clicks"], row["conversions"], money(row["revenue"]))


def _average(sums: Sequence[int | Decimal], days: int) -> Counts | None:
    """None of no days."""
    if not days:
        return None
    impressions, clicks, conversions, revenue = sums
    return Counts(
        round(impressions / days), round(clicks / days), round(conversions / days), money(Decimal(revenue) / days)
    )


def _keys(shop: Shop, day: date) -> list[str]:
    return [counter_key(str(shop.tenant_id), day.isoformat(), name) for name in NAMES]
