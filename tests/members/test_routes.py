"""Members, their roles and invitations over HTTP."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.members import service
from recomengine.settings import Settings
from tests.support.apps import client_of, running
from tests.support.databases import execute, fetch, fetchval
from tests.support.people import Person, code, forget_attempts, invite, mailed, make_member

TENANTS, ACCEPT = "/api/v1/tenants", "/api/v1/invitations/accept"


@pytest.fixture
async def tenant(ann: Person) -> str:
    return await ann.make_tenant("Boots & more")


async def id_of(person: Person) -> str:
    return str((await person.call("GET", "/api/v1/auth/me")).json()["data"]["id"])


async def members(person: Person, tenant: str) -> list[tuple[str, str]]:
    answer = await person.call("GET", f"{TENANTS}/{tenant}/members")
    return [(one["email"], one["role"]) for one in answer.json()["data"]]


async def invitations(person: Person, tenant: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await person.call("GET", f"{TENANTS}/{tenant}/invitations")).json()["data"]
    return found


async def actions(person: Person, tenant: str) -> list[str]:
    lines = (await person.call("GET", f"/api/v1/audit-log?tenantId={tenant}")).json()["data"]
    return [line["action"] for line in reversed(lines)]


async def test_an_invited_colleague_signs_up_and_joins_by_the_link_in_the_mail(
    ann: Person, tenant: str, client: httpx.AsyncClient, context: Context
) -> None:
    bea = Person(client)
    sent = await ann.call("POST", f"{TENANTS}/{tenant}/invitations", {"email": bea.email, "role": "developer"})
    made = sent.json()["data"]
    assert (sent.status_code, made["email"], made["role"]) == (201, bea.email, "developer")
    lasts = datetime.fromisoformat(made["expiresAt"]) - datetime.fromisoformat(made["createdAt"])
    assert lasts == timedelta(days=7)
    (mail,) = [text for text in await mailed(context, 1) if text.startswith(bea.email)]
    assert ann.email in mail
    assert "Boots & more" in mail
    assert "as developer" in mail
    token = mail.partition(f"{context.settings.base_url}/invitation#")[2].split()[0]

    await bea.sign_up()
    assert (await bea.call("GET", f"{TENANTS}/{tenant}")).status_code == 404
    joined = await bea.call("POST", ACCEPT, {"token": token})
    assert (joined.json()["data"]["id"], joined.json()["data"]["role"]) == (tenant, "developer")
    assert (await bea.call("GET", TENANTS)).json()["data"] == [joined.json()["data"]]
    assert (await bea.call("GET", f"{TENANTS}/{tenant}")).json()["data"]["role"] == "developer"
    assert await members(bea, tenant) == [(ann.email, "owner"), (bea.email, "developer")]
    assert await invitations(ann, tenant) == []
    assert await actions(ann, tenant) == ["tenant.created", "invitation.sent", "member.joined"]


async def test_an_invitation_is_used_once(ann: Person, bob: Person, tenant: str, context: Context) -> None:
    token = await invite(ann, tenant, bob.email, "analyst", context)
    answers = await asyncio.gather(*(bob.call("POST", ACCEPT, {"token": token}) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422, 422]
    await ann.call("DELETE", f"{TENANTS}/{tenant}/members/{await id_of(bob)}")
    assert (await bob.call("POST", ACCEPT, {"token": token})).status_code == 422
    assert (await bob.call("GET", f"{TENANTS}/{tenant}")).status_code == 404


async def test_only_the_account_of_the_invited_address_accepts(
    ann: Person, bob: Person, tenant: str, client: httpx.AsyncClient, context: Context
) -> None:
    guest = Person(client)
    token = await invite(ann, tenant, guest.email.upper(), "owner", context)
    refused = await bob.call("POST", ACCEPT, {"token": token})
    assert (refused.status_code, code(refused)) == (403, "invitation_of_another")
    assert guest.email not in refused.text.lower()
    await guest.sign_up()
    assert (await guest.call("POST", ACCEPT, {"token": token})).status_code == 200


async def test_what_is_revoked_replaced_or_older_than_a_week_is_not_accepted(
    ann: Person, bob: Person, tenant: str, context: Context
) -> None:
    url = context.settings.database_url
    revoked = await invite(ann, tenant, bob.email, "analyst", context)
    (found,) = await invitations(ann, tenant)
    gone = await ann.call("DELETE", f"{TENANTS}/{tenant}/invitations/{found['id']}")
    assert gone.status_code == 204
    assert (await ann.call("DELETE", f"{TENANTS}/{tenant}/invitations/{found['id']}")).status_code == 404
    replaced = await invite(ann, tenant, bob.email, "analyst", context)
    old = await invite(ann, tenant, bob.email, "developer", context)
    assert [one["role"] for one in await invitations(ann, tenant)] == ["developer"]
    await execute(url, "UPDATE invitations SET expires_at = now() WHERE tenant_id = $1", tenant)
    for token in (revoked, replaced, old, "none"):
        refused = await bob.call("POST", ACCEPT, {"token": token})
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "$.token")
    assert await members(ann, tenant) == [(ann.email, "owner")]


async def test_a_deleted_tenant_is_joined_by_nobody(ann: Person, bob: Person, tenant: str, context: Context) -> None:
    token = await invite(ann, tenant, bob.email, "analyst", context)
    await ann.call("DELETE", f"{TENANTS}/{tenant}")
    assert (await bob.call("POST", ACCEPT, {"token": token})).status_code == 422


async def test_only_the_digest_of_a_token_is_stored(ann: Person, bob: Person, tenant: str, context: Context) -> None:
    token = await invite(ann, tenant, bob.email, "analyst", context)
    rows = await fetch(context.settings.database_url, "SELECT t::text FROM invitations t")
    assert token not in str(rows)


async def test_who_is_a_member_is_not_invited(ann: Person, bob: Person, tenant: str, context: Context) -> None:
    await make_member(ann, tenant, bob, "analyst", context)
    refused = await ann.call("POST", f"{TENANTS}/{tenant}/invitations", {"email": bob.email.upper(), "role": "owner"})
    assert (refused.status_code, code(refused)) == (409, "already_member")


async def test_members_and_invitations_have_a_bound(
    ann: Person, tenant: str, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_PLACES", 2)
    await invite(ann, tenant, "one@example.com", "analyst", context)
    await invite(ann, tenant, "one@example.com", "owner", context)  # in place of the first
    refused = await ann.call("POST", f"{TENANTS}/{tenant}/invitations", {"email": "two@example.com", "role": "analyst"})
    assert (refused.status_code, code(refused)) == (409, "too_many_members")


async def test_nobodys_mailbox_is_flooded_with_invitations(ann: Person, tenant: str, context: Context) -> None:
    path, guest = f"{TENANTS}/{tenant}/invitations", {"email": "flooded@example.com", "role": "analyst"}
    statuses = [(await ann.call("POST", path, guest)).status_code for _ in range(8)]
    assert statuses == [201] * 5 + [429] * 3
    assert len([text for text in await mailed(context, 1) if text.startswith("flooded@example.com")]) == 5


async def test_an_invitation_that_cannot_be_mailed_is_none(settings: Settings) -> None:
    away = replace(settings, smtp_url="smtp://127.0.0.1:1")
    async with running(away) as app, client_of(app) as client:
        context: Context = app.state.context
        await forget_attempts(context)
        owner = Person(client)
        await owner.sign_up()
        tenant = await owner.make_tenant()
        sent = await owner.call("POST", f"{TENANTS}/{tenant}/invitations", {"email": "a@example.com", "role": "owner"})
        assert (sent.status_code, code(sent)) == (503, "mail_not_sent")
        assert await invitations(owner, tenant) == []


async def test_a_role_that_is_changed_holds_at_once_on_every_process(
    ann: Person, bob: Person, tenant: str, context: Context, neighbour: Starlette
) -> None:
    await make_member(ann, tenant, bob, "analyst", context)
    bobs, keys = f"{TENANTS}/{tenant}/members/{await id_of(bob)}", f"{TENANTS}/{tenant}/api-keys"
    async with client_of(neighbour) as elsewhere:

        async def makes_a_key() -> tuple[int, str]:
            answer = await elsewhere.post(keys, json={"name": "k", "permissions": "read"}, headers=bob.bearer)
            return answer.status_code, answer.json().get("code", "")

        assert await makes_a_key() == (403, "role_required")
        changed = await ann.call("PATCH", bobs, {"role": "developer"})
        assert changed.json()["data"]["role"] == "developer"
        assert await makes_a_key() == (201, "")
        assert (await ann.call("DELETE", bobs)).status_code == 204
        assert await makes_a_key() == (404, "not_found")
    assert (await ann.call("DELETE", bobs)).status_code == 404
    lines = (await ann.call("GET", f"/api/v1/audit-log?tenantId={tenant}")).json()["data"]
    told = [(line["action"], line["before"], line["after"]) for line in lines if line["subject"] == await id_of(bob)]
    assert told == [
        ("member.removed", {"email": bob.email, "role": "developer"}, None),
        ("member.role_changed", {"role": "analyst"}, {"role": "developer"}),
        ("member.joined", None, {"role": "analyst"}),
    ]


async def test_the_refusal_names_the_role_that_is_needed_and_the_one_there(
    ann: Person, bob: Person, tenant: str, context: Context
) -> None:
    await make_member(ann, tenant, bob, "developer", context)
    refused = await bob.call("PATCH", f"{TENANTS}/{tenant}/config", {"currency": "EUR"})
    assert (refused.status_code, code(refused)) == (403, "role_required")
    assert "the role owner; yours in this tenant is developer" in refused.json()["detail"]


async def test_the_last_owner_stays(ann: Person, bob: Person, tenant: str, context: Context) -> None:
    anns = f"{TENANTS}/{tenant}/members/{await id_of(ann)}"
    for method, body in (("DELETE", None), ("PATCH", {"role": "developer"})):
        refused = await ann.call(method, anns, body)
        assert (refused.status_code, code(refused)) == (409, "last_owner")
    assert (await ann.call("PATCH", anns, {"role": "owner"})).status_code == 200
    await make_member(ann, tenant, bob, "owner", context)
    bobs = f"{TENANTS}/{tenant}/members/{await id_of(bob)}"
    answers = await asyncio.gather(ann.call("DELETE", bobs), bob.call("DELETE", anns))
    assert sorted(answer.status_code for answer in answers)[0] == 204
    owners = "SELECT count(*) FROM members WHERE tenant_id = $1 AND role = 'owner'"
    assert await fetchval(context.settings.database_url, owners, tenant) == 1


async def test_every_member_may_leave_but_removes_nobody_else(
    ann: Person, bob: Person, tenant: str, context: Context
) -> None:
    await make_member(ann, tenant, bob, "analyst", context)
    anns, bobs = [f"{TENANTS}/{tenant}/members/{await id_of(person)}" for person in (ann, bob)]
    refused = await bob.call("DELETE", anns)
    assert (refused.status_code, code(refused)) == (403, "role_required")
    assert (await bob.call("DELETE", bobs)).status_code == 204
    assert (await bob.call("GET", f"{TENANTS}/{tenant}")).status_code == 404


async def test_who_is_no_member_learns_nothing(ann: Person, bob: Person, tenant: str) -> None:
    for path in ("members", "invitations", f"members/{await id_of(ann)}", "invitations/no-id"):
        for method in ("GET", "POST", "PATCH", "DELETE"):
            answer = await bob.call(method, f"{TENANTS}/{tenant}/{path}", {"role": "owner"})
            assert answer.status_code in (404, 405)


async def test_members_come_in_pages(ann: Person, bob: Person, tenant: str, context: Context) -> None:
    await make_member(ann, tenant, bob, "analyst", context)
    first = (await ann.call("GET", f"{TENANTS}/{tenant}/members?limit=1")).json()
    rest = (await ann.call("GET", f"{TENANTS}/{tenant}/members?limit=1&cursor={first['meta']['nextCursor']}")).json()
    assert [page["data"][0]["email"] for page in (first, rest)] == [ann.email, bob.email]
    assert rest["meta"]["nextCursor"] is None


async def test_a_tenant_that_the_version_before_makes_has_its_owner(ann: Person, context: Context) -> None:
    """While both run, its processes write the owner into the tenant's row, and ask for owners by a function."""
    url, admin_id = context.settings.database_url, await id_of(ann)
    made = await fetchval(url, "INSERT INTO tenants (name, owner_id) VALUES ('Old', $1) RETURNING id", admin_id)
    assert (await ann.call("GET", f"{TENANTS}/{made}")).json()["data"]["role"] == "owner"
    assert await fetchval(url, "SELECT owns_tenant($1, $2)", admin_id, made)
    assert await fetchval(url, "SELECT owner_id FROM tenants WHERE id = $1", made) is None


async def test_a_purged_tenant_leaves_no_member_and_no_invitation(ann: Person, tenant: str, context: Context) -> None:
    url = context.settings.database_url
    await invite(ann, tenant, "late@example.com", "analyst", context)
    await ann.call("DELETE", f"{TENANTS}/{tenant}")
    await fetchval(url, "SELECT purge_tenant($1)", tenant)
    for table in ("members", "invitations"):
        assert await fetchval(url, f"SELECT count(*) FROM {table} WHERE tenant_id = $1", tenant) == 0
