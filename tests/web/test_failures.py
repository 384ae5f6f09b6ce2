"""Requests that fail before it is known whom to charge are bounded by address, and good ones beside them are not held
up.
"""

import secrets as random
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.api_keys import queries, secrets
from recomengine.context import Context
from recomengine.web import failures
from tests.support.apps import SECRET, MakeTenant, bearer, client_of
from tests.support.people import AUTH, Person
from tests.support.shops import until

LIMIT = 4
LIST, EVENTS = "/api/v1/recommendations", "/api/v1/events"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recomengine.web.limits.FAILURES_PER_MINUTE", LIMIT)


@pytest.fixture
def network() -> str:
    """Of a client that no other test knows: an IPv6 /64."""
    return f"2001:db8:{random.randbelow(2**16):x}:{random.randbelow(2**16):x}"


@pytest.fixture
async def client(app: Starlette, network: str) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, f"{network}::1") as client:
        yield client


def unknown_key() -> str:
    """Well-formed, and nobody's."""
    return secrets.make_key("read", SECRET).key


def is_refused(answer: httpx.Response) -> bool:
    if answer.status_code != 429:
        return False
    assert answer.json()["code"] == "rate_limited"
    assert "failed requests" in answer.json()["detail"]
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    return True


async def fail(client: httpx.AsyncClient) -> None:
    """Use up what the client's address may fail."""
    for _ in range(LIMIT):
        answer = await client.get(LIST, headers=bearer(unknown_key()))
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert is_refused(await client.get(LIST, headers=bearer(unknown_key())))


async def test_unknown_keys_are_tried_so_often_and_then_not_even_looked_up(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[bytes] = []
    find_key = queries.find_key

    async def noted(pool: object, digest: bytes, limit_s: float) -> object:
        looked_up.append(digest)
        return await find_key(pool, digest, limit_s)  # type: ignore[arg-type]

    monkeypatch.setattr(queries, "find_key", noted)
    await fail(client)
    assert len(looked_up) == LIMIT + 1
    for _ in range(3):
        assert is_refused(await client.get(LIST, headers=bearer(unknown_key())))
    assert is_refused(await client.get(LIST, params={"key": unknown_key()}))
    assert len(looked_up) == LIMIT + 1


async def test_an_address_is_a_network_and_others_are_not_held_up(
    app: Starlette, client: httpx.AsyncClient, network: str, make_tenant: MakeTenant
) -> None:
    shop = await make_tenant()
    await fail(client)
    async with client_of(app, f"{network}:ffff::9") as same, client_of(app, "203.0.113.9") as other:
        assert is_refused(await same.get(LIST, headers=bearer(unknown_key())))
        assert (await other.get(LIST, headers=bearer(shop.read))).status_code == 200
        assert (await other.get(LIST, headers=bearer(unknown_key()))).status_code == 401


async def test_a_key_that_is_in_use_goes_on_beside_one_that_fails(
    client: httpx.AsyncClient, make_tenant: MakeTenant
) -> None:
    shop = await make_tenant()
    assert (await client.get(LIST, headers=bearer(shop.read))).status_code == 200
    await fail(client)
    assert (await client.get(LIST, headers=bearer(shop.read))).status_code == 200


async def test_bodies_that_cannot_be_read_are_bounded_and_then_not_even_received(client: httpx.AsyncClient) -> None:
    received: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        received.append(b"[")
        yield b"["

    for _ in range(LIMIT):
        assert (await client.post(EVENTS, content=b"[" * 1000, headers=JSON)).status_code == 400
    assert is_refused(await client.post(EVENTS, content=b"{}", headers=JSON))
    assert is_refused(await client.post(EVENTS, content=body(), headers=JSON))
    assert not received


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", JSON, 400), (b'{"eventType": 1}', JSON, 422), (b"{}", {}, 415), (b" " * 70_000, JSON, 413),
        (b'{"eventType": "view", "userId": "u", "productId": "p", "key": "rk_pub_guess"}', JSON, 401),
    ],
)  # fmt: skip
async def test_whatever_is_wrong_with_it(
    content: bytes, headers: dict[str, str], status: int, client: httpx.AsyncClient
) -> None:
    for _ in range(LIMIT):
        assert (await client.post(EVENTS, content=content, headers=headers)).status_code == status
    assert is_refused(await client.post(EVENTS, content=content, headers=headers))


