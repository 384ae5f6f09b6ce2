"""Columns of tables as events: names in camelCase or snake_case, cells as text; others become metadata."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from recomengine.files.plan import Columns, Options, Record
from recomengine.web.json_faults import HALF_CHARACTER, lone_surrogate
from recomengine.web.ndjson import Lines, Unreadable
from recomengine.web.problems import FieldError, Invalid

MAX_SHOWN = 40
"""Characters of a cell in a message."""
FIELDS = ("userId", "productId", "eventType", "sessionId", "eventId", "timestamp", "metadata")
METADATA = (
    "price", "quantity", "currency", "orderId", "placementId", "strategy", "recommendationId", "experimentId",
    "variant", "query",
)  # fmt: skip
FIELD_OF = {field.lower(): field for field in (*FIELDS, *METADATA)} | {"itemid": "productId"}
_encode = msgspec.json.Encoder().encode


def plan(header: Sequence[str], options: Options) -> "EventPlan":
    """Raises Invalid where the header names no shopper or no type of event."""
    return EventPlan(header, options)


class EventPlan:
    notes: Sequence[str] = ()
    fields = None

    def __init__(self, header: Sequence[str], options: Options) -> None:
        self.columns = Columns()
        self._mapped = options.map
        self._field_of: dict[str, str | None] = {}
        for name in header:
            self._take(name)
        missing = [field for field in ("userId", "eventType") if field not in self.columns.used.values()]
        if missing:
            message = f"Expected columns for {' and '.join(missing)}, got {', '.join(header)[:500]}. Map them."
            raise Invalid(message, errors=[FieldError("$", message)])

    def read(self, records: Sequence[Record]) -> Lines:
        lines: Lines = []
        for record in records:
            try:
                lines.append((record.line, self._event(record)))
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

    def _event(self, record: Record) -> bytes:
        event: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        for name, cell in record.cells.items():
            if name not in self._field_of:
                self._take(name)
            cell = cell[0] if isinstance(cell, list) else cell.strip()
            if not cell:
                continue
            field = self._field_of[name]
            if field == "metadata":
                metadata |= members_of(cell)
            elif field in FIELDS:
                event[field] = integer_of(cell) if field == "timestamp" and cell.lstrip("-").isdecimal() else cell
            else:
                metadata[field or name] = NUMBERS.get(field or name, str)(cell)
        return _encode(event | {"metadata": metadata} if metadata else event)


def number_of(cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"expected a number, got {cell[:MAX_SHOWN]}")
    return number


def integer_of(cell: str) -> int:
    if len(cell) > MAX_SHOWN or not cell.lstrip("-").isdecimal():
        raise ValueError(f"expected a whole number, got {cell[:MAX_SHOWN]}")
    return int(cell)


NUMBERS: dict[str, Callable[[str], object]] = {"price": number_of, "quantity": integer_of}


def members_of(cell: str) -> dict[str, msgspec.Raw]:
    """Those of a cell's JSON object, to be decoded where they are checked."""
    try:
        return msgspec.json.decode(cell, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        if (path := lone_surrogate(cell.encode())) is not None:
            raise ValueError(f"{path}: {HALF_CHARACTER}.") from None
        raise
