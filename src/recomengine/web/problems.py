"""Every error that leaves over HTTP, in the form of RFC 9457: one class a kind, rendered in one place."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

_encode = msgspec.json.Encoder().encode


class FieldError(msgspec.Struct):
    path: str
    message: str


class Problem(Exception):
    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self, detail: str, *, code: str | None = None, errors: Sequence[FieldError] = (), headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problem_code = code or self.code
        self.errors = errors
        self.headers = headers or {}


class MalformedBody(Problem):
    status, code, title = 400, "malformed_body", "Malformed body"


class MalformedRequest(Problem):
    status, code, title = 400, "malformed_request", "Malformed request"


class Unauthorized(Problem):
    status, code, title = 401, "unauthorized", "Unauthorized"


class Forbidden(Problem):
    status, code, title = 403, "insufficient_permission", "Forbidden"


class NotFound(Problem):
    status, code, title = 404, "not_found", "Not found"


class MethodNotAllowed(Problem):
    status, code, title = 405, "method_not_allowed", "Method not allowed"


class SlowRequest(Problem):
    """The rest of the request is not read: its connection ends."""

    status, code, title = 408, "request_timeout", "Request timeout"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Connection": "close"})


class Conflict(Problem):
    status, code, title = 409, "conflict", "Conflict"


class TooLarge(Problem):
    """The rest of the request is not read: its connection ends."""

    status, code, title = 413, "too_large", "Too large"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"Connection": "close"})


class WrongMediaType(Problem):
    status, code, title = 415, "unsupported_media_type", "Unsupported media type"


class Invalid(Problem):
    status, code, title = 422, "invalid", "Invalid input"


class RateLimited(Problem):
    status, code, title = 429, "rate_limited", "Too many requests"


class HeadTooLarge(Problem):
    status, code, title = 431, "headers_too_large", "Request header fields too large"


class Unavailable(Problem):
    status, code, title = 503, "unavailable", "Unavailable"

    def __init__(self, detail: str, *, retry_after_s: int = 1, code: str | None = None) -> None:
        super().__init__(detail, code=code, headers={"Retry-After": str(retry_after_s)})


def invalid(path: str, message: str) -> Invalid:
    """The problem of one field."""
    return Invalid(f"{path}: {message}", errors=[FieldError(path, message)])


def problem_response(request: Request, problem: Problem) -> Response:
    body: dict[str, object] = {
        "type": f"/docs/problems#{problem.problem_code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.scope["path"],
        "code": problem.problem_code,
        "requestId": request.scope.get("request_id", ""),
    }
    if problem.errors:
        body["errors"] = problem.errors
    return Response(_encode(body), problem.status, headers=dict(problem.headers), media_type="application/problem+json")
