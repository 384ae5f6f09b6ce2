"""The serving kernel equals its plain-Python reference, and never breaks its promises."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.candidates import Workspace
from recomengine._core.ranking import FEATURES, NO_SCORE, NO_SOURCE, Paths, Ranker, rank
from recomengine._core.sources import Neighbours, Sequences, Source, own, ranking, sessions, table
from tests.support import reference
from tests.support.matrices import csr, examples
from tests.support.rankers import (
    CATALOG,
    DEPTH,
    FIGURES,
    ITEMS,
    WORKSPACE,
    Answer,
    Kind,
    a_ranking,
    a_session_source,
    a_table,
    arguments,
    ask,
    described,
    index,
    kinds,
    of_request,
    only,
    paths_of,
    plain,
    ranker_of,
    requests,
    signed,
)
from tests.support.reference import Asked, Given, Row


@examples
@given(kinds, requests())
def test_candidates_and_their_features_equal_the_reference(given: list[Kind], asked: Asked) -> None:
    expected = reference.candidate_features([each.says(asked) for each in given], asked, FIGURES, DEPTH)
    found = described(ranker_of(given), asked)
    assert found.keys() == expected.keys()
    for one, features in found.items():
        assert features == pytest.approx(expected[one], rel=1e-5, abs=1e-6)


@examples
@given(kinds, requests(), st.integers(1, CATALOG + 5), st.data())
def test_lists_equal_the_reference(given: list[Kind], asked: Asked, limit: int, data: st.DataObject) -> None:
    ranker = ranker_of(given)
    weights = data.draw(st.lists(signed, min_size=ranker.width, max_size=ranker.width))
    features = brought(described(ranker, asked), weights, len(given), min(limit, CATALOG))
    items, scores, sources, seeds = ask(ranker, weights, limit, asked)
    total = {one: float(np.float64(weights) @ features[one]) for one in features}
    best = sorted(total.values(), reverse=True)[:limit]
    from_candidates = [one for one in items if one in features]
    assert items == reference.filled(from_candidates, asked, limit)
    assert len(items) == len(set(items)) == min(limit, sum(asked.eligible(one) for one in range(CATALOG)))
    assert scores == pytest.approx([*best, *[NO_SCORE] * (len(items) - len(best))], abs=1e-4)
    assert [total[one] for one in from_candidates] == pytest.approx(best, abs=1e-4)
    assert_explained(given, asked, weights, features, items, sources, seeds)


def brought(
    features: dict[int, list[float]], weights: list[float], n_sources: int, limit: int
) -> dict[int, list[float]]:
    """What the sources bring that weigh anything; where that is too little, what all bring."""
    weighs = [at for at in range(n_sources) if weights[2 * at] or weights[2 * at + 1]]
    some = {one: found for one, found in features.items() if any(found[2 * at + 1] for at in weighs)}
    return features if len(some) < limit else some


def assert_explained(
    given: list[Kind],
    asked: Asked,
    weights: list[float],
    features: dict[int, list[float]],
    items: list[int],
    sources: list[int],
    seeds: list[int],
) -> None:
    """The named source says most for the item, and the named seed most in it."""
    says = [each.says(asked) for each in given]
    for one, source, seed in zip(items, sources, seeds, strict=True):
        row = features.get(one, [0.0] * len(weights))
        parts = [weights[2 * s] * row[2 * s] + weights[2 * s + 1] * row[2 * s + 1] for s in range(len(given))]
        if source == NO_SOURCE:
            assert seed == NO_SOURCE
            assert max(parts, default=0.0) < 1e-6
        else:
            assert parts[source] == pytest.approx(max(parts), abs=1e-5)
            assert seed == says[source].seed[one]


@examples
@given(st.lists(st.tuples(kinds, requests()), min_size=2, max_size=4), st.integers(1, CATALOG + 5))
def test_a_used_workspace_answers_as_a_fresh_one(given: list[tuple[list[Kind], Asked]], limit: int) -> None:
    used = Workspace()
    for kinds_, asked in given:
        ranker = ranker_of(kinds_)
        weights = [1.0] * ranker.width
        assert ask(ranker, weights, limit, asked, used) == ask(ranker, weights, limit, asked, Workspace())
        assert described(ranker, asked, used) == described(ranker, asked, Workspace())


def big_shop() -> tuple[Ranker, list[Asked]]:
    """More products than a workspace begins with, sessions of all lengths, and requests of all sizes."""
    draw, count = np.random.default_rng(3), 3000
    rows_ = [{int(one): float(draw.random()) for one in draw.choice(count, 30, replace=False)} for _ in range(count)]
    given = [draw.integers(0, count, draw.integers(1, 9)).tolist() for _ in range(4000)]
    at = np.argsort([one for each in given for one in each], kind="stable")
    owner = np.repeat(np.arange(len(given)), [len(each) for each in given])[at]
    flat = np.array([one for each in given for one in each], np.int32)
    pairs = np.unique(np.stack([flat[at].astype(np.int64), owner], axis=1), axis=0)
    starts = np.concatenate([[0], np.cumsum(np.bincount(pairs[:, 0], minlength=count))]).astype(np.int64)
    indexed = Sequences(
        np.cumsum([0, *map(len, given)], dtype=np.int64),
        flat,
        starts,
        pairs[:, 1].astype(np.int32),
        np.ones(count, np.float32),
    )
    sources = [table([Neighbours(csr(rows_), count)], 0), sessions([indexed], 1), own()]
    ranker = Ranker(sources, draw.random((count, 5)).astype(np.float32))
    asked = []
    for size in draw.integers(0, 30, 60).tolist():
        seeds = draw.integers(0, count, size).tolist()
        categories = draw.integers(-1, 200, count).tolist()
        asked.append(
            plain(
                count,
                seeds=seeds,
                history=[(seed, 1) for seed in seeds],
                own=[(seed, 1.0) for seed in seeds[:3]],
                categories=categories,
            )
        )
    return ranker, asked


def test_answers_are_the_same_from_any_number_of_threads() -> None:
    ranker, asked = big_shop()
    weights = np.random.default_rng(4).normal(size=ranker.width)
    alone = [ask(ranker, weights, 20, each, Workspace()) for each in asked]

    def every(step: int) -> list[Answer]:
        workspace = Workspace()
        return [ask(ranker, weights, 20, each, workspace) for each in asked[::step]]

    for threads in (1, 2, 5):
        with ThreadPoolExecutor(threads) as pool:
            assert all(
                found == alone[::step]
                for step, found in zip([1, 2, 3, 1, 2], pool.map(every, [1, 2, 3, 1, 2]), strict=True)
            )


def test_a_source_brings_no_more_than_its_best_hundred() -> None:
    size = 300
    scores = {one: float(1 + one % 7) for one in range(size)}
    given = Ranker([own(), ranking(*sorted_arrays(scores))], np.zeros((size, 5), np.float32))
    asked = plain(size, own=list(scores.items()), available=[int(one % 2) for one in range(size)])
    found = described(given, asked)
    expected = reference.candidate_features([Given(scores, {})] * 2, asked, [[0.0] * 5] * size, DEPTH)
    assert len(found) == DEPTH
    assert found.keys() == expected.keys()
    for one, features in found.items():
        assert features == pytest.approx(expected[one], rel=1e-6)


def sorted_arrays(scores: Row) -> tuple[Any, Any]:
    order = reference.best(scores, len(scores))
    return np.array([one for one, _ in order], np.int32), np.array([score for _, score in order], np.float32)


def test_equal_scores_go_to_the_smaller_number() -> None:
    ranker = ranker_of([of_request()])
    assert ask(ranker, only(0, ranker), 3, plain(own=[(7, 1.0), (3, 1.0), (5, 1.0)]))[0] == [3, 5, 7]


def test_negative_scores_of_candidates_stand_before_the_fallback() -> None:
    ranker = ranker_of([of_request()])
    weights = [-each for each in only(0, ranker)]
    items, scores, sources, _ = ask(ranker, weights, 4, plain(own=[(7, 1.0), (3, 2.0)], fallback=[9]))
    assert items == [7, 3, 9, 0]
    assert scores == [-0.5, -1.0, NO_SCORE, NO_SCORE]
    assert sources == [NO_SOURCE] * 4


def test_the_reason_is_the_seed_that_counts_most() -> None:
    ranker = ranker_of([a_table([[{5: 1.0}, {5: 4.0}, {5: -8.0, 6: 1.0}, *[{}] * 7]])])
    items, scores, sources, seeds = ask(ranker, only(0, ranker), 2, plain(seeds=[0, 1], fallback=[4]))
    assert (items, scores, sources, seeds) == ([5, 4], [1.0, NO_SCORE], [0, NO_SOURCE], [1, NO_SOURCE])


def test_what_negative_values_cancel_is_no_candidate() -> None:
    assert described(
        ranker_of([a_table([[{5: 1.0, 6: 2.0}, {5: -1.0, 6: -1.0}, *[{}] * 8]])]), plain(seeds=[0, 1])
    ).keys() == {6}


def test_a_filter_never_shortens_a_list_that_the_catalog_can_fill() -> None:
    ranker = ranker_of([a_table([[{1: 1.0, 2: 0.5}, *[{}] * 9]])])
    asked = plain(seeds=[0], categories=[0, 0, 0, *[1] * 9], mask=[0, 1])
    items, scores, *_ = ask(ranker, only(0, ranker), 4, asked)
    assert items == [3, 4, 5, 6]
    assert scores == [NO_SCORE] * 4


def test_what_is_of_the_session_fills_a_list_last() -> None:
    ranker = ranker_of([])
    asked = plain(4, history=[(2, 1), (0, 1)], session=1, fallback=[2, 3])
    assert ask(ranker, [0.0] * ranker.width, 9, asked)[0] == [3, 0, 1, 2]


def test_price_limits_leave_out_products_without_a_price() -> None:
    ranker = ranker_of([])
    prices = [-1, 500, 1000, 1500, *[-1] * 8]
    assert ask(ranker, [0.0] * 15, 12, plain(prices=prices, min_price=500, max_price=1000))[0] == [1, 2]
    assert ask(ranker, [0.0] * 15, 12, plain(prices=prices, min_price=0))[0] == [1, 2, 3]


def test_a_category_mask_leaves_out_products_without_a_category() -> None:
    ranker = ranker_of([])
    assert ask(ranker, [0.0] * 15, 12, plain(3, categories=[-1, 0, -1], mask=[1]))[0] == [1]
    assert ask(ranker, [0.0] * 15, 12, plain(3, categories=[-1] * 3, mask=[1]))[0] == []


def test_products_newer_than_the_neighbours_are_offered() -> None:
    ranker = ranker_of([a_table([[{1: 1.0}, *[{}] * 9]])])
    assert ask(ranker, only(0, ranker), 5, plain(14, seeds=[0], available=[0] * 12 + [1, 1]))[0] == [12, 13]


def test_neighbours_beyond_the_catalog_are_left_out() -> None:
    ranker = ranker_of([a_table([[{9: 1.0, 1: 0.5}, *[{}] * 9]])])
    assert ask(ranker, only(0, ranker), 5, plain(2, seeds=[0]))[0] == [1, 0]


def test_an_empty_catalog_gives_an_empty_list() -> None:
    ranker = ranker_of([of_request(), a_ranking({1: 1.0})])
    assert ask(ranker, only(0, ranker), 5, plain(0, own=[(1, 1.0)], seeds=[1], mask=[1])) == ([], [], [], [])


def test_items_that_say_nothing_take_no_room_however_many_sequences_hold_them() -> None:
    kind = a_session_source(
        [[0, 1]] * 40, [0.0, 1.0, *[1.0] * 8], sample=500, neighbours=200, decay=1.0, length=0.0, back=1.0
    )
    small = Ranker([kind.source], np.array(FIGURES, np.float32))
    for _ in range(100):  # far more notes than a workspace has room for sequences
        assert described(small, plain(seeds=[0] * 40)) == {}


def test_the_newest_sequences_of_a_seed_are_the_ones_that_count() -> None:
    kind = a_session_source(
        [[0, 1], [0, 2], [0, 3]], [1.0] * ITEMS, sample=2, neighbours=1, decay=1.0, length=0.0, back=1.0
    )
    assert described(ranker_of([kind]), plain(seeds=[0])).keys() == {0, 3}


def test_a_row_of_neighbours_is_given_as_it_is() -> None:
    known = Neighbours(csr([{3: 2.0, 1: -1.0}, {}]), 4)
    assert [each.tolist() for each in known.row(0)] == [[3, 1], [2.0, -1.0]]
    assert [each.tolist() for number in (-1, 1, 2) for each in known.row(number)] == [[]] * 6
    assert (known.rows, known.columns) == (2, 4)


def test_every_feature_has_a_weight() -> None:
    assert ranker_of([of_request()] * 3).width == 2 * 3 + len(FEATURES)


Arguments = dict[str, Any]
GOOD_INDEX = dict(zip(("indptr", "items", "at", "where", "idf"), index([[0, 1], [1], [1, 2]], [1.0] * 3), strict=True))
WRONG_SEQUENCES: list[tuple[Arguments, str]] = [
    ({"indptr": GOOD_INDEX["indptr"].astype(np.int32)}, r"indptr: expected a flat int64 array, got int32"),
    ({"indptr": GOOD_INDEX["indptr"][::-1].copy()}, r"indptr: expected a non-decreasing array"),
    ({"indptr": GOOD_INDEX["indptr"][:-1]}, r"items, where, idf: expected 3, 5 and 3 values, got 5, 5 and 3"),
    ({"items": GOOD_INDEX["items"][:-1]}, r"items, where, idf: expected 5"),
    ({"items": GOOD_INDEX["items"] + 1}, r"items: expected 0 to 2, got 1 to 3"),
    ({"items": GOOD_INDEX["items"] - 1}, r"items: expected 0 to 2, got -1 to 1"),
    ({"items": None}, r"items: expected a flat int32 array, got NoneType"),
    ({"at": GOOD_INDEX["at"][1:]}, r"at: expected a non-decreasing array that starts with 0"),
    ({"at": GOOD_INDEX["at"][:-1]}, r"items, where, idf"),
    ({"where": GOOD_INDEX["where"][1:]}, r"items, where, idf"),
    ({"where": GOOD_INDEX["where"] + 1}, r"where: expected 0 to 2, got 1 to 3"),
    ({"where": GOOD_INDEX["where"] * -1}, r"where: expected 0 to 2, got -2 to 0"),
    ({"where": GOOD_INDEX["where"] * 0}, r"where: expected the sequences of each item once, oldest first"),
    ({"idf": GOOD_INDEX["idf"][:-1]}, r"items, where, idf"),
    ({"idf": -GOOD_INDEX["idf"]}, r"idf: expected finite values >= 0"),
    ({"idf": GOOD_INDEX["idf"] * np.float32("nan")}, r"idf: expected finite values >= 0"),
    ({"idf": GOOD_INDEX["idf"].astype(float)}, r"idf: expected a flat float32 array"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG_SEQUENCES)
def test_broken_sequences_are_refused_by_name(changed: Arguments, message: str) -> None:
    Sequences(**GOOD_INDEX)
    with pytest.raises(ValueError, match=message):
        Sequences(**{**GOOD_INDEX, **changed})


KNOWN = Sequences(**GOOD_INDEX)
INT, FLOAT = np.array([1, 0], np.int32), np.array([2.0, 1.0], np.float32)
WRONG_SOURCES: list[tuple[Callable[[], Any], str]] = [
    (lambda: table([], -1), r"profile: expected at least 0, got -1"),
    (lambda: table([None], 0), r"tables: expected Neighbours, got NoneType"),  # type: ignore[list-item]
    (lambda: sessions([None], 0), r"sequences: expected Sequences, got NoneType"),  # type: ignore[arg-type]
    (lambda: sessions([KNOWN], -1), r"profile: expected at least 0"),
    (lambda: sessions([KNOWN], 0, sample=0), r"sample, neighbours: expected at least 1, got 0 and 200"),
    (lambda: sessions([KNOWN], 0, neighbours=-1), r"sample, neighbours: expected at least 1, got 500 and -1"),
    (lambda: sessions([KNOWN], 0, decay=1.5), r"decay, length, back: expected 0 to 1"),
    (lambda: sessions([KNOWN], 0, decay=float("nan")), r"decay, length, back"),
    (lambda: sessions([KNOWN], 0, length=-1.0), r"decay, length, back"),
    (lambda: sessions([KNOWN], 0, back=float("inf")), r"decay, length, back"),
    (lambda: ranking(INT.astype(np.int64), FLOAT), r"items: expected a flat int32 array, got int64"),
    (lambda: ranking(INT, FLOAT[:1]), r"items, scores: expected as many of each, got 2 and 1"),
    (lambda: ranking(-INT, FLOAT), r"items: expected 0 to"),
    (lambda: ranking(INT, FLOAT * np.float32("nan")), r"scores: expected finite values"),
    (lambda: ranking(INT, FLOAT[::-1].copy()), r"scores: expected the highest first"),
    (lambda: Neighbours(csr([{3: 1.0}]), 3), r"neighbours\.indices: expected 0 to 2, got 3 to 3"),
    (lambda: Neighbours(csr([{0: float("nan")}]), 3), r"neighbours\.data: expected finite values"),
    (
        lambda: Ranker([Source()], np.zeros((1, 5), np.float32)),
        r"sources: expected what table, sessions, ranking, own and encoded make, got Source",
    ),
    (lambda: Ranker([None], np.zeros((1, 5), np.float32)), r"sources: .*got NoneType"),  # type: ignore[list-item]
    (lambda: Ranker([], np.zeros((1, 4), np.float32)), r"item_features: expected 5 columns, got 4"),
    (
        lambda: Ranker([], np.zeros(5, np.float32)),
        r"item_features: expected a float32 array with 2 dimensions, got float32 with 1",
    ),
    (lambda: Ranker([], np.zeros((1, 5))), r"item_features: expected a float32 array with 2 dimensions, got float64"),  # type: ignore[arg-type]
    (lambda: Ranker([], np.full((1, 5), np.float32("inf"))), r"item_features: expected finite values"),
    (lambda: Ranker([], None), r"item_features: expected a float32 array"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("make", "message"), WRONG_SOURCES)
def test_broken_sources_are_refused_by_name(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


WRONG: list[tuple[Arguments, str]] = [
    ({"limit": 0}, r"limit: expected at least 1, got 0"),
    ({"weights": np.zeros(18, np.float32)}, r"weights: expected 19, got 18"),
    ({"weights": np.zeros(19)}, r"weights: expected a flat float32 array"),
    ({"weights": np.full(19, np.float32("nan"))}, r"weights: expected finite values"),
    ({"seeds": [1]}, r"seeds: expected a flat int32 array, got list"),
    ({"profiles": None}, r"profiles: expected a float32 array with 2 dimensions, got NoneType"),
    ({"profiles": np.ones((2, 2))}, r"profiles: expected a float32 array with 2 dimensions, got float64"),
    ({"profiles": np.ones((1, 2), np.float32)}, r"profiles: expected 2 rows of 2 weights, got 1 of 2"),
    ({"profiles": np.ones((2, 3), np.float32)}, r"profiles: expected 2 rows of 2 weights, got 2 of 3"),
    ({"profiles": np.full((2, 2), np.float32("inf"))}, r"profiles: expected finite values"),
    ({"own_weights": np.ones(2, np.float32)}, r"own_weights: expected 1, got 2"),
    ({"own_weights": np.full(1, np.float32("nan"))}, r"own_weights: expected finite values"),
    ({"history_types": np.zeros(2, np.uint8)}, r"history_types: expected .* and 1 values, got .* and 2"),
    ({"price_cents": np.zeros(3, np.int64)}, r"price_cents, .*expected 12, 12 .* got 3, 12"),
    ({"categories": np.zeros(3, np.int32)}, r"categories, .*expected 12, 12 .* got 12, 3"),
    ({"categories": np.zeros(12, np.int64)}, r"categories: expected a flat int32 array"),
    ({"category_mask": np.zeros(0, np.uint8)}, r"category_mask: expected at least 1 values, one a category, got 0"),
    ({"available": np.ones(12, bool)}, r"available: expected a flat uint8 array, got bool"),
    ({"fallback": [1]}, r"fallback: expected a flat int32 array, got list"),
    ({"excluded": None}, r"excluded: expected a flat int32 array, got NoneType"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG)
def test_wrong_requests_are_refused_by_name(changed: Arguments, message: str) -> None:
    ranker = Ranker([table([], 1), own()], np.zeros((0, 5), np.float32))
    good: Arguments = arguments(plain(seeds=[0, 1], own=[(1, 1.0)], history=[(1, 1)]))
    good |= {"weights": np.ones(19, np.float32), "limit": 3}
    rank(WORKSPACE, ranker, **good)
    with pytest.raises(ValueError, match=message):
        rank(WORKSPACE, ranker, **{**good, **changed})
    assert rank(WORKSPACE, ranker, **good)[0] == [1, 0, 2]


def test_a_category_that_the_paths_do_not_know_is_none() -> None:
    asked = plain(seeds=[0], own=[(1, 1.0), (2, 0.5)], categories=[0, 1] + [-1] * (CATALOG - 2))
    asked_by_paths = {**arguments(asked), "paths": paths_of([[0]])}
    items, features = rank(WORKSPACE, ranker_of([of_request()]), None, 1, **asked_by_paths)
    same = len(features[0]) - len(FEATURES) + FEATURES.index("same_category")
    assert (items.tolist(), features[:, same].tolist()) == ([1, 2], [0.0, 0.0])
    asked_by_paths["category_mask"] = np.ones(1, np.uint8)
    assert rank(WORKSPACE, ranker_of([of_request()]), np.ones(17, np.float32), 3, **asked_by_paths)[0] == [0]


@pytest.mark.parametrize(
    ("indptr", "numbers", "message"),
    [
        (np.array([0, 2]), np.zeros(1, np.int32), r"indptr: expected to end with 1, .* got 2"),
        (np.array([1]), np.zeros(1, np.int32), r"indptr: expected a non-decreasing array that starts with 0"),
        (np.array([0, 1]), np.zeros(1, np.int64), r"numbers: expected a flat int32 array"),
        (np.array([0, 1]), np.array([-1], np.int32), r"numbers: expected 0 and more, got -1"),
    ],
)
def test_broken_paths_are_refused_by_name(indptr: Any, numbers: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Paths(indptr, numbers)
