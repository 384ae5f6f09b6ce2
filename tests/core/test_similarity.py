"""product_topk against its reference, its order, its independence of threads, and what it refuses."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.csr import CSR
from recomengine._core.interactions import transpose
from recomengine._core.similarity import product_topk
from tests.support import reference
from tests.support.matrices import csr, examples, pairs, rows, same
from tests.support.reference import Row

POWERS = st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0])
"""Norms whose products and quotients are exact in float32, so that a tie is a tie in the reference too."""

SHRINKS = st.sampled_from([0.0, 0.5, 10.0])

Problem = tuple[list[Row], list[Row], list[float], list[float]]


@st.composite
def problems(draw: st.DrawFn, values: st.SearchStrategy[float], norms: st.SearchStrategy[float]) -> Problem:
    n_rows, inner, columns = draw(st.integers(0, 8)), draw(st.integers(0, 8)), draw(st.integers(1, 12))
    return (
        draw(rows(n_rows, inner, values)),
        draw(rows(inner, columns, values)),
        draw(st.lists(norms, min_size=n_rows, max_size=n_rows)),
        draw(st.lists(norms, min_size=columns, max_size=columns)),
    )


def topk(problem: Problem, k: int, **options: Any) -> CSR:
    left, right, row_norm, col_norm = problem
    norms = {"row_norm": np.array(row_norm, np.float32), "col_norm": np.array(col_norm, np.float32)}
    return product_topk(csr(left), csr(right), len(col_norm), k, **norms, **options)


@examples
@given(problems(st.integers(0, 3).map(float), POWERS), st.integers(1, 14), st.booleans())
def test_exact_inputs_give_the_reference_with_ties_to_the_smaller_index(
    problem: Problem, k: int, skip_diagonal: bool
) -> None:
    expected = [reference.best(row, k) for row in reference.product_scores(*problem, 0.0, skip_diagonal)]
    assert pairs(topk(problem, k, skip_diagonal=skip_diagonal)) == expected


@examples
@given(problems(st.floats(0.0, 100.0, width=32), st.floats(0.125, 100.0, width=32)), st.integers(1, 14), SHRINKS)
def test_any_inputs_give_the_best_scores_of_the_reference(problem: Problem, k: int, shrink: float) -> None:
    wanted = reference.product_scores(*problem, shrink, True)
    for found, scores in zip(pairs(topk(problem, k, shrink=shrink, skip_diagonal=True)), wanted, strict=True):
        normal = {column: score for column, score in scores.items() if score > 1e-30}
        top = [score for _, score in reference.best(normal, k)]
        assert [score for _, score in found][: len(normal)] == pytest.approx(top, rel=1e-5)
        assert all(score == pytest.approx(scores[column], rel=1e-5, abs=1e-30) for column, score in found)


def random_matrix(seed: int, n_rows: int, columns: int, a_row: int) -> CSR:
    draw = np.random.default_rng(seed)
    taken = [draw.choice(columns, draw.integers(0, a_row), replace=False) for _ in range(n_rows)]
    return csr([{int(column): float(draw.integers(1, 6)) / 3 for column in row} for row in taken])


def ones(count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.ones(count, np.float32)


@pytest.mark.parametrize("threads", [0, 2, 3, 8])
def test_result_is_the_same_to_the_bit_with_any_number_of_threads(threads: int) -> None:
    users = random_matrix(1, 400, 300, 12)
    items = transpose(users, 300)
    norms = {"row_norm": ones(300), "col_norm": ones(300)}
    alone = product_topk(items, users, 300, 20, **norms, threads=1)
    assert same(product_topk(items, users, 300, 20, **norms, threads=threads), alone)


@examples
@given(st.integers(0, 2**32 - 1), st.integers(1, 1500), st.integers(1, 60), st.sampled_from([2, 40, 10**6]))
def test_long_rows_give_the_reference_whatever_the_order_of_their_columns(
    seed: int, columns: int, k: int, values: int
) -> None:
    draw = np.random.default_rng(seed)
    right: Row = {int(column): float(draw.integers(1, values)) for column in draw.permutation(columns)}
    found = product_topk(csr([{0: 1.0}]), csr([right]), columns, k, row_norm=ones(1), col_norm=ones(columns), threads=1)
    assert pairs(found) == [reference.best(right, k)]


@pytest.mark.parametrize("order", [1, -1])
def test_rows_in_order_of_score_give_the_reference(order: int) -> None:
    right: Row = {column: float(column + 1) for column in range(20_000)[::order]}
    found = product_topk(csr([{0: 1.0}]), csr([right]), 20_000, 100, row_norm=ones(1), col_norm=ones(20_000))
    assert pairs(found) == [reference.best(right, 100)]


def test_long_rows_keep_the_smaller_indices_of_equal_scores() -> None:
    right = csr([dict.fromkeys(range(999, -1, -1), 2.0)])
    found = product_topk(csr([{0: 1.0}]), right, 1000, 10, row_norm=ones(1), col_norm=ones(1000))
    assert pairs(found) == [[(column, 2.0) for column in range(10)]]


def test_zero_values_take_no_room_however_many_there_are() -> None:
    right = csr([dict.fromkeys(range(4), 0.0)] * 500 + [{3: 2.0}])
    found = product_topk(
        csr([dict.fromkeys(range(501), 1.0)]), right, 4, 4, row_norm=ones(1), col_norm=ones(4), threads=1
    )
    assert pairs(found) == [[(3, 2.0)]]


def test_a_matrix_without_rows_or_without_entries_gives_empty_rows() -> None:
    assert pairs(product_topk(csr([]), csr([{0: 1.0}]), 1, 5, row_norm=ones(0), col_norm=ones(1))) == []
    assert pairs(product_topk(csr([{}, {}]), csr([]), 3, 5, row_norm=ones(2), col_norm=ones(3))) == [[], []]


def test_the_only_item_has_no_neighbour_but_itself() -> None:
    matrix, norm = csr([{0: 2.0}]), np.array([2.0], np.float32)
    assert pairs(product_topk(matrix, matrix, 1, 3, row_norm=norm, col_norm=norm)) == [[(0, 1.0)]]
    assert pairs(product_topk(matrix, matrix, 1, 3, row_norm=norm, col_norm=norm, skip_diagonal=True)) == [[]]


Arguments = dict[str, Any]
LEFT, RIGHT = csr([{0: 1.0, 1: 2.0}, {1: 1.0}]), csr([{0: 1.0}, {2: 3.0}])
WRONG: list[tuple[Arguments, str]] = [
    (
        {"left": LEFT._replace(indices=LEFT.indices.astype(np.int64))},
        r"left\.indices: expected a flat int32 array, got int64",
    ),
    ({"left": LEFT._replace(indices=LEFT.indices + 1)}, r"left\.indices: expected 0 to 1, got 1 to 2"),
    ({"right": RIGHT._replace(data=-RIGHT.data)}, r"right\.data: expected finite values >= 0"),
    ({"columns": 2}, r"right\.indices: expected 0 to 1, got 0 to 2"),
    ({"columns": 0}, r"right\.indices: expected none, got 0 to 2"),
    ({"right": csr([{}, {}]), "columns": 0}, r"k and columns: expected at least 1, got 2 and 0"),
    ({"k": 0}, r"k and columns: expected at least 1, got 0 and 3"),
    ({"row_norm": ones(3)}, r"norms: expected 2 and 3 values, got 3 and 3"),
    ({"col_norm": ones(2)}, r"norms: expected 2 and 3 values, got 2 and 2"),
    ({"row_norm": np.ones(2)}, r"row_norm: expected a flat float32 array, got float64"),
    ({"row_norm": ones(2) * 0}, r"norms > 0"),
    ({"col_norm": -ones(3)}, r"norms > 0"),
    ({"col_norm": ones(3) * np.float32("nan")}, r"finite norms > 0"),
    ({"row_norm": ones(2) * np.float32("inf")}, r"finite norms > 0"),
    ({"shrink": -1.0}, r"shrink >= 0"),
    ({"shrink": float("nan")}, r"shrink >= 0"),
    ({"threads": -1}, r"threads: expected at least 0, got -1"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG)
def test_wrong_input_is_refused_by_name(changed: Arguments, message: str) -> None:
    good: Arguments = {"left": LEFT, "right": RIGHT, "columns": 3, "k": 2, "row_norm": ones(2), "col_norm": ones(3)}
    call: Callable[..., CSR] = product_topk
    call(**good)
    with pytest.raises(ValueError, match=message):
        call(**{**good, **changed})
