"""What wraps every request, as one pure ASGI layer: its id, its metrics, its log line, its headers, and the last resort
for errors.
"""

import re
import time
from collections.abc import Sequence

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recomengine.infra.logs import REQUEST, says_debug
from recomengine.infra.metrics import UNMATCHED, count_request
from recomengine.web.heads import header
from recomengine.web.held import let_go
from recomengine.web.ids import new_id
from recomengine.web.problems import Problem, problem_response

CLIENT_GONE = 499
"""Stands in the metrics for a request whose client left before the answer."""
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The content policy of web pages."""
APP_POLICY = PAGE_POLICY.replace("img-src 'self' data:", "img-src 'self' data: http: https:").replace(
    "connect-src 'self'", "connect-src 'self' data:"
)
"""Of pages that show shops' pictures, and in a frame the preview of a widget, which keeps to their policy as well."""
SECURITY = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)
"""Of every answer that does not say otherwise: most are data of one tenant, and none of them is a page."""
HSTS = "max-age=63072000"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}", re.ASCII)
Header = tuple[bytes, bytes]
_SECURITY: Sequence[Header] = [(name.lower().encode(), value.encode()) for name, value in SECURITY]
_NAMES = frozenset(name for name, _ in _SECURITY)
_EXPOSED = (
    b"access-control-expose-headers",
    b"X-Request-ID, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After",
)

log = structlog.get_logger()


class RequestLayer:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["request_id"] = _request_id(scope)
        entered = REQUEST.set(scope)
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_ours(scope, message["headers"])
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except ClientDisconnect:
            status = CLIENT_GONE
        except Exception as error:
            log.error("request failed", error=type(error).__name__, exc_info=error)
            if status:
                raise
            response = problem_response(
                Request(scope), Problem("The server failed. Send the requestId to its operator.")
            )
            await response(scope, receive, send_with_headers)
        finally:
            let_go(scope)
            _observe(scope, status, (time.perf_counter() - started) * 1000)
            REQUEST.reset(entered)


def _with_ours(scope: Scope, own: Sequence[Header]) -> list[Header]:
    """The headers of an answer: its own, and what every answer says."""
    headers = [*own, (b"x-request-id", scope["request_id"].encode()), *security_beside(own, scope.get("scheme"))]
    if (allowance := scope.get("allowance")) is not None:
        headers += allowance.headers
    if (origin := scope.get("allowed_origin")) is not None:
        headers += [(b"access-control-allow-origin", origin.encode("latin-1")), _EXPOSED]
        MutableHeaders(raw=headers).add_vary_header("Origin")
    return headers


def security_beside(own: Sequence[Header], scheme: str | None) -> Sequence[Header]:
    """The security headers that an answer does not set itself."""
    said = {name for name, _ in own}
    ours = _SECURITY if _NAMES.isdisjoint(said) else [each for each in _SECURITY if each[0] not in said]
    return [*ours, (b"strict-transport-security", HSTS.encode())] if scheme == "https" else ours


def _request_id(scope: Scope) -> str:
    given = header(scope, b"x-request-id")
    return given if given is not None and REQUEST_ID.fullmatch(given) else new_id()


def _observe(scope: Scope, status: int, duration_ms: float) -> None:
    path = getattr(scope.get("route"), "path", UNMATCHED)
    count_request(scope["method"], path, status, duration_ms)
    if status >= 500:
        log.info("request", method=scope["method"], path=path, status=status, duration_ms=round(duration_ms, 2))
    elif says_debug():
        log.debug("request", method=scope["method"], path=path, status=status, duration_ms=round(duration_ms, 2))
