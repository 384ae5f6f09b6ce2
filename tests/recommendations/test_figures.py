"""What was counted behind each line: pairs, the shopper's own, what is in demand; and nothing where nothing was."""

from itertools import pairwise
from typing import Any

import httpx
import pytest

from recomengine.context import Context
from tests.support.apps import MakeTenant, Tenant
from tests.support.lists import SHOP, answer, history, post_event
from tests.support.shops import build, fill_catalog

Evidence = dict[str, Any]


@pytest.fixture
def exclude_purchased() -> str:
    return "never"


def sequences(event_type: str) -> list[set[str]]:
    """What each shopper's events of one type are about: in this shop a basket is an order, a visit a shopper's day."""
    groups: dict[str, set[str]] = {}
    for event in history():
        if event["eventType"] == event_type:
            group = event["metadata"]["orderId"] if event_type == "purchase" else event["userId"]
            groups.setdefault(group, set()).add(event["productId"])
    return list(groups.values())


def counted(groups: list[set[str]], one: str, other: str) -> tuple[int, float]:
    with_one = sum(one in group for group in groups)
    with_other = sum(other in group for group in groups)
    both = sum({one, other} <= group for group in groups)
    return both, round(both * len(groups) / (with_one * with_other), 3) if both else 0.0


async def evidence(client: httpx.AsyncClient, tenant: Tenant, **asked: Any) -> dict[str, Evidence]:
    body = await answer(client, tenant, limit=100, **asked)
    return {line["productId"]: line["evidence"] for line in body["data"]}


async def test_orders_with_both_products_are_counted_and_compared_with_chance(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    found = await evidence(client, tenant, productId="boot2", strategy="frequently_bought_together")
    pairs = {product: one for product, one in found.items() if one["kind"] == "bought_together"}
    assert "sock2" in pairs
    for product, one in pairs.items():
        assert (one["count"], one["lift"]) == counted(sequences("purchase"), "boot2", product)


async def test_visits_with_both_products_are_counted_and_compared_with_chance(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    # A shopper's purchases are one more sequence, of the same products.
    groups = 2 * sequences("view")
    found = await evidence(client, tenant, productId="mug2", strategy="collaborative")
    pairs = {product: one for product, one in found.items() if one["kind"] == "collaborative"}
    assert pairs
    for product, one in pairs.items():
        both, lift = counted(groups, "mug2", product)
        assert (one.get("count", 0), one.get("lift", 0.0)) == (both, lift)


async def test_what_is_in_demand_says_how_many_shoppers_there_were(client: httpx.AsyncClient, tenant: Tenant) -> None:
    shoppers: dict[str, set[str]] = {}
    for event in history():
        shoppers.setdefault(event["productId"], set()).add(event["userId"])
    for strategy in ("popular", "trending"):
        found = await evidence(client, tenant, strategy=strategy)
        assert {one["kind"] for one in found.values()} <= {"popular", "trending"}
        for product, one in found.items():
            assert one.get("count", 0) == len(shoppers.get(product, ()))
            assert "lift" not in one


@pytest.mark.parametrize("built", [False, True])
async def test_the_shoppers_own_says_how_many_times(
    built: bool, client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    start = 1_760_000_000_000
    for place, product in enumerate(["mug1", "mug1", "bean1", "mug1"]):
        at = {"timestamp": start + place * 3_600_000}
        await post_event(client, tenant, "view", "ann", product, **at)
        await post_event(client, tenant, "purchase", "ann", product, metadata={"orderId": f"o{place}"}, **at)
    if built:
        await build(context, tenant.id)
    for strategy in ("recently_viewed", "buy_again"):
        found = await evidence(client, tenant, userId="ann", strategy=strategy)
        assert (found["mug1"]["count"], found["bean1"]["count"]) == (3, 1)


async def test_a_cached_list_says_the_same(client: httpx.AsyncClient, tenant: Tenant) -> None:
    answers = [await answer(client, tenant, productId="boot2", limit=5) for _ in range(20)]
    assert any(body["meta"]["cached"] for body in answers)
    assert all(one["data"] == other["data"] for one, other in pairwise(answers))
    assert any("lift" in line["evidence"] for line in answers[0]["data"])


async def test_a_shop_without_a_model_counts_nothing_but_the_shoppers_own(
    client: httpx.AsyncClient, context: Context, make_tenant: MakeTenant
) -> None:
    bare = await make_tenant()
    await fill_catalog(context, bare.id, SHOP)
    await post_event(client, bare, "view", "ann", "mug1")
    found = await evidence(client, bare, userId="ann", strategy="recently_viewed")
    assert found.pop("mug1")["count"] == 1
    assert not any("count" in one or "lift" in one for one in found.values())
