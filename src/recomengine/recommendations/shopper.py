"""What is known of a shopper at the moment of a request: the model's own row, and the events since then."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Float32, Int32, Int64
from recomengine.catalog.live import LiveCatalog
from recomengine.events.trail import Trail
from recomengine.models.build import KIND_WEIGHTS
from recomengine.models.histories import DAY_MS, KINDS, PURCHASE
from recomengine.models.model import NO_HISTORY, History, Model

SESSION_GAP_MS = 30 * 60 * 1000
CODE_OF_KIND = {kind: code for code, kind in enumerate(KINDS)}


class Shopper(NamedTuple):
    """Events newest first: product numbers, codes of kinds, times; `session`: how many of them belong to the running session."""

    items: Int32
    kinds: NDArray[np.uint8]
    times_ms: Int64
    session: int

    @property
    def purchased(self) -> Int32:
        bought: Int32 = self.items[self.kinds == PURCHASE]
        return bought


NOBODY = Shopper(NO_HISTORY.items, NO_HISTORY.kinds, NO_HISTORY.times_ms, 0)


def look_up(model: Model | None, catalog: LiveCatalog, user_id: str, trail: Sequence[Trail], session_id: str | None) -> Shopper:
    """trail: the user's newest events, newest first; those that the model holds already are left out."""
    history = model.history(user_id) if model else NO_HISTORY
    through_ms = model.through_ms if model else 0
    fresh = []
    for event in trail:
        number = catalog.number(event.product_id)
        if event.created_ms >= through_ms and number >= 0 and event.event_type in CODE_OF_KIND:
            fresh.append((event.timestamp_ms, number, CODE_OF_KIND[event.event_type], event.session_id))
    if not fresh and not len(history.items):
        return NOBODY
    fresh.sort(key=lambda event: -event[0])
    return _merge(history, fresh, session_id)


def _merge(history: History, fresh: Sequence[tuple[int, int, int, str]], session_id: str | None) -> Shopper:
    items = np.concatenate([np.array([event[1] for event in fresh], np.int32), history.items[::-1]])
    kinds = np.concatenate([np.array([event[2] for event in fresh], np.uint8), history.kinds[::-1]])
    times = np.concatenate([np.array([event[0] for event in fresh], np.int64), history.times_ms[::-1]])
    if len(fresh) and len(history.times_ms) and fresh[-1][0] < history.times_ms[-1]:
        order = np.argsort(-times, kind="stable")
        items, kinds, times = items[order], kinds[order], times[order]
        return Shopper(items, kinds, times, _session_length(times, None, ()))
    sessions = [event[3] for event in fresh]
    return Shopper(items, kinds, times, _session_length(times, session_id, sessions))


def _session_length(times_ms: Int64, session_id: str | None, sessions: Sequence[str]) -> int:
    """How many of the newest events make the running session: those that carry its id, or follow each other closely."""
    if session_id is not None and session_id in sessions:
        return next((at for at, session in enumerate(sessions) if session != session_id), len(sessions))
    gaps = times_ms[:-1] - times_ms[1:] > SESSION_GAP_MS
    return int(np.argmax(gaps)) + 1 if gaps.any() else len(times_ms)


def interests(shopper: Shopper, *, half_life_ms: float, decay: float, limit: int) -> tuple[Int32, Float32]:
    """Seeds and weights: what was done, how long before the shopper's newest event, and how many products since.

    weight = kind · 2^(-age / half_life) · decay^rank, for the `limit` newest events that count.
    """
    weights = KIND_WEIGHTS[shopper.kinds]
    counted = np.flatnonzero(weights > 0)[:limit]
    if not len(counted):
        return NOBODY.items, np.empty(0, np.float32)
    times = shopper.times_ms[counted]
    ages = (times[0] - times) / half_life_ms
    return shopper.items[counted], (weights[counted] * np.exp2(-ages) * decay ** np.arange(len(counted))).astype(np.float32)


def purchases(shopper: Shopper, *, half_life_days: float) -> tuple[Int32, Float32]:
    """Products bought, each purchase weighing 2^(-age / half_life) before the newest."""
    bought = shopper.kinds == PURCHASE
    times = shopper.times_ms[bought]
    if not len(times):
        return NOBODY.items, np.empty(0, np.float32)
    ages = (times.max() - times) / (half_life_days * DAY_MS)
    return shopper.items[bought], np.exp2(-ages).astype(np.float32)
