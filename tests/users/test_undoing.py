"""A wrong join is undone: the two are two shoppers again, each with the events that came under their ids."""

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.events.joined import person_key
from tests.support.apps import Tenant, bearer, client_of
from tests.support.databases import fetch, fetchval
from tests.support.lists import SHOP, answer, ids, post_event
from tests.support.processes import PATIENCE_S
from tests.support.shops import build


async def call(client: httpx.AsyncClient, tenant: Tenant, method: str, path: str, **more: object) -> httpx.Response:
    return await client.request(method, f"/api/v1/users/{path}", headers=bearer(tenant.read_write), **more)  # type: ignore[arg-type]


async def join(client: httpx.AsyncClient, tenant: Tenant, user: str, anonymous: str) -> None:
    made = await call(client, tenant, "POST", f"{user}/aliases", json={"anonymousId": anonymous})
    assert made.status_code == 201, made.text


async def undo(client: httpx.AsyncClient, tenant: Tenant, user: str, anonymous: str) -> httpx.Response:
    return await call(client, tenant, "DELETE", f"{user}/aliases/{anonymous}")


async def kept_back(client: httpx.AsyncClient, tenant: Tenant, user: str) -> set[str]:
    """The products that the user has bought."""
    return {each["productId"] for each in SHOP} - set(ids(await answer(client, tenant, userId=user, limit=100)))


@pytest.fixture
async def joined(client: httpx.AsyncClient, shop: Tenant) -> Tenant:
    """Ann's desk and the kiosk, at which somebody else bought the boots, are taken for hers."""
    for user, product in (("ann", "mug2"), ("desk", "bean2"), ("kiosk", "boot2")):
        await post_event(client, shop, "purchase", user, product)
    for anonymous in ("desk", "kiosk"):
        await join(client, shop, "ann", anonymous)
    return shop


async def test_after_an_undone_join_each_has_their_own_events_at_once(
    client: httpx.AsyncClient, other_process: str, joined: Tenant
) -> None:
    for user in ("ann", "desk", "kiosk"):
        assert await kept_back(client, joined, user) == {"mug2", "bean2", "boot2"}

    assert (await undo(client, joined, "ann", "kiosk")).status_code == 204

    async with httpx.AsyncClient(base_url=other_process, timeout=PATIENCE_S) as process:
        for each in (client, process):
            assert await kept_back(each, joined, "kiosk") == {"boot2"}
            for user in ("ann", "desk"):
                assert await kept_back(each, joined, user) == {"mug2", "bean2"}


async def test_what_a_build_had_joined_is_parted_at_once_and_by_the_next_build(
    client: httpx.AsyncClient, context: Context, joined: Tenant
) -> None:
    await build(context, joined.id)
    for user in ("ann", "desk", "kiosk"):
        assert await kept_back(client, joined, user) == {"mug2", "bean2", "boot2"}
    await undo(client, joined, "ann", "kiosk")
    assert await kept_back(client, joined, "kiosk") == {"boot2"}
    for user in ("ann", "desk"):
        assert await kept_back(client, joined, user) == {"mug2", "bean2"}
    queued = "SELECT count(*) FROM pgqueuer WHERE payload = $1"
    assert await fetchval(context.settings.database_url, queued, joined.id.bytes) == 1, "a build is queued"
    await build(context, joined.id)
    marks = [("UNLINK", person_key(str(joined.id), user)) for user in ("ann", "desk", "kiosk")]
    for forgotten in (False, True):
        if forgotten:
            await context.redis.call(*marks)
        assert await kept_back(client, joined, "kiosk") == {"boot2"}
        for user in ("ann", "desk"):
            assert await kept_back(client, joined, user) == {"mug2", "bean2"}


async def test_without_redis_a_join_is_undone_as_well(
    client: httpx.AsyncClient, without_redis: Starlette, joined: Tenant
) -> None:
    async with client_of(without_redis) as other:
        assert (await undo(other, joined, "ann", "kiosk")).status_code == 204
        assert await kept_back(other, joined, "kiosk") == {"boot2"}
        assert await kept_back(other, joined, "desk") == {"mug2", "bean2"}


