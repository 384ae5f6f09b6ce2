"""A route and what the document says of it, declared beside the handler in one line; web/openapi.py reads it, no request does.

The types are those that the handler decodes and encodes, so the document cannot say anything else.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recomengine.web.guard import Permission
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
    """One method at one path. `needs`: the credentials that will do, any of them. `body`: a type or its decoder; `lines`: of
    which type each line of an NDJSON body is. `problems`: beyond those that follow from all this. `ids`: kinds of ids in the
    path that are no UUID."""

    def __init__(
        self, method: str, path: str, handler: Callable[[Request], Awaitable[Response]], summary: str, answers: Mapping[int, Any], *,
        needs: tuple[Permission | Credential, ...] = (), body: Any = None, lines: Any = None, query: type | None = None,
        problems: tuple[type[Problem], ...] = (), ids: Mapping[str, Any] | None = None, headers: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(path, handler, methods=[method])
        self.method = method
        self.handler = handler
        self.summary = summary
        self.answers = answers
        self.needs = needs
        self.body = getattr(body, "type", body)
        self.lines = lines
        self.query = query
        self.ids = {name: (ids or {}).get(name, UUID) for name in self.param_convertors}
        self.headers = headers
        self._problems = problems

    @property
    def keyed(self) -> bool:
        return any(isinstance(need, Permission) for need in self.needs)

    @property
    def problems(self) -> list[type[Problem]]:
        """What may go wrong, by status."""
        kinds = {*self._problems}
        if self.needs:
            kinds |= {Unauthorized, RateLimited, Unavailable}
        if self.keyed:
            kinds.add(Forbidden)
        if self.ids and self.method != "PUT":
            kinds.add(NotFound)
        if self.body is not None or self.lines is not None:
            kinds |= {MalformedBody, SlowRequest, WrongMediaType, Unavailable}
        if self.body is not None:
            kinds |= {TooLarge, Invalid}
        if self.query is not None:
            kinds.add(Invalid)
        return sorted(kinds, key=lambda kind: kind.status)
