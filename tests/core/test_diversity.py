"""Spreading a list: against the plain greedy choice, and what it is for."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.diversity import spread
from recomengine._core.sources import Neighbours
from tests.support import reference
from tests.support.matrices import csr, examples

CATALOG = 8
quarter = st.sampled_from([0.0, 0.25, 0.5, 1.0])
# shares are of 1, 2 or 4 chosen at most, and all else is in quarters: values are exact in float32, so a tie is a tie in
# both
lists = st.permutations(range(CATALOG)).flatmap(
    lambda items: st.tuples(
        st.just(items),
        st.lists(quarter, min_size=CATALOG, max_size=CATALOG).map(lambda given: sorted(given, reverse=True)),
        st.lists(st.integers(-1, 2), min_size=CATALOG, max_size=CATALOG), st.integers(0, CATALOG),
    )
)  # fmt: skip
tables = st.lists(
    st.lists(
        st.dictionaries(st.integers(0, CATALOG - 1), st.sampled_from([-0.5, 0.25, 0.5, 1.0, 2.0]), max_size=4),
        min_size=5,
        max_size=CATALOG,
    ),
    max_size=2,
)


def ours(items: Any, relevance: Any, categories: Any, alike: Any, limit: int, strength: float) -> list[int]:
    known = [Neighbours(csr(rows), CATALOG) for rows in alike]
    found: list[int] = spread(
        np.array(items, np.int32),
        np.array(relevance, np.float32),
        np.array(categories, np.int32),
        known,
        limit,
        strength=strength,
    ).tolist()
    return found


@examples
@given(lists, tables, st.integers(1, 3), quarter)
def test_the_order_is_the_plain_greedy_one(drawn: Any, alike: Any, limit: int, strength: float) -> None:
    items, relevance, categories, size = drawn
    given = items[:size], relevance[:size], categories[:size], alike, limit, strength
    assert ours(*given) == reference.spread(*given)


@examples
@given(lists, tables, quarter)
def test_every_product_comes_once(drawn: Any, alike: Any, strength: float) -> None:
    items, relevance, categories, size = drawn
    assert sorted(ours(items[:size], relevance[:size], categories[:size], alike, CATALOG, strength)) == list(
        range(size)
    )


@examples
@given(lists, tables)
def test_strength_0_changes_nothing(drawn: Any, alike: Any) -> None:
    items, relevance, categories, _ = drawn
    assert ours(items, relevance, categories, alike, CATALOG, 0.0) == list(range(CATALOG))


def test_a_near_duplicate_falls_behind_what_is_almost_as_good() -> None:
    alike = [[{1: 0.9}, {0: 0.9}, {}]]
    for strength, order in ((0.1, [0, 1, 2]), (0.5, [0, 2, 1])):
        assert ours([0, 1, 2], [1.0, 0.9, 0.7], [-1, -1, -1], alike, 3, strength) == order


def test_a_category_gives_way_once_it_fills_the_list() -> None:
    assert ours([0, 1, 2, 3], [1.0, 0.9, 0.8, 0.6], [5, 5, 5, 7], [], 4, 0.4) == [0, 3, 1, 2]


def test_products_without_a_category_are_of_none_together() -> None:
    assert ours([0, 1, 2], [1.0, 0.9, 0.8], [-1, -1, 3], [], 3, 0.9) == [0, 1, 2]


GOOD: dict[str, Any] = {
    "items": np.zeros(2, np.int32), "relevance": np.zeros(2, np.float32), "categories": np.zeros(2, np.int32),
    "tables": [], "limit": 1, "strength": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"items": np.zeros(2, np.int64)}, r"items: expected"),
        ({"relevance": np.zeros(3, np.float32)}, r"relevance, categories: expected 2 values"),
        ({"relevance": np.array([np.nan, 0], np.float32)}, r"relevance"),
        ({"categories": np.zeros(1, np.int32)}, r"relevance, categories: expected 2 values"),
        ({"limit": 0}, r"limit, strength: expected at least 1 and 0 to 1"),
        ({"strength": 1.1}, r"limit, strength"),
        ({"strength": float("nan")}, r"limit, strength"),
        ({"tables": [None]}, r"tables: expected Neighbours"),
    ],
)
def test_broken_input_is_refused(wrong: dict[str, Any], said: str) -> None:
    call: Callable[..., Any] = spread
    with pytest.raises(ValueError, match=said):
        call(**GOOD | wrong)
