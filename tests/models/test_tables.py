"""Tables of neighbours equal their formulas."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.csr import CSR
from recomengine.models.tables import WALK_ALPHA, WALK_BETA, cosine, damped_confidence, random_walk
from tests.support.matrices import csr, examples, pairs, rows
from tests.support.reference import Row

ITEMS = 7
matrices = st.integers(0, 6).flatmap(lambda count: rows(count, ITEMS, st.sampled_from([1.0, 3.0, 5.0, 8.0])))


def in_order(given: list[Row]) -> CSR:
    return csr([dict(sorted(row.items())) for row in given])


def holders(given: list[Row], item: int) -> list[Row]:
    return [row for row in given if item in row]


def assert_scores(found: CSR, score: Callable[[int, int], float]) -> None:
    """Every pair of different items with a score > 0 is there with that score, best first."""
    for item, row in enumerate(pairs(found)):
        expected = {other: score(item, other) for other in range(ITEMS) if other != item}
        assert dict(row) == pytest.approx({other: value for other, value in expected.items() if value > 0}, rel=1e-5)
        assert [value for _, value in row] == sorted((value for _, value in row), reverse=True)


@examples
@given(matrices, st.sampled_from([0.0, 0.7, 1.0]), st.sampled_from([0.0, 0.1, 0.5]))
def test_damped_confidence_equals_its_formula(given: list[Row], size: float, popularity: float) -> None:
    def score(item: int, other: int) -> float:
        both = [row for row in given if item in row and other in row]
        shared = sum(len(row) ** -size for row in both)
        return shared / (len(holders(given, item)) * len(holders(given, other)) ** popularity) if both else 0.0

    held = in_order([dict.fromkeys(row, 1.0) for row in given])
    holding = np.array([len(holders(given, item)) for item in range(ITEMS)])
    assert_scores(damped_confidence(held, ITEMS, holding, size=size, popularity=popularity), score)


@examples
@given(matrices)
def test_cosine_equals_its_formula(given: list[Row]) -> None:
    def norm(item: int) -> float:
        return math.sqrt(sum(math.log1p(row[item]) ** 2 for row in holders(given, item)))

    def score(item: int, other: int) -> float:
        both = [row for row in given if item in row and other in row]
        dot = sum(math.log1p(row[item]) * math.log1p(row[other]) / math.sqrt(len(row)) for row in both)
        return dot / (norm(item) * norm(other)) if both else 0.0

    assert_scores(cosine(in_order(given), ITEMS), score)


@examples
@given(matrices)
def test_random_walk_equals_its_formula(given: list[Row]) -> None:
    def score(item: int, other: int) -> float:
        both = [row for row in given if item in row and other in row]
        steps = sum(len(holders(given, item)) ** -WALK_ALPHA * len(row) ** -WALK_ALPHA for row in both)
        return steps / len(holders(given, other)) ** WALK_BETA if both else 0.0

    assert_scores(random_walk(in_order(given), ITEMS), score)
