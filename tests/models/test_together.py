"""Products of one basket: how many baskets, and the lift, against a count by hand."""

from collections import Counter
from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recomengine.models.grouping import index_of
from recomengine.models.together import Baskets, Together

N_ITEMS = 6
baskets_of = st.lists(st.sets(st.integers(0, N_ITEMS - 1), min_size=1, max_size=4), min_size=1, max_size=12)


def indexed(baskets: list[set[int]]) -> Baskets:
    indptr = np.cumsum([0, *map(len, baskets)]).astype(np.int64)
    items = np.array([item for basket in baskets for item in sorted(basket)], np.int32)
    return Baskets(*index_of(indptr, items, N_ITEMS)[:4])


@given(baskets_of)
def test_pairs_are_counted_and_compared_with_chance(baskets: list[set[int]]) -> None:
    both = Counter(pair for basket in baskets for pair in permutations(basket, 2))
    holding = Counter(item for basket in baskets for item in basket)
    for number in range(N_ITEMS):
        wanted = {
            other: (count, holding[number], round(count * len(baskets) / (holding[number] * holding[other]), 3))
            for (one, other), count in both.items()
            if one == number
        }
        found = indexed(baskets).with_product(number, N_ITEMS)
        assert {one.number: (one.baskets, one.of, one.lift) for one in found} == wanted
        assert found == sorted(found, key=lambda one: (-one.baskets, -one.lift, one.number))


def test_a_product_in_no_basket_and_one_that_the_model_does_not_know_have_no_company() -> None:
    baskets = indexed([{0, 1}])
    assert baskets.with_product(0, 5) == [Together(1, 1, 1, 1.0)]
    assert baskets.with_product(3, 5) == baskets.with_product(-1, 5) == baskets.with_product(N_ITEMS, 5) == []
