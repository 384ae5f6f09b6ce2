"""What shoppers send back is deducted at its own time: never more than was paid, where the sale was credited."""

from decimal import Decimal
from typing import Any

import pytest

from recomengine.analytics import service
from recomengine.analytics.aggregate import settle
from recomengine.analytics.products.service import top_products
from recomengine.analytics.schemas import ExportQuery, Overview, OverviewQuery, ProductsQuery, TimeseriesQuery
from recomengine.context import Context
from tests.support.apps import MakeTenant
from tests.support.databases import execute
from tests.support.shops import send

MONDAY, TUESDAY, WEDNESDAY = "2026-06-01", "2026-06-02", "2026-06-03"
ALL = OverviewQuery(start=MONDAY, end=WEDNESDAY)


class Till:
    """A shop's purchases and returns, and its figures."""

    def __init__(self, context: Context, shop: service.Shop) -> None:
        self.context, self.shop = context, shop

    async def send(self, kind: str, day: str, user: str = "ann", product: str = "kettle", **metadata: Any) -> None:
        event = {"eventType": kind, "userId": user, "productId": product, "timestamp": f"{day}T12:00:00Z"}
        await send(self.context, self.shop.tenant_id, [event | {"metadata": metadata}])

    async def settle(self) -> int:
        return await settle(self.context.pool, self.shop.tenant_id)

    async def day(self, day: str) -> Overview:
        return await service.overview(self.context.pool, self.shop, OverviewQuery(start=day, end=day))

    async def revenue(self) -> list[Decimal]:
        query = TimeseriesQuery(start=MONDAY, end=WEDNESDAY, metric="revenue")
        return [point.value for point in await service.timeseries(self.context.pool, self.shop, query)]

    async def total(self) -> Overview:
        return await service.overview(self.context.pool, self.shop, ALL)


@pytest.fixture
async def till(context: Context, make_tenant: MakeTenant) -> Till:
    tenant = await make_tenant(currency="EUR")
    return Till(context, await service.read_shop(context.pool, tenant.id))


@pytest.mark.parametrize("settled", [False, True])
async def test_a_return_is_deducted_on_its_own_day_which_may_be_below_zero(till: Till, settled: bool) -> None:
    await till.send("purchase", MONDAY, price=40, quantity=2, orderId="A1")
    await till.send("return", WEDNESDAY, price=40, quantity=1, orderId="A1")
    if settled:
        await till.settle()
    assert await till.revenue() == [80, 0, -40]
    day = await till.day(WEDNESDAY)
    assert (day.conversions, day.orders, day.returns, day.returned_revenue, day.average_order_value) == (0, 0, 1, 40, 0)
    total = await till.total()
    assert (total.revenue, total.conversions, total.orders, total.average_order_value) == (40, 1, 1, 40)
    products = await top_products(
        till.context.pool, till.shop, ProductsQuery(start=MONDAY, end=WEDNESDAY, metric="revenue")
    )
    assert [(row.product_id, row.revenue, row.conversions) for row in products] == [("kettle", 40, 1)]


async def test_a_return_without_a_price_is_worth_its_share_of_the_line(till: Till) -> None:
    await till.send("purchase", MONDAY, price=19.99, quantity=3, orderId="A1")
    await till.send("return", TUESDAY, quantity=2, orderId="A1")
    assert await till.revenue() == [Decimal("59.97"), Decimal("-39.98"), 0]


async def test_an_order_gives_back_no_more_than_was_paid_for_the_product(till: Till) -> None:
    await till.send("purchase", MONDAY, price=10, quantity=2, orderId="A1")
    await till.send("purchase", MONDAY, product="cup", price=5, orderId="A1")
    await till.send("return", TUESDAY, price=15, orderId="A1", lineId="first")
    await till.send("return", WEDNESDAY, price=15, orderId="A1", lineId="second")
    assert await till.revenue() == [25, -15, -5]
    assert ((await till.total()).returns, (await till.total()).unmatched_returns) == (2, 0)


async def test_a_return_that_names_no_known_order_is_of_what_its_shopper_bought(till: Till) -> None:
    await till.send("purchase", MONDAY, price=10, quantity=2, orderId="A1")
    await till.send("purchase", MONDAY, user="bob", price=10, orderId="A2")
    await till.send("return", TUESDAY, price=10, quantity=1, orderId="credit-note-7")
    await till.send("return", WEDNESDAY, price=10, quantity=3)
    assert await till.revenue() == [30, -10, -10], "the last one takes what ann has left, and nothing of bob's"


async def test_a_return_of_nothing_known_is_counted_and_deducts_nothing(till: Till) -> None:
    await till.send("return", TUESDAY, price=10, orderId="unheard-of")
    await till.send("purchase", WEDNESDAY, price=10, orderId="A1")
    total = await till.total()
    assert (total.revenue, total.returns, total.unmatched_returns, total.returned_revenue) == (10, 1, 1, 0)


