"""Histories grouped as sources need them: sessions and purchases as sequences, orders and baskets, shoppers'
interest.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import CSR, Int32, Int64
from recomengine._core.interactions import weighted_matrix
from recomengine.models.arrays import empty_csr
from recomengine.models.following import NEAR, Following, following_in
from recomengine.models.histories import ADD_TO_CART, DAY_MS, NO_GROUP, PURCHASE, TYPE_WEIGHTS, Histories
from recomengine.models.rankings import Figures, figures_of
from recomengine.models.repeats import Counts, counts_of, newest_repeats, once_a_day

ITEMS_PER_USER = 200
MAX_BASKET = 200
MIN_ORDERS = 1000
MIN_BASKETS = 200
FOREVER_MS = 1000 * 365 * DAY_MS
NO_ROWS = np.zeros(1, np.int64)


class Grouped:
    """What the sources of one part of a build share. Each group is made when it is first asked for.

    size: product numbers in use. former: the arrays of a model that the histories are news to; then what decides on a
    whole shop's figures goes by the model's, and what is counted of a product is counted with the model's; so does
    `following`, how far sequences are looked along.
    """

    def __init__(
        self,
        histories: Histories,
        size: int,
        former: Mapping[str, NDArray[Any]] | None = None,
        following: Following = NEAR,
    ) -> None:
        self.histories = histories
        self.following = following if former is None else following_in(former)
        self.size = size
        self.threads = 0 if former is None else 1
        self._former = former

    @cached_property
    def sequences(self) -> tuple[Int64, Int32]:
        return sequences_of(self.histories)

    @cached_property
    def interest(self) -> CSR:
        """Shoppers × products, how much each cares for each; what is done again on one day says no more."""
        histories = once_a_day(self.histories)
        return weighted_matrix(
            histories.indptr, histories.items, histories.types, histories.times_ms, self.size,
            weight_by_type=TYPE_WEIGHTS, now_ms=histories.newest_ms, half_life_ms=FOREVER_MS, cap=ITEMS_PER_USER,
        )  # fmt: skip

    @cached_property
    def baskets(self) -> CSR:
        return baskets(self.histories, carts=None if self._former is None else self._count("baskets") < MIN_ORDERS)

    @cached_property
    def enough_baskets(self) -> CSR:
        """The baskets of a shop that has enough of them to tell chance from habit, of others none."""
        return self.baskets if self._has_enough else empty_csr(0)

    @cached_property
    def enough_orders(self) -> CSR:
        """All orders of such a shop, those of one product too."""
        return orders_of(self.histories) if self._has_enough else empty_csr(0)

    @property
    def _has_enough(self) -> bool:
        return (self.baskets.rows if self._former is None else self._count("baskets")) >= MIN_BASKETS

    @cached_property
    def holding(self) -> Int64:
        """How many baskets hold each product."""
        return self._holding("baskets") + np.bincount(self.baskets.indices, minlength=self.size)

    @cached_property
    def counts(self) -> Counts:
        return counts_of(self.histories)

    @cached_property
    def figures(self) -> Figures:
        return figures_of(self.counts, self.size)

    def index(self, name: str, indptr: Int64, items: Int32) -> tuple[NDArray[Any], ...]:
        """The arrays of `Sequences`; name: of the model's own index of such sequences."""
        return index_of(indptr, items, self.size, self._count(name), self._holding(name))

    def _count(self, name: str) -> int:
        return len(self._array(f"{name}.indptr")) - 1

    def _holding(self, name: str) -> Int64:
        """How many of the model's sequences hold each product."""
        found, known = np.zeros(self.size, np.int64), np.diff(self._array(f"{name}.at"))
        found[: len(known)] = known
        return found

    def _array(self, name: str) -> Int64:
        """One of the model's; where there is no model, or one from before the source was there, that of no
        sequences.
        """
        return NO_ROWS if self._former is None else self._former.get(name, NO_ROWS)


