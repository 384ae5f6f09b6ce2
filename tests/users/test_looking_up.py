"""Shoppers as the tenant's admins find them: who was seen last, whose id begins so, and what is known of one."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from recomengine.users import looking_up
from tests.support.apps import bearer
from tests.support.people import Person
from tests.support.stored import START_MS, view


class Shop:
    def __init__(self, client: httpx.AsyncClient, admin: Person, tenant_id: str, key: str) -> None:
        self.client, self.admin, self.tenant_id, self.key = client, admin, tenant_id, key
        self.path = f"/api/v1/tenants/{tenant_id}"

    async def post(self, *users: str) -> None:
        events = [
            view(user, timestamp=START_MS + number * 1000, eventId=f"e{number}") for number, user in enumerate(users)
        ]
        answer = await self.client.post("/api/v1/events/batch", json={"events": events}, headers=bearer(self.key))
        assert answer.json()["data"]["accepted"] == len(users)

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.client.get(f"{self.path}/shoppers{path}", params=params, headers=self.admin.bearer)

    async def found(self, **params: Any) -> list[dict[str, Any]]:
        answer = await self.get("", **params)
        assert answer.status_code == 200, answer.text
        shoppers: list[dict[str, Any]] = answer.json()["data"]
        return shoppers

    async def ids(self, **params: Any) -> list[str]:
        return [each["userId"] for each in await self.found(**params)]


@pytest.fixture
async def shop(client: httpx.AsyncClient, ann: Person) -> Shop:
    tenant_id = await ann.make_tenant()
    return Shop(client, ann, tenant_id, (await ann.make_key(tenant_id))["key"])


async def test_who_was_seen_last_comes_first_and_once(shop: Shop) -> None:
    await shop.post("ann", "bob", "ann", "carla", "bob")
    assert await shop.ids() == ["bob", "carla", "ann"]
    assert await shop.ids(limit=1) == ["bob"]


async def test_who_was_not_here_lately_is_found_by_the_id(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking_up, "LOOKED_THROUGH", 2)
    await shop.post("old", "ann", "bob")
    assert await shop.ids() == ["bob", "ann"]
    assert await shop.ids(startsWith="ol") == ["old"]


async def test_ids_that_begin_so_come_in_their_order_whatever_signs_they_hold(shop: Shop) -> None:
    await shop.post("shop-2", "shop-1", "shop-1", "shop%", "shop_9", "shopper", "Shop-3", "émile", "a")
    assert await shop.ids(startsWith="shop-") == ["shop-1", "shop-2"]
    assert await shop.ids(startsWith="shop%") == ["shop%"]
    assert await shop.ids(startsWith=" ém ") == ["émile"]
    assert await shop.ids(startsWith="zz") == []
    assert await shop.ids(startsWith="shop-", limit=1) == ["shop-1"]


async def test_a_shopper_is_shown_with_all_that_is_known_under_whichever_id(shop: Shop) -> None:
    await shop.post("anon/1", "ann", "bob")
    for method, path, body in (
        ("POST", "ann/aliases", {"anonymousId": "anon/1"}), ("PUT", "ann/properties", {"plan": "gold"}),
    ):  # fmt: skip
        answer = await shop.client.request(method, f"/api/v1/users/{path}", json=body, headers=bearer(shop.key))
        assert answer.is_success
    await shop.client.put(f"{shop.path}/robots/anon%2F1", headers=shop.admin.bearer)

    for user_id in ("ann", "anon/1"):
        shown = (await shop.get("/" + quote(user_id, safe=""))).json()["data"]
        assert (shown["userId"], shown["aliases"], shown["properties"]) == ("ann", ["anon/1"], {"plan": "gold"})
        assert shown["events"] == {"view": 2}
        assert [(each["userId"], each["status"]) for each in shown["robots"]] == [("anon/1", "confirmed")]
        assert shown["firstSeenAt"] < shown["lastSeenAt"]
    lines = {each["userId"]: each for each in await shop.found()}
    assert (lines["anon/1"]["joinedWith"], lines["anon/1"]["robot"]) == ("ann", "confirmed")
    assert (lines["bob"]["joinedWith"], lines["bob"]["robot"]) == (None, None)


async def test_nobody_is_not_found_and_a_bad_id_is_refused(shop: Shop) -> None:
    assert (await shop.get("/nobody")).status_code == 404
    assert (await shop.get("/a%00b")).status_code == 422
    assert (await shop.get("", startsWith="a\0b")).status_code == 422


async def test_a_strangers_shoppers_are_not_there(shop: Shop, bob: Person) -> None:
    await shop.post("ann")
    for path in ("", "/ann"):
        answer = await shop.client.get(f"{shop.path}/shoppers{path}", headers=bob.bearer)
        assert answer.status_code == 404
