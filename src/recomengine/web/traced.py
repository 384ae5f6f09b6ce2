"""The span of each request: the outermost layer, in place only where traces are wanted (infra/tracing.py)."""

from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recomengine.infra import tracing
from recomengine.infra.metrics import METHODS, UNMATCHED


class TracedRequests:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 0

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = scope["method"] if scope["method"] in METHODS else "other"
        with tracing.server_span(method, Headers(scope=scope)) as span:
            try:
                await self._app(scope, receive, send_noting_status)
            finally:
                _describe(span, scope, method, status)


def _describe(span: Any, scope: Scope, method: str, status: int) -> None:
    if span is None:  # the process is stopping
        return
    route = getattr(scope.get("route"), "path", UNMATCHED)
    known = {
        "request_id": scope.get("request_id"),
        "tenant": scope.get("tenant"),
        "key_prefix": scope.get("key_prefix"),
    }
    span.update_name(f"{method} {route}")
    span.set_attributes(
        {"http.request.method": method, "http.route": route, "http.response.status_code": status}
        | {f"recomengine.{name}": value for name, value in known.items() if value is not None}
    )
    if status >= 500 or status == 0:
        tracing.mark_failed(span, str(status))
