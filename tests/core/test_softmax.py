"""Value, slope and curvature of a listwise softmax against its formula, written out case by case."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.softmax import softmax_state
from tests.support.matrices import examples

cases = st.tuples(st.lists(st.integers(1, 6), min_size=1, max_size=40), st.integers(1, 5), st.integers(0, 10_000))


def some(sizes: list[int], width: int, seed: int) -> tuple[np.ndarray, ...]:
    """Features (many of them 0), starts, shares and weights."""
    random = np.random.default_rng(seed)
    rows = sum(sizes)
    features = (random.normal(size=(rows, width)) * (random.random((rows, width)) < 0.6)).astype(np.float32)
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    share = random.random(rows)
    share /= np.repeat(np.add.reduceat(share, starts[:-1]), sizes)
    return features, starts, share, random.normal(size=width)


def plain(
    features: np.ndarray, starts: np.ndarray, share: np.ndarray, weights: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    loss, slope, curve = 0.0, np.zeros(len(weights)), np.zeros((len(weights), len(weights)))
    for start, end in itertools.pairwise(starts):
        x, t = features[start:end].astype(np.float64), share[start:end]
        odds = np.exp(x @ weights - (x @ weights).max())
        p = odds / odds.sum()
        loss -= float((t * np.log(p)).sum())
        slope += x.T @ (p - t)
        curve += x.T @ (p[:, None] * x) - np.outer(p @ x, p @ x)
    return loss, slope, curve


@examples
@given(cases)
def test_loss_slope_and_curvature_equal_their_formula(case: tuple[list[int], int, int]) -> None:
    given_ = some(*case)
    loss, slope, curve = softmax_state(*given_)
    expected = plain(*given_)
    assert loss == pytest.approx(expected[0], abs=1e-9)
    assert slope == pytest.approx(expected[1], abs=1e-9)
    assert curve == pytest.approx(expected[2], abs=1e-9)


def test_the_result_does_not_depend_on_the_number_of_threads() -> None:
    given_ = some([5] * 500, 8, 1)
    one, many = softmax_state(*given_, threads=1), softmax_state(*given_, threads=5)
    assert one[0] == many[0]
    assert one[1].tobytes() == many[1].tobytes()
    assert one[2].tobytes() == many[2].tobytes()


def test_far_scores_do_not_overflow() -> None:
    features = np.array([[1000.0], [-1000.0]], np.float32)
    loss, slope, curve = softmax_state(features, np.array([0, 2]), np.array([0.0, 1.0]), np.array([10.0]))
    assert loss == pytest.approx(20_000)
    assert np.isfinite(slope).all()
    assert np.isfinite(curve).all()


@pytest.mark.parametrize("broken", ["width", "share", "gap", "empty case", "type"])
def test_what_does_not_fit_together_is_refused(broken: str) -> None:
    features, starts, share, weights = some([2, 3], 2, 0)
    if broken == "gap":
        starts = np.array([0, 2, 4])
    if broken == "empty case":
        starts = np.array([0, 2, 2, 5])
    with pytest.raises(ValueError, match="expected"):
        softmax_state(
            features.astype(np.float64) if broken == "type" else features, starts,
            share[1:] if broken == "share" else share, weights[1:] if broken == "width" else weights,
        )  # fmt: skip
