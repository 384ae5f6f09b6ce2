"""One visitor does not lead: what a shopper does again and again with one product counts less each time.

On one day it counts once, with the event that weighs most; n days count as much as 1 + ln n shoppers, whenever they
were. So neither a page that is opened 3,000 times nor an account that orders the same every day makes a product
popular, while a shopper who comes back says more than one who does not. In a session the last REPEATS times count.

Cost: a sort of the events each.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Float32, Int32, Int64
from recomengine.models.histories import DAY_MS, TYPE_WEIGHTS, Histories, choose

REPEATS = 3


class Counts(NamedTuple):
    """Shoppers' days with products, in the order of shoppers and products: the last event of each, the weight of its
    heaviest, how much of a shopper it counts for, and whether it is the first one of the two. newest_ms: of all
    events."""

    items: Int32
    times_ms: Int64
    weights: Float32
    shares: Float32
    first: NDArray[np.bool_]
    newest_ms: int

    def shoppers(self, n_items: int) -> Int32:
        """How many had to do with each product."""
        return np.bincount(self.items[self.first], minlength=n_items).astype(np.int32)


def counts_of(histories: Histories) -> Counts:
    rows = np.flatnonzero(TYPE_WEIGHTS[histories.types] > 0)
    pair = _pairs(histories)[rows]
    order = np.argsort(pair, kind="stable")  # a shopper's events lie by time, so days follow each other in each pair
    rows, pair = rows[order], pair[order]
    if not len(rows):
        nothing = np.empty(0, np.float32)
        return Counts(
            histories.items[rows], histories.times_ms[rows], nothing, nothing, np.empty(0, bool), histories.newest_ms
        )
    starts = _starts(pair, histories.times_ms[rows] // DAY_MS)
    last = rows[np.append(starts[1:], len(rows)) - 1]
    heaviest = np.maximum.reduceat(TYPE_WEIGHTS[histories.types[rows]], starts)
    of_pairs = _starts(pair[starts])
    days = np.diff(np.append(of_pairs, len(starts)))
    first = np.zeros(len(starts), bool)
    first[of_pairs] = True
    shares = np.repeat((1.0 + np.log(days)) / days, days)
    return Counts(
        histories.items[last], histories.times_ms[last], heaviest, shares.astype(np.float32), first,
        histories.newest_ms,
    )  # fmt: skip


def once_a_day(histories: Histories) -> Histories:
    """Of what each shopper did with each product on one day, of each type the last."""
    key = _pairs(histories) * len(TYPE_WEIGHTS) + histories.types
    order = np.argsort(key, kind="stable")
    starts = _starts(key[order], histories.times_ms[order] // DAY_MS)
    kept = np.zeros(len(key), bool)
    kept[order[np.append(starts[1:], len(order)) - 1] if len(order) else order] = True
    return choose(histories, kept)


def newest_repeats(groups: Int64, items: Int32, limit: int = REPEATS) -> NDArray[np.bool_]:
    """A mask: of each item in each group the last `limit`."""
    order = np.lexsort((items, groups))
    starts = _starts(groups[order], items[order])
    ends = np.append(starts[1:], len(order))
    later = np.repeat(ends, ends - starts) - np.arange(len(order)) if len(order) else order
    kept = np.zeros(len(order), bool)
    kept[order[later <= limit]] = True
    return kept


def _pairs(histories: Histories) -> Int64:
    """A number for each shopper with each product."""
    pairs: Int64 = histories.owners * (int(histories.items.max(initial=0)) + 1) + histories.items
    return pairs


def _starts(*keys: NDArray[np.signedinteger]) -> Int64:
    """Where any of the keys differs from the one before, the first place included."""
    differs = np.ones(len(keys[0]), bool)
    differs[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return np.flatnonzero(differs)
