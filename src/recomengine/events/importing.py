"""Bulk import: batches of NDJSON lines to stored events, several batches under way at once. For HTTP and the CLI
alike.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

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
    result = EventImportResult()
    under_way: deque[asyncio.Task[list[bool]]] = deque()
    try:
        async for lines in batches:
            events = await _prepare(lines, Source(tenant_id, config, _now_ms(), live=False), result)
            if not events:
                continue
            if len(under_way) >= MAX_UNDER_WAY:
                _count(result, await under_way.popleft())
            under_way.append(asyncio.create_task(writer.store(events)))
    finally:
        outcomes = await asyncio.gather(*under_way, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
        _count(result, outcome)
    return result


async def _prepare(lines: Sequence[tuple[int, bytes]], source: Source, result: EventImportResult) -> list[Event]:
    """The good events of `lines`; other requests get the loop after every SLICE lines."""
    events = []
    for position, (number, line) in enumerate(lines):
        if position % SLICE == SLICE - 1:
            await asyncio.sleep(0)
        if isinstance(line, Unreadable):
            _reject(result, number, line.decode())
            continue
        try:
            events.append(prepare(line, source))
        except Problem as problem:
            _reject(result, number, problem.detail)
    return events


def _reject(result: EventImportResult, line: int, message: str) -> None:
    result.rejected += 1
    if len(result.errors) < MAX_ERRORS:
        result.errors.append(LineError(line, message))


def _now_ms() -> int:
    return int(time.time() * 1000)


def _count(result: EventImportResult, new: Sequence[bool]) -> None:
    accepted = sum(new)
    result.accepted += accepted
    result.duplicates += len(new) - accepted
