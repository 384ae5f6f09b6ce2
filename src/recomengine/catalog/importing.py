"""Bulk import of products: batches of JSON lines to stored products. For HTTP and the CLI alike.

A line is a whole product, as a PUT is; of a table with `fields` it says what the table has columns for (partial.py). A
file that is to replace the catalog goes in when it is known to its end (replacing.py).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec

from recomengine.catalog.checking import read_item
from recomengine.catalog.replacing import GoodLine, Replacement, replacement
from recomengine.catalog.schemas import ItemImportResult
from recomengine.catalog.service import write_items
from recomengine.catalog.tally import Tally
from recomengine.infra.bus import Bus
from recomengine.infra.database import Pool
from recomengine.web.ndjson import TAKEN, Unreadable
from recomengine.web.problems import MalformedBody, Problem, SlowRequest, TooLarge

Lines = Sequence[tuple[int, bytes]]
Replace = Literal["no", "yes", "force"]
Rejected = tuple[int, str | None]
"""Its line, and the id of the product that it is about, as far as that can be told."""


class _Named(msgspec.Struct, rename="camel"):
    product_id: Any = None


_named = msgspec.json.Decoder(_Named)


async def import_items(
    pool: Pool,
    bus: Bus,
    tenant_id: UUID,
    batches: AsyncIterator[Lines],
    *,
    fields: frozenset[str] | None = None,
    replace: Replace = "no",
) -> ItemImportResult:
    """Write every good line; a bad one is reported and the rest goes in.

    replace: what a complete import lacks becomes unavailable; force: however much that is. Nothing changes where the
    source breaks, or Replacement.check refuses.
    """
    tally = Tally()
    if replace == "no":
        await _write_each(pool, bus, tenant_id, batches, fields, tally)
        return tally.result()
    fields = None if fields is None else fields | {"available"}  # what stands in a complete file is to be had
    async with replacement(pool, tenant_id) as file:
        await _take_whole(file, batches, tally)
        await file.check(forced=replace == "force")
        for good in file.good_lines():
            await _write(pool, bus, tenant_id, good, fields, tally)
        tally.removed = await file.take_away_absent(bus)
    return tally.result()


async def rehearse_replacing(
    pool: Pool, tenant_id: UUID, batches: AsyncIterator[Lines], *, forced: bool
) -> tuple[int, ItemImportResult]:
    """How many lines are good, and what would be rejected and removed; stores nothing, and refuses what an import
    would.
    """
    tally = Tally()
    async with replacement(pool, tenant_id) as file:
        await _take_whole(file, batches, tally)
        tally.removed = await file.check(forced=forced)
    return file.good, tally.result()


async def _take_whole(file: Replacement, batches: AsyncIterator[Lines], tally: Tally) -> None:
    try:
        async for lines in batches:
            await file.take(*_read(lines, tally))
    except (MalformedBody, SlowRequest, TooLarge) as problem:  # which says that what came before was taken
        problem.detail = f"{problem.detail.removesuffix(TAKEN).strip()} Nothing was changed."
        raise


async def _write_each(
    pool: Pool, bus: Bus, tenant_id: UUID, batches: AsyncIterator[Lines], fields: frozenset[str] | None, tally: Tally
) -> None:
    """A batch is read while PostgreSQL writes the one before it."""
    writing: asyncio.Task[None] | None = None
    try:
        async for lines in batches:
            good, _ = _read(lines, tally)
            if writing is not None:
                await writing
            writing = asyncio.create_task(_write(pool, bus, tenant_id, good, fields, tally))
    finally:
        if writing is not None:
            await writing


async def _write(
    pool: Pool, bus: Bus, tenant_id: UUID, good: Sequence[GoodLine], fields: frozenset[str] | None, tally: Tally
) -> None:
    if good:
        written = await write_items(pool, bus, tenant_id, [item for _, item in good], fields)
        tally.add(good, written)


def _read(lines: Lines, tally: Tally) -> tuple[list[GoodLine], list[Rejected]]:
    good: list[GoodLine] = []
    rejected: list[Rejected] = []
    for number, line in lines:
        if isinstance(line, Unreadable):
            tally.reject(number, line.decode())
            rejected.append((number, line.identity))
            continue
        try:
            item, trimmed = read_item(line)
        except Problem as problem:
            tally.reject(number, problem.detail)
            rejected.append((number, _id_in(line)))
            continue
        if trimmed:
            tally.trim(number, item.product_id)
        good.append((number, item))
    return good, rejected


def _id_in(line: bytes) -> str | None:
    try:
        product_id = _named.decode(line).product_id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return product_id.strip() if isinstance(product_id, str) else None
