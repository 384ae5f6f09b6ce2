"""Every figure equals a plain recomputation from the raw events: late, sent twice, across midnight, in zones where
clocks change; with returns, ids that are joined and parted, and robots that are marked and cleared.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recomengine.analytics import service
from recomengine.analytics.aggregate import settle
from recomengine.analytics.products.service import top_products
from recomengine.analytics.ranges import Range, day_start
from recomengine.analytics.schemas import ExportQuery, OverviewQuery, Point, ProductsQuery, TimeseriesQuery
from recomengine.context import Context
from tests.analytics.reference import SUMS, Fact, day_of, facts, hour_of, sums, total
from tests.support.apps import MakeTenant
from tests.support.databases import fetch
from tests.support.figures import CHANGE, EVENT, FEW, HOUR_MS, OFFSETS, SALE, bodies
from tests.support.shoppers import Shoppers
from tests.support.shops import send

# days on which clocks change by an hour, at midnight, onto midnight, by half an hour; zones off the full hour; a plain
# one
PLACES = [
    ("UTC", "2026-11-20"), ("Europe/Berlin", "2026-10-25"), ("Europe/Berlin", "2026-03-29"),
    ("America/New_York", "2026-11-01"),
    ("America/Havana", "2026-11-01"), ("Atlantic/Azores", "2026-10-25"), ("Africa/Cairo", "2026-04-24"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"), ("Asia/Kolkata", "2026-11-20"), ("Asia/Kathmandu", "2026-11-20"),
    ("Pacific/Kiritimati", "2026-11-20"),
]  # fmt: skip
BATCHES = st.lists(st.tuples(st.lists(EVENT, min_size=1, max_size=12), st.booleans()), min_size=1, max_size=4)


async def check_everything(context: Context, shop: service.Shop, found: Sequence[Fact], asked: Range) -> None:
    within = [fact for fact in found if asked.start <= fact.at < asked.end]
    between = {"start": asked.start.isoformat(), "end": asked.end.isoformat()}
    answer = await service.overview(context.pool, shop, OverviewQuery(**between, compare="previous"))
    assert tuple(getattr(answer, name) for name in SUMS) == total(within)
    assert isinstance(answer.previous, msgspec.Struct)
    before = [fact for fact in found if asked.before.start <= fact.at < asked.before.end]
    assert tuple(getattr(answer.previous, name) for name in SUMS) == total(before)
    at_home = await service.overview(context.pool, shop, OverviewQuery(**between, placement_id="home", strategy="auto"))
    of_home = [fact for fact in within if (fact.placement_id, fact.strategy) == ("home", "auto")]
    assert tuple(getattr(at_home, name) for name in SUMS) == total(of_home)
    await check_series(context, shop, within, asked, between)
    products = await top_products(context.pool, shop, ProductsQuery(**between, metric="revenue"))
    columns = ("impressions", "clicks", "conversions", "revenue", "attributed_conversions", "attributed_revenue")
    expected = {
        name: total([fact for fact in within if fact.product_id == name], *columns)
        for name in {fact.product_id for fact in within}
    }
    assert {row.product_id: tuple(getattr(row, column) for column in columns) for row in products} == {
        name: sums_ for name, sums_ in expected.items() if sums_[3] > 0
    }


async def check_series(
    context: Context, shop: service.Shop, within: Sequence[Fact], asked: Range, between: dict[str, str]
) -> None:
    for interval, key in (("day", day_of), ("hour", hour_of)):
        rows = [
            row
            async for part in service.export(context.pool, shop, ExportQuery(**between, interval=interval))
            for row in part
        ]
        shown = {
            (row["date"] or row["hour"], row["placement_id"], row["strategy"]): tuple(row[name] for name in SUMS)
            for row in rows
        }
        assert shown == sums(within, lambda fact, key=key: (key(fact, asked.zone), fact.placement_id, fact.strategy))
        for group, field in (("placementId", "placement_id"), ("strategy", "strategy"), (None, None)):
            query = TimeseriesQuery(**between, metric="revenue", interval=interval, group_by=group)
            values = {at_of(point, field): point.value for point in await service.timeseries(context.pool, shop, query)}
            plain = sums(
                within, lambda fact, key=key, field=field: (key(fact, asked.zone), field and getattr(fact, field))
            )
            assert {at: value for at, value in values.items() if value} == {
                at: each[3] for at, each in plain.items() if each[3]
            }
            assert len(values) % len(service.intervals(asked, interval)) == 0


def at_of(point: Point, field: str | None) -> tuple[Any, str | None]:
    """A point's day or hour, and its group."""
    return point.time.astimezone(UTC) if isinstance(point.time, datetime) else point.date, field and getattr(
        point, field
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    place=FEW(PLACES),
    window_hours=FEW([1, 24, 168]),
    batches=BATCHES,
    changes=st.lists(CHANGE, min_size=4, max_size=4),
    cut=st.tuples(OFFSETS, st.integers(1, 60 * HOUR_MS)),
)
async def test_every_figure_is_that_of_the_raw_events(
    place: tuple[str, str],
    window_hours: int,
    batches: Any,
    changes: Any,
    cut: tuple[int, int],
    context: Context,
    make_tenant: MakeTenant,
) -> None:
    await check_batches(context, make_tenant, place, window_hours, batches, changes, cut)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    batches=st.lists(st.tuples(st.lists(SALE, min_size=2, max_size=8), st.just(True)), min_size=2, max_size=4),
    changes=st.lists(CHANGE, min_size=4, max_size=4),
)
async def test_sales_of_one_product_and_their_returns_are_those_of_the_raw_events(
    batches: Any, changes: Any, context: Context, make_tenant: MakeTenant
) -> None:
    await check_batches(context, make_tenant, ("UTC", "2026-11-20"), 24, batches, changes, (0, HOUR_MS))


