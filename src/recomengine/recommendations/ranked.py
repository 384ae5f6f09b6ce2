"""From a query to the products of its list: who asks decides what weighs how much and what must not come, and the
kernel ranks.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from recomengine._core.candidates import Workspace
from recomengine._core.csr import Int32
from recomengine._core.ranking import NO_SOURCE, Ranker, rank
from recomengine.catalog.live import LiveCatalog
from recomengine.infra.tracing import span
from recomengine.models.backtest import REPEAT_SHARE, of_moment
from recomengine.models.model import Model
from recomengine.models.shopper import IN_SESSION, NO_ITEMS, NOBODY, Moment, Shopper, moment
from recomengine.models.sources import BUY_AGAIN, FILLING, SOURCES, EvidenceSource
from recomengine.recommendations.dislikes import less_alike
from recomengine.recommendations.diversity import in_variety, wider
from recomengine.recommendations.named import NAMED_LISTS, NamedList
from recomengine.recommendations.schemas import Query, least_cents, most_cents
from recomengine.recommendations.strategies import shown_scores, weights_of
from recomengine.shop import ExcludePurchased
from recomengine.web.caller import Caller

NO_EVIDENCE = Ranker([], np.zeros((0, 5), np.float32))
NO_WEIGHTS = np.zeros(NO_EVIDENCE.width, np.float32)
WITHOUT_BOUGHT = {"home": "home_new", "home" + IN_SESSION: "home_new" + IN_SESSION}
"""Whose weights a moment takes where bought products are left out."""
NOWHERE = of_moment(moment("home", NO_ITEMS, NOBODY))
SOURCE_OF = {NO_SOURCE: FILLING} | dict(enumerate(SOURCES))
"""As `rank` numbers them."""


class Ranked(NamedTuple):
    """The products of a list by number, the first first; of each its score as answers give it, the source that says
    most for it, and the seed that counts most there (the product itself where the source has no seeds, NO_SOURCE where
    a list was filled up)."""

    products: list[int]
    scores: list[float]
    sources: list[EvidenceSource]
    seeds: list[int]

    def at(self, places: Sequence[int]) -> "Ranked":
        """What stands at these places, in their order."""
        products, scores, sources, seeds = self
        return Ranked(
            [products[at] for at in places],
            [scores[at] for at in places],
            [sources[at] for at in places],
            [seeds[at] for at in places],
        )


def ranked_for(
    workspace: Workspace,
    caller: Caller,
    query: Query,
    catalog: LiveCatalog,
    model: Model | None,
    shopper: Shopper,
    now: Moment,
) -> Ranked:
    strategy = query.strategy or caller.config.default_strategy
    if strategy in NAMED_LISTS:
        return _listed(workspace, caller, query, catalog, model, shopper, NAMED_LISTS[strategy])
    repeats = _purchased_stay(caller, query, model)
    context = now.weighed_as if repeats else WITHOUT_BOUGHT.get(now.weighed_as, now.weighed_as)
    weights = weights_of(model, strategy, context, now.at_hand) if model else NO_WEIGHTS
    strength = 0.0 if model is None else caller.config.diversity if query.diversity is None else query.diversity
    disliked = shopper.disliked
    now = now if model is None else model.by_likelihood(now)
    more = model is not None and (strength > 0 or len(disliked) > 0)
    with span("rank"):
        products, scores, sources, seeds = rank(
            workspace, model.ranker if model else NO_EVIDENCE, weights, wider(query.limit) if more else query.limit,
            **of_moment(now), **_shelf(catalog, query), fallback=model.fallback if model else NO_ITEMS,
            excluded=_together(
                now.on_page, numbers(catalog, query.excluded), disliked,
                _bought_out(_rule(caller, query), model, shopper),
            ),
        )  # fmt: skip
    ranked = Ranked(products, shown_scores(strategy, scores), [SOURCE_OF[number] for number in sources], seeds)
    if model is None or not more:
        return ranked
    if len(disliked):
        places, weighed = less_alike(products, ranked.scores, disliked, model)
        ranked = ranked._replace(scores=weighed).at(places)
    if not strength:
        return ranked.at(range(min(query.limit, len(products))))
    paths = _main_paths(catalog, ranked.products)
    return ranked.at(in_variety(ranked.products, ranked.scores, paths, model, query.limit, strength))


def _listed(
    workspace: Workspace, caller: Caller, query: Query, catalog: LiveCatalog, model: Model | None, shopper: Shopper,
    named: NamedList,
) -> Ranked:  # fmt: skip
    """The list in its own order, which the kernel filters and fills up as it does what candidates leave open."""
    order = named.order(shopper, catalog, model)
    with span("rank"):
        products, *_ = rank(
            workspace, NO_EVIDENCE, NO_WEIGHTS, query.limit, **NOWHERE, **_shelf(catalog, query),
            fallback=np.concatenate([order, model.fallback]) if model else order,
            excluded=_together(
                numbers(catalog, query.products), numbers(catalog, query.excluded), shopper.disliked,
                _bought_out_of(named, caller, query, model, shopper),
            ),
        )  # fmt: skip
    own = np.isin(products, order).tolist()
    scores = [1.0 / place if of_list else 0.0 for place, of_list in enumerate(own, 1)]
    return Ranked(products, scores, [named.source if of_list else FILLING for of_list in own], products)


def _shelf(catalog: LiveCatalog, query: Query) -> dict[str, Any]:
    """The arguments of `rank` that the catalog and the request's filters decide."""
    return {
        "available": catalog.available, "price_cents": catalog.price_cents, "categories": catalog.categories,
        "paths": catalog.category_codes.paths,
        "category_mask": catalog.category_codes.mask(query.categories) if query.categories else None,
        "min_price_cents": least_cents(query.min_price), "max_price_cents": most_cents(query.max_price),
    }  # fmt: skip


