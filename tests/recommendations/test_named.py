"""Named lists: each in its plain order, within the filters of any request, and filled up by popularity."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pytest
from starlette.applications import Starlette

from recomengine.catalog.live import LiveCatalog
from recomengine.context import Context
from recomengine.models.shopper import NOBODY
from recomengine.recommendations.named import NAMED_LISTS, newest
from recomengine.shop import TenantConfig
from tests.support.apps import MakeTenant, Tenant, bearer, client_of
from tests.support.lists import PATH, SHOP, answer, ids, post_event, stock
from tests.support.shops import build, fill_catalog, until

IDS = [item["productId"] for item in SHOP]
FITS: list[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]] = [
    ({}, lambda item: True),
    ({"category": "Coffee"}, lambda item: item["category"].startswith("Coffee")),
    ({"category": ["Coffee > Mug", "Hiking > Boot"]},
        lambda item: item["category"] in {"Coffee > Mug", "Hiking > Boot"}),
    ({"minPrice": 20, "maxPrice": 60}, lambda item: 20 <= item["price"] <= 60),
    ({"exclude": ["mug1", "boot1"]}, lambda item: item["productId"] not in {"mug1", "boot1"}),
    ({"productId": "mug1"}, lambda item: item["productId"] != "mug1"),
]  # fmt: skip


@pytest.fixture
def exclude_purchased() -> str:
    return "never"


def own(body: dict[str, Any], kind: str) -> list[str]:
    """The products that stand there for what the list is about."""
    return [line["productId"] for line in body["data"] if line["evidence"]["kind"] == kind]


@pytest.mark.parametrize(("fields", "fits"), FITS)
async def test_each_list_is_the_plain_order_of_what_fits_filled_up_by_popularity(
    fields: dict[str, Any], fits: Callable[[dict[str, Any]], bool], client: httpx.AsyncClient, context: Context,
    tenant: Tenant,
) -> None:  # fmt: skip
    seen, bought = ["mug1", "boot1", "lace5", "mug1", "bean7"], ["mug4", "boot1", "mug4", "lace6"]
    for product_id in seen:
        await post_event(client, tenant, "view", "ann", product_id)
    for product_id in bought:
        await post_event(client, tenant, "purchase", "ann", product_id)
    await client.patch("/api/v1/catalog/lace5", json={"available": False}, headers=bearer(tenant.read_write))
    await context.catalogs.update()
    popular = ids(await answer(client, tenant, strategy="popular", limit=100))
    orders = {
        "recently_viewed": seen[::-1], "buy_again": bought[::-1], "new_arrivals": [*popular, *IDS],
        "popular": popular,
    }  # fmt: skip
    fitting = {item["productId"] for item in SHOP if fits(item)} - {"lace5"}
    for strategy, order in orders.items():
        wanted = [product_id for product_id in dict.fromkeys([*order, *popular]) if product_id in fitting]
        body = await answer(client, tenant, userId="ann", strategy=strategy, limit=100, **fields)
        assert ids(body) == wanted
        first = await answer(client, tenant, userId="ann", strategy=strategy, limit=2, **fields)
        assert ids(first) == wanted[:2]
        kind = NAMED_LISTS[strategy].source.kind.name
        if strategy in ("recently_viewed", "buy_again"):
            assert own(body, kind) == [each for each in dict.fromkeys(order) if each in fitting]
            assert all(
                line["evidence"]["productIds"] == [line["productId"]]
                for line in body["data"]
                if line["evidence"]["kind"] == kind
            )


async def test_a_list_knows_what_the_shopper_did_before_the_build_since_then_and_under_each_of_their_ids(
    client: httpx.AsyncClient, context: Context, without_redis: Starlette, tenant: Tenant
) -> None:
    await post_event(client, tenant, "view", "ann", "mug1")
    await post_event(client, tenant, "view", "anon_1-2-3-4", "mug2")
    joined = await client.post(
        "/api/v1/identify", json={"anonymousId": "anon_1-2-3-4", "userId": "ann"}, headers=bearer(tenant.read_write)
    )
    assert joined.status_code < 300, joined.text
    wanted = ["mug2", "mug1"]

    async def viewed(asking: httpx.AsyncClient) -> list[str]:
        return own(await answer(asking, tenant, userId="ann", strategy="recently_viewed"), "recently_viewed")

    assert await viewed(client) == wanted
    await build(context, tenant.id)
    await context.models.update()
    assert await viewed(client) == wanted
    await post_event(client, tenant, "view", "anon_1-2-3-4", "mug3")
    assert await viewed(client) == ["mug3", *wanted]
    async with client_of(without_redis) as blind:

        async def viewed_without_redis() -> bool:
            return await viewed(blind) == ["mug3", *wanted]

        await until(viewed_without_redis)  # PostgreSQL is asked for as long as a page can wait


async def test_a_list_of_nothing_says_that_it_is_popularity(client: httpx.AsyncClient, tenant: Tenant) -> None:
    popular = ids(await answer(client, tenant, strategy="popular"))
    for strategy in ("recently_viewed", "buy_again"):
        body = await answer(client, tenant, userId="stranger", strategy=strategy)
        assert ids(body) == popular
        assert (body["meta"]["strategy"], body["meta"]["fallback"]) == ("popular", True)
        assert {line["score"] for line in body["data"]} == {0.0}
    for strategy in ("new_arrivals", "popular"):
        meta = (await answer(client, tenant, strategy=strategy))["meta"]
        assert (meta["strategy"], meta["requestedStrategy"], meta["fallback"]) == (strategy, strategy, False)


async def test_what_people_buy_once_is_in_no_list_of_those_who_have_it(
    client: httpx.AsyncClient, context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    await stock(context, tenant.id)
    for strategy in NAMED_LISTS:
        assert "boot1" not in ids(await answer(client, tenant, userId="u1", strategy=strategy, limit=100))
    kept = await answer(client, tenant, userId="u1", strategy="buy_again", excludePurchased="false")
    assert "boot1" in own(kept, "buy_again")


async def test_another_tenants_shopper_of_the_same_name_is_nobody_here(
    client: httpx.AsyncClient, context: Context, make_tenant: MakeTenant, tenant: Tenant
) -> None:
    other = await make_tenant()
    await fill_catalog(context, other.id, SHOP)
    await post_event(client, other, "view", "ann", "mug1")
    await post_event(client, other, "purchase", "ann", "mug2")
    for strategy in ("recently_viewed", "buy_again"):
        assert (await answer(client, tenant, userId="ann", strategy=strategy))["meta"]["fallback"] is True


async def test_an_unknown_strategy_is_refused_by_naming_those_there_are(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    refused = await client.get(PATH, params={"strategy": "recently_vewed"}, headers=bearer(tenant.read))
    assert refused.status_code == 422
    message = refused.text
    assert all(strategy in message for strategy in (*NAMED_LISTS, "auto", "frequently_bought_together"))


def catalog_of(days: Sequence[int]) -> LiveCatalog:
    catalog, first = LiveCatalog(), datetime(2026, 1, 15, 12, tzinfo=UTC)
    catalog.apply([
        {
            "number": number, "product_id": f"p{number}", "name": f"P{number}", "category": None, "price": None,
            "currency": None, "image_url": None, "url": None, "available": True, "deleted_at": None,
            "created_at": first + timedelta(days=day),
        }
        for number, day in enumerate(days)
    ])  # fmt: skip
    return catalog


class Popularity:
    """As much of a model as the order of new products needs."""

    def __init__(self, fallback: Sequence[int]) -> None:
        self.fallback = np.array(fallback, np.int32)


@pytest.mark.parametrize("seed", range(5))
def test_new_products_come_by_day_and_those_of_one_day_by_popularity(seed: int) -> None:
    random = np.random.default_rng(seed)
    days: list[int] = random.integers(0, 6, 40).tolist()
    popular: list[int] = random.permutation(45)[:20].tolist()  # some that the catalog does not know yet
    found = newest(NOBODY, catalog_of(days), Popularity(popular))  # type: ignore[arg-type]
    place = {number: at for at, number in enumerate(popular)}
    assert list(dict.fromkeys(found.tolist())) == sorted(
        range(40), key=lambda number: (-days[number], place.get(number, len(place)), -number)
    )


def test_a_shop_may_make_a_named_list_its_default() -> None:
    assert {TenantConfig(default_strategy=strategy).default_strategy for strategy in NAMED_LISTS} == set(NAMED_LISTS)  # type: ignore[arg-type]
