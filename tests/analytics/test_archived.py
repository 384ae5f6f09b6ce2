"""Figures outlive their events: what was computed from archived ones stays, and what is not archived goes on being
exact.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recomengine.analytics import service
from recomengine.analytics.aggregate import settle
from recomengine.analytics.products.service import top_products
from recomengine.analytics.ranges import HOUR, Range, day_start, floor_of
from recomengine.analytics.schemas import ExportQuery, OverviewQuery, ProductsQuery
from recomengine.context import Context
from tests.analytics.reference import SUMS, Fact, day_of, facts, hour_of, sums, total
from tests.support.apps import MakeTenant
from tests.support.databases import execute
from tests.support.figures import EVENT, FEW, bodies
from tests.support.shops import send

ARCHIVE = """
WITH gone AS (DELETE FROM events WHERE tenant_id = $1 RETURNING timestamp)
INSERT INTO archived_events (tenant_id, month, newest) SELECT $1, '2025-01-01',
    max(timestamp) FROM gone HAVING count(*) > 0
"""
"""What archiving does to a tenant whose events are all of one month."""
CONFIGURE = "UPDATE tenants SET config = config || $2 WHERE id = $1"
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
WHOLE = Range(MIDNIGHT - timedelta(days=3), MIDNIGHT + timedelta(days=5), ZoneInfo("UTC"))
BETWEEN = {"start": WHOLE.start.isoformat(), "end": WHOLE.end.isoformat()}


def plain(batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without orders: a line whose order's first line is archived cannot know it."""
    for event in batch:
        event["metadata"].pop("orderId", None)
    return batch


def expected(tenant_id: Any, before: list[Any], after: list[Any], window_hours: int) -> list[Fact]:
    """Facts of hours before the floor as they were when all was there, and of later ones as they are."""
    old = facts(tenant_id, before, window_hours, "EUR")
    newest = max(event["timestamp"] for event in before)
    floor = floor_of(datetime.fromtimestamp(newest / 1000, UTC), window_hours, WHOLE.zone)
    new = facts(tenant_id, after, window_hours, "EUR")
    return [fact for fact in old if hour_of(fact, WHOLE.zone) < floor] + [
        fact for fact in new if hour_of(fact, WHOLE.zone) >= floor
    ]


async def by_hour(context: Context, shop: service.Shop) -> dict[Any, Any]:
    rows = [
        row
        async for part in service.export(context.pool, shop, ExportQuery(**BETWEEN, interval="hour"))
        for row in part
    ]
    return {(row["hour"], row["placement_id"], row["strategy"]): tuple(row[name] for name in SUMS) for row in rows}


