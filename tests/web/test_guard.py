"""Credentials of keyed requests, over HTTP against real keys."""

from collections.abc import Mapping
from uuid import uuid4

import pytest
from starlette.requests import Request

from recomengine.shop import Permission, TenantConfig
from recomengine.web.caller import Caller
from recomengine.web.guard import Guard
from recomengine.web.notes import NoteKind
from recomengine.web.problems import Problem

KEYS = {"read": "rk_live_read", "read-write": "rk_live_write", "publish": "rk_pub_publish"}


class Noted(list[tuple[str, str, str]]):
    """Keeps what is noted."""

    def count(self, tenant_id: str, kind: NoteKind, subject: str, times: int = 1) -> None:
        self.extend([(tenant_id, kind, subject)] * times)


class KnownKeys:
    """Stands in for the key cache, which has tests of its own."""

    def __init__(self, *, status: str = "active", origins: tuple[str, ...] = (), allowed: tuple[str, ...] = ()) -> None:
        tenant = uuid4()
        self._callers = {
            key: Caller(
                tenant, uuid4(), key, permissions, origins, status, TenantConfig(allowed_origins=allowed), str(tenant)
            )  # type: ignore[arg-type]
            for permissions, key in KEYS.items()
        }

    async def find(self, key: str) -> Caller | None:
        return self._callers.get(key)


def request(headers: Mapping[str, str] | None = None, query: str = "") -> Request:
    raw = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw, "query_string": query.encode()})


async def refusal(
    guard: Guard, request: Request, permission: Permission, body_key: str | None = None
) -> tuple[int, str]:
    with pytest.raises(Problem) as caught:
        await guard.caller(request, permission, body_key=body_key)
    return caught.value.status, caught.value.problem_code


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer rk_live_read"}, {"Authorization": "bearer rk_live_read"}, {"X-API-Key": "rk_live_read"}],
)
async def test_a_key_is_taken_from_either_header(headers: Mapping[str, str]) -> None:
    caller = await Guard(KnownKeys(), Noted()).caller(request(headers), Permission.READ)
    assert caller.permissions == "read"


async def test_no_key_and_an_unknown_key_are_unauthorized() -> None:
    guard = Guard(KnownKeys(), Noted())
    assert await refusal(guard, request(), Permission.READ) == (401, "unauthorized")
    assert await refusal(guard, request({"X-API-Key": "nobody"}), Permission.READ) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("permissions", "permission"),
    [
        ("read", Permission.WRITE),
        ("read", Permission.INGEST),
        ("publish", Permission.WRITE),
        ("publish", Permission.READ),
    ],
)
async def test_a_key_without_the_permission_is_forbidden(permissions: str, permission: Permission) -> None:
    found = await refusal(Guard(KnownKeys(), Noted()), request({"X-API-Key": KEYS[permissions]}), permission)
    assert found == (403, "insufficient_permission")


async def test_a_suspended_tenant_is_forbidden() -> None:
    guard = Guard(KnownKeys(status="suspended"), Noted())
    assert await refusal(guard, request({"X-API-Key": "rk_live_read"}), Permission.READ) == (403, "tenant_suspended")


async def test_a_publish_key_may_stand_in_the_url_or_body_and_no_other() -> None:
    guard = Guard(KnownKeys(), Noted())
    assert (await guard.caller(request(query="key=rk_pub_publish"), Permission.RECOMMEND)).permissions == "publish"
    assert (await guard.caller(request(), Permission.INGEST, body_key="rk_pub_publish")).permissions == "publish"
    assert await refusal(guard, request(query="key=rk_live_write"), Permission.WRITE) == (401, "key_in_url")
    assert await refusal(guard, request(), Permission.WRITE, body_key="rk_live_write") == (401, "key_in_url")
    both = await refusal(guard, request(query="key=rk_live_write"), Permission.INGEST, body_key="rk_pub_publish")
    assert both == (401, "key_in_url")


@pytest.mark.parametrize("good", KEYS.values())
@pytest.mark.parametrize("leaked", ["rk_live_read", "rk_live_write", "rk_live_revoked"])
async def test_a_secret_key_in_the_url_or_body_is_refused_beside_a_good_key_as_well(good: str, leaked: str) -> None:
    guard, header = Guard(KnownKeys(), Noted()), {"X-API-Key": good}
    assert await refusal(guard, request(header, f"key={leaked}"), Permission.RECOMMEND) == (401, "key_in_url")
    assert await refusal(guard, request(header), Permission.RECOMMEND, body_key=leaked) == (401, "key_in_url")


@pytest.mark.parametrize("beside", ["rk_pub_publish", "rk_pub_unknown", "junk", ""])
async def test_the_key_of_the_header_counts_whatever_else_stands_beside_it(beside: str) -> None:
    for query in (f"key={beside}", f"monkey=rk_live_read&key={beside}"):
        asked = request({"X-API-Key": "rk_live_read"}, query)
        assert (await Guard(KnownKeys(), Noted()).caller(asked, Permission.READ, body_key=beside)).permissions == "read"


@pytest.mark.parametrize(("origins", "allowed"), [(("https://shop.example",), ()), ((), ("https://shop.example",))])
async def test_a_publish_key_is_bound_to_its_origins(origins: tuple[str, ...], allowed: tuple[str, ...]) -> None:
    guard = Guard(KnownKeys(origins=origins, allowed=allowed), Noted())
    good = request({"X-API-Key": "rk_pub_publish", "Origin": "https://shop.example"})
    assert (await guard.caller(good, Permission.INGEST)).permissions == "publish"
    bad = request({"X-API-Key": "rk_pub_publish", "Origin": "https://thief.example"})
    assert await refusal(guard, bad, Permission.INGEST) == (403, "origin_not_allowed")
    assert (await guard.caller(request({"X-API-Key": "rk_pub_publish"}), Permission.INGEST)).permissions == "publish"
