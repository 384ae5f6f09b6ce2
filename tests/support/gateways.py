"""Between a page and the API: sees all that leaves the browser, and can be away, silent, or answer nonsense."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import httpx
import msgspec

from tests.support.processes import PATIENCE_S, wait_until

PAGE, BATCH = "/api/v1/widgets/page", "/api/v1/events/batch"
HOP_BY_HOP = {"connection", "content-length", "date", "server", "transfer-encoding", "host"}


class Sent(NamedTuple):
    """A request that a browser sent."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        decoded: dict[str, Any] = msgspec.json.decode(self.body)
        return decoded


class Nonsense(NamedTuple):
    """An answer that the API does not give."""

    content: bytes
    content_type: str = "application/json"
    status: int = 200


AWAY = Nonsense(b"", status=0)
"""Connections end without an answer."""


class Gateway:
    def __init__(self, upstream: str, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.sent: list[Sent] = []
        self.answered: list[Sent] = []
        """Those that the browser was given an answer to, by the API or by us."""
        self._client = httpx.Client(base_url=upstream, timeout=PATIENCE_S)
        self._nonsense: dict[str, Nonsense] = {}
        self._lost: set[str] = set()
        self._held: set[str] = set()
        self._released = threading.Event()

    def say(self, path: str, nonsense: Nonsense) -> None:
        """In place of the API, to what begins with `path`."""
        self._nonsense[path] = nonsense

    def hold(self, path: str) -> None:
        """Answer nothing that begins with `path` until `mend`."""
        self._held.add(path)

    def lose_answers(self, path: str) -> None:
        """The API takes what begins with `path`; the browser does not hear of it until `mend`."""
        self._lost.add(path)

    def mend(self) -> None:
        self._nonsense.clear()
        self._lost.clear()
        self._held.clear()
        self._released.set()

    def requests(self, path: str, method: str = "POST") -> list[Sent]:
        return [one for one in self.sent if one.method == method and one.path.startswith(path)]

    def events(self) -> list[dict[str, Any]]:
        """All that batches brought, each as often as it came."""
        return [event for batch in self.requests(BATCH) for event in batch.json["events"]]

    def await_events(self, *event_types: str) -> list[dict[str, Any]]:
        """Wait until batches have brought these, as often as they are named, and the API has answered."""
        wait_until(lambda: all(self._told(kind) >= event_types.count(kind) for kind in event_types))
        return self.events()

    def answer(self, sent: Sent) -> httpx.Response | Nonsense:
        self.sent.append(sent)
        if any(sent.path.startswith(path) for path in self._held):
            self._released.wait(PATIENCE_S)
        for path, nonsense in self._nonsense.items():
            if sent.path.startswith(path):
                return nonsense
        headers = {name: value for name, value in sent.headers.items() if name.lower() not in HOP_BY_HOP}
        answer = self._client.request(
            sent.method, sent.path, content=sent.body, headers=headers | {"Accept-Encoding": "identity"}
        )
        return AWAY if any(sent.path.startswith(path) for path in self._lost) else answer

    def close(self) -> None:
        self.mend()
        self._client.close()

    def _told(self, event_type: str) -> int:
        answered = [one for one in self.answered if one.path == BATCH]
        return sum(event["eventType"] == event_type for batch in answered for event in batch.json["events"])


@contextmanager
def passing_to(upstream: str) -> Iterator[Gateway]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.daemon_threads = True
    gateway = Gateway(upstream, server.server_port)
    server.RequestHandlerClass = handler_of(gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield gateway
    finally:
        gateway.mend()
        server.shutdown()
        thread.join()
        server.server_close()
        gateway.close()


def handler_of(gateway: Gateway) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent = Sent(self.command, self.path, dict(self.headers), body)
            answer = gateway.answer(sent)
            if answer is AWAY:
                return
            if isinstance(answer, Nonsense):
                headers = {"Content-Type": answer.content_type, "Access-Control-Allow-Origin": "*"}
                self._reply(answer.status, headers, answer.content)
            else:
                self._reply(answer.status_code, dict(answer.headers), answer.content)
            gateway.answered.append(sent)

        def _reply(self, status: int, headers: dict[str, str], content: bytes) -> None:
            try:
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except (BrokenPipeError, ConnectionResetError):
                return  # the page no longer waits

        do_GET = do_POST = do_OPTIONS = _pass

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    return Handler
