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
) -> Shopper:
    """trail: the newest events under any of the user's ids, newest first; those that the model holds already are left
    out. It holds none of products that came after it, however long ago these were bought. What was returned counts no
    longer as bought.
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
    return without_disliked(_merge(history, fresh, session_id))


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


def is_live(trail: Sequence[Trail], session_id: str | None, now_ms: int) -> bool:
    """Whether the shopper is in the shop now: the session's own events are there, or the newest came less than a
    session's gap ago.
    """
    newest = next((event for event in trail if event.event_type != RETURN), None)
    if newest is None:
        return False
    return now_ms - newest.created_ms < SESSION_GAP_MS or (session_id is not None and newest.session_id == session_id)


def _merge(history: History, fresh: Sequence[tuple[int, int, int, str]], session_id: str | None) -> Shopper:
    items = np.concatenate([np.array([event[1] for event in fresh], np.int32), history.items[::-1]])
    types = np.concatenate([np.array([event[2] for event in fresh], np.uint8), history.types[::-1]])
    times = np.concatenate([np.array([event[0] for event in fresh], np.int64), history.times_ms[::-1]])
    groups = np.concatenate([np.full(len(fresh), NO_GROUP, np.int64), history.groups[::-1]])
    if len(fresh) and len(history.times_ms) and fresh[-1][0] < history.times_ms[-1]:
        order = np.argsort(-times, kind="stable")
        items, types, times, groups = items[order], types[order], times[order], groups[order]
        return Shopper(items, types, times, groups, _session_length(times, None, ()))
    sessions = [event[3] for event in fresh]
    return Shopper(items, types, times, groups, _session_length(times, session_id, sessions))


def _session_length(times_ms: Int64, session_id: str | None, sessions: Sequence[str]) -> int:
    """How many of the newest events make the running session: those that carry its id, or follow each other closely."""
    if session_id is not None and session_id in sessions:
        return next((at for at, session in enumerate(sessions) if session != session_id), len(sessions))
    gaps = times_ms[:-1] - times_ms[1:] > SESSION_GAP_MS
    return int(np.argmax(gaps)) + 1 if gaps.any() else len(times_ms)