async def test_what_a_good_key_does_wrong_is_its_own_count_and_not_its_addresses(
    client: httpx.AsyncClient, make_tenant: MakeTenant
) -> None:
    shop = await make_tenant()
    for _ in range(LIMIT + 2):
        assert (await client.post(EVENTS, content=b"{", headers=JSON | bearer(shop.read_write))).status_code == 400
        assert (await client.get(LIST, params={"limit": "none"}, headers=bearer(shop.read))).status_code == 422
    assert (await client.get(LIST)).status_code == 401


async def test_keys_that_may_not_do_what_they_ask_are_bounded_too(
    client: httpx.AsyncClient, make_tenant: MakeTenant
) -> None:
    shop = await make_tenant()
    for _ in range(LIMIT):
        assert (
            await client.put("/api/v1/catalog/p1", json={"name": "One"}, headers=bearer(shop.read))
        ).status_code == 403
    assert is_refused(await client.put("/api/v1/catalog/p1", json={"name": "One"}, headers=bearer(shop.read)))


async def test_forged_tokens_are_bounded_and_an_admin_goes_on_beside_them(client: httpx.AsyncClient) -> None:
    ann = Person(client)
    await ann.sign_up()
    for _ in range(LIMIT):
        assert (await client.get(f"{AUTH}/me", headers=bearer("a.b.c"))).status_code == 401
    assert is_refused(await client.get(f"{AUTH}/me", headers=bearer("a.b.c")))
    assert (await ann.call("GET", f"{AUTH}/me")).status_code == 200
    assert (await ann.call("GET", "/api/v1/tenants/none")).status_code == 404


async def test_preflights_do_not_look_up_keys_without_end(client: httpx.AsyncClient) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
    for _ in range(LIMIT):
        assert (await client.options(LIST, params={"key": unknown_key()}, headers=asked)).status_code == 403
    assert is_refused(await client.options(LIST, params={"key": unknown_key()}, headers=asked))
    assert is_refused(await client.options(LIST, params={"key": unknown_key()}, headers=asked))
    assert (await client.options(LIST, headers=asked)).status_code == 204


async def test_all_processes_share_the_count(client: httpx.AsyncClient, neighbour: Starlette, network: str) -> None:
    await fail(client)
    async with client_of(neighbour, f"{network}::1") as other:
        assert is_refused(await other.get(LIST, headers=bearer(unknown_key())))


async def test_without_redis_a_process_counts_for_itself(without_redis: Starlette, network: str) -> None:
    async with client_of(without_redis, f"{network}::1") as client:
        await fail(client)
        assert is_refused(await client.post(EVENTS, content=b"{", headers=JSON))


async def test_when_the_time_that_a_refusal_names_is_over_requests_are_judged_again(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.web.limits.WINDOW_MS", 500)

    async def refused() -> bool:
        return is_refused(await client.get(LIST, headers=bearer(unknown_key())))

    async def judged() -> bool:
        return (await client.get(LIST, headers=bearer(unknown_key()))).status_code == 401

    await until(refused)
    await until(judged)


async def test_good_requests_are_counted_nowhere_else(
    client: httpx.AsyncClient, context: Context, network: str, make_tenant: MakeTenant
) -> None:
    shop = await make_tenant()
    for _ in range(3):
        assert (await client.get(LIST, headers=bearer(shop.read))).status_code == 200
    assert await context.redis.call(("KEYS", f"reco:ratelimit:failure:{network}*")) == [[]]
    await client.get(LIST)
    assert await context.redis.call(("KEYS", f"reco:ratelimit:failure:{network}*")) != [[]]


async def test_no_more_networks_are_kept_in_mind_than_there_is_room_for(
    app: Starlette, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.web.limits.FAILURES_PER_MINUTE", 1)
    monkeypatch.setattr(failures, "MAX_NETWORKS", 3)
    for number in range(5):
        async with client_of(app, f"203.0.113.{100 + number}") as client:
            await client.get(LIST)
            assert is_refused(await client.get(LIST))
    assert len(context.guard.failures._until) == 3
