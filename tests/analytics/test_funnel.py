"""From impressions to purchases: what recommendations led to, in events and in shoppers."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from recomengine.analytics import queries
from recomengine.context import ANALYTICS_CONNECTIONS, COUNTING_CONNECTIONS, Context
from tests.support.people import Person

DAY = "2026-11-10"


@pytest.fixture
async def shop(ann: Person) -> str:
    return await ann.make_tenant(currency="EUR", attributionWindowHours=2)


def event(kind: str, clock: str, user: str, product: str = "boot", **metadata: Any) -> dict[str, Any]:
    return {
        "eventType": kind, "userId": user, "productId": product, "timestamp": f"{DAY}T{clock}:00Z",
        "metadata": metadata,
    }  # fmt: skip


HOME, CART = {"placementId": "home", "strategy": "auto"}, {"placementId": "cart", "strategy": "trending"}
A_DAY = [
    event("impression", "09:00", "ann", **HOME), event("impression", "09:00", "ann", "sock", **HOME),
    event("impression", "09:00", "bob", **CART), event("impression", "09:00", "eve", **HOME),
    event("click", "09:10", "ann", **HOME), event("click", "09:11", "ann", **HOME),
    event("click", "09:10", "bob", **CART), event("click", "09:12", "eve", "hat"),  # in no recommendation
    event("add_to_cart", "09:20", "ann"), event("add_to_cart", "09:20", "bob"),
    event("add_to_cart", "09:20", "eve", "hat"),
    event("add_to_cart", "11:30", "bob", "boot"),  # long after the click
    event("purchase", "10:00", "ann", price=10), event("purchase", "08:00", "bob", price=10),  # before the click
]  # fmt: skip


async def post(ann: Person, shop: str, *events: dict[str, Any]) -> str:
    key = str((await ann.make_key(shop))["key"])
    sent = await ann.client.post(
        "/api/v1/events/batch", json={"events": list(events)}, headers={"Authorization": f"Bearer {key}"}
    )
    assert sent.json()["data"]["accepted"] == len(events), sent.text
    return key


async def steps(ann: Person, shop: str, query: str = "") -> list[tuple[str, int, int]]:
    answer = await ann.call("GET", f"/api/v1/tenants/{shop}/analytics/funnel?from={DAY}&to={DAY}{query}")
    assert answer.status_code == 200, answer.text
    return [(step["eventType"], step["events"], step["shoppers"]) for step in answer.json()["data"]["steps"]]


async def test_each_step_counts_events_and_shoppers_and_later_ones_only_what_a_click_led_to(
    ann: Person, shop: str
) -> None:
    await post(ann, shop, *A_DAY)
    assert await steps(ann, shop) == [
        ("impression", 4, 3), ("click", 3, 2), ("add_to_cart", 2, 2), ("purchase", 1, 1),
    ]  # fmt: skip
    overview = (await ann.call("GET", f"/api/v1/tenants/{shop}/analytics/overview?from={DAY}&to={DAY}")).json()["data"]
    assert (overview["impressions"], overview["attributedConversions"]) == (4, 1)


async def test_a_funnel_can_be_that_of_a_placement_and_a_strategy(ann: Person, shop: str) -> None:
    await post(ann, shop, *A_DAY)
    cart = [("impression", 1, 1), ("click", 1, 1), ("add_to_cart", 1, 1), ("purchase", 0, 0)]
    assert await steps(ann, shop, "&placementId=cart") == cart
    assert await steps(ann, shop, "&strategy=trending") == cart
    assert await steps(ann, shop, "&placementId=home&strategy=auto") == [
        ("impression", 3, 2), ("click", 2, 1), ("add_to_cart", 1, 1), ("purchase", 1, 1),
    ]  # fmt: skip
    assert await steps(ann, shop, "&placementId=cart&strategy=auto") == [
        (kind, 0, 0) for kind in ("impression", "click", "add_to_cart", "purchase")
    ]


async def test_joined_ids_are_one_shopper_and_robots_are_none(ann: Person, shop: str) -> None:
    key = await post(
        ann, shop, *A_DAY, event("click", "09:30", "guest", "sock", **HOME), event("purchase", "09:40", "ann", "sock"),
        event("impression", "09:00", "spider", **HOME), event("impression", "09:00", "eve", "hat", bot=True, **HOME),
    )  # fmt: skip
    joined = await ann.client.post(
        "/api/v1/users/ann/aliases", json={"anonymousId": "guest"}, headers={"Authorization": f"Bearer {key}"}
    )
    assert joined.status_code in (200, 201), joined.text
    marked = await ann.call("PUT", f"/api/v1/tenants/{shop}/robots/spider", {})
    assert marked.status_code in (200, 201, 204), marked.text
    assert await steps(ann, shop) == [
        ("impression", 4, 3), ("click", 4, 2), ("add_to_cart", 2, 2), ("purchase", 2, 1),
    ]  # fmt: skip


async def test_a_funnel_that_takes_too_long_is_promised_for_later(
    ann: Person, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*_: Any, **__: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr(queries, "read_funnel", slow)
    refused = await ann.call("GET", f"/api/v1/tenants/{shop}/analytics/funnel")
    assert (refused.status_code, refused.json()["code"]) == (503, "figures_pending")


async def test_funnels_that_count_for_long_hold_up_no_other_figures_and_promise_the_next_one(
    ann: Person, shop: str, context: Context
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(COUNTING_CONNECTIONS):
            await stack.enter_async_context(context.counting_pool.acquire())
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(ann.call("GET", f"/api/v1/tenants/{shop}/analytics/funnel"))
                for _ in range(2 * ANALYTICS_CONNECTIONS)
            ]
            shown = await ann.call("GET", f"/api/v1/tenants/{shop}/analytics/overview")
            assert (shown.status_code, any(task.done() for task in asked)) == (200, False)
    refused = [task.result() for task in asked]
    assert {(each.status_code, each.json().get("code")) for each in refused} == {(503, "figures_pending")}
    assert await steps(ann, shop) == [(kind, 0, 0) for kind in ("impression", "click", "add_to_cart", "purchase")]
