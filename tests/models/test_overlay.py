"""What came after a build, folded in: sums as the next build will have them, a shopper's word counted once."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from recomengine._core.csr import CSR
from recomengine.events.feed import Fed
from recomengine.models import overlay
from recomengine.models.arrays import csr
from recomengine.models.evidence import Evidence, build_evidence
from recomengine.models.grouping import MIN_BASKETS, Grouped
from recomengine.models.histories import EVENT_TYPES, NO_GROUP, PURCHASE
from recomengine.models.overlay import MAX_FOLDED, PER_SHOPPER, NewsLog, number_codes
from recomengine.shop import EVENT_TRAITS
from tests.models.events import HOUR_MS, START_MS, Event, histories_of, some_events
from tests.support.matrices import examples

ITEMS = 6
VIEW = EVENT_TYPES.index("view")
NO_CONTENT = CSR(np.zeros(ITEMS + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
Pairs = dict[tuple[int, int], float]


def arrays_of(events: Sequence[Event], size: int = ITEMS) -> dict[str, Any]:
    return build_evidence(histories_of(events), NO_CONTENT, size)[0]


def fed(events: Sequence[Event]) -> list[Fed]:
    return [
        Fed(time_ms, time_ms, EVENT_TYPES[code], str(item), "" if group == NO_GROUP else f"s{group}", f"new-{user}")
        for user, time_ms, code, item, group in events
    ]


def fold(events: Sequence[Fed], number_of: Callable[[str], int], arrays: dict[str, Any], size: int) -> Evidence:
    log = NewsLog()
    log.extend(events)
    return overlay.fold(log.since(0), number_codes(log.products, number_of), arrays, size)


def in_pairs(matrix: CSR) -> Pairs:
    rows = np.repeat(np.arange(len(matrix.indptr) - 1), np.diff(matrix.indptr))
    return dict(zip(zip(rows.tolist(), matrix.indices.tolist(), strict=True), matrix.data.tolist(), strict=True))


def of_fold(found: Evidence, name: str) -> Pairs:
    if name not in found.tables:
        return {}
    table = found.tables[name]
    return {
        (number, item): value
        for number in range(table.rows)
        for item, value in zip(*map(list, table.row(number)), strict=True)
    }


def counted_once(events: Sequence[Event]) -> list[Event]:
    """The newest event of each shopper with each product, and of each purchase."""
    kept: dict[tuple[int, int, bool], Event] = {}
    for event in events:
        kept[event.user, event.item, event.type == PURCHASE] = event
    return list(kept.values())


@examples
@given(some_events(ITEMS), some_events(ITEMS))
@pytest.mark.parametrize("name", ["sequence", "transition"])
def test_old_and_new_together_are_what_the_next_build_will_count(name: str, old: list[Event], new: list[Event]) -> None:
    new = [
        event for event in sorted(new, key=lambda event: event.time_ms) if EVENT_TRAITS[EVENT_TYPES[event.type]].live
    ]
    found = fold(fed(new), int, arrays_of(old), ITEMS)
    both = in_pairs(csr(arrays_of(old), name))
    for pair, value in of_fold(found, name).items():
        both[pair] = both.get(pair, 0.0) + value
    others = [
        event._replace(user=event.user + 10, group=event.group + 10 if event.group else NO_GROUP)
        for event in counted_once(new)
    ]
    assert both == pytest.approx(in_pairs(csr(arrays_of([*old, *others]), name)), rel=1e-5)


@examples
@given(some_events(ITEMS), some_events(ITEMS))
def test_an_item_says_of_new_sessions_what_it_will_say_after_the_next_build(old: list[Event], new: list[Event]) -> None:
    new = [
        event for event in sorted(new, key=lambda event: event.time_ms) if EVENT_TRAITS[EVENT_TYPES[event.type]].live
    ]
    arrays = arrays_of(old)
    log = NewsLog()
    log.extend(fed(new))
    happened = overlay._histories(log.since(0), number_codes(log.products, int))
    if not len(happened.items):
        return
    shop = Grouped(happened, ITEMS, arrays)
    indptr, _ = shop.sequences
    *_, idf = shop.index("sessions", *shop.sequences)
    others = [
        event._replace(user=event.user + 10, group=event.group + 10 if event.group else NO_GROUP)
        for event in counted_once(new)
    ]
    whole = arrays_of([*old, *others])
    if len(arrays["sessions.indptr"]) > 1 and len(indptr) > 1:
        assert idf.tolist() == pytest.approx(whole["sessions.idf"].tolist(), rel=1e-6)


def views(user: int, *items: int, hours: int = 0) -> list[Event]:
    return [Event(user, START_MS + hours * HOUR_MS + place, VIEW, item, user + 1) for place, item in enumerate(items)]


def test_whoever_repeats_a_pair_a_hundred_times_has_said_it_once() -> None:
    one, other = views(0, 0, 1), views(1, 0, 1)
    once = of_fold(fold(fed(one), int, arrays_of([]), ITEMS), "sequence")
    many = of_fold(fold(fed([event for _ in range(100) for event in one]), int, arrays_of([]), ITEMS), "sequence")
    two = of_fold(fold(fed([*one, *other]), int, arrays_of([]), ITEMS), "sequence")
    assert once == many == {(0, 1): 1.0, (1, 0): 0.5}
    assert two[0, 1] == 2.0


def test_only_the_newest_products_of_a_shopper_count() -> None:
    size = PER_SHOPPER + 10
    found = fold(fed(views(0, *range(size))), int, arrays_of([], size), size)
    assert {number for pair in of_fold(found, "sequence") for number in pair} == set(range(10, size))


def test_only_the_newest_events_are_looked_at() -> None:
    old = [event for user in range(MAX_FOLDED // 2) for event in views(user, 0, 1)]
    assert of_fold(fold(fed([*views(-1, 2, 3), *old]), int, arrays_of([]), ITEMS), "sequence").keys() == {
        (0, 1),
        (1, 0),
    }


def test_a_log_forgets_what_is_too_old_and_gives_what_came_since() -> None:
    log = NewsLog()
    for start in range(0, 5 * MAX_FOLDED, MAX_FOLDED // 2):
        log.extend(Fed(at, at, "view", "p", "", "u") for at in range(start, start + MAX_FOLDED // 2))
        assert len(log) <= 2 * MAX_FOLDED
    newest = 5 * MAX_FOLDED - 1
    assert log.since(0).created_ms.tolist() == list(range(newest - MAX_FOLDED + 1, newest + 1))
    assert log.since(newest - 1).created_ms.tolist() == [newest - 1, newest]


def test_nothing_that_a_robot_did_is_news() -> None:
    log = NewsLog()
    log.extend(Fed(at, at, "view", "p", "", "robot" if at % 2 else "ann") for at in range(6))
    assert log.since(1, {"robot", "another"}).created_ms.tolist() == [2, 4]


def test_unknown_products_are_passed_over_and_new_ones_have_a_place() -> None:
    found = fold(fed(views(0, 1, 3, 9)), lambda name: -1 if name == "3" else int(name), arrays_of([]), ITEMS)
    assert of_fold(found, "transition") == {(1, 9): 1.0}


@pytest.mark.parametrize("events", [[], views(0, 3)])
def test_what_is_no_pair_says_nothing(events: list[Event]) -> None:
    assert of_fold(fold(fed(events), int, arrays_of([]), ITEMS), "sequence") == {}


def test_new_baskets_count_among_all_baskets_that_hold_a_product() -> None:
    orders = [
        Event(user, START_MS + user, PURCHASE, item, user + 1)
        for user in range(MIN_BASKETS)
        for item in ((0, 1) if user % 2 else (0, 2))
    ]
    arrays = arrays_of(orders)
    found = fold(fed([Event(0, START_MS, PURCHASE, item, 1) for item in (0, 3)]), int, arrays, ITEMS)
    assert of_fold(found, "confidence")[0, 3] == pytest.approx(2**-0.7 / (MIN_BASKETS + 1))
    assert of_fold(found, "affinity")[3, 0] == pytest.approx(2**-1 / (MIN_BASKETS + 1) ** 0.5)
    assert found.sequences["basket_neighbours"].size == 1


def test_a_shop_of_few_baskets_waits_with_confidence_for_the_build() -> None:
    found = fold(fed([Event(0, START_MS, PURCHASE, item, 1) for item in (0, 3)]), int, arrays_of([]), ITEMS)
    assert "confidence" not in found.tables
    assert found.sequences["basket_neighbours"].size == 1
