"""Events and catalog to a model's arrays: the whole of a build that is arithmetic, without SQL and files.

Every figure is relative to the tenant's newest event, so a history of years ago builds the same model as a live one.
"""

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.baskets import together_topk
from recomengine._core.csr import CSR, Float32, Int32
from recomengine._core.interactions import transpose, weighted_matrix
from recomengine._core.similarity import product_topk
from recomengine._core.strings import build_string_table
from recomengine._core.trending import decayed_counts, trending_scores
from recomengine.models.content import build_content, similar
from recomengine.models.histories import ADD_TO_CART, DAY_MS, KINDS, NO_GROUP, PURCHASE, Histories, newest_per_user, repeat_share, revisit_share

WEIGHT_OF_KIND = {"impression": 0.0, "click": 1.0, "view": 1.0, "add_to_cart": 3.0, "remove_from_cart": 0.0, "wishlist": 3.0, "purchase": 5.0}
KIND_WEIGHTS = np.array([WEIGHT_OF_KIND[kind] for kind in KINDS], np.float32)
INTEREST_HALF_LIFE_MS = 90 * DAY_MS
HISTORY_LENGTH = 200
ITEMS_PER_USER = 200
NEIGHBOURS = 100
CONTENT_NEIGHBOURS = 50
MAX_BASKET = 200
MIN_ORDERS = 1000
POPULAR_HALF_LIFE_MS = 30 * DAY_MS
TREND_SHORT_MS, TREND_LONG_MS = 2.0 * DAY_MS, 14.0 * DAY_MS
TREND_PRIOR = 1.0
MAX_TRENDING = 1000

Arrays = dict[str, NDArray[Any]]


class Built(NamedTuple):
    arrays: Arrays
    stats: dict[str, Any]


def build_model(histories: Histories, products: Sequence[Mapping[str, Any]], n_items: int) -> Built:
    """All arrays of a model (named as the files are), and what the manifest says of them. n_items: product numbers in use."""
    arrays: Arrays = {}
    clock = {"start": time.perf_counter()}

    def done(part: str) -> None:
        clock[part] = time.perf_counter()

    _put_strings(arrays, "users", histories.users)
    _put_history(arrays, histories)
    interest = _interest(histories, n_items)
    _put_csr(arrays, "collaborative", collaborative(interest, n_items))
    done("collaborative")
    pairs, support = together_topk(baskets(histories, n_items), max(n_items, 1), NEIGHBOURS)
    _put_csr(arrays, "together", pairs)
    arrays["together.support"] = support
    done("frequently_bought_together")
    _put_content(arrays, products, n_items)
    done("content_based")
    _put_rankings(arrays, histories, n_items)
    done("trending")
    steps = list(clock.items())
    seconds = {name: round(end - before, 3) for (_, before), (name, end) in itertools.pairwise(steps)}
    return Built(arrays, _stats(arrays, histories, len(products), n_items, seconds))


def _stats(arrays: Arrays, histories: Histories, products: int, n_items: int, seconds: dict[str, float]) -> dict[str, Any]:
    return {
        "events": len(histories.items), "users": len(histories.users), "items": products, "numbers": n_items,
        "newestMs": histories.newest_ms, "repeatShare": round(repeat_share(histories), 4),
        "revisitShare": round(revisit_share(histories), 4),
        "strategies": {
            "collaborative": {"pairs": len(arrays["collaborative.indices"]), "seconds": seconds["collaborative"]},
            "frequently_bought_together": {"pairs": len(arrays["together.indices"]), "seconds": seconds["frequently_bought_together"]},
            "content_based": {"pairs": len(arrays["content.indices"]), "seconds": seconds["content_based"]},
            "trending": {"products": len(arrays["trending.items"]), "seconds": seconds["trending"]},
        },
    }  # fmt: skip


def _interest(histories: Histories, n_items: int) -> CSR:
    return weighted_matrix(
        histories.indptr, histories.items, histories.kinds, histories.times_ms, n_items, weight_by_kind=KIND_WEIGHTS,
        now_ms=histories.newest_ms, half_life_ms=INTEREST_HALF_LIFE_MS, cap=ITEMS_PER_USER,
    )  # fmt: skip


