"""All lists of a page in one request: each as a request of its own gives it, beside how it looks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.infra.metrics import FALLBACKS
from recomengine.widgets.looks import look_key
from recomengine.widgets.schemas import MAX_PLACEMENTS
from tests.support.apps import bearer, client_of
from tests.support.databases import fetchval
from tests.support.lists import ids
from tests.support.shops import until
from tests.widgets.shop import WIDGET, Shop, open_shop

PAGE = "/api/v1/widgets/page"
PLAIN = {
    "placementId": "cart", "layout": "grid", "columns": 4, "theme": {}, "maxItems": 8, "showPrice": True,
    "ctaText": "", "title": None, "strategy": None, "currency": "EUR",
}  # fmt: skip
META = {
    "recommendationId", "strategy", "requestedStrategy", "experimentId", "variant", "cached", "modelVersion",
    "fallback",
}  # fmt: skip
AB = {"name": "Test", "controlStrategy": "content_based", "variantStrategy": "collaborative", "metric": "ctr"}


async def test_each_placement_has_its_look_and_its_list_in_the_order_asked(stocked: Shop) -> None:
    await stocked.make()
    await stocked.decides("trending")
    asked = [{"placementId": "cart", "productIds": ["boot1"]}, {"placementId": "home"}, {"placementId": "cart"}]
    found = await stocked.page(*asked, userId="u1")
    assert [each["placementId"] for each in found] == ["cart", "home", "cart"]
    assert [each["widget"] for each in found] == [PLAIN, WIDGET | {"currency": "EUR"}, PLAIN]
    assert [len(each["data"]) for each in found] == [8, 4, 8]
    assert [each["meta"]["requestedStrategy"] for each in found] == ["auto", "trending", "auto"]
    assert all(set(each) == {"placementId", "widget", "data", "meta"} for each in found)
    assert all(set(each["meta"]) == META for each in found)
    assert len({each["meta"]["recommendationId"] for each in found}) == 3


@pytest.mark.parametrize(
    ("placement", "params"),
    [
        ({}, {}), ({"limit": 3}, {"limit": 3}), ({"productIds": ["boot2", "sock1"]}, {"productId": ["boot2", "sock1"]}),
        ({"strategy": "content_based", "productIds": ["mug1"]}, {"strategy": "content_based", "productId": "mug1"}),
        ({"category": ["Hiking > Boot"]}, {"category": "Hiking > Boot"}),
        ({"category": ["Hiking > Boot", "Coffee > Mug"]}, {"category": ["Hiking > Boot", "Coffee > Mug"]}),
        ({"minPrice": 20, "maxPrice": 40.5}, {"minPrice": 20, "maxPrice": 40.5}),
        ({"exclude": ["boot1", "sock1"], "context": "cart"}, {"exclude": ["boot1", "sock1"], "context": "cart"}),
    ],
)  # fmt: skip
async def test_a_list_of_a_page_is_the_list_of_a_request_of_its_own(
    placement: dict[str, Any], params: dict[str, Any], stocked: Shop
) -> None:
    for who in ({"userId": "u1"}, {"userId": " u1 ", "sessionId": "s1"}, {}):
        alone = await stocked.recommend(placementId="cart", **params, **who)

        async def is_cached(who: dict[str, Any] = who) -> bool:
            (found,) = await stocked.page({"placementId": "cart", **placement}, **who)
            return bool(found["meta"]["cached"])

        await until(is_cached)  # the list that the request of its own has made: both have one key
        (found,) = await stocked.page({"placementId": "cart", **placement}, **who)
        assert found["data"] == alone["data"]
        assert {name: found["meta"][name] for name in META - {"recommendationId", "cached"}} == {
            name: alone["meta"][name] for name in META - {"recommendationId", "cached"}
        }


async def test_an_experiment_decides_on_a_page_as_elsewhere(stocked: Shop) -> None:
    await stocked.make()
    path = f"/api/v1/tenants/{stocked.id}/experiments"
    made = (await stocked.person.call("POST", path, AB | {"placementId": "home"})).json()["data"]["id"]
    await stocked.person.call("POST", f"{path}/{made}/start")

    async def served() -> bool:
        home, cart = await stocked.page({"placementId": "home"}, {"placementId": "cart"}, userId="u1")
        return bool(home["meta"]["experimentId"] == made and cart["meta"]["experimentId"] is None)

    await until(served)
    (home,) = await stocked.page({"placementId": "home"}, userId="u1")
    alone = await stocked.recommend(placementId="home", userId="u1", limit=4)
    assert home["meta"]["variant"] == alone["meta"]["variant"]
    assert ids(home) == ids(alone)


async def test_nothing_is_remembered_of_who_has_no_user_id(stocked: Shop, database_url: str, context: Context) -> None:
    found = await stocked.page({"placementId": "home", "productIds": ["boot1"]}, {"placementId": "cart"})
    assert [len(each["data"]) for each in found] == [8, 8]
    assert (
        await fetchval(database_url, "SELECT count(*) FROM events WHERE tenant_id = $1 AND user_id = ''", stocked.id)
        == 0
    )
    ((_, keys),) = await context.redis.call(("SCAN", 0, "MATCH", f"reco:recent:{{{stocked.id}}}:", "COUNT", 100_000))
    assert keys == []


async def test_a_page_of_a_browser_needs_no_preflight(stocked: Shop, client: httpx.AsyncClient) -> None:
    """A publish key in a body of text/plain, from a page of the shop."""
    await stocked.person.call(
        "PATCH", f"/api/v1/tenants/{stocked.id}/config", {"allowedOrigins": ["https://shop.example"]}
    )
    body = json.dumps({"key": stocked.publish, "placements": [{"placementId": "home"}]})
    headers = {"Content-Type": "text/plain;charset=UTF-8", "Origin": "https://shop.example"}

    async def answered() -> bool:
        found = await client.post(PAGE, content=body, headers=headers)
        return found.status_code == 200 and found.headers["access-control-allow-origin"] == "https://shop.example"

    await until(answered)
    refused = await client.post(PAGE, content=body, headers=headers | {"Origin": "https://evil.example"})
    assert (refused.status_code, refused.json()["code"]) == (403, "origin_not_allowed")
    leaked = await client.post(PAGE, json={"key": stocked.key, "placements": [{"placementId": "home"}]})
    assert leaked.json()["code"] == "key_in_url"
    assert (await client.post(PAGE, json={"placements": [{"placementId": "home"}]})).status_code == 401


async def test_a_page_is_one_read_however_many_lists_it_has(stocked: Shop, client: httpx.AsyncClient) -> None:
    left = []
    for count in (1, MAX_PLACEMENTS, 1):
        placements = [{"placementId": f"p{number}"} for number in range(count)]
        answer = await client.post(PAGE, json={"placements": placements}, headers=bearer(stocked.key))
        assert len(answer.json()["data"]) == count
        left.append(int(answer.headers["ratelimit-remaining"]))
    assert left == [left[0], left[0] - 1, left[0] - 2]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"placements": []}, "$.placements"),
        ({}, "$"),
        ({"placements": [{"placementId": "p"}] * (MAX_PLACEMENTS + 1)}, "$.placements"),
        ({"placements": [{"productIds": []}]}, "$.placements[0]"),
        ({"placements": [{"placementId": "p", "limit": 0}]}, "$.placements[0].limit"),
        ({"placements": [{"placementId": "p", "strategy": "best"}]}, "$.placements[0].strategy"),
        ({"placements": [{"placementId": "p", "colour": 1}]}, "$.placements[0]"),
        ({"placements": [{"placementId": "p"}], "userId": "  "}, "$.userId"),
        ({"placements": [{"placementId": "p"}], "userId": "a\nb"}, "$.userId"),
    ],
)
async def test_a_wrong_page_is_refused_by_its_field(
    body: dict[str, Any], path: str, shop: Shop, client: httpx.AsyncClient
) -> None:
    refused = await client.post(PAGE, json=body, headers=bearer(shop.key))
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, path), refused.text


@contextmanager
def counted(context: Context, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """The database's connections that are asked for."""
    asked: list[object] = []
    acquire = type(context.pool).acquire

    def counting(pool: Any, **named: Any) -> Any:
        asked.append(pool)
        return acquire(pool, **named)

    with monkeypatch.context() as patched:
        patched.setattr(type(context.pool), "acquire", counting)
        yield asked


