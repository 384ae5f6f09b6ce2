"""A row of a product file as a draft: each field from its column's cell, other columns as attributes. A cell that
cannot be taken is refused by its column's name.
"""

import html
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from recomengine.catalog.category_cells import CategoryCells
from recomengine.catalog.drafts import Draft, Offer
from recomengine.catalog.formats.format import Cells, Family, Format
from recomengine.files.cells import Refused, first_link, members_of, named, plain, shown, text_of, texts_of
from recomengine.files.header import MAX_COLUMNS, Header, currency_of
from recomengine.files.numbers import Amount, currency_named, decimal_mark, read_amount, read_price
from recomengine.files.plan import Record
from recomengine.files.times import Order, day_or_month, read_time

AMOUNTS = ("price", "salePrice")
DATES = ("saleStarts", "saleEnds", "saleDates")
AVAILABLE = frozenset({
    "true", "t", "yes", "y", "ja", "oui", "si", "sí", "tak", "on", "instock", "available", "inventory",
    "limitedavailability", "onlineonly", "active", "enabled", "lagernd", "auflager", "enstock",
})  # fmt: skip
ORDERABLE = frozenset({
    "preorder", "availableforpreorder", "presale", "backorder", "backorders", "onbackorder", "availableforbackorder",
    "availableonbackorder", "madetoorder",
})  # fmt: skip
"""Not there now, and yet to be bought."""
UNAVAILABLE = frozenset({
    "false", "f", "no", "n", "nein", "non", "nie", "off", "outofstock", "soldout", "unavailable",
    "notavailable", "discontinued", "inactive", "disabled", "instoreonly", "ausverkauft", "rupture", "agotado",
})  # fmt: skip
MAX_WORDS = 5
"""In the report."""
NUMBERED = "googleproductcategory"
"""A column that may have the number of a category in place of its path."""
NO_PICTURE = frozenset({"no_selection"})
T = TypeVar("T")


class Remarks(msgspec.Struct):
    """What is found out of a whole file, and is to be said of it."""

    marks: dict[str, str | None] = {}
    """Of decimals, by columns."""
    orders: dict[str, Order | None] = {}
    last: tuple[str, str] = ("", "")
    """The group and the id of the row before."""
    currencies: bool = False
    """Whether prices say theirs."""
    orderable: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    """Words that were taken as available, with their columns."""
    beyond: int = 0
    """Cells of further columns than a file may have."""
    trimmed: int = 0
    """Ids with blanks around them."""
    undated: int = 0
    """Dates of sales that could not be read."""

    def notes(self) -> Iterator[str]:
        for (column, word), rows in self.orderable.most_common(MAX_WORDS):
            yield f"{column}: {shown(word)} is taken as available, since it can be ordered (rows: {rows})."
        if self.beyond:
            yield f"Cells beyond the first {MAX_COLUMNS} columns, which are left out: {self.beyond}."
        if self.trimmed:
            yield f"Ids whose outer blanks were cut off: {self.trimmed}."
        if self.undated:
            yield f"Dates of sales that could not be read, so that the sale's price was taken: {self.undated}."


