"""Bulk import of products: batches of NDJSON lines to stored products. For HTTP and the CLI alike."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from recomengine.catalog.checking import read_item
from recomengine.catalog.schemas import ItemImportResult, ItemIn
from recomengine.catalog.service import write_items
from recomengine.infra.bus import Bus
from recomengine.infra.database import Pool
from recomengine.web.ndjson import LineError, Unreadable
from recomengine.web.problems import Problem

MAX_ERRORS = 100


async def import_items(
    pool: Pool, bus: Bus, tenant_id: UUID, batches: AsyncIterator[Sequence[tuple[int, bytes]]]
) -> ItemImportResult:
    """Write every good line; a bad one is reported and the rest goes in."""
    result = ItemImportResult()
    async for lines in batches:
        items = _read(lines, result)
        if items:
            await write_items(pool, bus, tenant_id, items)
            result.accepted += len(items)
    return result


def _read(lines: Sequence[tuple[int, bytes]], result: ItemImportResult) -> list[ItemIn]:
    items = []
    for number, line in lines:
        if isinstance(line, Unreadable):
            _reject(result, number, line.decode())
            continue
        try:
            items.append(read_item(line))
        except Problem as problem:
            _reject(result, number, problem.detail)
    return items


def _reject(result: ItemImportResult, line: int, message: str) -> None:
    result.rejected += 1
    if len(result.errors) < MAX_ERRORS:
        result.errors.append(LineError(line, message))
