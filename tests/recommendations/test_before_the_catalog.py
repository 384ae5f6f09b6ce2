"""What was bought or seen before the catalog had it counts as soon as it is there, whichever builds ran meanwhile."""

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.context import Context
from tests.support.apps import MakeTenant, Tenant, client_of
from tests.support.lists import SHOP, answer, history, ids, post_event
from tests.support.shops import build, fill_catalog, product, send, until


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    """One whose model knows neither the lamp nor the stove, which kim bought and looked at."""
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, SHOP)
    await send(context, tenant.id, history())
    return tenant


async def comes_late(client: httpx.AsyncClient, context: Context, tenant: Tenant) -> None:
    await post_event(client, tenant, "purchase", "kim", "lamp", metadata={"orderId": "k1", "price": 10})
    await build(context, tenant.id)
    assert "lamp" not in ids(await answer(client, tenant, userId="kim", limit=100, excludePurchased="true"))
    await fill_catalog(context, tenant.id, [product("lamp", price=10)])


async def all_but_what_was_bought(client: httpx.AsyncClient, tenant: Tenant) -> None:
    """A stranger is offered the lamp, kim is not."""
    arguments: dict[str, Any] = {"limit": 100, "excludePurchased": "true"}

    async def offered() -> bool:
        return "lamp" in ids(await answer(client, tenant, userId="a stranger", **arguments))

    await until(offered)
    assert "lamp" not in ids(await answer(client, tenant, userId="kim", **arguments))


async def test_a_product_bought_before_it_was_in_the_catalog_is_not_offered_to_its_buyer(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await comes_late(client, context, tenant)
    await all_but_what_was_bought(client, tenant)
    await build(context, tenant.id)
    await all_but_what_was_bought(client, tenant)


async def test_without_redis_it_is_not_offered_either(
    client: httpx.AsyncClient, without_redis: Starlette, context: Context, tenant: Tenant
) -> None:
    await comes_late(client, context, tenant)
    async with client_of(without_redis) as other:
        await all_but_what_was_bought(other, tenant)
