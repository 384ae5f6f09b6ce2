"""Any number of events, each with a receipt, in bounded memory.

There is no timer: a worker that is free sends at once what waits; while all are busy the next batch gathers. So few
events leave soon and many leave in full batches. When as many wait as may, `send` waits. A batch that no answer came to
is sent again with the same identities until one comes: whatever happens to the server in between, each event is stored
once. A batch that the server refuses as a whole is halved until it is known which events are to blame.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self

from msgspec import Struct

from recomengine_client.call import Call
from recomengine_client.calls import identified, send_encoded
from recomengine_client.errors import ApiError, RecomEngineError
from recomengine_client.schemas import Event, EventResults, encode

MAX_EVENTS = 1000
MAX_BYTES = 1024 * 1024
MAX_WAITING_BYTES = 32 * 1024 * 1024
OF_EVENTS = frozenset({400, 413, 422})
"""Statuses of a refusal that is about what was sent, not about who sends it or when."""


class Receipt(Struct, frozen=True, gc=False):
    """What became of one event. number: as `send` gave it; event_id: the server's name of it. A duplicate was stored
    before, perhaps by an attempt whose answer was lost. `code` and `reason` are of what was rejected, and of what is
    undelivered: the sender gave up, and it is not known to be stored.
    """

    number: int
    status: Literal["accepted", "duplicate", "rejected", "undelivered"]
    event_id: str | None = None
    code: str | None = None
    reason: str | None = None


class Counts(Struct):
    """Of receipts."""

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    undelivered: int = 0


OnReceipts = Callable[[Sequence[Receipt]], None]


class SenderStopped(RecomEngineError):
    """The sender has given up; `close` raises why."""


class Batch(NamedTuple):
    """Events that follow each other, the first with this number."""

    first: int
    events: Sequence[bytes]

    def receipts(self, answer: EventResults) -> list[Receipt]:
        return [
            Receipt(self.first + result.index, result.status, result.event_id)
            if result.error is None
            else Receipt(
                self.first + result.index, "rejected", result.event_id, result.error.code, result.error.message
            )
            for result in answer.results
        ]

    def all(self, status: Literal["rejected", "undelivered"], error: Exception) -> list[Receipt]:
        code, reason = (error.code, error.detail) if isinstance(error, ApiError) else ("not_delivered", str(error))
        return [Receipt(self.first + k, status, None, code, reason) for k in range(len(self.events))]

    def halves(self) -> "list[Batch]":
        middle = len(self.events) // 2
        return [Batch(self.first, self.events[:middle]), Batch(self.first + middle, self.events[middle:])]


class Waiting:
    """Events that wait to be sent, in order."""

    def __init__(self, most: int) -> None:
        if most < 1:
            raise ValueError(f"Expected that at least 1 event may wait, got {most}.")
        self._most = most
        self._events: deque[bytes] = deque()
        self._bytes = 0
        self.next_number = 0

    def __len__(self) -> int:
        return len(self._events)

    @property
    def full(self) -> bool:
        return len(self._events) >= self._most or self._bytes >= MAX_WAITING_BYTES

    def add(self, event: bytes) -> int:
        self._events.append(event)
        self._bytes += len(event)
        self.next_number += 1
        return self.next_number - 1

    def take(self) -> Batch:
        """The oldest, at least one: as many as a batch may have."""
        first = self.next_number - len(self._events)
        taken = [self._events.popleft()]
        size = len(taken[0])
        while self._events and len(taken) < MAX_EVENTS and size + len(self._events[0]) <= MAX_BYTES:
            taken.append(self._events.popleft())
            size += len(taken[-1])
        self._bytes -= size
        return Batch(first, taken)


class _Progress:
    """What both senders share: what waits, and what became of the rest."""

    def __init__(self, on_receipts: OnReceipts, most_waiting: int) -> None:
        self._on_receipts = on_receipts
        self.waiting = Waiting(most_waiting)
        self.counts = Counts()
        self.failure: Exception | None = None
        self.closed = False

    def check(self) -> None:
        """Raises SenderStopped."""
        if self.failure is not None:
            raise SenderStopped(f"The sender has stopped: {self.failure}") from self.failure
        if self.closed:
            raise SenderStopped("The sender is closed. Open another one.")

    def call(self, batch: Batch) -> Call[EventResults]:
        return send_encoded(batch.events)

    def take_answer(self, batch: Batch, answer: EventResults) -> None:
        self.report(batch.receipts(answer))

    def take_refusal(self, batch: Batch, error: RecomEngineError) -> list[Batch]:
        """What is to be sent in place of the batch."""
        of_events = isinstance(error, ApiError) and error.status in OF_EVENTS
        if of_events and len(batch.events) > 1:
            return batch.halves()
        if not of_events:
            self.failure = self.failure or error
        self.report(batch.all("rejected" if of_events else "undelivered", error))
        return []

    def report(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            name = "duplicates" if receipt.status == "duplicate" else receipt.status
            setattr(self.counts, name, getattr(self.counts, name) + 1)
        self._on_receipts(receipts)


class BulkSender:
    """Sends by threads; `send` may be called by many. `on_receipts` is called with the receipts of a batch, by one
    thread at a time. `close`, or the end of `with`, waits for all receipts.
    """

    def __init__(
        self, send: Callable[[Call[EventResults]], EventResults], on_receipts: OnReceipts, *,
        concurrency: int, most_waiting: int,
    ) -> None:  # fmt: skip
        self._send = send
        self._progress = _Progress(on_receipts, most_waiting)
        lock = threading.Lock()
        self._something, self._room = threading.Condition(lock), threading.Condition(lock)
        self._reporting = threading.Lock()
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(concurrency)]
        for worker in self._workers:
            worker.start()

    @property
    def counts(self) -> Counts:
        return self._progress.counts

    def send(self, event: Event) -> int:
        """Hand an event over, as soon as there is room; its number, counted from 0. Raises SenderStopped."""
        encoded = encode(identified(event))
        progress = self._progress
        with self._room:
            while progress.waiting.full and progress.failure is None:
                self._room.wait()
            progress.check()
            self._something.notify()
            return progress.waiting.add(encoded)

    def close(self) -> Counts:
        """Wait for all receipts; raises what the sender has given up by."""
        with self._something:
            self._progress.closed = True
            self._something.notify_all()
        for worker in self._workers:
            worker.join()
        if self._progress.failure is not None:
            raise self._progress.failure
        return self.counts

    def _work(self) -> None:
        while (batch := self._next()) is not None:
            try:
                self._deliver(batch)
            except Exception as error:  # noqa: BLE001 - `on_receipts` may raise anything; `close` raises it again
                with self._room:
                    self._progress.failure = self._progress.failure or error
                    self._room.notify_all()

    def _next(self) -> Batch | None:
        """None: all was taken, and no more will come."""
        waiting = self._progress.waiting
        with self._something:
            while not waiting and not self._progress.closed:
                self._something.wait()
            batch = waiting.take() if waiting else None
            self._room.notify_all()
        return batch

    def _deliver(self, batch: Batch) -> None:
        left = [batch]
        while left:
            part = left.pop()
            if (failure := self._progress.failure) is not None:
                self._report(part.all("undelivered", failure))
                continue
            try:
                answer = self._send(self._progress.call(part))
            except RecomEngineError as error:
                with self._reporting:
                    left += self._progress.take_refusal(part, error)
            else:
                with self._reporting:
                    self._progress.take_answer(part, answer)

    def _report(self, receipts: Sequence[Receipt]) -> None:
        with self._reporting:
            self._progress.report(receipts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncBulkSender:
    """Sends by tasks of the running loop; else as BulkSender. `on_receipts` is a plain function."""

    def __init__(
        self, send: Callable[[Call[EventResults]], Coroutine[Any, Any, EventResults]], on_receipts: OnReceipts, *,
        concurrency: int, most_waiting: int,
    ) -> None:  # fmt: skip
        self._send = send
        self._progress = _Progress(on_receipts, most_waiting)
        self._something, self._room = asyncio.Event(), asyncio.Event()
        self._workers = [asyncio.create_task(self._work()) for _ in range(concurrency)]

    @property
    def counts(self) -> Counts:
        return self._progress.counts

    async def send(self, event: Event) -> int:
        """Hand an event over, as soon as there is room; its number, counted from 0. Raises SenderStopped."""
        encoded = encode(identified(event))
        progress = self._progress
        while progress.waiting.full and progress.failure is None:
            self._room.clear()
            await self._room.wait()
        progress.check()
        self._something.set()
        return progress.waiting.add(encoded)

    async def close(self) -> Counts:
        """Wait for all receipts; raises what the sender has given up by."""
        self._progress.closed = True
        self._something.set()
        await asyncio.gather(*self._workers)
        if self._progress.failure is not None:
            raise self._progress.failure
        return self.counts

    async def _work(self) -> None:
        progress = self._progress
        while progress.waiting or not progress.closed:
            if not progress.waiting:
                self._something.clear()
                await self._something.wait()
                continue
            batch = progress.waiting.take()
            self._room.set()
            try:
                await self._deliver(batch)
            except Exception as error:  # noqa: BLE001 - `on_receipts` may raise anything; `close` raises it again
                progress.failure = progress.failure or error
                self._room.set()

    async def _deliver(self, batch: Batch) -> None:
        progress, left = self._progress, [batch]
        while left:
            part = left.pop()
            if progress.failure is not None:
                progress.report(part.all("undelivered", progress.failure))
                continue
            try:
                answer = await self._send(progress.call(part))
            except RecomEngineError as error:
                left += progress.take_refusal(part, error)
            else:
                progress.take_answer(part, answer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
