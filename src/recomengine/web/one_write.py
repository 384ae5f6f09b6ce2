"""An answer in one write: its head waits for its body, where that is whole.

What uvicorn does for each header by itself (two searches by regular expression, a copy in lower case) is done for the
head at once. All that is not such an answer goes uvicorn's own way: streams, HEAD, the end of a connection.
"""

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

_LINE = b": ".join


class OneWrite:
    """Wraps the app for one request and its cycle."""

    __slots__ = ("_app", "_cycle", "_start")

    def __init__(self, app: ASGIApp, cycle: RequestResponseCycle) -> None:
        self._app = app
        self._cycle = cycle
        self._start: Message | None = None

    def __call__(self, scope: Scope, receive: Receive, _send: Send) -> Any:
        return self._app(scope, receive, self._send)

    async def _send(self, message: Message) -> None:
        cycle = self._cycle
        if not cycle.response_started and message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            if not message.get("more_body", False) and self._write(start, message.get("body", b"")):
                return
            await cycle.send(start)  # type: ignore[arg-type]
        await cycle.send(message)  # type: ignore[arg-type]

    def _write(self, start: Message, body: bytes) -> bool:
        """False for what is not sent this way."""
        cycle, headers = self._cycle, start["headers"]
        if cycle.disconnected or not cycle.keep_alive or cycle.access_log or cycle.flow.write_paused:
            return False
        if (b"content-length", b"%d" % len(body)) not in headers or cycle.scope["method"] == "HEAD":
            return False
        lines = [*map(_LINE, cycle.default_headers), *map(_LINE, headers)]
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(lines) - 1 or b"\nconnection: " in head:
            return False  # of a value of two lines uvicorn says what is wrong
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        cycle.transport.write(b"".join((STATUS_LINE[start["status"]], head, b"\r\n\r\n", body)))
        cycle.message_event.set()
        cycle.on_response()
        return True
