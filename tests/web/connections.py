"""Connections to a server in this process, and the bytes that go over them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import uvicorn
from starlette.types import ASGIApp

from recomengine.web.protocol import BoundedHttp
from tests.support.processes import PATIENCE_S


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


class Served(NamedTuple):
    address: tuple[str, int]
    connections: set[Any]
    """The server's ends."""


@asynccontextmanager
async def serving(app: ASGIApp, **config: Any) -> AsyncIterator[Served]:
    """`app` behind the protocol that `recomengine serve` speaks."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    quiet = {"log_config": None, "access_log": False, "server_header": False}
    server = uvicorn.Server(uvicorn.Config(app, **{"http": BoundedHttp, "lifespan": "off", **quiet, **config}))
    running = asyncio.create_task(server._serve([listener]))
    try:
        yield Served(listener.getsockname(), server.server_state.connections)
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def connected(address: tuple[str, int]) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection(*address)
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield Peer(reader, writer)
    finally:
        writer.close()
