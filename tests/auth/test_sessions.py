"""An account's sessions, looked at and ended one by one, and a changed password."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from starlette.applications import Starlette

from tests.support.apps import client_of
from tests.support.people import AUTH, PASSWORD, Person, code

pytestmark = pytest.mark.usefixtures("nobody_has_tried")

SESSIONS, CHANGE, NEW = f"{AUTH}/sessions", f"{AUTH}/change-password", "another good password"


async def sessions(person: Person) -> list[dict[str, Any]]:
    answer = await person.call("GET", SESSIONS)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


async def signed_in(client: httpx.AsyncClient, ann: Person, user_agent: str) -> Person:
    """Ann at another browser."""
    other, usual = Person(client, ann.email), client.headers["User-Agent"]
    client.headers["User-Agent"] = user_agent
    assert (await other.log_in()).status_code == 200
    client.headers["User-Agent"] = usual
    return other


async def statuses(*people: Person) -> list[int]:
    return [(await person.call("GET", f"{AUTH}/me")).status_code for person in people]


async def test_an_account_sees_where_it_is_signed_in(client: httpx.AsyncClient, ann: Person, bob: Person) -> None:
    phone = await signed_in(client, ann, "A phone " + "x" * 400)
    ours, theirs = await sessions(ann), await sessions(phone)
    assert [one["current"] for one in ours] == [False, True]
    assert [one["current"] for one in theirs] == [True, False]
    assert theirs[0]["userAgent"] == ("A phone " + "x" * 400)[:300]
    assert {one["id"] for one in ours}.isdisjoint(one["id"] for one in await sessions(bob))


async def test_a_renewed_session_is_the_same_one_and_says_when_it_began(ann: Person) -> None:
    (before,) = await sessions(ann)
    await ann.refresh()
    (after,) = await sessions(ann)
    assert (after["id"], after["createdAt"]) == (before["id"], before["createdAt"])
    assert after["lastUsedAt"] > before["lastUsedAt"]


async def test_an_ended_session_is_refused_by_every_process_at_once(
    client: httpx.AsyncClient, ann: Person, neighbour: Starlette
) -> None:
    phone = await signed_in(client, ann, "phone")
    (lost,) = [one for one in await sessions(ann) if not one["current"]]
    assert (await ann.call("DELETE", f"{SESSIONS}/{lost['id']}")).status_code == 204
    assert await statuses(ann, phone) == [200, 401]
    async with client_of(neighbour) as elsewhere:
        assert (await elsewhere.get(f"{AUTH}/me", headers=phone.bearer)).status_code == 401
    assert (await phone.refresh()).status_code == 401
    assert [one["current"] for one in await sessions(ann)] == [True]
    assert (await ann.call("DELETE", f"{SESSIONS}/{lost['id']}")).status_code == 404
    lines = (await ann.call("GET", "/api/v1/audit-log")).json()["data"]
    assert (lines[0]["action"], lines[0]["after"]) == ("account.session_ended", {"session": lost["id"]})


async def test_nobody_ends_the_session_of_another(ann: Person, bob: Person) -> None:
    (anns,) = await sessions(ann)
    for session_id in (anns["id"], uuid4(), "no-id"):
        assert (await bob.call("DELETE", f"{SESSIONS}/{session_id}")).status_code == 404
    assert await statuses(ann) == [200]


async def test_a_changed_password_ends_all_other_sessions(client: httpx.AsyncClient, ann: Person) -> None:
    phone = await signed_in(client, ann, "phone")
    changed = await ann.call("POST", CHANGE, {"currentPassword": PASSWORD, "newPassword": NEW})
    assert changed.status_code == 204
    assert await statuses(ann, phone) == [200, 401]
    assert (await ann.refresh()).status_code == 200
    assert (await phone.refresh()).status_code == 401
    assert (await Person(client, ann.email).log_in()).status_code == 401
    assert (await Person(client, ann.email).log_in(NEW)).status_code == 200
    lines = (await ann.call("GET", "/api/v1/audit-log")).json()["data"]
    assert "account.password_changed" in [line["action"] for line in lines]


@pytest.mark.parametrize(
    ("current", "new", "path"),
    [
        ("not the password", NEW, "$.currentPassword"),
        (PASSWORD, "short", "$.newPassword"),
        (PASSWORD, "password123", "$.newPassword"),
    ],
)
async def test_a_password_is_not_changed_without_the_old_one_or_to_a_weak_one(
    current: str, new: str, path: str, client: httpx.AsyncClient, ann: Person
) -> None:
    refused = await ann.call("POST", CHANGE, {"currentPassword": current, "newPassword": new})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, path)
    assert (await Person(client, ann.email).log_in()).status_code == 200


async def test_the_old_password_is_not_guessed_by_a_session_that_was_left_open(
    ann: Person,
) -> None:
    body = {"currentPassword": "not the password", "newPassword": NEW}
    answers = [await ann.call("POST", CHANGE, body) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429] * 2
    assert code(answers[-1]) == "too_many_attempts"
