"""Recommendations over HTTP: shapes, filters, freshness, cache, tenants, and life without Redis."""

import json
from collections.abc import Callable
from typing import Any, get_args

import httpx
import pytest
from msgspec.structs import replace
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.infra.metrics import FALLBACKS
from recomengine.settings import Settings
from recomengine.shop import RateLimits, Strategy
from tests.support.apps import MakeTenant, Tenant, bearer, client_of, running
from tests.support.lists import PATH, SHOP, answer, ids, post_event
from tests.support.processes import PATIENCE_S
from tests.support.relay import Relay
from tests.support.shops import build, fill_catalog, until

STRATEGIES = get_args(Strategy)
IDS = {item["productId"] for item in SHOP}


@pytest.fixture
async def bare(context: Context, make_tenant: MakeTenant) -> Tenant:
    """A shop with products and nothing else."""
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, SHOP[:10])
    return tenant


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_an_answer_has_the_shape_of_the_contract(
    strategy: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    body = await answer(client, tenant, userId="u1", strategy=strategy, productId="boot1")
    assert len(body["data"]) == 8
    for item in body["data"]:
        assert set(item) == {
            "productId",
            "name",
            "imageUrl",
            "url",
            "category",
            "price",
            "currency",
            "score",
            "reason",
            "evidence",
        }
        assert {"kind", "productIds"} <= set(item["evidence"]) <= {"kind", "productIds", "count", "lift"}
        assert item["currency"] == "USD"
        assert isinstance(item["price"], int | float)
        assert item["score"] >= 0
        assert item["reason"]
        assert {
            "productId": item["productId"],
            "name": item["name"],
            "url": item["url"],
            "imageUrl": item["imageUrl"],
        }.items() <= next(each for each in SHOP if each["productId"] == item["productId"]).items()
    meta = body["meta"]
    assert set(meta) == {
        "recommendationId", "strategy", "requestedStrategy", "experimentId", "variant", "cached", "modelVersion",
        "fallback",
    }  # fmt: skip
    assert (meta["requestedStrategy"], meta["experimentId"], meta["variant"]) == (strategy, None, None)
    assert meta["strategy"] in STRATEGIES
    assert meta["modelVersion"]
    assert len(set(ids(body))) == 8


async def test_what_is_bought_together_and_what_is_alike_is_found(client: httpx.AsyncClient, tenant: Tenant) -> None:
    together = await answer(client, tenant, productId="boot2", strategy="frequently_bought_together", limit=1)
    assert ids(together) == ["sock2"]
    assert together["data"][0]["evidence"] == {
        "kind": "bought_together", "productIds": ["boot2"], "count": 6, "lift": 12.0,
    }  # fmt: skip
    assert together["data"][0]["reason"] == "Bought together with leather hiking boot 2"
    alike = await answer(client, tenant, productId="mug7", strategy="content_based", limit=3)
    assert {product_id[:3] for product_id in ids(alike)} == {"mug"}
    assert (alike["meta"]["strategy"], alike["meta"]["fallback"]) == ("content_based", False)


async def test_a_post_and_a_batch_answer_as_a_get_does(client: httpx.AsyncClient, tenant: Tenant) -> None:
    fields: dict[str, Any] = {"userId": "u1", "limit": 5, "minPrice": 20}
    got = await answer(client, tenant, **fields)
    posted = await client.post(PATH, json=fields, headers=bearer(tenant.read))
    batch = await client.post(
        f"{PATH}/batch", json={"requests": [fields, {"productId": "boot1"}]}, headers=bearer(tenant.read)
    )
    assert posted.status_code == batch.status_code == 200
    assert posted.json()["data"] == got["data"]
    assert batch.json()["data"][0]["data"] == got["data"]
    assert len(batch.json()["data"]) == 2
    assert set(batch.json()["data"][1]) == {"data", "meta"}


async def test_a_batch_of_a_hundred_is_answered_and_a_larger_one_is_not(
    client: httpx.AsyncClient, bare: Tenant
) -> None:
    for size, status in ((100, 200), (101, 422), (0, 422)):
        found = await client.post(
            f"{PATH}/batch", json={"requests": [{"userId": f"u{n}"} for n in range(size)]}, headers=bearer(bare.read)
        )
        assert found.status_code == status


@pytest.mark.parametrize("strategy", STRATEGIES)
async def test_strangers_and_unknown_products_get_a_full_list(
    strategy: str, client: httpx.AsyncClient, tenant: Tenant, bare: Tenant
) -> None:
    for params in (
        {},
        {"userId": "nobody"},
        {"productId": "unheard-of"},
        {"userId": "nobody", "productId": ["unheard-of", "x"], "context": "cart"},
    ):
        for shop in (tenant, bare):
            assert len(ids(await answer(client, shop, strategy=strategy, **params))) == 8


async def test_an_empty_catalog_has_an_empty_list_and_a_filled_one_is_offered(
    client: httpx.AsyncClient, context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    assert ids(await answer(client, tenant)) == []
    await client.put("/api/v1/catalog/first", json={"name": "First"}, headers=bearer(tenant.read_write))

    async def offered() -> bool:
        return ids(await answer(client, tenant)) == ["first"]

    await until(offered)


FILTERS: list[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]] = [
    ({"category": "Hiking"}, lambda item: item["category"].startswith("Hiking > ")),
    ({"category": "Coffee>Mug"}, lambda item: item["category"] == "Coffee > Mug"),
    ({"minPrice": 65}, lambda item: item["price"] >= 65),
    ({"maxPrice": 25}, lambda item: item["price"] <= 25),
    ({"minPrice": 25, "maxPrice": 35, "category": "Hiking"},
        lambda item: 25 <= item["price"] <= 35 and item["category"].startswith("Hiking")),
    ({"exclude": sorted(IDS)[:30]}, lambda item: item["productId"] not in sorted(IDS)[:30]),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "fits"), FILTERS)
