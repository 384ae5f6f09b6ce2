"""Shoppers who come back: what they look at now, and what they did before, in one list."""

import time
from typing import Any
from uuid import UUID

import httpx
import numpy as np
import pytest

from recomengine._core.candidates import Workspace
from recomengine._core.ranking import rank
from recomengine.context import Context
from recomengine.models.backtest import of_moment
from recomengine.models.cases import past_of
from recomengine.models.histories import DAY_MS, PURCHASE, VIEW
from recomengine.models.shopper import NO_ITEMS, Shopper, moment
from recomengine.models.sources import SOURCES, Before, Own
from tests.support.apps import MakeTenant, Tenant
from tests.support.lists import SHOP, answer, ids, post_event
from tests.support.people import Person
from tests.support.shops import DemoShop, build, demo_shop, fill_catalog, send

MANY_PURCHASES = 20


@pytest.fixture(scope="module")
def shop() -> DemoShop:
    return demo_shop()


def looking_at(product: int, past: Shopper) -> Shopper:
    """The shopper of `past`, an hour later, with one view."""
    items, types = np.insert(past.items, 0, product), np.insert(past.types, 0, VIEW)
    times = np.insert(past.times_ms, 0, past.times_ms[0] + 3_600_000)
    return Shopper(items, types, times, np.insert(past.groups, 0, 0), 1)


def test_a_shopper_with_twenty_purchases_who_looks_at_one_thing_gets_a_list_that_shows_both(shop: DemoShop) -> None:
    pasts = [past_of(shop.histories, user) for user in range(len(shop.histories.users))]
    loyal = [past for past in pasts if (past.types == PURCHASE).sum() >= MANY_PURCHASES]
    size = len(shop.products)
    unknown = {"price_cents": np.full(size, -1, np.int64), "categories": np.full(size, -1, np.int32)}
    assert loyal
    for past in loyal:
        seen = set(past.items.tolist())
        new = next(number for number in range(size) if number not in seen)
        now = moment("home", NO_ITEMS, looking_at(new, past), shop.model.learned)
        _, _, sources, seeds = rank(
            Workspace(), shop.model.ranker, shop.model.weights[now.weighed_as], 10, **of_moment(now), **unknown,
            available=np.ones(size, np.uint8), fallback=shop.model.fallback, excluded=NO_ITEMS,
        )  # fmt: skip
        assert new in seeds, "what is looked at now"
        of_before = [at for at, number in enumerate(sources) if isinstance(SOURCES[number].form, Before | Own)]
        assert seen & set(seeds), "what was done before"
        assert {seeds[at] for at in of_before} <= seen


@pytest.fixture
async def bought(context: Context, make_tenant: MakeTenant) -> Tenant:
    """A shop of purchases alone, one at a time: boots, then socks of the same number, mugs, then beans; and its
    model.
    """
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, SHOP)
    await send(context, tenant.id, purchases())
    await build(context, tenant.id)
    return tenant


def purchases() -> list[dict[str, Any]]:
    start = int(time.time() * 1000) - 400 * DAY_MS
    events = []
    for shopper in range(300):
        first, then = ("boot", "sock") if shopper % 2 else ("mug", "bean")
        number = shopper // 2 % 8
        steps = [f"{first}{number}", f"{then}{number}", f"{first}{(number + 1) % 8}", f"{then}{(number + 1) % 8}"]
        for turn, product_id in enumerate(steps):
            moment_ms = start + (turn * 90 + shopper % 60) * DAY_MS
            events.append({
                "eventType": "purchase", "userId": f"u{shopper}", "productId": product_id, "timestamp": moment_ms,
            })  # fmt: skip
    return events


async def test_one_purchase_in_a_purchase_only_shop_changes_the_list_as_one_more_purchase(
    client: httpx.AsyncClient, bought: Tenant
) -> None:
    now_ms = int(time.time() * 1000)
    await post_event(client, bought, "purchase", "u8", "boot5", timestamp=now_ms - 10 * DAY_MS)
    twin = "u24"  # who did the same as u8 before
    before = await answer(client, bought, userId=twin)
    await post_event(client, bought, "purchase", twin, "boot5", timestamp=now_ms)
    long_ago, just_now = [await answer(client, bought, userId=user) for user in ("u8", twin)]
    assert ids(just_now) == ids(long_ago) != ids(before)
    assert [item["reason"] for item in just_now["data"]] == [item["reason"] for item in long_ago["data"]]


async def test_a_visit_in_a_shop_without_cases_of_visits_is_weighed_by_what_its_homes_have_learned(
    client: httpx.AsyncClient, bought: Tenant
) -> None:
    await post_event(client, bought, "view", "u8", "boot5")
    visit = await answer(client, bought, userId="u8", limit=20)
    reasons = " ".join(item["reason"] for item in visit["data"])
    assert "leather hiking boot 5" in reasons, "what is looked at now"
    assert "coffee" in reasons, "what was bought before"
    assert ids(visit)[0] != "boot5"


async def test_an_import_of_last_night_is_history(client: httpx.AsyncClient, context: Context, ann: Person) -> None:
    tenant_id = await ann.make_tenant()
    await fill_catalog(context, UUID(tenant_id), SHOP)
    night_ms = int(time.time() * 1000) - DAY_MS // 2
    views = [
        {"eventType": "view", "userId": "ann", "productId": f"boot{number}", "timestamp": night_ms + number}
        for number in range(3)
    ]
    await send(context, UUID(tenant_id), views)

    async def starts() -> dict[str, Any]:
        asked = {"userId": "ann", "strategies": ["auto"]}
        path = f"/api/v1/tenants/{tenant_id}/playground"
        meta: dict[str, Any] = (await client.post(path, json=asked, headers=ann.bearer)).json()["data"][0]["meta"]
        return meta

    assert ((await starts())["context"], (await starts())["history"], (await starts())["session"]) == ("home", 3, 0)
    await send(context, UUID(tenant_id), [{"eventType": "view", "userId": "ann", "productId": "mug1"}])
    assert ((await starts())["context"], (await starts())["history"], (await starts())["session"]) == ("session", 4, 1)
