"""What a shop says of a shopper: kept, given out under any of their ids, erased."""

from typing import Any

import httpx
import pytest

from recomengine.context import Context
from tests.support.apps import Tenant, bearer
from tests.support.databases import fetchval

PLAN = {"plan": "gold", "since": 2024, "vip": True, "score": 0.5, "referrer": None}


async def put(client: httpx.AsyncClient, tenant: Tenant, user: str, properties: Any) -> httpx.Response:
    return await client.put(f"/api/v1/users/{user}/properties", json=properties, headers=bearer(tenant.read_write))


async def said(client: httpx.AsyncClient, tenant: Tenant, user: str) -> Any:
    found = await client.get(f"/api/v1/users/{user}", headers=bearer(tenant.read_write))
    return found.json()["data"]["properties"] if found.status_code == 200 else found.status_code


async def join(client: httpx.AsyncClient, tenant: Tenant, user: str, anonymous: str) -> None:
    made = await client.post(
        f"/api/v1/users/{user}/aliases", json={"anonymousId": anonymous}, headers=bearer(tenant.read_write)
    )
    assert made.status_code == 201


async def test_what_is_said_is_given_out_and_what_is_said_next_stands_in_its_place(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    assert await said(client, tenant, "ann") == 404
    made = await put(client, tenant, "ann", PLAN)
    assert (made.status_code, made.json()) == (200, {"data": {"userId": "ann", "properties": PLAN}})
    assert await said(client, tenant, "ann") == PLAN
    await put(client, tenant, "ann", {"plan": "silver"})
    assert await said(client, tenant, "ann") == {"plan": "silver"}


async def test_a_joined_shopper_has_what_was_said_of_each_id_and_their_own_counts_first(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    await put(client, tenant, "anon", {"plan": "none", "source": "mail"})
    await put(client, tenant, "ann", {"plan": "gold"})
    await join(client, tenant, "ann", "anon")
    for user in ("ann", "anon"):
        assert await said(client, tenant, user) == {"plan": "gold", "source": "mail"}
    await put(client, tenant, "anon", {"plan": "silver"})
    assert await said(client, tenant, "ann") == {"plan": "silver", "source": "mail"}
    undone = await client.delete("/api/v1/users/ann/aliases/anon", headers=bearer(tenant.read_write))
    assert undone.status_code == 204
    assert await said(client, tenant, "ann") == {"plan": "silver"}
    assert await said(client, tenant, "anon") == {"plan": "none", "source": "mail"}


async def test_properties_of_all_ids_are_erased_with_the_shopper(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    for user in ("ann", "anon", "bob"):
        await put(client, tenant, user, PLAN)
    await join(client, tenant, "ann", "anon")
    assert (await client.delete("/api/v1/users/anon", headers=bearer(tenant.read_write))).status_code == 200
    count = "SELECT array_agg(user_id) FROM user_properties WHERE tenant_id = $1"
    assert await fetchval(context.settings.database_url, count, tenant.id) == ["bob"]


@pytest.mark.parametrize("properties", [
    {f"p{number}": 1 for number in range(21)}, {"a": {}}, {"a": [1]}, {"": 1}, {"a" * 129: 1}, {"a": "x" * 501},
    {"a": "\0"}, {"a\0": 1}, {"a": 2**63}, [], "gold",
])  # fmt: skip
async def test_what_is_no_fact_of_a_shopper_is_refused(
    client: httpx.AsyncClient, tenant: Tenant, properties: Any
) -> None:
    assert (await put(client, tenant, "ann", properties)).status_code == 422
    assert await said(client, tenant, "ann") == 404


async def test_only_a_read_write_key_may_say_something(client: httpx.AsyncClient, tenant: Tenant) -> None:
    for key in (tenant.read, tenant.publish):
        refused = await client.put("/api/v1/users/ann/properties", json=PLAN, headers=bearer(key))
        assert refused.status_code == 403
