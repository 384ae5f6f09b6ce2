"""A row of an event or order file as an event. A cell that cannot be taken is refused by its column's name."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from recomengine.events.column_names import LOST, NOBODY, OPTIONS, STATUSES, TYPES
from recomengine.files.cells import Refused, members_of, plain, shown, text_of
from recomengine.files.header import Header, currency_of
from recomengine.files.numbers import Amount, currency_named, decimal_mark, read_price, read_whole
from recomengine.files.plan import Record
from recomengine.files.times import Order, day_or_month, read_time
from recomengine.shop import EVENT_TRAITS, EventType

Cells = Mapping[str, str | list[str]]
FIELDS = ("eventType", "userId", "productId", "sessionId", "timestamp", "eventId")
CARRIED = ("userId", "timestamp", "currency")
"""Fields that stand in the first row of an order only, in some exports."""
EMPTY_IN_ORDERS = frozenset({"0", "-1"})
"""Ids of customers that guests get."""
FALSE = frozenset({"", "0", "false", "no", "n", "f"})
MAX_WORDS = 8
"""In the report."""
_CREDIT = re.compile(r"[Cc][0-9]+")
_AS_FLOAT = re.compile(r"([0-9]+)\.0")
T = TypeVar("T")


class Remarks(msgspec.Struct):
    """What is to be said of a whole file."""

    types: Counter[tuple[str, EventType]] = msgspec.field(default_factory=Counter)
    """Words of others for types, and what each was taken for."""
    returns: int = 0
    lost: int = 0
    """Lines of orders that came to nothing."""
    unzoned: int = 0
    trimmed: int = 0
    floats: int = 0
    """Ids such as 17850.0, as tables of numbers make them."""

    def notes(self) -> Iterator[str]:
        if self.types:
            words = ", ".join(f"{word} as {kind}" for (word, kind), _ in self.types.most_common(MAX_WORDS))
            yield f"Types of events are read by their names elsewhere: {words}."
        if self.returns:
            yield f"Read as returns, for a negative quantity or a credit note (C before the number): {self.returns}."
        if self.lost:
            yield f"Lines of orders that were cancelled, failed or refunded, and are left out: {self.lost}."
        if self.unzoned:
            yield f"Times that say no zone, and are taken in UTC: {self.unzoned}."
        if self.trimmed:
            yield f"Ids whose outer blanks were cut off: {self.trimmed}."
        if self.floats:
            yield f"Ids that were written with .0 behind them, and are taken without: {self.floats}."


class EventRows:
    def __init__(self, header: Header, kept: Sequence[str], remarks: Remarks) -> None:
        self._columns = header.columns_of
        self._kept = kept
        self._remarks = remarks
        self._of_orders = "eventType" not in header.columns_of
        self._statuses = [column for column in header.columns if plain(column) in STATUSES] if self._of_orders else []
        self._cancelled = [column for column in header.columns if plain(column) == "cancelledat"]
        self._options = [column for column in kept if plain(column) in OPTIONS]
        self._currency = next(filter(None, map(currency_of, header.columns_of.get("price", ()))), None)
        self._marks: dict[str, str | None] = {}
        self._orders: dict[str, Order | None] = {}
        self._numbered = False
        self._order: tuple[str, dict[str, Any]] = ("", {})
        self._readers: dict[str, Callable[[str, str], Any]] = {
            "sessionId": self._id, "eventId": self._id, "timestamp": self._time, "currency": _currency,
            "orderId": self._number, "lineId": _same, "variantId": _same, "placementId": _same, "strategy": _same,
            "recommendationId": _same, "experimentId": _same, "variant": _same, "query": _same, "bot": _bot,
        }  # fmt: skip

    def learn(self, records: Sequence[Record]) -> None:
        """How numbers, dates and orders are written, from the first records of a file."""
        for column in (*self._columns.get("price", ())[:1], *self._columns.get("quantity", ())[:1]):
            self._marks[column] = decimal_mark(text_of(record.cells.get(column)) for record in records)
        for column in self._columns.get("timestamp", ())[:1]:
            self._orders[column] = day_or_month(text_of(record.cells.get(column)) for record in records)
        for column in self._columns.get("orderId", ())[:1]:
            self._numbered |= any(text_of(record.cells.get(column)).isdecimal() for record in records)

    def read(self, record: Record) -> dict[str, Any] | None:
        """An event's fields; None of an order that came to nothing. Raises Refused."""
        cells = record.cells
        found: dict[str, Any] = {
            field: value
            for field, read in self._readers.items()
            if (value := self._value(cells, field, read)) is not None
        }
        found["userId"] = self._shopper(cells)
        self._carry(found)
        if self._came_to_nothing(cells):
            self._remarks.lost += 1
            return None
        if found["userId"] is None:
            raise Refused(f"{self._columns['userId'][0].strip()}: expected the shopper's id, the cell is empty")
        if (product_id := self._value(cells, "productId", self._id)) is not None:
            found["productId"] = product_id
        found["eventType"] = self._type(cells)
        self._sell(cells, found)
        return self._event(cells, found)

    def _value(self, cells: Cells, field: str, read: Callable[[str, str], T]) -> T | None:
        """`read(text, column)` of the field's column, where its cell holds something."""
        for column in self._columns.get(field, ())[:1]:
            if text := text_of(cells.get(column)):
                try:
                    return read(text, column)
                except Refused as refused:
                    raise Refused(f"{column.strip()}: {refused}") from None
        return None

    def _shopper(self, cells: Cells) -> str | None:
        """The first id that is somebody's; of a guest's order, the e-mail where the file has it."""
        for column in self._columns["userId"] if self._of_orders else self._columns["userId"][:1]:
            text = text_of(cell := cells.get(column))
            if text and text.casefold() not in NOBODY and not (self._of_orders and text in EMPTY_IN_ORDERS):
                self._remarks.trimmed += text != cell
                return self._number(text, column)
        return None

    def _carry(self, found: dict[str, Any]) -> None:
        """Give a further line of an order what only its first line says."""
        order = found.get("orderId")
        if not self._of_orders or order is None:
            return
        if order == self._order[0]:
            for field in CARRIED:
                if found.get(field) is None and field in self._order[1]:
                    found[field] = self._order[1][field]
        else:
            self._order = order, {field: found[field] for field in CARRIED if found.get(field) is not None}

    def _came_to_nothing(self, cells: Cells) -> bool:
        return any(text_of(cells.get(column)) for column in self._cancelled) or any(
            plain(text_of(cells.get(column)).removeprefix("wc-")) in LOST for column in self._statuses
        )

    def _type(self, cells: Cells) -> EventType:
        if self._of_orders:
            return "purchase"
        column = self._columns["eventType"][0]
        text = text_of(cells.get(column))
        kind = TYPES.get(plain(text))
        if kind is None:
            raise Refused(f"{column.strip()}: expected one of {', '.join(EVENT_TRAITS)}, got {shown(text)}")
        if text != kind:
            self._remarks.types[text, kind] += 1
        return kind

    def _sell(self, cells: Cells, found: dict[str, Any]) -> None:
        """Price and quantity; a purchase that takes something back is a return."""
        quantity = self._value(cells, "quantity", self._quantity)
        back = found["eventType"] == "return" or (
            found["eventType"] == "purchase" and self._takes_back(quantity, found.get("orderId", ""))
        )
        if back and found["eventType"] == "purchase":
            found["eventType"] = "return"
            self._remarks.returns += 1
        if quantity is not None:
            if not quantity or (quantity < 0 and not back):
                raise Refused(f"{self._columns['quantity'][0].strip()}: expected 1 or more, got {quantity}")
            found["quantity"] = abs(quantity)
        if (price := self._value(cells, "price", self._returned_price if back else self._price)) is not None:
            found["price"] = price.value
            found.setdefault("currency", price.currency or self._currency)

    def _takes_back(self, quantity: int | None, order_id: str) -> bool:
        return (quantity or 0) < 0 or (self._numbered and _CREDIT.fullmatch(order_id) is not None)

    def _event(self, cells: Cells, found: dict[str, Any]) -> dict[str, Any]:
        event = {field: found[field] for field in FIELDS if found.get(field) is not None}
        metadata: dict[str, Any] = {
            column.strip(): text for column in self._kept if (text := text_of(cells.get(column)))
        }
        metadata |= {field: value for field, value in found.items() if field not in FIELDS and value is not None}
        options = [text for column in self._options if (text := text_of(cells.get(column)))]
        if options and "orderId" in metadata:
            metadata.setdefault("variantId", " / ".join(options))
        metadata |= self._value(cells, "metadata", _members) or {}
        if metadata:
            event["metadata"] = metadata
        return event

    def _id(self, text: str, column: str) -> str:
        return text

    def _number(self, text: str, column: str) -> str:
        if (whole := _AS_FLOAT.fullmatch(text)) is None:
            return text
        self._remarks.floats += 1
        return whole[1]

    def _time(self, text: str, column: str) -> int | str:
        time = read_time(text, self._orders.get(column))
        self._remarks.unzoned += not time.zoned
        return time.value

    def _quantity(self, text: str, column: str) -> int:
        return read_whole(text, self._marks.get(column))

    def _price(self, text: str, column: str) -> Amount:
        return read_price(text, self._marks.get(column))

    def _returned_price(self, text: str, column: str) -> Amount:
        return read_price(text.removeprefix("-"), self._marks.get(column))


def _same(text: str, column: str) -> str:
    return text


def _bot(text: str, column: str) -> bool:
    return text.casefold() not in FALSE


def _currency(text: str, column: str) -> str:
    currency = currency_named(text)
    if currency is None:
        raise Refused(f"expected a currency such as EUR, got {shown(text)}")
    return currency


def _members(text: str, column: str) -> dict[str, msgspec.Raw]:
    return members_of(text)