async def test_each_is_given_out_and_erased_alone_after_it(
    client: httpx.AsyncClient, context: Context, joined: Tenant
) -> None:
    await undo(client, joined, "ann", "kiosk")
    data = (await call(client, joined, "GET", "kiosk")).json()["data"]
    assert (data["userId"], data["aliases"], [each["productId"] for each in data["events"]]) == ("kiosk", [], ["boot2"])
    receipt = (await call(client, joined, "DELETE", "desk")).json()["data"]
    assert (receipt["userId"], receipt["aliases"], receipt["erased"]["events"]) == ("ann", ["desk"], 2)
    assert (await call(client, joined, "GET", "kiosk")).status_code == 200
    for user in ("ann", "desk"):
        assert (await call(client, joined, "GET", user)).status_code == 404
        assert await context.redis.call(("EXISTS", person_key(str(joined.id), user))) == [0]
    changes = await fetch(context.settings.database_url, "SELECT * FROM alias_changes WHERE tenant_id = $1", joined.id)
    assert changes == []


async def test_an_id_that_was_set_free_may_be_another_users(client: httpx.AsyncClient, joined: Tenant) -> None:
    taken = await call(client, joined, "POST", "bob/aliases", json={"anonymousId": "kiosk"})
    assert (taken.status_code, taken.json()["code"]) == (409, "alias_taken")
    assert "DELETE" in taken.json()["detail"]
    await undo(client, joined, "ann", "kiosk")
    await join(client, joined, "bob", "kiosk")
    assert await kept_back(client, joined, "bob") == {"boot2"}
    assert await kept_back(client, joined, "kiosk") == {"boot2"}


async def test_any_id_of_the_shopper_names_them_when_a_join_is_undone(
    client: httpx.AsyncClient, joined: Tenant
) -> None:
    assert (await undo(client, joined, "desk", "kiosk")).status_code == 204
    assert (await call(client, joined, "GET", "ann")).json()["data"]["aliases"] == ["desk"]


@pytest.mark.parametrize(("user", "anonymous"), [("ann", "nobody"), ("bob", "kiosk"), ("kiosk", "ann")])
async def test_what_is_no_alias_of_the_user_is_not_found(
    client: httpx.AsyncClient, joined: Tenant, user: str, anonymous: str
) -> None:
    missing = await undo(client, joined, user, anonymous)
    assert (missing.status_code, "GET /api/v1/users/" in missing.json()["detail"]) == (404, True)


async def test_a_join_that_is_undone_twice_is_not_there_the_second_time(
    client: httpx.AsyncClient, joined: Tenant
) -> None:
    assert [(await undo(client, joined, "ann", "kiosk")).status_code for _ in range(2)] == [204, 404]


async def test_an_alias_with_a_slash_is_named_percent_encoded(client: httpx.AsyncClient, shop: Tenant) -> None:
    await join(client, shop, "ann%2F1", "kiosk/2")
    assert (await undo(client, shop, "ann%2F1", "kiosk%2F2")).status_code == 204


async def test_only_a_read_write_key_may_undo(client: httpx.AsyncClient, joined: Tenant) -> None:
    for key in (joined.read, joined.publish):
        refused = await client.delete("/api/v1/users/ann/aliases/kiosk", headers=bearer(key))
        assert refused.status_code == 403


async def test_joins_and_what_was_undone_are_on_record(
    client: httpx.AsyncClient, context: Context, joined: Tenant
) -> None:
    await undo(client, joined, "ann", "kiosk")
    rows = await fetch(
        context.settings.database_url,
        "SELECT anonymous_id, user_id, change FROM alias_changes WHERE tenant_id = $1 ORDER BY at",
        joined.id,
    )
    assert [tuple(row) for row in rows] == [
        ("desk", "ann", "joined"), ("kiosk", "ann", "joined"), ("kiosk", "ann", "undone"),
    ]  # fmt: skip


async def test_no_more_than_a_thousand_ids_are_joined(
    client: httpx.AsyncClient, joined: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.users.joining.MAX_ALIASES", 3)
    await join(client, joined, "ann", "third")
    refused = await call(client, joined, "POST", "ann/aliases", json={"anonymousId": "fourth"})
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_aliases")
