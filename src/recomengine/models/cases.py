"""Cases of the backtest: what happened after a moment, and what was known before it.

The newest SHARE of the events that count (purchases; views in a shop with few) is held back by time, more of few
events; evidence for the cases is built from what came before, so nothing of a case's future is in it. A case says what
a request would have said then, and which products it should have found.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Int32, Int64
from recomengine.models.grouping import carts_count, owned_baskets
from recomengine.models.histories import DAY_MS, NO_GROUP, PURCHASE, TYPE_WEIGHTS, Histories, choose
from recomengine.models.shopper import KNOWN, NO_ITEMS, NOBODY, Moment, Shopper, moment

SHARE, SHARE_OF_FEW = 0.1, 0.2
FEW_EVENTS = 50_000
MOST_OF_ONE, SHARE_OF_ONE = 100, 0.001
MAX_CASES, MAX_KNOWN_CASES = 3000, 1500
PER_BASKET = PER_SESSION = 3
ORDERS = 4
PAGE_PRODUCTS = 50
MIN_PURCHASES = 500
SEED = 20_200_101
FEW_PAGES = 60
"""Where baskets give fewer cases, what shoppers bought one after the other says what follows a page."""
CONTEXTS = ("home", "home_new", "session", "product", "cart", "session_known", "product_known", "cart_known")
"""home_new: home where nothing bought before may come again; …_known: where the shopper did something before the visit
or the page, which the cases of the same context without it do not know."""
EVERY = frozenset(CONTEXTS)


class Case(NamedTuple):
    moment: Moment
    targets: Int32
    """Products to be found, distinct."""
    user: int = -1
    """Whose moment it was: a user number of the histories."""


class Split(NamedTuple):
    """before: the histories up to the cut; known: 1 for products that occur before it."""

    before: Histories
    cases: dict[str, list[Case]]


def split(histories: Histories) -> Split:
    """The events before the cut, and cases of every context from those after it."""
    after = histories.times_ms >= _cut_ms(histories)
    before = choose(histories, ~after)
    return Split(before, cut_cases(histories, before, after))


def cut_cases(histories: Histories, before: Histories, after: NDArray[np.bool_]) -> dict[str, list[Case]]:
    known = np.zeros(int(histories.items.max(initial=-1)) + 1, bool)
    known[before.items] = True
    return {
        "home": _home(histories, before, after, known, new_only=False),
        "home_new": _home(histories, before, after, known, new_only=True),
        "session": _sessions(histories, before, after, known, with_past=False),
        "product": _pages(histories, before, after, known, page="product", with_past=False),
        "cart": _pages(histories, before, after, known, page="cart", with_past=False),
        "session_known": _sessions(histories, before, after, known, with_past=True),
        "product_known": _pages(histories, before, after, known, page="product", with_past=True),
        "cart_known": _pages(histories, before, after, known, page="cart", with_past=True),
    }


def _cut_ms(histories: Histories) -> int:
    rows = np.flatnonzero(histories.types == PURCHASE)
    if np.minimum(np.bincount(histories.owners[rows]), MOST_OF_ONE).sum() < MIN_PURCHASES:
        rows = np.flatnonzero(TYPE_WEIGHTS[histories.types] > 0)
    share = SHARE if len(rows) >= FEW_EVENTS else SHARE_OF_FEW
    times = np.sort(histories.times_ms[rows[_firsts_of_day(histories, rows)]])
    return int(times[int(len(times) * (1 - share))]) if len(times) else 0


def _firsts_of_day(histories: Histories, rows: Int64) -> NDArray[np.bool_]:
    """A mask: the first MOST_OF_ONE, or SHARE_OF_ONE of all, rows of each shopper's day, so that one who does much in
    it does not move the cut.
    """
    owners, days = histories.owners[rows], histories.times_ms[rows] // DAY_MS
    first = np.ones(len(rows), bool)
    first[1:] = (owners[1:] != owners[:-1]) | (days[1:] != days[:-1])
    place = np.arange(len(rows))
    return place - np.maximum.accumulate(np.where(first, place, 0)) < max(MOST_OF_ONE, len(rows) * SHARE_OF_ONE)


def _home(
    histories: Histories, before: Histories, after: NDArray[np.bool_], known: NDArray[np.bool_], *, new_only: bool
) -> list[Case]:
    """The first orders after the cut of shoppers known before it: everybody's first, and where these are few, up to
    ORDERS of each.
    """
    bought = after & (histories.types == PURCHASE)
    users = np.unique(histories.owners[bought])
    users = users[np.diff(before.indptr)[users] > 0]
    found: list[tuple[int, int, Case]] = []
    firsts = 0
    for place, user in enumerate(np.random.default_rng(SEED).permutation(users)):
        if firsts == MAX_CASES:
            break
        start, end = histories.indptr[user], histories.indptr[user + 1]
        shopper = past_of(before, user)
        for turn, order in enumerate(_orders(histories, np.flatnonzero(bought[start:end]) + start)):
            targets = np.unique(order)
            targets = targets[known[targets]]
            if new_only:
                targets = targets[~np.isin(targets, shopper.purchased)]
            if len(targets):
                case = Case(moment("home", NO_ITEMS, shopper), targets, int(user))
                found.append((turn, place, case))
                firsts += turn == 0
    found = sorted(found, key=lambda each: each[:2])[:MAX_CASES]
    return [
        case for _, _, case in sorted(found, key=lambda each: (each[1], each[0]))
    ]  # a shopper's cases stay in one half of them


def _orders(histories: Histories, rows: Int64) -> Iterator[Int32]:
    """Items of the first ORDERS orders, or days, of one user's purchases (oldest first)."""
    for _ in range(ORDERS):
        if not len(rows):
            return
        group, day = histories.groups[rows[0]], histories.times_ms[rows] // DAY_MS
        same = histories.groups[rows] == group if group != NO_GROUP else day == day[0]
        yield histories.items[rows[same]]
        rows = rows[~same]