async def check_batches(
    context: Context,
    make_tenant: MakeTenant,
    place: tuple[str, str],
    window_hours: int,
    batches: Any,
    changes: Any,
    cut: tuple[int, int],
) -> None:
    zone = ZoneInfo(place[0])
    tenant = await make_tenant(timezone=place[0], attribution_window_hours=window_hours, currency="EUR")
    shop = await service.read_shop(context.pool, tenant.id)
    day = datetime.fromisoformat(place[1]).date()
    midnight = day_start(day, zone)
    whole = Range(day_start(day - timedelta(days=2), zone), day_start(day + timedelta(days=4), zone), zone)
    start = midnight + timedelta(milliseconds=cut[0])
    part = Range(start, start + timedelta(milliseconds=cut[1]), zone)
    sent: list[dict[str, Any]] = []
    shoppers = Shoppers(context.settings.database_url, tenant.id)
    for (batch, settled), change in zip(bodies(batches, int(midnight.timestamp() * 1000)), changes, strict=False):
        await send(context, tenant.id, batch)
        sent += batch
        if settled:
            await settle(context.pool, tenant.id)
        if change:
            await getattr(shoppers, change[0])(*change[1:])
        found = facts(tenant.id, sent, window_hours, "EUR", shoppers.joined, shoppers.robots)
        for asked in (whole, part):
            await check_everything(context, shop, found, asked)
    await settle(context.pool, tenant.id)
    await check_tables(context, shop, facts(tenant.id, sent, window_hours, "EUR", shoppers.joined, shoppers.robots))


async def check_tables(context: Context, shop: service.Shop, found: Sequence[Fact]) -> None:
    """The tables alone, and settling once more changes nothing."""
    plain = sums(found, lambda fact: (day_of(fact, shop.zone), fact.placement_id, fact.strategy))
    for _ in range(2):
        rows = await fetch(
            context.settings.database_url, "SELECT * FROM analytics_daily WHERE tenant_id = $1", shop.tenant_id
        )
        assert {
            (row["date"], row["placement_id"], row["strategy"]): tuple(row[name] for name in SUMS) for row in rows
        } == plain
        assert await settle(context.pool, shop.tenant_id) == 0
