"""following_topk against its reference, its order, its independence of threads, and what it refuses."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.csr import CSR
from recomengine._core.sequences import following_topk
from tests.support import reference
from tests.support.matrices import examples, pairs, same

ITEMS = 8
sequences = st.lists(st.lists(st.integers(0, ITEMS - 1), max_size=9), max_size=8)
"""Empty ones, single items and the same item again among them; the last item may never occur."""

norms = st.lists(st.sampled_from([0.25, 0.5, 1.0, 2.0]), min_size=ITEMS, max_size=ITEMS)


def flat(given: list[list[int]]) -> tuple[Any, Any]:
    return np.cumsum([0, *map(len, given)], dtype=np.int64), np.array(
        [item for sequence in given for item in sequence], np.int32
    )


def topk(given: list[list[int]], k: int, *, n_items: int = ITEMS, **options: Any) -> CSR:
    return following_topk(*flat(given), n_items, k, **options)


@examples
@given(sequences, st.integers(1, ITEMS + 2), st.integers(1, 12), st.sampled_from([0.0, 0.5, 1.0]), norms)
def test_exact_inputs_give_the_reference_with_ties_to_the_smaller_index(
    given: list[list[int]], k: int, window: int, back: float, col_norm: list[float]
) -> None:
    options = {"window": window, "exponent": 0.0, "back": back}
    expected = [
        reference.best(row, k) for row in reference.following_scores(given, ITEMS, col_norm=col_norm, **options)
    ]
    assert pairs(topk(given, k, col_norm=np.array(col_norm, np.float32), **options)) == expected


@examples
@given(
    sequences, st.integers(1, 12), st.sampled_from([0.0, 0.5, 1.0, 2.5]), st.just(0.0) | st.floats(0.125, 3.0, width=32)
)
def test_any_inputs_give_the_scores_of_the_reference(
    given: list[list[int]], window: int, exponent: float, back: float
) -> None:
    options = {"window": window, "exponent": exponent, "back": back}
    wanted = reference.following_scores(given, ITEMS, col_norm=[1.0] * ITEMS, **options)
    for found, scores in zip(pairs(topk(given, ITEMS, **options)), wanted, strict=True):
        assert dict(found) == pytest.approx(scores, rel=1e-5)
        assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


@pytest.mark.parametrize("threads", [0, 2, 3, 8])
def test_result_is_the_same_to_the_bit_with_any_number_of_threads(threads: int) -> None:
    draw = np.random.default_rng(1)
    given = [draw.integers(0, 300, draw.integers(0, 12)).tolist() for _ in range(2000)]
    assert same(topk(given, 20, n_items=300, threads=threads), topk(given, 20, n_items=300, threads=1))


def test_transitions_alone_count_the_next_item() -> None:
    found = topk([[0, 1, 2], [0, 1], [0, 2]], 5, n_items=3, window=1, back=0.0)
    assert pairs(found) == [[(1, 2.0), (2, 1.0)], [(2, 1.0)], []]


def test_weights_that_fall_to_nothing_take_no_room_however_many_there_are() -> None:
    given = [[0, 1, *[2, 3] * 40]] * 20
    found = topk(given, 4, n_items=4, window=80, exponent=200.0, back=0.0, threads=1)
    assert pairs(found)[0] == [(1, 20.0)]


def test_a_window_of_any_size_takes_no_more_room_than_the_sequences() -> None:
    assert pairs(topk([[0, 1]], 1, n_items=2, window=2**31 - 1, back=0.0)) == [[(1, 1.0)], []]


def test_no_sequences_and_no_items_give_empty_rows() -> None:
    assert pairs(topk([], 3)) == [[]] * ITEMS
    assert pairs(topk([[], []], 3, n_items=0)) == []


Arguments = dict[str, Any]
INDPTR, FLAT = flat([[0, 1], [2]])
WRONG: list[tuple[Arguments, str]] = [
    ({"indptr": INDPTR.astype(np.int32)}, r"indptr: expected a flat int64 array, got int32"),
    ({"indptr": INDPTR + 1}, r"indptr: expected a non-decreasing array that starts with 0"),
    ({"indptr": INDPTR[:0]}, r"indptr: expected a non-decreasing array"),
    ({"indptr": INDPTR[:2]}, r"items: expected 2 values, got 3"),
    ({"items": FLAT.astype(np.int64)}, r"items: expected a flat int32 array, got int64"),
    ({"items": FLAT - 1}, r"items: expected 0 to 2, got -1 to 1"),
    ({"n_items": 2}, r"items: expected 0 to 1, got 0 to 2"),
    ({"n_items": -1}, r"items: expected a count of at least 0, got -1"),
    ({"k": 0}, r"k and window >= 1"),
    ({"window": 0}, r"k and window >= 1"),
    ({"back": -0.5}, r"the others >= 0"),
    ({"back": float("nan")}, r"the others >= 0"),
    ({"exponent": float("inf")}, r"the others >= 0"),
    ({"threads": -1}, r"the others >= 0"),
    ({"col_norm": np.ones(2, np.float32)}, r"col_norm: expected 3 finite values > 0"),
    ({"col_norm": np.zeros(3, np.float32)}, r"col_norm: expected 3 finite values > 0"),
    ({"col_norm": np.ones(3)}, r"col_norm: expected a flat float32 array"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG)
def test_wrong_input_is_refused_by_name(changed: Arguments, message: str) -> None:
    good: Arguments = {"indptr": INDPTR, "items": FLAT, "n_items": 3, "k": 2}
    following_topk(**good)
    with pytest.raises(ValueError, match=message):
        following_topk(**{**good, **changed})
