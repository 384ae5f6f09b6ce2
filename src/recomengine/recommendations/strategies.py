"""Strategies: which evidence a request is answered from, and in which proportions.

A plan is a list of sources for the scoring kernel. What a strategy is asked for has scale 1; thinner evidence behind it
has scales of a thousandth and a millionth, so that it fills the list only where the strategy has nothing to say. `auto`
is a fixed mixture a context.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recomengine._core.csr import Float32, Int32
from recomengine._core.score import Neighbours
from recomengine.models.histories import DAY_MS, PURCHASE
from recomengine.models.model import Model
from recomengine.recommendations.shopper import Shopper, interests, purchases

if TYPE_CHECKING:
    from recomengine._core.score import Source

REPEAT_SHOP = 0.15
"""From this share of repeat purchases on, people buy again here: purchased products stay in the lists."""
REVISIT_SHOP = 0.3
"""From this share of revisits on, products seen in the session stay in its lists."""
HOME_HALF_LIFE_MS = 30.0 * DAY_MS
HOME_DECAY, HOME_SEEDS = 0.9, 50
SESSION_DECAY, SESSION_SEEDS = 0.75, 20
BUY_AGAIN_HALF_LIFE_DAYS = 60.0
BEHIND, LAST = 1e-3, 1e-6


class Evidence(Enum):
    """Kinds of evidence, as `evidence.kind` names them."""

    COLLABORATIVE = "collaborative"
    TOGETHER = "bought_together"
    CONTENT = "similar"
    TRENDING = "trending"
    BUY_AGAIN = "buy_again"
    POPULAR = "popular"


STRATEGY_OF = {
    Evidence.COLLABORATIVE: "collaborative", Evidence.TOGETHER: "frequently_bought_together", Evidence.CONTENT: "content_based",
    Evidence.TRENDING: "trending", Evidence.BUY_AGAIN: "collaborative", Evidence.POPULAR: "trending",
}  # fmt: skip
OWN_EVIDENCE = {
    "collaborative": Evidence.COLLABORATIVE, "content_based": Evidence.CONTENT, "trending": Evidence.TRENDING,
    "frequently_bought_together": Evidence.TOGETHER,
}  # fmt: skip

MIXTURES: Mapping[str, Mapping[Evidence, float]] = {
    "home": {Evidence.COLLABORATIVE: 1.0, Evidence.TOGETHER: 0.2, Evidence.CONTENT: 0.3, Evidence.TRENDING: 0.05},
    "session": {Evidence.COLLABORATIVE: 1.0, Evidence.TOGETHER: 0.1, Evidence.CONTENT: 0.1, Evidence.TRENDING: LAST},
    "product": {Evidence.TOGETHER: 1.0, Evidence.COLLABORATIVE: 0.6, Evidence.CONTENT: 0.1, Evidence.TRENDING: LAST},
    "cart": {Evidence.TOGETHER: 1.0, Evidence.COLLABORATIVE: 0.6, Evidence.CONTENT: 0.05, Evidence.TRENDING: LAST},
}
BUY_AGAIN_SCALE = 2.0


class Seeds(NamedTuple):
    """What the evidence starts from: products and their weights; for bought together, at home, only what was bought or carted."""

    items: Int32
    weights: Float32
    context: str


class Plan(NamedTuple):
    """Sources for the kernel, and the kind of evidence of each."""

    sources: "list[Source]"
    kinds: list[Evidence]


def choose_seeds(page: str, products: Int32, shopper: Shopper, *, live: bool) -> Seeds:
    """The page's own products; without them the running session's, and without that the shopper's interests."""
    if len(products):
        return Seeds(products, np.ones(len(products), np.float32), "cart" if page == "cart" else "product")
    if live and shopper.session:
        session = Shopper(shopper.items[: shopper.session], shopper.kinds[: shopper.session], shopper.times_ms[: shopper.session], shopper.session)
        items, weights = interests(session, half_life_ms=HOME_HALF_LIFE_MS, decay=SESSION_DECAY, limit=SESSION_SEEDS)
        if len(items):
            return Seeds(items, weights, "session")
    items, weights = interests(shopper, half_life_ms=HOME_HALF_LIFE_MS, decay=HOME_DECAY, limit=HOME_SEEDS)
    return Seeds(items, weights, "home")


def make_plan(strategy: str, model: Model, seeds: Seeds, shopper: Shopper, *, buy_again: bool) -> Plan:
    plan = Plan([], [])
    for kind, scale in _scales(strategy, seeds.context).items():
        tables, items, weights = _EVIDENCE[kind](model, seeds)
        if len(items):
            plan.sources.append((tables, items, weights, scale))
            plan.kinds.append(kind)
    if buy_again and strategy == "auto" and seeds.context == "home":
        items, weights = purchases(shopper, half_life_days=BUY_AGAIN_HALF_LIFE_DAYS)
        if len(items):
            plan.sources.append(((), items, weights, BUY_AGAIN_SCALE))
            plan.kinds.append(Evidence.BUY_AGAIN)
    return plan


def _scales(strategy: str, context: str) -> Mapping[Evidence, float]:
    if strategy == "auto":
        return MIXTURES[context]
    own = OWN_EVIDENCE[strategy]
    behind = {Evidence.COLLABORATIVE: BEHIND, Evidence.CONTENT: BEHIND / 10, Evidence.TRENDING: LAST}
    return {own: 1.0} if own is Evidence.TRENDING else behind | {own: 1.0}


def _collaborative(model: Model, seeds: Seeds) -> tuple[tuple[Neighbours, ...], Int32, Float32]:
    return (model.collaborative,), seeds.items, seeds.weights


def _together(model: Model, seeds: Seeds) -> tuple[tuple[Neighbours, ...], Int32, Float32]:
    return (model.together,), seeds.items, seeds.weights


def _content(model: Model, seeds: Seeds) -> tuple[tuple[Neighbours, ...], Int32, Float32]:
    tables = (model.content,) if model.overlay is None else (model.content, model.overlay)
    return tables, seeds.items, seeds.weights


def _trending(model: Model, _seeds: Seeds) -> tuple[tuple[Neighbours, ...], Int32, Float32]:
    return (), model.trending, model.trending_scores


_EVIDENCE: Mapping[Evidence, Callable[[Model, Seeds], tuple[tuple[Neighbours, ...], Int32, Float32]]] = {
    Evidence.COLLABORATIVE: _collaborative, Evidence.TOGETHER: _together, Evidence.CONTENT: _content, Evidence.TRENDING: _trending,
}  # fmt: skip


def reason_of(kind: Evidence, context: str, seed_name: str | None, seed_kind: int | None) -> str:
    """A sentence for the shopper that names the evidence."""
    if kind is Evidence.BUY_AGAIN:
        return "You bought this before"
    if kind is Evidence.TRENDING or seed_name is None:
        return "Trending now" if kind is Evidence.TRENDING else "Popular in this shop"
    if kind is Evidence.TOGETHER:
        return f"Bought together with {seed_name}"
    if kind is Evidence.CONTENT:
        return f"Similar to {seed_name}"
    if context in ("product", "cart"):
        return f"Shoppers who liked {seed_name} also liked this"
    return f"Because you {'bought' if seed_kind == PURCHASE else 'viewed'} {seed_name}"
