"""The door of every operation, over HTTP: derived from the list of operations, so that a new one is tried as well."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints
from uuid import uuid4

import httpx
import msgspec
import pytest

from recomengine.app import all_routes
from recomengine.auth.actor import Actor, Member
from recomengine.context import Context
from recomengine.shop import Permission, Role
from recomengine.web.caller import Caller
from recomengine.web.door import BegunCall, Call
from recomengine.web.openapi import document, path_of
from recomengine.web.operations import Credential, Operation
from tests.support.apps import MakeTenant, bearer
from tests.support.people import Person, forget_attempts, make_member

OPERATIONS = [route for route in all_routes() if isinstance(route, Operation)]
KEYED = [one for one in OPERATIONS if one.keyed]
OF_ADMINS = [one for one in OPERATIONS if Credential.ADMIN in one.needs]
GUARDED = [one for one in OPERATIONS if one.keyed or one in OF_ADMINS]
OF_TENANT = [one for one in OPERATIONS if "tenant_id" in one.param_convertors]
OPEN = {"/health", "/ready", "/internal/metrics", "/v1/m"}
ACCOUNTS, TENANT = "/api/v1/auth/", "/api/v1/tenants/{tenant_id}"
PERMISSIONS = ("read", "read-write", "publish")
READS, WRITES = 1, 2


class Shop(NamedTuple):
    owner: Person
    tenant: str
    keys: dict[str, str]
    """By their permissions."""


async def a_shop(client: httpx.AsyncClient) -> Shop:
    """One that may read and write a few times a minute."""
    owner = Person(client)
    await owner.sign_up()
    tenant = await owner.make_tenant(rateLimits={"readPerMinute": READS, "writePerMinute": WRITES})
    return Shop(owner, tenant, {one: (await owner.make_key(tenant, one))["key"] for one in PERMISSIONS})


@pytest.fixture
async def shop(context: Context, client: httpx.AsyncClient) -> Shop:
    await forget_attempts(context)
    return await a_shop(client)


@pytest.fixture
async def other(context: Context, client: httpx.AsyncClient) -> Shop:
    await forget_attempts(context)
    return await a_shop(client)


@pytest.fixture(scope="module")
def bodies() -> dict[str, tuple[str, str]]:
    """The document's example of each operation's body: its media type, and itself."""
    described = msgspec.json.decode(msgspec.json.encode(document(all_routes())))
    found = {}
    for one in OPERATIONS:
        taken = described["paths"][path_of(one)][one.method.lower()].get("requestBody", {"content": {}})["content"]
        for media, said in taken.items():
            example = said["example"]
            found[name_of(one)] = media, example if isinstance(example, str) else msgspec.json.encode(example).decode()
    return found


def name_of(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


LEAVING = f"DELETE {TENANT}/members/{{admin_id}}"
"""Every member may leave; others only an owner removes."""


def path_in(operation: Operation, tenant: str) -> str:
    """With ids of nothing but the tenant."""
    return re.sub(
        r"\{(\w+)(?::\w+)?\}", lambda found: tenant if found[1] == "tenant_id" else str(uuid4()), operation.path
    )


def permission_of(operation: Operation) -> Permission:
    (permission,) = (need for need in operation.needs if isinstance(need, Permission))
    return permission


class Caught(NamedTuple):
    """What an operation answered."""

    name: str
    status: int
    code: str
    limit: str | None


@pytest.fixture
def ask(client: httpx.AsyncClient, bodies: dict[str, tuple[str, str]]) -> Any:
    async def ask(operation: Operation, tenant: str, headers: dict[str, str]) -> Caught:
        media, body = bodies.get(name_of(operation), ("", ""))
        sent = {"content": body, "headers": headers | {"Content-Type": media}} if body else {"headers": headers}
        answer = await client.request(operation.method, path_in(operation, tenant), **sent)  # type: ignore[arg-type]
        code = answer.json()["code"] if answer.is_error else ""
        limit = answer.headers.get("ratelimit-limit")
        return Caught(name_of(operation), answer.status_code, code, limit)

    return ask


def but(expected: tuple[int, str], answers: list[Caught]) -> list[Caught]:
    """Those that are otherwise; there were some."""
    assert answers
    return [answer for answer in answers if (answer.status, answer.code) != expected]


def test_every_operation_has_a_door_but_those_that_are_named() -> None:
    without = {one.path for one in OPERATIONS if one not in GUARDED}
    assert {path for path in without if not path.startswith(ACCOUNTS)} == OPEN


def hinted() -> Iterator[tuple[Operation, Any]]:
    for one in GUARDED:
        yield one, get_type_hints(one.handler, localns={"Context": Context})["call"]


def let_in(operation: Operation) -> set[Any]:
    admin = Member if operation in OF_TENANT else Actor
    return {*({Caller} if operation.keyed else ()), *({admin} if operation in OF_ADMINS else ())}


def test_handlers_take_whom_their_operations_let_in() -> None:
    wrong = []
    for one, taken in hinted():
        by = {kind for other in GUARDED if other.handler is one.handler for kind in let_in(other)}
        said = {Caller} if get_origin(taken) is BegunCall else set(get_args(get_args(taken)[0]) or get_args(taken)[:1])
        if said != by or get_origin(taken) is not (BegunCall if one.door.awaits_charge else Call):
            wrong.append((name_of(one), taken))
    assert not wrong


async def test_nobody_passes_without_a_credential_or_with_a_wrong_one(shop: Shop, ask: Any) -> None:
    missing = [await ask(one, shop.tenant, {}) for one in GUARDED]
    assert not but((401, "unauthorized"), missing)
    unknown = [await ask(one, shop.tenant, bearer("rk_live_unknown")) for one in GUARDED]
    assert not but((401, "unauthorized"), unknown)
    tokens_of_admins = [await ask(one, shop.tenant, shop.owner.bearer) for one in KEYED if one not in OF_ADMINS]
    assert not but((401, "unauthorized"), tokens_of_admins)
    key = bearer(shop.keys["read-write"])
    keys_of_shops = [await ask(one, shop.tenant, key) for one in OF_ADMINS if not one.keyed]
    assert not but((401, "unauthorized"), keys_of_shops)


async def test_no_key_passes_that_is_too_weak(shop: Shop, ask: Any) -> None:
    answers = [
        await ask(one, shop.tenant, bearer(key))
        for one in KEYED for permissions, key in shop.keys.items() if permissions not in permission_of(one).value
    ]  # fmt: skip
    assert not but((403, "insufficient_permission"), answers)


async def test_a_strangers_tenant_is_not_found(shop: Shop, other: Shop, ask: Any) -> None:
    admins = [await ask(one, shop.tenant, other.owner.bearer) for one in OF_TENANT]
    assert not but((404, "not_found"), admins)
    keyed = [one for one in OF_TENANT if one.keyed]
    keys = [(await other.owner.make_key(other.tenant))["key"] for _ in keyed]
    found = {(await ask(one, shop.tenant, bearer(key))).status for one, key in zip(keyed, keys, strict=True)}
    assert found == {404}


def test_an_operation_that_changes_a_tenant_is_not_for_every_member() -> None:
    harmless = {f"POST {TENANT}/widgets/preview", f"POST {TENANT}/playground"}
    assert {name_of(one) for one in OF_TENANT if one.method != "GET" and not one.needs_role} == {*harmless, LEAVING}


def is_for(role: Role, operation: Operation) -> bool:
    return role.covers(operation.role) and name_of(operation) != LEAVING


@pytest.mark.parametrize("role", [Role.ANALYST, Role.DEVELOPER])
async def test_a_member_does_what_their_role_reaches_and_no_more(
    role: Role, shop: Shop, context: Context, client: httpx.AsyncClient, ask: Any
) -> None:
    member = Person(client)
    await member.sign_up()
    await make_member(shop.owner, shop.tenant, member, role.value, context)
    reached = [await ask(one, shop.tenant, member.bearer) for one in OF_TENANT if is_for(role, one)]
    assert {answer.status for answer in reached} & {401, 403} == set()
    beyond = [await ask(one, shop.tenant, member.bearer) for one in OF_TENANT if not is_for(role, one)]
    assert not but((403, "role_required"), beyond)


def test_the_document_says_for_which_roles_an_operation_is() -> None:
    described = document(all_routes())["paths"]
    for one in [one for one in OF_TENANT if one.needs_role]:
        said = described[path_of(one)][one.method.lower()]
        assert f"role {'owner' if one.role is Role.OWNER else 'developer or owner'}." in said["description"]
        assert "403" in said["responses"]


async def test_every_request_by_a_key_is_charged_on_the_limit_of_its_access(
    shop: Shop, ask: Any, client: httpx.AsyncClient
) -> None:
    """With bodies that are good: what would be done must wait for the charge."""
    limits, key = {"read": READS, "write": WRITES}, bearer(shop.keys["read-write"])
    for method, times in (("GET", READS), ("DELETE", WRITES)):
        for _ in range(times):
            assert (await client.request(method, "/api/v1/catalog/none", headers=key)).status_code == 404
    answers = [await ask(one, shop.tenant, key) for one in KEYED]
    assert not but((429, "rate_limited"), answers)
    assert [answer.limit for answer in answers] == [str(limits[one.access]) for one in KEYED]


async def test_every_request_by_a_key_in_the_body_is_charged(
    shop: Shop, client: httpx.AsyncClient, bodies: dict[str, tuple[str, str]]
) -> None:
    taking = [one for one in KEYED if one.body is not None and "publish" in permission_of(one).value]
    for one in taking:
        key = (await shop.owner.make_key(shop.tenant, "publish"))["key"]
        member = "writeKey" if one.path.startswith("/v1/") else "key"
        body = msgspec.json.decode(bodies[name_of(one)][1]) | {member: key}
        limit = READS if one.access == "read" else WRITES
        found = [(await client.post(one.path, json=body)).status_code for _ in range(limit + 1)]
        assert [status == 429 for status in found] == [False] * limit + [True], name_of(one)
    assert len(taking) >= 19


async def test_every_request_of_an_admin_is_charged(shop: Shop, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recomengine.web.limits.ADMIN_PER_MINUTE", 1)
    answers = [await ask(one, shop.tenant, shop.owner.bearer) for one in OF_ADMINS]
    assert not but((429, "rate_limited"), answers)
    assert {answer.limit for answer in answers} == {"1"}


async def test_no_body_passes_that_is_longer_than_its_operation_takes(
    shop: Shop, client: httpx.AsyncClient, make_tenant: MakeTenant
) -> None:
    unlimited = await make_tenant()
    answers = []
    for one in [one for one in GUARDED if one.door.body is not None]:
        credential = bearer(unlimited.read_write) if one.keyed else shop.owner.bearer
        body, media = b" " * (one.door.body.most_bytes + 1), {"Content-Type": "application/json"}
        answer = await client.request(one.method, path_in(one, shop.tenant), content=body, headers=credential | media)
        answers.append(Caught(name_of(one), answer.status_code, answer.json()["code"], None))
    assert not but((413, "too_large"), answers)
