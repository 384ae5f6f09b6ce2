"""The blend: its optimum, its figures, and what it does with much, little and no evidence."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from recomengine._core.ranking import FEATURES
from recomengine.models.blend import (
    IDLE,
    MIN_CASES,
    NAMES,
    PRIOR,
    THIN_CASES,
    WIDTH,
    Lists,
    figures_of_source,
    fit,
    fit_few,
    idle_sources,
    in_words,
    learn,
    metrics,
    newton,
    prior_weights,
    single_weights,
)
from recomengine.models.cases import CONTEXTS
from recomengine.models.sources import PLACE, SOURCES
from tests.support.matrices import examples

Array = np.ndarray[Any, Any]
LISTED = 40


def shop(
    cases: int,
    sources: dict[str, float],
    *,
    seed: int = 0,
    candidates: int = LISTED,
    noise: float = 0.0,
    targets: int = 1,
) -> Lists:
    """Cases with independent scores of each source; targets are on top of their sum, weighed by `sources`, after
    noise.
    """
    draw = np.random.default_rng(seed)
    features, hits = np.zeros((cases, candidates, WIDTH)), np.zeros((cases, candidates), bool)
    for case in range(cases):
        total = noise * draw.gumbel(size=candidates)
        for name, weight in sources.items():
            scores = draw.random(candidates)
            put(features[case], name, scores)
            total += weight * features[case, :, 2 * PLACE[name]]
        hits[case, np.argsort(-total)[:targets]] = True
    sizes = np.full(cases, candidates)
    return Lists(features.reshape(-1, WIDTH), hits.ravel(), sizes, np.full(cases, targets))


def put(features: Array, name: str, scores: Array) -> None:
    """The two features of a source that lists what has a score > 0."""
    order = np.lexsort((np.arange(len(scores)), -scores))
    rank = np.empty(len(scores))
    rank[order] = np.arange(len(scores))
    features[:, 2 * PLACE[name]] = scores / scores.max()
    features[:, 2 * PLACE[name] + 1] = np.where(scores > 0, np.float32(3.0) / (rank + 3.0), 0.0)


def loss(lists: Lists, strength: float, centre: Array, weights: Array) -> float:
    """The negative of what the head of blend.py says is maximised, case by case."""
    total = strength / 2 * float(((weights - centre) ** 2).sum())
    for start, size in zip(lists.starts, lists.sizes, strict=True):
        rows = slice(start, start + size)
        if lists.hits[rows].any():
            scores = lists.features[rows] @ weights
            total -= float((scores - math.log(np.exp(scores).sum()))[lists.hits[rows]].mean())
    return total


def small(cases: int, columns: int, seed: int) -> Lists:
    """Cases of different sizes, some without a target, one column that says nothing."""
    draw = np.random.default_rng(seed)
    sizes = draw.integers(1, 7, cases)
    features = draw.normal(size=(int(sizes.sum()), columns))
    features[:, -1] = 0.0
    return Lists(features, draw.random(len(features)) < 0.3, sizes, np.full(cases, 3))


@examples
@given(st.integers(1, 12), st.integers(0, 10**6), st.sampled_from([0.1, 1.0, 10.0]))
def test_nothing_near_the_weights_found_does_better(cases: int, seed: int, strength: float) -> None:
    lists, centre = small(cases, 4, seed), np.array([0.5, 0.0, -0.5, 0.25])
    found = newton(lists, strength, centre)
    for column in range(4):
        step = np.eye(4)[column] * 1e-4
        slope = (loss(lists, strength, centre, found + step) - loss(lists, strength, centre, found - step)) / 2e-4
        assert slope == pytest.approx(0.0, abs=0.05)
    assert found[3] == centre[3]


@pytest.mark.parametrize("seed", range(5))
def test_the_weights_found_are_the_optimum_that_a_general_method_finds(seed: int) -> None:
    lists, centre = small(30, 4, seed), np.zeros(4)
    options = {"xatol": 1e-6, "fatol": 1e-10, "maxiter": 4000}
    wanted = minimize(lambda weights: loss(lists, 0.5, centre, weights), centre, method="Nelder-Mead", options=options)
    assert newton(lists, 0.5, centre) == pytest.approx(wanted.x, abs=5e-3)


def test_without_a_target_anywhere_the_centre_stays() -> None:
    lists = small(5, 3, 1)._replace(hits=np.zeros(int(small(5, 3, 1).sizes.sum()), bool))
    assert newton(lists, 1.0, np.array([1.0, 2.0, 3.0])).tolist() == [1.0, 2.0, 3.0]


def plain_metric(scores: list[float], hits: list[bool], wanted: int, metric: str) -> float:
    order = sorted(range(len(scores)), key=lambda place: (-scores[place], place))
    ranks = [rank for rank, place in enumerate(order) if hits[place]]
    if metric == "mrr@20":
        return 1 / (ranks[0] + 1) if ranks and ranks[0] < 20 else 0.0
    return sum(1 / math.log2(rank + 2) for rank in ranks if rank < 10) / sum(
        1 / math.log2(rank + 2) for rank in range(min(wanted, 10))
    )


METRICS = pytest.mark.parametrize("metric", ["ndcg@10", "mrr@20"])
case = st.lists(st.tuples(st.integers(0, 3).map(float), st.booleans()), min_size=1, max_size=30)


@METRICS
@examples
@given(given=st.lists(st.tuples(case, st.integers(0, 3)), min_size=1, max_size=5))
def test_figures_are_those_of_the_plain_formula_with_ties_to_the_earlier(
    metric: str, given: list[tuple[Any, int]]
) -> None:
    wanted = [max(1, sum(hit for _, hit in rows) + missed) for rows, missed in given]
    lists = Lists(
        np.array([[score, 1.0, *[0.0] * len(FEATURES)] for rows, _ in given for score, _ in rows], np.float32),
        np.array([hit for rows, _ in given for _, hit in rows]),
        np.array([len(rows) for rows, _ in given]), np.array(wanted),
    )  # fmt: skip
    expected = [
        plain_metric([score for score, _ in rows], [hit for _, hit in rows], count, metric)
        for (rows, _), count in zip(given, wanted, strict=True)
    ]
    weights = np.array([1.0, 0.0, *[0.0] * len(FEATURES)])
    assert metrics(lists, weights, metric).tolist() == pytest.approx(expected)


@METRICS
def test_figures_of_a_source_alone_are_those_of_its_own_list(metric: str) -> None:
    lists = shop(50, {"similar": 1.0, "popular": 1.0}, noise=0.5, targets=3, candidates=100)
    lists.features[:, 2 * PLACE["popular"] : 2 * PLACE["popular"] + 2] = 0.0
    assert figures_of_source(lists, "similar", metric).tolist() == pytest.approx(
        metrics(lists, single_weights("similar"), metric).tolist()
    )
    assert not figures_of_source(lists, "popular", metric).any()


def test_a_target_that_a_source_does_not_list_counts_for_nothing() -> None:
    features = np.zeros((3, WIDTH))
    put(features, "walk", np.array([0.0, 0.5, 1.0]))
    lists = Lists(features, np.array([True, True, False]), np.array([3]), np.array([2]))
    assert figures_of_source(lists, "walk", "mrr@20").tolist() == [0.5]


@pytest.mark.parametrize("metric", ["ndcg@10", "mrr@20"])
def test_planted_weights_are_learned_and_beat_every_single_source(metric: str) -> None:
    lists = shop(400, {"sequence": 2.0, "content": 2.0, "popular": 0.0}, noise=0.05, candidates=100)
    learned = learn(lists, metric, "product")
    assert learned.report["chosen"] == "blend"
    assert learned.report["blend"]["value"] > 1.1 * max(
        figure["value"] for figure in learned.report["sources"].values()
    )
    part = {
        name: float(learned.weights[2 * PLACE[name] : 2 * PLACE[name] + 2].sum())
        for name in ("sequence", "content", "popular")
    }
    assert part["sequence"] == pytest.approx(part["content"], rel=0.25)
    assert abs(part["popular"]) < 0.2 * part["content"]
    assert learned.weights.dtype == np.float32


def test_sources_that_tell_nothing_are_not_asked() -> None:
    told = {"sequence": 2.0, "content": 1.5, "popular": 0.0, "walk": 0.0}
    learned = learn(shop(3000, told, noise=0.1), "ndcg@10", "product")
    assert learned.report["chosen"] == "blend"
    asked = {name for name in told if learned.weights[2 * PLACE[name] : 2 * PLACE[name] + 2].any()}
    assert asked == {"sequence", "content"}
    everything = np.flatnonzero(learned.weights[: 2 * len(SOURCES)].reshape(-1, 2).any(axis=1))
    assert {SOURCES[at].name for at in everything.tolist()} == asked


@examples
@given(seed=st.integers(0, 100), strength=st.sampled_from([1.0, 10.0, 100.0]))
def test_what_is_left_out_costs_little(seed: int, strength: float) -> None:
    draw = np.random.default_rng(seed)
    names = ["sequence", "content", "popular", "walk", "similar", "own"]
    lists = shop(80, dict(zip(names, draw.exponential(size=6).tolist(), strict=True)), seed=seed, noise=0.3)
    centre = np.zeros(WIDTH)
    whole, few = fit(lists, centre, strength), fit_few(lists, centre, strength)
    left_out = np.repeat(idle_sources(lists, whole, strength), 2)
    assert not few[: len(left_out)][left_out].any()
    won = loss(lists, 0.0, centre, centre) - loss(lists, 0.0, centre, whole)
    lost = loss(lists, strength, centre, few) - loss(lists, strength, centre, whole)
    assert -1e-6 <= lost <= 2 * IDLE * won + 1e-6  # the curvature tells it nearly


def test_what_only_sources_without_weight_bring_comes_last() -> None:
    features = np.zeros((3, WIDTH), np.float32)
    put(features, "walk", np.array([0.0, 0.0, 1.0]))
    put(features, "popular", np.array([1.0, 0.5, 0.0]))
    features[:, NAMES.index("bought")] = [9.0, 0.0, 0.0]
    lists = Lists(features, np.array([False, False, True]), np.array([3]), np.array([1]))
    weights = single_weights("walk")
    weights[NAMES.index("bought")] = 1.0
    assert metrics(lists, weights, "ndcg@10").tolist() == [1.0]


def test_the_best_single_source_is_kept_where_a_blend_cannot_do_better() -> None:
    learned = learn(shop(200, {"walk": 1.0, "popular": 0.0, "own": 0.0}), "ndcg@10", "product")
    assert learned.report["chosen"] == "walk"
    assert learned.report["sources"]["walk"]["value"] == 1.0
    assert next(iter(learned.report["sources"])) == "walk"
    assert learned.weights.tolist() == single_weights("walk").astype(np.float32).tolist()


def test_too_few_cases_leave_the_prior() -> None:
    for cases in (0, 1, MIN_CASES - 1):
        learned = learn(shop(cases, {"sequence": 1.0}), "ndcg@10", "cart")
        assert learned.report["chosen"] == "prior"
        assert learned.weights.tolist() == prior_weights("cart").tolist()
    assert learn(shop(MIN_CASES, {"sequence": 1.0}), "ndcg@10", "cart").report["chosen"] != "prior"


def like(context: str, cases: int, seed: int) -> Lists:
    """A shop in which the prior is right: what each source says helps as much as the prior of the context has it."""
    weights = {source.name: 8.0 * float(prior_weights(context)[2 * PLACE[source.name]]) for source in SOURCES}
    return shop(cases, weights, seed=seed, noise=1.0)


def test_a_shop_like_the_others_learns_from_few_cases_with_the_prior_and_from_many_without_it() -> None:
    few, many, unseen = like("session", 150, 1), like("session", THIN_CASES, 2), like("session", 1000, 3)
    with_prior, without = learn(few, "mrr@20", "session"), learn(few, "mrr@20", "home")
    assert with_prior.report["shrunkTo"] == "prior"
    assert without.report["shrunkTo"] == learn(many, "mrr@20", "session").report["shrunkTo"] == "singles"
    with_it, without_it = (
        metrics(unseen, found.weights.astype(float), "mrr@20").mean() for found in (with_prior, without)
    )
    assert with_it > 1.02 * without_it


def test_a_shop_unlike_the_others_keeps_to_its_own_sources() -> None:
    lists = shop(200, {"trending": 2.0, "ease_orders": 2.0}, noise=0.1, candidates=100)
    learned = learn(lists, "ndcg@10", "session")
    assert learned.report["blend"]["value"] > 1.1 * max(
        figure["value"] for figure in learned.report["sources"].values()
    )


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_context_has_a_prior_of_known_names_that_prefers_evidence(context: str) -> None:
    assert set(PRIOR[context.removesuffix("_known")]) <= set(NAMES)
    weights = prior_weights(context)
    assert np.isfinite(weights).all()
    assert sum(weights[2 * PLACE[source.name]] for source in SOURCES) > 2


def test_noise_alone_is_no_reason_for_large_weights() -> None:
    learned = learn(shop(100, {source.name: 0.0 for source in SOURCES}, noise=1.0), "ndcg@10", "product")
    assert np.isfinite(learned.weights).all()
    assert np.abs(learned.weights).max() < 3


def test_the_same_cases_give_the_same_weights_to_the_bit() -> None:
    one, other = (
        learn(shop(150, {"sequence": 1.0, "walk": 0.5, "own": 0.2}, noise=0.1), "mrr@20", "session") for _ in range(2)
    )
    assert one.weights.tobytes() == other.weights.tobytes()
    assert one.report == other.report


def test_cases_none_of_whose_targets_were_found_are_no_failure() -> None:
    lists = shop(80, {"sequence": 1.0})
    learned = learn(lists._replace(hits=np.zeros(len(lists.hits), bool)), "ndcg@10", "product")
    assert learned.report["blend"]["value"] == 0.0
    assert np.isfinite(learned.weights).all()


def test_weights_in_words_name_the_largest_first_and_leave_out_the_small() -> None:
    weights = np.zeros(WIDTH)
    weights[[NAMES.index("walk"), NAMES.index("at_hand"), NAMES.index("popular rank")]] = 0.5, -2.0, 0.01
    assert in_words(weights) == {"at_hand": -2.0, "walk": 0.5}
