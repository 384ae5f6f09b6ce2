"""Recommendations under an experiment: who gets what, from the cache as well, on every process, and without a query."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.experiments.assignment import bucket, draft
from tests.experiments.shop import Shop, open_shop, shoppers
from tests.support.apps import bearer, client_of
from tests.support.databases import fetchval
from tests.support.processes import PATIENCE_S
from tests.support.shops import until


def ids(body: dict[str, Any]) -> list[str]:
    return [item["productId"] for item in body["data"]]


async def test_the_hash_decides_the_strategy_and_the_answer_says_so(stocked: Shop) -> None:
    experiment_id = await stocked.make(trafficSplit=30)
    await stocked.serves(experiment_id, userId="u1", placementId="home")
    for user in [f"u{number}" for number in range(12)]:
        meta = (await stocked.recommend(userId=user, placementId="home", productId="boot2"))["meta"]
        control = bucket(user, experiment_id) < 30
        strategy = "trending" if control else "content_based"
        assert (meta["experimentId"], meta["variant"], meta["strategy"], meta["requestedStrategy"]) == (
            experiment_id, "control" if control else "variant", strategy, strategy,
        )  # fmt: skip


async def test_assignment_writes_nothing_and_asks_the_database_nothing(
    stocked: Shop, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stocked.make()
    asked: list[object] = []
    acquire = type(context.pool).acquire

    def counting(pool: Any, **named: Any) -> Any:
        asked.append(pool)
        return acquire(pool, **named)

    monkeypatch.setattr(type(context.pool), "acquire", counting)

    async def nothing_asked() -> bool:
        asked.clear()
        for number in range(5):
            assert (await stocked.recommend(userId=f"u{number}", placementId="home"))["meta"]["variant"]
        return not asked

    await until(nothing_asked)
    count = "SELECT count(*) FROM events WHERE tenant_id::text = $1 AND event_type = 'impression'"
    assert await fetchval(context.settings.database_url, count, stocked.id) == 0


async def test_both_variants_have_cached_lists_of_their_own(stocked: Shop) -> None:
    experiment_id = await stocked.make()
    await stocked.serves(experiment_id, userId="u1", placementId="home")
    control, variant = next(shoppers(experiment_id, 50, "control")), next(shoppers(experiment_id, 50, "variant"))
    for user in (control, variant):
        first = await stocked.recommend(userId=user, placementId="home", productId="boot2")

        async def is_cached(user: str = user) -> bool:
            return bool((await stocked.recommend(userId=user, placementId="home", productId="boot2"))["meta"]["cached"])

        await until(is_cached)
        again = await stocked.recommend(userId=user, placementId="home", productId="boot2")
        assert ids(again) == ids(first)
        assert (again["meta"]["experimentId"], again["meta"]["variant"]) == (experiment_id, first["meta"]["variant"])
    await stocked.move(experiment_id, "complete")
    await stocked.serves(None, userId=variant, placementId="home", productId="boot2")
    after = await stocked.recommend(userId=variant, placementId="home", productId="boot2")
    assert (after["meta"]["experimentId"], after["meta"]["variant"], after["meta"]["requestedStrategy"]) == (
        None,
        None,
        "auto",
    )


async def test_other_placements_and_requests_without_a_shopper_take_no_part(stocked: Shop) -> None:
    experiment_id = await stocked.make()
    await stocked.serves(experiment_id, userId="u1", placementId="home")
    for params in (
        {"userId": "u1", "placementId": "cart"},
        {"userId": "u1"},
        {"placementId": "home"},
        {"sessionId": "s", "placementId": "home"},
    ):
        meta = (await stocked.recommend(**params))["meta"]
        assert (meta["experimentId"], meta["variant"], meta["requestedStrategy"]) == (None, None, "auto")


async def test_an_experiment_of_the_whole_shop_leaves_named_strategies_alone(stocked: Shop) -> None:
    experiment_id = await stocked.make(placementId=None)
    await stocked.serves(experiment_id, userId="u1")
    for params in ({"userId": "u1"}, {"userId": "u1", "placementId": "anywhere"}):
        assert (await stocked.recommend(**params))["meta"]["experimentId"] == experiment_id
    named = (await stocked.recommend(userId="u1", strategy="collaborative"))["meta"]
    assert (named["experimentId"], named["requestedStrategy"]) == (None, "collaborative")
    await stocked.serves(
        await stocked.make(placementId="cart"), userId="u1", placementId="cart", strategy="collaborative"
    )


async def test_a_post_and_a_batch_take_part_as_a_get_does(stocked: Shop, client: httpx.AsyncClient) -> None:
    experiment_id = await stocked.make()
    await stocked.serves(experiment_id, userId="u1", placementId="home")
    requests = [{"userId": f"u{number}", "placementId": "home"} for number in range(6)] + [{"userId": "u1"}]
    got = [await stocked.recommend(**each) for each in requests]
    batch = (
        await client.post("/api/v1/recommendations/batch", json={"requests": requests}, headers=bearer(stocked.key))
    ).json()["data"]
    posted = [
        (await client.post("/api/v1/recommendations", json=each, headers=bearer(stocked.key))).json()
        for each in requests
    ]
    for one, other, third in zip(got, batch, posted, strict=True):
        for name in ("experimentId", "variant", "requestedStrategy"):
            assert one["meta"][name] == other["meta"][name] == third["meta"][name]
        assert ids(one) == ids(other) == ids(third)
    assert {each["meta"]["experimentId"] for each in got} == {experiment_id, None}


async def test_every_process_hears_what_runs_and_does_not_wait_for_a_keys_lifetime(
    shop: Shop, context: Context, other_process: str, neighbour: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.api_keys.service.LIFETIME_S", 3600.0)
    async with httpx.AsyncClient(base_url=other_process, timeout=PATIENCE_S) as process, client_of(neighbour) as second:
        clients = (process, second, shop.person.client)

        async def listening() -> bool:
            return bool(context.bus.connected and neighbour.state.context.bus.connected)

        await until(listening)
        for client in clients:
            await shop.serves(None, client, userId="u1", placementId="home")
        experiment_id = await shop.make(start=False)
        for step, expected in (
            ("start", experiment_id),
            ("pause", None),
            ("resume", experiment_id),
            ("complete", None),
        ):
            await shop.move(experiment_id, step)
            await asyncio.gather(
                *(shop.serves(expected, client, userId="u1", placementId="home") for client in clients)
            )


async def test_an_interleaved_list_names_whose_pick_each_product_is(stocked: Shop) -> None:
    params: dict[str, Any] = {"productId": "boot2", "limit": 6, "placementId": "home"}
    alone = {
        team: ids(await stocked.recommend(userId="u1", strategy=strategy, **params))
        for team, strategy in (("control", "trending"), ("variant", "content_based"))
    }
    assert alone["control"] != alone["variant"]
    experiment_id = await stocked.make(kind="interleaving")
    await stocked.serves(experiment_id, userId="u1", placementId="home")
    body = await stocked.recommend(userId="u1", **params)
    picks = draft(alone["control"], alone["variant"], 6, "u1", experiment_id)
    assert [(item["productId"], item["variant"]) for item in body["data"]] == [
        (alone[team][place], team) for place, team in picks
    ]
    meta = body["meta"]
    assert (meta["experimentId"], meta["variant"], meta["strategy"], meta["requestedStrategy"]) == (
        experiment_id,
        None,
        "interleaved",
        "interleaved",
    )

    async def is_cached() -> bool:
        return bool((await stocked.recommend(userId="u1", **params))["meta"]["cached"])

    await until(is_cached)
    assert (await stocked.recommend(userId="u1", **params))["data"] == body["data"]
    teams = Counter(item["variant"] for item in (await stocked.recommend(userId="u2", **params))["data"])
    assert teams == {"control": 3, "variant": 3}


async def test_without_redis_experiments_go_on(stocked: Shop, without_redis: Starlette) -> None:
    ab, inter = await stocked.make(), await stocked.make(kind="interleaving", placementId="cart")
    async with client_of(without_redis) as client:
        for placement, experiment_id in (("home", ab), ("cart", inter)):
            await stocked.serves(experiment_id, client, userId="u1", placementId=placement)
            body = await stocked.recommend(client, userId="u1", placementId=placement)
            assert body["meta"]["experimentId"] == experiment_id
            assert len(body["data"]) == 8


async def test_an_experiment_is_of_its_tenant_alone(stocked: Shop, client: httpx.AsyncClient) -> None:
    experiment_id = await stocked.make()
    await stocked.serves(experiment_id, userId="u1", placementId="home")
    stranger = await open_shop(client)
    assert (await stranger.recommend(userId="u1", placementId="home"))["meta"]["experimentId"] is None
