"""Events of Google Analytics 4 as JSON: several items in one event, and what is said of it within further objects."""

from collections.abc import Iterator
from typing import Any

import msgspec

from recomengine.files.cells import plain
from recomengine.files.plan import Record

ITEMS, WITHIN, PARAMETERS = "items", "ecommerce", "eventparams"
NESTED = frozenset({ITEMS, WITHIN, PARAMETERS})
IGNORED = NESTED | frozenset({
    "device", "geo", "trafficsource", "userproperties", "privacyinfo", "appinfo",
    "eventpreviousdate", "eventprevioustimestamp", "eventbundlesequenceid", "eventserverdateoffset",
    "userfirsttouchtimestamp", "userltv", "streamid", "collectedtrafficsource", "sessiontrafficsourcelastclick",
    "isactiveuser", "batcheventindex", "batchpageid", "batchorderingid", "publisher", "eventdimensions",
})  # fmt: skip
"""Columns whose parts are taken, or that say nothing of what a shopper did with a product."""
PARAMETERS_TAKEN = frozenset({"gasessionid", "transactionid", "currency", "searchterm", "itemlistid"})
_object = msgspec.json.Decoder(dict[str, Any])
_objects = msgspec.json.Decoder(list[dict[str, Any]])


def parts_of(record: Record) -> Iterator[Record]:
    """A record for each of its items; itself where it has none. What an item says goes before what the event says."""
    named = {plain(column): column for column in record.cells} if any(map(_is_nested, record.cells.values())) else {}
    if not named.keys() & NESTED:
        yield record
        return
    cells = record.cells | _members(record, named.get(WITHIN)) | _parameters(record, named.get(PARAMETERS))
    items = _decoded(record, named.get(ITEMS), _objects) or []
    for column in (ITEMS, WITHIN, PARAMETERS):
        cells.pop(named.get(column, ""), None)
    for item in items or [{}]:
        yield Record(record.line, cells | _texts(item))


def _is_nested(cell: str | list[str]) -> bool:
    return isinstance(cell, str) and cell[:1] in ("{", "[")


def _members(record: Record, column: str | None) -> dict[str, str | list[str]]:
    return _texts(_decoded(record, column, _object) or {})


def _parameters(record: Record, column: str | None) -> dict[str, str | list[str]]:
    """[{"key": "ga_session_id", "value": {"int_value": "7"}}]"""
    found: dict[str, Any] = {}
    for one in _decoded(record, column, _objects) or []:
        key, value = one.get("key"), one.get("value")
        if isinstance(key, str) and isinstance(value, dict) and plain(key) in PARAMETERS_TAKEN:
            found[key] = next((part for part in value.values() if part is not None), None)
    return _texts(found)


def _decoded(record: Record, column: str | None, decoder: "msgspec.json.Decoder[Any]") -> Any:
    cell = record.cells.get(column or "", "")
    try:
        return decoder.decode(cell) if isinstance(cell, str) and cell else None
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):  # then the event lacks a product, which is told
        return None


def _texts(members: dict[str, Any]) -> dict[str, str | list[str]]:
    return {name: str(value) for name, value in members.items() if isinstance(value, str | int | float)}
