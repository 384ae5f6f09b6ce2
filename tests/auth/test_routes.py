"""Accounts over HTTP, on real servers."""

import json
import re

import httpx
import jwt
import pytest
from msgspec.structs import replace
from starlette.applications import Starlette

from recomengine.auth import hashing, service
from recomengine.auth.passwords import common_passwords
from recomengine.auth.tokens import AUDIENCE, ISSUER
from recomengine.context import Context
from recomengine.infra.metrics import MAILS_NOT_SENT
from recomengine.settings import Settings
from tests.support.apps import SECRET, client_of, running
from tests.support.bad_input import UNREADABLE, is_problem
from tests.support.databases import execute, fetchval
from tests.support.people import AUTH, PASSWORD, Person, code, mailed
from tests.support.processes import PATIENCE_S
from tests.support.shops import until

pytestmark = pytest.mark.usefixtures("nobody_has_tried")


async def test_signing_up_gives_a_token_two_cookies_and_the_account(client: httpx.AsyncClient) -> None:
    person = Person(client)
    response = await person.sign_up(name="Ann")
    data = response.json()["data"]
    assert set(data) == {"accessToken", "expiresIn", "admin"}
    assert data["expiresIn"] == 3600
    assert set(data["admin"]) == {"id", "email", "name", "role", "createdAt"}
    assert (data["admin"]["email"], data["admin"]["name"]) == (person.email, "Ann")
    refresh, csrf = sorted(response.headers.get_list("set-cookie"), reverse=True)
    assert refresh.startswith("refresh_token=")
    assert all(part in refresh for part in ("HttpOnly", "SameSite=strict", "Path=/api/v1/auth", "Max-Age=604800"))
    assert csrf.startswith("csrf_token=")
    assert "HttpOnly" not in csrf
    assert response.headers["cache-control"] == "no-store"
    assert (await person.call("GET", f"{AUTH}/me")).json()["data"] == data["admin"]


async def test_the_access_token_says_who_signed_it_for_whom_and_how(ann: Person) -> None:
    header = jwt.get_unverified_header(ann.access)
    assert header["alg"] == "HS256"
    assert header["kid"]
    claims = jwt.decode(ann.access, SECRET, ["HS256"], issuer=ISSUER, audience=AUDIENCE)
    assert claims["exp"] - claims["iat"] == 3600


@pytest.mark.parametrize(
    "address",
    [
        "nobody",
        "a b@example.com",
        "@",
        "x" * 250 + "@example.com",
        "a,b@example.com",
        "<a@example.com>",
        "a@b@c",
        "a@b\n",
    ],
)
async def test_what_is_no_address_is_refused(address: str, client: httpx.AsyncClient) -> None:
    response = await Person(client, address).sign_up()
    assert (response.status_code, response.json()["errors"][0]["path"]) == (422, "$.email")


async def test_easily_guessed_passwords_are_refused(client: httpx.AsyncClient) -> None:
    person = Person(client, "somebody.of.the.shop@example.com")
    common = min(common_passwords())
    for password in ("short", "aaaaaaaaaaaa", common, common.upper(), person.email, "somebody.of.the.shop"):
        response = await person.sign_up(password)
        assert (response.status_code, response.json()["errors"][0]["path"]) == (422, "$.password"), password
        assert password not in response.json()["detail"]


async def test_an_address_is_taken_whatever_its_case(client: httpx.AsyncClient, ann: Person) -> None:
    response = await Person(client, ann.email.upper()).sign_up()
    assert (response.status_code, code(response)) == (409, "email_taken")


async def test_a_closed_system_takes_nobody_new(settings: Settings) -> None:
    async with running(replace(settings, signup="closed")) as app, client_of(app) as client:
        response = await Person(client).sign_up()
        assert (response.status_code, code(response)) == (403, "signup_closed")


async def test_a_wrong_password_and_an_unknown_address_are_told_alike(client: httpx.AsyncClient, ann: Person) -> None:
    wrong, unknown = await ann.log_in("not the password"), await Person(client).log_in()
    assert wrong.status_code == unknown.status_code == 401
    assert {**wrong.json(), "requestId": ""} == {**unknown.json(), "requestId": ""}
    assert (await ann.log_in()).status_code == 200


