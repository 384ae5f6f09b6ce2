"""The blend: weights of all evidence, learned per context on held-back cases, and guarded by the best single method.

A case's candidates have features x (see _core/ranking) and some of them are targets. Weights w maximise, over cases c,
    Σ_c mean_{t ∈ targets} log softmax_c(w · x_t) - λ/2 |w - w0|²          listwise softmax, Newton's method
in two steps: first over the candidates that w0 puts on top, then over the TOP best of that fit, because only the head
of a list is seen. w0, scaled to fit best, are equal shares of the tenant's three best single methods or, below
THIN_CASES cases, the prior learned over other shops, whichever does better on the held-back half of the cases; so few
cases leave little else. The λ of STRENGTHS is chosen in the same way. Sources that tell little beside the others are
left out, so that a request does not ask them: those that cost least, as long as all that is lost is at most IDLE of
what the fit has won (Hassibi & Stork 1993, for the two weights of a source at once); what is left is fitted anew. Where
even that blend does no better there than the best single method, that method is kept alone. Below MIN_CASES cases
nothing is learned: the prior stands.
"""

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Float32
from recomengine._core.ranking import FEATURES
from recomengine._core.softmax import softmax_state
from recomengine.models.shopper import KNOWN
from recomengine.models.sources import PLACE, SOURCES, EvidenceSource, names_of_weights

MIN_CASES = 60
THIN_CASES = 500
STRENGTHS = (10.0, 100.0, 400.0)
FIRST_STRENGTH = 10.0
WIDE, TOP = 80, 30
BEST_SINGLES = 3
IDLE = 0.003
ITERATIONS = 15
STEPS = (1.0, 0.5, 0.25, 0.1, 0.01)
TOLERANCE = 1e-5
Z_95 = 1.96
NAMES = names_of_weights(FEATURES)
WIDTH = len(NAMES)

PRIOR: Mapping[str, Mapping[str, float]] = json.loads(
    files(__package__).joinpath("prior.json").read_text(encoding="utf-8")
)
"""Weights by context, learned over several shops by `python -m bench.quality.prior`."""

Floats = NDArray[np.float64]


class Lists(NamedTuple):
    """Candidates of many cases, case by case: features (rows × WIDTH), is it a target, rows a case; targets a case
    (found or not).
    """

    features: Float32
    hits: NDArray[np.bool_]
    sizes: NDArray[np.int64]
    wanted: NDArray[np.int64]

    @property
    def starts(self) -> NDArray[np.int64]:
        return np.cumsum(self.sizes) - self.sizes


class Learned(NamedTuple):
    """halves: for the cases of each half of the lists, weights that have not seen them. figures: the metric of each
    case; none where there were too few to learn from."""

    weights: Float32
    report: dict[str, Any]
    halves: tuple[Floats, Floats]
    figures: Floats | None = None


class Trial(NamedTuple):
    """The metric of each case, and the weights of each half, which were learned on the other."""

    figures: Floats
    halves: tuple[Floats, Floats]


def learn(lists: Lists, metric: str, context: str) -> Learned:
    """Weights for one context and what the backtest says of them. metric: ndcg@10 or mrr@20."""
    if len(lists.sizes) < MIN_CASES:
        prior = prior_weights(context)
        report = {"cases": len(lists.sizes), "chosen": "prior", "metric": metric, "shares": shares(prior.astype(float))}
        return Learned(prior, report, (prior.astype(float), prior.astype(float)))
    singles = {source.name: single_weights(source.name) for source in SOURCES}
    figures = {
        name: figures_of_source(lists, name, metric) for name in singles if lists.features[:, 2 * PLACE[name]].any()
    }
    ranked = sorted(figures, key=lambda name: -figures[name].mean())
    starts = {"singles": np.sum([singles[name] for name in ranked[:BEST_SINGLES]], axis=0)}
    if len(lists.sizes) < THIN_CASES and context != "home":
        starts["prior"] = prior_weights(context).astype(float)
    trials = {
        (start, strength): found
        for start in starts
        for strength, found in _held_back(lists, starts[start], metric).items()
    }
    start, strength = max(trials, key=lambda trial: trials[trial].figures.mean())
    best, blend = ranked[0], trials[start, strength]
    keeps_single = figures[best].mean() >= blend.figures.mean()
    heads = head_of(lists, starts[start])
    weights = singles[best] if keeps_single else fit_few(heads, starts[start], strength)
    taken = figures[best] if keeps_single else blend.figures
    report = {
        "cases": len(lists.sizes), "metric": metric, "chosen": best if keeps_single else "blend",
        "blend": _interval(blend.figures), "sources": {name: _interval(figures[name]) for name in ranked},
        "ahead": {name: _interval(taken - figures[name]) for name in ranked if not keeps_single or name != best},
        "shrunkTo": start, "shrinkage": strength, "weights": in_words(weights), "shares": shares(weights, heads),
    }  # fmt: skip
    return Learned(weights.astype(np.float32), report, (weights, weights) if keeps_single else blend.halves, taken)


