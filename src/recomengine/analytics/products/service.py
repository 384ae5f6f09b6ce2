"""Products with the most of something, of this moment as all figures; and bringing what is kept of them up to date."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from recomengine.analytics.products import queries
from recomengine.analytics.products.queries import NO_BLOCKS, Hours
from recomengine.analytics.products.sources import around, product_sources_of, stretch_of
from recomengine.analytics.queries import (
    Kept,
    Slices,
    days_with_figures,
    kept_of,
    lock_state,
    update_blocks_through,
)
from recomengine.analytics.ranges import (
    DAY,
    LATEST,
    day_start,
    ever,
    first_whole_day,
    slices_of_days,
    slices_of_hours,
)
from recomengine.analytics.schemas import Product, ProductsQuery, product_of
from recomengine.analytics.service import Shop, reading
from recomengine.infra.database import Connection, Pool, tenant_transaction

HOURS_KEPT = timedelta(days=8)
"""Of so many days before today hours are kept: most of what comes late belongs to them."""
BLOCKS_AT_ONCE = 8
"""So many does one transaction make."""


class News(NamedTuple):
    """What settling found: hours whose figures changed, with their days; of which days; and what is kept until now."""

    hours: Sequence[tuple[date, datetime]]
    days: Sequence[date]
    kept: Kept
    today: date
    floor: datetime


async def top_products(pool: Pool, shop: Shop, query: ProductsQuery) -> list[Product]:
    asked = shop.range_of(query)
    async with reading(pool, shop) as (connection, settled):
        rows = await queries.read_products(
            connection, shop.tenant_id, product_sources_of(asked, settled), shop.rules, query.metric, query.limit
        )
    return [product_of(row) for row in rows]


async def settle_products(connection: Connection, shop: Shop, news: News) -> Kept:
    """Bring what is kept by product up to the tables by hour, which are up to date; what is kept now."""
    hours_from, blocks_through = news.kept.hours_from, news.kept.blocks_through
    if hours_from is None or blocks_through is None:
        return await _begin(connection, shop, news)
    first_day = first_whole_day(news.floor, shop.zone)
    changed = [(day, hour) for day, hour in news.hours if day >= first_day]
    await _change_hours(connection, shop, [each for each in changed if each[0] >= hours_from], blocks_through)
    await _change_days(connection, shop, {day for day, _ in changed if day < hours_from}, blocks_through)
    hours_from = max(hours_from, news.today - HOURS_KEPT)
    await queries.forget_product_hours(connection, shop.tenant_id, hours_from)
    return Kept(date.max, blocks_through, hours_from)


async def _begin(connection: Connection, shop: Shop, news: News) -> Kept:
    """Keep hours of the last days that are not kept yet, and days where they changed. Blocks are to follow."""
    first_day = first_whole_day(news.floor, shop.zone)
    hours_from = max(first_day, news.today - HOURS_KEPT, news.kept.products_through + DAY)
    await queries.clear_hours_and_blocks(connection, shop.tenant_id)
    await queries.clear_products(connection, shop.tenant_id, hours_from)
    missing = await days_with_figures(connection, shop.tenant_id, news.kept.products_through, hours_from - DAY)
    changed = {*missing, *(day for day in news.days if day <= news.kept.products_through)}
    await _change_days(connection, shop, {day for day in changed if first_day <= day < hours_from}, None)
    slices = Slices([day_start(hours_from, shop.zone)], [LATEST])
    await queries.change_hours(connection, shop.tenant_id, Hours.of(()), slices, NO_BLOCKS, shop.rules)
    days = await days_with_figures(connection, shop.tenant_id, date.min, news.today - DAY)
    return Kept(date.max, min(days, default=news.today) - DAY, hours_from)


async def _change_hours(
    connection: Connection, shop: Shop, changed: Sequence[tuple[date, datetime]], blocks_through: date
) -> None:
    if changed:
        hours = Hours.of(changed)
        slices, blocks = slices_of_hours(hours.starts, ever(shop.zone)), around(set(hours.dates), blocks_through)
        await queries.change_hours(connection, shop.tenant_id, hours, slices, blocks, shop.rules)


async def _change_days(
    connection: Connection, shop: Shop, changed: Collection[date], blocks_through: date | None
) -> None:
    if changed:
        days = sorted(changed)
        slices, blocks = slices_of_days(days, ever(shop.zone)), around(days, blocks_through or date.min)
        await queries.change_days(connection, shop.tenant_id, days, slices, blocks, shop.rules)


async def extend_blocks(pool: Pool, tenant_id: UUID, yesterday: date) -> None:
    """Make the blocks that ended since those that there are, a few days in each transaction."""
    through = date.min
    while through < yesterday:
        async with tenant_transaction(pool, tenant_id) as connection:
            state = kept_of(await lock_state(connection, tenant_id))
            if state.blocks_through is None or state.blocks_through >= yesterday:
                return  # others settle this tenant too
            through = await _make_blocks(connection, tenant_id, state.blocks_through, yesterday)
            await update_blocks_through(connection, tenant_id, through)


async def _make_blocks(connection: Connection, tenant_id: UUID, made: date, yesterday: date) -> date:
    """The next of those that end after `made`; through which day."""
    days = await days_with_figures(connection, tenant_id, stretch_of(made + DAY) - DAY, yesterday)
    ahead = around({stretch_of(day) for day in days}, yesterday)
    ended = [(first, days) for first, days in zip(*ahead, strict=True) if first + DAY * days > made + DAY]
    for first, length in ended[:BLOCKS_AT_ONCE]:
        await queries.insert_block(connection, tenant_id, first, length)
    if len(ended) <= BLOCKS_AT_ONCE:
        return yesterday
    first, length = ended[BLOCKS_AT_ONCE - 1]
    return first + DAY * (length - 1)
