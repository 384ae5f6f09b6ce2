"""Settling: bringing a tenant's tables of figures up to its events, all at once or not at all.

    through := a moment before which every event is committed (events_watermark)
    hours   := those that the events stored since the last `through` change (analytics_touched)
    the figures of `hours` are computed anew from the events, the days of those from their hours

So it may run at any time and any number of times: the tables depend on the events alone. An event that comes while it
runs is counted now or by the next run, and until then readers compute its hours themselves. Products are kept by day,
once the day is over.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from recomengine.analytics import queries
from recomengine.analytics.live import drift_of_day, forget_day
from recomengine.analytics.ranges import DAY, EARLIEST, LATEST, Range, date_of, slices_of_days, slices_of_hours
from recomengine.analytics.service import Shop, shop_of
from recomengine.infra.database import Connection, Pool, tenant_transaction
from recomengine.infra.metrics import BACKGROUND_FAILURES
from recomengine.infra.redis import RedisClient

log = structlog.get_logger()


async def settle_due(pool: Pool, look_back: timedelta) -> int:
    """Settle every tenant that has events of the last `look_back`, or another configuration, that its figures lack; how many."""
    due = await queries.analytics_due(pool, datetime.now(UTC) - look_back)
    return sum([await _settled(pool, tenant_id) for tenant_id in due])


async def settle_night(pool: Pool, redis: RedisClient) -> int:
    """Settle every active tenant, report what the counters of its last day were off by, and make the summary anew; how many."""
    settled = 0
    for tenant_id in await queries.analytics_due(pool, None):
        if await _settled(pool, tenant_id):
            settled += 1
            await _close_counters(pool, redis, tenant_id)
    await queries.refresh_summary(pool)
    log.info("figures settled", tenants=settled)
    return settled


async def _settled(pool: Pool, tenant_id: UUID) -> bool:
    try:
        await settle(pool, tenant_id)
    except Exception as error:  # noqa: BLE001 - what ails one tenant keeps no other from its figures
        BACKGROUND_FAILURES.labels("analytics").inc()
        log.error("figures not settled", tenant=str(tenant_id), error=f"{type(error).__name__}: {error}")
        return False
    return True


async def settle(pool: Pool, tenant_id: UUID) -> int:
    """Bring the tenant's figures up to now; of how many hours they were computed."""
    shop = await shop_of(pool, tenant_id)
    async with tenant_transaction(pool, tenant_id) as connection:
        through = await queries.events_watermark(connection)
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.plan_each_time(connection)
        state = await queries.lock_state(connection, tenant_id)
        known = state["through"] is not None and state["settings"] == shop.settings
        if known:
            rows = await queries.touched_hours(connection, tenant_id, state["through"], EARLIEST, shop.rules, queries.SETTLE_TIMEOUT_S)
        else:
            await queries.clear(connection, tenant_id)
            rows = await queries.all_hours(connection, tenant_id, EARLIEST, shop.rules.zone)
        await _store_hours(connection, shop, [row["date"] for row in rows], [row["hour"] for row in rows])
        products_through = state["products_through"] if known else None
        last = date_of(through, shop.zone) - DAY
        await _store_products(connection, shop, {row["date"] for row in rows}, products_through, last)
        await queries.update_state(connection, tenant_id, through, last, shop.settings)
    return len(rows)


async def _store_hours(connection: Connection, shop: Shop, dates: Sequence[date], hours: Sequence[datetime]) -> None:
    if not hours:
        return
    slices = slices_of_hours(hours, Range(EARLIEST, LATEST, shop.zone))
    days = sorted(set(dates))
    await queries.replace_hours(connection, shop.tenant_id, days, hours, slices, shop.rules)
    await queries.replace_days(connection, shop.tenant_id, days)


async def _store_products(connection: Connection, shop: Shop, touched: set[date], done: date | None, last: date) -> None:
    """The products of the days up to `last` that are over since `done`, and of those before it that were touched."""
    days = set(await queries.days_without_products(connection, shop.tenant_id, last + DAY, done))
    days |= {day for day in touched if done is not None and day <= done}
    if days:
        slices = slices_of_days(days, Range(EARLIEST, LATEST, shop.zone))
        await queries.replace_products(connection, shop.tenant_id, sorted(days), slices, shop.rules)


async def _close_counters(pool: Pool, redis: RedisClient, tenant_id: UUID) -> None:
    shop = await shop_of(pool, tenant_id)
    yesterday = date_of(datetime.now(UTC), shop.zone) - DAY
    drift = await drift_of_day(pool, redis, shop, yesterday)
    if drift is not None and any((drift.impressions, drift.clicks, drift.conversions, drift.revenue)):
        log.warning("live counters were off", tenant=str(tenant_id), day=str(yesterday), drift=msgspec.to_builtins(drift, str_keys=True))
    await forget_day(redis, shop, yesterday)
