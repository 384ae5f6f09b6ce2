"""The Redis client of the hot path: commands of one loop tick leave as one write on one connection.

`call` returns a future at once, so a handler can ask for several things and share the round trip with every other
request of the tick. Redis is never needed: a failed, slow (TIMEOUT_S) or absent server raises RedisUnavailable, and for
BREAK_S after a failure calls fail at once instead of each waiting. Every caller has a fallback.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple, TypeAlias, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import hiredis

from recomengine.infra.metrics import REDIS_FAILURES

TIMEOUT_S = 0.1
CONNECT_TIMEOUT_S = 1.0
BREAK_S = 1.0
SCAN_COUNT = 1000
MAX_WAITING = 10_000
READ_BYTES = 65_536

Command: TypeAlias = tuple[str | int | float | bytes | memoryview, ...]
NOTHING = object()


class RedisUnavailable(Exception):
    """Redis did not answer; the caller goes on without it."""


class RedisRefused(RedisUnavailable):
    """Redis answered with an error (full, read-only, loading): the caller goes on without it as well."""


class _Call(NamedTuple):
    future: "asyncio.Future[list[Any]]"
    commands: Sequence[Command]


class _Wire(asyncio.Protocol):
    """One connection: replies come in the order of the commands."""

    def __init__(self, client: "RedisClient") -> None:
        self._client = client
        self._reader = hiredis.Reader(notEnoughData=NOTHING)
        self._replies: list[Any] = []
        self.waiting: deque[_Call] = deque()
        self.transport: asyncio.WriteTransport | None = None
        self.ended = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.WriteTransport, transport)

    def send(self, calls: Sequence[_Call]) -> None:
        assert self.transport is not None
        self.waiting.extend(calls)
        # its stub says a tuple of one element
        self.transport.write(b"".join(hiredis.pack_command(command) for call in calls for command in call.commands))  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not NOTHING:
            self._replies.append(reply)
            if len(self._replies) == len(self.waiting[0].commands):
                _answer(self.waiting.popleft().future, self._replies)
                self._replies = []

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set()
        self._client.lost(self, exc)


class _Place(NamedTuple):
    """Where a URL leads, and the commands that a new connection there starts with."""

    path: str | None
    host: str
    port: int
    tls: ssl.SSLContext | None
    greeting: list[Command]


def _place(url: str) -> _Place:
    """`redis://[user:password@]host[:port][/database]`, the same with `rediss` for TLS, `unix://[user:password@]/path[?db=database]`."""
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError(f"expected redis://, rediss:// or unix://, got {parts.scheme or 'no scheme'}")
    on_socket = parts.scheme == "unix"
    database = dict(parse_qsl(parts.query)).get("db") or ("" if on_socket else parts.path.strip("/"))
    if database and not database.isdecimal():
        raise ValueError("expected the number of a database behind the host")
    greeting: list[Command] = []
    if parts.password:
        greeting.append(("AUTH", unquote(parts.username or "default"), unquote(parts.password)))
    if int(database or 0):
        greeting.append(("SELECT", int(database)))
    tls = ssl.create_default_context() if parts.scheme == "rediss" else None
    return _Place(
        unquote(parts.path) if on_socket else None, parts.hostname or "localhost", parts.port or 6379, tls, greeting
    )


class Conversation:
    """A connection for whoever reads replies as they come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = hiredis.Reader(notEnoughData=NOTHING)

    async def say(self, command: Command) -> None:
        self._writer.write(hiredis.pack_command(command))  # type: ignore[arg-type]  # its stub says a tuple of one element
        await self._writer.drain()

    async def reply(self) -> Any:
        while (reply := self._parser.gets()) is NOTHING:
            data = await self._reader.read(READ_BYTES)
            if not data:
                raise RedisUnavailable("the connection was closed")
            self._parser.feed(data)
        if isinstance(reply, hiredis.ReplyError):
            raise RedisRefused(str(reply))
        return reply

    async def ask(self, command: Command) -> Any:
        await self.say(command)
        return await self.reply()

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


@asynccontextmanager
async def conversation(url: str, patience_s: float) -> AsyncIterator[Conversation]:
    """A connection that was let in within `patience_s`. Raises OSError, RedisUnavailable, or ValueError for another
    form of URL.
    """
    async with asyncio.timeout(patience_s):
        place = _place(url)
        if place.path is not None:
            opened = Conversation(*await asyncio.open_unix_connection(place.path))
        else:
            opened = Conversation(*await asyncio.open_connection(place.host, place.port, ssl=place.tls))
    try:
        async with asyncio.timeout(patience_s):
            for command in place.greeting:
                await opened.ask(command)
        yield opened
    finally:
        await opened.close()


async def ask_once(url: str, command: Command, patience_s: float) -> Any:
    """The reply to one command on a connection of its own. Raises what `conversation` does."""
    async with asyncio.timeout(patience_s), conversation(url, patience_s) as opened:
        return await opened.ask(command)


