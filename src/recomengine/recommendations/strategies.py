"""Strategies: how a request weighs the evidence, and what its answer says of it.

`auto` weighs by the blend learned for the request's context. The blend was learned where there are events; where all
that a request starts from is new to the model, likeness and what happened since the build decide. A named strategy
weighs its own kind of evidence 1, by the source of that kind that did best in the backtest, and thinner evidence a
thousandth and less, so that it fills the list only where the strategy has nothing to say.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import exp

import numpy as np

from recomengine._core.csr import Float32, Int32
from recomengine._core.ranking import NO_SCORE
from recomengine.models.blend import NAMES
from recomengine.models.model import Model
from recomengine.models.sources import KIND_OF_STRATEGY, SOURCES, EvidenceSource, Ranking
from recomengine.recommendations.named import NAMED_LISTS

COLD_AT_HAND, COLD_IN_SESSION = -4.0, -1.0
SEEN_LAST = -10.0
"""For a named strategy: what was seen in this session comes after all else."""


def weights_of(model: Model, strategy: str, context: str, seeds: Int32) -> Float32:
    """Weights for `rank`. context: one of Model.weights; seeds: what the request starts from."""
    if strategy == "auto":
        return COLD_WEIGHTS if model.cold(seeds) else model.weights[context]
    kind = KIND_OF_STRATEGY[strategy]
    return _named(model.singles.get(context, {}).get(kind.name, kind.usual))


@lru_cache
def _named(source: str) -> Float32:
    return _as_weights({each.name: each.behind for each in SOURCES} | {source: 1.0, "in_session": SEEN_LAST})


def _as_weights(weights: dict[str, float]) -> Float32:
    return np.array([weights.get(name, 0.0) for name in NAMES], np.float32)


COLD_WEIGHTS = _as_weights(
    {source.name: source.cold for source in SOURCES} | {"at_hand": COLD_AT_HAND, "in_session": COLD_IN_SESSION}
)


def shown_scores(strategy: str, scores: list[float]) -> list[float]:
    """Scores as an answer gives them, 0 and more: of a named strategy its own, of the blend the odds against the best
    one.
    """
    if strategy == "auto":
        return [0.0 if score == NO_SCORE else exp(score - scores[0]) for score in scores]
    return [max(0.0, score) for score in scores]


def counts_as(strategy: str, sources: Sequence[EvidenceSource]) -> tuple[str, bool]:
    """(the strategy that a list with this evidence is one of, whether that is for want of the evidence asked for)."""
    if strategy in NAMED_LISTS:
        named = not sources or NAMED_LISTS[strategy].source in sources
        return (strategy, False) if named else ("popular", True)
    own = KIND_OF_STRATEGY.get(strategy)
    if own is None:
        return strategy, bool(sources) and all(isinstance(source.form, Ranking) for source in sources)
    if not sources or any(source.kind is own for source in sources):
        return strategy, False
    return sources[0].kind.strategy, True
