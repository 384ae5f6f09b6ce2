"""The same list by each strategy, side by side, for those who want to know why: computed for them, served to nobody."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from recomengine.catalog.live import LiveCatalog
from recomengine.models.model import Model
from recomengine.models.shopper import Moment, Shopper
from recomengine.recommendations.cache import Cached
from recomengine.recommendations.reply import rows_of
from recomengine.recommendations.schemas import Category, Ids, Lift, PageContext, PriceLimit, Query, Recommendation
from recomengine.shop import Share, Strategy
from recomengine.web.caller import Caller
from recomengine.web.fields import Id

MAX_STARTS = 20
SHOWN_BOUGHT_WITH = 20
NEAR: tuple[Strategy, ...] = ("auto", "collaborative", "content_based", "frequently_bought_together")
"""Strategies by which products are near a product; what is trending is near to none."""
_encode = msgspec.json.Encoder().encode


class AtTheMoment(NamedTuple):
    """Who asks, and what their list starts from."""

    shopper: Shopper
    moment: Moment


class PlaygroundIn(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """As a request for recommendations, by several strategies."""

    strategies: Annotated[list[Strategy], Meta(min_length=1, max_length=9)]
    user_id: Id | None = None
    session_id: Id | None = None
    placement_id: Id | None = None
    product_ids: Ids = []
    context: PageContext | None = None
    category: Category | Annotated[list[Category], Meta(max_length=20)] | None = None
    min_price: PriceLimit | None = None
    max_price: PriceLimit | None = None
    exclude: Ids = []
    exclude_purchased: bool | None = None
    diversity: Share | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 8

    def __post_init__(self) -> None:
        self.queries()  # which refuse what cannot be asked

    def queries(self) -> list[Query]:
        return [
            Query(
                user_id=self.user_id, session_id=self.session_id, placement_id=self.placement_id,
                product_id=self.product_ids, strategy=strategy, limit=self.limit, category=self.category,
                min_price=self.min_price, max_price=self.max_price, exclude=self.exclude, context=self.context,
                exclude_purchased=self.exclude_purchased, diversity=self.diversity,
            )
            for strategy in self.strategies
        ]  # fmt: skip


class RelatedQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: Annotated[int, Meta(ge=1, le=50)] = 12


class ExplainedMeta(msgspec.Struct, rename="camel"):
    """context: what the list was ranked for. history: how many of the shopper's events on products were used; session:
    how many of them are of the visit that is under way. starts_from: the products that evidence was looked up for, at
    most 20. user_ids: all of the shopper's."""

    strategy: Strategy
    requested_strategy: Strategy
    fallback: bool
    model_version: str | None
    context: str
    history: int
    session: int
    starts_from: list[str]
    user_ids: list[str]


class Explained(msgspec.Struct):
    strategy: Strategy
    data: list[Recommendation]
    meta: ExplainedMeta


class BoughtWith(msgspec.Struct, rename="camel"):
    """baskets: in how many both lie, of so many with the product that was asked about."""

    product_id: str
    name: str
    baskets: int
    of: int
    lift: Lift


class Related(msgspec.Struct, rename="camel"):
    """lists: by each strategy, as on the product's page to somebody unknown. bought_together: of the baskets that the
    model was built from."""

    lists: list[Explained]
    bought_together: list[BoughtWith]


def explanation(
    caller: Caller, query: Query, catalog: LiveCatalog, model: Model | None, made: Cached, of: AtTheMoment,
    others: Sequence[str],
) -> bytes:  # fmt: skip
    """As `Explained`."""
    asked = query.strategy or caller.config.default_strategy
    starts = [catalog.ids[number] for number in of.moment.seeds[:MAX_STARTS].tolist() if number < catalog.size]
    meta = ExplainedMeta(
        made.strategy, asked, made.fallback, model.version if model else None, of.moment.context,  # type: ignore[arg-type]
        len(of.shopper.items), of.shopper.session if of.moment.context == "session" else 0, starts,
        [] if query.user_id is None else [query.user_id, *others],
    )  # fmt: skip
    rows = rows_of(caller, catalog, made)
    return b'{"strategy":' + _encode(asked) + b',"data":' + rows + b',"meta":' + _encode(meta) + b"}"


def bought_with(catalog: LiveCatalog, model: Model | None, product_id: str) -> list[BoughtWith]:
    number = catalog.number(product_id)
    if model is None or number < 0:
        return []
    return [
        BoughtWith(catalog.ids[one.number], catalog.names[one.number], one.baskets, one.of, one.lift)
        for one in model.bought_with(number, SHOWN_BOUGHT_WITH)
        if catalog.number(catalog.ids[one.number]) >= 0
    ]


def encode_related(lists: Sequence[bytes], together: Sequence[BoughtWith]) -> bytes:
    """As `Related`."""
    return b'{"lists":[' + b",".join(lists) + b'],"boughtTogether":' + _encode(together) + b"}"