async def test_both_take_the_work_of_one_check(
    client: httpx.AsyncClient, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[tuple[str, ...]] = []
    ask = hashing._Pool.ask

    async def noted(pool: hashing._Pool, words: tuple[str, ...]) -> str:
        checked.append(words)
        return await ask(pool, words)

    monkeypatch.setattr(hashing._Pool, "ask", noted)
    await ann.log_in("not the password")
    await Person(client).log_in()
    assert [words[0] for words in checked] == ["check", "check"]
    assert {words[2][:7] for words in checked} == {"$2b$12$"}


async def test_a_login_that_a_change_of_the_password_overtakes_begins_no_session(
    client: httpx.AsyncClient, context: Context, ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    matches = context.accounts._hasher.matches

    async def overtaken(password: str, password_hash: str | None) -> bool:
        found = await matches(password, password_hash)
        await execute(
            context.settings.database_url, "UPDATE admins SET password_hash = 'another' WHERE email = $1", ann.email
        )
        return found

    monkeypatch.setattr(context.accounts._hasher, "matches", overtaken)
    refused = await Person(client, ann.email).log_in()
    assert (refused.status_code, code(refused)) == (401, "wrong_credentials")


async def test_a_refresh_needs_the_csrf_token_of_its_family(client: httpx.AsyncClient, ann: Person) -> None:
    other = Person(client)
    await other.sign_up()
    for csrf in ("", "wrong", other.cookies["csrf_token"], "é"):
        refused = await ann.client.post(
            f"{AUTH}/refresh",
            headers={"Cookie": f"refresh_token={ann.cookies['refresh_token']}", "X-CSRF-Token": csrf.encode()},  # type: ignore[dict-item]
        )
        assert (refused.status_code, code(refused)) == (403, "csrf_mismatch")
    assert (await ann.refresh()).status_code == 200


async def test_without_a_cookie_or_with_an_unknown_one_nobody_is_renewed(ann: Person) -> None:
    for cookies in ({}, {"refresh_token": "unknown", "csrf_token": "x"}):
        assert (await ann.refresh(cookies=cookies)).status_code == 401


async def test_logging_out_ends_the_session_on_every_process_at_once(ann: Person, other_process: str) -> None:
    async with httpx.AsyncClient(base_url=other_process, timeout=PATIENCE_S) as other:
        assert (await other.get(f"{AUTH}/me", headers=ann.bearer)).status_code == 200
        assert (await ann.log_out()).status_code == 204
        for client in (ann.client, other):
            assert (await client.get(f"{AUTH}/me", headers=ann.bearer)).status_code == 401
    assert (await ann.refresh()).status_code == 401


async def test_an_access_token_alone_logs_out_too_and_for_good(
    client: httpx.AsyncClient, context: Context, ann: Person
) -> None:
    assert (await client.post(f"{AUTH}/logout", headers=ann.bearer)).status_code == 204
    await context.redis.call(("FLUSHALL",))
    assert (await ann.call("GET", f"{AUTH}/me")).status_code == 401
    assert (await ann.refresh()).status_code == 401


async def test_logging_out_by_cookie_needs_the_csrf_token(client: httpx.AsyncClient, ann: Person) -> None:
    refused = await client.post(
        f"{AUTH}/logout", headers={"Cookie": f"refresh_token={ann.cookies['refresh_token']}"} | ann.bearer
    )
    assert (refused.status_code, code(refused)) == (403, "csrf_mismatch")
    assert (await ann.call("GET", f"{AUTH}/me")).status_code == 200


async def test_a_revoked_token_is_listed_for_as_long_as_it_would_have_lived(context: Context, ann: Person) -> None:
    jti = jwt.decode(ann.access, options={"verify_signature": False})["jti"]
    await ann.log_out()
    (left,) = await context.redis.call(("TTL", f"jti:blacklist:{jti}"))
    assert 3590 <= left <= 3600


async def test_a_listed_token_is_refused_whoever_listed_it(context: Context, ann: Person) -> None:
    jti = jwt.decode(ann.access, options={"verify_signature": False})["jti"]
    await context.redis.call(("SET", f"jti:blacklist:{jti}", 1, "EX", 60))
    assert (await ann.call("GET", f"{AUTH}/me")).status_code == 401


async def test_a_session_that_was_ended_stays_ended_when_redis_is_lost(
    ann: Person, context: Context, without_redis: Starlette
) -> None:
    await ann.log_out()
    await context.redis.call(("FLUSHALL",))
    assert (await ann.call("GET", f"{AUTH}/me")).status_code == 401
    async with client_of(without_redis) as client:
        assert (await client.get(f"{AUTH}/me", headers=ann.bearer)).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "rk_live_aaaaaaaa_x"])
