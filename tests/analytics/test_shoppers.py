"""Figures are of shoppers: a joined id is its user's, a robot's events count for nothing; what is settled follows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recomengine.analytics import queries, service
from recomengine.analytics.aggregate import settle
from recomengine.analytics.live import live
from recomengine.analytics.products.service import top_products
from recomengine.analytics.schemas import Overview, OverviewQuery, ProductsQuery
from recomengine.context import Context
from recomengine.infra.redis import RedisClient
from tests.support.apps import DEAD_REDIS, MakeTenant
from tests.support.shoppers import Shoppers
from tests.support.shops import send

DAY = "2026-06-01"
LINK = {"placementId": "home", "strategy": "auto", "recommendationId": "r1"}


class Counter:
    """A shop of some events on one day, and its figures."""

    def __init__(self, context: Context, shop: service.Shop) -> None:
        self.context, self.shop = context, shop
        self.shoppers = Shoppers(context.settings.database_url, shop.tenant_id)

    async def send(self, kind: str, user: str, at: str, **metadata: Any) -> None:
        event = {"eventType": kind, "userId": user, "productId": "kettle", "timestamp": f"{DAY}T{at}:00Z"}
        await send(self.context, self.shop.tenant_id, [event | {"metadata": metadata}])

    async def settle(self) -> int:
        return await settle(self.context.pool, self.shop.tenant_id)

    async def due(self) -> bool:
        due = await queries.analytics_due(self.context.pool, datetime.now(UTC) - timedelta(hours=1))
        return self.shop.tenant_id in due

    async def figures(self) -> Overview:
        return await service.overview(self.context.pool, self.shop, OverviewQuery(start=DAY, end=DAY))


@pytest.fixture
async def counter(context: Context, make_tenant: MakeTenant) -> Counter:
    tenant = await make_tenant(currency="EUR")
    return Counter(context, await service.read_shop(context.pool, tenant.id))


async def credited(counter: Counter) -> tuple[int, Any]:
    figures = await counter.figures()
    return figures.attributed_conversions, figures.attributed_revenue


@pytest.mark.parametrize("guest_clicks", [True, False])
async def test_a_sale_is_credited_to_the_click_that_the_same_person_made_under_another_id(
    counter: Counter, guest_clicks: bool
) -> None:
    clicks, buys = ("guest", "ann") if guest_clicks else ("ann", "guest")
    await counter.send("click", clicks, "10:00", **LINK)
    await counter.send("purchase", buys, "11:00", price=30, orderId="A1")
    await counter.settle()
    assert await credited(counter) == (0, 0)
    await counter.shoppers.join("guest", "ann")
    assert await credited(counter) == (1, 30), "at once"
    assert await counter.due()
    await counter.settle()
    assert await credited(counter) == (1, 30)
    assert not await counter.due()


async def test_two_guests_who_turn_out_to_be_one_person_share_their_clicks(counter: Counter) -> None:
    await counter.send("click", "phone", "10:00", **LINK)
    await counter.send("purchase", "tablet", "11:00", price=30)
    await counter.shoppers.join("phone", "ann")
    await counter.shoppers.join("tablet", "ann")
    assert await credited(counter) == (1, 30)


async def test_a_join_that_is_undone_takes_its_credit_back(counter: Counter) -> None:
    await counter.shoppers.join("guest", "ann")
    await counter.send("click", "guest", "10:00", **LINK)
    await counter.send("purchase", "ann", "11:00", price=30)
    await counter.settle()
    assert await credited(counter) == (1, 30)
    await counter.shoppers.part("guest")
    assert await credited(counter) == (0, 0)
    assert await counter.settle() == 1
    assert await credited(counter) == (0, 0)


async def test_a_join_computes_only_those_days_anew_that_it_changes(counter: Counter) -> None:
    await counter.send("click", "guest", "10:00", **LINK)
    await counter.send("purchase", "guest", "11:00", price=30)
    await counter.send("view", "ann", "12:00")
    await counter.settle()
    await counter.shoppers.join("guest", "ann")
    assert await counter.settle() == 0


async def test_a_robots_events_count_for_nothing_whether_it_is_marked_before_or_after(counter: Counter) -> None:
    await counter.send("impression", "ann", "09:00")
    await counter.send("impression", "crawler", "09:00")
    await counter.send("click", "crawler", "10:00", **LINK)
    await counter.send("purchase", "crawler", "11:00", price=30, orderId="A1")
    await counter.send("purchase", "ann", "12:00", price=5, orderId="A1")
    await counter.settle()
    with_it = await counter.figures()
    assert (with_it.impressions, with_it.conversions, with_it.revenue, with_it.orders) == (2, 2, 35, 1)
    await counter.shoppers.mark("crawler")
    for _ in range(2):
        without = await counter.figures()
        assert (without.impressions, without.clicks, without.conversions) == (1, 0, 1)
        assert (without.revenue, without.orders) == (5, 1), "ann's line is the order's first now"
        products = await top_products(counter.context.pool, counter.shop, ProductsQuery(start=DAY, end=DAY))
        assert [(row.product_id, row.conversions) for row in products] == [("kettle", 1)]
        await counter.settle()
    await counter.shoppers.clear("crawler")
    assert await counter.due()
    await counter.settle()
    assert await counter.figures() == with_it
    assert not await counter.due()


async def test_what_is_joined_with_a_robot_is_a_robots(counter: Counter) -> None:
    await counter.send("impression", "crawler-account", "09:00")
    await counter.send("impression", "crawler-phone", "09:00")
    await counter.shoppers.mark("crawler-phone")
    await counter.settle()
    assert (await counter.figures()).impressions == 1
    await counter.shoppers.join("crawler-phone", "crawler-account")
    await counter.settle()
    assert (await counter.figures()).impressions == 0


async def test_events_that_say_that_they_are_a_bots_count_for_nothing(counter: Counter) -> None:
    await counter.send("impression", "ann", "09:00", bot=True)
    await counter.send("click", "ann", "10:00", **LINK, bot=True)
    await counter.send("purchase", "ann", "11:00", price=30, orderId="A1", bot=False)
    await counter.send("purchase", "ann", "11:30", price=30, orderId="A2", bot=True)
    await counter.send("return", "ann", "12:00", price=30, orderId="A1", bot=True)
    for _ in range(2):
        figures = await counter.figures()
        assert (figures.impressions, figures.clicks, figures.conversions, figures.revenue) == (0, 0, 1, 30)
        assert (figures.attributed_conversions, figures.returns) == (0, 0)
        await counter.settle()


async def test_today_counted_from_the_events_leaves_robots_out_and_deducts_returns(counter: Counter) -> None:
    now = datetime.now(UTC).isoformat()
    kettle = {"productId": "kettle", "timestamp": now}
    await send(counter.context, counter.shop.tenant_id, [
        {"eventType": "purchase", "userId": "ann", **kettle, "metadata": {"price": 30, "orderId": "A1"}},
        {"eventType": "return", "userId": "ann", **kettle, "metadata": {"price": 10, "orderId": "A1"}},
        {"eventType": "click", "userId": "crawler", **kettle},
        {"eventType": "click", "userId": "ann", **kettle, "metadata": {"bot": True}},
        {"eventType": "click", "userId": "ann", "productId": "cup", "timestamp": now},
    ])  # fmt: skip
    await counter.shoppers.mark("crawler")
    redis = RedisClient(DEAD_REDIS)
    answer = await live(counter.context.pool, redis, counter.shop, reconcile=False)
    await redis.close()
    assert (answer.source, answer.clicks, answer.conversions, answer.revenue) == ("events", 1, 1, 20)
