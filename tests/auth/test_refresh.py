"""Refresh tokens: each is used once, two tabs of one browser may do so at the same moment, and a thief betrays
himself.
"""

import asyncio

import httpx
import pytest
from msgspec.structs import replace
from starlette.applications import Starlette

from recomengine.auth.service import GRACE
from recomengine.auth.tokens import digest
from recomengine.context import Context
from recomengine.settings import Settings
from tests.support.apps import SECRET, client_of, running
from tests.support.databases import execute, fetchval
from tests.support.people import AUTH, Person, code
from tests.support.processes import PATIENCE_S

pytestmark = pytest.mark.usefixtures("nobody_has_tried")

HOME, STRANGE = "192.0.2.1", "198.51.100.7"


def tab(client: httpx.AsyncClient, person: Person) -> Person:
    """Another tab of the same browser: it has the same cookies."""
    other = Person(client, person.email)
    other.cookies = dict(person.cookies)
    return other


async def let_the_grace_pass(context: Context) -> None:
    await execute(context.settings.database_url, "UPDATE refresh_tokens SET used_at = used_at - $1::interval", GRACE)


async def assert_both_go_on(first: Person, second: Person) -> None:
    """Whichever answer's cookies the browser keeps: both tabs are signed in, now and after the next renewal."""
    assert first.cookies == second.cookies
    for person in (first, second):
        assert (await person.call("GET", f"{AUTH}/me")).status_code == 200
    assert (await second.refresh()).status_code == 200
    assert (await second.call("GET", f"{AUTH}/me")).status_code == 200


async def test_two_tabs_that_renew_at_once_are_both_signed_in(
    client: httpx.AsyncClient, context: Context, ann: Person
) -> None:
    used, other = dict(ann.cookies), tab(client, ann)
    answers = await asyncio.gather(ann.refresh(), other.refresh())
    assert [answer.status_code for answer in answers] == [200, 200]
    assert ann.cookies["refresh_token"] != used["refresh_token"]
    assert ann.cookies["csrf_token"] == used["csrf_token"]
    await let_the_grace_pass(context)
    await assert_both_go_on(ann, other)


async def test_on_two_processes_as_well(ann: Person, context: Context, other_process: str) -> None:
    async with httpx.AsyncClient(
        base_url=other_process, timeout=PATIENCE_S, headers={"X-Forwarded-For": HOME}
    ) as elsewhere:
        other = tab(elsewhere, ann)
        answers = await asyncio.gather(ann.refresh(), other.refresh())
        assert [answer.status_code for answer in answers] == [200, 200]
        await let_the_grace_pass(context)
        await assert_both_go_on(ann, other)


async def test_without_redis_as_well(without_redis: Starlette, context: Context) -> None:
    async with client_of(without_redis) as client:
        ann = Person(client)
        await ann.sign_up()
        other = tab(client, ann)
        answers = await asyncio.gather(ann.refresh(), other.refresh())
        assert [answer.status_code for answer in answers] == [200, 200]
        await let_the_grace_pass(context)
        await assert_both_go_on(ann, other)


async def test_an_answer_that_was_lost_twice_is_made_up_for(client: httpx.AsyncClient, ann: Person) -> None:
    """A page that is loaded again and again renews each time, and may keep the cookies of an earlier answer."""
    late = tab(client, ann)
    for _ in range(2):
        assert (await ann.refresh()).status_code == 200
    assert (await late.refresh()).status_code == 200
    await assert_both_go_on(ann, late)


async def assert_family_ended(person: Person, refused: httpx.Response) -> None:
    assert (refused.status_code, code(refused)) == (401, "session_ended")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert (await person.refresh()).status_code == 401
    assert (await person.call("GET", f"{AUTH}/me")).status_code == 401
    assert (await person.log_in()).status_code == 200


async def test_after_the_grace_a_second_use_ends_the_family(
    client: httpx.AsyncClient, context: Context, ann: Person
) -> None:
    used = tab(client, ann)
    assert (await ann.refresh()).status_code == 200
    await let_the_grace_pass(context)
    await assert_family_ended(ann, await used.refresh())


async def test_from_another_network_a_second_use_ends_the_family_at_once(app: Starlette, ann: Person) -> None:
    async with client_of(app, STRANGE) as elsewhere:
        used = tab(elsewhere, ann)
        assert (await ann.refresh()).status_code == 200
        await assert_family_ended(ann, await used.refresh())


async def test_from_another_browser_a_second_use_ends_the_family_at_once(app: Starlette, ann: Person) -> None:
    async with client_of(app, HOME) as elsewhere:
        elsewhere.headers["User-Agent"] = "another browser"
        used = tab(elsewhere, ann)
        assert (await ann.refresh()).status_code == 200
        await assert_family_ended(ann, await used.refresh())


async def test_a_thief_who_is_first_betrays_himself_by_the_owner(app: Starlette, ann: Person) -> None:
    async with client_of(app, STRANGE) as elsewhere:
        thief = tab(elsewhere, ann)
        assert (await thief.refresh()).status_code == 200
        assert (await ann.refresh()).status_code == 401
        assert (await thief.refresh()).status_code == 401
        assert (await thief.call("GET", f"{AUTH}/me")).status_code == 401


async def test_within_the_grace_a_session_that_was_ended_stays_ended(client: httpx.AsyncClient, ann: Person) -> None:
    used = tab(client, ann)
    assert (await ann.refresh()).status_code == 200
    assert (await ann.log_out()).status_code == 204
    assert (await used.refresh()).status_code == 401


async def test_the_grace_outlives_a_change_of_the_secret(
    client: httpx.AsyncClient, settings: Settings, ann: Person
) -> None:
    used = tab(client, ann)
    assert (await ann.refresh()).status_code == 200
    async with (
        running(replace(settings, jwt_secret=f"fedcba9876543210fedcba9876543210,{SECRET}")) as app,
        client_of(app) as elsewhere,
    ):
        again = tab(elsewhere, used)
        assert (await again.refresh()).status_code == 200
        assert again.cookies["refresh_token"] == ann.cookies["refresh_token"]


async def test_the_next_token_is_stored_as_a_digest_and_follows_from_nothing_that_is_stored(
    context: Context, ann: Person
) -> None:
    used = ann.cookies["refresh_token"]
    await ann.refresh()
    rows = await fetchval(context.settings.database_url, "SELECT string_agg(t::text, ' ') FROM refresh_tokens t")
    for token in (used, ann.cookies["refresh_token"]):
        assert token not in rows
        assert token.encode().hex() not in rows
        assert digest(token).hex() in rows
    assert HOME not in rows
