"""How an event or order file is read: which column is for what, and what is said of it at the end."""

from collections.abc import Iterator, Sequence

import msgspec

from recomengine.events.column_names import COMMON_NAMES, OWN_NAMES, PERSONAL, SHOPIFY_ORDERS
from recomengine.events.nested import IGNORED, NESTED, parts_of
from recomengine.events.rows import EventRows, Remarks
from recomengine.files.cells import Refused, plain
from recomengine.files.header import MAX_COLUMNS, Header, Names, missing
from recomengine.files.plan import Columns, Options, Record
from recomengine.web.ndjson import Lines, Unreadable
from recomengine.web.problems import invalid

FORMATS = ("auto", "recomengine", "shopify", "woocommerce", "google", "adobe-commerce")
"""What a file of events may be called. Their columns' names stand in one table, as hardly any has two meanings."""
_encode = msgspec.json.Encoder(decimal_format="number").encode


def plan(header: Sequence[str], options: Options) -> "EventPlan":
    """See files/plan.py: Planner."""
    if options.format not in FORMATS:
        raise invalid("format", f"expected one of {', '.join(FORMATS)}, got {options.format[:40]}")
    return EventPlan(header, options)


class EventPlan:
    """See files/plan.py: Plan."""

    fields = None

    def __init__(self, header: Sequence[str], options: Options) -> None:
        self._options = options
        self._remarks = Remarks()
        self._place(header)

    @property
    def columns(self) -> Columns:
        return self._columns

    @property
    def notes(self) -> list[str]:
        return list(self._notes())

    def _notes(self) -> Iterator[str]:
        columns_of = self._header.columns_of
        if "eventType" not in columns_of:
            yield "No column says the type of an event: all are purchases, as the file has orders."
        if "timestamp" not in columns_of:
            yield "No column says the time: the same shopper doing the same with the same product is one event."
        for field, (best, *others) in columns_of.items():
            for column in set(others) & set(self._columns.kept):
                yield f"{column} is kept as metadata, since {best} is taken for {field}."
        yield from self._remarks.notes()

    def _place(self, columns: Sequence[str]) -> None:
        self._all = list(columns)
        self._seen = set(columns)
        self._nested = any(plain(column) in NESTED for column in columns)
        self._header = header = Header(columns, _names(columns, self._options), self._options.map)
        if needed := dict(_needed(header)):
            raise missing(needed, header, self._options)
        self._columns = _placed(header)
        self._cells = EventRows(header, self._columns.kept, self._remarks)

    def read(self, records: Sequence[Record]) -> Lines:
        if self._nested or not all(map(self._seen.issuperset, (record.cells for record in records))):
            records = [part for record in records for part in parts_of(record)]
        self._cells.learn(records)
        lines: Lines = []
        for record in records:
            if not self._seen.issuperset(record.cells):
                self._take_columns(record, records)
            try:
                event = self._cells.read(record)
            except Refused as refused:
                lines.append((record.line, Unreadable(f"{refused}.".encode(errors="replace"))))
            else:
                if event is not None:
                    lines.append((record.line, _encode(event)))
        return lines

    def end(self) -> Lines:
        return []

    def _take_columns(self, record: Record, records: Sequence[Record]) -> None:
        """Those that no record before had, as JSON and XML may have them."""
        new = [column for column in record.cells if column not in self._seen]
        if len(self._all) + len(new) > MAX_COLUMNS:
            self._remarks.beyond += len(new)
            return
        self._place([*self._all, *new])
        self._cells.learn(records)


def _names(columns: Sequence[str], options: Options) -> Names:
    if options.format == "recomengine":
        return OWN_NAMES
    names = {field: (*OWN_NAMES.get(field, ()), *COMMON_NAMES.get(field, ())) for field in OWN_NAMES}
    if any(plain(column) == SHOPIFY_ORDERS for column in columns):
        names["orderId"] = ("name", *names["orderId"])
    return names


def _needed(header: Header) -> Iterator[tuple[str, Sequence[str]]]:
    if not {"eventType", "orderId"} & header.columns_of.keys():
        yield "the event's type, or for orders their id", ("event_type", "event", "order_id")
    if "userId" not in header.columns_of:
        yield "the shopper's id", ("user_id", "customer_id", "visitor_id")
    if not {"productId", "query"} & header.columns_of.keys() and not any(map(_holds_items, header.columns)):
        yield "the product's id", ("product_id", "item_id", "sku")


def _holds_items(column: str) -> bool:
    return plain(column) == "items"


def _placed(header: Header) -> Columns:
    """What becomes of each column."""
    columns = Columns(ignored=[*header.ignored, *header.blank])
    orders = "eventType" not in header.columns_of
    for field, found in header.columns_of.items():
        for column in found if orders and field == "userId" else found[:1]:
            columns.used[column] = field
    for column in header.columns:
        if column in columns.used or column in columns.ignored:
            continue
        name = plain(column)
        ignored = name in IGNORED or PERSONAL.fullmatch(name)
        (columns.ignored if ignored else columns.kept).append(column)
    return columns