async def test_money_of_another_currency_is_not_deducted(till: Till) -> None:
    await till.send("purchase", MONDAY, price=10, orderId="A1")
    await till.send("purchase", MONDAY, price=10, orderId="A2", currency="USD")
    await till.send("return", TUESDAY, price=10, orderId="A2", currency="USD")
    await till.send("return", WEDNESDAY, price=10, orderId="A1", currency="USD")
    assert await till.revenue() == [10, 0, 0]


async def test_a_return_is_deducted_where_its_sale_was_credited(till: Till) -> None:
    await till.send("click", MONDAY, placementId="home", strategy="auto", recommendationId="r1")
    await till.send("purchase", MONDAY, price=30, orderId="A1")
    await till.send("return", TUESDAY, price=12, orderId="A1")
    rows = [
        row async for part in service.export(till.context.pool, till.shop, ExportQuery(start=TUESDAY, end=TUESDAY))
        for row in part
    ]  # fmt: skip
    assert [(row["placement_id"], row["strategy"]) for row in rows] == [("home", "auto")]
    assert (rows[0]["revenue"], rows[0]["attributed_revenue"], rows[0]["returns"]) == (-12, -12, 1)
    total = await till.total()
    assert (total.attributed_conversions, total.attributed_revenue) == (1, 18)


async def test_a_sale_that_arrives_after_its_return_changes_the_days_that_were_settled(till: Till) -> None:
    await till.send("return", WEDNESDAY, price=10, orderId="A1")
    await till.settle()
    assert (await till.day(WEDNESDAY)).unmatched_returns == 1
    await till.send("purchase", MONDAY, price=10, orderId="A1")
    assert await till.settle() == 2
    assert await till.revenue() == [10, 0, -10]
    assert (await till.day(WEDNESDAY)).unmatched_returns == 0


async def test_a_late_click_moves_the_return_with_its_sale(till: Till) -> None:
    await till.send("purchase", TUESDAY, price=10, orderId="A1")
    await till.send("return", WEDNESDAY, user="desk", price=10, orderId="A1")
    await till.settle()
    assert (await till.day(WEDNESDAY)).attributed_revenue == 0
    await till.send("click", MONDAY, placementId="home", recommendationId="r1")
    await till.settle()
    assert (await till.day(WEDNESDAY)).attributed_revenue == -10


async def test_a_return_of_an_archived_sale_is_counted_as_unmatched(till: Till) -> None:
    await till.send("purchase", MONDAY, price=10, orderId="A1")
    await till.settle()
    await execute(
        till.context.settings.database_url,
        """WITH gone AS (DELETE FROM events WHERE tenant_id = $1 RETURNING timestamp)
           INSERT INTO archived_events (tenant_id, month, newest) SELECT $1, '2026-06-01', max(timestamp) FROM gone""",
        till.shop.tenant_id,
    )
    event = {"eventType": "return", "userId": "ann", "productId": "kettle", "timestamp": "2026-06-20T12:00:00Z",
             "metadata": {"price": 10, "orderId": "A1"}}  # fmt: skip
    await send(till.context, till.shop.tenant_id, [event])
    await till.settle()
    assert (await till.day(MONDAY)).revenue == 10
    later = await till.day("2026-06-20")
    assert (later.revenue, later.returns, later.unmatched_returns) == (0, 1, 1)


async def test_what_is_dated_before_1900_is_deducted_from_nothing(till: Till) -> None:
    await till.send("purchase", "1899-12-31", price=10, orderId="A1")
    await till.send("return", TUESDAY, price=10, orderId="A1")
    assert ((await till.total()).revenue, (await till.total()).unmatched_returns) == (0, 1)


async def test_what_came_back_by_its_order_does_not_come_back_again(till: Till) -> None:
    await till.send("purchase", MONDAY, price=10, orderId="A1")
    await till.send("purchase", TUESDAY, price=4, orderId="A2")
    await till.send("return", TUESDAY, price=14, orderId="credit-note")
    await till.send("return", WEDNESDAY, price=10, orderId="A1")
    assert await till.revenue() == [10, 0, -10]


async def test_a_return_by_another_id_changes_the_settled_day_of_who_bought(till: Till) -> None:
    await till.send("purchase", MONDAY, price=10, orderId="A1")
    await till.send("return", TUESDAY, price=10, orderId="credit-note")
    await till.settle()
    assert await till.revenue() == [10, -10, 0]
    await till.send("return", WEDNESDAY, user="desk", price=10, orderId="A1")
    await till.settle()
    assert await till.revenue() == [10, 0, -10]
