"""Histories written down as events, for tests that need no database."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from recomengine.models.histories import DAY_MS, EVENT_TYPES, NO_GROUP, Histories

START_MS = 20_000 * DAY_MS
HOUR_MS = DAY_MS // 24


class Event(NamedTuple):
    """group: a session or an order, unless NO_GROUP."""

    user: int
    time_ms: int
    type: int
    item: int
    group: int = NO_GROUP


def histories_of(events: Iterable[Event], users: int | None = None) -> Histories:
    """Shopper by shopper, in the order of time, then of type, then of number."""
    found = sorted(events, key=lambda event: (event.user, event.time_ms, event.type, event.item))
    columns = np.array(found, np.int64).reshape(-1, 5)
    count = users if users is not None else 1 + int(columns[:, 0].max(initial=-1))
    indptr = np.searchsorted(columns[:, 0], np.arange(count + 1)).astype(np.int64)
    return Histories(
        [f"u{user}" for user in range(count)], indptr, columns[:, 3].astype(np.int32), columns[:, 2].astype(np.uint8),
        columns[:, 1].copy(), columns[:, 4].copy(),
    )  # fmt: skip


def events_of(histories: Histories) -> list[Event]:
    columns = (histories.owners, histories.times_ms, histories.types, histories.items, histories.groups)
    return [Event(*map(int, row)) for row in zip(*columns, strict=True)]


def some_events(n_items: int, users: int = 4, size: int = 25) -> st.SearchStrategy[list[Event]]:
    """A few events of all types within three days, in sessions and without."""
    event = st.builds(
        Event, st.integers(0, users - 1), st.integers(0, 72).map(lambda hour: START_MS + hour * HOUR_MS),
        st.integers(0, len(EVENT_TYPES) - 1),
        st.integers(0, n_items - 1), st.sampled_from([NO_GROUP, NO_GROUP, 1, 2, 3]),
    )  # fmt: skip
    return st.lists(event, max_size=size)
