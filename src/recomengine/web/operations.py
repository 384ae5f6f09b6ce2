"""A route, and beside it what it needs, takes and answers. web/door.py holds requests to it, web/openapi.py tells it.

The types are those that the handler is given and encodes, so the document cannot say anything else.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recomengine.shop import Permission, Role
from recomengine.web.codec import Body
from recomengine.web.door import BegunCall, By, Call, Door
from recomengine.web.limits import Access
from recomengine.web.problems import (
    Forbidden,
    Invalid,
    MalformedBody,
    NotFound,
    Problem,
    RateLimited,
    SlowRequest,
    TooLarge,
    Unauthorized,
    Unavailable,
    WrongMediaType,
)

T = TypeVar("T")
NONE: Mapping[str, str] = {}
Open: TypeAlias = Callable[[Request], Awaitable[Response]]
"""A handler of an operation that needs neither key nor admin."""


class Credential(Enum):
    """What a request carries that is no API key, as the name of its security scheme."""

    ADMIN = "accessToken"
    SESSION = "session"
    INTERNAL = "internalKey"


class Data(msgspec.Struct, Generic[T]):
    data: T


class Cursor(msgspec.Struct, rename="camel"):
    next_cursor: str | None


class Listed(msgspec.Struct, Generic[T]):
    data: list[T]
    meta: Cursor


class Operation(Route):
    """One method at one path. `needs`: the credentials that will do, any of them; where one is a key's or an admin's,
    the handler gets the context and what came through the door. `role`: the least that an admin must be in the tenant
    of the path; every member where nothing is said. `access`: which limit of a key is charged, else the
    method says it. `body`: what the body must be; `lines`: of which type each line of an import's NDJSON is, and
    `media` the content types that it takes, with their forms. `path_type`: what the ids in the path must be, where that
    is told before the body is read. `awaits_charge`: the handler does, not the door (door.py: BegunCall). `problems`:
    beyond those that follow from all this. `ids`: kinds of ids in the path that are no UUID. `name`: where the handler
    is another operation's as well."""

    def __init__(
        self, method: str, path: str,
        handler: Open | Callable[[Any, Call[By, T]], Awaitable[Response]]
        | Callable[[Any, BegunCall[T]], Awaitable[Response]],
        summary: str, answers: Mapping[int, Any], *, needs: tuple[Permission | Credential, ...] = (),
        role: Role = Role.ANALYST, access: Access | None = None, body: Body[T] | None = None, lines: Any = None,
        media: Mapping[str, str] = NONE, query: type | None = None, path_type: type[msgspec.Struct] | None = None,
        awaits_charge: bool = False, problems: tuple[type[Problem], ...] = (), ids: Mapping[str, Any] | None = None,
        headers: tuple[str, ...] = (), name: str | None = None,
    ) -> None:  # fmt: skip
        permission = next((need for need in needs if isinstance(need, Permission)), None)
        guarded = permission is not None or Credential.ADMIN in needs
        super().__init__(path, self._enter if guarded else handler, methods=[method], name=name or handler.__name__)
        self.access = access or ("read" if method == "GET" else "write")
        self.door = Door(
            permission,
            role,
            self.access,
            body,
            path_type,
            admits_admins=Credential.ADMIN in needs,
            media=media,
            names_tenant="tenant_id" in self.param_convertors,
            awaits_charge=awaits_charge,
        )
        self.method = method
        self.handler: Callable[..., Awaitable[Response]] = handler
        self.summary = summary
        self.answers = answers
        self.needs = needs
        self.role = role
        self.body = None if body is None else body.type
        self.lines = lines
        self.media = media
        self.query = query
        self.ids = {name: (ids or {}).get(name, UUID) for name in self.param_convertors}
        self.headers = headers
        self._problems = problems

    async def _enter(self, request: Request) -> Response:
        context = request.app.state.context
        call = await self.door.enter(context, request)
        if not isinstance(call, BegunCall):
            return await self.handler(context, call)
        try:
            return await self.handler(context, call)
        except Problem:
            await call.charged  # what fails before the handler awaits it counts as well
            raise

    @property
    def keyed(self) -> bool:
        return any(isinstance(need, Permission) for need in self.needs)

    @property
    def needs_role(self) -> bool:
        """Whether it is not for every member of the tenant."""
        return self.role is not Role.ANALYST

    @property
    def problems(self) -> list[type[Problem]]:
        """What may go wrong, by status."""
        kinds = {*self._problems}
        if self.needs:
            kinds |= {Unauthorized, RateLimited, Unavailable}
        if self.keyed or self.needs_role:
            kinds.add(Forbidden)
        if self.ids and self.method != "PUT":
            kinds.add(NotFound)
        if self.body is not None or self.lines is not None:
            kinds |= {MalformedBody, SlowRequest, WrongMediaType, Unavailable}
        if self.body is not None or self.media:
            kinds |= {TooLarge, Invalid}
        if self.query is not None:
            kinds.add(Invalid)
        return sorted(kinds, key=lambda kind: kind.status)
