"""What wraps every request, as one pure ASGI layer: its id, its metrics, its log line, its headers, and the last resort
for errors.
"""

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recomengine.infra.logs import REQUEST
from recomengine.infra.metrics import UNMATCHED, count_request
from recomengine.web.held import let_go
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
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")

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
                _add_headers(scope, MutableHeaders(scope=message))
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


def _add_headers(scope: Scope, headers: MutableHeaders) -> None:
    headers["X-Request-ID"] = scope["request_id"]
    add_security(headers, scope.get("scheme"))
    if (allowance := scope.get("allowance")) is not None:
        headers.raw.extend(allowance.headers)
    if (origin := scope.get("allowed_origin")) is not None:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = (
            "X-Request-ID, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After"
        )
        headers.add_vary_header("Origin")


def add_security(headers: MutableHeaders, scheme: str | None) -> None:
    for name, value in SECURITY:
        headers.setdefault(name, value)
    if scheme == "https":
        headers["Strict-Transport-Security"] = HSTS


def _request_id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given.decode() if REQUEST_ID.fullmatch(given) else uuid4().hex


def _observe(scope: Scope, status: int, duration_ms: float) -> None:
    path = getattr(scope.get("route"), "path", UNMATCHED)
    count_request(scope["method"], path, status, duration_ms)
    level = log.info if status >= 500 else log.debug
    level("request", method=scope["method"], path=path, status=status, duration_ms=round(duration_ms, 2))
