"""What is known of a shopper: the model's own row, and the events since then."""

from typing import Any

import numpy as np
import pytest

from recomengine.catalog.live import LiveCatalog
from recomengine.events.trail import Trail
from recomengine.models.histories import DAY_MS, KINDS, PURCHASE, VIEW
from recomengine.models.model import NO_HISTORY, History
from recomengine.recommendations.shopper import SESSION_GAP_MS, interests, look_up, purchases

BUILT = 1_000 * DAY_MS


class KnownShopper:
    """Stands for a model that was built at BUILT and knows what it is told."""

    through_ms = BUILT

    def __init__(self, *events: tuple[int, str, int]) -> None:
        columns = list(zip(*events, strict=True)) if events else [(), (), ()]
        kinds = np.array([KINDS.index(kind) for kind in columns[1]], np.uint8)
        self._history = History(
            np.array(columns[0], np.int32), kinds, np.array(columns[2], np.int64), np.zeros(len(events), np.int64)
        ) if events else NO_HISTORY  # fmt: skip

    def history(self, _user: str) -> Any:
        return self._history


@pytest.fixture
def catalog() -> LiveCatalog:
    catalog = LiveCatalog()
    catalog.apply([
        {
            "number": number, "product_id": f"p{number}", "name": f"P{number}", "category": None, "price": None, "currency": None, "image_url": None,
            "url": None, "available": True, "deleted_at": "now" if number == 9 else None,
        }
        for number in range(10)
    ])  # fmt: skip
    return catalog


def event(product: int, at_ms: int, *, kind: str = "view", created_ms: int = BUILT + 1, session: str = "") -> Trail:
    return Trail(created_ms, at_ms, kind, f"p{product}", session)


def known(model: Any, catalog: LiveCatalog, trail: list[Trail], session: str | None = None) -> Any:
    return look_up(model, catalog, "ann", trail, session)


def test_newest_events_come_first_whichever_source_they_are_from(catalog: LiveCatalog) -> None:
    model = KnownShopper((1, "view", BUILT - 20), (2, "purchase", BUILT - 10))
    shopper = known(model, catalog, [event(4, BUILT + 2), event(3, BUILT + 1)])
    assert shopper.items.tolist() == [4, 3, 2, 1]
    assert shopper.kinds.tolist() == [VIEW, VIEW, PURCHASE, VIEW]
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


def test_unknown_and_deleted_products_are_left_out(catalog: LiveCatalog) -> None:
    assert known(None, catalog, [Trail(1, 1, "view", "elsewhere", ""), event(9, 1), event(1, 1)]).items.tolist() == [1]
    assert len(known(None, catalog, []).items) == 0


def test_a_session_is_what_carries_its_id_or_follows_closely(catalog: LiveCatalog) -> None:
    trail = [event(1, 40, session="now"), event(2, 30, session="now"), event(3, 20, session="before")]
    assert known(None, catalog, trail, "now").session == 2
    assert known(None, catalog, trail, "another").session == 3
    apart = [event(1, 3 * SESSION_GAP_MS), event(2, 3 * SESSION_GAP_MS - 5), event(3, 0)]
    assert known(None, catalog, apart).session == 2


def test_an_interest_fades_with_time_and_with_what_came_after(catalog: LiveCatalog) -> None:
    trail = [event(number, BUILT - number * DAY_MS) for number in range(4)]
    items, weights = interests(known(None, catalog, trail), half_life_ms=DAY_MS, decay=0.9, limit=3)
    assert items.tolist() == [0, 1, 2]
    assert weights / weights[0] == pytest.approx([1, 0.45, 0.2025])


def test_what_a_shopper_removed_is_no_interest(catalog: LiveCatalog) -> None:
    trail = [event(1, 3, kind="remove_from_cart"), event(2, 2, kind="impression"), event(3, 1)]
    items, _ = interests(known(None, catalog, trail), half_life_ms=DAY_MS, decay=0.9, limit=5)
    assert items.tolist() == [3]


def test_purchases_weigh_by_their_age(catalog: LiveCatalog) -> None:
    trail = [event(1, 20 * DAY_MS, kind="purchase"), event(2, 15 * DAY_MS), event(3, 10 * DAY_MS, kind="purchase")]
    items, weights = purchases(known(None, catalog, trail), half_life_days=10)
    assert items.tolist() == [1, 3]
    assert weights == pytest.approx([1, 0.5])
    assert len(purchases(known(None, catalog, []), half_life_days=10)[0]) == 0
