"""What people buy once, as a tent, in a shop where they buy other things again, as coffee.

Of the pairs of a shopper and a product that was bought, the share bought on another day too, counted by product; where
little is known of a product, its categories say it, and of these the shop:
    shop = again / bought     c = (again_c + K shop) / (bought_c + K)     i = (again_i + K c) / (bought_i + K)
A product is durable where i < DURABLE_SHARE. Cost: a sort of the purchases.
"""

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Int32, Int64
from recomengine.models.histories import DAY_MS, PURCHASE, Histories

DURABLE_SHARE = 0.02
K = 10

Float64 = NDArray[np.float64]


def durable_items(histories: Histories, categories: Int32) -> Int32:
    """Numbers of the products that people buy once, ascending. categories: a code for each product, -1: none."""
    bought, again = _pairs(histories, len(categories))
    category = categories.astype(np.int64) + 1
    shop = np.asarray(again.sum() / max(bought.sum(), 1))
    of_category = _share(_sums(again, category), _sums(bought, category), shop)
    share = _share(again, bought, of_category[category])
    return np.flatnonzero(share < DURABLE_SHARE).astype(np.int32)


def _sums(figures: Float64, category: Int64) -> Float64:
    return np.bincount(category, figures).astype(np.float64)


def _share(again: Float64, bought: Float64, otherwise: Float64) -> Float64:
    share: Float64 = (again + K * otherwise) / (bought + K)
    return share


def _pairs(histories: Histories, n_items: int) -> tuple[Float64, Float64]:
    """By product, how many shoppers bought it, and how many of them on more than one day."""
    rows = np.flatnonzero(histories.types == PURCHASE)
    days: Int64 = np.unique(
        np.stack([histories.owners[rows], histories.items[rows], histories.times_ms[rows] // DAY_MS]), axis=1
    )
    pairs, times = np.unique(days[:2], axis=1, return_counts=True)
    once, again = np.bincount(pairs[1], minlength=n_items), np.bincount(pairs[1], times > 1, minlength=n_items)
    return once.astype(np.float64), again.astype(np.float64)
