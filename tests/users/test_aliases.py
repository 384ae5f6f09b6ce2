"""What a shopper did before the login counts as theirs: in the next request, and in the next build."""

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.events.joined import MAX_JOINED, person_key
from recomengine.events.trail import trail_key
from recomengine.infra.metrics import FALLBACKS
from tests.support.apps import MakeTenant, Tenant, bearer, client_of
from tests.support.lists import SHOP, answer, ids, post_event, stock
from tests.support.shops import build


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    """A shop that offers nothing again that was bought, so that a list shows what is known of a shopper."""
    tenant = await make_tenant(exclude_purchased="always")
    await stock(context, tenant.id)
    return tenant


async def alias(
    client: httpx.AsyncClient, tenant: Tenant, user: str, anonymous: Any, key: str | None = None
) -> httpx.Response:
    return await client.post(
        f"/api/v1/users/{user}/aliases", json={"anonymousId": anonymous}, headers=bearer(key or tenant.read_write)
    )


async def missing(client: httpx.AsyncClient, tenant: Tenant, user: str) -> set[str]:
    """The products that are kept from the user, which are those that they have bought."""
    return {each["productId"] for each in SHOP} - set(ids(await answer(client, tenant, userId=user, limit=100)))


async def test_what_was_done_before_the_login_counts_in_the_next_request_and_after_the_next_build(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await post_event(client, tenant, "purchase", "anon", "boot2")
    await post_event(client, tenant, "purchase", "ann", "mug2")
    assert await missing(client, tenant, "ann") == {"mug2"}

    made = await alias(client, tenant, "ann", "anon")

    assert (made.status_code, made.json()) == (201, {"data": {"userId": "ann", "aliases": ["anon"]}})
    assert await missing(client, tenant, "ann") == {"mug2", "boot2"}
    await post_event(client, tenant, "purchase", "anon", "boot3")  # in another tab
    assert await missing(client, tenant, "ann") == {"mug2", "boot2", "boot3"}
    await build(context, tenant.id)
    await context.redis.call(("UNLINK", *(trail_key(str(tenant.id), user) for user in ("ann", "anon"))))
    assert await missing(client, tenant, "ann") == {"mug2", "boot2", "boot3"}
    model = await context.models.get(tenant.id)
    assert model is not None
    assert len(model.history("anon").items) == 0, "in the model it is the user's alone"


async def test_what_the_model_holds_of_the_anonymous_id_counts_before_the_next_build(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await post_event(client, tenant, "purchase", "anon", "boot2")
    await build(context, tenant.id)
    await context.redis.call(("UNLINK", trail_key(str(tenant.id), "anon")))
    assert await missing(client, tenant, "ann") == set()

    await alias(client, tenant, "ann", "anon")

    assert await missing(client, tenant, "ann") == {"boot2"}


async def test_without_redis_the_aliases_come_from_the_database(
    client: httpx.AsyncClient, without_redis: Starlette, tenant: Tenant
) -> None:
    await post_event(client, tenant, "purchase", "anon", "boot2")
    before = FALLBACKS.labels("recents")._value.get()
    async with client_of(without_redis) as other:
        assert (await alias(other, tenant, "ann", "anon")).status_code == 201
        assert FALLBACKS.labels("recents")._value.get() == before + 1
        assert await missing(other, tenant, "ann") == {"boot2"}


async def test_the_same_alias_again_changes_nothing(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await post_event(client, tenant, "remove_from_cart", "ann", "mug2")
    marks = []
    for status in (201, 200, 200):
        assert (await alias(client, tenant, "ann", "anon")).status_code == status
        marks += await context.redis.call(("GET", person_key(str(tenant.id), "ann")))
    assert marks[0] == marks[1] == marks[2]
    first = await answer(client, tenant, userId="ann")
    await alias(client, tenant, "ann", "anon")
    again = await answer(client, tenant, userId="ann")
    assert (first["meta"]["cached"], again["meta"]["cached"]) == (False, True)


async def test_a_new_alias_makes_the_cached_list_stale(client: httpx.AsyncClient, tenant: Tenant) -> None:
    await post_event(client, tenant, "remove_from_cart", "ann", "mug2")
    for cached in (False, True):
        assert (await answer(client, tenant, userId="ann"))["meta"]["cached"] is cached
    await alias(client, tenant, "ann", "anon")
    assert (await answer(client, tenant, userId="ann"))["meta"]["cached"] is False


async def test_an_anonymous_id_is_one_users_only(client: httpx.AsyncClient, tenant: Tenant) -> None:
    await alias(client, tenant, "ann", "anon")
    taken = await alias(client, tenant, "bob", "anon")
    assert (taken.status_code, taken.json()["code"]) == (409, "alias_taken")
    assert "ann" not in taken.json()["detail"].replace("anonymous", ""), "who has it is nobody's business"


async def test_ids_of_ids_are_one_persons(client: httpx.AsyncClient, tenant: Tenant) -> None:
    await alias(client, tenant, "mail", "anon")
    await alias(client, tenant, "ann", "mail")
    assert (await alias(client, tenant, "anon", "phone")).json()["data"] == {
        "userId": "ann",
        "aliases": ["anon", "mail", "phone"],
    }
    circle = await alias(client, tenant, "anon", "ann")
    assert (circle.status_code, circle.json()["data"]["userId"]) == (200, "ann")


async def test_trails_of_the_newest_aliases_are_read(client: httpx.AsyncClient, tenant: Tenant) -> None:
    for number in range(MAX_JOINED + 2):
        await post_event(client, tenant, "purchase", f"anon{number}", SHOP[number]["productId"])
        await alias(client, tenant, "ann", f"anon{number}")
    assert await missing(client, tenant, "ann") == {SHOP[number]["productId"] for number in range(2, MAX_JOINED + 2)}


@pytest.mark.parametrize(("user", "body", "path"), [
    ("ann", {"anonymousId": "ann"}, "$.anonymousId"), ("ann", {"anonymousId": ""}, "$.anonymousId"),
    ("ann", {"anonymousId": "\n"}, "$.anonymousId"),
    ("ann", {}, "$"), ("ann", {"anonymousId": "x", "more": 1}, "$"), ("a%7Fb", {"anonymousId": "x"}, "$.userId"),
    ("a" * 129, {"anonymousId": "x"}, "$.userId"),
])  # fmt: skip
async def test_bad_ids_are_refused_by_name(
    client: httpx.AsyncClient, tenant: Tenant, user: str, body: dict[str, Any], path: str
) -> None:
    refused = await client.post(f"/api/v1/users/{user}/aliases", json=body, headers=bearer(tenant.read_write))
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, path)


async def test_only_a_read_write_key_may(client: httpx.AsyncClient, tenant: Tenant) -> None:
    for key in (tenant.read, tenant.publish):
        assert (await alias(client, tenant, "ann", "anon", key)).status_code == 403
        for method in ("GET", "DELETE"):
            assert (await client.request(method, "/api/v1/users/ann", headers=bearer(key))).status_code == 403
