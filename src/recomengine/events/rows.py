"""A row of an event or order file as an event. A cell that cannot be taken is refused by its column's name."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from recomengine.events.column_names import LOST, NOBODY, OPTIONS, STATUSES, TYPES
from recomengine.files.cells import Refused, members_of, named, plain, shown, text_of
from recomengine.files.header import MAX_COLUMNS, Header, currency_of
from recomengine.files.numbers import currency_named, decimal_mark, read_price, read_whole
from recomengine.files.plan import Record
from recomengine.files.times import Order, day_or_month, read_time
from recomengine.shop import EVENT_TRAITS, EventType

Cells = Mapping[str, str | list[str]]
Reader = Callable[[str], Any]
TEXTS = (
    "lineId", "variantId", "placementId", "strategy", "recommendationId", "experimentId", "variant", "query",
)  # fmt: skip
EMPTY_IN_ORDERS = frozenset({"0", "-1"})
"""Ids of customers that guests get."""
FALSE = frozenset({"", "0", "false", "no", "n", "f"})
MAX_WORDS = 8
"""In the report."""
_CREDIT = re.compile(r"[Cc][0-9]+")
_AS_FLOAT = re.compile(r"([0-9]+)\.0")


class Remarks(msgspec.Struct):
    """What is found out of a whole file, and is to be said of it."""

    marks: dict[str, str | None] = {}
    """Of decimals, by columns."""
    orders: dict[str, Order | None] = {}
    numbered: bool = False
    """Whether orders are numbers, so that a C before one says a credit note."""
    order: tuple[str, tuple[str | None, int | str | None, str | None]] = ("", (None, None, None))
    """The order of the last line, and the shopper, time and currency of its first line: further ones may lack them."""

    types: Counter[tuple[str, EventType]] = msgspec.field(default_factory=Counter)
    """Words of others for types, and what each was taken for."""
    returns: int = 0
    lost: int = 0
    """Lines of orders that came to nothing."""
    unzoned: int = 0
    beyond: int = 0
    """Cells of further columns than a file may have."""
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
        if self.beyond:
            yield f"Cells beyond the first {MAX_COLUMNS} columns, which are left out: {self.beyond}."
        if self.trimmed:
            yield f"Ids whose outer blanks were cut off: {self.trimmed}."
        if self.floats:
            yield f"Ids that were written with .0 behind them, and are taken without: {self.floats}."


class EventRows:
    def __init__(self, header: Header, kept: Sequence[str], remarks: Remarks) -> None:
        self._columns = header.columns_of
        self._remarks = remarks
        self._of_orders = "eventType" not in header.columns_of
        self._shoppers = header.columns_of["userId"] if self._of_orders else header.columns_of["userId"][:1]
        self._statuses = [column for column in header.taken if plain(column) in STATUSES] if self._of_orders else []
        self._cancelled = [column for column in header.taken if plain(column) == "cancelledat"]
        self._options = [column for column in kept if plain(column) in OPTIONS]
        self._price, self._quantity = self._column("price"), self._column("quantity")
        self._currency = currency_of(self._price)
        readers: dict[str, Reader | None] = {
            "timestamp": self._time,
            "productId": None,
            "sessionId": None,
            "eventId": None,
        }
        self._event = [(field, column, read) for field, read in readers.items() if (column := self._column(field))]
        facts: dict[str, Reader | None] = {"orderId": self._number, "currency": _currency, "bot": _bot}
        facts |= dict.fromkeys(TEXTS)
        self._metadata: list[tuple[str, str, Reader | None]] = [(column.strip(), column, None) for column in kept]
        self._metadata += [(field, column, read) for field, read in facts.items() if (column := self._column(field))]

    def _column(self, field: str) -> str:
        return self._columns.get(field, ("",))[0]

    def learn(self, records: Sequence[Record]) -> None:
        """How numbers, dates and orders are written, where no record before has told it."""
        marks, orders = self._remarks.marks, self._remarks.orders
        for column in filter(None, (self._price, self._quantity)):
            if marks.get(column) is None:
                marks[column] = decimal_mark(_cells(records, column))
        if (column := self._column("timestamp")) and orders.get(column) is None:
            orders[column] = day_or_month(_cells(records, column))
        if (column := self._column("orderId")) and not self._remarks.numbered:
            self._remarks.numbered = any(map(str.isdecimal, _cells(records, column)))

    def read(self, record: Record) -> dict[str, Any] | None:
        """An event's fields; None of an order that came to nothing. Raises Refused."""
        cells = record.cells
        event: dict[str, Any] = {"eventType": self._type(cells), "userId": self._shopper(cells)}
        metadata: dict[str, Any] = {}
        self._fill(cells, self._event, event)
        self._fill(cells, self._metadata, metadata)
        if self._of_orders:
            self._carry(event, metadata)
            if self._came_to_nothing(cells):
                self._remarks.lost += 1
                return None
        if event["userId"] is None:
            raise Refused(f"{self._shoppers[0].strip()}: expected the shopper's id, the cell is empty")
        self._sell(cells, event, metadata)
        if "orderId" in metadata and self._options:
            self._tell_variants_apart(cells, metadata)
        if (column := self._column("metadata")) and (text := text_of(cells.get(column))):
            metadata |= named(column, members_of, text)
        if metadata:
            event["metadata"] = metadata
        return event

    def _fill(self, cells: Cells, readers: Sequence[tuple[str, str, Reader | None]], into: dict[str, Any]) -> None:
        column = ""
        try:
            for field, column, read in readers:
                cell = cells.get(column)
                if cell and (text := cell.strip() if isinstance(cell, str) else text_of(cell)):
                    into[field] = text if read is None else read(text)
                    if len(text) != len(cell) and field == "productId":
                        self._remarks.trimmed += 1
        except Refused as refused:
            raise Refused(f"{column.strip()}: {refused}") from None

    def _shopper(self, cells: Cells) -> str | None:
        """The first id that is somebody's; of a guest's order, the e-mail where the file has it."""
        for column in self._shoppers:
            text = text_of(cell := cells.get(column))
            if text and text.casefold() not in NOBODY and not (self._of_orders and text in EMPTY_IN_ORDERS):
                self._remarks.trimmed += text != cell
                return self._number(text)
        return None

    def _carry(self, event: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Give a further line of an order what only its first line says."""
        order_id = metadata.get("orderId")
        last_id, first = self._remarks.order
        if order_id is None:
            return
        if order_id != last_id:
            first = event["userId"], event.get("timestamp"), metadata.get("currency")
            self._remarks.order = order_id, first
        user_id, timestamp, currency = first
        event["userId"] = event["userId"] or user_id
        if timestamp is not None:
            event.setdefault("timestamp", timestamp)
        if currency is not None:
            metadata.setdefault("currency", currency)

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

    def _sell(self, cells: Cells, event: dict[str, Any], metadata: dict[str, Any]) -> None:
        """Price and quantity; a purchase that takes something back is a return."""
        quantity, marks = None, self._remarks.marks
        if text := text_of(cells.get(self._quantity)):
            quantity = named(self._quantity, read_whole, text, marks.get(self._quantity))
        if event["eventType"] == "purchase" and self._takes_back(quantity, metadata.get("orderId", "")):
            event["eventType"] = "return"
            self._remarks.returns += 1
        back = event["eventType"] == "return"
        if quantity is not None:
            if not quantity or (quantity < 0 and not back):
                raise Refused(f"{self._quantity.strip()}: expected 1 or more, got {quantity}")
            metadata["quantity"] = abs(quantity)
        if text := text_of(cells.get(self._price)):
            price = named(self._price, read_price, text.removeprefix("-") if back else text, marks.get(self._price))
            metadata["price"] = price.value
            if currency := price.currency or self._currency:
                metadata.setdefault("currency", currency)

    def _takes_back(self, quantity: int | None, order_id: str) -> bool:
        return (quantity or 0) < 0 or (self._remarks.numbered and _CREDIT.fullmatch(order_id) is not None)

    def _tell_variants_apart(self, cells: Cells, metadata: dict[str, Any]) -> None:
        options = [text for column in self._options if (text := text_of(cells.get(column)))]
        if options:
            metadata.setdefault("variantId", " / ".join(options))

    def _number(self, text: str) -> str:
        if not text.endswith(".0") or (whole := _AS_FLOAT.fullmatch(text)) is None:
            return text
        self._remarks.floats += 1
        return whole[1]

    def _time(self, text: str) -> int | str:
        time = read_time(text, self._remarks.orders.get(self._column("timestamp")))
        self._remarks.unzoned += not time.zoned
        return time.value


def _cells(records: Sequence[Record], column: str) -> set[str]:
    """Each once."""
    return {text_of(record.cells.get(column)) for record in records}


def _bot(text: str) -> bool:
    return text.casefold() not in FALSE


def _currency(text: str) -> str:
    currency = currency_named(text)
    if currency is None:
        raise Refused(f"expected a currency such as EUR, got {shown(text)}")
    return currency
