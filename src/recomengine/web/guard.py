"""Credentials of keyed requests: find the key in the request, find its caller, hold it to its permission and origin."""

from base64 import b64decode
from typing import Protocol

import structlog
from starlette.requests import HTTPConnection

from recomengine.shop import Permission
from recomengine.web.caller import Caller
from recomengine.web.failures import Failures
from recomengine.web.heads import header
from recomengine.web.held import mark_known
from recomengine.web.notes import Notes
from recomengine.web.problems import Forbidden, Unauthorized

KEY_PREFIX = "rk_"
"""Of every key. Another user name in Basic authentication is for a proxy before us."""
SECRET_PREFIX = "rk_live_"  # noqa: S105
"""What read and read-write keys begin with."""

log = structlog.get_logger()


class KeyFinder(Protocol):
    async def find(self, key: str) -> Caller | None: ...
    def knows(self, key: str) -> bool: ...


class Guard:
    def __init__(self, keys: KeyFinder, notes: Notes) -> None:
        self._keys = keys
        self._notes = notes
        self.failures = Failures()

    async def caller(
        self,
        request: HTTPConnection,
        permission: Permission,
        *,
        body_key: str | None = None,
        secret_in_body: bool = False,
    ) -> Caller:
        """The caller of `request`; `body_key` stands in the body, where publish keys may, and others where
        `secret_in_body`.
        """
        url_key = _url_key(request)
        key = header_key(request) or body_key or url_key
        if not key:
            raise Unauthorized("No API key. Send it as `Authorization: Bearer rk_…` or `X-API-Key: rk_…`.")
        self.refuse_failing(request, key)
        caller = await self._keys.find(key)
        if caller is None:
            raise Unauthorized("The API key is unknown, mistyped or revoked. Check it, or make a new one.")
        _bind(request, caller)
        mark_known(request.scope)
        for loose in (url_key, None if secret_in_body else body_key):
            await self.refuse_secret(request, loose)
        origin = header(request.scope, b"origin")
        _authorize(caller, permission)
        if not self._may_use(caller, origin):
            raise Forbidden(
                "The page's origin is not among those of the key. Add it to the key or the tenant.",
                code="origin_not_allowed",
            )
        if caller.permissions == "publish" and origin is not None:
            request.scope["allowed_origin"] = origin  # its pages may read the answer
        return caller

    async def refuse_secret(self, request: HTTPConnection, loose: str | None) -> None:
        """Raise if `loose`, which stands in the URL or body, has the form of a secret key, whatever the header
        holds.
        """
        if loose is None or not loose.startswith(SECRET_PREFIX):
            return
        leaked = await self._keys.find(loose)
        if leaked is not None:
            _bind(request, leaked)
        log.warning("secret key in a URL or body: treat it as leaked")
        detail = "Only a publish key may stand in the URL or body. Send this one in a header, and rotate it."
        raise Unauthorized(detail, code="key_in_url")

    def refuse_failing(self, request: HTTPConnection, key: str) -> None:
        """Raise RateLimited where too many requests of the client's network failed, unless the process knows the key
        anyway.
        """
        if self.failures.wait_s(request) and not self._keys.knows(key):
            self.failures.check(request)

    async def allows(self, key: str, origin: str) -> bool:
        """Whether pages of `origin` may use `key`."""
        caller = await self._keys.find(key)
        return caller is not None and caller.permissions == "publish" and self._may_use(caller, origin)

    def _may_use(self, caller: Caller, origin: str | None) -> bool:
        """Whether pages of `origin` may use the caller's key; other keys are held to no origin."""
        if caller.permissions != "publish" or origin is None or origin in _origins(caller):
            return True
        self._notes.count(caller.tenant, "origin_refused", origin)
        return False


def header_key(request: HTTPConnection) -> str | None:
    """Of `Authorization: Bearer`, of `Basic` with the key as its user name, or of X-API-Key."""
    scheme, _, credential = (header(request.scope, b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and credential:
        return credential.strip()
    if scheme.lower() == "basic" and (user := _user_of(credential)).startswith(KEY_PREFIX):
        return user
    return header(request.scope, b"x-api-key") or None


def _user_of(credential: str) -> str:
    """The user name of Basic authentication (RFC 7617); empty where there is none."""
    try:
        return b64decode(credential.strip(), validate=True).decode().partition(":")[0]
    except ValueError:
        return ""


def _url_key(request: HTTPConnection) -> str | None:
    if b"key=" not in request.scope["query_string"]:
        return None  # as in most requests, whose query need not be parsed for it
    return request.query_params.get("key")


def _bind(request: HTTPConnection, caller: Caller) -> None:
    """For logs and traces."""
    request.scope["tenant"], request.scope["key_prefix"] = caller.tenant, caller.prefix


def _authorize(caller: Caller, permission: Permission) -> None:
    if caller.tenant_status != "active":
        raise Forbidden("The tenant is suspended. Its owner can activate it again.", code="tenant_suspended")
    if caller.permissions not in permission.value:
        needed = " or ".join(sorted(permission.value))
        raise Forbidden(f"This needs a key with permission {needed}; the key sent has {caller.permissions}.")


def _origins(caller: Caller) -> tuple[str, ...]:
    return caller.origins or caller.config.allowed_origins