class ItemRows:
    def __init__(
        self, header: Header, form: Format, categories: CategoryCells, kept: Sequence[str], remarks: Remarks
    ) -> None:
        self._form = form
        self._columns = {
            field: columns if field in form.fallbacks else columns[:1] for field, columns in header.columns_of.items()
        }
        self._listed = [(column, form.listed[plain(column)]) for column in header.taken if plain(column) in form.listed]
        self._plain = {column: plain(column) for column in header.columns} if form.family or form.follows else {}
        self._texts: dict[str, Callable[[str, str], str]] = {
            "name": _unescaped, "brand": _unescaped, "url": _unescaped, "imageUrl": _link,
            "description": self._description,
        }  # fmt: skip
        self._categories = categories
        self._kept = kept
        self._currency = {column: currency_of(column) for column in header.columns}
        self._remarks = remarks
        self._marks, self._orders = remarks.marks, remarks.orders

    def learn(self, records: Sequence[Record]) -> None:
        """How numbers and dates are written, where no record before has told it."""
        for column in self._of(AMOUNTS):
            if self._marks.get(column) is None:
                self._marks[column] = decimal_mark(text_of(record.cells.get(column)) for record in records)
        for column in self._of(DATES):
            if self._orders.get(column) is None:
                self._orders[column] = day_or_month(text_of(record.cells.get(column)) for record in records)

    def _of(self, fields: Sequence[str]) -> list[str]:
        return [column for field in fields for column in self._columns.get(field, ())]

    def read(self, record: Record) -> Draft:
        """Raises Refused, which names the column."""
        cells = {self._plain[column]: text_of(cell) for column, cell in record.cells.items() if column in self._plain}
        group = next((cells[name] for name in self._form.follows if cells.get(name)), "")
        product_id = self._id(record, group)
        item: dict[str, Any] = {
            field: value for field, read in self._texts.items() if (value := self._value(record, field, read))
        }
        if paths := self._paths(record):
            item["category"] = paths
        return Draft(
            record.line, product_id, item, self._offer(record, cells), self._attributes(record),
            listed=all(words.get(_word(text_of(record.cells.get(column))), True) for column, words in self._listed),
            family=self._form.family(cells) if self._form.family else Family(),
            group=group, known_as=tuple(name for name in (cells.get("sku"), f"id:{cells.get('id')}") if name),
        )  # fmt: skip

    def _value(self, record: Record, field: str, read: Callable[[str, str], T]) -> T | None:
        """`read(text, column)` of the field's best cell that holds something."""
        for column in self._columns.get(field, ()):
            if text := text_of(record.cells.get(column)):
                return named(column, read, text, column)
        return None

    def id_of(self, record: Record) -> str:
        """Empty where it has none."""
        return next(filter(None, (text_of(record.cells.get(column)) for column in self._columns["productId"])), "")

    def _id(self, record: Record, group: str) -> str:
        for column in self._columns["productId"]:
            if text := text_of(cell := record.cells.get(column)):
                self._remarks.trimmed += text != cell
                self._remarks.last = group, text
                return text
        if group and group == self._remarks.last[0]:  # another picture of the same
            return self._remarks.last[1]
        raise Refused(f"{self._columns['productId'][0].strip()}: expected the product's id, the cell is empty")

    def _description(self, text: str, column: str) -> str:
        return text.replace(self._form.line_break, "\n") if self._form.line_break else text

    def _paths(self, record: Record) -> list[str]:
        """Of all categories, the main one first."""
        paths: list[str] = []
        for field in ("category", "categories"):
            for column in self._columns.get(field, ()):
                texts = texts_of(record.cells.get(column, ""))
                if plain(column) == NUMBERED:
                    texts = [text for text in texts if not text.isdecimal()]
                for text in texts:
                    paths += named(column, self._categories.read, text)
                if texts:
                    break
        return list(dict.fromkeys(paths))

    def _offer(self, record: Record, cells: Cells) -> Offer:
        regular = self._value(record, "price", self._price)
        sale = self._value(record, "salePrice", self._price)
        price = sale if sale is not None and sale.value and self._on_sale(record) else regular
        if price is not None and regular is not None and regular.value and regular.value < price.value:
            price = regular
        currency = self._value(record, "currency", _currency)
        beside = None if price is None else price.currency
        if currency and beside and currency != beside:
            raise Refused(f"{self._columns['currency'][0].strip()}: says {currency}, and the price {beside}")
        beside = beside or currency or next(filter(None, map(self._currency.get, self._of(AMOUNTS))), None)
        self._remarks.currencies |= beside is not None
        return Offer(None if price is None else price.value, beside, self._is_available(record, cells))

    def _price(self, text: str, column: str) -> Amount:
        return read_price(text, self._marks.get(column))

    def _on_sale(self, record: Record) -> bool:
        """Whether the sale's price holds now, by its dates; without dates, or with others than dates, it does."""
        starts, ends = self._value(record, "saleStarts", _same), self._value(record, "saleEnds", _same)
        if dates := self._value(record, "saleDates", _same):
            starts, _, ends = dates.partition("/") if dates.count("/") == 1 else (None, None, None)
        now = datetime.now(UTC)
        begun, over = self._moment(starts), self._moment(ends)
        if over is not None and ":" not in (ends or ""):
            over += timedelta(days=1)  # a day is meant to its end
        return (begun is None or begun <= now) and (over is None or now < over)

    def _moment(self, text: str | None) -> datetime | None:
        if not text:
            return None
        order = next((order for order in self._orders.values() if order is not None), None)
        try:
            return datetime.fromisoformat(str(read_time(text.strip(), order).value))
        except (Refused, ValueError):
            self._remarks.undated += 1
            return None

    def _is_available(self, record: Record, cells: Cells) -> bool | None:
        if self._form.stock is not None and (told := self._form.stock(cells)) is not None:
            return told
        told = self._value(record, "available", self._available)
        return told if told is not None else self._value(record, "stock", self._available)

    def _available(self, text: str, column: str) -> bool:
        word = plain(text.rsplit("/", 1)[-1])  # https://schema.org/InStock
        if word in ORDERABLE:
            self._remarks.orderable[column.strip(), text] += 1
        if word in AVAILABLE or word in ORDERABLE or word in UNAVAILABLE:
            return word not in UNAVAILABLE
        try:
            return read_amount(text, ".").value > 0
        except Refused:
            raise Refused(
                f"expected true or false, in stock or out of stock, or a number of pieces, got {shown(text)}"
            ) from None

    def _attributes(self, record: Record) -> dict[str, list[Any]]:
        kept: dict[str, list[Any]] = {}
        for column in self._kept:
            if texts := texts_of(record.cells.get(column, "")):
                kept[column] = texts
        if (members := self._value(record, "attributes", _members)) is not None:
            kept |= {name: [value] for name, value in members.items()}
        return kept


def _same(text: str, column: str) -> str:
    return text


def _unescaped(text: str, column: str) -> str:
    return html.unescape(text)


def _link(text: str, column: str) -> str:
    return "" if text in NO_PICTURE else first_link(text)


def _members(text: str, column: str) -> dict[str, msgspec.Raw]:
    return members_of(text)


def _currency(text: str, column: str) -> str:
    currency = currency_named(text)
    if currency is None:
        raise Refused(f"expected a currency such as EUR, got {shown(text)}")
    return currency


def _word(text: str) -> str:
    return "".join(text.casefold().split())
