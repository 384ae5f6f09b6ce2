"""Who has to wait after failures: strangers where they failed, and the owner of an account never for long because of
them.
"""

import asyncio
import io
import re
import smtplib
from contextlib import AsyncExitStack

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.auth import service
from recomengine.auth.attempts import MAX_DOUBLINGS, RULES, Attempts, Rule
from recomengine.auth.mail import Mailer
from recomengine.context import Context
from recomengine.infra.metrics import MAILS_NOT_SENT, MAILS_SPARED
from recomengine.settings import Settings
from recomengine.web.problems import RateLimited
from tests.support.apps import Log, client_of, running
from tests.support.databases import fetchval
from tests.support.people import AUTH, PASSWORD, Person, code, mailed
from tests.support.shops import until

pytestmark = pytest.mark.usefixtures("nobody_has_tried")

WRONG, NEW = "not the password", "another good password"
HOME, STRANGE = "192.0.2.1", "198.51.100.7"
FREE = RULES["pair"].free


@pytest.fixture(autouse=True)
def waits_outlast_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wait of a second may be over before a busy machine comes to the next attempt."""
    monkeypatch.setitem(RULES, "pair", RULES["pair"]._replace(first_wait_s=60))


async def guess(app: Starlette, email: str, address: str, count: int) -> list[int]:
    async with client_of(app, address) as client:
        return [(await Person(client, email).log_in(WRONG)).status_code for _ in range(count)]


async def link(client: httpx.AsyncClient, context: Context, person: Person) -> str:
    """The token of the newest mailed link."""
    assert (await client.post(f"{AUTH}/forgot-password", json={"email": person.email})).status_code == 202
    found = re.search(r"/reset-password#(\S+)", (await mailed(context, 1))[-1])
    assert found is not None
    return found[1]


async def reset(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post(f"{AUTH}/reset-password", json={"token": token, "password": NEW})


async def test_failures_make_the_next_wait_longer_and_longer(client: httpx.AsyncClient, ann: Person) -> None:
    statuses = [(await ann.log_in(WRONG)).status_code for _ in range(FREE + 1)]
    assert statuses == [401] * FREE + [429]
    refused = await ann.log_in()
    assert (refused.status_code, code(refused)) == (429, "too_many_attempts")
    assert int(refused.headers["retry-after"]) >= 1
    assert (await Person(client).sign_up()).status_code == 201


async def test_a_strangers_failures_make_the_owner_wait_nowhere_else(app: Starlette, ann: Person) -> None:
    assert await guess(app, ann.email, STRANGE, FREE + 1) == [401] * FREE + [429]
    assert (await ann.log_in()).status_code == 200
    assert await guess(app, ann.email, STRANGE, 1) == [429]


async def test_without_redis_neither(without_redis: Starlette) -> None:
    async with client_of(without_redis) as client:
        person = Person(client)
        assert (await person.sign_up()).status_code == 201
        assert await guess(without_redis, person.email, STRANGE, FREE + 1) == [401] * FREE + [429]
        assert (await person.log_in()).status_code == 200
        assert await guess(without_redis, person.email, HOME, FREE + 1) == [401] * FREE + [429]


async def test_an_account_that_is_not_there_is_waited_for_alike(app: Starlette, ann: Person) -> None:
    answers = []
    for email in (ann.email, "nobody.at.all@example.com"):
        async with client_of(app, STRANGE) as client:
            answers.append([await Person(client, email).log_in(WRONG) for _ in range(FREE + 1)])
    for known, unknown in zip(*answers, strict=True):
        assert {**known.json(), "requestId": ""} == {**unknown.json(), "requestId": ""}
        assert known.headers.get("retry-after") == unknown.headers.get("retry-after")


async def test_the_addresses_of_one_customer_fail_together(app: Starlette, ann: Person) -> None:
    for number in range(FREE):
        assert await guess(app, ann.email, f"2001:db8:1:2::{number + 1:x}", 1) == [401]
    assert await guess(app, ann.email, "2001:db8:1:2:ffff::1", 1) == [429]
    assert await guess(app, ann.email, "2001:db8:1:3::1", 1) == [401]


async def test_guesses_from_everywhere_are_bounded_too(
    app: Starlette, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, "account", Rule(3, first_wait_s=60, max_wait_s=60))
    for number in range(3):
        assert await guess(app, ann.email, f"198.51.100.{number}", 1) == [401]
    assert await guess(app, ann.email, "198.51.100.100", 1) == [429]
    refused = await ann.log_in()
    assert (refused.status_code, code(refused)) == (429, "too_many_attempts")
    assert int(refused.headers["retry-after"]) <= 60


def test_an_account_has_room_for_far_more_failures_than_one_address_and_its_owner_waits_a_minute_at_most() -> None:
    assert RULES["account"].free >= 10 * RULES["pair"].free
    assert RULES["account"].max_wait_s <= 60


async def test_a_new_password_ends_every_wait_for_the_account(
    app: Starlette, context: Context, client: httpx.AsyncClient, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, "account", Rule(FREE, first_wait_s=60, max_wait_s=60))
    assert await guess(app, ann.email, HOME, FREE + 1) == [401] * FREE + [429]
    assert await guess(app, ann.email, STRANGE, 1) == [429]
    assert (await reset(client, await link(client, context, ann))).status_code == 204
    assert (await ann.log_in(NEW)).status_code == 200
    assert await guess(app, ann.email, STRANGE, 1) == [401]


async def test_a_new_password_ends_the_waits_on_processes_without_redis(
    without_redis: Starlette, context: Context, client: httpx.AsyncClient, ann: Person
) -> None:
    assert await guess(without_redis, ann.email, HOME, FREE + 1) == [401] * FREE + [429]
    assert (await reset(client, await link(client, context, ann))).status_code == 204
    async with client_of(without_redis) as alone:
        assert (await Person(alone, ann.email).log_in(NEW)).status_code == 200


async def test_signing_in_ends_the_wait_of_its_address_and_forgives_nobody_else(app: Starlette, ann: Person) -> None:
    assert await guess(app, ann.email, HOME, FREE - 1) == [401] * (FREE - 1)
    assert await guess(app, ann.email, STRANGE, FREE - 1) == [401] * (FREE - 1)
    assert (await ann.log_in()).status_code == 200
    assert await guess(app, ann.email, HOME, 2) == [401, 401]
    assert await guess(app, ann.email, STRANGE, 2) == [401, 429]


async def test_an_own_account_does_not_wash_an_address_clean(
    app: Starlette, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, "network", Rule(3, first_wait_s=60))
    own = Person(client)
    await own.sign_up()
    for number in range(3):
        assert await guess(app, f"victim{number}@example.com", HOME, 1) == [401]
        if number < 2:
            assert (await own.log_in()).status_code == 200
    assert await guess(app, "victim4@example.com", HOME, 1) == [429]


async def test_a_mailed_link_is_good_at_an_address_that_has_to_wait(
    app: Starlette, context: Context, client: httpx.AsyncClient, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RULES, "network", Rule(1, first_wait_s=900))
    token = await link(client, context, ann)
    assert (await reset(client, "guessed")).status_code == 422
    refused = await reset(client, "guessed")
    assert (refused.status_code, code(refused)) == (429, "too_many_attempts")
    assert (await reset(client, token)).status_code == 204


async def test_a_guessed_link_costs_no_hash(
    client: httpx.AsyncClient, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []

    async def noted(password: str) -> str:
        hashed.append(password)
        return "a hash"

    monkeypatch.setattr(context.accounts._hasher, "hash", noted)
    assert (await reset(client, "guessed")).status_code == 422
    assert not hashed


async def test_of_many_guesses_at_once_the_right_one_does_not_stand_out(
    context: Context, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong_ones_are_over = asyncio.Event()

    async def matches(password: str, _password_hash: str | None) -> bool:
        if password == PASSWORD:
            await wrong_ones_are_over.wait()
        return password == PASSWORD

    monkeypatch.setattr(context.accounts._hasher, "matches", matches)
    right = asyncio.create_task(Person(ann.client, ann.email).log_in())
    wrong = await asyncio.gather(*(Person(ann.client, ann.email).log_in(WRONG) for _ in range(FREE + 1)))
    assert {response.status_code for response in wrong} <= {401, 429}
    wrong_ones_are_over.set()
    assert (await right).status_code == 429


async def test_a_flood_of_requests_for_links_fills_no_mailbox_and_stops_no_owner(
    app: Starlette, context: Context, client: httpx.AsyncClient, ann: Person
) -> None:
    async with client_of(app, STRANGE) as stranger:
        asked = [
            (await stranger.post(f"{AUTH}/forgot-password", json={"email": ann.email})).status_code
            for _ in range(RULES["link"].free + 1)
        ]
    assert asked == [202] * RULES["link"].free + [429]
    await mailed(context, RULES["link"].free)
    assert (await reset(client, await link(client, context, ann))).status_code == 204
    assert len(await mailed(context, RULES["link"].free + 1)) == RULES["link"].free + 1


async def test_one_address_cannot_use_up_the_links_that_an_account_may_have() -> None:
    rule = RULES["link"]
    an_hour = rule.free + service.RESET_LIFETIME.total_seconds() / rule.first_wait_s
    assert an_hour < service.MAX_LINKS


async def test_beyond_the_links_that_an_account_may_have_the_ones_in_the_mailbox_work(
    app: Starlette, context: Context, client: httpx.AsyncClient, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_LINKS", 2)
    before = MAILS_SPARED._value.get()
    async with AsyncExitStack() as stack:
        many = [await stack.enter_async_context(client_of(app, f"198.51.100.{number}")) for number in range(6)]
        answers = await asyncio.gather(
            *(one.post(f"{AUTH}/forgot-password", json={"email": ann.email}) for one in many)
        )
    assert {answer.status_code for answer in answers} == {202}

    async def spared() -> bool:
        return bool(MAILS_SPARED._value.get() == before + 4)

    await until(spared)
    mails = await mailed(context, 2)
    assert len(mails) == 2
    token = re.search(r"/reset-password#(\S+)", mails[0])
    assert token is not None
    assert (await reset(client, token[1])).status_code == 204


async def test_a_link_that_was_not_sent_does_not_count(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(_mailer: Mailer, _to: str, _subject: str, _text: str) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(Mailer, "send", failing)
    async with running(settings) as app, client_of(app) as client:
        person, before = Person(client), MAILS_NOT_SENT._value.get()
        await person.sign_up()
        await client.post(f"{AUTH}/forgot-password", json={"email": person.email})

        async def counted() -> bool:
            return bool(MAILS_NOT_SENT._value.get() == before + 1)

        await until(counted)
    count = "SELECT count(*) FROM password_resets r JOIN admins a ON a.id = r.admin_id WHERE a.email = $1"
    assert await fetchval(settings.database_url, count, person.email) == 0


async def test_lock_outs_and_resets_are_written_down_for_the_owner(
    app: Starlette, context: Context, client: httpx.AsyncClient, ann: Person
) -> None:
    await guess(app, ann.email, STRANGE, FREE + 1)
    await guess(app, "nobody.at.all@example.com", STRANGE, FREE + 1)

    async def actions() -> list[str]:
        return [line["action"] for line in (await ann.call("GET", "/api/v1/audit-log")).json()["data"]]

    async def written() -> bool:
        return await actions() == ["account.locked_out", "account.signed_up"]

    await until(written)
    line = (await ann.call("GET", "/api/v1/audit-log")).json()["data"][0]
    assert (line["address"], line["after"]) == (STRANGE, {"from": "network"})
    assert (await reset(client, await link(client, context, ann))).status_code == 204
    await ann.log_in(NEW)
    assert await actions() == ["account.signed_in", "account.password_reset", "account.locked_out", "account.signed_up"]


async def test_no_address_and_no_mailbox_reaches_the_log(
    app: Starlette, context: Context, client: httpx.AsyncClient, ann: Person, log: Log
) -> None:
    stream: io.StringIO = log("debug", "json")
    await guess(app, ann.email, STRANGE, FREE + 1)
    token = await link(client, context, ann)
    await reset(client, token)
    used = dict(ann.cookies)
    await ann.log_in(NEW)
    await ann.refresh(cookies=used)
    written = stream.getvalue()
    assert '"path": "/api/v1/auth/login"' in written
    for secret in (ann.email, STRANGE, HOME, token, WRONG, NEW, ann.access, used["refresh_token"]):
        assert secret not in written


async def test_however_long_it_goes_on_the_wait_has_an_end(context: Context) -> None:
    attempts = Attempts(context.redis)
    await attempts.note(("account", "somebody"))
    (key,) = [
        name
        for name in (await context.redis.call(("KEYS", "reco:attempts:account:*")))[0]
        if not name.endswith(b":wait")
    ]
    await context.redis.call(("SET", key, RULES["account"].free + 100 * MAX_DOUBLINGS))
    await attempts.note(("account", "somebody"))
    with pytest.raises(RateLimited) as refused:
        await attempts.check(("account", "somebody"))
    assert int(refused.value.headers["Retry-After"]) <= RULES["account"].max_wait_s
