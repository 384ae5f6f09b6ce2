"""together_topk against its reference, its order, its independence of threads, and what it refuses."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.baskets import together_topk
from recomengine._core.csr import CSR
from tests.support import reference
from tests.support.matrices import csr, examples, pairs, same

Shop = tuple[list[list[int]], int]
PLAIN: dict[str, Any] = {
    "min_support": 1,
    "significance": 0.0,
    "size_exponent": 0.0,
    "popularity_exponent": 0.0,
    "damping": 0.0,
}
"""Options under which a score is support / popularity."""


def as_csr(baskets: list[list[int]]) -> CSR:
    return csr([dict.fromkeys(basket, 1.0) for basket in baskets])


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    """Baskets, and how many items there are: a few, so that pairs repeat, and one that is in no basket."""
    n_items = draw(st.integers(1, 9))
    basket = st.lists(st.integers(0, max(n_items - 2, 0)), unique=True, max_size=5)
    distinct = draw(st.lists(st.tuples(basket, st.integers(1, 6)), max_size=12))
    return [basket for basket, copies in distinct for _ in range(copies)], n_items


@examples
@given(shops(), st.integers(1, 10), st.integers(1, 4))
def test_exact_settings_give_the_reference_with_ties_to_the_smaller_index(shop: Shop, k: int, support: int) -> None:
    baskets, n_items = shop
    options = {**PLAIN, "min_support": support}
    found, counts = together_topk(as_csr(baskets), n_items, k, **options)
    scores = reference.together_scores(baskets, n_items, **options)
    expected = [reference.best({partner: both for partner, (_, both) in row.items()}, k) for row in scores]
    assert [[partner for partner, _ in row] for row in pairs(found)] == [
        [partner for partner, _ in row] for row in expected
    ]
    assert counts.tolist() == [both for row in expected for _, both in row]
    assert found.data.tolist() == pytest.approx(
        [scores[i][j][0] for i, row in enumerate(expected) for j, _ in row], rel=1e-6
    )


@examples
@given(
    shops(),
    st.integers(1, 10),
    st.integers(1, 3),
    st.sampled_from([0.5, 3.84, 10.83]),
    st.sampled_from([0.0, 0.7, 1.0]),
    st.sampled_from([0.0, 0.1, 1.0]),
    st.sampled_from([0.0, 0.5, 5.0]),
)
def test_any_settings_give_the_best_pairs_of_the_reference(
    shop: Shop, k: int, support: int, significance: float, size: float, popularity: float, damping: float
) -> None:
    baskets, n_items = shop
    options = {
        "min_support": support,
        "significance": significance,
        "size_exponent": size,
        "popularity_exponent": popularity,
        "damping": damping,
    }
    found, counts = together_topk(as_csr(baskets), n_items, k, **options)
    scores = reference.together_scores(baskets, n_items, **options)
    supports = iter(counts.tolist())
    for row, expected in zip(pairs(found), scores, strict=True):
        every = {partner: score for partner, (score, _) in expected.items()}
        assert [score for _, score in row] == pytest.approx([score for _, score in reference.best(every, k)], rel=1e-5)
        assert [(score, next(supports)) for _, score in row] == [
            (pytest.approx(expected[partner][0], rel=1e-5), expected[partner][1]) for partner, _ in row
        ]


@pytest.mark.parametrize("threads", [0, 2, 3, 8])
def test_result_is_the_same_to_the_bit_with_any_number_of_threads(threads: int) -> None:
    draw = np.random.default_rng(3)
    baskets = as_csr([draw.choice(200, draw.integers(0, 8), replace=False, p=zipf(200)).tolist() for _ in range(2000)])
    alone, counts = together_topk(baskets, 200, 10, threads=1)
    found, found_counts = together_topk(baskets, 200, 10, threads=threads)
    assert len(alone.indices) > 200
    assert same(found, alone)
    assert found_counts.tobytes() == counts.tobytes()


def zipf(count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    weight = 1 / np.arange(1, count + 1)
    return weight / weight.sum()


def test_what_is_in_every_basket_is_a_partner_of_nothing() -> None:
    found, _ = together_topk(as_csr([[0, 1, 2], [0, 1, 2], [0, 3], [0, 4]] * 10), 5, 5)
    assert [[partner for partner, _ in row] for row in pairs(found)] == [[], [2], [1], [], []]


def test_a_pair_seen_less_often_than_min_support_is_left_out() -> None:
    baskets = as_csr([[0, 1]] * 3 + [[2, 3]] * 2 + [[4]] * 20)
    found, counts = together_topk(baskets, 5, 5, min_support=3)
    assert [[partner for partner, _ in row] for row in pairs(found)] == [[1], [0], [], [], []]
    assert counts.tolist() == [3, 3]


def test_empty_baskets_count_as_baskets_without_the_pair() -> None:
    baskets = [[0, 1]] * 3
    assert pairs(together_topk(as_csr(baskets), 2, 5)[0]) == [[], []]
    assert [len(row) for row in pairs(together_topk(as_csr([*baskets, *[[]] * 10]), 2, 5)[0])] == [1, 1]


@pytest.mark.parametrize("baskets", [[], [[]], [[0]], [[0], [0], []]])
def test_no_pairs_give_empty_rows(baskets: list[list[int]]) -> None:
    found, counts = together_topk(as_csr(baskets), 1, 5)
    assert (pairs(found), counts.tolist()) == ([[]], [])


def test_values_of_the_baskets_are_not_read() -> None:
    baskets = as_csr([[0, 1]] * 4 + [[2]] * 9)
    doubled = baskets._replace(data=baskets.data * 2)
    assert same(together_topk(baskets, 3, 2)[0], together_topk(doubled, 3, 2)[0])


GOOD = as_csr([[0, 1], [1, 2]])
WRONG: list[tuple[dict[str, Any], str]] = [
    (
        {"baskets": GOOD._replace(indices=GOOD.indices.astype(np.int64))},
        r"baskets\.indices: expected a flat int32 array",
    ),
    ({"baskets": GOOD._replace(indices=np.array([0, 0, 1, 2], np.int32))}, r"baskets: expected each item once a row"),
    ({"n_items": 2}, r"baskets\.indices: expected 0 to 1, got 0 to 2"),
    ({"k": 0}, r"expected at least 1, got 0, 3, 2"),
    ({"min_support": 0}, r"expected at least 1, got 2, 3, 0"),
    ({"significance": -1.0}, r"significance.*expected finite.*-1\.0"),
    ({"significance": float("nan")}, r"significance.*expected finite.*nan"),
    ({"damping": -0.5}, r"damping.*expected finite.*-0\.5"),
    ({"damping": float("inf")}, r"damping.*expected finite.*inf"),
    ({"size_exponent": float("nan")}, r"size_exponent.*expected finite.*nan"),
    ({"size_exponent": -0.7}, r"size_exponent.*expected finite.*-0\.7"),
    ({"popularity_exponent": -1.0}, r"popularity_exponent.*expected finite.*-1\.0"),
    ({"threads": -2}, r"threads: expected at least 0, got -2"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG)
def test_wrong_input_is_refused_by_name(changed: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"baskets": GOOD, "n_items": 3, "k": 2}
    together_topk(**good)
    with pytest.raises(ValueError, match=message):
        together_topk(**{**good, **changed})
