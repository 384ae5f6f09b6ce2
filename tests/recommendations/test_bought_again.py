"""What a shopper bought is offered again product by product, as the shop's shoppers buy it again."""

from typing import Any

import httpx
import pytest

from recomengine.context import Context
from tests.support.apps import MakeTenant, Tenant
from tests.support.lists import SHOP, answer, history, ids, post_event
from tests.support.shops import build, fill_catalog, send

DAY_MS = 86_400_000
DRINKERS = [f"u{shopper}" for shopper in range(0, 24, 2)]


def refills() -> list[dict[str, Any]]:
    """Before all else each drinker buys laces 1 to 3 on three days; afterwards nobody buys anything twice."""
    return [
        {
            "eventType": "purchase", "userId": user, "productId": f"lace{number}",
            "timestamp": 1_690_000_000_000 + day * DAY_MS, "metadata": {"orderId": f"r{user}-{day}"},
        }
        for user in DRINKERS for day in (0, 7, 14) for number in (1, 2, 3)
    ]  # fmt: skip


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    """A shop where few of the newest purchases are repeats, and laces are bought again all the same."""
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, SHOP)
    await send(context, tenant.id, [*refills(), *history()])
    await build(context, tenant.id)
    return tenant


@pytest.mark.parametrize("strategy", ["auto", "collaborative", "popular", "recently_viewed", "buy_again"])
async def test_laces_come_again_and_mugs_do_not(strategy: str, client: httpx.AsyncClient, tenant: Tenant) -> None:
    offered = ids(await answer(client, tenant, userId="u0", strategy=strategy, limit=100))
    bought = {f"mug{number}" for number in range(3)}
    assert {"lace1", "lace2"} <= set(offered)
    assert not bought & set(offered)


async def test_a_product_that_came_after_the_build_counts_as_the_shop(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    model = await context.models.get(tenant.id)
    assert model is not None
    assert model.repeat_share < 0.05
    await fill_catalog(context, tenant.id, [{**SHOP[0], "productId": "newest", "name": "A lamp", "category": "Lamps"}])
    await context.catalogs.update()
    await post_event(client, tenant, "purchase", "u0", "newest")
    assert "newest" not in ids(await answer(client, tenant, userId="u0", limit=100))


async def test_the_request_and_the_shop_have_the_last_word(
    client: httpx.AsyncClient, context: Context, make_tenant: MakeTenant, tenant: Tenant
) -> None:
    bought = {"lace1", "lace2", "mug1", "mug2"}
    kept = await answer(client, tenant, userId="u0", limit=100, excludePurchased="false")
    assert bought <= set(ids(kept))
    strict = await answer(client, tenant, userId="u0", limit=100, excludePurchased="true")
    assert not bought & set(ids(strict))
    always = await make_tenant(exclude_purchased="always")
    await fill_catalog(context, always.id, SHOP)
    await send(context, always.id, [*refills(), *history()])
    await build(context, always.id)
    assert not bought & set(ids(await answer(client, always, userId="u0", limit=100)))
    again = await answer(client, always, userId="u0", limit=100, strategy="buy_again")
    assert {"lace1", "lace2"} <= set(ids(again))
    assert not {"mug1", "mug2"} & set(ids(again))
