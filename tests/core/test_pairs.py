"""Pairs of items in sequences: how many hold both, and the lift, against a count by hand."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.pairs import pair_figures
from recomengine._core.sources import Sequences
from recomengine.models.grouping import index_of
from tests.support import reference
from tests.support.matrices import examples

N_ITEMS = 5
sequences = st.lists(st.lists(st.integers(0, N_ITEMS - 1), min_size=1, max_size=6), max_size=40)
numbers = st.integers(-1, N_ITEMS + 1)


def indexed(drawn: Sequence[Sequence[int]]) -> Sequences:
    indptr = np.cumsum([0, *map(len, drawn)]).astype(np.int64)
    items = np.array([item for sequence in drawn for item in sequence], np.int32)
    return Sequences(*index_of(indptr, items, N_ITEMS, 0, np.zeros(N_ITEMS, np.int64)))


@examples
@given(sequences, st.lists(st.tuples(numbers, numbers), max_size=6), st.integers(1, 50))
def test_pairs_are_counted_and_compared_with_chance(
    drawn: list[list[int]], asked: list[tuple[int, int]], newest: int
) -> None:
    ones, others = [one for one, _ in asked], [other for _, other in asked]
    found = pair_figures(indexed(drawn), ones, others, newest)
    wanted = [reference.pair_figures(drawn, *pair, newest) for pair in asked]
    assert [both for both, _ in found] == [count for count, _ in wanted]
    assert [lift for _, lift in found] == pytest.approx([times for _, times in wanted], abs=6e-4)


def test_a_rare_item_is_found_among_thousands_of_sequences_of_a_frequent_one() -> None:
    rare = {0, 1, 2, 3, 1000, 1777, 4998, 4999}
    drawn = [[0, 1] if place in rare else [0, 2] for place in range(5000)]
    assert pair_figures(indexed(drawn), [0, 1], [1, 0], 10_000) == [(8, 1.0), (8, 1.0)]
    assert pair_figures(indexed(drawn), [0, 1], [1, 0], 2) == [(2, 625.0), (2, 1.0)]


def test_what_is_no_pair_is_refused() -> None:
    known = indexed([[0, 1]])
    with pytest.raises(ValueError, match="others: expected 1, one for each of ones, got 2"):
        pair_figures(known, [0], [0, 0], 1)
    with pytest.raises(OverflowError):
        pair_figures(known, [2**31], [0], 1)
    with pytest.raises(ValueError, match="newest: expected at least 1"):
        pair_figures(known, [0], [0], 0)
