"""A shopper with several ids is one shopper, whichever of them a request names."""

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.events.joined import MAX_JOINED, person_key
from recomengine.events.trail import trail_key
from recomengine.infra.metrics import FALLBACKS
from tests.support.apps import Tenant, bearer, client_of
from tests.support.lists import SHOP, answer, ids, post_event
from tests.support.processes import PATIENCE_S
from tests.support.shops import build, send

IDS = ("ann", "tablet", "phone")
BOUGHT = {"boot2", "mug2", "bean2"}


async def join(client: httpx.AsyncClient, tenant: Tenant, user: str, anonymous: str) -> httpx.Response:
    made = await client.post(
        f"/api/v1/users/{user}/aliases", json={"anonymousId": anonymous}, headers=bearer(tenant.read_write)
    )
    assert made.status_code in (200, 201), made.text
    return made


async def kept_back(client: httpx.AsyncClient, tenant: Tenant, user: str) -> set[str]:
    """The products that the user has bought."""
    return {each["productId"] for each in SHOP} - set(ids(await answer(client, tenant, userId=user, limit=100)))


@pytest.fixture
async def joined(client: httpx.AsyncClient, shop: Tenant) -> Tenant:
    """Ann bought something under each of her ids; the phone was joined with the tablet first."""
    for user, product in zip(IDS, ("boot2", "mug2", "bean2"), strict=True):
        await post_event(client, shop, "purchase", user, product)
    await join(client, shop, "tablet", "phone")
    await join(client, shop, "ann", "tablet")
    return shop


async def test_what_was_bought_under_one_id_is_offered_under_none(
    client: httpx.AsyncClient, context: Context, joined: Tenant
) -> None:
    for user in IDS:
        assert await kept_back(client, joined, user) == BOUGHT
    await build(context, joined.id)
    for user in IDS:
        assert await kept_back(client, joined, user) == BOUGHT


async def test_a_build_knows_whose_an_id_is_when_redis_remembers_nothing_of_it(
    client: httpx.AsyncClient, context: Context, joined: Tenant
) -> None:
    await build(context, joined.id)
    keys = [key(str(joined.id), user) for user in IDS for key in (trail_key, person_key)]
    await context.redis.call(("UNLINK", *keys))
    before = FALLBACKS.labels("recents")._value.get()
    for user in IDS:
        assert await kept_back(client, joined, user) == BOUGHT
    assert FALLBACKS.labels("recents")._value.get() == before, "no query is needed for it"
    await post_event(client, joined, "purchase", "phone", "sock2")
    for user in IDS:
        assert await kept_back(client, joined, user) == {*BOUGHT, "sock2"}


async def test_the_database_knows_whose_an_id_is_when_redis_has_lost_it(
    client: httpx.AsyncClient, context: Context, joined: Tenant
) -> None:
    await context.redis.call(("FLUSHDB",))
    for user in IDS:
        assert await kept_back(client, joined, user) == BOUGHT


async def test_without_redis_every_id_is_the_same_shopper(
    client: httpx.AsyncClient, without_redis: Starlette, joined: Tenant
) -> None:
    async with client_of(without_redis) as other:
        for user in IDS:
            assert await kept_back(other, joined, user) == BOUGHT


async def test_another_process_knows_of_a_join_with_its_answer(
    client: httpx.AsyncClient, other_process: str, joined: Tenant
) -> None:
    async with httpx.AsyncClient(base_url=other_process, timeout=PATIENCE_S) as process:
        for user in IDS:
            assert await kept_back(process, joined, user) == BOUGHT
        await post_event(client, joined, "purchase", "visitor", "lace2")
        await join(client, joined, "ann", "visitor")
        for user in (*IDS, "visitor"):
            assert await kept_back(process, joined, user) == {*BOUGHT, "lace2"}


async def test_an_id_without_an_event_of_its_own_is_the_shopper_as_well(
    client: httpx.AsyncClient, context: Context, joined: Tenant
) -> None:
    await join(client, joined, "ann", "watch")
    assert await kept_back(client, joined, "watch") == BOUGHT
    await build(context, joined.id)
    await context.redis.call(("UNLINK", person_key(str(joined.id), "watch")))
    assert await kept_back(client, joined, "watch") == BOUGHT


