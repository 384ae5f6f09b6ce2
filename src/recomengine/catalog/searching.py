"""Listing and searching the catalog, page by page: a cursor is the sort key of the last row of a page."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from recomengine.catalog import queries
from recomengine.catalog.checking import normal_category
from recomengine.catalog.schemas import ItemOut, Search
from recomengine.infra.database import Connection, Pool, tenant_transaction
from recomengine.web.problems import invalid

WORD = re.compile(r"\w+", re.UNICODE)
FIRST = (1e9, 0)
START = -1


class _Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    rank: float
    number: int


_decode = msgspec.json.Decoder(_Cursor).decode


async def search(pool: Pool, tenant_id: UUID, query: Search) -> tuple[list[ItemOut], str | None]:
    """(one page, the cursor of the next or None)."""
    after = _read_cursor(query.cursor) if query.cursor else None
    async with tenant_transaction(pool, tenant_id) as connection:
        rows = await _rows(connection, tenant_id, query, after)
    page = rows[: query.limit]
    cursor = _write_cursor(page[-1]) if len(rows) > query.limit else None
    return [_item(row) for row in page], cursor


async def _rows(connection: Connection, tenant_id: UUID, query: Search, after: _Cursor | None) -> Sequence[Any]:
    """One more than the page, to know whether another follows."""
    category, limit = normal_category(query.category), query.limit + 1
    if query.q is None or not query.q.strip():
        return await queries.list_items(
            connection, tenant_id, category, query.available, after.number if after else START, limit
        )
    if "\0" in query.q:
        raise invalid("$.q", "holds the character U+0000. Remove it")
    words = " & ".join(f"{word}:*" for word in WORD.findall(query.q))
    below = (after.rank, after.number) if after else FIRST
    return await queries.search_items(connection, tenant_id, category, query.available, words, query.q, below, limit)


def _item(row: Any) -> ItemOut:
    return ItemOut(**{name: row[name] for name in ItemOut.__struct_fields__})


def _write_cursor(row: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(_Cursor(row["rank"], row["number"]))).decode().rstrip("=")


def _read_cursor(cursor: str) -> _Cursor:
    try:
        found = _decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise invalid("$.cursor", "is not a cursor of this list. Take meta.nextCursor of the page before") from None
    if not -1 <= found.number < 2**31:
        raise invalid("$.cursor", "is not a cursor of this list. Take meta.nextCursor of the page before")
    return found
