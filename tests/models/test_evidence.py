"""Evidence as a whole: what is built, found again in its place, and served, whatever a shop has."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from recomengine._core.candidates import Workspace
from recomengine._core.ranking import FEATURES, rank
from recomengine._core.sources import Neighbours, Sequences
from recomengine.models.arrays import csr as csr_of
from recomengine.models.backtest import of_moment
from recomengine.models.blend import prior_weights, single_weights
from recomengine.models.evidence import Evidence, build_evidence, evidence_of, make_ranker, ranker_of
from recomengine.models.grouping import MIN_BASKETS
from recomengine.models.histories import PURCHASE, VIEW
from recomengine.models.shopper import NO_ITEMS, NOBODY, moment
from recomengine.models.sources import SOURCES, names_of_weights
from tests.models.events import HOUR_MS, START_MS, Event, histories_of, some_events
from tests.support.matrices import csr, same

ITEMS = 7
NO_CONTENT = csr([{}] * ITEMS)
some = some_events(ITEMS)
builds = settings(max_examples=60, deadline=None)
"""A whole build takes milliseconds."""


def as_lists(indptr: Any, items: Any) -> list[list[int]]:
    return [items[start:end].tolist() for start, end in pairwise(indptr.tolist())]


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
    events = [
        Event(int(user), START_MS + int(hour) * HOUR_MS, int(code), int(item))
        for user, hour, code, item in zip(*columns, strict=True)
    ]
    one, other = (build_evidence(histories_of(events), NO_CONTENT, ITEMS)[0] for _ in range(2))
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)


def offered(ranker: Any, products: list[int], weights: Any, size: int = ITEMS) -> list[int]:
    now = moment("product", np.array(products, np.int32), NOBODY)
    items, *_ = rank(
        Workspace(), ranker, weights, size, **of_moment(now), available=np.ones(size, np.uint8),
        price_cents=np.full(size, 100, np.int64), categories=np.zeros(size, np.int32), fallback=NO_ITEMS,
        excluded=now.seeds,
    )  # fmt: skip
    return items


def test_each_source_stands_where_its_weight_is() -> None:
    views = [
        Event(user, START_MS + place * HOUR_MS, VIEW, item, user + 1)
        for user in range(9)
        for place, item in enumerate([0, 1, 2])
    ]
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
    assert (
        offered(
            ranker_of(arrays["item_features"], evidence_of(arrays, ITEMS), overlay),
            [0],
            prior_weights("product"),
            ITEMS + 1,
        )[0]
        == ITEMS
    )


def test_tables_of_few_orders_are_empty() -> None:
    bought = [Event(user, START_MS, PURCHASE, item, user + 1) for user in range(MIN_BASKETS) for item in (3, 4)]
    few, enough = (build_evidence(histories_of(each), NO_CONTENT, ITEMS)[0] for each in (bought[:-2], bought))
    for name in ("confidence", "affinity", "ease_orders"):
        assert same(csr_of(few, name)._replace(indptr=few[f"{name}.indptr"]), csr([{}] * ITEMS))
        assert 4 in csr_of(enough, name).indices
