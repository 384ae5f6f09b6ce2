"""What is known of a shopper: the model's own row, and the events since then."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from recomengine.catalog.live import LiveCatalog
from recomengine.events.trail import Trail
from recomengine.models.histories import DAY_MS, EVENT_TYPES, PURCHASE, VIEW
from recomengine.models.model import NO_HISTORY, History
from recomengine.recommendations.shopper import SESSION_GAP_MS, look_up

ADDED = datetime(2026, 1, 15, tzinfo=UTC)
BUILT = 1_000 * DAY_MS


class KnownShopper:
    """Stands for a model that was built at BUILT and knows what it is told."""

    through_ms, size = BUILT, 8

    def __init__(self, *events: tuple[int, str, int]) -> None:
        columns = list(zip(*events, strict=True)) if events else [(), (), ()]
        types = np.array([EVENT_TYPES.index(name) for name in columns[1]], np.uint8)
        self._history = History(
            np.array(columns[0], np.int32), types, np.array(columns[2], np.int64), np.zeros(len(events), np.int64)
        ) if events else NO_HISTORY  # fmt: skip

    def history(self, _user: str) -> Any:
        return self._history


@pytest.fixture
def catalog() -> LiveCatalog:
    catalog = LiveCatalog()
    catalog.apply([
        {
            "number": number, "product_id": f"p{number}", "name": f"P{number}", "category": None, "price": None,
            "currency": None, "image_url": None, "url": None, "available": True, "created_at": ADDED,
            "deleted_at": "now" if number == 9 else None,
        }
        for number in range(10)
    ])  # fmt: skip
    return catalog


def event(product: int, at_ms: int, *, kind: str = "view", created_ms: int = BUILT + 1, session: str = "") -> Trail:
    return Trail(created_ms, at_ms, kind, f"p{product}", session)


def known(
    model: Any, catalog: LiveCatalog, trail: list[Trail], session: str | None = None, now_ms: int = BUILT + 10
) -> Any:
    return look_up(model, catalog, "ann", trail, session, now_ms=now_ms)


def test_newest_events_come_first_whichever_source_they_are_from(catalog: LiveCatalog) -> None:
    model = KnownShopper((1, "view", BUILT - 20), (2, "purchase", BUILT - 10))
    shopper = known(model, catalog, [event(4, BUILT + 2), event(3, BUILT + 1)])
    assert shopper.items.tolist() == [4, 3, 2, 1]
    assert shopper.types.tolist() == [VIEW, VIEW, PURCHASE, VIEW]
    assert shopper.purchased.tolist() == [2]


def test_late_events_find_their_place_in_time(catalog: LiveCatalog) -> None:
    model = KnownShopper((1, "view", BUILT - 20), (2, "view", BUILT - 10))
    shopper = known(model, catalog, [event(3, BUILT - 15), event(4, BUILT + 1)])
    assert shopper.items.tolist() == [4, 2, 3, 1]
    assert shopper.times_ms.tolist() == sorted(shopper.times_ms.tolist(), reverse=True)


def test_events_that_the_model_holds_are_not_counted_twice(catalog: LiveCatalog) -> None:
    model = KnownShopper((1, "view", BUILT - 20))
    trail = [event(2, BUILT - 5, created_ms=BUILT), event(1, BUILT - 20, created_ms=BUILT - 1)]
    assert known(model, catalog, trail).items.tolist() == [2, 1]


def test_what_was_bought_before_the_catalog_had_it_counts_though_the_build_is_newer(catalog: LiveCatalog) -> None:
    model = KnownShopper((1, "view", BUILT - 20))
    bought = [event(number, BUILT - 30, kind="purchase", created_ms=BUILT - 10) for number in (7, 8)]
    shopper = known(model, catalog, [event(1, BUILT + 5), *bought])
    assert shopper.items.tolist() == [1, 1, 8]
    assert shopper.purchased.tolist() == [8]


def test_unknown_and_deleted_products_are_left_out(catalog: LiveCatalog) -> None:
    assert known(None, catalog, [Trail(1, 1, "view", "elsewhere", ""), event(9, 1), event(1, 1)]).items.tolist() == [1]
    assert len(known(None, catalog, []).items) == 0


def test_a_session_is_what_carries_its_id_or_follows_closely_until_now(catalog: LiveCatalog) -> None:
    trail = [event(1, 40, session="now"), event(2, 30, session="now"), event(3, 20, session="before")]
    assert known(None, catalog, trail, "now").session == 2
    assert known(None, catalog, trail, "another", now_ms=50).session == 3
    apart = [event(1, 3 * SESSION_GAP_MS), event(2, 3 * SESSION_GAP_MS - 5), event(3, 0)]
    assert known(None, catalog, apart, now_ms=3 * SESSION_GAP_MS).session == 2


def test_a_session_ends_a_sessions_gap_after_its_newest_event_unless_the_request_carries_its_id(
    catalog: LiveCatalog,
) -> None:
    trail = [event(1, 1_000_000, session="s")]
    assert known(None, catalog, trail, now_ms=1_000_000 + SESSION_GAP_MS - 1).session == 1
    assert known(None, catalog, trail, now_ms=1_000_000 + SESSION_GAP_MS).session == 0
    assert known(None, catalog, trail, "s", now_ms=1_000_000 + 10 * SESSION_GAP_MS).session == 1
    assert known(None, catalog, trail, "another", now_ms=1_000_000 + 10 * SESSION_GAP_MS).session == 0


def test_an_import_of_last_night_is_history(catalog: LiveCatalog) -> None:
    now_ms = BUILT + DAY_MS
    imported = [event(3, BUILT + 5, created_ms=now_ms - 1), event(4, BUILT + 4, created_ms=now_ms - 1)]
    assert known(None, catalog, imported, now_ms=now_ms).session == 0
    viewed = event(1, now_ms - 2, created_ms=now_ms - 2, session="s")
    for trail in ([*imported, viewed], [viewed, *imported]):
        for session in (None, "s"):
            shopper = known(KnownShopper((2, "view", BUILT + 6)), catalog, trail, session, now_ms)
            assert (shopper.items.tolist(), shopper.session) == ([1, 2, 3, 4], 1)
