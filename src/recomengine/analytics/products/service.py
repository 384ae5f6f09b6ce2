"""Products with the most of something, of this moment as all figures; and bringing what is kept of them up to date."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from recomengine.analytics.products import queries
from recomengine.analytics.products.sources import around, product_sources_of
from recomengine.analytics.queries import Slices, days_with_figures
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
from recomengine.infra.database import Connection, Pool


class News(NamedTuple):
    """What settling found: hours whose figures changed, with their days (None: all did), of which days; and through
    which day products and blocks were kept until now, and are to be kept.
    """

    hours: Sequence[tuple[date, datetime]] | None
    days: Sequence[date]
    products_through: date
    blocks_through: date | None
    yesterday: date
    floor: datetime


async def top_products(pool: Pool, shop: Shop, query: ProductsQuery) -> list[Product]:
    asked = shop.range_of(query)
    async with reading(pool, shop) as (connection, settled):
        rows = await queries.read_products(
            connection, shop.tenant_id, product_sources_of(asked, settled), shop.rules, query.metric, query.limit
        )
    return [product_of(row) for row in rows]


async def settle_products(connection: Connection, shop: Shop, news: News) -> None:
    """Bring what is kept by product up to the tables by hour, which are up to date."""
    first_day = first_whole_day(news.floor, shop.zone)
    over = await days_with_figures(connection, shop.tenant_id, news.products_through, news.yesterday)
    changed = {*over, *(day for day in news.days if day <= news.products_through)}
    days = sorted(day for day in changed if day >= first_day)
    if days:
        slices = slices_of_days(days, ever(shop.zone))
        await queries.replace_products(connection, shop.tenant_id, days, slices, shop.rules)
    await _settle_blocks(connection, shop, days, news)
    await _settle_hours(connection, shop, news)


async def _settle_blocks(connection: Connection, shop: Shop, changed: Sequence[date], news: News) -> None:
    """Also those that ended since, where their last days had no events."""
    if news.blocks_through is None:
        await queries.clear_blocks(connection, shop.tenant_id)
        days = await days_with_figures(connection, shop.tenant_id, date.min, news.yesterday)
    else:
        ended = range((news.yesterday - news.blocks_through).days)
        days = [*changed, *(news.yesterday - DAY * number for number in ended)]
    blocks = around(days, news.yesterday)
    if blocks.dates:
        await queries.replace_blocks(connection, shop.tenant_id, blocks)


async def _settle_hours(connection: Connection, shop: Shop, news: News) -> None:
    """Those of days that are not over."""
    if news.hours is None or news.blocks_through is None:
        await queries.close_product_hours(connection, shop.tenant_id, date.max)
        slices = Slices([max(news.floor, day_start(news.yesterday + DAY, shop.zone))], [LATEST])
        await queries.insert_product_hours(connection, shop.tenant_id, slices, shop.rules)
        return
    await queries.close_product_hours(connection, shop.tenant_id, news.yesterday)
    fresh = [(day, hour) for day, hour in news.hours if day > news.yesterday]
    if fresh:
        days, hours = sorted({day for day, _ in fresh}), sorted(hour for _, hour in fresh)
        slices = slices_of_hours(hours, ever(shop.zone))
        await queries.replace_product_hours(connection, shop.tenant_id, days, hours, slices, shop.rules)
