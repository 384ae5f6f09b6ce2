"""The evidence of a model: tables, sequences and rankings built from histories and products, and the sources that serving reads.

Every array has a name and is a file of the model. A source that a shop has nothing for (no orders, too many products for
EASE, no words) is there with an empty table, so that weights mean the same in every model.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.baskets import together_topk
from recomengine._core.csr import CSR, Float32, Int32, Int64
from recomengine._core.interactions import transpose, weighted_matrix
from recomengine._core.ranking import Ranker
from recomengine._core.sequences import following_topk
from recomengine._core.similarity import product_topk
from recomengine._core.sources import Neighbours, Sequences, own, ranking, sessions, table
from recomengine._core.trending import decayed_counts, trending_scores
from recomengine.models.content import Content, similar
from recomengine.models.ease import ease
from recomengine.models.histories import ADD_TO_CART, DAY_MS, KIND_WEIGHTS, NO_GROUP, PURCHASE, Histories
from recomengine.models.shopper import FLAT, GENTLE, STEEP

NEIGHBOURS = 100
CONTENT_NEIGHBOURS = 50
ITEMS_PER_USER = 200
MAX_BASKET = 200
MIN_ORDERS = 1000
MIN_BASKETS = 200
MAX_EASE_ITEMS = 5000
MAX_RANKING = 1000
FOREVER_MS = 1000 * 365 * DAY_MS
POPULAR_HALF_LIFE_MS = 30 * DAY_MS
TREND_SHORT_MS, TREND_LONG_MS = 2.0 * DAY_MS, 14.0 * DAY_MS
TREND_PRIOR = 1.0
WALK_ALPHA, WALK_BETA = 0.6, 0.3
CONFIDENCE = {"size_exponent": 0.7, "popularity_exponent": 0.1}
AFFINITY = {"size_exponent": 1.0, "popularity_exponent": 0.5}
SESSION_NEIGHBOURS: dict[str, Any] = {"sample": 500, "neighbours": 200, "decay": 0.8, "length": 0.5, "back": 0.6}
BASKET_NEIGHBOURS: dict[str, Any] = {"sample": 500, "neighbours": 200, "decay": 1.0, "length": 0.5, "back": 1.0}
RECENT_SHARE, FRESH_SHARE, NEW_SHARE = 0.03, 0.02, 0.05
"""Half-lives of the recency figures of a product, as shares of all events: they follow a shop's own pace."""

Arrays = dict[str, NDArray[Any]]
Begin = Callable[[str], None]
"""Is told each part of a build when it begins."""


class SourceName(NamedTuple):
    """name: of the array files and in reports. kind: as evidence.kind names it."""

    name: str
    kind: str


SOURCES = (
    SourceName("sequence", "collaborative"), SourceName("transition", "collaborative"), SourceName("similar", "collaborative"),
    SourceName("walk", "collaborative"), SourceName("session_neighbours", "collaborative"), SourceName("ease_shoppers", "collaborative"),
    SourceName("together", "bought_together"), SourceName("confidence", "bought_together"), SourceName("affinity", "bought_together"),
    SourceName("basket_neighbours", "bought_together"), SourceName("ease_orders", "bought_together"), SourceName("content", "similar"),
    SourceName("trending", "trending"), SourceName("popular", "popular"), SourceName("own", "buy_again"),
)  # fmt: skip
KIND_OF_STRATEGY = {
    "collaborative": "collaborative", "content_based": "similar", "trending": "trending", "frequently_bought_together": "bought_together",
}  # fmt: skip
"""The kind of evidence that a named strategy is about."""
PLACE = {source.name: place for place, source in enumerate(SOURCES)}
PROFILES = {
    "sequence": STEEP, "transition": STEEP, "similar": STEEP, "walk": STEEP, "ease_shoppers": GENTLE, "together": FLAT,
    "confidence": FLAT, "affinity": FLAT, "ease_orders": FLAT, "content": GENTLE,
}  # fmt: skip
INDEXES, RANKINGS = ("sessions", "baskets"), ("trending", "popular")
INDEX_PARTS = ("indptr", "items", "at", "where", "idf")


def ignore(_part: str) -> None:
    """Where nobody asks how far a build is."""


def build_evidence(histories: Histories, content: CSR, n_items: int, begin: Begin = ignore) -> tuple[Arrays, dict[str, float]]:
    """(arrays, seconds of each part) for `n_items` product numbers; content: items × items, as `content_table` makes it."""
    arrays: Arrays = {}
    seconds: dict[str, float] = {}
    parts: dict[str, Callable[[], None]] = {
        "sequences": lambda: _put_sequences(arrays, histories, n_items),
        "collaborative": lambda: _put_collaborative(arrays, histories, n_items),
        "bought together": lambda: _put_baskets(arrays, histories, n_items),
        "rankings": lambda: _put_rankings(arrays, histories, n_items),
    }
    for name, put in parts.items():
        begin(name)
        started = time.perf_counter()
        put()
        seconds[name] = round(time.perf_counter() - started, 3)
    put_csr(arrays, "content", content)
    return arrays, seconds