async def test_filters_are_kept_and_never_shorten_a_list(
    fields: dict[str, Any], fits: Callable[[dict[str, Any]], bool], client: httpx.AsyncClient, tenant: Tenant
) -> None:
    there = sum(fits(item) for item in SHOP)
    for strategy in STRATEGIES:
        body = await answer(client, tenant, userId="nobody", limit=100, strategy=strategy, **fields)
        assert len(body["data"]) == there > 0
        assert all(map(fits, body["data"]))


async def test_excluded_unavailable_deleted_and_own_products_never_come(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    headers = bearer(tenant.read_write)
    await client.patch("/api/v1/catalog/sock2", json={"available": False}, headers=headers)
    await client.delete("/api/v1/catalog/sock1", headers=headers)
    await context.catalogs.update()
    for strategy in STRATEGIES:
        body = await answer(client, tenant, productId="boot2", exclude=["sock0", "boot0"], strategy=strategy, limit=100)
        assert set(ids(body)) == IDS - {"sock0", "boot0", "sock1", "sock2", "boot2"}


async def test_what_a_shopper_bought_does_not_come_back_unless_asked_for(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    bought = {f"{kind}{number}" for kind in ("boot", "sock") for number in (1, 2, 3)}
    for strategy in STRATEGIES:
        assert not bought & set(ids(await answer(client, tenant, userId="u1", strategy=strategy, limit=100)))
    assert bought <= set(ids(await answer(client, tenant, userId="u1", limit=100, excludePurchased="false")))
    assert len(ids(await answer(client, tenant, userId="u1", limit=100))) == len(SHOP) - len(bought)


@pytest.mark.parametrize(("rule", "comes_back"), [("always", False), ("never", True)])
async def test_the_tenant_decides_whether_bought_products_come_back(
    rule: str, comes_back: bool, client: httpx.AsyncClient, context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant(exclude_purchased=rule)
    await fill_catalog(context, tenant.id, SHOP[:3])
    await post_event(client, tenant, "purchase", "ann", "boot0")
    assert ("boot0" in ids(await answer(client, tenant, userId="ann"))) == comes_back


async def test_what_a_shopper_saw_in_this_session_comes_last_and_never_leaves_a_list_empty(
    client: httpx.AsyncClient, context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, SHOP[:4])
    for product_id in ("boot0", "boot1"):
        await post_event(client, tenant, "view", "ann", product_id)
    assert ids(await answer(client, tenant, userId="ann", limit=2)) == ["boot2", "boot3"]
    assert set(ids(await answer(client, tenant, userId="ann"))[2:]) == {"boot0", "boot1"}
    for product_id in ("boot2", "boot3"):
        await post_event(client, tenant, "view", "ann", product_id)
    assert len(ids(await answer(client, tenant, userId="ann"))) == 4


async def test_the_tenants_strategy_is_the_default(
    client: httpx.AsyncClient, context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant(default_strategy="trending", currency="CHF")
    await fill_catalog(context, tenant.id, SHOP[:3])
    body = await answer(client, tenant)
    assert body["meta"]["requestedStrategy"] == "trending"
    assert {item["currency"] for item in body["data"]} == {"CHF"}


async def test_a_new_event_counts_in_the_very_next_request(client: httpx.AsyncClient, tenant: Tenant) -> None:
    before = await answer(client, tenant, userId="newcomer", limit=100)
    assert before["meta"]["fallback"] is True
    await post_event(client, tenant, "view", "newcomer", "mug2")
    after = await answer(client, tenant, userId="newcomer", limit=5)
    assert after["meta"] | {"cached": False, "fallback": False} == after["meta"]
    assert after["data"][0]["evidence"]["productIds"] == ["mug2"]
    await post_event(client, tenant, "purchase", "newcomer", "bean2")
    assert "bean2" not in ids(await answer(client, tenant, userId="newcomer", limit=100))


async def test_an_event_of_one_process_counts_in_the_next_request_to_another(
    client: httpx.AsyncClient, neighbour: Starlette, other_process: str, bare: Tenant
) -> None:
    async with client_of(neighbour) as second, httpx.AsyncClient(base_url=other_process, timeout=PATIENCE_S) as other:
        for number, each in enumerate((second, other)):
            assert f"boot{number}" in ids(await answer(each, bare, userId="ann"))
            await post_event(client, bare, "purchase", "ann", f"boot{number}")
            assert f"boot{number}" not in ids(await answer(each, bare, userId="ann"))


async def test_a_new_product_is_recommendable_without_a_build(
    client: httpx.AsyncClient, neighbour: Starlette, tenant: Tenant
) -> None:
    async with client_of(neighbour) as other:
        await answer(other, tenant)
        new = {"name": "coffee mug with a lid", "category": "Coffee > Mug", "price": 9}
        await client.put("/api/v1/catalog/fresh", json=new, headers=bearer(tenant.read_write))

        async def offered() -> bool:
            return "fresh" in ids(await answer(other, tenant, limit=100))

        async def offered_as_similar() -> bool:
            return "fresh" in ids(await answer(client, tenant, productId="mug7", strategy="content_based", limit=10))

        await until(offered)
        await until(offered_as_similar)


async def test_the_same_request_is_answered_from_the_cache_until_something_changes(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    async def cached() -> bool:
        return bool((await answer(client, tenant, userId="u1"))["meta"]["cached"])

    assert not await cached()
    await until(cached)  # the list is put into Redis without waiting for it
    first, second = await answer(client, tenant, userId="u1"), await answer(client, tenant, userId="u1")
    assert first["data"] == second["data"]
    assert first["meta"]["recommendationId"] != second["meta"]["recommendationId"]
    assert not (await answer(client, tenant, userId="u1", limit=3))["meta"]["cached"]
    assert not (await answer(client, tenant, userId="u2"))["meta"]["cached"]

    changes: list[Callable[[], Any]] = [
        lambda: post_event(client, tenant, "view", "u1", "mug1"),
        lambda: client.patch("/api/v1/catalog/boot5", json={"price": 1}, headers=bearer(tenant.read_write)),
        lambda: build(context, tenant.id),
    ]
    for change in changes:
        await until(cached)
        await change()
        await context.catalogs.update()
        assert not await cached()


async def test_a_cached_list_says_what_the_product_is_now(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    listed = ids(await answer(client, tenant, strategy="trending"))
    await client.patch(f"/api/v1/catalog/{listed[0]}", json={"price": 0.5}, headers=bearer(tenant.read_write))
    await client.delete(f"/api/v1/catalog/{listed[1]}", headers=bearer(tenant.read_write))
    await context.catalogs.update()
    now = await answer(client, tenant, strategy="trending")
    assert {item["productId"]: item["price"] for item in now["data"]}[listed[0]] == 0.5
    assert listed[1] not in ids(now)
    assert len(now["data"]) == 8


async def test_a_tenant_sees_only_its_own_products_and_shoppers(
    client: httpx.AsyncClient, tenant: Tenant, bare: Tenant
) -> None:
    await post_event(client, bare, "purchase", "u1", "boot0")
    assert "boot0" in ids(await answer(client, tenant, userId="u1", limit=100))
    theirs = await answer(
        client, bare, userId="u1", productId="boot1", limit=100, strategy="frequently_bought_together"
    )
    assert set(ids(theirs)) <= {item["productId"] for item in SHOP[:10]}
    assert theirs["meta"]["modelVersion"] is None


async def test_publish_keys_stand_in_the_url_or_the_body_and_no_other_kind(
    client: httpx.AsyncClient, bare: Tenant
) -> None:
    assert (await client.get(PATH, params={"key": bare.publish})).status_code == 200
    plain = {"Content-Type": "text/plain;charset=UTF-8"}
    assert (await client.post(PATH, content=json.dumps({"key": bare.publish}), headers=plain)).status_code == 200
    batch = json.dumps({"key": bare.publish, "requests": [{}]})
    assert (await client.post(f"{PATH}/batch", content=batch, headers=plain)).status_code == 200
    for secret in (bare.read, bare.read_write):
        for refused in (
            await client.get(PATH, params={"key": secret}),
            await client.get(PATH, params={"key": secret}, headers={"X-API-Key": ""}),
            await client.post(PATH, json={"key": secret}),
            await client.post(f"{PATH}/batch", json={"key": secret, "requests": [{}]}),
            await client.get(PATH, params={"key": secret}, headers=bearer(bare.read)),
            await client.post(PATH, json={"key": secret}, headers=bearer(bare.read)),
            await client.post(PATH, json={}, params={"key": secret}, headers=bearer(bare.publish)),
        ):
            assert (refused.status_code, refused.json()["code"]) == (401, "key_in_url")


async def test_limits_are_told_in_every_answer_and_kept(client: httpx.AsyncClient, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant(rate_limits=RateLimits(4, 2))
    reads = [
        await client.get(PATH, params={"limit": limit}, headers=bearer(tenant.read))
        for limit in ("1", "bad", "2", "3", "4", "5")
    ]
    assert [read.status_code for read in reads] == [200, 422, 200, 200, 429, 429]
    assert [read.headers["ratelimit-remaining"] for read in reads] == ["3", "2", "1", "0", "0", "0"]
    assert {read.headers["ratelimit-limit"] for read in reads} == {"4"}
    assert all(int(read.headers["ratelimit-reset"]) > 0 for read in reads)
    assert reads[4].json()["code"] == "rate_limited"
    assert int(reads[4].headers["retry-after"]) > 0
    event = {"eventType": "view", "userId": "ann", "productId": "p"}
    writes = [
        await client.post("/api/v1/events", json=body, headers=bearer(tenant.read_write))
        for body in (event, event | {"timestamp": 10**17}, event)
    ]
    assert [write.status_code for write in writes] == [202, 422, 429]


async def test_without_redis_the_answer_comes_and_each_fallback_is_counted(
    client: httpx.AsyncClient, without_redis: Starlette, make_tenant: MakeTenant, context: Context
) -> None:
    tenant = await make_tenant(rate_limits=RateLimits(10**6, 10**6))
    await fill_catalog(context, tenant.id, SHOP[:10])
    parts = ("limits", "cache", "recents", "dedup", "bus")
    before = {part: FALLBACKS.labels(part)._value.get() for part in parts}
    async with client_of(without_redis) as blind:
        assert "boot0" in ids(await answer(blind, tenant, userId="ann"))
        await post_event(blind, tenant, "purchase", "ann", "boot0")
        seen = await answer(blind, tenant, userId="ann")
        assert "boot0" not in ids(seen), "asked from the database"
        assert not seen["meta"]["cached"]
        assert len(ids(await answer(blind, tenant))) == 8
        await blind.put("/api/v1/catalog/late", json={"name": "Late"}, headers=bearer(tenant.read_write))
    for part in parts:
        assert FALLBACKS.labels(part)._value.get() > before[part], part


@pytest.mark.parametrize("harm", ["cut", "frozen"])
async def test_redis_may_go_and_come_back_at_any_moment(
    harm: str, settings: Settings, redis_url: str, bare: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.infra.redis.BREAK_S", 0.05)
    async with (
        Relay(redis_url) as relay,
        running(replace(settings, redis_url=relay.url)) as app,
        client_of(app) as client,
    ):

        async def cached() -> bool:
            return bool((await answer(client, bare, userId="ann"))["meta"]["cached"])

        await until(cached)
        if harm == "cut":
            await relay.cut()
        else:
            relay.freeze()
        for number in range(3):
            body = await answer(client, bare, userId="ann")
            assert body["data"]
            assert not body["meta"]["cached"]
            await post_event(client, bare, "view", f"user{number}", "boot1")
        await relay.cut()
        await relay.mend()
        await until(cached)


async def test_a_redis_that_refuses_to_write_refuses_nobody(
    settings: Settings, redis_url: str, bare: Tenant, context: Context
) -> None:
    ((_, before),) = await context.redis.call(("CONFIG", "GET", "maxmemory"))
    await context.redis.call(("CONFIG", "SET", "maxmemory", "1"))
    try:
        async with running(settings) as app, client_of(app) as client:
            assert ids(await answer(client, bare, userId="ann"))
            await post_event(client, bare, "purchase", "ann", "boot0")
            again = await client.post(
                "/api/v1/events/batch",
                json={"events": [{"eventType": "view", "userId": "a", "productId": "p"}]},
                headers=bearer(bare.publish),
            )
            assert again.json()["data"]["accepted"] == 1
    finally:
        await context.redis.call(("CONFIG", "SET", "maxmemory", before))
