"""What was returned counts no longer as bought: at once, without Redis, and after the next build."""

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.context import Context
from tests.support.apps import MakeTenant, Tenant, bearer, client_of
from tests.support.lists import SHOP, answer, history, ids
from tests.support.shops import build, fill_catalog, send
from tests.support.stored import bought, now_ms


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    tenant = await make_tenant(exclude_purchased="always")
    await fill_catalog(context, tenant.id, SHOP)
    await send(context, tenant.id, history())
    return tenant


async def is_bought(client: httpx.AsyncClient, tenant: Tenant, user: str = "ann", product: str = "boot2") -> bool:
    """Whether the product is left out of the shopper's lists."""
    return product not in ids(await answer(client, tenant, userId=user, limit=100))


async def sell(
    client: httpx.AsyncClient, tenant: Tenant, order: str | None, kind: str = "purchase", **fields: Any
) -> None:
    event = bought(order, product="boot2", event_type=kind, **fields)
    answered = await client.post("/api/v1/events", json=event, headers=bearer(tenant.read_write))
    assert answered.status_code == 202, answered.text


@pytest.mark.parametrize("built", [False, True])
async def test_a_return_takes_back_a_purchase_at_once_and_for_good(
    built: bool, client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await sell(client, tenant, "o-1")
    if built:
        await build(context, tenant.id)
    assert await is_bought(client, tenant)
    await sell(client, tenant, "o-1", "return")
    assert not await is_bought(client, tenant)
    await context.redis.call(("FLUSHDB",))
    assert not await is_bought(client, tenant), "PostgreSQL says the same"
    await build(context, tenant.id)
    assert not await is_bought(client, tenant)
    await sell(client, tenant, "o-2")
    assert await is_bought(client, tenant)


async def test_without_redis_a_return_takes_back_a_purchase(
    without_redis: Starlette, client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await build(context, tenant.id)
    async with client_of(without_redis) as blind:
        await sell(blind, tenant, "o-1", quantity=2)
        assert await is_bought(blind, tenant)
        await sell(blind, tenant, "o-1", "return")
        assert await is_bought(blind, tenant), "one of two was kept"
        await sell(blind, tenant, "o-1", "return", lineId="second")
        assert not await is_bought(blind, tenant)


async def test_what_was_returned_in_part_stays_bought_until_the_rest_comes_back(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    for size in ("m", "l"):
        await sell(client, tenant, "o-1", variantId=size, timestamp=now_ms() - 1000)
    await sell(client, tenant, "o-1", "return", variantId="m")
    assert await is_bought(client, tenant)
    await build(context, tenant.id)
    assert await is_bought(client, tenant)
    await sell(client, tenant, "o-1", "return", variantId="l")
    assert not await is_bought(client, tenant)
    await build(context, tenant.id)
    assert not await is_bought(client, tenant)


async def test_another_order_of_the_product_stays_bought(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    for order in ("o-1", "o-2"):
        await sell(client, tenant, order)
    await sell(client, tenant, "o-1", "return")
    assert await is_bought(client, tenant)
    await build(context, tenant.id)
    assert await is_bought(client, tenant)
    await sell(client, tenant, "o-2", "return")
    assert not await is_bought(client, tenant)


async def test_a_return_under_another_id_is_the_buyers(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await sell(client, tenant, "o-1", user="anon-7")
    await sell(client, tenant, "o-1", "return", user="customer 7")
    assert not await is_bought(client, tenant, "anon-7")
    await build(context, tenant.id)
    assert not await is_bought(client, tenant, "anon-7")


async def test_a_return_without_an_order_is_of_the_newest_purchase(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await sell(client, tenant, "o-1", timestamp=now_ms() - 60_000)
    await sell(client, tenant, None, "return")
    assert not await is_bought(client, tenant)
    await build(context, tenant.id)
    assert not await is_bought(client, tenant)


async def test_nobody_is_told_that_they_bought_what_they_returned(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    """The counts of everybody's purchases, too, are without it."""
    for number in range(30):
        await sell(client, tenant, f"o-{number}", user=f"v{number}", timestamp=now_ms() - 3_600_000)
    await build(context, tenant.id)
    popular = await answer(client, tenant, userId="new", strategy="trending", limit=1)
    assert ids(popular) == ["boot2"]
    for number in range(30):
        await sell(client, tenant, f"o-{number}", "return", user=f"v{number}")
    await build(context, tenant.id)
    reasons = (await answer(client, tenant, userId="v1", limit=20))["data"]
    assert not any("leather hiking boot 2" in line["reason"] for line in reasons)
    assert ids(await answer(client, tenant, userId="new", strategy="trending", limit=1)) != ["boot2"]
