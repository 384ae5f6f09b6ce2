"""What a recommendation request may say, from a query string or a JSON body."""

from decimal import Decimal
from math import ceil
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import force_setattr

from recomengine.shop import Share, Strategy
from recomengine.web.fields import Id
from recomengine.web.paging import convert_query, query_pairs
from recomengine.web.problems import invalid

Ids = Annotated[list[Id], Meta(max_length=100)]
Category = Annotated[str, Meta(min_length=1, max_length=500)]
PageContext = Literal["home", "product", "cart"]
PriceLimit = Annotated[float, Meta(ge=0, le=9_999_999_999)]
"""Exact to 2 places as its shortest decimal form is."""
MAX_REQUESTS = 100
COUNT = (
    "Of a pair, how many orders or visits hold both; of the shopper's own, how many times they did it; of what is in "
    "demand, how many shoppers had to do with it."
)
Lift = Annotated[float, Meta(description="Of a pair, how many times more often than by chance: 1 is chance.")]
REPEATABLE = frozenset({"productId", "exclude", "category"})


class Query(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True, kw_only=True):
    user_id: Id | None = None
    session_id: Id | None = None
    placement_id: Id | None = None
    product_id: Id | Ids = []
    strategy: Strategy | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 8
    category: Category | Annotated[list[Category], Meta(max_length=20)] | None = None
    min_price: PriceLimit | None = None
    max_price: PriceLimit | None = None
    exclude: Id | Ids = []
    context: PageContext | None = None
    exclude_purchased: bool | None = None
    diversity: Share | None = None
    key: str | None = None
    """A publish key, for browsers."""

    def __post_init__(self) -> None:
        """Cut blanks around ids off, as those of events are."""
        for name, given in (("user_id", self.user_id), ("session_id", self.session_id)):
            if given is not None and given != (cut := given.strip()):
                if not cut:
                    raise ValueError(f"{name[:-3]}Id: expected an id, got nothing but blanks. Leave it out")
                force_setattr(self, name, cut)

    @property
    def products(self) -> list[str]:
        return _ids(self.product_id)

    @property
    def excluded(self) -> list[str]:
        return _ids(self.exclude)

    @property
    def categories(self) -> list[str]:
        """Any of them will do; none: all."""
        return [self.category] if isinstance(self.category, str) else self.category or []

    @property
    def page(self) -> PageContext:
        """The context: as said, else a product's page where products are given, else home."""
        return self.context or ("product" if self.products else "home")


class Evidence(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    """product_ids: what it is about. count and lift are absent where nothing was counted."""

    kind: str
    product_ids: tuple[str, ...]
    count: Annotated[int, Meta(description=COUNT)] | UnsetType = UNSET
    lift: Lift | UnsetType = UNSET


class Recommendation(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """As reply.py puts one together."""

    product_id: str
    name: str
    image_url: str | None
    url: str | None
    category: str | None
    price: float | None
    currency: str | None
    score: float
    reason: str
    evidence: Evidence
    variant: Literal["control", "variant"] | UnsetType = UNSET
    """Whose pick it is, in a list of an interleaving experiment."""


class ListMeta(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    recommendation_id: str
    strategy: Strategy | Literal["interleaved"]
    requested_strategy: Strategy | Literal["interleaved"]
    experiment_id: str | None
    variant: Literal["control", "variant"] | None
    cached: bool
    model_version: str | None
    fallback: bool


class Recommendations(msgspec.Struct):
    data: list[Recommendation]
    meta: ListMeta


class Batch(msgspec.Struct, forbid_unknown_fields=True):
    requests: Annotated[list[Query], Meta(min_length=1, max_length=MAX_REQUESTS)]
    key: str | None = None


query_decoder = msgspec.json.Decoder(Query)
batch_decoder = msgspec.json.Decoder(Batch)


def parse_query(query_string: bytes) -> Query:
    """The query of a GET; a field given twice, misspelt or of the wrong kind is a 422 that names it."""
    fields: dict[str, Any] = {}
    for name, value in query_pairs(query_string):
        if name in REPEATABLE:
            fields.setdefault(name, []).append(value)
        elif name in fields:
            raise invalid(f"$.{name}", "expected once, got it twice. Send one value.")
        else:
            fields[name] = value
    if len(category := fields.get("category", ())) == 1:
        fields["category"] = category[0]
    return convert_query(fields, Query)


def _ids(given: str | list[str]) -> list[str]:
    return [each.strip() for each in ([given] if isinstance(given, str) else given)]


def least_cents(price: float | None) -> int:
    """The lowest price in whole cents that is not below `price`; -1 for no limit."""
    return -1 if price is None else ceil(Decimal(repr(price)) * 100)


def most_cents(price: float | None) -> int:
    """The highest price in whole cents that is not above `price`; -1 for no limit."""
    return -1 if price is None else int(Decimal(repr(price)) * 100)
