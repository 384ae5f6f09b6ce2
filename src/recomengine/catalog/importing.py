"""Bulk import of products: batches of NDJSON lines to stored products. For HTTP and the CLI alike."""

import time
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import msgspec
from rich.console import Console

from recomengine.catalog.checking import read_item
from recomengine.catalog.schemas import ItemImportResult, ItemIn
from recomengine.catalog.service import write_items
from recomengine.infra.bus import Bus
from recomengine.infra.database import Pool, open_pool
from recomengine.infra.redis import RedisClient
from recomengine.settings import Settings, SettingsError
from recomengine.web.files import Progress, members_of, number_of, read_batches
from recomengine.web.ndjson import LineError, Unreadable
from recomengine.web.problems import Problem

MAX_ERRORS = 100
COLUMN_OF = {"product_id": "productId", "item_id": "productId", "itemId": "productId", "image_url": "imageUrl"}
TRUE, FALSE = frozenset({"true", "t", "yes", "y", "1"}), frozenset({"false", "f", "no", "n", "0"})
ITEM_COLUMNS = frozenset({"productId", "name", "category", "price", "currency", "imageUrl", "url", "description", "brand", "available"})

_encode = msgspec.json.Encoder().encode


async def import_items(pool: Pool, bus: Bus, tenant_id: UUID, batches: AsyncIterator[Sequence[tuple[int, bytes]]]) -> ItemImportResult:
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


async def import_catalog_files(settings: Settings, tenant_id: UUID, files: Sequence[str], console: Console) -> None:
    """`recomengine import catalog`: files to products, with progress on the console."""
    pool = await open_pool(settings.database_url, min_size=1, max_size=2)
    redis = RedisClient(settings.redis_url)
    started = time.perf_counter()
    try:
        with Progress(console, files) as progress:
            result = await import_items(pool, Bus(settings.redis_url, redis), tenant_id, read_batches(files, row_to_item, progress))
    finally:
        await redis.close()
        await pool.close()
    seconds = time.perf_counter() - started
    for error in result.errors[:20]:
        console.print(f"line {error.line}: {error.message}", highlight=False, markup=False, soft_wrap=True)
    console.print(
        f"{result.accepted} products stored, {result.rejected} rejected, in {seconds:.1f} s "
        f"({(result.accepted + result.rejected) / seconds:,.0f}/s)", highlight=False, soft_wrap=True,
    )  # fmt: skip
    if result.rejected and not result.accepted:
        raise SettingsError("No product was stored: every line was rejected. Correct the file and import it again.")


def row_to_item(row: dict[str, Any]) -> bytes:
    """A CSV row (camelCase or snake_case columns) as a product's JSON; columns that are no field become attributes."""
    item: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for column, cell in row.items():
        if cell is None or cell == "":
            continue
        name = COLUMN_OF.get(column, column)
        if name == "attributes":
            attributes |= members_of(cell)
        elif name not in ITEM_COLUMNS:
            attributes[name] = cell
        elif name == "price":
            item[name] = number_of(cell)
        elif name == "available":
            item[name] = _truth(cell)
        else:
            item[name] = cell
    item.setdefault("name", item.get("productId", ""))
    return _encode(item | {"attributes": attributes} if attributes else item)


def _truth(cell: str) -> bool:
    word = cell.strip().lower()
    if word not in TRUE | FALSE:
        raise ValueError(f"available: expected true or false, got {cell!r}.")
    return word in TRUE
