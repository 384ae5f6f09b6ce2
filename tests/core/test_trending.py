"""decayed_counts and trending_scores against their references, and what they refuse."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.trending import decayed_counts, trending_scores
from tests.support import reference
from tests.support.matrices import examples

NOW, HOUR = 1_760_000_000_000, 3_600_000

times = st.integers(-5, 5000).map(lambda hours: NOW - hours * HOUR)
events = st.lists(st.tuples(st.integers(0, 5), times, st.floats(0.0, 50.0, width=32)), max_size=40)
counts = st.lists(st.tuples(st.floats(0.0, 1e6), st.floats(0.0, 1e6)), max_size=20)


def counted(drawn: list[tuple[int, int, float]], **options: Any) -> list[float]:
    arguments: dict[str, Any] = {
        "items": np.array([item for item, _, _ in drawn], np.int32),
        "times": np.array([time for _, time, _ in drawn], np.int64),
        "weights": np.array([weight for _, _, weight in drawn], np.float32),
        "n_items": 6,
        "now_ms": NOW,
        "half_life_ms": 24.0 * HOUR,
    }
    found: list[float] = decayed_counts(**{**arguments, **options}).tolist()
    return found


@examples
@given(events, st.sampled_from([0.5 * HOUR, 24.0 * HOUR, 9000.0 * HOUR]))
def test_counts_are_those_of_the_reference(drawn: list[tuple[int, int, float]], half_life_ms: float) -> None:
    items, times, weights = [[event[part] for event in drawn] for part in range(3)]
    expected = reference.decayed_counts(items, times, weights, 6, NOW, half_life_ms)
    assert counted(drawn, half_life_ms=half_life_ms) == pytest.approx(expected, rel=1e-12, abs=1e-300)


def test_an_event_is_worth_half_after_each_half_life_and_never_more_than_its_weight() -> None:
    drawn = [(0, NOW - 24 * HOUR, 4.0), (0, NOW - 48 * HOUR, 4.0), (1, NOW + 900 * HOUR, 4.0)]
    assert counted(drawn) == [3.0, 4.0, 0.0, 0.0, 0.0, 0.0]


def test_the_largest_ages_do_not_wrap_round() -> None:
    assert counted([(0, np.iinfo(np.int64).min, 1.0), (1, np.iinfo(np.int64).max, 1.0)])[:2] == [0.0, 1.0]


def test_no_events_and_no_items_give_no_counts() -> None:
    assert counted([]) == [0.0] * 6
    assert counted([], n_items=0) == []


WRONG_COUNTS: list[tuple[dict[str, Any], str]] = [
    ({"items": np.array([0, 1], np.int64)}, r"items: expected a flat int32 array, got int64"),
    ({"items": np.array([0, 6], np.int32)}, r"items: expected 0 to 5, got 0 to 6"),
    ({"items": np.array([-1, 0], np.int32)}, r"items: expected 0 to 5, got -1 to 0"),
    ({"times": np.zeros((2, 1), np.int64)}, r"times: expected a flat int64 array, got int64 with 2 dimensions"),
    ({"times": np.zeros(3, np.int64)}, r"expected equal lengths, got 2, 3, 2"),
    ({"weights": np.array([1.0, np.nan], np.float32)}, r"weights: expected finite values >= 0"),
    ({"weights": np.array([1.0, -1.0], np.float32)}, r"weights: expected finite values >= 0"),
    ({"n_items": -1}, r"items: expected a count of at least 0, got -1"),
    ({"half_life_ms": 0.0}, r"half_life_ms: expected > 0, got 0\.0"),
    ({"half_life_ms": float("nan")}, r"half_life_ms: expected > 0, got nan"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG_COUNTS)
def test_wrong_events_are_refused_by_name(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        counted([(0, NOW, 1.0), (1, NOW, 1.0)], **changed)


def scored(drawn: list[tuple[float, float]], **options: Any) -> list[float]:
    arguments: dict[str, Any] = {
        "short_counts": np.array([fast for fast, _ in drawn], np.float64),
        "long_counts": np.array([slow for _, slow in drawn], np.float64),
        "short_ms": 6.0 * HOUR,
        "long_ms": 168.0 * HOUR,
        "prior": 3.0,
    }
    found: list[float] = trending_scores(**{**arguments, **options}).tolist()
    return found


@examples
@given(counts, st.sampled_from([0.5, 3.0, 100.0]))
def test_scores_are_those_of_the_reference(drawn: list[tuple[float, float]], prior: float) -> None:
    fast, slow = [count for count, _ in drawn], [count for _, count in drawn]
    expected = reference.trending_scores(fast, slow, 6.0 * HOUR, 168.0 * HOUR, prior)
    assert scored(drawn, prior=prior) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_a_steady_product_scores_nothing_a_burst_more_and_a_lull_less() -> None:
    steady, burst, lull = scored([(1.0, 28.0), (5.0, 28.0), (0.0, 28.0)])
    assert lull < steady == 0.0 < burst


WRONG_SCORES: list[tuple[dict[str, Any], str]] = [
    ({"short_counts": np.ones(2, np.float32)}, r"short_counts: expected a flat float64 array, got float32"),
    ({"long_counts": np.ones(1)}, r"counts: expected equal lengths, got 2 and 1"),
    ({"long_counts": np.array([1.0, np.nan])}, r"_counts: expected finite values >= 0"),
    ({"short_counts": np.array([np.inf, 1.0])}, r"_counts: expected finite values >= 0"),
    ({"long_counts": np.array([1.0, -50.0])}, r"_counts: expected finite values >= 0"),
    ({"prior": 0.0}, r"expected prior > 0"),
    ({"prior": float("nan")}, r"expected prior > 0"),
    ({"short_ms": 0.0}, r"0 < short <= long"),
    ({"long_ms": 1.0}, r"0 < short <= long"),
    ({"long_ms": float("nan")}, r"0 < short <= long"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG_SCORES)
def test_wrong_counts_are_refused_by_name(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scored([(1.0, 1.0), (2.0, 2.0)], **changed)