def _sessions(
    histories: Histories, before: Histories, after: NDArray[np.bool_], known: NDArray[np.bool_], *, with_past: bool
) -> list[Case]:
    """The next product of sessions (without ids, one shopper's day) after the cut, at up to PER_SESSION places of
    each; with_past: of shoppers known before it, and with what they did then.
    """
    counted = after & (TYPE_WEIGHTS[histories.types] > 0) & (histories.types != PURCHASE)
    rows = np.flatnonzero(counted & known[histories.items])
    if not len(rows):
        return []
    owners, groups = (
        histories.owners[rows],
        np.where(histories.groups == NO_GROUP, histories.times_ms // DAY_MS, histories.groups)[rows],
    )
    starts = np.flatnonzero(np.concatenate([[True], (owners[1:] != owners[:-1]) | (groups[1:] != groups[:-1])]))
    ends = np.append(starts[1:], len(rows))
    random, most = np.random.default_rng(SEED), MAX_KNOWN_CASES if with_past else MAX_CASES
    found: list[Case] = []
    for session in random.permutation(np.flatnonzero(ends - starts >= 2)):
        inside = rows[starts[session] : ends[session]]
        user = int(owners[starts[session]])
        past = past_of(before, user) if with_past else NOBODY
        if with_past and not len(past.items):
            continue
        for place in np.sort(random.permutation(np.arange(1, len(inside)))[:PER_SESSION]):
            shopper = _within(histories, inside[:place], past)
            target = histories.items[inside[place : place + 1]]
            asked = moment("home", NO_ITEMS, shopper, EVERY)
            if with_past == asked.weighed_as.endswith(KNOWN):
                found.append(Case(asked, target, user))
        if len(found) >= most:
            break
    return found[:most]


def _within(histories: Histories, rows: Int64, past: Shopper) -> Shopper:
    """A shopper in the middle of a session: its events so far before the past."""
    newest = rows[::-1]
    return Shopper(
        np.concatenate([histories.items[newest], past.items]), np.concatenate([histories.types[newest], past.types]),
        np.concatenate([histories.times_ms[newest], past.times_ms]),
        np.concatenate([histories.groups[newest], past.groups]), len(rows),
    )  # fmt: skip


def _pages(
    histories: Histories,
    before: Histories,
    after: NDArray[np.bool_],
    known: NDArray[np.bool_],
    *,
    page: str,
    with_past: bool,
) -> list[Case]:
    """From one product of a basket the others (product), from all but one that one (cart), at up to PER_BASKET places
    of each; where these are few, on product pages what is bought next. with_past: of shoppers known before the cut, and
    with what they did then.
    """
    random = np.random.default_rng(SEED)
    asked = _of_baskets(histories, before, after, known, random, page=page, with_past=with_past)
    if page == "product" and len(asked) < FEW_PAGES:
        asked += _of_successions(histories, before, after, known, random)
    found: list[Case] = []
    for on_page, targets, user, past in asked:
        now = moment(page, on_page, past if with_past else NOBODY, EVERY)
        if with_past == now.weighed_as.endswith(KNOWN):
            found.append(Case(now, targets, user))
    return found[: MAX_KNOWN_CASES if with_past else MAX_CASES]


class _Asked(NamedTuple):
    on_page: Int32
    targets: Int32
    user: int
    past: Shopper


def _of_baskets(
    histories: Histories,
    before: Histories,
    after: NDArray[np.bool_],
    known: NDArray[np.bool_],
    random: np.random.Generator,
    *,
    page: str,
    with_past: bool,
) -> list[_Asked]:
    found_baskets, owners = owned_baskets(choose(histories, after), carts=carts_count(histories))
    has_past = np.diff(before.indptr) > 0
    found: list[_Asked] = []
    for basket in random.permutation(found_baskets.rows):
        user = int(owners[basket])
        if with_past and not has_past[user]:
            continue
        items = found_baskets.indices[found_baskets.indptr[basket] : found_baskets.indptr[basket + 1]]
        items = items[known[items]]
        past = past_of(before, user)
        for place in random.permutation(len(items))[:PER_BASKET] if len(items) >= 2 else ():
            one, rest = items[place : place + 1], np.delete(items, place)[:PAGE_PRODUCTS]
            found.append(_Asked(one, rest, user, past) if page == "product" else _Asked(rest, one, user, past))
        if len(found) >= MAX_CASES:
            break
    return found


def _of_successions(
    histories: Histories,
    before: Histories,
    after: NDArray[np.bool_],
    known: NDArray[np.bool_],
    random: np.random.Generator,
) -> list[_Asked]:
    """From what a shopper bought last before the cut, what they bought first after it."""
    bought = after & (histories.types == PURCHASE)
    found: list[_Asked] = []
    for user in random.permutation(np.unique(histories.owners[bought])):
        past = past_of(before, user)
        if not len(past.purchased):
            continue
        start, end = histories.indptr[user], histories.indptr[user + 1]
        order = next(_orders(histories, np.flatnonzero(bought[start:end]) + start))
        on_page = past.purchased[:1]
        targets = np.unique(order)
        targets = targets[known[targets] & (targets != on_page[0])]
        if len(targets):
            found.append(_Asked(on_page, targets, int(user), past))
        if len(found) >= MAX_CASES:
            break
    return found


def past_of(histories: Histories, user: int) -> Shopper:
    """All that is known of a user, newest first."""
    span = slice(histories.indptr[user], histories.indptr[user + 1])
    items, types, times, groups = (
        column[span][::-1] for column in (histories.items, histories.types, histories.times_ms, histories.groups)
    )
    return Shopper(
        np.ascontiguousarray(items),
        np.ascontiguousarray(types),
        np.ascontiguousarray(times),
        np.ascontiguousarray(groups),
        0,
    )
