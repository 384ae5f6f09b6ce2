"""What a call may raise: an answer of the server's that is an error, by what is to be done about it; or no answer."""

from collections.abc import Sequence

import httpx
import msgspec
from msgspec import Struct


class FieldError(Struct):
    """path: of the member, as in $.price."""

    path: str
    message: str


class RecomEngineError(Exception):
    """Any of them."""


class NotReached(RecomEngineError):
    """No answer came: there is no connection, it broke, or it took too long. The cause is what httpx says."""


class UnexpectedAnswer(RecomEngineError):
    """What answered is not RecomEngine, or is too new: its answer cannot be read."""


class ApiError(RecomEngineError):
    """The server refused. `code` is stable, /docs/problems of the server explains each; `detail` is for people;
    `request_id` is what the server's operator looks for in the log; `errors` name what is wrong in what was sent.
    """

    def __init__(
        self, status: int, code: str, detail: str, *,
        request_id: str = "", errors: Sequence[FieldError] = (), retry_after_s: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.request_id = request_id
        self.errors = errors
        self.retry_after_s = retry_after_s


class Unauthorized(ApiError):
    """401: the key is missing, mistyped or revoked."""


class Forbidden(ApiError):
    """403: the key is good, but not for this."""


class NotFound(ApiError):
    """404"""


class Conflict(ApiError):
    """409: it is there already, or stands otherwise than the call assumes."""


class Invalid(ApiError):
    """400, 415 and 422: what was sent cannot be taken; sending it again changes nothing."""


class TooLarge(ApiError):
    """413: split it, or use the import."""


class RateLimited(ApiError):
    """429, after the waits that the client's patience allows; `retry_after_s` says when there is room again."""


class Unavailable(ApiError):
    """502, 503 and 504, after the waits that the client's patience allows."""


KINDS: dict[int, type[ApiError]] = {
    400: Invalid, 401: Unauthorized, 403: Forbidden, 404: NotFound, 409: Conflict, 413: TooLarge, 415: Invalid,
    422: Invalid, 429: RateLimited, 502: Unavailable, 503: Unavailable, 504: Unavailable,
}  # fmt: skip


class _Problem(Struct, rename="camel"):
    code: str
    detail: str
    request_id: str = ""
    errors: Sequence[FieldError] = ()


_problem = msgspec.json.Decoder(_Problem)


def error_of(response: httpx.Response, retry_after_s: float | None) -> ApiError:
    """Of an answer that is no success. One that is no problem+json is of something between here and the server."""
    kind = KINDS.get(response.status_code, ApiError)
    try:
        problem = _problem.decode(response.content)
    except msgspec.MsgspecError:
        problem = _Problem("unexpected_answer", f"{response.reason_phrase or 'an answer'} that names no reason")
    except UnicodeDecodeError:
        problem = _Problem("unexpected_answer", f"{response.reason_phrase or 'an answer'} that is no text")
    request_id = problem.request_id or response.headers.get("x-request-id", "")
    return kind(
        response.status_code, problem.code, problem.detail,
        request_id=request_id, errors=problem.errors, retry_after_s=retry_after_s,
    )  # fmt: skip
