"""The one way in for requests with a credential: what an Operation declares is asked for here, and what came through is
handed on.

The order: the credential, its permission or role, its limit, the path, the body. Where a publish key may stand in the
body, the body is read before the limit is charged. Without a key in a header the sender is then a stranger, whose body
is small, and whose network is refused after too many failures; with one, a body that cannot be decoded counts against
the caller's limit.
"""

from collections.abc import Awaitable, Collection
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from starlette.requests import HTTPConnection, Request

from recomengine.shop import Permission, Role
from recomengine.web.caller import Caller
from recomengine.web.codec import SDK_TYPES, Body, read_body, validation_problem
from recomengine.web.guard import Guard, header_key
from recomengine.web.heads import header
from recomengine.web.limits import Access, Limits
from recomengine.web.notes import Notes
from recomengine.web.problems import NotFound, Problem
from recomengine.web.upload import upload

By = TypeVar("By")
B = TypeVar("B")


class Call(msgspec.Struct, Generic[By, B], frozen=True):
    """What came through."""

    request: Request
    by: By
    """A Caller with a key; else an Actor, or a Member where the path names a tenant."""
    body: B
    """Decoded; of an import an Upload; None where there is none."""


class BegunCall(Call[Caller, B], Generic[B], frozen=True):
    """One whose charge is under way: the handler asks Redis what it needs in the same write, and awaits `charged`
    before it acts.
    """

    charged: Awaitable[None]


class Admins(Protocol):
    def carries_token(self, request: HTTPConnection) -> bool: ...
    async def actor(self, request: HTTPConnection) -> Any: ...
    async def member(self, request: HTTPConnection, needed: Role) -> Any: ...


class Doorkeepers(Protocol):
    """Of all that a process holds open, who is asked here."""

    @property
    def guard(self) -> Guard: ...
    @property
    def limits(self) -> Limits: ...
    @property
    def admins(self) -> Admins: ...
    @property
    def notes(self) -> Notes: ...


class Door(msgspec.Struct, frozen=True):
    permission: Permission | None
    """None where no key will do."""
    role: Role
    """The least that an admin must be in the tenant of the path."""
    access: Access
    body: Body[Any] | None
    path: type[msgspec.Struct] | None
    """What the ids in the path must be, where that is told before the body is read."""
    admits_admins: bool
    media: Collection[str]
    """Content types of an import; empty for others."""
    names_tenant: bool
    awaits_charge: bool
    """Whether the handler does, and not the door."""

    async def enter(self, keepers: Doorkeepers, request: Request) -> Call[Any, Any]:
        permission = self.permission
        if permission is None or (self.admits_admins and keepers.admins.carries_token(request)):
            by = await self._admit(keepers.admins, request)
            return Call(request, by, await self._read(request))
        if self.body is not None and "publish" in permission.value:
            caller, body = await self._read_keyed(keepers, request, permission, self.body)
            charged = keepers.limits.charge(request, caller, self.access)
            if self.awaits_charge:
                return BegunCall(request, caller, body, charged)
            await charged
            return Call(request, caller, body)
        caller = await keepers.guard.caller(request, permission)
        charged = keepers.limits.charge(request, caller, self.access)
        if self.awaits_charge:
            return BegunCall(request, caller, None, charged)
        await charged
        self._check_path(request, caller)
        return Call(request, caller, await self._read(request))

    async def _admit(self, admins: Admins, request: Request) -> Any:
        return await (admins.member(request, self.role) if self.names_tenant else admins.actor(request))

    async def _read_keyed(
        self, keepers: Doorkeepers, request: Request, permission: Permission, kind: Body[Any]
    ) -> tuple[Caller, Any]:
        guard = keepers.guard
        caller = await guard.caller(request, permission) if header_key(request) else None
        if caller is None:
            guard.failures.check(request)
        body = await read_body(request, types=SDK_TYPES, limit=kind.most_bytes, from_libraries=kind.from_libraries)
        try:
            decoded = kind.decode(body)
        except Problem as problem:
            if caller is not None:
                if kind.note_refused is not None:
                    kind.note_refused(keepers.notes, caller.tenant, problem, body)
                await keepers.limits.charge(request, caller, self.access)
            raise
        secret_in_body = kind.from_libraries and header(request.scope, b"origin") is None  # from a page it is a leak
        if caller is None:
            return await guard.caller(request, permission, body_key=decoded.key, secret_in_body=secret_in_body), decoded
        if not secret_in_body:
            await guard.refuse_secret(request, decoded.key)
        return caller, decoded

    def _check_path(self, request: Request, caller: Caller) -> None:
        if self.names_tenant and request.path_params["tenant_id"] != caller.tenant:
            raise NotFound("There is no such tenant for this key. Check the id.")
        if self.path is not None:
            try:
                names = zip(self.path.__struct_encode_fields__, self.path.__struct_fields__, strict=True)
                ids = {shown: request.path_params[name] for shown, name in names}
                msgspec.convert(ids, self.path)
            except msgspec.ValidationError as error:
                raise validation_problem(error, self.path, ids) from None

    async def _read(self, request: Request) -> Any:
        if self.media:
            return upload(request, self.media)
        return None if self.body is None else await self.body.read(request)