def collaborative(interest: CSR, n_items: int) -> CSR:
    """Item-to-item cosine of damped weights, where a shopper of many products says less of each pair."""
    if not len(interest.data):
        return CSR(np.zeros(n_items + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    damped = CSR(interest.indptr, interest.indices, np.log1p(interest.data))
    items = transpose(damped, n_items)
    norms = np.sqrt(np.bincount(damped.indices, damped.data.astype(np.float64) ** 2, minlength=n_items)).astype(np.float32)
    norms[norms == 0] = 1.0
    length = np.maximum(np.diff(damped.indptr), 1).astype(np.float32)
    shared = CSR(damped.indptr, damped.indices, damped.data / np.repeat(np.sqrt(length), np.diff(damped.indptr)))
    return product_topk(items, shared, n_items, NEIGHBOURS, row_norm=norms, col_norm=norms, skip_diagonal=True)


def baskets(histories: Histories, n_items: int) -> CSR:
    """Distinct products bought in one order; without order ids, by one user on one day. Where a shop has few orders of
    two and more products, what was put in the cart in one session counts too."""
    orders = _grouped(histories, histories.kinds == PURCHASE, n_items)
    if orders.rows >= MIN_ORDERS:
        return orders
    return _grouped(histories, (histories.kinds == PURCHASE) | (histories.kinds == ADD_TO_CART), n_items)


def _grouped(histories: Histories, chosen: NDArray[np.bool_], n_items: int) -> CSR:
    owners, items, groups = histories.owners[chosen], histories.items[chosen], histories.groups[chosen]
    day = histories.times_ms[chosen] // DAY_MS
    key = np.where(groups == NO_GROUP, day, groups)
    rows = np.unique(np.stack([owners, key, items.astype(np.int64)], axis=1), axis=0)
    if not len(rows):
        return CSR(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    starts = np.flatnonzero(np.r_[True, (rows[1:, :2] != rows[:-1, :2]).any(axis=1)])
    sizes = np.diff(np.r_[starts, len(rows)])
    kept = np.repeat((sizes >= 2) & (sizes <= MAX_BASKET), sizes)
    indptr = np.r_[0, np.cumsum(sizes[(sizes >= 2) & (sizes <= MAX_BASKET)])].astype(np.int64)
    found = rows[kept, 2].astype(np.int32)
    return CSR(indptr, found, np.ones(len(found), np.float32))


def _put_history(arrays: Arrays, histories: Histories) -> None:
    indptr, kept = newest_per_user(histories, HISTORY_LENGTH)
    arrays["history.indptr"] = indptr
    arrays["history.items"], arrays["history.kinds"] = histories.items[kept], histories.kinds[kept]
    arrays["history.times"], arrays["history.groups"] = histories.times_ms[kept], histories.groups[kept]


def _put_content(arrays: Arrays, products: Sequence[Mapping[str, Any]], n_items: int) -> None:
    content = build_content(products, n_items)
    _put_strings(arrays, "terms", content.terms)
    arrays["terms.idf"] = content.idf
    _put_csr(arrays, "vectors", content.vectors)
    vectors, terms = content.vectors, len(content.terms)
    _put_csr(arrays, "content", similar(vectors, vectors, terms, CONTENT_NEIGHBOURS, same=True) if terms else _empty(n_items))


def _put_rankings(arrays: Arrays, histories: Histories, n_items: int) -> None:
    weights = KIND_WEIGHTS[histories.kinds]

    def counts(half_life_ms: float) -> NDArray[np.float64]:
        return decayed_counts(histories.items, histories.times_ms, weights, n_items, now_ms=histories.newest_ms, half_life_ms=half_life_ms)

    popular = counts(POPULAR_HALF_LIFE_MS).astype(np.float32)
    arrays["popular.items"] = _descending(popular)
    score = trending_scores(counts(TREND_SHORT_MS), counts(TREND_LONG_MS), short_ms=TREND_SHORT_MS, long_ms=TREND_LONG_MS, prior=TREND_PRIOR)
    rising = _descending(score)[:MAX_TRENDING]
    arrays["trending.items"], arrays["trending.scores"] = rising, score[rising]


def _descending(score: Float32) -> Int32:
    """Items with a positive score, highest first, ties by number."""
    order = np.lexsort((np.arange(len(score)), -score))
    return order[: int((score > 0).sum())].astype(np.int32)


def _empty(rows: int) -> CSR:
    return CSR(np.zeros(rows + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))


def _put_csr(arrays: Arrays, name: str, matrix: CSR) -> None:
    arrays[f"{name}.indptr"], arrays[f"{name}.indices"], arrays[f"{name}.data"] = matrix


def _put_strings(arrays: Arrays, name: str, strings: Sequence[str]) -> None:
    offsets, data, slots = build_string_table(strings)
    arrays[f"{name}.offsets"], arrays[f"{name}.data"], arrays[f"{name}.slots"] = offsets, data, slots

