"""Bulk import: batches of NDJSON lines to stored events, several batches under way at once. For HTTP and the CLI
alike.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from msgspec import UNSET

from recomengine.events.preparing import Source, prepare
from recomengine.events.schemas import Event, EventImportResult
from recomengine.events.writer import EventWriter
from recomengine.shop import TenantConfig
from recomengine.web.ndjson import LineError, Unreadable
from recomengine.web.problems import Problem

MAX_ERRORS = 100
MAX_UNDER_WAY = 3
SLICE = 250


async def import_lines(
    writer: EventWriter, tenant_id: UUID, config: TenantConfig, batches: AsyncIterator[Sequence[tuple[int, bytes]]]
) -> EventImportResult:
    """Store every good line; a bad one is reported and the rest goes in. A Problem of the source ends it after what
    came before is stored.
    """
    report = _Report()
    under_way: deque[asyncio.Task[None]] = deque()
    try:
        async for lines in batches:
            events = await _prepare(lines, Source(tenant_id, config, _now_ms(), live=False), report)
            if not events:
                continue
            if len(under_way) >= MAX_UNDER_WAY:
                await under_way.popleft()
            under_way.append(asyncio.create_task(_store(writer, events, report)))
    finally:
        outcomes = await asyncio.gather(*under_way, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return report.result()


class _Report:
    """What is to be said of the lines so far."""

    def __init__(self) -> None:
        self.counted = EventImportResult()
        self._differing = self._trimmed = 0
        self._notes: list[LineError] = []

    def reject(self, line: int, message: str) -> None:
        self.counted.rejected += 1
        if len(self.counted.errors) < MAX_ERRORS:
            self.counted.errors.append(LineError(line, message))

    def take(self, line: int, event: Event, differs: tuple[str, ...] | None) -> None:
        if differs is None:
            self.counted.accepted += 1
        else:
            self.counted.duplicates += 1
        if differs:
            self._differing += 1
            self._note(line, f"was there with other content and stays as it was; it differs in {', '.join(differs)}")
        if event.trimmed:
            self._trimmed += 1
            self._note(line, f"blanks around {', '.join(event.trimmed)} were cut off")

    def _note(self, line: int, message: str) -> None:
        if len(self._notes) < MAX_ERRORS:
            self._notes.append(LineError(line, message))

    def result(self) -> EventImportResult:
        counted = self.counted
        counted.differing, counted.trimmed = self._differing or UNSET, self._trimmed or UNSET
        counted.notes = sorted(self._notes, key=lambda note: note.line) or UNSET
        return counted


async def _store(writer: EventWriter, numbered: Sequence[tuple[int, Event]], report: _Report) -> None:
    outcomes = await writer.store_or_compare([event for _, event in numbered])
    for (line, event), differs in zip(numbered, outcomes, strict=True):
        report.take(line, event, differs)


async def _prepare(lines: Sequence[tuple[int, bytes]], source: Source, report: _Report) -> list[tuple[int, Event]]:
    """The good events of `lines` with their numbers; other requests get the loop after every SLICE lines."""
    events = []
    for position, (number, line) in enumerate(lines):
        if position % SLICE == SLICE - 1:
            await asyncio.sleep(0)
        if isinstance(line, Unreadable):
            report.reject(number, line.decode())
            continue
        try:
            events.append((number, prepare(line, source)))
        except Problem as problem:
            report.reject(number, problem.detail)
    return events


def _now_ms() -> int:
    return int(time.time() * 1000)
