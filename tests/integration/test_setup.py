"""The checklist of the set-up: each step is done by what it says, and what was refused is told to who waits."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from recomengine.context import Context
from tests.support.apps import bearer
from tests.support.people import Person
from tests.support.shops import build, fill_catalog, product
from tests.support.stored import view


class Beginner:
    def __init__(self, person: Person, tenant_id: str) -> None:
        self.person, self.id = person, UUID(tenant_id)

    async def setup(self) -> dict[str, Any]:
        answer = await self.person.call("GET", f"/api/v1/tenants/{self.id}/setup")
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["data"])

    async def done(self) -> list[str]:
        steps = (await self.setup())["steps"]
        assert all(
            (step["at"] is not None) is step["done"] and bool(step["remedy"]) is not step["done"] for step in steps
        )
        return [step["step"] for step in steps if step["done"]]


@pytest.fixture
async def beginner(ann: Person) -> Beginner:
    return Beginner(ann, await ann.make_tenant(allowedOrigins=["https://shop.example"]))


async def test_each_step_is_done_by_what_it_says(
    beginner: Beginner, client: httpx.AsyncClient, context: Context
) -> None:
    assert await beginner.done() == []
    key = (await beginner.person.make_key(str(beginner.id)))["key"]
    assert await beginner.done() == ["key"]
    sent = await client.post("/api/v1/events", json=view("ann", "boot"), headers=bearer(key))
    assert sent.status_code == 202
    assert await beginner.done() == ["key", "event"]
    await fill_catalog(context, beginner.id, [product("boot")])
    assert await beginner.done() == ["key", "event", "catalog"]
    await build(context, beginner.id)
    assert await beginner.done() == ["key", "event", "catalog", "model"]
    for placement in ({}, {"placementId": "home"}):
        before = await beginner.setup()
        asked = await client.get("/api/v1/recommendations", params=placement, headers=bearer(key))
        assert (asked.status_code, before["done"]) == (200, False)
    assert (await beginner.setup())["done"]


async def test_the_newest_event_is_shown_and_whether_its_product_is_known(
    beginner: Beginner, client: httpx.AsyncClient, context: Context
) -> None:
    key = (await beginner.person.make_key(str(beginner.id)))["key"]
    assert (await beginner.setup())["newestEvent"] is None
    await fill_catalog(context, beginner.id, [product("boot")])
    for product_id, known in (("boot", True), ("nowhere", False)):
        await client.post("/api/v1/events", json=view("ann", product_id), headers=bearer(key))
        newest = (await beginner.setup())["newestEvent"]
        assert (newest["eventType"], newest["productId"], newest["productKnown"]) == ("view", product_id, known)


async def test_what_was_refused_is_told_to_who_waits_for_an_event(
    beginner: Beginner, client: httpx.AsyncClient
) -> None:
    publish = (await beginner.person.make_key(str(beginner.id), "publish"))["key"]
    assert (await beginner.setup())["refusals"] == []
    await client.post("/api/v1/events", json=view(), headers=bearer(publish) | {"Origin": "https://shop.test"})
    await client.post("/api/v1/events", json=view() | {"eventType": "look"}, headers=bearer(publish))
    refusals = {each["kind"]: each["subject"] for each in (await beginner.setup())["refusals"]}
    assert refusals["origin_refused"] == "https://shop.test"
    assert "$.eventType" in refusals["event_rejected"]
    assert "event" not in await beginner.done()


async def test_a_revoked_key_and_a_sold_out_catalog_are_not_done(beginner: Beginner, context: Context) -> None:
    made = await beginner.person.make_key(str(beginner.id))
    await fill_catalog(context, beginner.id, [product("boot", available=False)])
    assert await beginner.done() == ["key"]
    await beginner.person.call("DELETE", f"/api/v1/tenants/{beginner.id}/api-keys/{made['id']}")
    assert await beginner.done() == []


async def test_a_strangers_set_up_is_not_found(beginner: Beginner, bob: Person) -> None:
    assert (await bob.call("GET", f"/api/v1/tenants/{beginner.id}/setup")).status_code == 404