async def test_a_page_asks_redis_once_and_the_database_nothing(
    stocked: Shop, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stocked.make()
    await stocked.decides("trending")
    writes: list[int] = []
    placements = [{"placementId": "home"}, {"placementId": "cart", "productIds": ["boot1"]}]
    with counted(context, monkeypatch) as asked:

        async def one_write() -> bool:
            """Of the charge, the looks and the lists; made lists go there afterwards, so all are cached here."""
            wire = context.redis._wire
            assert wire is not None
            send = type(wire).send
            asked.clear()
            writes.clear()

            def counting(self: Any, calls: Any) -> None:
                if self is wire:
                    writes.append(len(calls))
                send(self, calls)

            with monkeypatch.context() as patched:
                patched.setattr(type(wire), "send", counting)
                found = await stocked.page(*placements, userId="u1")
            return all(each["meta"]["cached"] for each in found) and not asked and len(writes) == 1

        await until(one_write)
    assert writes[0] >= 4  # the charge, the looks, two lists


async def test_without_redis_a_page_is_as_full_and_looks_as_saved(stocked: Shop, without_redis: Starlette) -> None:
    await stocked.make()
    async with client_of(without_redis) as client:
        home, cart = await stocked.page({"placementId": "home"}, {"placementId": "cart"}, client=client, userId="u1")
    assert home["widget"] == WIDGET | {"currency": "EUR"}
    assert (len(home["data"]), len(cart["data"]), cart["widget"]) == (4, 8, PLAIN)


async def test_without_redis_and_database_a_page_shows_its_lists_as_plain_ones(
    stocked: Shop, without_redis: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stocked.make()
    context: Context = without_redis.state.context
    before = FALLBACKS.labels("looks")._value.get()
    async with client_of(without_redis) as client:
        await stocked.page({"placementId": "home"}, client=client, userId="u1")
        context.pool.cut_off()
        try:
            (home,) = await stocked.page({"placementId": "home"}, client=client, userId="u1")
        finally:
            context.pool.hangs = False
    assert home["widget"] == PLAIN | {"placementId": "home", "maxItems": 4, "strategy": "trending"}
    assert (len(home["data"]), home["meta"]["requestedStrategy"]) == (4, "trending")
    assert FALLBACKS.labels("looks")._value.get() > before


async def test_a_shop_without_products_has_empty_lists_and_its_looks(client: httpx.AsyncClient, shop: Shop) -> None:
    await shop.make()
    await shop.decides("trending")
    (home,) = await shop.page({"placementId": "home"}, userId="u1")
    assert (home["widget"], home["data"]) == (WIDGET | {"currency": "EUR"}, [])
    stranger = await open_shop(client)
    (theirs,) = await stranger.page({"placementId": "home"}, userId="u1")
    assert theirs["widget"]["title"] is None


async def test_a_look_that_redis_lost_is_put_back(stocked: Shop, context: Context) -> None:
    await stocked.make()
    await stocked.decides("trending")
    key = look_key(stocked.id, "home")
    await context.redis.call(("DEL", key))
    (home,) = await stocked.page({"placementId": "home"})
    assert home["widget"]["title"] == WIDGET["title"]

    async def put_back() -> bool:
        return bool((await context.redis.call(("EXISTS", key)))[0])

    await until(put_back)
