"""Requests a minute: of an admin, whatever they do, and of an address that asks about accounts."""

import httpx
import pytest
from starlette.applications import Starlette

from tests.support.apps import client_of
from tests.support.people import AUTH, Person

pytestmark = pytest.mark.usefixtures("nobody_has_tried")

LIMIT = 4
PATHS = [f"{AUTH}/{path}" for path in ("signup", "login", "refresh", "logout", "forgot-password", "reset-password")]


def assert_limited(refused: httpx.Response) -> None:
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert (refused.headers["ratelimit-limit"], refused.headers["ratelimit-remaining"]) == (str(LIMIT), "0")


async def test_an_admins_reads_and_writes_are_counted_together_on_all_processes(
    ann: Person, neighbour: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.web.limits.ADMIN_PER_MINUTE", LIMIT)
    answers = [await ann.call("GET", f"{AUTH}/me"), await ann.call("PATCH", f"{AUTH}/me", {"name": "Anna"})]
    async with client_of(neighbour) as elsewhere:
        answers += [await elsewhere.get(path, headers=ann.bearer) for path in ("/api/v1/tenants", "/api/v1/audit-log")]
        assert [answer.status_code for answer in answers] == [200] * LIMIT
        assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["3", "2", "1", "0"]
        assert {answer.headers["ratelimit-limit"] for answer in answers} == {str(LIMIT)}
        assert_limited(await elsewhere.get(f"{AUTH}/me", headers=ann.bearer))
    assert_limited(await ann.call("POST", "/api/v1/tenants", {"name": "A shop"}))
    bob = Person(ann.client)
    await bob.sign_up()
    assert (await bob.call("GET", f"{AUTH}/me")).status_code == 200


async def test_without_redis_an_admin_is_counted_by_the_process(
    without_redis: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.web.limits.ADMIN_PER_MINUTE", LIMIT)
    async with client_of(without_redis) as client:
        ann = Person(client)
        await ann.sign_up()
        assert [(await ann.call("GET", f"{AUTH}/me")).status_code for _ in range(LIMIT)] == [200] * LIMIT
        assert_limited(await ann.call("GET", f"{AUTH}/me"))


@pytest.mark.parametrize("path", PATHS)
async def test_calls_about_accounts_are_counted_by_address(
    path: str, app: Starlette, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.web.limits.ACCOUNT_CALLS_PER_MINUTE", LIMIT)
    for _ in range(LIMIT):
        assert (await client.post(path, json={})).status_code != 429
    assert_limited(await client.post(path, json={}))
    async with client_of(app, "198.51.100.7") as other:
        assert (await other.post(path, json={})).status_code != 429
