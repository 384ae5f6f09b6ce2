"""How a product file is read: which column is for which field, in whose format, and what is said of it at the end."""

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from recomengine.catalog.category_cells import DOUBTFUL, CategoryCells
from recomengine.catalog.column_names import COMMON_NAMES, OWN_NAMES
from recomengine.catalog.drafts import Draft, Families, Following, Gathering, Single
from recomengine.catalog.formats import OWN, chosen
from recomengine.catalog.formats.format import Format
from recomengine.catalog.rows import ItemRows, Remarks
from recomengine.files.cells import Refused, plain, shown
from recomengine.files.header import MAX_COLUMNS, Header, Names, missing
from recomengine.files.plan import Columns, Options, Record
from recomengine.web.ndjson import Lines, Unreadable

NEEDED = (
    ("productId", "the product's id", ("product_id", "id", "sku")), ("name", "the product's name", ("name", "title")),
)  # fmt: skip
"""Fields that a file must have, in words, and names that will do."""
SHOWN_AS = {
    "salePrice": "price",
    "saleDates": "price",
    "saleStarts": "price",
    "saleEnds": "price",
    "stock": "available",
}
"""Fields that are no fields of a product, by those that are made of them."""
_PAIR = re.compile(r"(attribute|option)(\d+)(name|values?)")
_ADDITIONAL = re.compile(r"([^=,]+)=(.*?)(?=,[^=,]+=|$)", re.DOTALL)
_encode = msgspec.json.Encoder(decimal_format="number").encode


def plan(header: Sequence[str], options: Options) -> "ItemPlan":
    """See files/plan.py: Planner."""
    return ItemPlan(header, options)


class ItemPlan:
    """See files/plan.py: Plan."""

    def __init__(self, header: Sequence[str], options: Options) -> None:
        self._form = chosen(options.format, header)
        self._options = options
        self._names = names_of(self._form)
        self._known = {name for names in self._names.values() for name in names}
        self._categories = _category_cells(self._form, options)
        self._gathering: Gathering = (
            Families() if self._form.family else Following() if self._form.follows else Single()
        )
        self._remarks = Remarks()
        self._rows = self._products = 0
        self._place(header)

    @property
    def columns(self) -> Columns:
        return self._columns

    @property
    def fields(self) -> frozenset[str]:
        """An attribute with a column of its own by its name, as attributes.colour."""
        told = set(self._columns.used.values()) | {f"attributes.{column.strip()}" for column in self._columns.kept}
        if self._remarks.currencies:
            told.add("currency")
        return frozenset(told | {"category", "categories"} if told & {"category", "categories"} else told)

    @property
    def notes(self) -> list[str]:
        return list(self._notes())

    def _notes(self) -> Iterator[str]:
        if self._form.title:
            yield f"Read as {self._form.title}."
        if not isinstance(self._gathering, Single) and self._rows != self._products:
            yield f"{self._rows} rows were read as {self._products} products."
        for field, (best, *others) in self._header.columns_of.items():
            for column in set(others) & set(self._columns.kept):
                yield f"{column} is kept as an attribute, since {best} is taken for {field}."
        yield from self._gathering.notes()
        yield from self._remarks.notes()
        if doubtful := self._categories.doubtful:
            sign = next(sign for sign in DOUBTFUL if sign in doubtful)
            yield (
                f"The category {shown(doubtful)} is taken as one name. If {sign} stands between the levels of a path, "
                f"say so: --category-separator '{sign}'."
            )

    def _place(self, columns: Sequence[str]) -> None:
        self._all = list(columns)
        self._seen = set(columns)
        self._header = header = Header(columns, self._names, self._options.map)
        needed = {words: names for field, words, names in NEEDED if field not in header.columns_of}
        if needed:
            raise missing(needed, header, self._options)
        self._columns = _placed(header, self._form)
        self._cells = ItemRows(header, self._form, self._categories, self._columns.kept, self._remarks)

    def read(self, records: Sequence[Record]) -> Lines:
        self._cells.learn(records)
        lines: Lines = []
        for record in records:
            self._rows += 1
            if not self._seen.issuperset(record.cells):
                self._take_columns(record, records)
            try:
                ready = self._gathering.take(self._cells.read(record))
            except Refused as refused:
                lines.append((record.line, _unreadable(f"{refused}.", self._cells.id_of(record))))
            else:
                lines += map(self._line, ready)
        return lines

    def end(self) -> Lines:
        return [self._line(draft) for draft in self._gathering.rest()]

    def _take_columns(self, record: Record, records: Sequence[Record]) -> None:
        """Those that no record before had, as JSON and XML may have them."""
        new = [column for column in record.cells if column not in self._seen]
        if len(self._all) + len(new) > MAX_COLUMNS:
            self._remarks.beyond += len(new)
            return
        self._place([*self._all, *new])
        self._cells.learn(records)

    def _line(self, draft: Draft) -> tuple[int, bytes]:
        if not draft.item.get("name"):
            column = self._header.columns_of["name"][0].strip()
            return draft.line, _unreadable(
                f"{column}: expected the product's name, the cell is empty.", draft.product_id
            )
        self._products += 1
        offer = draft.whole_offer()
        paths = draft.item.pop("category", [])
        fields = {
            "productId": draft.product_id, **draft.item,
            "category": paths[0] if paths else None, "categories": paths if len(paths) > 1 else None,
            "price": offer.price, "currency": offer.currency, "available": offer.available,
            "attributes": _attributes(draft.kept),
        }  # fmt: skip
        return draft.line, _encode({name: value for name, value in fields.items() if value not in (None, "")})


