"""A browser's anonymous id becomes the shopper's who signed in, and no other id can be joined from a page."""

from typing import Any

import httpx
import msgspec
import pytest

from recomengine.context import Context
from tests.support.apps import MakeTenant, Tenant, bearer

ANONYMOUS = "anon_2891336453-120-3000000001-9"
OTHER = "anon_4294967295-0-1-2"


@pytest.fixture
async def tenant(make_tenant: MakeTenant) -> Tenant:
    return await make_tenant(allowed_origins=("https://shop.example",))


async def identify(client: httpx.AsyncClient, key: str, origin: str = "https://shop.example", **ids: Any) -> Any:
    """As a browser sends it, without a preflight."""
    body = msgspec.json.encode({"key": key, "userId": "ann", "anonymousId": ANONYMOUS} | ids)
    headers = {"Content-Type": "text/plain;charset=UTF-8", "Origin": origin}
    return await client.post("/api/v1/identify", content=body, headers=headers)


async def aliases(client: httpx.AsyncClient, tenant: Tenant, user: str) -> list[str]:
    answer = await client.get(f"/api/v1/users/{user}", headers=bearer(tenant.read_write))
    return answer.json()["data"]["aliases"] if answer.status_code == 200 else []


async def test_an_anonymous_id_of_the_sdk_is_joined_once_and_the_answer_names_no_other_id(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    await identify(client, tenant.publish, anonymousId=OTHER)
    for _ in range(2):
        answer = await identify(client, tenant.publish)
        assert (answer.status_code, answer.json()) == (202, {"data": {"status": "joined"}})
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert sorted(await aliases(client, tenant, "ann")) == [ANONYMOUS, OTHER]


@pytest.mark.parametrize(
    ("ids", "path"),
    [
        ({"anonymousId": "bob"}, "$.anonymousId"),
        ({"anonymousId": "anon_1"}, "$.anonymousId"),
        ({"anonymousId": "ANON_1-2-3-4"}, "$.anonymousId"),
        ({"anonymousId": f"{ANONYMOUS}\u2028"}, "$.anonymousId"),
        ({"anonymousId": "8d5a6f0e-6a0d-4d52-a0c5-0c0d7f1f2a3b"}, "$.anonymousId"),
        ({"userId": OTHER}, "$.userId"),
        ({"userId": "  "}, "$.userId"),
    ],
)
async def test_no_page_can_join_ids_that_are_not_a_browsers_own(
    client: httpx.AsyncClient, tenant: Tenant, ids: dict[str, str], path: str
) -> None:
    answer = await identify(client, tenant.publish, **ids)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)
    assert await aliases(client, tenant, "ann") == []


async def test_an_id_that_is_joined_already_stays_with_its_shopper(client: httpx.AsyncClient, tenant: Tenant) -> None:
    await identify(client, tenant.publish)
    answer = await identify(client, tenant.publish, userId="bob")
    assert (answer.status_code, answer.json()["code"]) == (409, "alias_taken")
    assert await aliases(client, tenant, "bob") == []


async def test_pages_of_other_origins_and_reading_keys_are_refused(
    client: httpx.AsyncClient, tenant: Tenant, context: Context
) -> None:
    assert (await identify(client, tenant.publish, "https://elsewhere.example")).status_code == 403
    given = {"userId": "ann", "anonymousId": ANONYMOUS}
    assert (await client.post("/api/v1/identify", json=given, headers=bearer(tenant.read))).status_code == 403
    assert await aliases(client, tenant, "ann") == []
