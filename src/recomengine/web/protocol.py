"""The server's HTTP connections, with bounds on what stands before a body: its size, its number of headers, its time.

A head that is too large, too slow or no HTTP at all is answered as a problem, and the connection ends. Bodies have
their bounds where they are read (codec.py, upload.py); here, no more of one is taken from the network than is asked
for, and little of one that is answered already.
"""

import asyncio
import re
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from recomengine.infra.metrics import ANY, UNMATCHED, count_request
from recomengine.web.ids import new_id
from recomengine.web.middleware import security_beside
from recomengine.web.one_write import OneWrite
from recomengine.web.problems import HeadTooLarge, MalformedRequest, Problem, SlowRequest, problem_response

MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
HEAD_S = 10.0
MAX_REST_BYTES, REST_S = 1024 * 1024, 10.0
"""Of a body that is still coming when its request is answered: its sender may see the answer, and send on."""
HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::[0-9]{0,5})?")
"""RFC 3986, 3.2.2 and 3.2.3; a name is not empty in http and https."""


class BoundedHttp(HttpToolsProtocol):
    _refusal: Problem | None = None
    _head_bytes = 0
    _in_head = False
    _head_timer: asyncio.TimerHandle | None = None
    """Runs while a head is awaited, or the rest of one."""
    _rest_bytes = 0
    _rest_timer: asyncio.TimerHandle | None = None
    """Runs while the rest of an answered body is awaited."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self._stop_rest_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        awaited = self._head_timer is not None
        super().data_received(data)
        if awaited and self._head_timer is not None:  # all of it belongs to one head, perhaps to a header without end
            self._add(len(data))
            if self._refusal is not None:
                self._refuse(self._refusal)
        if self._in_head and self._head_timer is None:
            self._await_head()
        if self._answering() and self.cycle.more_body and self.cycle.body:
            self.flow.pause_reading()  # until the next receive(): one read waits here, and the rest with the sender

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._in_head = True

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > MAX_HEADERS:
            self._refusal = HeadTooLarge(f"The request has more than {MAX_HEADERS} headers. Send fewer.")
        if self._refusal is not None:
            raise self._refusal  # the parser stops, and send_400_response says why

    def on_headers_complete(self) -> None:
        self._stop_timer()
        self._in_head = False
        self._head_bytes = 0
        self._add(len(self.url) + sum(len(name) + len(value) for name, value in self.headers))
        self._check_host()
        if self._refusal is not None:
            raise self._refusal
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, OneWrite(app, cycle))  # type: ignore[arg-type]

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        if self._rest_timer is not None:
            self._rest_bytes += len(body)
            if self._rest_bytes > MAX_REST_BYTES:
                self.transport.close()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self._rest_timer is not None:
            self._stop_rest_timer()
            self._unset_keepalive_if_required()
            wait_s, end = self.timeout_keep_alive, self.timeout_keep_alive_handler
            self.timeout_keep_alive_task = self.loop.call_later(wait_s, end)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:  # else it was a request before the newest one
            self.cycle.body = bytearray()  # what nobody has asked for
            if self.cycle.more_body:
                self._rest_bytes = 0
                self._rest_timer = self.loop.call_later(REST_S, self.transport.close)

    def send_400_response(self, msg: str) -> None:
        malformed = (
            "Expected an HTTP/1.1 request, got something else. Check the client, or the proxy before the server."
        )
        self._refuse(self._refusal or MalformedRequest(malformed))

    def _check_host(self) -> None:
        """RFC 9112, 3.2."""
        hosts = [value for name, value in self.headers if name == b"host"]
        if (len(hosts) == 1 and HOST.fullmatch(hosts[0])) or (not hosts and self.parser.get_http_version() != "1.1"):
            return
        got = "none" if not hosts else "several" if len(hosts) > 1 else "one that is no host and port"
        refusal = MalformedRequest(f"Expected one header Host, got {got}. Send the name that the server is called by.")
        self._refusal = self._refusal or refusal

    def _add(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refusal = HeadTooLarge(
                f"The request's URL and headers are larger than {MAX_HEAD_BYTES} bytes. Send long queries as a body."
            )

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_S, self._give_up)

    def _give_up(self) -> None:
        if self._answering():
            self._await_head()
        else:
            self._refuse(SlowRequest(f"The request's headers did not arrive within {HEAD_S:.0f} s. Send them at once."))

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _stop_rest_timer(self) -> None:
        if self._rest_timer is not None:
            self._rest_timer.cancel()
            self._rest_timer = None

    def _answering(self) -> bool:
        """Whether a request before this one, on the same connection, is still being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, problem: Problem) -> None:
        self._stop_timer()
        if not self._answering() and not self.transport.is_closing():
            count_request(ANY, UNMATCHED, problem.status)
            self.transport.write(_rendered(problem, self.scheme))
        self.transport.close()


def _rendered(problem: Problem, scheme: str | None) -> bytes:
    request_id = new_id()
    response = problem_response(
        Request({"type": "http", "path": "/", "headers": [], "request_id": request_id}), problem
    )
    own = [*response.raw_headers, (b"x-request-id", request_id.encode()), (b"connection", b"close")]
    headers = [*own, *security_beside(own, scheme)]
    head = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n".encode()
    return head + b"".join(name + b": " + value + b"\r\n" for name, value in headers) + b"\r\n" + bytes(response.body)