def gain(learned: Learned, other: Learned) -> dict[str, float] | None:
    """By how much the lists of the one are better than those of the other, over the same cases."""
    return None if learned.figures is None or other.figures is None else _interval(learned.figures - other.figures)


def single_weights(name: str) -> Floats:
    """One source alone, ties by its rank."""
    weights = np.zeros(WIDTH)
    weights[2 * PLACE[name]], weights[2 * PLACE[name] + 1] = 1.0, 1e-4
    return weights


def prior_weights(context: str) -> Float32:
    """What works in most shops, for one that has not shown yet what works in it."""
    return np.array([PRIOR[context.removesuffix(KNOWN)].get(name, 0.0) for name in NAMES], np.float32)


def in_session(home: Float32, session: Float32) -> Float32:
    """The weights of a home, for a visit: what the visit itself showed, of which a home knows nothing, weighs as in
    sessions.
    """
    weights = home.copy()
    for name in ("at_hand", "in_session"):
        weights[NAMES.index(name)] = session[NAMES.index(name)]
    return weights


def known_sources(weights: Float32) -> Sequence[EvidenceSource]:
    """The sources that were in the table when these weights were learned: it only grows, at its end."""
    return SOURCES[: (len(weights) - len(FEATURES)) // 2]


def fitted(weights: Float32) -> Float32:
    """Weights learned with fewer sources, or more, as those of today's: what was not known weighs nothing."""
    known = 2 * len(known_sources(weights))
    return np.concatenate(
        [weights[:known], np.zeros(WIDTH - len(FEATURES) - known, np.float32), weights[-len(FEATURES) :]]
    )


def _halves(lists: Lists) -> tuple[Lists, Lists]:
    middle = len(lists.sizes) // 2
    row = int(lists.sizes[:middle].sum())
    return (
        Lists(lists.features[:row], lists.hits[:row], lists.sizes[:middle], lists.wanted[:middle]),
        Lists(lists.features[row:], lists.hits[row:], lists.sizes[middle:], lists.wanted[middle:]),
    )


def _held_back(lists: Lists, direction: Floats, metric: str) -> dict[float, Trial]:
    """By strength."""
    one, other = _halves(lists)
    heads = head_of(one, direction), head_of(other, direction)
    found = {}
    for strength in STRENGTHS:
        halves = fit_few(heads[1], direction, strength), fit_few(heads[0], direction, strength)
        figures = np.concatenate([metrics(one, halves[0], metric), metrics(other, halves[1], metric)])
        found[strength] = Trial(figures, halves)
    return found


def head_of(lists: Lists, direction: Floats) -> Lists:
    """First step: the TOP candidates of each case by a fit over those that `direction` puts first."""
    wide = head(lists, direction, WIDE)
    return head(wide, newton(wide, FIRST_STRENGTH, np.zeros(WIDTH)), TOP)


def fit(head: Lists, direction: Floats, strength: float) -> Floats:
    """Second step."""
    return newton(head, strength, direction * _scale(head, direction))


def fit_few(head: Lists, direction: Floats, strength: float) -> Floats:
    """The same with the sources that tell something."""
    idle = np.zeros(WIDTH, bool)
    idle[: -len(FEATURES)] = np.repeat(idle_sources(head, fit(head, direction, strength), strength), 2)
    features = np.where(idle, np.float32(0.0), head.features)
    return fit(head._replace(features=features), np.where(idle, 0.0, direction), strength)


def idle_sources(head: Lists, weights: Floats, strength: float) -> NDArray[np.bool_]:
    """Of each source whether it is left out. What it costs is told by the curvature at the optimum: with the others
    fitted anew, 1/2 w_g (H^-1_gg)^-1 w_g."""
    x, starts, share = _with_targets(head)
    left_out = np.zeros(len(SOURCES), bool)
    if len(starts) == 1:
        return left_out
    loss, _, curve = softmax_state(x, starts, share, weights)
    allowed = IDLE * (softmax_state(x, starts, share, np.zeros(WIDTH))[0] - loss)
    inverse, weights = np.linalg.inv(curve + strength * np.eye(WIDTH)).astype(np.float64), weights.copy()
    while not left_out.all():
        costs = [
            inf if left_out[at] else _cost(inverse, weights, slice(2 * at, 2 * at + 2)) for at in range(len(SOURCES))
        ]
        cheapest = int(np.argmin(costs))
        allowed -= costs[cheapest]
        if allowed < 0:
            break
        left_out[cheapest] = True
        pair = slice(2 * cheapest, 2 * cheapest + 2)
        moved = inverse[:, pair] @ np.linalg.inv(inverse[pair, pair])
        weights -= moved @ weights[pair]
        inverse -= moved @ inverse[pair]
    return left_out


def _cost(inverse: Floats, weights: Floats, pair: slice) -> float:
    return float(weights[pair] @ np.linalg.solve(inverse[pair, pair], weights[pair])) / 2


def head(lists: Lists, weights: Floats, length: int) -> Lists:
    """Only the `length` candidates of each case that `weights` put first."""
    order, rank = _order(lists, weights)
    kept = np.sort(order[rank < length])
    return Lists(lists.features[kept], lists.hits[kept], np.minimum(lists.sizes, length), lists.wanted)


def _scale(lists: Lists, direction: Floats) -> float:
    """The one factor of `direction` that fits best."""
    line = Lists((lists.features @ direction.astype(np.float32))[:, None], lists.hits, lists.sizes, lists.wanted)
    return max(0.0, float(newton(line, 1e-6, np.zeros(1))[0]))


def newton(lists: Lists, strength: float, centre: Floats) -> Floats:
    """The maximum of the penalised listwise likelihood; cases without a target among their candidates say nothing."""
    features, starts, share = _with_targets(lists)
    if len(starts) == 1:
        return centre

    def state(weights: Floats) -> tuple[float, Floats, Floats]:
        loss, slope, curve = softmax_state(features, starts, share, weights)
        away = weights - centre
        return (
            loss + strength / 2 * float(away @ away),
            slope + strength * away,
            curve + strength * np.eye(len(weights)),
        )

    weights = centre.copy()
    loss, slope, curve = state(weights)
    for _ in range(ITERATIONS):
        step = np.linalg.solve(curve, slope)
        tried = ((size, *state(weights - size * step)) for size in STEPS)
        better = next((trial for trial in tried if trial[1] < loss), None)
        if better is None:
            break
        size, new_loss, slope, curve = better
        weights, gained, loss = weights - size * step, loss - new_loss, new_loss
        if gained < TOLERANCE * abs(loss):
            break
    return weights


def _with_targets(lists: Lists) -> tuple[Float32, NDArray[np.int64], Floats]:
    """(features, where each case starts and the last one ends, share of each row) of the cases with a target among
    their candidates, as `softmax_state` takes them."""
    found = np.add.reduceat(lists.hits.astype(float), lists.starts) if len(lists.sizes) else np.empty(0)
    rows, sizes = np.repeat(found > 0, lists.sizes), lists.sizes[found > 0]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    share = lists.hits[rows] / np.repeat(found[found > 0], sizes)
    return lists.features[rows].astype(np.float32, copy=False), starts, share


def scores(features: Float32, weights: Floats) -> Float32:
    """As `rank` scores: a source that weighs nothing is not asked, so what no other source brings comes last."""
    asked = np.flatnonzero(weights[: -len(FEATURES)].reshape(-1, 2).any(axis=1))
    brought = (features[:, 2 * asked + 1] > 0).any(axis=1)
    return np.where(brought, features @ weights.astype(np.float32), np.float32(-inf))


def metrics(lists: Lists, weights: Floats, metric: str) -> Floats:
    """ndcg@10 or mrr@20 of each case's candidates in the order of weights · features, ties to the earlier candidate."""
    order, rank = _order(lists, weights)
    hits = lists.hits[order]
    return _gains(lists, np.repeat(np.arange(len(lists.sizes)), lists.sizes)[hits], rank[hits], metric)


def figures_of_source(lists: Lists, name: str, metric: str) -> Floats:
    """The same for one source alone; its ranks stand in its feature 3 / (rank + 3), so nothing is sorted."""
    rows = np.flatnonzero(lists.hits & (lists.features[:, 2 * PLACE[name] + 1] > 0))
    rank = np.rint(3.0 / lists.features[rows, 2 * PLACE[name] + 1] - 3.0)
    return _gains(lists, np.searchsorted(lists.starts, rows, side="right") - 1, rank, metric)


def _order(lists: Lists, weights: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows case by case, the best first, ties to the earlier; the rank of each place, from 0. Many short sorts beat a
    long one.
    """
    places = np.arange(int(lists.sizes.max(initial=0)))
    inside = places < lists.sizes[:, None]
    losses = np.full(inside.shape, np.inf)
    losses[inside] = -scores(lists.features, weights)
    order = lists.starts[:, None] + np.argsort(losses, axis=1, kind="stable")
    return order[inside], np.broadcast_to(places, inside.shape)[inside]


def _gains(lists: Lists, cases: NDArray[np.int64], rank: NDArray[Any], metric: str) -> Floats:
    """The metric of each case, where the targets found have these cases and ranks."""
    gains = np.zeros(len(lists.sizes))
    if metric == "mrr@20":
        np.maximum.at(gains, cases, np.where(rank < 20, 1.0 / (rank + 1.0), 0.0))
        return gains
    np.add.at(gains, cases, np.where(rank < 10, 1.0 / np.log2(rank + 2.0), 0.0))
    ideal = np.cumsum(1.0 / np.log2(np.arange(10) + 2.0))
    gains /= ideal[np.minimum(lists.wanted, 10) - 1]
    return gains


def _interval(values: Floats) -> dict[str, float]:
    """Mean and its 95 % interval, by the normal approximation over cases."""
    mean, half = float(values.mean()), Z_95 * float(values.std(ddof=1)) / len(values) ** 0.5
    return {"value": round(mean, 4), "low": round(mean - half, 4), "high": round(mean + half, 4)}


def in_words(weights: Floats) -> dict[str, float]:
    """The weights that matter, the largest first."""
    order: Sequence[int] = np.argsort(-np.abs(weights)).tolist()
    return {NAMES[place]: round(float(weights[place]), 3) for place in order if abs(weights[place]) >= 0.05}


def shares(weights: Floats, heads: Lists | None = None) -> dict[str, float]:
    """What each source adds to the scores of the candidates at the heads of lists, as a share of what all sources add,
    the largest first; without lists, to the product that each puts first.
    """
    mean = np.ones(WIDTH) if heads is None or not len(heads.features) else heads.features.mean(axis=0, dtype=float)
    added = np.maximum((weights * mean)[: 2 * len(SOURCES)].reshape(-1, 2).sum(axis=1), 0.0)
    total = float(added.sum()) or 1.0
    order: Sequence[int] = np.argsort(-added, kind="stable").tolist()
    return {SOURCES[at].name: round(float(added[at]) / total, 4) for at in order if added[at] >= total * 0.005}
