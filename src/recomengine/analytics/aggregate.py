"""Settling: bringing a tenant's tables of figures up to its events, all at once or not at all.

    through := a moment before which every event and every change of aliases is committed
    hours   := those that change by events stored, and ids joined or parted, since the last `through`, and by ids that
               are left out or no longer (analytics_touched)
    the figures of `hours` are computed anew from the events, the days of those from their hours

So it may run at any time and any number of times: the tables depend on the events alone. An event that comes while it
runs is counted now or by the next run, and until then readers compute its hours themselves. Blocks of days that are
over follow in transactions of their own.

What events that are archived by now have a part in (`floor_of`) stays as it is: nothing could compute it anew.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
import structlog

from recomengine.analytics import queries
from recomengine.analytics.live import drift_of_day, forget_day
from recomengine.analytics.products.queries import clear_products
from recomengine.analytics.products.service import News, extend_blocks, settle_products
from recomengine.analytics.queries import NOTHING_KEPT, Slices
from recomengine.analytics.ranges import DAY, EARLIEST, LATEST, date_of, ever, first_whole_day, slices_of_hours
from recomengine.analytics.service import Shop, read_shop
from recomengine.infra.database import Connection, Pool, tenant_transaction
from recomengine.infra.metrics import BACKGROUND_FAILURES
from recomengine.infra.redis import RedisClient

log = structlog.get_logger()


async def settle_due(pool: Pool, look_back: timedelta) -> int:
    """Settle every tenant whose figures lack something: events of the last `look_back`, another configuration, ids that
    were joined or parted, robots that were marked or cleared; how many.
    """
    await queries.summarize_arrivals(pool)
    due = await queries.analytics_due(pool, datetime.now(UTC) - look_back)
    return sum([await _settled(pool, tenant_id) for tenant_id in due])


async def settle_night(pool: Pool, redis: RedisClient) -> int:
    """Settle every tenant that is not deleted, report what the counters of its last day were off by, and make the
    summary anew; how many.
    """
    settled = 0
    await queries.summarize_arrivals(pool)
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
    """Bring the tenant's figures up to now; on how many days they were computed."""
    shop = await read_shop(pool, tenant_id)
    async with tenant_transaction(pool, tenant_id) as connection:
        through = await queries.watermark(connection, tenant_id)
    today = date_of(through, shop.zone)
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.plan_each_time(connection)
        state = await queries.lock_state(connection, tenant_id)
        left_out = await queries.left_out(connection, tenant_id)
        news = await _settle_hours(connection, shop, state, today)
        await queries.replace_days(connection, tenant_id, news.days)
        kept = await settle_products(connection, shop, news)
        await queries.update_state(connection, tenant_id, through, shop.settings, left_out, kept)
    await extend_blocks(pool, tenant_id, today - DAY)
    return len(news.days)


async def _settle_hours(connection: Connection, shop: Shop, state: asyncpg.Record, today: date) -> News:
    floor = shop.floor(state["archived_until"])
    if state["through"] is not None and state["settings"] == shop.settings:
        hours = await _settle_news(connection, shop, state["through"], state["left_out"], floor)
        days = sorted({day for day, _ in hours})
        return News(hours, days, queries.kept_of(state), today, floor)
    await queries.clear(connection, shop.tenant_id, floor)
    await clear_products(connection, shop.tenant_id, first_whole_day(floor, shop.zone))
    await queries.insert_hours(connection, shop.tenant_id, Slices([max(floor, EARLIEST)], [LATEST]), shop.rules)
    days = await queries.days_with_figures(connection, shop.tenant_id, date.min, date.max)
    return News([], days, NOTHING_KEPT, today, floor)


async def _settle_news(
    connection: Connection, shop: Shop, since: datetime, left_out: Sequence[str], floor: datetime
) -> list[tuple[date, datetime]]:
    """The hours that change by what came since then, and by other ids left out than `left_out`; with their days."""
    rows = await queries.touched_hours(
        connection, shop.tenant_id, since, EARLIEST, shop.rules, left_out, queries.SETTLE_TIMEOUT_S
    )
    touched = [(row["date"], row["hour"]) for row in rows if row["hour"] >= floor]
    days, hours = sorted({day for day, _ in touched}), [hour for _, hour in touched]
    slices = slices_of_hours(hours, ever(shop.zone))
    await queries.replace_hours(connection, shop.tenant_id, days, hours, slices, shop.rules)
    return touched


async def _close_counters(pool: Pool, redis: RedisClient, tenant_id: UUID) -> None:
    shop = await read_shop(pool, tenant_id)
    yesterday = date_of(datetime.now(UTC), shop.zone) - DAY
    drift = await drift_of_day(pool, redis, shop, yesterday)
    if drift is not None and any((drift.impressions, drift.clicks, drift.conversions, drift.revenue)):
        log.warning(
            "live counters were off",
            tenant=str(tenant_id),
            day=str(yesterday),
            drift=msgspec.to_builtins(drift, str_keys=True),
        )
    await forget_day(redis, shop, yesterday)
