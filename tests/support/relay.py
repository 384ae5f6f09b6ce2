"""A TCP way to Redis that a test can cut, freeze and mend."""

import asyncio
from typing import Any

from redis.asyncio.connection import parse_url


class Relay:
    """`async with Relay(redis_url) as relay`: what speaks to `relay.url` speaks to Redis."""

    def __init__(self, redis_url: str) -> None:
        self._upstream: dict[str, Any] = dict(parse_url(redis_url))
        self._server: asyncio.Server | None = None
        self._lanes: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/{self._upstream.get('db', 0)}"

    async def __aenter__(self) -> "Relay":
        await self.mend()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def mend(self) -> None:
        """Take connections and let everything pass."""
        self._open.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    def freeze(self) -> None:
        """Hold all that passes from now on, and keep the connections."""
        self._open.clear()

    async def cut(self) -> None:
        """End all connections and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lane = asyncio.current_task()
        assert lane is not None
        self._lanes.add(lane)
        try:
            up_reader, up_writer = await self._connect()
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pump(reader, up_writer))
                    both.create_task(self._pump(up_reader, writer))
            finally:
                up_writer.close()
        except (asyncio.CancelledError, OSError):
            pass  # the test is done with this connection
        finally:
            writer.close()
            self._lanes.discard(lane)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if "path" in self._upstream:
            return await asyncio.open_unix_connection(self._upstream["path"])
        return await asyncio.open_connection(self._upstream.get("host", "localhost"), self._upstream.get("port", 6379))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            writer.write(data)
            await writer.drain()
        writer.close()