def content_table(content: Content, n_items: int) -> CSR:
    terms = len(content.terms)
    return similar(content.vectors, content.vectors, terms, CONTENT_NEIGHBOURS, same=True) if terms else _empty(n_items)


class Evidence(NamedTuple):
    """Evidence that sources read: checked tables by source and sequences by the name of their index, and rankings, (items, scores)."""

    tables: Mapping[str, Neighbours]
    sequences: Mapping[str, Sequences]
    rankings: Mapping[str, tuple[Int32, Float32]]


def evidence_of(arrays: Mapping[str, NDArray[Any]], n_items: int) -> Evidence:
    """A model's own evidence; checking it reads all of it, so do it once a model."""
    return Evidence(
        {name: Neighbours(csr(arrays, name), n_items) for name in PROFILES}, {name: _sequences(arrays, name) for name in INDEXES},
        {name: (arrays[f"{name}.items"], arrays[f"{name}.scores"]) for name in RANKINGS},
    )  # fmt: skip


def make_ranker(arrays: Mapping[str, NDArray[Any]], n_items: int) -> Ranker:
    """The sources of a model's arrays alone."""
    return ranker_of(arrays["item_features"], evidence_of(arrays, n_items))


def ranker_of(item_features: Float32, *evidence: Evidence) -> Ranker:
    """The sources, in the order of SOURCES, over the evidence of a model and what is folded into it; of rankings the last one counts."""
    sources = {name: table([one.tables[name] for one in evidence if name in one.tables], PROFILES[name]) for name in PROFILES}
    found = {name: [one.sequences[name] for one in evidence if name in one.sequences] for name in INDEXES}
    sources["session_neighbours"] = sessions(found["sessions"], STEEP, **SESSION_NEIGHBOURS)
    sources["basket_neighbours"] = sessions(found["baskets"], FLAT, **BASKET_NEIGHBOURS)
    for name in RANKINGS:
        sources[name] = ranking(*next(one.rankings[name] for one in reversed(evidence) if name in one.rankings))
    sources["own"] = own()
    return Ranker([sources[source.name] for source in SOURCES], item_features)


def _put_sequences(arrays: Arrays, histories: Histories, n_items: int) -> None:
    indptr, items = sequences_of(histories)
    put_csr(arrays, "sequence", following_topk(indptr, items, n_items, NEIGHBOURS))
    put_csr(arrays, "transition", following_topk(indptr, items, n_items, NEIGHBOURS, window=1, back=0.0))
    _put_index(arrays, "sessions", indptr, items, n_items)


