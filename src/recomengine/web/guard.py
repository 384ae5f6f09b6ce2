"""Credentials of keyed requests: find the key in the request, find its caller, hold it to its permission and origin."""

from enum import Enum
from typing import Protocol

import structlog
from starlette.requests import HTTPConnection

from recomengine.web.caller import Caller
from recomengine.web.held import mark_known
from recomengine.web.problems import Forbidden, Unauthorized

log = structlog.get_logger()


class Permission(Enum):
    """What an endpoint needs, as the kinds of key that have it."""

    RECOMMEND = frozenset({"read", "read-write", "publish"})
    READ = frozenset({"read", "read-write"})
    INGEST = frozenset({"read-write", "publish"})
    WRITE = frozenset({"read-write"})


class KeyFinder(Protocol):
    async def find(self, key: str) -> Caller | None: ...


class Guard:
    def __init__(self, keys: KeyFinder) -> None:
        self._keys = keys

    async def caller(self, request: HTTPConnection, permission: Permission, *, body_key: str | None = None) -> Caller:
        """The caller of `request`; `body_key` is the `key` member of a POST body, where publish keys may stand."""
        header, loose = header_key(request), body_key or request.query_params.get("key")
        key = header or loose
        if not key:
            raise Unauthorized("No API key. Send it as `Authorization: Bearer rk_…` or `X-API-Key: rk_…`.")
        caller = await self._keys.find(key)
        if caller is None:
            raise Unauthorized("The API key is unknown, mistyped or revoked. Check it, or make a new one.")
        request.scope["tenant"], request.scope["key_prefix"] = caller.tenant, caller.prefix  # for logs and traces
        mark_known(request.scope)
        if header is None and caller.permissions != "publish":
            log.warning("secret key in a URL or body: treat it as leaked")
            raise Unauthorized("Only a publish key may stand in the URL or body. Send this one in a header, and rotate it.", code="key_in_url")
        origin = request.headers.get("origin")
        _authorize(caller, permission, origin)
        if caller.permissions == "publish" and origin is not None:
            request.scope["allowed_origin"] = origin  # its pages may read the answer
        return caller

    async def allows(self, key: str, origin: str) -> bool:
        """Whether pages of `origin` may use `key`."""
        caller = await self._keys.find(key)
        return caller is not None and caller.permissions == "publish" and origin in _origins(caller)


def header_key(request: HTTPConnection) -> str | None:
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credential:
        return credential.strip()
    return request.headers.get("x-api-key") or None


def _authorize(caller: Caller, permission: Permission, origin: str | None) -> None:
    if caller.tenant_status != "active":
        raise Forbidden("The tenant is suspended. Its owner can activate it again.", code="tenant_suspended")
    if caller.permissions not in permission.value:
        needed = " or ".join(sorted(permission.value))
        raise Forbidden(f"This needs a key with permission {needed}; the key sent has {caller.permissions}.")
    if caller.permissions == "publish" and origin is not None and origin not in _origins(caller):
        raise Forbidden("The page's origin is not among those of the key. Add it to the key or the tenant.", code="origin_not_allowed")


def _origins(caller: Caller) -> tuple[str, ...]:
    return caller.origins or caller.config.allowed_origins
