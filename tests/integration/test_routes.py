"""Who may see how an integration does, of how many days, and without Redis."""

import httpx
import pytest
from starlette.applications import Starlette

from tests.support.apps import MakeTenant, bearer, client_of
from tests.support.integrations import IntegratedShop
from tests.support.people import Person
from tests.support.stored import view


async def test_an_admin_sees_how_their_tenant_does_and_nobody_elses(ann: Person, bob: Person) -> None:
    path = f"/api/v1/tenants/{await ann.make_tenant()}/integration"
    assert (await ann.call("GET", path)).json()["data"]["status"] == "problem"
    assert (await bob.call("GET", path)).status_code == 404


async def test_of_the_keys_the_tenants_own_read_write_key_will_do(
    shop: IntegratedShop, make_tenant: MakeTenant, client: httpx.AsyncClient
) -> None:
    other = await make_tenant()
    path = f"{shop.path}/integration"
    statuses = [
        (await client.get(path, headers=bearer(key))).status_code
        for key in (shop.tenant.read_write, shop.tenant.read, shop.tenant.publish, other.read_write)
    ]
    assert statuses == [200, 403, 403, 404]


@pytest.mark.parametrize("days", ["0", "31", "x", "1.5"])
async def test_days_are_one_to_thirty(days: str, shop: IntegratedShop) -> None:
    answer = await shop.client.get(
        f"{shop.path}/integration", params={"days": days}, headers=bearer(shop.tenant.read_write)
    )
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "$.days")


async def test_what_happened_before_the_days_that_are_asked_for_does_not_count(shop: IntegratedShop) -> None:
    await shop.sql(
        "INSERT INTO integration_notes (tenant_id, day, kind, subject, count, last_at) "
        "VALUES ($1, now() - interval '8 days', 'origin_refused', 'https://m.shop.example', 1, now())"
    )
    statuses = []
    for days in (7, 9):
        found = (await shop.examined(days))["findings"]
        statuses.append(next(each["status"] for each in found if each["check"] == "origins"))
    assert statuses == ["ok", "problem"]


async def test_the_worst_findings_come_first(shop: IntegratedShop) -> None:
    await shop.send(view("undefined"))
    statuses = [each["status"] for each in (await shop.examined())["findings"]]
    assert statuses == sorted(statuses, key=["problem", "warning", "unknown", "ok"].index)
    assert statuses[0] == "problem"


async def test_without_redis_all_but_the_receipts_is_told(without_redis: Starlette, shop: IntegratedShop) -> None:
    async with client_of(without_redis) as client:
        answer = await client.get(f"{shop.path}/integration", headers=bearer(shop.tenant.read_write))
    assert answer.status_code == 200
    assert "receipts" not in answer.json()["data"]
    assert answer.json()["data"]["findings"]