class RedisClient:
    def __init__(self, url: str) -> None:
        self._url = url
        self._wire: _Wire | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._tick: list[_Call] = []
        self._before: list[Callable[[], None]] = []
        self._broken_until = 0.0
        self._closed = False

    async def forget(self, pattern: str) -> None:
        """Delete the keys that match. Raises RedisUnavailable."""
        cursor: bytes | int = b"0"
        while True:
            ((cursor, keys),) = await self.call(("SCAN", cursor, "MATCH", pattern, "COUNT", SCAN_COUNT))
            if keys:
                await self.call(("UNLINK", *keys))
            if int(cursor) == 0:
                return

    def call(self, *commands: Command) -> "asyncio.Future[list[Any]]":
        """A future of the replies to `commands`; it fails with RedisUnavailable, of which RedisRefused is one."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Any]] = loop.create_future()
        if self._closed or loop.time() < self._broken_until or len(self._tick) >= MAX_WAITING:
            return _refuse(future, RedisUnavailable("Redis is down"))
        if not self._tick:
            loop.call_soon(self._flush)
        self._tick.append(_Call(future, commands))
        return future

    def before_write(self, ask: Callable[[], None]) -> None:
        """Have `ask()` called just before this tick's commands leave; what it calls leaves with them."""
        if not self._before:
            asyncio.get_running_loop().call_soon(self._flush)
        self._before.append(ask)

    async def close(self) -> None:
        self._closed = True
        if self._connecting:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        _fail(self._tick, "the client was closed")
        if (wire := self._wire) and wire.transport:
            wire.transport.abort()
            await wire.ended.wait()

    def lost(self, wire: _Wire, error: Exception | None) -> None:
        """The connection ended, by the peer or after a time-out: what waits on it fails, and the breaker opens."""
        if self._wire is wire:
            self._wire = None
            self._break()
        _fail(wire.waiting, f"the connection to Redis was lost: {error}")

    def _flush(self) -> None:
        before, self._before = self._before, []
        for ask in before:
            ask()
        if self._wire is None:
            if self._connecting is None:
                self._connecting = asyncio.get_running_loop().create_task(self._connect())
            return
        calls, self._tick = self._tick, []
        if not calls:
            return
        if len(self._wire.waiting) > MAX_WAITING:
            _fail(calls, f"more than {MAX_WAITING} calls wait for Redis")
            return
        self._wire.send(calls)
        last = calls[-1].future
        timer = asyncio.get_running_loop().call_later(TIMEOUT_S, self._expire, self._wire, last)
        last.add_done_callback(lambda _: timer.cancel())

    def _expire(self, wire: _Wire, last: "asyncio.Future[list[Any]]") -> None:
        if any(call.future is last for call in wire.waiting) and wire.transport is not None:
            wire.transport.abort()

    async def _connect(self) -> None:
        wire = _Wire(self)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                greeting = await self._open(wire)
                if greeting:
                    await self._greet(wire, greeting)
            self._wire = wire
        except (OSError, TimeoutError, RedisUnavailable) as error:
            self._break()
            calls, self._tick = self._tick, []
            _fail(calls, f"Redis cannot be reached: {error}")
        finally:
            self._connecting = None
        if self._wire is not None:
            self._flush()

    async def _open(self, wire: _Wire) -> list[Command]:
        """Connect `wire`; the commands that a new connection starts with."""
        loop = asyncio.get_running_loop()
        place = _place(self._url)
        if place.path is not None:
            await loop.create_unix_connection(lambda: wire, place.path)
        else:
            await loop.create_connection(lambda: wire, place.host, place.port, ssl=place.tls)
        return place.greeting

    async def _greet(self, wire: _Wire, greeting: Sequence[Command]) -> None:
        future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        wire.send([_Call(future, greeting)])
        try:
            await future
        except RedisRefused as error:
            raise RedisUnavailable(f"Redis refused the connection: {error}") from error

    def _break(self) -> None:
        self._broken_until = asyncio.get_running_loop().time() + BREAK_S


def _answer(future: "asyncio.Future[list[Any]]", replies: list[Any]) -> None:
    if future.done():
        return
    error = next((reply for reply in replies if isinstance(reply, hiredis.ReplyError)), None)
    if error is None:
        future.set_result(replies)
    else:
        _refuse(future, RedisRefused(str(error)))


def _fail(calls: "deque[_Call] | list[_Call]", reason: str) -> None:
    for call in calls:
        if not call.future.done():
            _refuse(call.future, RedisUnavailable(reason))
    calls.clear()


def _refuse(future: "asyncio.Future[list[Any]]", error: RedisUnavailable) -> "asyncio.Future[list[Any]]":
    REDIS_FAILURES.inc()
    future.set_exception(error)
    future.exception()  # whoever stopped caring must not be logged as forgetful
    return future