def sequences_of(histories: Histories) -> tuple[Int64, Int32]:
    """(indptr, items): browsing sessions and shoppers' purchases as sequences of at least two, by the time of their last event.

    A session is what carries one session id; without ids, one shopper's day.
    """
    session = np.where(histories.groups == NO_GROUP, histories.times_ms // DAY_MS, histories.groups)
    key = np.where(histories.kinds == PURCHASE, np.iinfo(np.int64).min, session)
    counted = np.flatnonzero(KIND_WEIGHTS[histories.kinds] > 0)
    owners = histories.owners[counted]
    order = np.lexsort((key[counted], owners))  # stable: within a sequence the rows stay in their order
    rows = counted[order]
    starts = np.flatnonzero(_changes(owners[order], key[rows]))
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


def _put_index(arrays: Arrays, name: str, indptr: Int64, items: Int32, n_items: int) -> None:
    for part, array in zip(INDEX_PARTS, index_of(indptr, items, n_items), strict=True):
        arrays[f"{name}.{part}"] = array


def index_of(indptr: Int64, items: Int32, n_items: int, others: int = 0, holding: Int64 | None = None) -> tuple[NDArray[Any], ...]:
    """The arrays of `Sequences`: sequences, of each item the sequences that hold it, oldest first, and what an item says.

    others, holding: how many more sequences there are elsewhere, and how many of them hold each item.
    """
    count = max(1, len(indptr) - 1)
    pairs = np.sort(items * np.int64(count) + np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)))
    pairs = pairs[_changes(pairs)]  # np.unique hashes, which is slower by far
    frequency = np.bincount(pairs // count, minlength=n_items)
    at = np.concatenate([[0], np.cumsum(frequency)]).astype(np.int64)
    held = np.maximum(frequency if holding is None else frequency + holding, 1)
    return indptr, items, at, (pairs % count).astype(np.int32), np.sqrt(np.log1p((count + others) / held)).astype(np.float32)


def _put_collaborative(arrays: Arrays, histories: Histories, n_items: int) -> None:
    interest = weighted_matrix(
        histories.indptr, histories.items, histories.kinds, histories.times_ms, n_items, weight_by_kind=KIND_WEIGHTS,
        now_ms=histories.newest_ms, half_life_ms=FOREVER_MS, cap=ITEMS_PER_USER,
    )  # fmt: skip
    put_csr(arrays, "similar", cosine(interest, n_items))
    put_csr(arrays, "walk", random_walk(interest, n_items))
    put_csr(arrays, "ease_shoppers", ease(interest, n_items, max_items=MAX_EASE_ITEMS))


def cosine(interest: CSR, n_items: int) -> CSR:
    """Item-to-item cosine of damped weights, where a shopper of many products says less of each pair."""
    if not len(interest.data):
        return _empty(n_items)
    damped = CSR(interest.indptr, interest.indices, np.log1p(interest.data))
    norms = np.sqrt(np.bincount(damped.indices, damped.data.astype(np.float64) ** 2, minlength=n_items)).astype(np.float32)
    norms[norms == 0] = 1.0
    length = np.diff(damped.indptr)
    shared = CSR(damped.indptr, damped.indices, damped.data / np.sqrt(np.repeat(length, length)).astype(np.float32))
    return product_topk(transpose(damped, n_items), shared, n_items, NEIGHBOURS, row_norm=norms, col_norm=norms, skip_diagonal=True)


def random_walk(interest: CSR, n_items: int) -> CSR:
    """RP3β (Paudel et al. 2017): product to shopper to product by damped transition probabilities, popular ends damped."""
    if not len(interest.data):
        return _empty(n_items)
    shoppers = CSR(interest.indptr, interest.indices, np.ones_like(interest.data))
    items = transpose(shoppers, n_items)
    degree, length = np.diff(items.indptr), np.diff(shoppers.indptr)
    left = CSR(items.indptr, items.indices, (1.0 / np.repeat(degree, degree) ** WALK_ALPHA).astype(np.float32))
    right = CSR(shoppers.indptr, shoppers.indices, (1.0 / np.repeat(length, length) ** WALK_ALPHA).astype(np.float32))
    popularity = (np.maximum(degree, 1) ** WALK_BETA).astype(np.float32)
    return product_topk(left, right, n_items, NEIGHBOURS, row_norm=np.ones(n_items, np.float32), col_norm=popularity, skip_diagonal=True)


def _put_baskets(arrays: Arrays, histories: Histories, n_items: int) -> None:
    found = baskets(histories)
    pairs, support = together_topk(found, max(n_items, 1), NEIGHBOURS)
    put_csr(arrays, "together", pairs)
    arrays["together.support"] = support
    enough, holding = found.rows >= MIN_BASKETS, np.bincount(found.indices, minlength=n_items)
    put_csr(arrays, "confidence", damped_confidence(found, n_items, holding, **CONFIDENCE) if enough else _empty(n_items))
    put_csr(arrays, "affinity", damped_confidence(found, n_items, holding, **AFFINITY) if enough else _empty(n_items))
    orders = orders_of(histories) if enough else CSR(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
    put_csr(arrays, "ease_orders", ease(orders, n_items, max_items=MAX_EASE_ITEMS))
    _put_index(arrays, "baskets", found.indptr, found.indices, n_items)


def damped_confidence(found: CSR, n_items: int, holding: Int64, *, size_exponent: float, popularity_exponent: float) -> CSR:
    """Σ_{baskets with i and j} |basket|^-size / (n_i · n_j^popularity): confidence where large baskets and popular products say less.

    holding: n of each item, baskets that hold it, `found` or not.
    """
    items = transpose(found, n_items)
    size, popularity = np.diff(found.indptr), np.maximum(holding, 1).astype(np.float32)
    shared = CSR(found.indptr, found.indices, (1.0 / np.repeat(size, size) ** size_exponent).astype(np.float32))
    return product_topk(items, shared, n_items, NEIGHBOURS, row_norm=popularity, col_norm=popularity**popularity_exponent, skip_diagonal=True)


def baskets(histories: Histories, *, carts: bool | None = None) -> CSR:
    """Distinct products bought in one order; without order ids, by one user on one day. Where a shop has few orders of two and
    more products (carts: said beforehand), what was put in the cart in one session counts too. Oldest first."""
    if not (carts_count(histories) if carts is None else carts):
        return _in_twos(orders_of(histories))
    return _in_twos(_grouped(histories, (histories.kinds == PURCHASE) | (histories.kinds == ADD_TO_CART)))


def carts_count(histories: Histories) -> bool:
    """Whether a shop has too few orders of two and more products to do without what was only put in the cart."""
    return _in_twos(orders_of(histories)).rows < MIN_ORDERS


def orders_of(histories: Histories) -> CSR:
    """All orders, those of one product too."""
    return _grouped(histories, histories.kinds == PURCHASE)


def _grouped(histories: Histories, chosen: NDArray[np.bool_]) -> CSR:
    """Distinct products of each (user, order or day), in the order of the first time of each group."""
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
    taken = _ranges(starts[by_time], lengths[by_time])
    found = items[taken]
    indptr = np.concatenate([[0], np.cumsum(lengths[by_time])]).astype(np.int64)
    return CSR(indptr, found, np.ones(len(found), np.float32))


def _in_twos(found: CSR) -> CSR:
    """Only baskets of 2 to MAX_BASKET products."""
    sizes = np.diff(found.indptr)
    good = (sizes >= 2) & (sizes <= MAX_BASKET)
    items = found.indices[np.repeat(good, sizes)]
    return CSR(np.concatenate([[0], np.cumsum(sizes[good])]).astype(np.int64), items, np.ones(len(items), np.float32))


def _put_rankings(arrays: Arrays, histories: Histories, n_items: int) -> None:
    weights = KIND_WEIGHTS[histories.kinds]

    def counts(half_life_ms: float) -> NDArray[np.float64]:
        return decayed_counts(histories.items, histories.times_ms, weights, n_items, now_ms=histories.newest_ms, half_life_ms=half_life_ms)

    arrays["fallback.items"] = descending(counts(POPULAR_HALF_LIFE_MS).astype(np.float32))
    score = trending_scores(counts(TREND_SHORT_MS), counts(TREND_LONG_MS), short_ms=TREND_SHORT_MS, long_ms=TREND_LONG_MS, prior=TREND_PRIOR)
    _put_ranking(arrays, "trending", score)
    features, recent = _item_features(histories, weights > 0, n_items)
    arrays["item_features"] = features
    _put_ranking(arrays, "popular", recent)


def _put_ranking(arrays: Arrays, name: str, score: Float32) -> None:
    items = descending(score)[:MAX_RANKING]
    arrays[f"{name}.items"], arrays[f"{name}.scores"] = items, score[items]


def _item_features(histories: Histories, counted: NDArray[np.bool_], n_items: int) -> tuple[Float32, Float32]:
    """(popular, recent, rising, fresh, new of each product in 0 to 1, rising in -1 to 1; decayed counts). Time is told in events, not in hours."""
    items, times = histories.items[counted], histories.times_ms[counted]
    if not len(items):
        return np.zeros((n_items, 5), np.float32), np.zeros(n_items, np.float32)
    by_time = np.argsort(times)
    moments, ago = times[by_time], np.empty(len(times))
    ago[by_time] = 1.0 - np.searchsorted(moments, moments, side="right") / len(times)
    total = np.bincount(items, minlength=n_items).astype(np.float64)
    recent = np.bincount(items, 2.0 ** (-ago / RECENT_SHARE), minlength=n_items)
    last, first = np.ones(n_items), np.zeros(n_items)
    np.minimum.at(last, items, ago)
    np.maximum.at(first, items, ago)
    popular, lately = np.log1p(total) / np.log1p(total.max()), np.log1p(recent) / np.log1p(recent.max())
    there = total > 0
    columns = [popular, lately, lately - popular, there * 2.0 ** (-last / FRESH_SHARE), there * 2.0 ** (-first / NEW_SHARE)]
    return np.stack(columns, axis=1).astype(np.float32), recent.astype(np.float32)


def descending(score: Float32) -> Int32:
    """Items with a positive score, highest first, ties by number."""
    order = np.lexsort((np.arange(len(score)), -score))
    return order[: int((score > 0).sum())].astype(np.int32)


def _empty(rows: int) -> CSR:
    return CSR(np.zeros(rows + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))


def _sequences(arrays: Mapping[str, NDArray[Any]], name: str) -> Sequences:
    return Sequences(*(arrays[f"{name}.{part}"] for part in INDEX_PARTS))


def put_csr(arrays: Arrays, name: str, matrix: CSR) -> None:
    arrays[f"{name}.indptr"], arrays[f"{name}.indices"], arrays[f"{name}.data"] = matrix


def csr(arrays: Mapping[str, NDArray[Any]], name: str) -> CSR:
    return CSR(arrays[f"{name}.indptr"], arrays[f"{name}.indices"], arrays[f"{name}.data"])


def names_of_weights(features: Sequence[str]) -> list[str]:
    """What each weight of a blend weighs, in their order."""
    return [name for source in SOURCES for name in (source.name, f"{source.name} rank")] + list(features)
