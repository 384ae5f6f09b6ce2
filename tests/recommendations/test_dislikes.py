"""A disliked product never comes again, and what is like it comes later."""

from typing import get_args

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.models.build import HISTORY_LENGTH
from recomengine.shop import Strategy
from tests.support.apps import Tenant, bearer, client_of
from tests.support.lists import SHOP, answer, ids, post_event
from tests.support.shops import build, send
from tests.support.stored import START_MS

STRATEGIES = get_args(Strategy)


@pytest.fixture
def exclude_purchased() -> str:
    return "never"


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_a_disliked_product_never_comes_again(
    strategy: str, client: httpx.AsyncClient, context: Context, without_redis: Starlette, tenant: Tenant
) -> None:
    await post_event(client, tenant, "purchase", "ann", "mug3")
    await post_event(client, tenant, "dislike", "ann", "mug3")

    async def offered(asking: httpx.AsyncClient) -> list[str]:
        return ids(await answer(asking, tenant, userId="ann", strategy=strategy, limit=100))

    everything_else = {each["productId"] for each in SHOP} - {"mug3"}
    assert set(await offered(client)) == everything_else
    async with client_of(without_redis) as blind:
        assert set(await offered(blind)) == everything_else
    await build(context, tenant.id)
    await context.redis.call(("FLUSHDB",))
    assert set(await offered(client)) == everything_else
    assert "mug3" in ids(await answer(client, tenant, userId="bob", strategy=strategy, limit=100))


async def test_a_dislike_is_remembered_however_much_comes_after_it(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    seen = [
        {"eventType": "view", "userId": "ann", "productId": "bean1", "timestamp": START_MS + number}
        for number in range(1, HISTORY_LENGTH + 200)
    ]
    await send(context, tenant.id, [{**seen[0], "eventType": "dislike", "productId": "mug3", "timestamp": START_MS}])
    await send(context, tenant.id, seen)
    await build(context, tenant.id)
    await context.redis.call(("FLUSHDB",))
    assert "mug3" not in ids(await answer(client, tenant, userId="ann", limit=100))


@pytest.mark.parametrize("strategy", ["auto", "content_based"])
@pytest.mark.parametrize("built", [False, True])
async def test_what_is_like_a_disliked_product_falls(
    built: bool, strategy: str, client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await post_event(client, tenant, "view", "ann", "boot1")
    await post_event(client, tenant, "view", "ann", "mug1")
    before = ids(await answer(client, tenant, userId="ann", strategy=strategy, limit=40))
    await post_event(client, tenant, "dislike", "ann", "mug3")
    if built:
        await build(context, tenant.id)
    body = await answer(client, tenant, userId="ann", strategy=strategy, limit=40)
    after = ids(body)

    def mean_place(listed: list[str]) -> float:
        places = [at for at, product in enumerate(listed) if product.startswith("mug") and product != "mug3"]
        return sum(places) / len(places)

    assert mean_place(after) > mean_place(before) + 2
    assert len(after) == len(SHOP) - 1
    scores = [line["score"] for line in body["data"]]
    assert scores == sorted(scores, reverse=True)


async def test_a_disliked_product_is_no_reason_for_another(client: httpx.AsyncClient, tenant: Tenant) -> None:
    await post_event(client, tenant, "view", "ann", "mug3")
    body = await answer(client, tenant, userId="ann", limit=40)
    assert any("coffee mug 3" in line["reason"] for line in body["data"])
    await post_event(client, tenant, "dislike", "ann", "mug3")
    body = await answer(client, tenant, userId="ann", limit=40)
    assert not any("coffee mug 3" in line["reason"] for line in body["data"])


async def test_a_dislike_counts_under_each_of_the_shoppers_ids(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    browser = "anon_1-2-3-4"
    await post_event(client, tenant, "view", "ann", "mug1")
    await post_event(client, tenant, "dislike", browser, "mug3")
    joined = await client.post(
        "/api/v1/identify", json={"anonymousId": browser, "userId": "ann"}, headers=bearer(tenant.publish)
    )
    assert joined.status_code == 202, joined.text

    async def offered(user: str) -> list[str]:
        return ids(await answer(client, tenant, userId=user, limit=100))

    for user in ("ann", browser):
        assert "mug3" not in await offered(user)
    await build(context, tenant.id)
    await context.models.update()
    await context.redis.call(("FLUSHDB",))
    for user in ("ann", browser):
        assert "mug3" not in await offered(user)
    assert "mug3" in await offered("bob")
