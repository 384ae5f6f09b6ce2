"""What was refused of a tenant's events is shown to its admins: why, through what it came, and what was sent."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.events.noted import MAX_SENT
from recomengine.integration.notes import MAX_REJECTING, REJECTED
from recomengine.web.problems import invalid
from tests.support.apps import Tenant, bearer, client_of
from tests.support.people import Person
from tests.support.stored import view


class Shop:
    def __init__(self, client: httpx.AsyncClient, admin: Person, tenant_id: str, key: str) -> None:
        self.client, self._admin, self.tenant_id, self.key = client, admin, tenant_id, key

    async def post(self, path: str, body: Any) -> httpx.Response:
        return await self.client.post(f"/api/v1/events{path}", json=body, headers=bearer(self.key))

    async def rejected(self) -> list[dict[str, Any]]:
        answer = await self.client.get(f"/api/v1/tenants/{self.tenant_id}/events/rejected", headers=self._admin.bearer)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found


@pytest.fixture
async def shop(client: httpx.AsyncClient, ann: Person) -> Shop:
    tenant_id = await ann.make_tenant()
    return Shop(client, ann, tenant_id, (await ann.make_key(tenant_id))["key"])


async def test_refused_events_are_shown_with_the_reason_and_what_was_sent_newest_first(shop: Shop) -> None:
    await shop.post("", view(eventType="vieww"))
    await shop.post("", view("bob", timestamp="2999-01-01T00:00:00Z"))
    await shop.post("/batch", {"events": [view(), view("carla", product=""), view("dan")]})

    batch, single, decoded = await shop.rejected()
    assert (batch["source"], single["source"], decoded["source"]) == ("batch", "event", "event")
    assert (batch["path"], decoded["path"]) == ("$.productId", "$.eventType")
    assert "Did you mean view?" in decoded["reason"]
    assert '"carla"' in batch["sent"]
    assert "dan" not in batch["sent"]
    assert '"bob"' in single["sent"]


async def test_a_body_that_is_no_json_is_shown_as_far_as_it_is_text(shop: Shop) -> None:
    await shop.client.post(
        "/api/v1/events/batch",
        content=b'{"events": [\xff\x00' + b"x" * 20_000,
        headers=bearer(shop.key) | {"Content-Type": "application/json"},
    )
    [refused] = await shop.rejected()
    assert (refused["source"], refused["code"], len(refused["sent"])) == ("batch", "malformed_body", MAX_SENT)


async def test_no_key_is_shown(shop: Shop) -> None:
    await shop.client.post("/api/v1/events", json=view(eventType="no", key=shop.key), headers=bearer(shop.key))
    [refused] = await shop.rejected()
    assert shop.key not in refused["sent"]
    assert shop.key[:16] in refused["sent"]


async def test_the_newest_hundred_of_a_flood_are_kept(context: Context, tenant: Tenant) -> None:
    for number in range(REJECTED + 50):
        context.notes.rejected(str(tenant.id), "event", invalid("$.userId", "no"), str(number).encode())
    await context.notes.flush()
    context.notes.rejected(str(tenant.id), "event", invalid("$.userId", "no"), b"last")
    await context.notes.flush()

    found = [each.sent for each in await context.notes.rejected_of(tenant.id)]
    assert found == ["last", *(str(number) for number in range(REJECTED + 49, 50, -1))]


async def test_what_waits_in_memory_has_a_bound(context: Context) -> None:
    for number in range(MAX_REJECTING + 5):
        context.notes.rejected(str(UUID(int=number)), "event", invalid("$", "no"), b"{}")
    assert len(context.notes._rejected) <= MAX_REJECTING
    await context.notes.flush()


async def test_an_erased_shopper_is_not_among_the_refused_events_either(shop: Shop) -> None:
    await shop.post("", view("émile", eventType="no"))
    await shop.post("", view("bob", eventType="no"))
    assert len(await shop.rejected()) == 2
    erased = await shop.client.delete("/api/v1/users/émile", headers=bearer(shop.key))
    assert erased.status_code == 200
    assert ['"bob"' in each["sent"] for each in await shop.rejected()] == [True]


async def test_without_redis_the_list_says_what_is_away(without_redis: Starlette) -> None:
    async with client_of(without_redis) as client:
        admin = Person(client)
        await admin.sign_up()
        tenant_id = await admin.make_tenant()
        answer = await client.get(f"/api/v1/tenants/{tenant_id}/events/rejected", headers=admin.bearer)
    assert answer.status_code == 503
    assert "Redis" in answer.json()["detail"]
