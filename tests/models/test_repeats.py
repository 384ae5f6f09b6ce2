"""What one shopper repeats counts less each time, against plain Python."""

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.models.evidence import build_evidence
from recomengine.models.grouping import Grouped
from recomengine.models.histories import DAY_MS, PURCHASE, TYPE_WEIGHTS, VIEW
from recomengine.models.repeats import counts_of, newest_repeats, once_a_day
from tests.models.events import HOUR_MS, START_MS, Event, events_of, histories_of, some_events
from tests.support.matrices import csr, examples

ITEMS = 7
NO_CONTENT = csr([{}] * ITEMS)
some = some_events(ITEMS)


@examples
@given(some)
def test_a_day_of_a_shopper_with_a_product_counts_once_as_its_heaviest_event(events: list[Event]) -> None:
    days: dict[tuple[int, int, int], list[Event]] = defaultdict(list)
    for event in events_of(histories_of(events)):
        if TYPE_WEIGHTS[event.type] > 0:
            days[event.user, event.item, event.time_ms // DAY_MS].append(event)
    numbers: dict[tuple[int, int], int] = defaultdict(int)
    for user, item, _ in days:
        numbers[user, item] += 1
    expected = [
        (item, max(event.time_ms for event in day), max(float(TYPE_WEIGHTS[event.type]) for event in day),
            pytest.approx((1 + math.log(n)) / n))
        for (user, item, _), day in sorted(days.items()) for n in [numbers[user, item]]
    ]  # fmt: skip
    counts = counts_of(histories_of(events))
    found = zip(*(column.tolist() for column in counts[:4]), strict=True)
    assert list(found) == expected
    assert counts.newest_ms == max((event.time_ms for event in events), default=0)


@examples
@given(some)
def test_interest_hears_of_each_type_of_event_once_a_day(events: list[Event]) -> None:
    last: dict[tuple[int, int, int, int], Event] = {}
    for event in events_of(histories_of(events)):
        last[event.user, event.item, event.type, event.time_ms // DAY_MS] = event
    found = events_of(once_a_day(histories_of(events)))
    assert sorted(found) == sorted(last.values())
    assert found == sorted(found, key=lambda event: (event.user, event.time_ms))


@examples
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=20), st.integers(1, 3))
def test_of_each_item_in_a_group_the_newest_are_kept(pairs: list[tuple[int, int]], limit: int) -> None:
    groups, items = np.array(pairs, np.int64).reshape(-1, 2).T
    kept = newest_repeats(groups, items.astype(np.int32), limit)
    assert kept.tolist() == [pairs[at:].count(pair) <= limit for at, pair in enumerate(pairs)]


@pytest.mark.parametrize("kind", [VIEW, PURCHASE])
@pytest.mark.parametrize("apart_ms", [1_000, HOUR_MS], ids=["in an hour", "over months"])
def test_one_visitor_does_not_lead_what_is_in_demand(kind: int, apart_ms: int) -> None:
    """Product 6 is one visitor's, 3,000 times; product 0 that of 12 shoppers who come on three days each."""
    end_ms = START_MS + 125 * DAY_MS
    busy = [Event(0, end_ms - at * apart_ms, kind, 6) for at in range(3000)]
    people = [
        Event(user, end_ms - (day * 3 + user % 3) * DAY_MS, kind, user % 2)
        for user in range(1, 25) for day in range(3)
    ]  # fmt: skip
    arrays, _ = build_evidence(histories_of([*busy, *people]), NO_CONTENT, ITEMS)
    for ranking in ("popular", "trending", "fallback"):
        assert arrays[f"{ranking}.items"][0] in (0, 1), ranking
    popularity, recent = arrays["item_features"][6, :2]
    assert popularity < 1
    assert recent < 1


def test_what_a_visitor_repeats_on_one_day_brings_products_no_nearer() -> None:
    once = [Event(user, START_MS, VIEW, item) for user in range(3) for item in (0, 1)]
    again = [*once, *(Event(0, START_MS + at, VIEW, at % 2) for at in range(1, 3000))]
    rows = [Grouped(histories_of(events), ITEMS).interest.data.tolist() for events in (once, again)]
    assert rows[0] == rows[1]