async def test_an_event_under_one_id_makes_the_cached_lists_of_the_others_stale(
    client: httpx.AsyncClient, joined: Tenant
) -> None:
    for cached in (False, True):
        for user in IDS:
            assert (await answer(client, joined, userId=user))["meta"]["cached"] is cached
    await post_event(client, joined, "view", "phone", "sock2")
    for user in IDS:
        assert (await answer(client, joined, userId=user))["meta"]["cached"] is False


async def test_the_running_session_is_the_shoppers_whichever_id_it_began_under(
    client: httpx.AsyncClient, joined: Tenant
) -> None:
    await post_event(client, joined, "view", "ann", "sock3", sessionId="visit")
    lists = [await answer(client, joined, userId=user, sessionId="visit") for user in IDS]
    assert lists[0]["data"] == lists[1]["data"] == lists[2]["data"]


async def test_an_id_that_was_joined_long_ago_still_finds_what_the_newest_did(
    client: httpx.AsyncClient, context: Context, shop: Tenant
) -> None:
    for number in range(MAX_JOINED + 2):
        await join(client, shop, "ann", f"visit{number}")
    await post_event(client, shop, "purchase", f"visit{MAX_JOINED + 1}", "mug2")
    await post_event(client, shop, "purchase", "visit0", "boot2")
    assert await kept_back(client, shop, "visit0") == {"mug2", "boot2"}
    await build(context, shop.id)
    for user in ("ann", "visit0", f"visit{MAX_JOINED + 1}"):
        assert await kept_back(client, shop, user) == {"mug2", "boot2"}


async def test_a_request_of_a_shopper_with_one_id_is_one_round_trip_and_of_one_with_several_two(
    client: httpx.AsyncClient, context: Context, joined: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post_event(client, joined, "view", "bob", "sock2")
    reads: list[object] = []
    call = context.redis.call

    def counting(*commands: tuple[str, ...]) -> object:
        reads.extend([1] if any(command[0] == "LRANGE" for command in commands) else [])
        return call(*commands)

    monkeypatch.setattr(context.redis, "call", counting)
    for user, trips in (("bob", 1), ("nobody", 1), *((user, 2) for user in IDS)):
        reads.clear()
        await answer(client, joined, userId=user)
        assert len(reads) == trips


async def test_blanks_around_an_id_make_no_other_shopper(client: httpx.AsyncClient, shop: Tenant) -> None:
    await post_event(client, shop, "purchase", "ann", "boot2")
    await post_event(client, shop, "purchase", "tablet", "mug2")
    await join(client, shop, "ann%20", " tablet\u00a0")
    for user in ("ann", " ann", "tablet ", " tablet"):
        assert await kept_back(client, shop, user) == {"boot2", "mug2"}
    found = await client.get("/api/v1/users/%20tablet", headers=bearer(shop.read_write))
    assert (found.json()["data"]["userId"], len(found.json()["data"]["events"])) == ("ann", 2)


@pytest.mark.parametrize(
    ("method", "path", "body", "at"),
    [
        ("POST", "%20/aliases", {"anonymousId": "anon"}, "$.userId"),
        ("POST", "ann/aliases", {"anonymousId": " "}, "$.anonymousId"),
        ("PUT", "%20/properties", {}, "$.userId"),
        ("DELETE", "ann/aliases/%20", None, "$.anonymousId"),
    ],
)
async def test_an_id_of_blanks_is_none(
    client: httpx.AsyncClient, shop: Tenant, method: str, path: str, body: object, at: str
) -> None:
    refused = await client.request(method, f"/api/v1/users/{path}", json=body, headers=bearer(shop.read_write))
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, at)


async def test_strangers_stay_strangers(client: httpx.AsyncClient, context: Context, joined: Tenant) -> None:
    await send(context, joined.id, [{"eventType": "purchase", "userId": "bob", "productId": "lace1"}])
    await join(client, joined, "bob", "desk")
    for user in ("bob", "desk"):
        assert await kept_back(client, joined, user) == {"lace1"}
    assert await kept_back(client, joined, "ann") == BOUGHT
