"""A load generator that costs little, so that what is measured is the server: of an answer it reads its length, its
status and whether a mark stands in it, and sends the next request from the same callback. Run it on uvloop.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple, cast

import numpy as np

GRID_S = 0.001
"""Requests of a paced load are due on this grid, since timers of the loop are no finer."""
LENGTH = re.compile(rb"content-length: ([0-9]+)", re.IGNORECASE)
Address = tuple[str, int]


class Answered(NamedTuple):
    latency_ms: np.ndarray
    seconds: float
    failed: int
    marked: int

    @property
    def per_second(self) -> float:
        return len(self.latency_ms) / self.seconds

    @property
    def p99_ms(self) -> float:
        return float(np.percentile(self.latency_ms, 99))


class _Tally:
    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._latency_s: list[float] = []
        self._failed = self._marked = 0
        self._started = time.perf_counter()

    def add(self, sent_at: float, answer: bytes) -> None:
        self._latency_s.append(time.perf_counter() - sent_at)
        self._failed += not answer.startswith(b"HTTP/1.1 2")
        self._marked += bool(self._mark) and self._mark in answer

    def answered(self) -> Answered:
        seconds = time.perf_counter() - self._started
        return Answered(np.array(self._latency_s) * 1000, seconds, self._failed, self._marked)


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, tally: _Tally, on_answer: "Callable[[_Connection], None]") -> None:
        self._tally = tally
        self._on_answer = on_answer
        self._answer, self._size = b"", 0
        self._due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes, due: float) -> None:
        self._due = due
        self.transport.write(request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.transport.is_closing():
            raise RuntimeError("the server closed a connection") from exc

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._size:
            head = self._answer.find(b"\r\n\r\n")
            length = LENGTH.search(self._answer, 0, max(head, 0))
            if length is None:
                return
            self._size = head + 4 + int(length[1])
        if len(self._answer) >= self._size:
            answer, self._answer, self._size = self._answer, b"", 0
            self._tally.add(self._due, answer)
            self._on_answer(self)


async def saturate(
    address: Address, requests: Iterator[bytes], *, seconds: float, connections: int = 32, mark: bytes = b""
) -> Answered:
    """Each connection sends its next request when the last is answered: the most that the server gives."""
    tally, busy, ended = _Tally(mark), connections, asyncio.Event()

    def on_answer(connection: _Connection) -> None:
        nonlocal busy
        now = time.perf_counter()
        if now < ends_at:
            connection.send(next(requests), now)
        else:
            busy -= 1
            if not busy:
                ended.set()

    opened = await _open(address, tally, on_answer, connections)
    ends_at = time.perf_counter() + seconds
    for connection in opened:
        connection.send(next(requests), time.perf_counter())
    await ended.wait()
    return _close(opened, tally)


async def pace(
    address: Address, requests: Iterator[bytes], *, rate: float, seconds: float, connections: int = 64
) -> Answered:
    """`rate` requests a second, whatever the server does. The time of one that finds no free connection counts from
    when it was due.
    """
    tally = _Tally(b"")
    free: list[_Connection] = []
    waiting: deque[float] = deque()

    def on_answer(connection: _Connection) -> None:
        if waiting:
            connection.send(next(requests), waiting.popleft())
        else:
            free.append(connection)

    opened = await _open(address, tally, on_answer, connections)
    free += opened
    started, total, given = time.perf_counter(), int(rate * seconds), 0
    while given < total:
        now = time.perf_counter()
        reached = min(total, int((now - started) * rate))
        for number in range(given, reached):
            due = started + -(-(number / rate) // GRID_S) * GRID_S
            if free:
                free.pop().send(next(requests), min(due, now))
            else:
                waiting.append(due)
        given = reached
        await asyncio.sleep(GRID_S)
    while len(free) < connections:
        await asyncio.sleep(GRID_S)
    return _close(opened, tally)


async def _open(
    address: Address, tally: _Tally, on_answer: Callable[[_Connection], None], connections: int
) -> list[_Connection]:
    loop = asyncio.get_running_loop()
    return [
        (await loop.create_connection(lambda: _Connection(tally, on_answer), *address))[1] for _ in range(connections)
    ]


def _close(opened: list[_Connection], tally: _Tally) -> Answered:
    for connection in opened:
        connection.transport.close()
    return tally.answered()
