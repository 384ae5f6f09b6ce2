"""A tenant's events as flat arrays, shopper by shopper, oldest first: what every part of a build reads."""

from bisect import bisect_left
from collections.abc import Mapping, Set
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Int32, Int64
from recomengine.shop import EVENT_TRAITS

CODE_OF_TYPE: dict[str, int] = {name: traits.code for name, traits in EVENT_TRAITS.items() if traits.code is not None}
EVENT_TYPES = tuple(CODE_OF_TYPE)
"""Types of the events that concern a product; a type's code is its position."""
TYPE_WEIGHTS = np.array([traits.weight for traits in EVENT_TRAITS.values() if traits.code is not None], np.float32)
IMPRESSION, CLICK, VIEW, ADD_TO_CART, PURCHASE, RETURN, DISLIKE = (
    CODE_OF_TYPE[name] for name in ("impression", "click", "view", "add_to_cart", "purchase", "return", "dislike")
)
EPOCH_2000_MS = 946_684_800_000
DAY_MS = 86_400_000
NO_GROUP = 0


class Histories(NamedTuple):
    """User u did types[indptr[u]:indptr[u+1]] with items[…] at times_ms[…] within the order or session groups[…]."""

    users: list[str]
    indptr: Int64
    items: Int32
    types: NDArray[np.uint8]
    times_ms: Int64
    groups: Int64

    @property
    def owners(self) -> Int64:
        """The user number of each event."""
        return np.repeat(np.arange(len(self.users)), np.diff(self.indptr))

    @property
    def newest_ms(self) -> int:
        return int(self.times_ms.max()) if len(self.times_ms) else 0


NO_HISTORIES = Histories(
    [],
    np.zeros(1, np.int64),
    np.empty(0, np.int32),
    np.empty(0, np.uint8),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
)


def unpack(rows: "list[Any]") -> Histories:
    """Rows of packed columns to arrays; the order of a user's events depends on nothing but the events."""
    indptr = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([row["events"] for row in rows], out=indptr[1:])
    items = _column(rows, "numbers", ">i4").astype(np.int32)
    types = (_column(rows, "kinds", ">i2") - 1).astype(np.uint8)
    times_ms = _column(rows, "times", ">i8").astype(np.int64) // 1000 + EPOCH_2000_MS
    groups = _column(rows, "groups", ">i8").astype(np.int64)
    order = _order(np.repeat(np.arange(len(rows)), np.diff(indptr)), times_ms, types, items, groups)
    return Histories(
        [row["user_id"] for row in rows], indptr, items[order], types[order], times_ms[order], groups[order]
    )


def _order(owners: Int64, times_ms: Int64, types: NDArray[np.uint8], items: Int32, groups: Int64) -> Int64:
    """By user, then time, then type, then product, then group: events that tie in all of them are the same."""
    order: Int64 = np.lexsort((groups, items, types, times_ms, owners))
    return order


def merge(old: Histories, new: Histories) -> Histories:
    """The events of both, as if they had been read at once. Only shoppers with new events are sorted again."""
    if not len(new.items) or not len(old.items):
        return old if len(old.items) else new
    users, of_old, of_new = _merge_users(old.users, new.users)
    old_counts, new_counts = np.diff(old.indptr), np.diff(new.indptr)
    counts, touched = np.zeros(len(users), np.int64), np.zeros(len(users), bool)
    counts[of_old] = old_counts
    counts[of_new] += new_counts
    touched[of_new] = True
    sorted_again = np.repeat(touched[of_old], old_counts)
    owners = np.concatenate([np.repeat(of_old, old_counts)[sorted_again], np.repeat(of_new, new_counts)])
    mixed = [
        np.concatenate([one[sorted_again], other]) for one, other in zip(_columns(old), _columns(new), strict=True)
    ]
    items, types, times_ms, groups = mixed
    order, place = _order(owners, times_ms, types, items, groups), np.repeat(touched, counts)

    def merged(column: NDArray[Any], sorted_column: NDArray[Any]) -> NDArray[Any]:
        out = np.empty(len(place), column.dtype)
        out[~place], out[place] = column[~sorted_again], sorted_column
        return out

    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return Histories(
        users, indptr, *(merged(column, part[order]) for column, part in zip(_columns(old), mixed, strict=True))
    )