def _unreadable(why: str, product_id: str) -> Unreadable:
    line = Unreadable(why.encode(errors="replace"))
    line.identity = product_id or None
    return line


def names_of(form: Format) -> Names:
    """The fields' own names first, then the format's, then everybody's, but for those without meaning in the format."""
    if form is OWN:
        return OWN_NAMES
    names: dict[str, tuple[str, ...]] = {}
    for field in dict.fromkeys([*OWN_NAMES, *COMMON_NAMES]):
        common = (name for name in COMMON_NAMES.get(field, ()) if not form.ignored.fullmatch(name))
        names[field] = tuple(dict.fromkeys([*OWN_NAMES.get(field, ()), *form.names.get(field, ()), *common]))
    return names


def _category_cells(form: Format, options: Options) -> CategoryCells:
    given = html.unescape(options.category_separator or "").strip()
    return CategoryCells((given,) if given else form.levels, form.several)


def _placed(header: Header, form: Format) -> Columns:
    """What becomes of each column."""
    columns = Columns(ignored=[*header.ignored, *header.blank])
    for field, found in header.columns_of.items():
        for column in found if field in form.fallbacks else found[:1]:
            columns.used[column] = SHOWN_AS.get(field, field)
    for column in header.columns:
        if column in columns.used or column in columns.ignored:
            continue
        name = plain(column)
        if name in form.listed:
            columns.used[column] = "available"
        elif form.ignored.fullmatch(name):
            columns.ignored.append(column)
        else:
            columns.kept.append(column)
    return columns


def _attributes(kept: dict[str, list[Any]]) -> dict[str, Any] | None:
    """By their names; Option1 Name and Option1 Value, as many systems have them, are one."""
    attributes: dict[str, Any] = {}
    pairs: dict[str, dict[str, list[Any]]] = {}
    for column, values in kept.items():
        name = plain(column)
        if pair := _PAIR.fullmatch(name):
            pairs.setdefault(pair[1] + pair[2], {})[pair[3].rstrip("s")] = values
        elif name == "additionalattributes":
            attributes |= {found[1].strip(): found[2] for found in _ADDITIONAL.finditer(values[0])}
        else:
            attributes[column.strip()] = values[0] if len(values) == 1 else values
    for pair_of in pairs.values():
        values = [one.strip() for value in pair_of.get("value", []) for one in value.split(",")]
        if (names := pair_of.get("name")) and values and values != ["Default Title"]:
            attributes[names[0]] = values[0] if len(values) == 1 else list(dict.fromkeys(values))
    return attributes or None
