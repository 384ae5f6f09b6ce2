"""What shoppers do counts for everybody within seconds, on every process, without a build."""

from typing import Any

import httpx
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.events.feed import FEED_LENGTH, MAX_OF_BATCH, feed_key, parse_entry
from recomengine.infra.metrics import FALLBACKS
from recomengine.models.sources import PLACE
from tests.support.apps import MakeTenant, Tenant, client_of
from tests.support.lists import answer, ids, post_event, stock
from tests.support.shops import build, fill_catalog, product, send, until


async def view_together(client: httpx.AsyncClient, tenant: Tenant, shoppers: int, *products: str) -> None:
    for shopper in range(shoppers):
        for product_id in products:
            await post_event(client, tenant, "view", f"new-{shopper}", product_id, sessionId=f"new-{shopper}")


async def feed_of(context: Context, tenant: Tenant) -> list[Any]:
    (entries,) = await context.redis.call(("XRANGE", feed_key(str(tenant.id)), "-", "+"))
    return [parse_entry(fields[1]) for _, fields in entries]


async def test_products_seen_together_since_the_build_come_together_on_every_process(
    client: httpx.AsyncClient, neighbour: Starlette, tenant: Tenant
) -> None:
    async with client_of(neighbour) as other:
        for process in (client, other):
            assert "boot5" not in ids(await answer(process, tenant, productId="mug7", limit=5))
        await view_together(client, tenant, 4, "mug7", "boot5")
        for process in (client, other):

            async def offered(process: httpx.AsyncClient = process) -> bool:
                return "boot5" in ids(await answer(process, tenant, productId="mug7", limit=3))

            await until(offered)
        item = next(
            item for item in (await answer(other, tenant, productId="mug7"))["data"] if item["productId"] == "boot5"
        )
    assert item["evidence"] == {"kind": "collaborative", "productIds": ["mug7"]}
    assert "coffee mug 7" in item["reason"]


async def test_a_product_that_came_after_the_build_comes_with_what_it_was_seen_with(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await answer(client, tenant, productId="mug7")
    await fill_catalog(context, tenant.id, [product("kite", name="A kite", category="Toys")])
    await context.catalogs.update()
    await view_together(client, tenant, 4, "mug7", "kite")

    async def offered() -> bool:
        return "kite" in ids(await answer(client, tenant, productId="mug7", limit=3))

    await until(offered)


async def test_another_tenants_shoppers_change_nothing(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, make_tenant: MakeTenant
) -> None:
    other = await make_tenant()
    await stock(context, other.id)
    before = ids(await answer(client, tenant, productId="mug7"))
    await answer(client, other, productId="mug7")
    await view_together(client, other, 4, "mug7", "boot5")

    async def offered() -> bool:
        return "boot5" in ids(await answer(client, other, productId="mug7", limit=3))

    await until(offered)
    await context.models.fold()
    assert ids(await answer(client, tenant, productId="mug7")) == before


async def test_a_build_takes_over_what_was_folded_in(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    async def beside_the_model() -> int:
        await context.catalogs.get(tenant.id)
        model = await context.models.get(tenant.id)
        assert model is not None
        await context.models.fold()
        extra = model.ranker.sources[PLACE["sequence"]].tables[1:]
        return sum(len(table.row(number)[0]) for table in extra for number in range(table.rows))

    await view_together(client, tenant, 2, "mug7", "boot5")
    assert await beside_the_model() == 2
    await build(context, tenant.id)
    assert await beside_the_model() == 0
    assert "boot5" in ids(await answer(client, tenant, productId="mug7", limit=3))
    await view_together(client, tenant, 1, "bean7", "sock5")
    assert await beside_the_model() == 2


async def test_without_redis_lists_come_as_ever_and_it_is_counted(without_redis: Starlette, tenant: Tenant) -> None:
    async with client_of(without_redis) as client:
        assert len(ids(await answer(client, tenant, productId="mug7"))) == 8
        counted = FALLBACKS.labels("feed")._value.get()
        await without_redis.state.context.models.fold()
        assert FALLBACKS.labels("feed")._value.get() > counted


async def test_the_feed_has_news_that_say_something_of_a_product(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await context.redis.call(("DEL", feed_key(str(tenant.id))))
    for event_type in ("view", "impression", "remove_from_cart", "search"):
        await post_event(client, tenant, event_type, "ann", "mug1", sessionId="s1", metadata={"orderId": "o9"})
    await post_event(client, tenant, "purchase", "ann", "mug1", sessionId="s1", metadata={"orderId": "o9"})
    await post_event(client, tenant, "purchase", "ann", "mug2", sessionId="s1")
    await post_event(client, tenant, "view", "ann", "mug3", sessionId="s1", timestamp=1_700_000_000_000)
    found = [
        (event.event_type, event.product_id, event.group, event.user_id) for event in await feed_of(context, tenant)
    ]
    assert found == [
        ("view", "mug1", "ss1", "ann"),
        ("purchase", "mug1", "oo9", "ann"),
        ("purchase", "mug2", "ss1", "ann"),
    ]


async def test_a_large_batch_leaves_room_for_others(context: Context, tenant: Tenant) -> None:
    await context.redis.call(("DEL", feed_key(str(tenant.id))))
    await send(
        context,
        tenant.id,
        [{"eventType": "view", "userId": f"u{number}", "productId": "mug1"} for number in range(MAX_OF_BATCH + 50)],
    )
    assert [event.user_id for event in await feed_of(context, tenant)] == [
        f"u{number}" for number in range(50, MAX_OF_BATCH + 50)
    ]
    assert MAX_OF_BATCH < FEED_LENGTH
