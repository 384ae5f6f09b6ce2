"""Products by every metric are those of the raw events, whatever of them is kept by hour, by day, in blocks of days, or
not at all; today's included.
"""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recomengine.analytics import service
from recomengine.analytics.aggregate import settle
from recomengine.analytics.products.queries import Blocks
from recomengine.analytics.products.service import top_products
from recomengine.analytics.products.sources import around, made_of, stretch_of
from recomengine.analytics.ranges import Range, day_start
from recomengine.analytics.schemas import OverviewQuery, ProductMetric, ProductsQuery
from recomengine.context import Context
from recomengine.users.service import erase
from tests.analytics.reference import Fact, facts, total
from tests.support.apps import MakeTenant
from tests.support.databases import execute, fetch, fetchval
from tests.support.figures import CHANGE, EVENT, FEW, HOUR_MS, bodies
from tests.support.shoppers import Shoppers
from tests.support.shops import send

COLUMNS = ("impressions", "clicks", "conversions", "revenue", "attributed_conversions", "attributed_revenue")
SPAN_MS = 54 * HOUR_MS
FIRST = date(2026, 1, 1)

# As if hours had been kept from $2 on only.
FORGET_HOURS = (
    "DELETE FROM analytics_product_hours WHERE tenant_id = $1 AND date < $2",
    "UPDATE analytics_state SET product_hours_from = $2 WHERE tenant_id = $1",
)
# As tables are that were settled when days were kept once they were over, until $2.
UNSETTLE = (
    "DELETE FROM analytics_products WHERE tenant_id = $1 AND date > $2",
    """
    UPDATE analytics_state SET products_through = $2, blocks_through = NULL, product_hours_from = NULL
    WHERE tenant_id = $1
    """,
)
# Of each block of days that ended by blocks_through: what it has, and what its days have.
BLOCKS_AND_SUMS = """
SELECT b.days, b.date, b.product_id, sum(b.kept) AS kept, sum(b.summed) AS summed
FROM (
    SELECT days, date, product_id, 0 AS summed,
           impressions + clicks + conversions + revenue + attributed_revenue AS kept
    FROM analytics_product_blocks WHERE tenant_id = $1
    UNION ALL
    SELECT l.days, l.date, p.product_id, impressions + clicks + conversions + revenue + attributed_revenue, 0
    FROM analytics_products p JOIN analytics_state s ON s.tenant_id = $1 CROSS JOIN LATERAL (
        SELECT n AS days, p.date - ((p.date - '0001-01-01'::date + 1) % 64) AS date
        FROM generate_series((p.date - '0001-01-01'::date + 1) % 64 + 1, 64) AS n
    ) l
    WHERE p.tenant_id = $1 AND l.date + l.days - 1 <= s.blocks_through
) AS b GROUP BY 1, 2, 3
"""
STATES = FEW(["settled", "without hours of days that are over", "as before there were hours", "not"])


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    zone=FEW(["UTC", "Asia/Kathmandu", "Pacific/Kiritimati"]),
    batches=st.lists(
        st.tuples(st.lists(EVENT, min_size=1, max_size=12), STATES), min_size=1, max_size=3,
    ),
    changes=st.lists(CHANGE, min_size=3, max_size=3),
    cut_hours=st.integers(1, 50),
)  # fmt: skip
async def test_products_of_these_days_are_those_of_the_raw_events(
    zone: str, batches: Any, changes: Any, cut_hours: int, context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant(timezone=zone, attribution_window_hours=24, currency="EUR")
    shop = await service.read_shop(context.pool, tenant.id)
    now = datetime.now(UTC)
    today = now.astimezone(shop.zone).date()
    whole = Range(
        day_start(today - timedelta(days=5), shop.zone), day_start(today + timedelta(days=3), shop.zone), shop.zone
    )
    part = Range(now - timedelta(hours=cut_hours, minutes=7), now + timedelta(minutes=3), shop.zone)
    sent: list[dict[str, Any]] = []
    shoppers = Shoppers(context.settings.database_url, tenant.id)
    for (batch, state), change in zip(bodies(batches, int(time.time() * 1000) - SPAN_MS), changes, strict=False):
        await send(context, tenant.id, batch)
        sent += batch
        await check(context, shop, plain(shop, sent, shoppers), whole, part)
        if state != "not":
            await settle(context.pool, tenant.id)
        if state == "without hours of days that are over":
            await execute_all(context, FORGET_HOURS, tenant.id, today)
        if state == "as before there were hours":
            await execute_all(context, UNSETTLE, tenant.id, today - timedelta(days=1))
        if change:
            await getattr(shoppers, change[0])(*change[1:])
        await check(context, shop, plain(shop, sent, shoppers), whole, part)
    for _ in range(2):
        await settle(context.pool, tenant.id)
        await check(context, shop, plain(shop, sent, shoppers), whole, part)
    await check_blocks(context, tenant.id)


def plain(shop: service.Shop, sent: Sequence[dict[str, Any]], shoppers: Shoppers) -> list[Fact]:
    return facts(shop.tenant_id, sent, 24, "EUR", shoppers.joined, shoppers.robots)


async def execute_all(context: Context, statements: Sequence[str], *arguments: Any) -> None:
    for sql in statements:
        await execute(context.settings.database_url, sql, *arguments)


async def check_blocks(context: Context, tenant_id: UUID) -> None:
    """Each is the sum of its days, and none is missing."""
    rows = await fetch(context.settings.database_url, BLOCKS_AND_SUMS, tenant_id)
    assert [row for row in rows if row["kept"] != row["summed"]] == []


async def check(context: Context, shop: service.Shop, found: Sequence[Fact], *ranges: Range) -> None:
    for asked in ranges:
        within = [fact for fact in found if asked.start <= fact.at < asked.end]
        sums = {
            name: total([fact for fact in within if fact.product_id == name], *COLUMNS)
            for name in {fact.product_id for fact in within}
        }
        for metric, place in zip(get_args(ProductMetric), range(len(COLUMNS)), strict=True):
            query = ProductsQuery(start=asked.start.isoformat(), end=asked.end.isoformat(), metric=metric)
            shown = [
                (row.product_id, tuple(getattr(row, column) for column in COLUMNS))
                for row in await top_products(context.pool, shop, query)
            ]
            assert shown == sorted(
                ((name, each) for name, each in sums.items() if each[place] > 0),
                key=lambda line, place=place: (-line[1][place], line[0]),
            )


async def test_what_an_erased_shopper_bought_stays_though_other_hours_of_the_day_change(
    context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant(timezone="UTC", currency="EUR")
    shop = await service.read_shop(context.pool, tenant.id)
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)

    async def sell(user: str, hour: int, price: int) -> None:
        at = int((day + timedelta(hours=hour)).timestamp() * 1000)
        sold = {"eventType": "purchase", "userId": user, "productId": "boot", "timestamp": at}
        await send(context, tenant.id, [sold | {"metadata": {"price": price}}])

    await sell("ann", 10, 30)
    await settle(context.pool, tenant.id)
    await erase(context.pool, context.redis, context.bus, tenant.id, "ann")
    await sell("bob", 12, 5)
    for _ in range(2):
        (row,) = await top_products(context.pool, shop, ProductsQuery())
        assert row.revenue == (await service.overview(context.pool, shop, OverviewQuery())).revenue == 35
        await settle(context.pool, tenant.id)


async def test_a_block_is_kept_also_where_its_last_days_have_no_events(
    context: Context, make_tenant: MakeTenant
) -> None:
    """Whoever reads the range takes the block, whose only events are of its first days."""
    tenant = await make_tenant(timezone="UTC")
    shop = await service.read_shop(context.pool, tenant.id)
    old = datetime.now(UTC) - timedelta(days=80)
    bought = {"eventId": "e1", "eventType": "click", "userId": "ann", "productId": "boot"}
    await send(context, tenant.id, [bought | {"timestamp": int(old.timestamp() * 1000)}])
    await settle(context.pool, tenant.id)
    longest = await fetchval(
        context.settings.database_url, "SELECT max(days) FROM analytics_product_blocks WHERE tenant_id = $1", tenant.id
    )
    assert longest >= 16
    query = ProductsQuery(start=(old - timedelta(days=60)).isoformat(), metric="clicks")
    assert [row.clicks for row in await top_products(context.pool, shop, query)] == [1]


@given(numbers=st.sets(st.integers(0, 400)), through=st.integers(0, 400))
def test_blocks_make_each_day_once_and_no_other(numbers: set[int], through: int) -> None:
    days, last = {FIRST + timedelta(days=number) for number in numbers}, FIRST + timedelta(days=through)
    blocks, less, left = made_of(days, last)
    held = Counter([*days_of(blocks), *left])
    held.subtract(days_of(less))
    assert {day for day, times in held.items() if times} == days
    assert set(held.values()) <= {0, 1}
    for each in (blocks, less):
        assert max(days_of(each), default=last) <= last
    assert set(zip(*blocks, strict=True)) <= set(zip(*around(days, last), strict=True))


def days_of(blocks: Blocks) -> list[date]:
    return [
        first + timedelta(days=number) for first, length in zip(*blocks, strict=True) for number in range(length)
    ]  # fmt: skip


@given(first=st.integers(0, 400), length=st.integers(1, 400))
def test_a_run_of_days_is_made_of_few_blocks(first: int, length: int) -> None:
    days = [FIRST + timedelta(days=first + number) for number in range(length)]
    blocks, less, left = made_of(days, days[-1])
    assert len(blocks.dates) + len(less.dates) + len(left) <= 3 + length // 64


@given(days=st.sets(st.dates(FIRST, FIRST + timedelta(days=200)), max_size=5), through=st.integers(0, 200))
def test_around_days_are_all_blocks_that_hold_one(days: set[date], through: int) -> None:
    last = FIRST + timedelta(days=through)
    found = set(zip(*around(days, last), strict=True))
    stretches = {stretch_of(day) for day in days}
    blocks = {(start, length) for start in stretches for length in range(1, 65)}
    assert found == {
        (start, length) for start, length in blocks
        if start + timedelta(days=length - 1) <= last
        and any(start <= day < start + timedelta(days=length) for day in days)
    }  # fmt: skip
