"""Columns of tables as products: names in camelCase or snake_case, cells as text; others become attributes."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from recomengine.files.plan import Columns, Options, Record
from recomengine.web.json_faults import HALF_CHARACTER, lone_surrogate
from recomengine.web.ndjson import Lines, Unreadable
from recomengine.web.problems import FieldError, Invalid

MAX_SHOWN = 40
"""Characters of a cell in a message."""
FIELDS = (
    "productId", "name", "category", "price", "currency", "imageUrl", "url", "description", "brand", "available",
    "attributes",
)  # fmt: skip
FIELD_OF = {field.lower(): field for field in FIELDS} | {"itemid": "productId", "id": "productId", "title": "name"}
TRUE, FALSE = frozenset({"true", "t", "yes", "y", "1"}), frozenset({"false", "f", "no", "n", "0"})
_encode = msgspec.json.Encoder().encode


def plan(header: Sequence[str], options: Options) -> "ItemPlan":
    """Raises Invalid where the header names no product's id or no name."""
    return ItemPlan(header, options)


class ItemPlan:
    notes: Sequence[str] = ()

    def __init__(self, header: Sequence[str], options: Options) -> None:
        self.columns = Columns()
        self._mapped = options.map
        self._field_of: dict[str, str | None] = {}
        for name in header:
            self._take(name)
        missing = [field for field in ("productId", "name") if field not in self.columns.used.values()]
        if missing:
            message = f"Expected columns for {' and '.join(missing)}, got {', '.join(header)[:500]}. Map them."
            raise Invalid(message, errors=[FieldError("$", message)])

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(self.columns.used.values()) | ({"attributes"} if self.columns.kept else set())

    def read(self, records: Sequence[Record]) -> Lines:
        lines: Lines = []
        for record in records:
            try:
                lines.append((record.line, self._item(record)))
            except (ValueError, msgspec.MsgspecError) as error:
                lines.append((record.line, Unreadable(str(error).encode(errors="replace"))))
        return lines

    def end(self) -> Lines:
        return []

    def _take(self, name: str) -> None:
        key = "".join(name.replace("_", "").split()).lower()
        field = self._mapped.get(name) or FIELD_OF.get(key)
        self._field_of[name] = field
        if field is None:
            self.columns.kept.append(name)
        else:
            self.columns.used[name] = field

    def _item(self, record: Record) -> bytes:
        item: dict[str, Any] = {}
        attributes: dict[str, Any] = {}
        for name, cell in record.cells.items():
            if name not in self._field_of:
                self._take(name)
            cell = cell[0] if isinstance(cell, list) else cell.strip()
            if not cell:
                continue
            field = self._field_of[name]
            if field is None:
                attributes[name] = cell
            elif field == "attributes":
                attributes |= members_of(cell)
            else:
                item[field] = number_of(cell) if field == "price" else _truth(cell) if field == "available" else cell
        return _encode(item | {"attributes": attributes} if attributes else item)


def number_of(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"expected a number, got {cell[:MAX_SHOWN]}")
    return number


def members_of(cell: str) -> dict[str, msgspec.Raw]:
    """Those of a cell's JSON object, to be decoded where they are checked."""
    try:
        return msgspec.json.decode(cell, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        if (path := lone_surrogate(cell.encode())) is not None:
            raise ValueError(f"{path}: {HALF_CHARACTER}.") from None
        raise


def _truth(cell: str) -> bool:
    word = cell.lower()
    if word not in TRUE | FALSE:
        raise ValueError(f"available: expected true or false, got {cell!r}.")
    return word in TRUE
