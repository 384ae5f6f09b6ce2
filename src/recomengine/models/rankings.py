"""What is in demand: products in the order of counts that forget, and what is said of each product by itself. However
often one shopper comes back to a product, it counts as repeats.py says.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Float32, Int32
from recomengine._core.trending import decayed_counts, trending_scores
from recomengine.models.histories import DAY_MS
from recomengine.models.repeats import Counts

POPULAR_HALF_LIFE_MS = 30 * DAY_MS
TREND_SHORT_MS, TREND_LONG_MS = 2.0 * DAY_MS, 14.0 * DAY_MS
TREND_PRIOR = 1.0
RECENT_SHARE, FRESH_SHARE, NEW_SHARE = 0.03, 0.02, 0.05
"""Half-lives of the recency figures of a product, as shares of all events: they follow a shop's own pace."""


class Figures(NamedTuple):
    """of_items float32[items, 5]: popular, recent, fresh and new in 0 to 1, rising in -1 to 1. recent: decayed
    counts.
    """

    of_items: Float32
    recent: Float32


def popularity(counts: Counts, n_items: int) -> Float32:
    """By the clock, for what fills lists up."""
    return _decayed(counts, n_items, POPULAR_HALF_LIFE_MS).astype(np.float32)


def trend(counts: Counts, n_items: int) -> Float32:
    short, long = (_decayed(counts, n_items, half_life_ms) for half_life_ms in (TREND_SHORT_MS, TREND_LONG_MS))
    return trending_scores(short, long, short_ms=TREND_SHORT_MS, long_ms=TREND_LONG_MS, prior=TREND_PRIOR)


def _decayed(counts: Counts, n_items: int, half_life_ms: float) -> NDArray[np.float64]:
    weights = counts.weights * counts.shares
    return decayed_counts(
        counts.items, counts.times_ms, weights, n_items, now_ms=counts.newest_ms, half_life_ms=half_life_ms
    )


def figures_of(counts: Counts, n_items: int) -> Figures:
    """Time is told in events, not in hours."""
    items, times, shares = counts.items, counts.times_ms, counts.shares
    if not len(items):
        return Figures(np.zeros((n_items, 5), np.float32), np.zeros(n_items, np.float32))
    by_time = np.argsort(times)
    moments, ago = times[by_time], np.empty(len(times))
    ago[by_time] = 1.0 - np.searchsorted(moments, moments, side="right") / len(times)
    total = np.bincount(items, shares, minlength=n_items)
    recent = np.bincount(items, shares * 2.0 ** (-ago / RECENT_SHARE), minlength=n_items)
    last, first = np.ones(n_items), np.zeros(n_items)
    np.minimum.at(last, items, ago)
    np.maximum.at(first, items, ago)
    popular, lately = np.log1p(total) / np.log1p(total.max()), np.log1p(recent) / np.log1p(recent.max())
    there = total > 0
    columns = [
        popular,
        lately,
        lately - popular,
        there * 2.0 ** (-last / FRESH_SHARE),
        there * 2.0 ** (-first / NEW_SHARE),
    ]
    return Figures(np.stack(columns, axis=1).astype(np.float32), recent.astype(np.float32))


def descending(score: Float32) -> Int32:
    """Items with a positive score, highest first, ties by number."""
    order = np.lexsort((np.arange(len(score)), -score))
    return order[: int((score > 0).sum())].astype(np.int32)
