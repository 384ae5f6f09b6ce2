"""Whose strategy a list at a placement has, where several would decide."""

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.context import Context
from tests.support.apps import bearer, client_of
from tests.support.lists import ids
from tests.support.processes import PATIENCE_S
from tests.support.shops import until
from tests.widgets.shop import Shop

AB = {"name": "Test", "controlStrategy": "collaborative", "variantStrategy": "collaborative", "metric": "ctr"}


async def start(shop: Shop, placement_id: str | None) -> str:
    path = f"/api/v1/tenants/{shop.id}/experiments"
    made = await shop.person.call("POST", path, AB | {"placementId": placement_id})
    experiment_id = str(made.json()["data"]["id"])
    assert (await shop.person.call("POST", f"{path}/{experiment_id}/start")).status_code == 200
    return experiment_id


async def meta(shop: Shop, **params: Any) -> tuple[str, str | None]:
    found = (await shop.recommend(userId="u1", **params))["meta"]
    return found["requestedStrategy"], found["experimentId"]


async def test_a_plain_request_at_a_placement_has_its_widgets_strategy(
    stocked: Shop, client: httpx.AsyncClient
) -> None:
    await stocked.make(strategy="content_based")
    await stocked.decides("content_based")
    named = await stocked.recommend(userId="u1", productId="boot1", strategy="content_based")
    params = {"userId": "u1", "productId": "boot1", "placementId": "home"}
    got = await stocked.recommend(**params)
    posted = (await client.post("/api/v1/recommendations", json=params, headers=bearer(stocked.key))).json()
    batch = await client.post("/api/v1/recommendations/batch", json={"requests": [params]}, headers=bearer(stocked.key))
    for found in (got, posted, batch.json()["data"][0]):
        assert ids(found) == ids(named)
        assert (found["meta"]["strategy"], found["meta"]["requestedStrategy"]) == ("content_based", "content_based")
    elsewhere = await stocked.recommend(userId="u1", productId="boot1", placementId="cart")
    assert elsewhere["meta"]["requestedStrategy"] == "auto"


async def test_who_decides_comes_in_one_order(stocked: Shop) -> None:
    widget = await stocked.make(strategy="trending")
    await stocked.decides("trending")
    assert await meta(stocked, placementId="home") == ("trending", None)
    assert await meta(stocked, placementId="home", strategy="content_based") == ("content_based", None)
    whole = await start(stocked, None)

    async def whole_runs() -> bool:
        return await meta(stocked, placementId="cart") == ("collaborative", whole)

    await until(whole_runs)
    assert await meta(stocked, placementId="home") == ("trending", None)  # a strategy is named there
    own = await start(stocked, "home")

    async def own_runs() -> bool:
        return await meta(stocked, placementId="home") == ("collaborative", own)

    await until(own_runs)
    assert await meta(stocked, placementId="home", strategy="content_based") == ("collaborative", own)
    path = f"/api/v1/tenants/{stocked.id}/experiments/{own}/pause"
    assert (await stocked.person.call("POST", path)).status_code == 200
    await stocked.change(widget["id"], strategy=None)

    async def whole_takes_it() -> bool:
        return await meta(stocked, placementId="home") == ("collaborative", whole)

    await until(whole_takes_it)


async def test_every_process_hears_of_a_strategy_and_does_not_wait_for_a_keys_lifetime(
    shop: Shop, context: Context, other_process: str, neighbour: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.api_keys.service.LIFETIME_S", 3600.0)
    async with httpx.AsyncClient(base_url=other_process, timeout=PATIENCE_S) as process, client_of(neighbour) as second:
        clients = (process, second, shop.person.client)

        async def listening() -> bool:
            return bool(context.bus.connected and neighbour.state.context.bus.connected)

        await until(listening)
        for client in clients:
            await shop.decides("auto", client)
        widget = await shop.make(strategy="trending")
        for client in clients:
            await shop.decides("trending", client)
        await shop.change(widget["id"], strategy="content_based")
        for client in clients:
            await shop.decides("content_based", client)
        await shop.person.call("DELETE", f"{shop.path}/{widget['id']}")
        for client in clients:
            await shop.decides("auto", client)


async def test_a_known_strategy_costs_a_request_no_query(
    stocked: Shop, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stocked.make(strategy="trending")
    await stocked.decides("trending")
    asked: list[object] = []
    acquire = type(context.pool).acquire

    def counting(pool: Any, **named: Any) -> Any:
        asked.append(pool)
        return acquire(pool, **named)

    monkeypatch.setattr(type(context.pool), "acquire", counting)

    async def nothing_asked() -> bool:
        asked.clear()
        for number in range(5):
            found = await stocked.recommend(userId=f"u{number}", placementId="home")
            assert found["meta"]["requestedStrategy"] == "trending"
        return not asked

    await until(nothing_asked)


async def test_without_redis_the_strategy_holds(stocked: Shop, without_redis: Starlette) -> None:
    await stocked.make(strategy="trending")
    async with client_of(without_redis) as client:
        await stocked.decides("trending", client)
        found = await stocked.recommend(client, userId="u1", placementId="home")
    assert (found["meta"]["requestedStrategy"], len(found["data"])) == ("trending", 8)
