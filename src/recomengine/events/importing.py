"""Bulk import: batches of NDJSON lines to stored events, several batches under way at once. For HTTP and the CLI alike."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from rich.console import Console

from recomengine.events.preparing import Source, prepare
from recomengine.events.schemas import Event, EventImportResult
from recomengine.events.writer import EventWriter
from recomengine.infra.database import open_pool
from recomengine.infra.redis import RedisClient
from recomengine.settings import Settings, SettingsError
from recomengine.web.caller import TenantConfig
from recomengine.web.files import Progress, integer_of, members_of, number_of, read_batches
from recomengine.web.ndjson import LineError, Unreadable
from recomengine.web.problems import Problem

MAX_ERRORS = 100
MAX_UNDER_WAY = 3
SLICE = 250
METADATA_COLUMNS: dict[str, Callable[[str], object]] = {
    "price": number_of, "quantity": integer_of, "currency": str, "orderId": str, "placementId": str, "strategy": str, "recommendationId": str,
    "experimentId": str, "variant": str, "query": str,
}  # fmt: skip
COLUMN_OF = {
    "user_id": "userId", "item_id": "productId", "product_id": "productId", "itemId": "productId", "event_type": "eventType",
    "session_id": "sessionId", "event_id": "eventId", "order_id": "orderId", "placement_id": "placementId",
    "recommendation_id": "recommendationId", "experiment_id": "experimentId",
}  # fmt: skip
EVENT_COLUMNS = frozenset({"userId", "productId", "eventType", "sessionId", "eventId", "timestamp", "metadata"})

_encode = msgspec.json.Encoder().encode


async def import_lines(
    writer: EventWriter, tenant_id: UUID, config: TenantConfig, batches: AsyncIterator[Sequence[tuple[int, bytes]]]
) -> EventImportResult:
    """Store every good line; a bad one is reported and the rest goes in. A Problem of the source ends it after what came before is stored."""
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


async def import_event_files(settings: Settings, tenant_id: UUID, config: TenantConfig, files: Sequence[str], console: Console) -> None:
    """`recomengine import events`: files to stored events, with progress on the console."""
    pool = await open_pool(settings.database_url, max_size=MAX_UNDER_WAY + 1)
    redis = RedisClient(settings.redis_url)
    writer = EventWriter(pool, redis)
    started = time.perf_counter()
    try:
        with Progress(console, files) as progress:
            result = await import_lines(writer, tenant_id, config, read_batches(files, row_to_event, progress))
    finally:
        await writer.close()
        await redis.close()
        await pool.close()
    seconds = time.perf_counter() - started
    total = result.accepted + result.duplicates + result.rejected
    for error in result.errors[:20]:
        console.print(f"line {error.line}: {error.message}", highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"{result.accepted} events stored, {result.duplicates} were there, {result.rejected} rejected, "
        f"in {seconds:.1f} s ({total / seconds:,.0f}/s)", highlight=False, soft_wrap=True,
    )  # fmt: skip
    if total and result.rejected == total:
        raise SettingsError("No event was stored: every line was rejected. Correct the file and import it again.")


def row_to_event(row: dict[str, Any]) -> bytes:
    """A CSV row (camelCase or snake_case columns) as an event's JSON; empty cells are left out."""
    event: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for column, cell in row.items():
        if cell is None or cell == "":
            continue
        name = COLUMN_OF.get(column, column)
        if name == "metadata":
            metadata |= members_of(cell)
        elif name in EVENT_COLUMNS:
            event[name] = integer_of(cell) if name == "timestamp" and cell.lstrip("-").isdecimal() else cell
        else:
            metadata[name] = METADATA_COLUMNS.get(name, str)(cell)
    return _encode(event | {"metadata": metadata} if metadata else event)
