"""Connections as they come from the network: heads and bodies that are too large, too slow, or no HTTP at all."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from recomengine.web.limits import client_network
from recomengine.web.protocol import MAX_HEAD_BYTES, MAX_HEADERS, BoundedHttp
from tests.conftest import MakeTenant
from tests.events.stored import stored
from tests.processes import PATIENCE_S

MB = 1024 * 1024


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: dict[str, Any]


class Peer(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def answer(self) -> Answer:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await self.reader.readexactly(int(headers["content-length"]))
        return Answer(int(head[0].split()[1]), headers, json.loads(body))

    async def problem(self, status: int, code: str) -> None:
        """The answer is this problem, and nothing comes after it."""
        answer = await self.answer()
        assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
        assert (answer.body["status"], answer.body["code"]) == (status, code)
        assert answer.body["requestId"] == answer.headers["x-request-id"]
        assert answer.headers["connection"] == "close"
        assert await self.reader.read() == b""


@pytest.fixture
async def address(app: Starlette) -> AsyncIterator[tuple[str, int]]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=BoundedHttp, lifespan="off", log_config=None, access_log=False, server_header=False))
    serving = asyncio.create_task(server._serve([listener]))
    yield listener.getsockname()
    server.should_exit = True
    await serving


@asynccontextmanager
async def connected(address: tuple[str, int]) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection(*address)
    async with asyncio.timeout(PATIENCE_S):
        yield Peer(reader, writer)
    writer.close()


async def test_requests_on_one_connection_are_answered_one_after_the_other(address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        assert [(await peer.answer()).status for _ in range(3)] == [200] * 3


async def test_a_head_in_many_pieces_is_put_together(address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        for byte in b"GET /health HTTP/1.1\r\nHost: a\r\nX-Request-ID: slow\r\n\r\n":
            peer.writer.write(bytes([byte]))
            await peer.writer.drain()
        answer = await peer.answer()
        assert (answer.status, answer.headers["x-request-id"]) == (200, "slow")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % i for i in range(MAX_HEADERS + 1)) + b"\r\n",
        b"GET /health HTTP/1.1\r\nX: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n",
        b"GET /health HTTP/1.1\r\n" + b"X: " + b"a" * 3 * MB,
        b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ids=["many headers", "a large header", "a header without end", "a long URL"],
)
async def test_a_head_that_is_too_large_is_refused(head: bytes, address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(head)
        assert (await peer.answer()).status == 431


async def test_a_hundred_headers_are_fine(address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(b"GET /health HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % i for i in range(MAX_HEADERS)) + b"\r\n")
        assert (await peer.answer()).status == 200


@pytest.mark.parametrize("sent", [b"", b"GET /health HTT", b"GET /health HTTP/1.1\r\nHost: a\r\n"])
async def test_a_head_that_does_not_come_is_not_awaited(sent: bytes, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recomengine.web.protocol.HEAD_S", 0.05)
    async with connected(address) as peer:
        peer.writer.write(sent)
        await peer.problem(408, "request_timeout")


async def test_a_second_head_has_its_own_time(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected(address) as peer:
        peer.writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await peer.answer()).status == 200
        monkeypatch.setattr("recomengine.web.protocol.HEAD_S", 0.05)
        peer.writer.write(b"GET /hea")
        await peer.problem(408, "request_timeout")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_a_request_without_a_host_is_answered_as_any_other(version: str, address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(f"GET /nowhere HTTP/{version}\r\n\r\n".encode())
        answer = await peer.answer()
        assert (answer.status, answer.body["code"]) == (404, "not_found")


async def test_what_is_no_http_is_a_problem(address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(b"\x16\x03\x01 hello\r\n\r\n")
        await peer.problem(400, "malformed_request")


def post(path: str, key: str, media: str, length: int) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Type: {media}\r\nContent-Length: {length}\r\n\r\n".encode()


async def test_a_body_that_does_not_come_is_not_awaited(
    address: tuple[str, int], make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.web.codec.BODY_S", 0.05)
    async with connected(address) as peer:
        peer.writer.write(post("/api/v1/events", (await make_tenant()).read_write, "application/json", 100) + b'{"eventType"')
        await peer.problem(408, "request_timeout")


async def test_an_import_that_pauses_too_long_keeps_what_came(
    address: tuple[str, int], make_tenant: MakeTenant, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.web.ndjson.PAUSE_S", 0.2)
    tenant = await make_tenant()
    async with connected(address) as peer:
        line = b'{"eventType": "view", "userId": "ann", "productId": "boot"}\n'
        peer.writer.write(post("/api/v1/events/import", tenant.read_write, "application/x-ndjson", 10_000) + line)
        await peer.problem(408, "request_timeout")
    assert len(await stored(database_url, tenant.id)) == 1


async def test_a_body_that_is_too_large_is_not_read_to_its_end(address: tuple[str, int], make_tenant: MakeTenant) -> None:
    async with connected(address) as peer:
        peer.writer.write(post("/api/v1/events", (await make_tenant()).read_write, "application/json", 50 * MB))
        await peer.problem(413, "too_large")


async def seen_through(proxies: str, forwarded: str) -> str:
    """The client that a limit is counted for, when a peer at 127.0.0.1 sends `forwarded`."""

    async def say_client(scope: Scope, _receive: Receive, send: Send) -> None:
        await JSONResponse({"client": client_network(HTTPConnection(scope))})(scope, _receive, send)

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        say_client, http=BoundedHttp, lifespan="off", log_config=None, proxy_headers=bool(proxies), forwarded_allow_ips=proxies or None
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listener]))
    async with connected(listener.getsockname()) as peer:
        peer.writer.write(f"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {forwarded}\r\n\r\n".encode())
        client = (await peer.answer()).body["client"]
    server.should_exit = True
    await serving
    return str(client)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        ("", "192.0.2.9", "127.0.0.1"),
        ("10.0.0.0/8", "192.0.2.9", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.9", "192.0.2.9"),
        ("127.0.0.1", "198.51.100.1, 192.0.2.9", "192.0.2.9"),
        ("127.0.0.1,10.0.0.0/8", "198.51.100.1, 192.0.2.9, 10.1.2.3", "192.0.2.9"),
        ("127.0.0.1", "2001:db8::1", "2001:db8::/64"),
        ("127.0.0.1", "<script>", "unknown"),
    ],
)
async def test_only_what_a_trusted_proxy_adds_is_believed(proxies: str, forwarded: str, client: str) -> None:
    assert await seen_through(proxies, forwarded) == client