async def check(context: Context, shop: service.Shop, found: list[Fact]) -> None:
    answer = await service.overview(context.pool, shop, OverviewQuery(**BETWEEN))
    assert tuple(getattr(answer, name) for name in SUMS) == total(found)
    assert await by_hour(context, shop) == sums(
        found, lambda fact: (hour_of(fact, WHOLE.zone), fact.placement_id, fact.strategy)
    )


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    window_hours=FEW([1, 24]),
    old=st.lists(EVENT, min_size=1, max_size=12),
    new=st.lists(EVENT, max_size=12),
    late=st.booleans(),
)
async def test_late_events_change_only_what_can_be_computed_anew(
    window_hours: int, old: Any, new: Any, late: bool, context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant(timezone="UTC", attribution_window_hours=window_hours, currency="EUR")
    shop = await service.read_shop(context.pool, tenant.id)
    batches = bodies([(old, True), (new, True)], int(MIDNIGHT.timestamp() * 1000))
    before, after = plain(batches[0][0]), plain(batches[1][0][1:])
    await send(context, tenant.id, before)
    await settle(context.pool, tenant.id)
    await execute(context.settings.database_url, ARCHIVE, tenant.id)
    if after:
        await send(context, tenant.id, after)
    if late:
        await settle(context.pool, tenant.id)
    found = expected(tenant.id, before, after, window_hours)
    await check(context, shop, found)
    await settle(context.pool, tenant.id)
    await check(context, shop, found)


@pytest.fixture
async def archived(context: Context, make_tenant: MakeTenant) -> tuple[Any, list[Fact]]:
    """(a tenant with a day of archived events and an event from after the floor, the facts of all of them)."""
    tenant = await make_tenant(timezone="UTC", attribution_window_hours=24, currency="EUR")
    metadata = {"price": 10, "quantity": 2, "placementId": "home"}
    at = int(MIDNIGHT.timestamp() * 1000)
    before = [
        {"eventId": f"e{hour}", "eventType": "purchase" if hour % 2 else "click", "userId": "ann", "productId": "boot",
         "timestamp": at + hour * 3_600_000, "metadata": metadata}
        for hour in range(24)
    ]  # fmt: skip
    await send(context, tenant.id, before)
    await settle(context.pool, tenant.id)
    await execute(context.settings.database_url, ARCHIVE, tenant.id)
    later = {"eventId": "later", "eventType": "purchase", "userId": "ann", "productId": "boot",
    "timestamp": at + 60 * 3_600_000,
             "metadata": {"price": 5}}  # fmt: skip
    await send(context, tenant.id, [later])
    await settle(context.pool, tenant.id)
    return tenant, facts(tenant.id, [*before, later], 24, "EUR")


@pytest.mark.parametrize("change", [{"attributionWindowHours": 1}, {"currency": "USD"}, {"timezone": "Asia/Kolkata"}])
@pytest.mark.parametrize("settled", [False, True])
async def test_another_configuration_leaves_what_is_archived_as_it_was(
    change: dict[str, Any], settled: bool, context: Context, archived: Any
) -> None:
    tenant, found = archived
    await execute(context.settings.database_url, CONFIGURE, tenant.id, msgspec.json.encode(change).decode())
    shop = await service.read_shop(context.pool, tenant.id)
    for _ in range(2 if settled else 0):
        await settle(context.pool, tenant.id)
    answer = await service.overview(context.pool, shop, OverviewQuery(**BETWEEN))
    assert tuple(getattr(answer, name) for name in SUMS) == total(found)
    old = MIDNIGHT + 24 * HOUR
    rows = {key: value for key, value in (await by_hour(context, shop)).items() if key[0] < old}
    assert rows == sums(
        [fact for fact in found if fact.at < old],
        lambda fact: (hour_of(fact, WHOLE.zone), fact.placement_id, fact.strategy),
    )


async def test_products_of_archived_days_stay(context: Context, archived: Any) -> None:
    tenant, found = archived
    shop = await service.read_shop(context.pool, tenant.id)
    late = {"eventId": "late", "eventType": "purchase", "userId": "bob", "productId": "boot",
    "timestamp": int(MIDNIGHT.timestamp() * 1000) + 1,
            "metadata": {"price": 99}}  # fmt: skip
    await send(context, tenant.id, [late])
    for _ in range(2):
        rows = await top_products(context.pool, shop, ProductsQuery(**BETWEEN))
        assert [(row.product_id, row.revenue) for row in rows] == [("boot", total(found, "revenue")[0])]
        await settle(context.pool, tenant.id)
    day = await service.overview(context.pool, shop, OverviewQuery(start="2026-11-20", end="2026-11-20"))
    assert day.revenue == total([fact for fact in found if day_of(fact, WHOLE.zone) == MIDNIGHT.date()], "revenue")[0]
    assert day_start(MIDNIGHT.date(), WHOLE.zone) == MIDNIGHT


async def test_a_range_cannot_cut_an_archived_hour(context: Context, archived: Any) -> None:
    tenant, _ = archived
    shop = await service.read_shop(context.pool, tenant.id)
    cut = OverviewQuery(start=(MIDNIGHT + HOUR / 2).isoformat(), end=(MIDNIGHT + 3 * HOUR / 2).isoformat())
    assert (await service.overview(context.pool, shop, cut)).conversions == 1, (
        "the hour that begins in the range, whole"
    )
