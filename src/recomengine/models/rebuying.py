"""How likely people buy a product again: coffee often, a tent hardly ever.

Of the pairs of a shopper and a product that was bought, the share bought on another day too, counted by product; where
little is known of a product, its categories say it, and of these the shop:
    shop = again / bought     c = (again_c + K shop) / (bought_c + K)     i = (again_i + K c) / (bought_i + K)
What was bought is offered again from i >= LIKELY on, and as evidence of its own it weighs i. Cost: a sort of the
purchases.
"""

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Float32, Int32, Int64
from recomengine._core.history import shares_of
from recomengine.models.histories import DAY_MS, PURCHASE, Histories
from recomengine.models.shopper import Moment

LIKELY = 0.05
K = 10

Float64 = NDArray[np.float64]


def again_shares(histories: Histories, categories: Int32) -> Float32:
    """One a product, 0 to 1. categories: a code for each product, -1: none."""
    bought, again = _pairs(histories, len(categories))
    category = categories.astype(np.int64) + 1
    shop = np.asarray(again.sum() / max(bought.sum(), 1))
    of_category = _share(_sums(again, category), _sums(bought, category), shop)
    return _share(again, bought, of_category[category]).astype(np.float32)


def by_likelihood(now: Moment, shares: Float32, otherwise: float) -> Moment:
    """The same moment, the shopper's purchases weighing as likely as they are bought again; otherwise: of a product
    that `shares` does not know."""
    if not len(now.own_items):
        return now
    return now._replace(own_weights=now.own_weights * shares_of(now.own_items, shares, otherwise))


def _sums(figures: Float64, category: Int64) -> Float64:
    return np.bincount(category, figures).astype(np.float64)


def _share(again: Float64, bought: Float64, otherwise: Float64) -> Float64:
    share: Float64 = (again + K * otherwise) / (bought + K)
    return share


def _pairs(histories: Histories, n_items: int) -> tuple[Float64, Float64]:
    """By product, how many shoppers bought it, and how many of them on more than one day."""
    rows = np.flatnonzero(histories.types == PURCHASE)
    pair, days = histories.owners[rows] * n_items + histories.items[rows], histories.times_ms[rows] // DAY_MS
    order = np.lexsort((days, pair))
    pair, days = pair[order], days[order]
    first, new_day = np.ones(len(pair), bool), np.ones(len(pair), bool)
    first[1:] = pair[1:] != pair[:-1]
    new_day[1:] = first[1:] | (days[1:] != days[:-1])
    starts = np.flatnonzero(first)
    times = np.add.reduceat(new_day.astype(np.int64), starts) if len(starts) else starts
    items = pair[starts] % max(n_items, 1)
    once, again = np.bincount(items, minlength=n_items), np.bincount(items, times > 1, minlength=n_items)
    return once.astype(np.float64), again.astype(np.float64)