def of_users(histories: Histories, chosen: NDArray[np.bool_]) -> Histories:
    """The chosen shoppers (a mask over users) with all that they did."""
    counts = np.diff(histories.indptr)
    kept = np.repeat(chosen, counts)
    users = [user for user, is_chosen in zip(histories.users, chosen.tolist(), strict=True) if is_chosen]
    indptr = np.concatenate([[0], np.cumsum(counts[chosen])]).astype(np.int64)
    return Histories(users, indptr, *(column[kept] for column in _columns(histories)))


def without_users(histories: Histories, left_out: Set[str]) -> Histories:
    """All shoppers but those named."""
    if left_out.isdisjoint(histories.users):
        return histories
    return of_users(histories, np.array([user not in left_out for user in histories.users], bool))


def under_names(histories: Histories, names: Mapping[str, str]) -> Histories:
    """The same events, those of each shopper in `names` as events of the shopper named there, who is no key of it."""
    moved = np.array([user in names for user in histories.users], bool)
    if not moved.any():
        return histories
    others = of_users(histories, moved)
    targets = [names[user] for user in others.users]
    users = sorted(set(targets))
    number = {user: at for at, user in enumerate(users)}
    owners = np.repeat(np.array([number[target] for target in targets], np.int64), np.diff(others.indptr))
    items, types, times_ms, groups = _columns(others)
    order = _order(owners, times_ms, types, items, groups)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(users)))]).astype(np.int64)
    renamed = Histories(users, indptr, *(column[order] for column in _columns(others)))
    return merge(of_users(histories, ~moved), renamed)


def _columns(histories: Histories) -> tuple[NDArray[Any], ...]:
    return histories.items, histories.types, histories.times_ms, histories.groups


def _merge_users(old: list[str], new: list[str]) -> tuple[list[str], Int64, Int64]:
    """(all in their order, the number there of each old one, of each new one). The order of code points is that of
    UTF-8's bytes.
    """
    places = np.array([bisect_left(old, user) for user in new], np.int64)
    unknown = np.array(
        [place == len(old) or old[place] != user for place, user in zip(places.tolist(), new, strict=True)], bool
    )
    users = sorted(old + [user for user, is_unknown in zip(new, unknown.tolist(), strict=True) if is_unknown])
    numbers = np.arange(len(old)) + np.searchsorted(places[unknown], np.arange(len(old)), side="right")
    before = np.cumsum(unknown) - unknown
    of_new = np.where(unknown, places + before, numbers[np.minimum(places, len(old) - 1)])
    return users, numbers.astype(np.int64), of_new.astype(np.int64)


def _column(rows: "list[Any]", name: str, dtype: str) -> NDArray[Any]:
    return np.frombuffer(b"".join([row[name] for row in rows]), dtype)


def choose(histories: Histories, chosen: NDArray[np.bool_]) -> Histories:
    """The same shoppers with only the `chosen` events."""
    indptr = np.concatenate([[0], np.cumsum(chosen)])[histories.indptr].astype(np.int64)
    return Histories(
        histories.users,
        indptr,
        histories.items[chosen],
        histories.types[chosen],
        histories.times_ms[chosen],
        histories.groups[chosen],
    )


def newest_per_user(histories: Histories, limit: int) -> tuple[Int64, NDArray[np.bool_]]:
    """What stays known of each user: (indptr of the kept, mask over the events).

    The last `limit` events other than impressions, which say nothing of the user and would push the rest out; and every
    purchase and dislike, since what was bought stays bought, and what is disliked must not come again.
    """
    counted = histories.types != IMPRESSION
    so_far = np.concatenate([[0], np.cumsum(counted)])
    left = np.repeat(so_far[histories.indptr[1:]], np.diff(histories.indptr)) - so_far[1:]
    kept = counted & ((left < limit) | (histories.types == PURCHASE) | (histories.types == DISLIKE))
    indptr = np.concatenate([[0], np.cumsum(kept)])[histories.indptr].astype(np.int64)
    return indptr, kept
