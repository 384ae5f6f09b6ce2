"""EASE against the closed form written out with dense matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.models import ease as module
from recomengine.models.ease import REGULARISATION, ease
from tests.support.matrices import csr, examples, pairs, rows
from tests.support.reference import Row

ITEMS = 8


def dense(given: list[Row]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    held = np.array([[float(item in row) for item in range(ITEMS)] for row in given]).reshape(-1, ITEMS)
    inverse = np.linalg.inv(held.T @ held + REGULARISATION * np.eye(ITEMS))
    weights = -inverse / inverse.diagonal()[None, :]
    np.fill_diagonal(weights, 0.0)
    return weights


matrices = st.integers(0, 12).flatmap(lambda count: rows(count, ITEMS, st.sampled_from([0.5, 1.0, 7.0])))


@examples
@given(matrices)
def test_every_weight_is_that_of_the_closed_form(given: list[Row]) -> None:
    active = {item for row in given for item in row}
    found, expected = ease(csr(given), ITEMS, max_items=ITEMS), dense(given)
    assert found.rows == ITEMS
    for item, row in enumerate(pairs(found)):
        assert [other for other, _ in row] == sorted({other for other, _ in row})
        assert {other for other, _ in row} <= active - {item}
        wanted = (
            {other: expected[item, other] for other in active if other != item}
            if item in active and len(active) > 1
            else {}
        )
        listed = dict(row)
        assert [listed.get(other, 0.0) for other in wanted] == pytest.approx(list(wanted.values()), abs=1e-6)


@examples
@given(matrices, st.integers(1, ITEMS - 1))
def test_of_each_row_the_largest_stay_whatever_their_sign(given: list[Row], kept: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "KEPT", kept)
        found, expected = ease(csr(given), ITEMS, max_items=ITEMS), np.abs(dense(given))
    for item, row in enumerate(pairs(found)):
        assert len(row) <= kept
        assert sorted(abs(value) for _, value in row) == pytest.approx(
            sorted(expected[item])[ITEMS - len(row) :], abs=1e-6
        )


def test_what_excludes_each_other_has_a_negative_weight() -> None:
    found = ease(csr([{0: 1.0, 2: 1.0}] * 50 + [{1: 1.0, 2: 1.0}] * 50), ITEMS, max_items=ITEMS)
    assert dict(pairs(found)[0])[1] < 0 < dict(pairs(found)[0])[2]


def test_too_many_or_too_few_products_give_an_empty_table() -> None:
    three = csr([{0: 1.0, 1: 1.0}, {2: 1.0}])
    assert pairs(ease(three, ITEMS, max_items=2)) == [[]] * ITEMS
    assert pairs(ease(three, ITEMS, max_items=3))[0]
    assert pairs(ease(csr([{3: 1.0}]), ITEMS, max_items=ITEMS)) == [[]] * ITEMS
    assert pairs(ease(csr([]), 0, max_items=ITEMS)) == []
