"""Robots over HTTP: listed, named, cleared, by the admin whose tenant it is."""

import httpx
import pytest

from recomengine.context import Context
from tests.support.apps import Tenant, bearer
from tests.support.databases import fetch
from tests.support.people import Person, code


@pytest.fixture
async def shop(ann: Person) -> str:
    return await ann.make_tenant()


def path(tenant_id: str, user_id: str = "") -> str:
    return f"/api/v1/tenants/{tenant_id}/robots" + (f"/{user_id}" if user_id else "")


async def test_an_id_is_named_before_anything_came_of_it_and_cleared_again(ann: Person, shop: str) -> None:
    named = await ann.call("PUT", path(shop, "load/test 1"))
    assert named.status_code == 200
    robot = named.json()["data"]
    assert robot | {"markedAt": ""} == {
        "userId": "load/test 1", "status": "confirmed", "reason": "named by an admin", "markedAt": "",
    }  # fmt: skip
    assert (await ann.call("PUT", path(shop, "load/test 1"))).json()["data"] == robot

    assert (await ann.call("DELETE", path(shop, "load/test 1"))).status_code == 204
    assert (await ann.call("DELETE", path(shop, "load/test 1"))).status_code == 204
    listed = (await ann.call("GET", path(shop))).json()
    assert [(each["userId"], each["status"]) for each in listed["data"]] == [("load/test 1", "cleared")]
    assert listed["data"][0]["markedAt"] > robot["markedAt"]


async def test_the_list_goes_page_by_page_and_by_status(ann: Person, shop: str) -> None:
    for number in range(5):
        await ann.call("PUT", path(shop, f"robot-{number}"))
    await ann.call("DELETE", path(shop, "robot-2"))
    seen, cursor = [], None
    while True:
        page = (await ann.call("GET", f"{path(shop)}?limit=2" + (f"&cursor={cursor}" if cursor else ""))).json()
        seen += [each["userId"] for each in page["data"]]
        cursor = page["meta"]["nextCursor"]
        if cursor is None:
            break
    assert seen == [f"robot-{number}" for number in range(5)]
    confirmed = (await ann.call("GET", f"{path(shop)}?status=confirmed")).json()["data"]
    assert [each["userId"] for each in confirmed] == ["robot-0", "robot-1", "robot-3", "robot-4"]


async def test_what_was_never_marked_cannot_be_cleared(ann: Person, shop: str) -> None:
    answer = await ann.call("DELETE", path(shop, "nobody"))
    assert (answer.status_code, code(answer)) == (404, "not_found")


async def test_ids_that_none_can_have_and_unknown_statuses_are_refused(ann: Person, shop: str) -> None:
    assert (await ann.call("PUT", path(shop, "x" * 129))).status_code == 422
    assert (await ann.call("GET", f"{path(shop)}?status=gone")).status_code == 422


async def test_neither_keys_nor_strangers_name_robots(
    client: httpx.AsyncClient, ann: Person, shop: str, tenant: Tenant
) -> None:
    assert (await ann.call("PUT", path(str(tenant.id), "x"))).status_code == 404
    by_key = await client.put(path(str(tenant.id), "x"), headers=bearer(tenant.read_write))
    assert by_key.status_code == 401


async def test_what_is_said_of_an_id_is_written_down(context: Context, ann: Person, shop: str) -> None:
    for method in ("PUT", "PUT", "DELETE", "DELETE"):
        await ann.call(method, path(shop, "robot"))
    rows = await fetch(
        context.settings.database_url,
        "SELECT action, subject FROM audit_log WHERE about_tenant::text = $1 AND action LIKE 'robot.%' ORDER BY id",
        shop,
    )  # fmt: skip
    assert [tuple(row) for row in rows] == [("robot.confirmed", "robot"), ("robot.cleared", "robot")]
