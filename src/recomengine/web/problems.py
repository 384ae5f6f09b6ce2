"""Every error that leaves over HTTP, in the form of RFC 9457: one class a kind, rendered in one place."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

_encode = msgspec.json.Encoder().encode


class FieldError(msgspec.Struct):
    path: str
    message: str


class ProblemBody(msgspec.Struct, rename="camel", omit_defaults=True):
    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str
    errors: Sequence[FieldError] = ()


class Rejection(msgspec.Struct, omit_defaults=True):
    """Why one of many was refused."""

    code: str
    message: str
    path: str | None = None


class Problem(Exception):
    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
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

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail, code=code, headers={"WWW-Authenticate": "Bearer"})


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


def rejection(problem: Problem) -> Rejection:
    return Rejection(problem.problem_code, problem.detail, problem.errors[0].path if problem.errors else None)


def problem_response(request: Request, problem: Problem) -> Response:
    body = ProblemBody(
        type=f"/docs/problems#{problem.problem_code}", title=problem.title, status=problem.status,
        detail=problem.detail, instance=request.scope["path"], code=problem.problem_code,
        request_id=request.scope.get("request_id", ""), errors=problem.errors,
    )  # fmt: skip
    return Response(_encode(body), problem.status, headers=dict(problem.headers), media_type="application/problem+json")


class Explained(NamedTuple):
    kind: type[Problem]
    cause: str
    remedy: str


EXPLAINED = {
    "malformed_request": Explained(
        MalformedRequest,
        "What came is no HTTP/1.1 request, or does not name one host.",
        "Look at the client, or at the proxy before the server, that wrote it.",
    ),
    "malformed_body": Explained(
        MalformedBody,
        "The body is no JSON in UTF-8, is cut short or nested too deeply; or the query string is not percent-encoded "
        "UTF-8.",
        "The detail says where reading stopped. Have a library write the JSON or the query.",
    ),
    "unauthorized": Explained(
        Unauthorized,
        "The request carries no credential, or one that is unknown, mistyped, revoked or out of date.",
        "Send an API key as `Authorization: Bearer rk_…` or `X-API-Key`, or the access token of an admin as "
        "`Authorization: Bearer …`.",
    ),
    "key_in_url": Explained(
        Unauthorized,
        "A read or read-write key stands in the URL or the body, where logs and other people may see it.",
        "Rotate this key, since it must be taken as known. Send the new one in a header; only publish keys may stand "
        "elsewhere.",
    ),
    "wrong_credentials": Explained(
        Unauthorized,
        "The address or the password is wrong; which of them is not told.",
        "Try again, or ask for a link to choose a new password.",
    ),
    "session_ended": Explained(
        Unauthorized, "The session was signed out, is too old, or its refresh token was used before.", "Sign in again."
    ),
    "insufficient_permission": Explained(
        Forbidden,
        "The key is good, but its permission does not reach so far.",
        "Use a key with one of the permissions that the detail names.",
    ),
    "origin_not_allowed": Explained(
        Forbidden,
        "The page belongs to no origin that may use this publish key.",
        "Add the page's origin, such as https://shop.example, to the key's or the tenant's origins.",
    ),
    "tenant_suspended": Explained(
        Forbidden, "The tenant was suspended.", "Its owner activates it with POST /api/v1/tenants/{tenantId}/activate."
    ),
    "role_required": Explained(
        Forbidden,
        "You are a member of this tenant, but your role there does not reach so far: analysts read, developers also "
        "make keys, import and change what pages show, owners do everything.",
        "Ask one of the tenant's owners for the role that the detail names, or to do it.",
    ),
    "invitation_of_another": Explained(
        Forbidden,
        "The invitation went to another address than that of the account which is signed in.",
        "Sign in with the account of the address that the mail came to, or sign up with it.",
    ),
    "signup_closed": Explained(
        Forbidden, "This system takes no new accounts.", "Ask its operator for one, or the operator sets SIGNUP=open."
    ),
    "csrf_mismatch": Explained(
        Forbidden,
        "The header X-CSRF-Token does not repeat the cookie csrf_token.",
        "Read the cookie in the page and send its value in the header.",
    ),
    "not_found": Explained(
        NotFound,
        "There is nothing at the address, or nothing that this credential may see.",
        "Check the path against the reference at /docs, and the ids: what belongs to others is not found either.",
    ),
    "method_not_allowed": Explained(
        MethodNotAllowed, "The address knows other methods.", "Use one that the header Allow names."
    ),
    "request_timeout": Explained(
        SlowRequest, "The head or the body of the request did not arrive in time.", "Send it at once, or less of it."
    ),
    "conflict": Explained(
        Conflict, "What is to be made is there already.", "Read it first, or change it in place of making it."
    ),
    "email_taken": Explained(
        Conflict, "There is an account with this address.", "Sign in, or ask for a link to choose a new password."
    ),
    "experiment_started": Explained(
        Conflict,
        "The experiment has started: changed, its figures would be of two experiments.",
        "Complete it, and make a new one.",
    ),
    "wrong_transition": Explained(
        Conflict,
        "An experiment goes from draft to running, to paused and back, and ends completed.",
        "Read its status, and do what the detail allows.",
    ),
    "placement_taken": Explained(
        Conflict,
        "Another experiment runs on this placement, or on the whole shop.",
        "Pause or complete that one first.",
    ),
    "placement_has_widget": Explained(
        Conflict, "The placement has a widget already.", "Change that one, or choose another placementId."
    ),
    "too_many_widgets": Explained(
        Conflict, "The tenant has as many widgets as there can be.", "Delete one that no page shows any more."
    ),
    "last_owner": Explained(
        Conflict,
        "It is the tenant's only owner; without one nobody could invite or configure any more.",
        "Make another member an owner first, or delete the tenant.",
    ),
    "already_member": Explained(
        Conflict, "The address is that of a member of the tenant.", "Change the member's role in place of inviting."
    ),
    "too_many_members": Explained(
        Conflict,
        "The tenant has as many members and invitations as there can be.",
        "Remove a member, or revoke an invitation that nobody accepts any more.",
    ),
    "idempotency_key_reused": Explained(
        Conflict,
        "The Idempotency-Key came before with another request.",
        "Choose a new key for each thing that is to be made.",
    ),
    "replace_refused": Explained(
        Conflict,
        "The file that is to replace the catalog lacks more than a third of the products that are to be had, has no "
        "good line, or has bad ones of which it cannot be told what product they are about. Nothing was changed.",
        "Send the complete file, mend the lines that the detail names, or force it with force=true.",
    ),
    "too_large": Explained(
        TooLarge,
        "The body is larger than the endpoint takes, or than 64 KiB without a key in a header; or an import is blank.",
        "Split it, or use the import, which takes any length; put the key into a header; leave blank lines out.",
    ),
    "unsupported_media_type": Explained(
        WrongMediaType,
        "The body's Content-Type or Content-Encoding is not taken here.",
        "Send what the detail expects, and name it in the header.",
    ),
    "invalid": Explained(
        Invalid,
        "The request is well-formed, but a value in it is not allowed.",
        "Each of `errors` names a path, and what was expected there.",
    ),
    "timestamp_in_seconds": Explained(
        Invalid,
        "A time was sent as a number so small that it must be seconds; times are milliseconds since 1970.",
        "Multiply it by 1000, or send RFC 3339 with zone, such as 2026-01-15T09:30:00Z.",
    ),
    "rate_limited": Explained(
        RateLimited,
        "More requests a minute than the limit of the key, the account or the address; or more that failed than an "
        "address may send.",
        "Wait for as many seconds as Retry-After says; batches count as one request. Mend what fails: a key or token, "
        "or a body.",
    ),
    "too_many_attempts": Explained(
        RateLimited,
        "Too many attempts to sign in, sign up or choose a password, from this address or for this account.",
        "Wait for as many seconds as Retry-After says; the wait doubles with each failure. A new password ends every "
        "wait for its account.",
    ),
    "headers_too_large": Explained(
        HeadTooLarge, "The URL and headers are too long or too many.", "Send a long query as a body; drop old cookies."
    ),
    "internal_error": Explained(
        Problem, "The server failed.", "Send the requestId to its operator, who finds the cause in the log."
    ),
    "unavailable": Explained(
        Unavailable,
        "The server cannot answer at this moment.",
        "Wait for as many seconds as Retry-After says; try again.",
    ),
    "database_unavailable": Explained(
        Unavailable,
        "PostgreSQL is away or busy.",
        "Wait for as many seconds as Retry-After says, then send the same again: no event counts twice.",
    ),
    "overloaded": Explained(
        Unavailable,
        "More work waits than the server can finish soon.",
        "Wait for as many seconds as Retry-After says, and spread the load.",
    ),
    "mail_not_sent": Explained(
        Unavailable,
        "The mail server did not take the mail. Nothing was stored.",
        "Try again later; the operator finds the cause in the log, and checks it with `recomengine doctor`.",
    ),
    "stopping": Explained(Unavailable, "The process is stopping.", "Send the same again at once: another one answers."),
    "alias_taken": Explained(
        Conflict,
        "The anonymous id is one shopper's already, and is given to another one.",
        "Give a browser a new anonymous id after each logout, and send that one. A wrong join can be undone: "
        "DELETE /api/v1/users/{userId}/aliases/{anonymousId}.",
    ),
    "too_many_aliases": Explained(
        Conflict,
        "More ids are joined with one shopper than one has: a userId that many share, such as of a test or a till.",
        "Send no aliases for such an id, and undo the joins that are there.",
    ),
    "figures_pending": Explained(
        Unavailable,
        "The figures are being computed anew, after a change of zone, window or currency, or after many late events.",
        "Ask for a shorter range, or again in a minute.",
    ),
}
"""Every code, for people: /docs/problems shows this."""
