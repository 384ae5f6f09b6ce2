"""An answer in one write says byte for byte what uvicorn alone would say, and no header smuggles another one in."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from recomengine.web.protocol import BoundedHttp
from tests.web.connections import connected, serving


async def pieces() -> AsyncIterator[bytes]:
    yield b"one"
    yield b"two"


async def streamed(scope: Scope, receive: Receive, send: Send) -> None:
    await StreamingResponse(pieces())(scope, receive, send)


async def fails_before_its_body(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    raise RuntimeError("inside")


KEPT = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
ONE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
ANSWERS: dict[str, ASGIApp] = {
    "json": JSONResponse({"ä": 1}, 202, headers={"X-Own": "own"}),
    "nothing": Response(status_code=204),
    "an empty body": PlainTextResponse(""),
    "a stream": streamed,
    "the end of the connection": PlainTextResponse("bye", headers={"Connection": "close"}),
    "a header of two lines": Response(b"x", headers={"X-Own": "a\r\nSet-Cookie: b"}),
}


async def said(protocol: type[HttpToolsProtocol], app: ASGIApp, request: bytes) -> bytes:
    """All that comes back."""
    async with serving(app, http=protocol, date_header=False) as served, connected(served.address) as peer:
        peer.writer.write(request)
        return await peer.reader.read()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
@pytest.mark.parametrize("name", ANSWERS)
async def test_it_says_what_uvicorn_says(name: str, version: bytes, method: str) -> None:
    request = b"%b / HTTP/%b\r\nHost: a\r\n\r\n" % (method.encode(), version)
    if name != "the end of the connection":
        request += request.replace(b"Host", b"Connection: close\r\nHost")
    async with asyncio.timeout(60):
        ours, theirs = [await said(each, ANSWERS[name], request) for each in (BoundedHttp, HttpToolsProtocol)]
    assert ours == theirs
    assert ours.startswith(b"HTTP/1.1 ") == (name != "a header of two lines")


async def test_a_failure_between_head_and_body_is_an_answer_of_its_own() -> None:
    answer = await said(BoundedHttp, fails_before_its_body, KEPT + ONE)
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"HTTP/1.1 200" not in answer


async def test_a_whole_answer_is_one_write() -> None:
    written: list[bytes] = []

    class Watched(BoundedHttp):
        def _start_asgi_task(self, cycle: Any, app: Any) -> None:
            cycle.transport = Noted(cycle.transport, written)
            super()._start_asgi_task(cycle, app)

    await said(Watched, JSONResponse({"a": 1}), KEPT + ONE)
    assert [piece.startswith(b"HTTP/1.1 200 OK\r\n") and piece.endswith(b'{"a":1}') for piece in written[:1]] == [True]


class Noted:
    """A transport that notes what is written."""

    def __init__(self, transport: Any, written: list[bytes]) -> None:
        self._transport, self._written = transport, written

    def write(self, data: bytes) -> None:
        self._written.append(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
