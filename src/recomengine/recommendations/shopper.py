"""What is known of a shopper at the moment of a request: the model's own row, and the events since then."""

from collections.abc import Container, Sequence

import numpy as np

from recomengine._core.csr import Int64
from recomengine.catalog.live import LiveCatalog
from recomengine.events.trail import RETURN, Trail
from recomengine.models.histories import CODE_OF_TYPE, NO_GROUP, PURCHASE
from recomengine.models.model import NO_HISTORY, History, Model
from recomengine.models.shopper import NOBODY, Shopper, without_disliked

SESSION_GAP_MS = 30 * 60 * 1000


def look_up(
    model: Model | None,
    catalog: LiveCatalog,
    user_id: str,
    trail: Sequence[Trail],
    session_id: str | None,
    aliases: Sequence[str] = (),
    *,
    now_ms: int,
) -> Shopper:
    """trail: the newest events under any of the user's ids, newest first; those that the model holds already are left
    out. It holds none of products that came after it, however long ago these were bought. What was returned counts no
    longer as bought. A session runs where the newest event happened less than a session's gap before `now_ms`, or is
    of `session_id`; when an event arrived says nothing of that.
    """
    history = _joined([model.history(each) for each in (user_id, *aliases)]) if model else NO_HISTORY
    through_ms, size = (model.through_ms, model.size) if model else (0, 0)
    fresh, returned = [], set()
    for event in trail:
        number = catalog.number(event.product_id)
        unknown = event.created_ms >= through_ms or number >= size
        if not unknown or number < 0 or event.event_type not in CODE_OF_TYPE:
            continue
        if event.event_type == RETURN:
            returned.add((event.timestamp_ms, number, PURCHASE))
        else:
            fresh.append((event.timestamp_ms, number, CODE_OF_TYPE[event.event_type], event.session_id))
    if returned:
        fresh = [event for event in fresh if event[:3] not in returned]
        history = _without(history, returned)
    if not fresh and not len(history.items):
        return NOBODY
    fresh.sort(key=lambda event: -event[0])
    return without_disliked(_merge(history, fresh, session_id, now_ms))


def _without(history: History, returned: Container[tuple[int, int, int]]) -> History:
    events = zip(history.times_ms.tolist(), history.items.tolist(), history.types.tolist(), strict=True)
    kept = np.array([event not in returned for event in events], bool)
    return History(*(column[kept] for column in history))


def _joined(histories: Sequence[History]) -> History:
    """One shopper's: until the next build the model has those of their other ids apart."""
    some = [history for history in histories if len(history.items)]
    if len(some) < 2:
        return some[0] if some else NO_HISTORY
    columns = [np.concatenate(column) for column in zip(*some, strict=True)]
    order = np.argsort(columns[2], kind="stable")
    return History(*(column[order] for column in columns))


def _merge(
    history: History, fresh: Sequence[tuple[int, int, int, str]], session_id: str | None, now_ms: int
) -> Shopper:
    if not fresh:
        items, types, times, groups = history
        times = times[::-1].copy()
        return Shopper(
            items[::-1].copy(), types[::-1].copy(), times, groups[::-1].copy(),
            _session_length(times, session_id, (), now_ms),
        )  # fmt: skip
    items = np.concatenate([np.array([event[1] for event in fresh], np.int32), history.items[::-1]])
    types = np.concatenate([np.array([event[2] for event in fresh], np.uint8), history.types[::-1]])
    times = np.concatenate([np.array([event[0] for event in fresh], np.int64), history.times_ms[::-1]])
    groups = np.concatenate([np.full(len(fresh), NO_GROUP, np.int64), history.groups[::-1]])
    sessions: Sequence[str | None] = [event[3] for event in fresh]
    if len(history.times_ms) and fresh[-1][0] < history.times_ms[-1]:
        order = np.argsort(-times, kind="stable")
        items, types, times, groups = items[order], types[order], times[order], groups[order]
        sessions = [sessions[at] if at < len(fresh) else None for at in order.tolist()]
    return Shopper(items, types, times, groups, _session_length(times, session_id, sessions, now_ms))


def _session_length(times_ms: Int64, session_id: str | None, sessions: Sequence[str | None], now_ms: int) -> int:
    """How many of the newest events make the running session: those that carry its id, or follow each other closely
    until now.
    """
    if session_id is not None and sessions and sessions[0] == session_id:
        return next((at for at, session in enumerate(sessions) if session != session_id), len(sessions))
    if now_ms - times_ms[0] >= SESSION_GAP_MS:
        return 0
    gaps = times_ms[:-1] - times_ms[1:] > SESSION_GAP_MS
    return int(np.argmax(gaps)) + 1 if gaps.any() else len(times_ms)
