"""The serving kernel equals its plain-Python reference, and never breaks its promises."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.csr import CSR
from recomengine._core.score import NO_SOURCE, Neighbours, Workspace, recommend

ITEMS = 12
Table = dict[int, dict[int, float]]
WORKSPACE = Workspace()


def plain_recommend(
    sources: list[tuple[list[Table], list[tuple[int, float]], float]], limit: int, eligible: set[int], fallback: list[int], size: int
) -> list[tuple[int, float]]:
    """(item, score), best first: the formula at the top of score.pyx, in float64."""
    total: dict[int, float] = defaultdict(float)
    for tables, seeds, scale in sources:
        own: dict[int, float] = defaultdict(float)
        for seed, weight in seeds:
            rows = [table.get(seed, {}) for table in tables] if tables else [{seed: 1.0}]
            for row in rows:
                for item, value in row.items():
                    if item in eligible and weight > 0 and value > 0:
                        own[item] += weight * value
        highest = max(own.values(), default=0.0)
        for item, value in own.items():
            total[item] += scale * value / highest
    ranked = sorted(((item, score) for item, score in total.items() if score > 0), key=lambda pair: (-pair[1], pair[0]))[:limit]
    chosen = {item for item, _ in ranked}
    for item in [*fallback, *range(size)]:
        if len(ranked) < limit and item in eligible and item not in chosen:
            chosen.add(item)
            ranked.append((item, 0.0))
    return ranked


def neighbours(table: Table) -> Neighbours:
    rows = [sorted(table.get(row, {}).items()) for row in range(ITEMS)]
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    indices = np.array([item for row in rows for item, _ in row], np.int32)
    return Neighbours(CSR(indptr, indices, np.array([value for row in rows for _, value in row], np.float32)), ITEMS)


def ask(sources: list[Any], limit: int, available: list[int], **more: Any) -> tuple[list[int], list[float], list[int], list[int]]:
    size = len(available)
    arrays: dict[str, Any] = {
        "price_cents": np.full(size, 1000, np.int64), "categories": np.zeros(size, np.int32),
        "fallback": np.empty(0, np.int32), "excluded": np.empty(0, np.int32),
    }  # fmt: skip
    return recommend(WORKSPACE, sources, limit, available=np.array(available, np.uint8), **(arrays | more))


def source(tables: list[Table], seeds: list[tuple[int, float]], scale: float) -> Any:
    items, weights = [seed for seed, _ in seeds], [weight for _, weight in seeds]
    return tuple(map(neighbours, tables)), np.array(items, np.int32), np.array(weights, np.float32), scale


item = st.integers(0, ITEMS - 1)
# powers of two: sums and products are exact in float32, so a tie is a tie in both
value = st.sampled_from([0.25, 0.5, 1.0, 2.0])
table = st.dictionaries(item, st.dictionaries(item, value, max_size=6), max_size=6)
seeds = st.lists(st.tuples(item, value), max_size=5)
scale = st.sampled_from([0.5, 1.0])


@given(
    sources=st.lists(st.tuples(st.lists(table, max_size=2), seeds, scale), max_size=3), limit=st.integers(1, ITEMS + 3),
    available=st.lists(st.integers(0, 1), min_size=ITEMS, max_size=ITEMS), fallback=st.lists(item, unique=True), excluded=st.lists(item, max_size=4),
)  # fmt: skip
def test_lists_equal_the_reference(
    sources: list[Any], limit: int, available: list[int], fallback: list[int], excluded: list[int]
) -> None:
    eligible = {number for number in range(ITEMS) if available[number] and number not in excluded}
    expected = plain_recommend(sources, limit, eligible, fallback, ITEMS)
    items, scores, strongest, because = ask(
        [source(*given) for given in sources], limit, available,
        fallback=np.array(fallback, np.int32), excluded=np.array(excluded, np.int32),
    )  # fmt: skip
    assert scores == pytest.approx([score for _, score in expected], abs=1e-5)
    assert len(items) == len(set(items)) == min(limit, len(eligible))
    assert set(items) <= eligible
    by_item = dict(plain_recommend(sources, ITEMS, eligible, fallback, ITEMS))
    assert scores == pytest.approx([by_item[number] for number in items], abs=1e-5)
    assert all((which == NO_SOURCE) == (score == 0) == (seed == NO_SOURCE) for which, score, seed in zip(strongest, scores, because, strict=True))
    assert all(seed in {s for s, _ in sources[which][1]} for which, seed in zip(strongest, because, strict=True) if which != NO_SOURCE)


def test_equal_scores_go_to_the_smaller_number() -> None:
    items, *_ = ask([source([], [(7, 1.0), (3, 1.0), (5, 1.0)], 1.0)], 3, [1] * ITEMS)
    assert items == [3, 5, 7]


def test_a_filter_never_shortens_a_list_that_the_catalog_can_fill() -> None:
    found = source([{0: {1: 1.0, 2: 0.5}}], [(0, 1.0)], 1.0)
    categories = np.array([0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1], np.int32)
    items, scores, *_ = ask([found], 4, [1] * ITEMS, categories=categories, category_mask=np.array([0, 1], np.uint8))
    assert items == [3, 4, 5, 6]
    assert scores == [0.0] * 4


def test_price_limits_leave_out_products_without_a_price() -> None:
    prices = np.array([-1, 500, 1000, 1500, *[-1] * 8], np.int64)
    assert ask([], 12, [1] * ITEMS, price_cents=prices, min_price_cents=500, max_price_cents=1000)[0] == [1, 2]
    assert ask([], 12, [1] * ITEMS, price_cents=prices, min_price_cents=0)[0] == [1, 2, 3]


def test_products_newer_than_the_neighbours_are_offered() -> None:
    available = [0] * ITEMS + [1, 1]
    assert ask([source([{0: {1: 1.0}}], [(0, 1.0)], 1.0)], 5, available)[0] == [ITEMS, ITEMS + 1]


def test_neighbours_beyond_the_catalog_are_left_out() -> None:
    assert ask([source([{0: {11: 1.0, 1: 0.5}}], [(0, 1.0)], 1.0)], 5, [1, 1])[0] == [1, 0]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"price_cents": np.zeros(3, np.int64)}, "price_cents"),
        ({"categories": np.zeros(ITEMS, np.int64)}, "categories"),
        ({"category_mask": np.zeros(0, np.uint8)}, "category_mask"),
        ({"fallback": [1]}, "fallback"),
    ],
)
def test_wrong_arrays_are_refused_by_name(more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ask([], 3, [1] * ITEMS, **more)


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="limit"):
        ask([], 0, [1] * ITEMS)
