"""Who did it: ids that messages carry together are joined, and traits are kept."""

from typing import Any

import httpx
import pytest

from tests.segment.messages import SUCCESS, Json, basic, take, track
from tests.support.apps import Tenant, bearer

VIEWED = {"product_id": "boot"}


async def person(client: httpx.AsyncClient, tenant: Tenant, user: str) -> Json:
    answer = await client.get(f"/api/v1/users/{user}", headers=bearer(tenant.read_write))
    assert answer.status_code in (200, 404), answer.text
    data: dict[str, Any] = answer.json().get("data", {"userId": user, "aliases": [], "properties": {}, "events": []})
    return data


async def aliases(client: httpx.AsyncClient, tenant: Tenant, user: str) -> list[str]:
    return list((await person(client, tenant, user))["aliases"])


@pytest.mark.parametrize(
    "message",
    [
        {"type": "identify", "userId": "ann", "anonymousId": "anon"},
        {"type": "alias", "userId": "ann", "previousId": "anon"},
        {"type": "page", "userId": "ann", "anonymousId": "anon"},
        {"type": "group", "userId": "ann", "anonymousId": "anon", "groupId": "g"},
        track("Product Viewed", VIEWED, anonymousId="anon"),
        track("Signed In", anonymousId="anon"),
    ],
    ids=lambda message: str(message.get("event", message["type"])),
)
async def test_ids_that_come_together_are_one_shoppers(
    message: Json, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    await take(client, tenant, track("Product Viewed", VIEWED, userId=None, anonymousId="anon"))
    await take(client, tenant, message)
    await take(client, tenant, message)
    found = await person(client, tenant, "ann")
    assert found["aliases"] == ["anon"]
    assert {event["productId"] for event in found["events"]} == {"boot"}


async def test_who_is_not_signed_in_is_known_by_the_anonymous_id(client: httpx.AsyncClient, tenant: Tenant) -> None:
    await take(client, tenant, track("Product Viewed", VIEWED, userId=None, anonymousId="anon"))
    assert len((await person(client, tenant, "anon"))["events"]) == 1


async def test_a_browser_of_two_shoppers_stays_the_firsts(client: httpx.AsyncClient, tenant: Tenant) -> None:
    for user in ("ann", "bob"):
        await take(client, tenant, track("Product Viewed", VIEWED, userId=user, anonymousId="anon"))
    assert await aliases(client, tenant, "ann") == ["anon"]
    found = await person(client, tenant, "bob")
    assert (found["aliases"], len(found["events"])) == ([], 1)


async def test_a_page_joins_no_accounts_and_a_server_does(client: httpx.AsyncClient, tenant: Tenant) -> None:
    await take(client, tenant, {"type": "identify", "userId": "ann", "anonymousId": "anon"})
    renamed = {"type": "alias", "userId": "ann@new.example", "previousId": "ann"}
    answer = await client.post("/v1/alias", json=renamed, headers=basic(tenant.publish))
    assert (answer.status_code, answer.json()) == (200, SUCCESS)
    assert await aliases(client, tenant, "ann@new.example") == []
    await take(client, tenant, renamed)
    assert await aliases(client, tenant, "ann@new.example") == ["anon", "ann"]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "alias", "userId": "ann"}, {"type": "alias", "previousId": "anon"},
        {"type": "identify", "userId": "ann", "anonymousId": "a" * 129}, {"type": "identify", "traits": {"plan": "a"}},
        {"type": "identify", "userId": "a\nb", "traits": {"plan": "a"}},
    ],
)  # fmt: skip
async def test_ids_that_cannot_be_taken_join_nothing(message: Json, client: httpx.AsyncClient, tenant: Tenant) -> None:
    await take(client, tenant, message, track("Product Viewed", VIEWED))
    assert await aliases(client, tenant, "ann") == []
    assert len((await person(client, tenant, "ann"))["events"]) == 1


async def test_traits_are_kept_beside_those_of_before(client: httpx.AsyncClient, tenant: Tenant) -> None:
    for traits in ({"plan": "free", "age": 41, "vip": True}, {"plan": "gold", "vip": None}, {"plan": "gold"}):
        await take(client, tenant, {"type": "identify", "userId": "ann", "anonymousId": "anon", "traits": traits})
    assert (await person(client, tenant, "ann"))["properties"] == {"plan": "gold", "age": 41}


async def test_traits_that_are_no_plain_values_or_too_many_are_left_out(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    odd = {"address": {"city": "Oslo"}, "tags": ["a"], "essay": "x" * 501, "plan": "gold"}
    await take(client, tenant, {"type": "identify", "userId": "ann", "traits": odd})
    assert (await person(client, tenant, "ann"))["properties"] == {"plan": "gold"}
    many = {f"t{number}": number for number in range(30)}
    await take(client, tenant, {"type": "identify", "userId": "ann", "traits": many})
    kept = (await person(client, tenant, "ann"))["properties"]
    assert len(kept) == 20
    assert kept["plan"] == "gold"
