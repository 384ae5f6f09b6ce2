"""How a placement looks, as pages read it: who may, how long it is kept, and that nothing old outlives a change."""

import asyncio

import httpx
import msgspec
import pytest
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.infra.metrics import FALLBACKS
from recomengine.widgets.looks import TTL_S, look_key
from tests.support.apps import bearer, client_of
from tests.support.processes import PATIENCE_S
from tests.support.shops import until
from tests.widgets.shop import WIDGET, Shop

SHOWN = WIDGET | {"currency": "EUR"}


async def test_every_key_that_may_recommend_reads_the_look(shop: Shop, client: httpx.AsyncClient) -> None:
    await shop.make()
    read = (await shop.person.make_key(shop.id, "read"))["key"]
    for key in (read, shop.key, shop.publish):
        found = await client.get("/api/v1/widgets/home", headers=bearer(key))
        assert (found.status_code, found.json()) == (200, {"data": SHOWN}), found.text
    in_url = await client.get("/api/v1/widgets/home", params={"key": shop.publish})
    assert in_url.json() == {"data": SHOWN}
    assert (await client.get("/api/v1/widgets/home")).status_code == 401
    assert (await client.get("/api/v1/widgets/home", params={"key": read})).json()["code"] == "key_in_url"


async def test_a_placement_without_a_widget_is_not_found(shop: Shop) -> None:
    await shop.make()
    assert (await shop.look("cart")).status_code == 404


async def test_a_placement_may_have_any_name(shop: Shop) -> None:
    await shop.make(placementId="a/b ü?")
    assert (await shop.look("a%2Fb%20%C3%BC%3F")).json()["data"]["placementId"] == "a/b ü?"


async def test_who_has_it_already_is_told_so_until_it_changes(shop: Shop) -> None:
    made = await shop.make()
    first = await shop.look()
    etag = first.headers["etag"]
    assert etag.startswith('"')
    assert (first.headers["cache-control"], TTL_S) == ("private, max-age=60", 60)
    assert "Authorization" in first.headers["vary"]
    for sent in (etag, f'"x", {etag}', f"W/{etag}", "*"):
        again = await shop.look(**{"If-None-Match": sent})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert again.headers["cache-control"] == first.headers["cache-control"]
    assert (await shop.look(**{"If-None-Match": '"x"'})).status_code == 200
    await shop.change(made["id"], columns=2)
    changed = await shop.look(**{"If-None-Match": etag})
    assert (changed.status_code, changed.json()["data"]["columns"]) == (200, 2)
    assert changed.headers["etag"] != etag


async def test_another_currency_is_another_look(shop: Shop) -> None:
    await shop.make()
    etag = (await shop.look()).headers["etag"]
    await shop.person.call("PATCH", f"/api/v1/tenants/{shop.id}/config", {"currency": "CHF"})

    async def told() -> bool:
        found = await shop.look(**{"If-None-Match": etag})
        return found.status_code == 200 and found.json()["data"]["currency"] == "CHF"

    await until(told)


async def test_a_look_is_kept_in_redis_for_a_minute_and_read_from_there(
    shop: Shop, context: Context, database_url: str
) -> None:
    await shop.make()
    key = look_key(shop.id, "home")

    async def kept() -> bool:
        await shop.look()
        return bool((await context.redis.call(("EXISTS", key)))[0])

    await until(kept)
    ((left_s,), (value,)) = await context.redis.call(("TTL", key)), await context.redis.call(("GET", key))
    assert 0 < left_s <= TTL_S
    marked = msgspec.json.decode(value)
    marked["look"]["title"] = "As Redis has it"
    await context.redis.call(("SET", key, msgspec.json.encode(marked)))

    async def read_there() -> bool:  # once the process knows the widget
        return bool((await shop.look()).json()["data"]["title"] == "As Redis has it")

    await until(read_there)


async def test_a_change_is_seen_at_once_and_by_every_process(
    shop: Shop, other_process: str, neighbour: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.api_keys.service.LIFETIME_S", 3600.0)
    made = await shop.make()
    async with httpx.AsyncClient(base_url=other_process, timeout=PATIENCE_S) as process, client_of(neighbour) as second:
        for columns in (1, 2, 5):
            await shop.change(made["id"], columns=columns)
            for client in (shop.person.client, process, second):
                assert (await shop.look(client=client)).json()["data"]["columns"] == columns
        await shop.person.call("DELETE", f"{shop.path}/{made['id']}")
        for client in (shop.person.client, process, second):
            assert (await shop.look(client=client)).status_code == 404
        await shop.make(columns=6)
        for client in (shop.person.client, process, second):
            assert (await shop.look(client=client)).json()["data"]["columns"] == 6


async def test_what_a_slow_reader_put_into_redis_is_not_believed(shop: Shop, context: Context) -> None:
    """One who read the widget before a change, and writes it there after it."""
    made = await shop.make()
    key = look_key(shop.id, "home")

    async def kept() -> bool:
        await shop.look()
        return bool((await context.redis.call(("EXISTS", key)))[0])

    await until(kept)
    (old,) = await context.redis.call(("GET", key))
    await shop.change(made["id"], columns=2)
    await shop.decides("trending")

    async def believed_no_more() -> bool:
        await context.redis.call(("SET", key, old))
        return bool((await shop.look()).json()["data"]["columns"] == 2)

    await until(believed_no_more)
    for _ in range(5):
        await context.redis.call(("SET", key, old))
        assert (await shop.look()).json()["data"]["columns"] == 2


@pytest.mark.parametrize("value", [b"no JSON", b'{"stamp": 99999999999999999, "look": {"layout": "grid"}}', b""])
async def test_what_another_version_put_into_redis_is_a_miss(value: bytes, shop: Shop, context: Context) -> None:
    await shop.make()
    await shop.decides("trending")
    await context.redis.call(("SET", look_key(shop.id, "home"), value))
    assert (await shop.look()).json() == {"data": SHOWN}


async def test_without_redis_the_look_comes_from_the_database(shop: Shop, without_redis: Starlette) -> None:
    made = await shop.make()
    before = FALLBACKS.labels("widgets")._value.get()
    async with client_of(without_redis) as client:
        assert (await shop.look(client=client)).json() == {"data": SHOWN}
        assert FALLBACKS.labels("widgets")._value.get() > before
        changed = await client.patch(f"{shop.path}/{made['id']}", json={"columns": 1}, headers=shop.person.bearer)
        assert changed.status_code == 200
        assert (await shop.look(client=client)).json()["data"]["columns"] == 1


async def test_reads_of_looks_are_charged(shop: Shop) -> None:
    await shop.make()
    await shop.person.call("PATCH", f"/api/v1/tenants/{shop.id}/config", {"rateLimits": {"readPerMinute": 3}})

    async def limited() -> bool:
        answers = await asyncio.gather(*(shop.look() for _ in range(4)))
        return {answer.status_code for answer in answers} >= {429}

    await until(limited)
