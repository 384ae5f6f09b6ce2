"""A product while the rows of a file that speak of it come, and how several rows make one product."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

import msgspec

from recomengine.catalog.formats.format import Family
from recomengine.files.cells import Refused

MAX_HELD = 200_000
"""Rows of products with variants in one file: they wait for each other to its end."""


class Offer(NamedTuple):
    """At what a product, or one of its variants, is sold."""

    price: Decimal | None = None
    currency: str | None = None
    available: bool | None = None
    """None: not said."""


class Draft(msgspec.Struct):
    line: int
    """Of its first row."""
    product_id: str
    item: dict[str, Any]
    """Other fields by their JSON names, without those of the offer."""
    offer: Offer
    kept: dict[str, list[Any]]
    """Attributes by their columns, each value once."""
    listed: bool = True
    """Whether shoppers may see it."""
    group: str = ""
    """What it has in common with the rows around it."""
    family: Family = Family()
    known_as: Sequence[str] = ()
    """Further ids under which rows of its family name it."""
    variants: list[Offer] = []

    def follow(self, row: "Draft") -> None:
        """Take a further row of the same product: one of its variants, or a picture."""
        self.variants = self.variants or [self.offer]
        self._take(row)
        for name, value in row.item.items():
            self.item.setdefault(name, value)

    def inherit(self, first: "Draft") -> None:
        """Take what only the first row of the group says."""
        self.item = first.item | self.item
        self.kept = first.kept | self.kept
        self.listed &= first.listed

    def adopt(self, variant: "Draft") -> None:
        """Take a variant that is a row of its own."""
        if variant.listed:
            self._take(variant)

    def _take(self, row: "Draft") -> None:
        self.variants.append(row.offer)
        for column, values in row.kept.items():
            known = self.kept.setdefault(column, [])
            known += [value for value in values if value not in known]

    def whole_offer(self) -> Offer:
        """The lowest price of its variants, and available where any of them is."""
        offers = self.variants or [self.offer]
        priced = [offer for offer in offers if offer.price is not None]
        told = [offer.available for offer in offers if offer.available is not None]
        lowest = min(priced, key=lambda offer: offer.price or 0) if priced else Offer()
        available = any(told) if told else None
        return Offer(lowest.price, lowest.currency, available if self.listed else False)


class Gathering(Protocol):
    """Rows in, products out."""

    def take(self, row: Draft) -> list[Draft]: ...

    def rest(self) -> list[Draft]: ...

    def notes(self) -> Iterator[str]: ...


class Single:
    """A row is a product."""

    def take(self, row: Draft) -> list[Draft]:
        return [row]

    def rest(self) -> list[Draft]:
        return []

    def notes(self) -> Iterator[str]:
        yield from ()


class Following:
    """Rows of one id that follow each other are one product; those of one group have their texts in common."""

    def __init__(self) -> None:
        self._held: list[Draft] = []

    def take(self, row: Draft) -> list[Draft]:
        if self._held and self._held[0].product_id == row.product_id:
            self._held[0].follow(row)
            return []
        if self._held and row.group and self._held[0].group == row.group:
            row.inherit(self._held[0])
        ready, self._held = self._held, [row]
        return ready

    def rest(self) -> list[Draft]:
        ready, self._held = self._held, []
        return ready

    def notes(self) -> Iterator[str]:
        yield from ()


class Families:
    """Heads and variants stand anywhere in the file; a variant without a head is a product of its own."""

    def __init__(self) -> None:
        self._heads: list[Draft] = []
        self._variants: list[Draft] = []
        self._last = ""
        self.translations = 0
        """Rows that repeat the one before them in another language, and were left out."""

    def take(self, row: Draft) -> list[Draft]:
        role, last = row.family.role, self._last
        self._last = row.product_id
        if role == "translation" and row.product_id == last:
            self.translations += 1
            return []
        if role not in ("head", "variant"):
            return [row]
        if len(self._heads) + len(self._variants) >= MAX_HELD:
            raise Refused(f"the file has more than {MAX_HELD} rows of products with variants. Split it")
        (self._heads if role == "head" else self._variants).append(row)
        return []

    def rest(self) -> list[Draft]:
        heads = {name: head for head in self._heads for name in (*head.family.children, *head.known_as)}
        heads |= {head.product_id: head for head in self._heads}
        alone = []
        for variant in self._variants:
            head = heads.get(variant.family.parent or variant.product_id)
            if head is None:
                variant.listed &= not variant.family.hidden
                alone.append(variant)
            else:
                head.adopt(variant)
        ready = sorted([*self._heads, *alone], key=lambda row: row.line)
        self._heads, self._variants = [], []
        return ready

    def notes(self) -> Iterator[str]:
        if self.translations:
            yield f"Rows that repeat a product for a store view, and are left out: {self.translations}."
