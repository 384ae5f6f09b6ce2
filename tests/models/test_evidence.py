"""Evidence against plain Python: which sequences and baskets there are, what tables, index, rankings and features say."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recomengine._core.candidates import Workspace
from recomengine._core.csr import CSR
from recomengine._core.ranking import FEATURES, rank
from recomengine._core.sources import Neighbours, Sequences
from recomengine.models import evidence
from recomengine.models.backtest import of_moment
from recomengine.models.blend import prior_weights, single_weights
from recomengine.models.evidence import (
    SOURCES,
    WALK_ALPHA,
    WALK_BETA,
    Evidence,
    baskets,
    build_evidence,
    cosine,
    damped_confidence,
    descending,
    evidence_of,
    make_ranker,
    names_of_weights,
    orders_of,
    random_walk,
    ranker_of,
    sequences_of,
)
from recomengine.models.histories import ADD_TO_CART, CLICK, DAY_MS, IMPRESSION, KIND_WEIGHTS, NO_GROUP, PURCHASE, VIEW
from recomengine.models.shopper import NO_ITEMS, NOBODY, moment
from tests.core.matrices import csr, examples, pairs, rows, same
from tests.core.reference import Row
from tests.models.events import HOUR_MS, START_MS, Event, events_of, histories_of, some_events

ITEMS = 7
NO_CONTENT = csr([{}] * ITEMS)
some = some_events(ITEMS)
builds = settings(max_examples=60, deadline=None)
"""A whole build takes milliseconds."""


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


@examples
@given(some)
def test_sequences_are_sessions_and_purchases_by_the_time_of_their_last_event(events: list[Event]) -> None:
    histories = histories_of(events)
    counted = [event for event in events_of(histories) if KIND_WEIGHTS[event.kind] > 0]
    found = grouped(counted, lambda event: -1 if event.kind == PURCHASE else session_or_day(event))
    long = sorted((group for group in found if len(group) > 1), key=lambda group: group[-1].time_ms)
    assert as_lists(*sequences_of(histories)) == [[event.item for event in group] for group in long]


def plain_orders(events: Iterable[Event], kinds: set[int]) -> list[list[int]]:
    found = grouped((event for event in events if event.kind in kinds), session_or_day)
    found.sort(key=lambda group: min(event.time_ms for event in group))
    return [sorted({event.item for event in group}) for group in found]


@examples
@given(some)
def test_orders_are_the_distinct_products_of_each_order_or_day_the_oldest_first(events: list[Event]) -> None:
    found = orders_of(histories_of(events))
    assert as_lists(found.indptr, found.indices) == plain_orders(events, {PURCHASE})


@examples
@given(some, st.integers(0, 3))
def test_baskets_hold_at_least_two_and_come_from_carts_where_orders_are_few(events: list[Event], enough: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "MIN_ORDERS", enough)
        found = baskets(histories_of(events))
    orders = [each for each in plain_orders(events, {PURCHASE}) if len(each) > 1]
    if len(orders) < enough:
        orders = [each for each in plain_orders(events, {PURCHASE, ADD_TO_CART}) if len(each) > 1]
    assert as_lists(found.indptr, found.indices) == orders
    assert (found.data == 1).all()


def test_a_basket_too_large_to_mean_anything_is_left_out() -> None:
    bulk = [Event(0, START_MS, PURCHASE, item, 1) for item in range(evidence.MAX_BASKET + 1)]
    found = baskets(histories_of([*bulk, Event(1, START_MS, PURCHASE, 0, 2), Event(1, START_MS, PURCHASE, 1, 2)]))
    assert as_lists(found.indptr, found.indices) == [[0, 1]]


matrices = st.integers(0, 6).flatmap(lambda count: rows(count, ITEMS, st.sampled_from([1.0, 3.0, 5.0, 8.0])))


def in_order(given: list[Row]) -> CSR:
    return csr([dict(sorted(row.items())) for row in given])


def holders(given: list[Row], item: int) -> list[Row]:
    return [row for row in given if item in row]


def assert_scores(found: CSR, score: Callable[[int, int], float]) -> None:
    """Every pair of different items with a score > 0 is there with that score, best first."""
    for item, row in enumerate(pairs(found)):
        expected = {other: score(item, other) for other in range(ITEMS) if other != item}
        assert dict(row) == pytest.approx({other: value for other, value in expected.items() if value > 0}, rel=1e-5)
        assert [value for _, value in row] == sorted((value for _, value in row), reverse=True)


@examples
@given(matrices, st.sampled_from([0.0, 0.7, 1.0]), st.sampled_from([0.0, 0.1, 0.5]))
def test_damped_confidence_equals_its_formula(given: list[Row], size: float, popularity: float) -> None:
    def score(item: int, other: int) -> float:
        both = [row for row in given if item in row and other in row]
        shared = sum(len(row) ** -size for row in both)
        return shared / (len(holders(given, item)) * len(holders(given, other)) ** popularity) if both else 0.0

    held = in_order([dict.fromkeys(row, 1.0) for row in given])
    holding = np.array([len(holders(given, item)) for item in range(ITEMS)])
    assert_scores(damped_confidence(held, ITEMS, holding, size_exponent=size, popularity_exponent=popularity), score)


@examples
@given(matrices)
def test_cosine_equals_its_formula(given: list[Row]) -> None:
    def norm(item: int) -> float:
        return math.sqrt(sum(math.log1p(row[item]) ** 2 for row in holders(given, item)))

    def score(item: int, other: int) -> float:
        both = [row for row in given if item in row and other in row]
        dot = sum(math.log1p(row[item]) * math.log1p(row[other]) / math.sqrt(len(row)) for row in both)
        return dot / (norm(item) * norm(other)) if both else 0.0

    assert_scores(cosine(in_order(given), ITEMS), score)


@examples
@given(matrices)
def test_random_walk_equals_its_formula(given: list[Row]) -> None:
    def score(item: int, other: int) -> float:
        both = [row for row in given if item in row and other in row]
        steps = sum(len(holders(given, item)) ** -WALK_ALPHA * len(row) ** -WALK_ALPHA for row in both)
        return steps / len(holders(given, other)) ** WALK_BETA if both else 0.0

    assert_scores(random_walk(in_order(given), ITEMS), score)


@builds
@given(some)
def test_the_index_lists_of_each_item_the_sequences_that_hold_it_oldest_first(events: list[Event]) -> None:
    arrays, _ = build_evidence(histories_of(events), NO_CONTENT, ITEMS)
    for name in ("sessions", "baskets"):
        held = as_lists(arrays[f"{name}.indptr"], arrays[f"{name}.items"])
        where = [[number for number, items in enumerate(held) if item in items] for item in range(ITEMS)]
        assert as_lists(arrays[f"{name}.at"], arrays[f"{name}.where"]) == where
        idf = [math.sqrt(math.log1p(max(len(held), 1) / max(len(numbers), 1))) for numbers in where]
        assert arrays[f"{name}.idf"].tolist() == pytest.approx(idf, rel=1e-6)
        Sequences(*(arrays[f"{name}.{part}"] for part in ("indptr", "items", "at", "where", "idf")))


@builds
@given(some)
def test_figures_of_products_lie_between_0_and_1_and_are_0_for_the_unknown(events: list[Event]) -> None:
    arrays, _ = build_evidence(histories_of(events), NO_CONTENT, ITEMS)
    figures = dict(zip(FEATURES[-5:], arrays["item_features"].T, strict=True))
    assert all(values.min() >= 0 and values.max() <= 1 for name, values in figures.items() if name != "rising")
    assert figures["rising"] == pytest.approx(figures["recent_popularity"] - figures["popularity"], abs=1e-6)
    known = {event.item for event in events if KIND_WEIGHTS[event.kind] > 0}
    assert all(not arrays["item_features"][item].any() for item in range(ITEMS) if item not in known)
    if known:
        assert figures["popularity"].max() == figures["recent_popularity"].max() == 1.0
        assert figures["freshness"].max() == 1.0


@builds
@given(some, st.integers(1, 400))
def test_figures_of_products_do_not_depend_on_the_clock(events: list[Event], days: int) -> None:
    moved = [event._replace(time_ms=event.time_ms + days * DAY_MS) for event in events]
    one, other = (build_evidence(histories_of(each), NO_CONTENT, ITEMS)[0] for each in (events, moved))
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_rankings_hold_what_scores_highest_first_and_equals_by_number() -> None:
    views = [Event(0, START_MS + hour * HOUR_MS, VIEW, item) for hour, item in enumerate([5, 5, 5, 1, 1, 3])]
    arrays, _ = build_evidence(histories_of([*views, Event(1, START_MS, IMPRESSION, 6)]), NO_CONTENT, ITEMS)
    assert descending(np.array([0.0, 2.0, 5.0, 2.0, -1.0], np.float32)).tolist() == [2, 1, 3]
    assert sorted(arrays["fallback.items"].tolist()) == [1, 3, 5]
    for name in ("popular", "trending"):
        scores = arrays[f"{name}.scores"]
        assert 6 not in arrays[f"{name}.items"]
        assert (scores > 0).all()
        assert scores.tolist() == sorted(scores.tolist(), reverse=True)


def test_the_newest_events_count_more_in_the_recent_ranking() -> None:
    old = [Event(user, START_MS + user * HOUR_MS, VIEW, 0) for user in range(60)]
    new = [Event(user, START_MS + (100 + user) * HOUR_MS, CLICK, 1) for user in range(40)]
    arrays, _ = build_evidence(histories_of([*old, *new]), NO_CONTENT, ITEMS)
    assert arrays["popular.items"].tolist() == [1, 0]
    popular, recent, rising, fresh, first = arrays["item_features"].T[:, :2].tolist()
    assert popular[0] > popular[1]
    assert recent[1] > recent[0]
    assert rising[1] > 0 > rising[0]
    assert fresh[1] > fresh[0]
    assert first[1] > first[0]


def test_a_shop_without_events_has_a_model_that_offers_its_catalog() -> None:
    arrays, seconds = build_evidence(histories_of([], users=0), NO_CONTENT, ITEMS)
    ranker = make_ranker(arrays, ITEMS)
    assert set(seconds) == {"sequences", "collaborative", "bought together", "rankings"}
    assert ranker.n_sources == len(SOURCES)
    assert len(names_of_weights(FEATURES)) == ranker.width
    assert offered(ranker, [3], prior_weights("product"))[:3] == [0, 1, 2]


def test_two_builds_of_one_history_are_the_same_to_the_bit() -> None:
    draw = np.random.default_rng(7)
    columns = [draw.integers(count, size=900) for count in (90, 99, 7, ITEMS)]
    events = [Event(int(user), START_MS + int(hour) * HOUR_MS, int(kind), int(item)) for user, hour, kind, item in zip(*columns, strict=True)]
    one, other = (build_evidence(histories_of(events), NO_CONTENT, ITEMS)[0] for _ in range(2))
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)


def offered(ranker: Any, products: list[int], weights: Any, size: int = ITEMS) -> list[int]:
    now = moment("product", np.array(products, np.int32), NOBODY, live=False)
    items, *_ = rank(
        Workspace(), ranker, weights, size, **of_moment(now), available=np.ones(size, np.uint8), price_cents=np.full(size, 100, np.int64),
        categories=np.zeros(size, np.int32), fallback=NO_ITEMS, excluded=now.seeds,
    )  # fmt: skip
    return items


def test_each_source_stands_where_its_weight_is() -> None:
    views = [Event(user, START_MS + place * HOUR_MS, VIEW, item, user + 1) for user in range(9) for place, item in enumerate([0, 1, 2])]
    bought = [Event(user, START_MS, PURCHASE, item, 100 + user) for user in range(20, 29) for item in (3, 4)]
    ranker = make_ranker(build_evidence(histories_of([*views, *bought]), csr([{6: 0.5}, *[{}] * 6]), ITEMS)[0], ITEMS)
    assert offered(ranker, [0], single_weights("transition").astype(np.float32))[0] == 1
    assert offered(ranker, [2], single_weights("sequence").astype(np.float32))[:2] == [1, 0]
    assert offered(ranker, [3], single_weights("basket_neighbours").astype(np.float32))[0] == 4
    assert offered(ranker, [0], single_weights("content").astype(np.float32))[0] == 6
    assert offered(ranker, [1], single_weights("session_neighbours").astype(np.float32))[:2] == [2, 0]


def test_a_product_newer_than_the_model_is_found_by_what_it_is() -> None:
    arrays, _ = build_evidence(histories_of([]), NO_CONTENT, ITEMS)
    overlay = Evidence({"content": Neighbours(csr([{ITEMS: 0.9}, *[{}] * ITEMS]), ITEMS + 1)}, {}, {})
    assert offered(ranker_of(arrays["item_features"], evidence_of(arrays, ITEMS), overlay), [0], prior_weights("product"), ITEMS + 1)[0] == ITEMS


def test_tables_of_few_orders_are_empty() -> None:
    bought = [Event(user, START_MS, PURCHASE, item, user + 1) for user in range(evidence.MIN_BASKETS) for item in (3, 4)]
    few, enough = (build_evidence(histories_of(each), NO_CONTENT, ITEMS)[0] for each in (bought[:-2], bought))
    for name in ("confidence", "affinity", "ease_orders"):
        assert same(evidence.csr(few, name)._replace(indptr=few[f"{name}.indptr"]), csr([{}] * ITEMS))
        assert 4 in evidence.csr(enough, name).indices
