"""What the evidence starts from, against walking through the events one by one."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.history import purchases, seeds, shares_of
from tests.support.matrices import examples

WEIGHTS = np.array([0.0, 1.0, 3.0], np.float32)
SHOWN, VIEWED, BOUGHT = 0, 1, 2
DECAYS = np.array([0.5, 1.0])


class Did(NamedTuple):
    item: int
    type: int
    time: int
    group: int


events = st.lists(
    st.builds(Did, st.integers(0, 4), st.sampled_from([SHOWN, VIEWED, BOUGHT]), st.integers(0, 5), st.integers(0, 2)),
    max_size=30,
)


def columns(deeds: list[Did]) -> tuple[np.ndarray, ...]:
    types = (np.int32, np.uint8, np.int64, np.int64)
    return tuple(np.array([deed[place] for deed in deeds], kind) for place, kind in enumerate(types))


def ages(deeds: list[Did]) -> list[int]:
    """Occasions since the newest, of each event."""
    age, found = 0, []
    for place, deed in enumerate(deeds):
        if place:
            before = deeds[place - 1]
            one_order = deed.type == before.type == BOUGHT and deed.group == before.group != 0
            age += deed.time != before.time and not one_order
        found.append(age)
    return found


@examples
@given(events, st.integers(1, 4))
def test_seeds_are_the_newest_distinct_products_that_count(deeds: list[Did], limit: int) -> None:
    counted = [deed for deed in deeds if deed.type != SHOWN]
    expected: dict[int, int] = {}
    for deed, age in zip(counted, ages(counted), strict=True):
        expected.setdefault(deed.item, age)
    wanted = list(expected.items())[:limit]

    items, profiles = seeds(*columns(deeds), weight_by_type=WEIGHTS, decays=DECAYS, limit=limit, purchase=BOUGHT)

    assert items.tolist() == [item for item, _ in wanted]
    for decay, row in zip(DECAYS, profiles, strict=True):
        assert row == pytest.approx([decay**age for _, age in wanted] or [1.0])


@examples
@given(events)
def test_every_purchase_counts_less_with_each_order_since(deeds: list[Did]) -> None:
    bought = [deed for deed in deeds if deed.type == BOUGHT]

    items, weights = purchases(*columns(deeds), decay=0.5, purchase=BOUGHT)

    assert items.tolist() == [deed.item for deed in bought]
    assert weights == pytest.approx([0.5**age for age in ages(bought)])


@pytest.mark.parametrize("broken", ["types", "times", "limit", "unknown type", "wide items"])
def test_what_does_not_fit_together_is_refused(broken: str) -> None:
    items, types, times, groups = columns([Did(1, VIEWED, 1, 0), Did(2, BOUGHT, 0, 0)])
    types = types[:1] if broken == "types" else types + 2 if broken == "unknown type" else types
    times = times[:1] if broken == "times" else times
    with pytest.raises(ValueError, match="expected"):
        seeds(
            items.astype(np.int64) if broken == "wide items" else items, types, times, groups, weight_by_type=WEIGHTS,
            decays=DECAYS, limit=0 if broken == "limit" else 3, purchase=BOUGHT,
        )  # fmt: skip


def test_what_has_no_share_takes_the_other_figure() -> None:
    items, shares = np.array([2, 0, 3, -1, 7], np.int32), np.array([0.25, 0.5, 0.75], np.float32)
    assert shares_of(items, shares, 0.125).tolist() == [0.75, 0.25, 0.125, 0.125, 0.125]
    assert shares_of(items[:0], shares, 0.125).tolist() == []
    with pytest.raises(ValueError, match="shares: expected a flat float32 array"):
        shares_of(items, shares.astype(np.float64), 0.125)  # type: ignore[arg-type]
