"""Rows of tables as the JSON of products and of events: columns in camelCase or snake_case, cells as text."""

import math
from collections.abc import Callable
from typing import Any

import msgspec

from recomengine.web.json_faults import HALF_CHARACTER, lone_surrogate

MAX_SHOWN = 40
"""Characters of a cell in a message."""

_encode = msgspec.json.Encoder().encode


def number_of(cell: str) -> float:
    """A CSV cell's number."""
    number = float(cell)
    if not math.isfinite(number):
        raise ValueError(f"expected a number, got {cell[:MAX_SHOWN]}")
    return number


def integer_of(cell: str) -> int:
    """A CSV cell's whole number."""
    if len(cell) > MAX_SHOWN:
        raise ValueError(f"expected a whole number, got {cell[:MAX_SHOWN]}… of {len(cell)} characters")
    return int(cell)


def members_of(cell: str) -> dict[str, msgspec.Raw]:
    """Those of a CSV cell's JSON object, to be decoded where they are checked."""
    try:
        return msgspec.json.decode(cell, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        if (path := lone_surrogate(cell.encode())) is not None:
            raise ValueError(f"{path}: {HALF_CHARACTER}.") from None
        raise


ITEM_COLUMN_OF = {"product_id": "productId", "item_id": "productId", "itemId": "productId", "image_url": "imageUrl"}
TRUE, FALSE = frozenset({"true", "t", "yes", "y", "1"}), frozenset({"false", "f", "no", "n", "0"})
ITEM_COLUMNS = frozenset(
    {"productId", "name", "category", "price", "currency", "imageUrl", "url", "description", "brand", "available"}
)

METADATA_COLUMNS: dict[str, Callable[[str], object]] = {
    "price": number_of, "quantity": integer_of, "currency": str, "orderId": str, "placementId": str, "strategy": str,
    "recommendationId": str, "experimentId": str, "variant": str, "query": str,
}  # fmt: skip
EVENT_COLUMN_OF = {
    "user_id": "userId", "item_id": "productId", "product_id": "productId", "itemId": "productId",
    "event_type": "eventType", "session_id": "sessionId", "event_id": "eventId", "order_id": "orderId",
    "placement_id": "placementId", "recommendation_id": "recommendationId", "experiment_id": "experimentId",
}  # fmt: skip
EVENT_COLUMNS = frozenset({"userId", "productId", "eventType", "sessionId", "eventId", "timestamp", "metadata"})


def row_to_item(row: dict[str, Any]) -> bytes:
    """A CSV row (camelCase or snake_case columns) as a product's JSON; columns that are no field become attributes."""
    item: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for column, cell in row.items():
        if cell is None or cell == "":
            continue
        name = ITEM_COLUMN_OF.get(column, column)
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


def row_to_event(row: dict[str, Any]) -> bytes:
    """A CSV row (camelCase or snake_case columns) as an event's JSON; empty cells are left out."""
    event: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for column, cell in row.items():
        if cell is None or cell == "":
            continue
        name = EVENT_COLUMN_OF.get(column, column)
        if name == "metadata":
            metadata |= members_of(cell)
        elif name in EVENT_COLUMNS:
            event[name] = integer_of(cell) if name == "timestamp" and cell.lstrip("-").isdecimal() else cell
        else:
            metadata[name] = METADATA_COLUMNS.get(name, str)(cell)
    return _encode(event | {"metadata": metadata} if metadata else event)