def sequences_of(histories: Histories) -> tuple[Int64, Int32]:
    """(indptr, items): browsing sessions and shoppers' purchases as sequences of at least two, by the time of their
    last event.

    A session is what carries one session id; without ids, one shopper's day. Of a product in it the last few times
    count.
    """
    session = np.where(histories.groups == NO_GROUP, histories.times_ms // DAY_MS, histories.groups)
    key = np.where(histories.types == PURCHASE, np.iinfo(np.int64).min, session)
    counted = np.flatnonzero(TYPE_WEIGHTS[histories.types] > 0)
    owners = histories.owners[counted]
    order = np.lexsort((key[counted], owners))  # stable: within a sequence the rows stay in their order
    rows = counted[order]
    of_sequence = np.cumsum(_changes(owners[order], key[rows]), dtype=np.int64)
    kept = newest_repeats(of_sequence, histories.items[rows])
    rows = rows[kept]
    starts = np.flatnonzero(_changes(of_sequence[kept]))
    lengths = np.diff(np.append(starts, len(rows)))
    last = histories.times_ms[rows[starts + lengths - 1]] if len(rows) else np.empty(0, np.int64)
    by_time = np.lexsort((starts, last))
    by_time = by_time[lengths[by_time] >= 2]
    taken = _ranges(starts[by_time], lengths[by_time])
    return np.concatenate([[0], np.cumsum(lengths[by_time])]).astype(np.int64), histories.items[rows[taken]]


def _changes(*keys: Int64) -> NDArray[np.bool_]:
    """True where any of the keys differs from the one before, and at the start."""
    differs = np.ones(len(keys[0]), bool)
    differs[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return differs


def _ranges(starts: Int64, lengths: Int64) -> Int64:
    """starts[0], starts[0] + 1, … starts[1], …: each run of its length, one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    places: Int64 = np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
    return places


def index_of(
    indptr: Int64, items: Int32, n_items: int, others: int = 0, holding: Int64 | None = None
) -> tuple[NDArray[Any], ...]:
    """The arrays of `Sequences`: sequences, of each item the sequences that hold it, oldest first, and what an item
    says.

    others, holding: how many more sequences there are elsewhere, and how many of them hold each item.
    """
    count = max(1, len(indptr) - 1)
    pairs = np.sort(items * np.int64(count) + np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)))
    pairs = pairs[_changes(pairs)]  # np.unique hashes, which is slower by far
    frequency = np.bincount(pairs // count, minlength=n_items)
    at = np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64)
    held = np.maximum(frequency if holding is None else frequency + holding, 1)
    return (
        indptr,
        items,
        at,
        (pairs % count).astype(np.int32),
        np.sqrt(np.log1p((count + others) / held)).astype(np.float32),
    )


def baskets(histories: Histories, *, carts: bool | None = None) -> CSR:
    """Distinct products bought in one order; without order ids, by one user on one day. Where a shop has few orders of
    two and more products (carts: said beforehand), what was put in the cart in one session counts too. Oldest first."""
    return owned_baskets(histories, carts=carts)[0]


def owned_baskets(histories: Histories, *, carts: bool | None = None) -> tuple[CSR, Int64]:
    """The same, and the user number of each basket."""
    chosen = histories.types == PURCHASE
    if carts_count(histories) if carts is None else carts:
        chosen = chosen | (histories.types == ADD_TO_CART)
    return _in_twos(*_grouped(histories, chosen))


def carts_count(histories: Histories) -> bool:
    """Whether a shop has too few orders of two and more products to do without what was only put in the cart."""
    return _in_twos(*_grouped(histories, histories.types == PURCHASE))[0].rows < MIN_ORDERS


def orders_of(histories: Histories) -> CSR:
    """All orders, those of one product too."""
    return _grouped(histories, histories.types == PURCHASE)[0]


def _grouped(histories: Histories, chosen: NDArray[np.bool_]) -> tuple[CSR, Int64]:
    """Distinct products of each (user, order or day), in the order of the first time of each group; the user of each.
    What a user puts together again on one day, exactly the same, says nothing new.
    """
    owners, items, times = histories.owners[chosen], histories.items[chosen], histories.times_ms[chosen]
    key = np.where(histories.groups[chosen] == NO_GROUP, times // DAY_MS, histories.groups[chosen])
    order = np.lexsort((times, items, key, owners))
    owners, items, times, key = owners[order], items[order], times[order], key[order]
    first = _changes(owners, key, items.astype(np.int64))
    owners, items, times, key = owners[first], items[first], times[first], key[first]
    starts = np.flatnonzero(_changes(owners, key))
    lengths = np.diff(np.append(starts, len(items)))
    began = np.minimum.reduceat(times, starts) if len(starts) else times
    by_time = np.lexsort((starts, began))
    by_time = by_time[_once(owners[starts[by_time]], began[by_time] // DAY_MS, _digests(items, starts)[by_time])]
    taken = _ranges(starts[by_time], lengths[by_time])
    found = items[taken]
    indptr = np.concatenate([[0], np.cumsum(lengths[by_time])]).astype(np.int64)
    return CSR(indptr, found, np.ones(len(found), np.float32)), owners[starts[by_time]]


def _once(*keys: Int64) -> NDArray[np.bool_]:
    """A mask: of the places where all keys are the same only the first."""
    order = np.lexsort(keys)
    first = np.zeros(len(order), bool)
    first[order[_changes(*(key[order] for key in keys))]] = True
    return first


def _digests(items: Int32, starts: Int64) -> Int64:
    """A number for each set of products, whatever their order: the sum of their scattered numbers."""
    scattered = items.astype(np.uint64) + np.uint64(1)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):  # splitmix64 (Steele et al. 2014)
        scattered = (scattered ^ (scattered >> np.uint64(shift))) * np.uint64(factor)
    sums = np.add.reduceat(scattered, starts) if len(starts) else scattered
    return sums.view(np.int64)


def _in_twos(found: CSR, owners: Int64) -> tuple[CSR, Int64]:
    """Only baskets of 2 to MAX_BASKET products, and whose they are."""
    sizes = np.diff(found.indptr)
    good = (sizes >= 2) & (sizes <= MAX_BASKET)
    items = found.indices[np.repeat(good, sizes)]
    indptr = np.concatenate([[0], np.cumsum(sizes[good])]).astype(np.int64)
    return CSR(indptr, items, np.ones(len(items), np.float32)), owners[good]
