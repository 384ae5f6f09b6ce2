"""An open-loop HTTP load: requests leave on a fixed schedule, whatever the server does.

A latency counts from the moment the schedule names, not from when a connection came free, so a stall of the server is
seen by every request that should have left during it (no coordinated omission).
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httptools
import numpy as np

TIMEOUT_S = 120.0


class Outcome(NamedTuple):
    """What a load met: per request its latency, its status (0: connection lost) and when it was due."""

    latency_ms: np.ndarray
    status: np.ndarray
    due_s: np.ndarray
    seconds: float

    @property
    def summary(self) -> dict[str, float]:
        latency = self.latency_ms if len(self.latency_ms) else np.zeros(1)
        p50, p95, p99 = np.percentile(latency, [50, 95, 99])
        return {
            "requests": len(self.latency_ms),
            "per_second": round(len(self.latency_ms) / self.seconds, 1),
            "p50_ms": round(float(p50), 3),
            "p95_ms": round(float(p95), 3),
            "p99_ms": round(float(p99), 3),
            "max_ms": round(float(latency.max()), 3),
            "failed": int(np.sum((self.status < 200) | (self.status >= 400))),
        }


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._restart()

    def _restart(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def send(self, request: bytes) -> "asyncio.Future[tuple[int, bytes]]":
        assert self.transport is not None
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.answer

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        status, body = self._parser.get_status_code(), b"".join(self._body)
        self._restart()
        if self.answer is not None and not self.answer.done():
            self.answer.set_result((status, body))

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(exc or ConnectionResetError("the server closed the connection"))


class Client:
    """A pool of keep-alive connections to one server."""

    def __init__(self, host: str, port: int, connections: int) -> None:
        self._address = (host, port)
        self._free = asyncio.Semaphore(connections)
        self._idle: deque[_Connection] = deque()

    async def send(self, request: bytes) -> tuple[int, bytes]:
        async with self._free:
            connection = self._idle.pop() if self._idle else None
            if connection is None or connection.transport is None:
                _, connection = await asyncio.get_running_loop().create_connection(_Connection, *self._address)
            async with asyncio.timeout(TIMEOUT_S):
                answer = await connection.send(request)
            self._idle.append(connection)
            return answer

    def close(self) -> None:
        for connection in self._idle:
            if connection.transport is not None:
                connection.transport.close()


def http_request(method: str, path: str, key: str, body: bytes = b"", content_type: str = "application/json") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
    if body or method != "GET":
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def open_loop(
    host: str,
    port: int,
    requests: Iterator[bytes],
    *,
    rate: float,
    seconds: float,
    connections: int = 64,
    over: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Send `rate` requests a second for `seconds`, or until it is `over`; all are awaited."""
    client = Client(host, port, connections)
    total = int(rate * seconds)
    latency, status, due = np.zeros(total), np.zeros(total, np.int32), np.arange(total) / rate
    started = time.perf_counter() + 0.05

    async def one(index: int, request: bytes) -> None:
        try:
            status[index], _ = await client.send(request)
        except (OSError, TimeoutError):
            status[index] = 0
        latency[index] = (time.perf_counter() - started - due[index]) * 1000

    async with asyncio.TaskGroup() as group:
        for index in range(total):
            if over():
                total = index
                break
            wait = started + due[index] - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            group.create_task(one(index, next(requests)))
    client.close()
    return Outcome(latency[:total], status[:total], due[:total], time.perf_counter() - started)


async def closed_loop(
    host: str, port: int, requests: Iterator[bytes], *, seconds: float, connections: int = 32
) -> Outcome:
    """`connections` clients, each sending its next request when the last is answered: the most the server gives."""
    client = Client(host, port, connections)
    rows: list[tuple[float, int, float]] = []
    started = time.perf_counter()

    async def one() -> None:
        while (sent := time.perf_counter()) < started + seconds:
            status, _ = await client.send(next(requests))
            rows.append(((time.perf_counter() - sent) * 1000, status, sent - started))

    await asyncio.gather(*(one() for _ in range(connections)))
    client.close()
    latency, status, due = (np.array(column) for column in zip(*rows, strict=True))
    return Outcome(latency, status, due, time.perf_counter() - started)