def _main_paths(catalog: LiveCatalog, products: Sequence[int]) -> Int32:
    return catalog.category_codes.main_paths(catalog.categories[np.array(products, np.int32)])


def _together(*parts: Int32) -> Int32:
    some = [part for part in parts if len(part)]
    if len(some) < 2:
        return some[0] if some else NO_ITEMS
    return np.concatenate(some)


def numbers(catalog: LiveCatalog, product_ids: Sequence[str]) -> Int32:
    """The product numbers of those ids that the catalog knows."""
    if not product_ids:
        return NO_ITEMS
    found = [catalog.number(product_id) for product_id in product_ids]
    return np.array([number for number in found if number >= 0], np.int32)


def _purchased_stay(caller: Caller, query: Query, model: Model | None) -> bool:
    """Whether lists are weighed as where people buy again."""
    rule = _rule(caller, query)
    return rule == "never" or (rule == "auto" and model is not None and model.repeat_share >= REPEAT_SHARE)


def _rule(caller: Caller, query: Query) -> ExcludePurchased:
    """As the request says, else as the shop does."""
    if query.exclude_purchased is None:
        return caller.config.exclude_purchased
    return "always" if query.exclude_purchased else "never"


def _bought_out(rule: ExcludePurchased, model: Model | None, shopper: Shopper) -> Int32:
    """What the shopper bought and is not offered again."""
    if rule == "never":
        return NO_ITEMS
    return shopper.purchased if rule == "always" or model is None else model.bought_once(shopper.purchased)


def _bought_out_of(named: NamedList, caller: Caller, query: Query, model: Model | None, shopper: Shopper) -> Int32:
    """The same of a named list. Of a list of purchases the shop's `always` means what people buy once: it is about
    other lists."""
    rule = _rule(caller, query)
    if rule == "always" and named.source.kind is BUY_AGAIN and query.exclude_purchased is None:
        rule = "auto"
    return _bought_out(rule, model, shopper)
