"""weighted_matrix and transpose against their references, and what they refuse."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.csr import CSR
from recomengine._core.interactions import transpose, weighted_matrix
from tests.support import reference
from tests.support.matrices import csr, examples, pairs, rows, same
from tests.support.reference import Histories, Row

NOW, DAY = 1_760_000_000_000, 86_400_000
BY_TYPE = [1.0, 3.0, 0.0, -2.0, 0.25]

times = st.integers(-3, 60).map(lambda half_days: NOW - half_days * DAY // 2)
events = st.tuples(st.integers(0, 6), st.integers(0, len(BY_TYPE) - 1), times)
histories = st.lists(
    st.lists(events, max_size=12).map(lambda user: sorted(user, key=lambda event: event[2])), max_size=6
)


def matrix(users: Histories, **options: Any) -> CSR:
    flat = [event for user in users for event in user]
    arguments: dict[str, Any] = {
        "indptr": np.cumsum([0, *map(len, users)], dtype=np.int64),
        "items": np.array([item for item, _, _ in flat], np.int32),
        "types": np.array([code for _, code, _ in flat], np.uint8),
        "times": np.array([time for _, _, time in flat], np.int64),
        "n_items": 7,
        "weight_by_type": np.array(BY_TYPE, np.float32),
        "now_ms": NOW,
        "half_life_ms": 7.0 * DAY,
        "cap": 100,
    }
    return weighted_matrix(**{**arguments, **options})


@examples
@given(histories, st.integers(1, 9), st.sampled_from([0.5 * DAY, 7.0 * DAY, 365.0 * DAY]))
def test_matrix_is_that_of_the_reference(users: Histories, cap: int, half_life_ms: float) -> None:
    found = matrix(users, cap=cap, half_life_ms=half_life_ms)
    expected = reference.weighted_rows(users, BY_TYPE, NOW, half_life_ms, cap)
    assert [[item for item, _ in row] for row in pairs(found)] == [list(row) for row in expected]
    assert found.data.tolist() == pytest.approx([weight for row in expected for weight in row.values()], rel=1e-6)


def test_a_repeated_event_counts_every_time_and_halves_with_each_half_life() -> None:
    user = [(3, 1, NOW - 14 * DAY), (3, 1, NOW - 14 * DAY), (3, 0, NOW - 7 * DAY), (1, 0, NOW)]
    assert pairs(matrix([user])) == [[(1, 1.0), (3, 2.0)]]


def test_cap_keeps_the_items_touched_last_with_all_their_events() -> None:
    user = [(0, 0, NOW), (1, 0, NOW), (0, 0, NOW), (2, 0, NOW), (1, 2, NOW)]
    assert pairs(matrix([user], cap=2)) == [[(0, 2.0), (2, 1.0)]]


def test_events_of_a_kind_without_weight_leave_no_trace() -> None:
    assert pairs(matrix([[(0, 2, NOW), (1, 3, NOW)], [(2, 0, NOW)]])) == [[], [(2, 1.0)]]


@examples
@given(st.integers(0, 2**32 - 1), st.integers(1, 400))
def test_long_histories_come_out_sorted(seed: int, n_items: int) -> None:
    items = np.random.default_rng(seed).permutation(n_items).tolist()
    found = matrix([[(item, 0, NOW) for item in items]], n_items=n_items, cap=1000)
    assert pairs(found) == [[(item, 1.0) for item in range(n_items)]]


def test_an_event_after_now_counts_as_of_now() -> None:
    assert pairs(matrix([[(0, 1, NOW + 10_000 * DAY)]])) == [[(0, 3.0)]]


def test_an_event_too_old_to_have_a_weight_is_left_out() -> None:
    assert pairs(matrix([[(0, 1, np.iinfo(np.int64).min), (1, 0, NOW)]])) == [[(1, 1.0)]]


def test_one_user_does_not_show_in_the_next() -> None:
    assert pairs(matrix([[(5, 0, NOW)], [], [(5, 1, NOW)]])) == [[(5, 1.0)], [], [(5, 3.0)]]


@pytest.mark.parametrize("users", [[], [[]], [[], []]])
def test_no_events_give_empty_rows(users: Histories) -> None:
    assert pairs(matrix(users)) == users


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"indptr": np.array([0, 2], np.int32)}, r"indptr: expected a flat int64 array, got int32"),
    ({"indptr": np.array([], np.int64)}, r"indptr: expected a non-decreasing array that starts with 0"),
    ({"indptr": np.array([1, 2], np.int64)}, r"indptr: expected a non-decreasing array that starts with 0"),
    ({"indptr": np.array([0, 9, 2], np.int64)}, r"indptr: expected a non-decreasing array that starts with 0"),
    ({"indptr": np.array([0, 3], np.int64)}, r"expected 3 values each, got 2, 2, 2"),
    ({"types": np.zeros(1, np.uint8)}, r"expected 2 values each, got 2, 1, 2"),
    ({"times": np.zeros(2)}, r"times: expected a flat int64 array, got float64"),
    ({"items": [0, 1]}, r"items: expected a flat int32 array, got list"),
    ({"items": np.array([0, 7], np.int32)}, r"items: expected 0 to 6, got 0 to 7"),
    ({"items": np.array([-1, 0], np.int32)}, r"items: expected 0 to 6, got -1 to 0"),
    ({"types": np.array([0, 5], np.uint8)}, r"types: expected 0 to 4, got 0 to 5"),
    ({"n_items": -1}, r"items: expected a count of at least 0, got -1"),
    (
        {"weight_by_type": np.array([[1.0]], np.float32)},
        r"weight_by_type: expected a flat float32 array, got float32 with 2",
    ),
    ({"weight_by_type": np.full(5, np.nan, np.float32)}, r"weight_by_type: expected finite values"),
    ({"half_life_ms": 0.0}, r"half_life_ms, cap: expected"),
    ({"half_life_ms": float("nan")}, r"half_life_ms, cap: expected"),
    ({"cap": 0}, r"half_life_ms, cap: expected"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG)
def test_wrong_histories_are_refused_by_name(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        matrix([[(0, 0, NOW), (1, 0, NOW)]], **changed)


@st.composite
def sparse(draw: st.DrawFn) -> tuple[list[Row], int]:
    columns = draw(st.integers(0, 9))
    return draw(rows(draw(st.integers(0, 9)), columns, st.floats(0.0, 1e6, width=32))), columns


@examples
@given(sparse())
def test_transpose_is_that_of_the_reference_sorted_by_index(drawn: tuple[list[Row], int]) -> None:
    given_rows, columns = drawn
    assert pairs(transpose(csr(given_rows), columns)) == [
        list(row.items()) for row in reference.transposed(given_rows, columns)
    ]


@examples
@given(sparse())
def test_transposing_twice_sorts_the_rows(drawn: tuple[list[Row], int]) -> None:
    given_rows, columns = drawn
    once = transpose(csr(given_rows), columns)
    assert same(transpose(once, len(given_rows)), csr([dict(sorted(row.items())) for row in given_rows]))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"indices": np.array([0, 3], np.int32)}, r"indices: expected 0 to 2, got 0 to 3"),
        ({"indices": np.array([-1, 0], np.int32)}, r"indices: expected 0 to 2, got -1 to 0"),
        ({"indptr": np.array([0, 100], np.int64)}, r"indptr ends with 100, but there are 2 indices"),
        ({"data": np.ones(1, np.float32)}, r"2 indices and 1 values"),
        ({"data": np.ones(2)}, r"data: expected a flat float32 array, got float64"),
    ],
)
def test_a_broken_matrix_is_not_transposed(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        transpose(csr([{0: 1.0, 2: 1.0}])._replace(**changed), 3)
