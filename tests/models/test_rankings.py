"""What rankings and figures of products say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recomengine._core.ranking import FEATURES
from recomengine.models.evidence import build_evidence
from recomengine.models.histories import CLICK, DAY_MS, IMPRESSION, TYPE_WEIGHTS, VIEW
from recomengine.models.rankings import descending
from tests.models.events import HOUR_MS, START_MS, Event, histories_of, some_events
from tests.support.matrices import csr

ITEMS = 7
NO_CONTENT = csr([{}] * ITEMS)
some = some_events(ITEMS)
builds = settings(max_examples=60, deadline=None)
"""A whole build takes milliseconds."""


@builds
@given(some)
def test_figures_of_products_lie_between_0_and_1_and_are_0_for_the_unknown(events: list[Event]) -> None:
    arrays, _ = build_evidence(histories_of(events), NO_CONTENT, ITEMS)
    figures = dict(zip(FEATURES[-5:], arrays["item_features"].T, strict=True))
    assert all(values.min() >= 0 and values.max() <= 1 for name, values in figures.items() if name != "rising")
    assert figures["rising"] == pytest.approx(figures["recent_popularity"] - figures["popularity"], abs=1e-6)
    known = {event.item for event in events if TYPE_WEIGHTS[event.type] > 0}
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