async def test_what_is_no_token_of_ours_is_refused(token: str, client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{AUTH}/me", headers={"Authorization": f"Bearer {token}"})).status_code == 401


async def test_tokens_of_another_secret_algorithm_or_audience_are_refused(
    client: httpx.AsyncClient, ann: Person
) -> None:
    header = {"kid": jwt.get_unverified_header(ann.access)["kid"]}
    claims = jwt.decode(ann.access, options={"verify_signature": False})
    forged = [
        jwt.encode(claims, "another secret of thirty-two bytes and more", "HS256", headers=header),
        jwt.encode(claims, "", "none", headers=header),
        jwt.encode(claims | {"aud": "another"}, SECRET, "HS256", headers=header),
        jwt.encode(claims | {"iss": "another"}, SECRET, "HS256", headers=header),
        jwt.encode(claims | {"exp": 1}, SECRET, "HS256", headers=header),
        jwt.encode(claims, SECRET, "HS256", headers={"kid": "unknown"}),
        jwt.encode(
            {name: value for name, value in claims.items() if name != "family"}, SECRET, "HS256", headers=header
        ),
    ]
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        forged.append(jwt.encode(claims, SECRET, "HS512", headers=header))
    for token in forged:
        assert (await client.get(f"{AUTH}/me", headers={"Authorization": f"Bearer {token}"})).status_code == 401
    assert (await ann.call("GET", f"{AUTH}/me")).status_code == 200


async def test_a_secret_is_rotated_without_signing_anybody_out(settings: Settings, ann: Person) -> None:
    new = "fedcba9876543210fedcba9876543210"
    async with running(replace(settings, jwt_secret=f"{new},{SECRET}")) as app, client_of(app) as client:
        assert (await client.get(f"{AUTH}/me", headers=ann.bearer)).status_code == 200
        there = Person(client, ann.email)
        there.cookies = dict(ann.cookies)
        assert (await there.refresh()).status_code == 200
        jwt.decode(there.access, new, ["HS256"], audience=AUDIENCE)
    async with running(replace(settings, jwt_secret=new)) as app, client_of(app) as client:
        assert (await client.get(f"{AUTH}/me", headers=there.bearer)).status_code == 200
        assert (await client.get(f"{AUTH}/me", headers=ann.bearer)).status_code == 401


async def test_a_forgotten_password_is_replaced_by_a_mailed_link_once(
    client: httpx.AsyncClient, context: Context, ann: Person
) -> None:
    for address in (ann.email, "nobody.at.all@example.com"):
        response = await client.post(f"{AUTH}/forgot-password", json={"email": address})
        assert (response.status_code, response.json()) == (202, {"data": {"status": "accepted"}})
    await client.post(f"{AUTH}/forgot-password", json={"email": ann.email.upper()})
    mails = await mailed(context, 2)
    assert len(mails) == 2
    assert all(text.startswith(ann.email) for text in mails)
    found = re.search(r"/reset-password#(\S+)", mails[0])
    assert found is not None
    body = {"token": found[1], "password": "another good password"}
    assert (await client.post(f"{AUTH}/reset-password", json=body | {"password": "short"})).status_code == 422
    assert (await client.post(f"{AUTH}/reset-password", json=body)).status_code == 204
    again = await client.post(f"{AUTH}/reset-password", json=body)
    assert (again.status_code, again.json()["errors"][0]["path"]) == (422, "$.token")
    assert (await ann.call("GET", f"{AUTH}/me")).status_code == 401
    assert (await ann.refresh()).status_code == 401
    assert (await ann.log_in()).status_code == 401
    assert (await ann.log_in("another good password")).status_code == 200


async def test_a_mail_that_cannot_be_sent_changes_no_answer_and_is_counted(settings: Settings) -> None:
    async with running(replace(settings, smtp_url="smtp://127.0.0.1:1")) as app, client_of(app) as client:
        person, before = Person(client), MAILS_NOT_SENT._value.get()
        await person.sign_up()
        assert (await client.post(f"{AUTH}/forgot-password", json={"email": person.email})).status_code == 202

        async def counted() -> bool:
            return bool(MAILS_NOT_SENT._value.get() == before + 1)

        await until(counted)


async def test_more_mails_than_can_wait_are_refused(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_MAILS", 0)
    refused = await client.post(f"{AUTH}/forgot-password", json={"email": "nobody@example.com"})
    assert (refused.status_code, code(refused)) == (503, "overloaded")


async def test_mails_without_a_server_are_readable_for_their_owner_only(
    client: httpx.AsyncClient, context: Context, ann: Person
) -> None:
    await client.post(f"{AUTH}/forgot-password", json={"email": ann.email})
    await mailed(context, 1)
    outbox = context.settings.data_dir / "outbox"
    assert outbox.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in outbox.iterdir())


async def test_only_digests_of_tokens_are_stored(context: Context, ann: Person) -> None:
    for table in ("refresh_tokens", "admins"):
        rows = await fetchval(
            context.settings.database_url, f"SELECT string_agg(t::text, ' ') FROM {table} t"
        )  # a name of ours
        assert ann.cookies["refresh_token"] not in rows
        assert PASSWORD not in rows


async def test_an_admin_is_renamed_and_it_is_written_down(ann: Person) -> None:
    renamed = await ann.call("PATCH", f"{AUTH}/me", {"name": "Anna"})
    assert renamed.json()["data"]["name"] == "Anna"
    lines = (await ann.call("GET", "/api/v1/audit-log")).json()["data"]
    assert [line["action"] for line in lines] == ["account.renamed", "account.signed_up"]
    assert (lines[0]["before"], lines[0]["after"], lines[0]["address"]) == (
        {"name": "Ann"},
        {"name": "Anna"},
        "192.0.2.1",
    )


async def test_signing_in_and_out_and_a_theft_are_written_down(ann: Person, context: Context) -> None:
    await ann.log_in()
    used = dict(ann.cookies)
    await ann.refresh()
    await execute(
        context.settings.database_url, "UPDATE refresh_tokens SET used_at = used_at - $1::interval", service.GRACE
    )
    await ann.refresh(cookies=used)
    await ann.log_in()
    await ann.log_out()
    await ann.log_in()
    lines = (await ann.call("GET", "/api/v1/audit-log")).json()["data"]
    assert [line["action"] for line in reversed(lines)] == [
        "account.signed_up", "account.signed_in", "account.token_reused", "account.signed_in", "account.signed_out",
        "account.signed_in",
    ]  # fmt: skip


BODIES = [
    ("POST", f"{AUTH}/signup"), ("POST", f"{AUTH}/login"), ("POST", f"{AUTH}/forgot-password"),
    ("POST", f"{AUTH}/reset-password"),
    ("PATCH", f"{AUTH}/me"), ("POST", "/api/v1/tenants"), ("PATCH", "/api/v1/tenants/{}"),
    ("PATCH", "/api/v1/tenants/{}/config"),
    ("POST", "/api/v1/tenants/{}/api-keys"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_a_body_that_cannot_be_read_or_is_another_is_refused(method: str, path: str, ann: Person) -> None:
    path = path.format(await ann.make_tenant())

    async def problem(body: bytes, status: int) -> str:
        refused = await ann.client.request(
            method, path, content=body, headers=ann.bearer | {"Content-Type": "application/json"}
        )
        return str(is_problem(refused, status)["code"])

    for body in UNREADABLE.values():
        assert await problem(body, 400) == "malformed_body"
    for value in (None, True, 1, "text", [], [{}], {"unknown": 1}):
        assert await problem(json.dumps(value).encode(), 422) == "invalid"


async def test_from_signing_up_to_a_revoked_key(client: httpx.AsyncClient, other_process: str, ann: Person) -> None:
    """The whole way; what the shop does goes to another process than what its admin does."""
    tenant_id = await ann.make_tenant()
    key = await ann.make_key(tenant_id)
    headers = {"Authorization": f"Bearer {key['key']}"}
    async with httpx.AsyncClient(base_url=other_process, timeout=PATIENCE_S, headers=headers) as shop:
        assert (await shop.put("/api/v1/catalog/p1", json={"name": "One"})).status_code == 201
        assert (
            await shop.post("/api/v1/events", json={"eventType": "view", "userId": "u1", "productId": "p1"})
        ).status_code == 202
        found = await shop.get("/api/v1/recommendations", params={"userId": "u2"})
        assert [item["productId"] for item in found.json()["data"]] == ["p1"]

        assert (await ann.call("DELETE", f"/api/v1/tenants/{tenant_id}/api-keys/{key['id']}")).status_code == 204

        async def refused() -> bool:
            return (await shop.get("/api/v1/recommendations", params={"userId": "u2"})).status_code == 401

        await until(refused)
