"""Strategies: how a request weighs the evidence, and what its answer says of it.

`auto` weighs by the blend learned for the request's context. The blend was learned where there are events; where all that a
request starts from is new to the model, likeness and what happened since the build decide. A named strategy weighs its own
kind of evidence 1, by the source of that kind that did best in the backtest, and thinner evidence a thousandth and less, so
that it fills the list only where the strategy has nothing to say.
"""

from functools import lru_cache
from math import exp

import numpy as np

from recomengine._core.csr import Float32, Int32
from recomengine._core.ranking import NO_SCORE
from recomengine.models.blend import NAMES
from recomengine.models.evidence import KIND_OF_STRATEGY, SOURCES
from recomengine.models.histories import PURCHASE
from recomengine.models.model import Model

STRATEGY_OF_KIND = {
    "collaborative": "collaborative", "bought_together": "frequently_bought_together", "similar": "content_based",
    "trending": "trending", "buy_again": "collaborative", "popular": "trending",
}  # fmt: skip
KIND_OF_SOURCE = [source.kind for source in SOURCES]
USUAL_SOURCE = {"collaborative": "similar", "similar": "content", "trending": "trending", "bought_together": "together"}
"""Of each kind, where a shop has too few cases for a backtest."""
BEHIND = {"similar": 1e-3, "content": 1e-4, "trending": 1e-6}
COLD = {
    "content": 1.0, "sequence": 1.0, "session_neighbours": 1.0, "basket_neighbours": 1.0, "confidence": 1.0, "popular": 0.05,
    "at_hand": -4.0, "in_session": -1.0,
}  # fmt: skip
SEEN_LAST = -10.0
"""For a named strategy: what was seen in this session comes after all else."""


def weights_of(model: Model, strategy: str, context: str, seeds: Int32) -> Float32:
    """Weights for `rank`. context: one of models.cases.CONTEXTS; seeds: what the request starts from."""
    if strategy == "auto":
        return COLD_WEIGHTS if model.cold(seeds) else model.weights[context]
    kind = KIND_OF_STRATEGY[strategy]
    return _named(model.singles.get(context, {}).get(kind, USUAL_SOURCE[kind]))


@lru_cache
def _named(source: str) -> Float32:
    return _as_weights(BEHIND | {source: 1.0, "in_session": SEEN_LAST})


def _as_weights(weights: dict[str, float]) -> Float32:
    return np.array([weights.get(name, 0.0) for name in NAMES], np.float32)


COLD_WEIGHTS = _as_weights(COLD)


def shown_scores(strategy: str, scores: list[float]) -> list[float]:
    """Scores as an answer gives them, 0 and more: of a named strategy its own, of the blend the odds against the best one."""
    if strategy == "auto":
        return [0.0 if score == NO_SCORE else exp(score - scores[0]) for score in scores]
    return [max(0.0, score) for score in scores]


UNRANKED = "In this shop's catalog"
"""The reason where there is no model yet, and nothing is known of any product."""
NEWCOMER = "New in this shop"
"""The reason of a product that nobody had to do with yet, where its place is an estimate."""


def reason_of(kind: str, context: str, seed_name: str | None, seed_kind: int | None) -> str:
    """A sentence for the shopper that names the evidence."""
    if kind == "buy_again":
        return "You bought this before"
    if kind == "trending" or seed_name is None:
        return "Trending now" if kind == "trending" else "Popular in this shop"
    if kind == "bought_together":
        return f"Bought together with {seed_name}"
    if kind == "similar":
        return f"Similar to {seed_name}"
    if context in ("product", "cart"):
        return f"Shoppers who liked {seed_name} also liked this"
    return f"Because you {'bought' if seed_kind == PURCHASE else 'viewed'} {seed_name}"
