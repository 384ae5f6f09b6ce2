"""Which sequences, orders and baskets there are in histories, against plain Python."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.models import grouping
from recomengine.models.grouping import baskets, orders_of, sequences_of
from recomengine.models.histories import ADD_TO_CART, DAY_MS, NO_GROUP, PURCHASE, TYPE_WEIGHTS, VIEW
from tests.models.events import HOUR_MS, START_MS, Event, events_of, histories_of, some_events
from tests.support.matrices import examples

ITEMS = 7
some = some_events(ITEMS)


def grouped(events: Iterable[Event], key: Callable[[Event], int]) -> list[list[Event]]:
    """Events of one user and key, in the order of users and keys."""
    groups: dict[tuple[int, int], list[Event]] = defaultdict(list)
    for event in events:
        groups[event.user, key(event)].append(event)
    return [groups[key] for key in sorted(groups)]


def session_or_day(event: Event) -> int:
    return event.group if event.group != NO_GROUP else event.time_ms // DAY_MS


def as_lists(indptr: Any, items: Any) -> list[list[int]]:
    return [items[start:end].tolist() for start, end in pairwise(indptr.tolist())]


def newest_three_of_each(group: list[Event]) -> list[Event]:
    return [event for at, event in enumerate(group) if [later.item for later in group[at:]].count(event.item) <= 3]


@examples
@given(some)
def test_sequences_are_sessions_and_purchases_by_the_time_of_their_last_event(events: list[Event]) -> None:
    histories = histories_of(events)
    counted = [event for event in events_of(histories) if TYPE_WEIGHTS[event.type] > 0]
    found = grouped(counted, lambda event: -1 if event.type == PURCHASE else session_or_day(event))
    found = [newest_three_of_each(group) for group in found]
    long = sorted((group for group in found if len(group) > 1), key=lambda group: group[-1].time_ms)
    assert as_lists(*sequences_of(histories)) == [[event.item for event in group] for group in long]


def plain_orders(events: Iterable[Event], types: set[int]) -> list[list[int]]:
    found = grouped((event for event in events if event.type in types), session_or_day)
    found.sort(key=lambda group: min(event.time_ms for event in group))
    once: dict[tuple[int, int, tuple[int, ...]], None] = {}
    for group in found:
        day = min(event.time_ms for event in group) // DAY_MS
        once[group[0].user, day, tuple(sorted({event.item for event in group}))] = None
    return [list(items) for _, _, items in once]


@examples
@given(some)
def test_orders_are_the_distinct_products_of_each_order_or_day_the_oldest_first(events: list[Event]) -> None:
    found = orders_of(histories_of(events))
    assert as_lists(found.indptr, found.indices) == plain_orders(events, {PURCHASE})


@examples
@given(some, st.integers(0, 3))
def test_baskets_hold_at_least_two_and_come_from_carts_where_orders_are_few(events: list[Event], enough: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "MIN_ORDERS", enough)
        found = baskets(histories_of(events))
    orders = [each for each in plain_orders(events, {PURCHASE}) if len(each) > 1]
    if len(orders) < enough:
        orders = [each for each in plain_orders(events, {PURCHASE, ADD_TO_CART}) if len(each) > 1]
    assert as_lists(found.indptr, found.indices) == orders
    assert (found.data == 1).all()


def test_a_basket_too_large_to_mean_anything_is_left_out() -> None:
    bulk = [Event(0, START_MS, PURCHASE, item, 1) for item in range(grouping.MAX_BASKET + 1)]
    found = baskets(histories_of([*bulk, Event(1, START_MS, PURCHASE, 0, 2), Event(1, START_MS, PURCHASE, 1, 2)]))
    assert as_lists(found.indptr, found.indices) == [[0, 1]]


def test_orders_of_the_same_products_by_one_shopper_on_one_day_are_one() -> None:
    again = [Event(0, START_MS + order, PURCHASE, item, 1 + order) for order in range(500) for item in (0, 1)]
    others = [Event(1, START_MS, PURCHASE, item, 600) for item in (0, 1)]
    tomorrow = [Event(0, START_MS + DAY_MS, PURCHASE, item, 700) for item in (0, 1)]
    more = [Event(0, START_MS + HOUR_MS, PURCHASE, item, 800) for item in (0, 1, 2)]
    found = baskets(histories_of([*again, *others, *tomorrow, *more]))
    assert as_lists(found.indptr, found.indices) == [[0, 1], [0, 1], [0, 1, 2], [0, 1]]


def test_a_page_opened_again_and_again_counts_three_times_in_a_session() -> None:
    events = [Event(0, START_MS + at, VIEW, at % 2, 1) for at in range(1000)]
    assert as_lists(*sequences_of(histories_of(events))) == [[0, 1, 0, 1, 0, 1]]
