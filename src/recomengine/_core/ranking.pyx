"""The serving kernel: candidates of many sources (see candidates.pyx) to one ranked, filtered list, in one pass.

score(j) = Σ_f weight_f · feature_f(j) over the candidates j; features are two of each source and what the product, the
history and the page say of j (see FEATURES). The best `limit` go out, ties to the smaller number; what candidates do
not fill comes from `fallback`, then from the rest of the catalog by number, what was in the session last, so that a
filter never shortens a list.

Cost: of the candidates, then features · candidates; no allocation but the result.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

from recomengine._core.candidates cimport (
    BARRED, CHOSEN, N_FEATURES, TO_BE_NAMED, UNKNOWN, Filter, Workspace, eligible, gather
)
from recomengine._core.csr import check_finite, checked_indptr, contiguous
from recomengine._core.encoder cimport strongest
from recomengine._core.sources cimport Neighbours, Sequences, Source

cdef extern from "math.h" nogil:
    float log1pf(float x)
    bint isfinite(float x)

cdef extern from "sparse.h" nogil:
    uint64_t reco_signed_key(float score, int32_t index)
    int32_t reco_key_index(uint64_t key)
    void reco_select(uint64_t *keys, int64_t size, int64_t k)
    void reco_sort(uint64_t *keys, int64_t size)

NO_SOURCE = -1
NO_SCORE = float("-inf")

FEATURES = (
    "at_hand", "in_session", "seen", "seen_lately", "times_seen", "bought", "times_bought", "same_category",
    "category_share", "price_near", "popularity", "recent_popularity", "rising", "freshness", "newness",
)
cdef enum:
    AT_HAND = 0
    IN_SESSION = 1
    SEEN = 2
    SEEN_LATELY = 3
    TIMES_SEEN = 4
    BOUGHT = 5
    TIMES_BOUGHT = 6
    SAME_CATEGORY = 7
    CATEGORY_SHARE = 8
    PRICE_NEAR = 9
    OF_ITEM = 10
    N_ITEM_FEATURES = 5
    WAS_SEEN = 1
    WAS_IN_SESSION = 2
    WAS_BOUGHT = 4


cdef class Ranker:
    """The sources of a model and what it knows of each product; shared by all requests."""
    cdef readonly list sources
    cdef readonly int n_sources, n_profiles
    cdef readonly int64_t n_items, widest, n_sessions
    cdef const float[:, ::1] item_features

    def __init__(self, sources, item_features):
        cdef Source s
        cdef Neighbours t
        cdef Sequences q
        self.sources, self.item_features = _checked_sources(sources), _checked_item_features(item_features)
        self.n_sources, self.n_items, self.n_profiles = len(self.sources), len(item_features), 1
        self.widest, self.n_sessions = self.n_items, 1
        for s in self.sources:
            self.n_profiles = max(self.n_profiles, s.profile + 1)
            for q in s.sequences:
                self.n_sessions = max(self.n_sessions, q.size)
                self.widest = max(self.widest, q.n_items)
            for t in s.tables:
                self.widest = max(self.widest, t.columns)
            if s.encoder is not None:
                self.widest = max(self.widest, s.encoder.n_items)

    @property
    def width(self):
        """How many weights `rank` takes: two a source, and one for each of FEATURES."""
        return 2 * self.n_sources + N_FEATURES


cdef class Paths:
    """The paths of category codes; checked when it is made, and shared by all requests."""
    cdef readonly object indptr, numbers
    cdef readonly int64_t codes, count
    cdef const int64_t[::1] at
    cdef const int32_t[::1] flat

    def __init__(self, indptr, numbers):
        self.indptr, self.numbers = checked_indptr(indptr, "indptr"), contiguous(numbers, np.int32, "numbers")
        if self.indptr[-1] != len(self.numbers):
            raise ValueError(f"indptr: expected to end with {len(self.numbers)}, the count of numbers, got "
                             f"{self.indptr[-1]}.")
        if np.min(self.numbers, initial=0) < 0:
            raise ValueError(f"numbers: expected 0 and more, got {np.min(self.numbers)}.")
        self.at, self.flat = self.indptr, self.numbers
        self.codes, self.count = len(self.indptr) - 1, 1 + int(np.max(self.numbers, initial=-1))


def _checked_sources(sources):
    sources = list(sources)
    for source in sources:
        if not isinstance(source, Source) or source.tables is None:
            raise ValueError(f"sources: expected what table, sessions, ranking, own and encoded make, got "
                             f"{type(source).__name__}.")
    return sources


def _checked_item_features(features):
    _check_rectangle(features, "item_features")
    check_finite(features, "item_features")
    if features.shape[1] != N_ITEM_FEATURES:
        raise ValueError(f"item_features: expected {N_ITEM_FEATURES} columns, got {features.shape[1]}.")
    return np.ascontiguousarray(features)


def _checked_profiles(profiles, n_profiles, n_seeds):
    _check_rectangle(profiles, "profiles")
    _check_finite(profiles.reshape(-1), "profiles")
    if profiles.shape[0] < n_profiles or profiles.shape[1] != max(n_seeds, 1):
        raise ValueError(f"profiles: expected {n_profiles} rows of {max(n_seeds, 1)} weights, got {profiles.shape[0]} "
                         f"of {profiles.shape[1]}.")
    return np.ascontiguousarray(profiles)


def _check_rectangle(array, name):
    if not isinstance(array, np.ndarray) or array.dtype != np.float32 or array.ndim != 2:
        found = f"{array.dtype} with {array.ndim} dimensions" if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{name}: expected a float32 array with 2 dimensions, got {found}. Convert it with astype.")


def _checked_values(values, count, name):
    """Finite float32, `count` of them."""
    values = contiguous(values, np.float32, name)
    if len(values) != count:
        raise ValueError(f"{name}: expected {count}, got {len(values)}.")
    _check_finite(values, name)
    return values


cdef int _check_finite(const float[::1] values, name) except -1:
    """As check_finite, of few values and in a tenth of its time."""
    cdef int64_t i
    for i in range(values.shape[0]):
        if not isfinite(values[i]):
            check_finite(np.asarray(values), name)
    return 0


cdef void _remember(Workspace w, const int32_t[::1] items, const uint8_t[::1] types, int64_t session,
                    int purchase) noexcept nogil:
    """Per product of the history, newest first: flags, how often it was seen and bought, how many events ago it came
    last.
    """
    cdef int64_t h
    cdef int32_t item
    for h in range(items.shape[0]):
        item = items[h]
        if item < 0 or item >= w.size:
            continue
        if w.flags[item] == 0:
            w.ago[item] = <int32_t> h
        w.flags[item] |= WAS_SEEN | WAS_IN_SESSION if h < session else WAS_SEEN
        w.times_seen[item] += 1
        if types[h] == purchase:
            w.flags[item] |= WAS_BOUGHT
            w.times_bought[item] += 1


cdef void _forget(Workspace w, const int32_t[::1] items) noexcept nogil:
    cdef int64_t h
    for h in range(items.shape[0]):
        if 0 <= items[h] < w.size:
            w.flags[items[h]] = 0
            w.times_seen[items[h]] = w.times_bought[items[h]] = 0


cdef int64_t _count_paths(Workspace w, const Filter *f, const int32_t[::1] seeds) noexcept nogil:
    """How many seeds have a category; of each path how many are in it, and whether the first one is."""
    cdef int64_t k, p, counted = 0
    cdef int32_t code
    for k in range(seeds.shape[0]):
        code = f.category[seeds[k]] if 0 <= seeds[k] < f.size else -1
        if 0 <= code < f.codes:
            for p in range(f.path_at[code], f.path_at[code + 1]):
                w.path_count[f.path[p]] += 1
                w.path_at_hand[f.path[p]] |= k == 0
            counted += 1
    return counted


cdef void _forget_paths(Workspace w, const Filter *f, const int32_t[::1] seeds) noexcept nogil:
    cdef int64_t k, p
    cdef int32_t code
    for k in range(seeds.shape[0]):
        code = f.category[seeds[k]] if 0 <= seeds[k] < f.size else -1
        if 0 <= code < f.codes:
            for p in range(f.path_at[code], f.path_at[code + 1]):
                w.path_count[f.path[p]] = 0
                w.path_at_hand[f.path[p]] = 0


cdef inline void _compare_paths(Workspace w, const Filter *f, int32_t code, int64_t counted, float *x) noexcept nogil:
    """One path in common with the first seed will do; the share is that of the path which most seeds are in."""
    cdef int64_t p
    cdef int32_t most = 0
    cdef bint same = False
    for p in range(f.path_at[code], f.path_at[code + 1]):
        most = max(most, w.path_count[f.path[p]])
        same |= w.path_at_hand[f.path[p]]
    x[SAME_CATEGORY] = same
    x[CATEGORY_SHARE] = most / <float> counted


cdef void _describe(Workspace w, Ranker r, const Filter *f, const int32_t[::1] seeds) noexcept nogil:
    """The features beside the sources, for every candidate."""
    cdef int64_t c, i, counted = _count_paths(w, f, seeds), hand_price = -1
    cdef int32_t item, hand = seeds[0] if seeds.shape[0] else -1
    cdef float *x
    if 0 <= hand < f.size:
        hand_price = f.price[hand]
    for c in range(w.n_candidates):
        item = w.candidates[c]
        x = &w.features[c, 2 * r.n_sources]
        x[AT_HAND] = item == hand
        if w.flags[item]:
            x[IN_SESSION] = (w.flags[item] & WAS_IN_SESSION) != 0
            x[SEEN] = 1.0
            x[SEEN_LATELY] = 1.0 / (1.0 + w.ago[item])
            x[TIMES_SEEN] = log1pf(w.times_seen[item])
            x[BOUGHT] = (w.flags[item] & WAS_BOUGHT) != 0
            x[TIMES_BOUGHT] = log1pf(w.times_bought[item])
        if counted and 0 <= f.category[item] < f.codes:
            _compare_paths(w, f, f.category[item], counted, x)
        if hand_price > 0 and f.price[item] > 0:
            x[PRICE_NEAR] = <float> min(hand_price, f.price[item]) / <float> max(hand_price, f.price[item])
        if item < r.n_items:
            for i in range(N_ITEM_FEATURES):
                x[OF_ITEM + i] = r.item_features[item, i]
    _forget_paths(w, f, seeds)


cdef void _score(Workspace w, const float[::1] weights) noexcept nogil:
    cdef int64_t c, i
    cdef float total
    for c in range(w.n_candidates):
        total = 0.0
        for i in range(weights.shape[0]):
            total += weights[i] * w.features[c, i]
        w.total[c] = total


cdef int64_t _choose(Workspace w, const Filter *f, int64_t limit, const int32_t[::1] fallback) noexcept nogil:
    """Number of products chosen: their numbers in w.chosen, their places among the candidates in w.chosen_at (-1: from
    the fallback).
    """
    cdef int64_t c, t, n = w.n_candidates, chosen
    for c in range(n):
        w.keys[c] = reco_signed_key(w.total[c], w.candidates[c])
    chosen = min(n, limit)
    reco_select(&w.keys[0], n, chosen)
    reco_sort(&w.keys[0], chosen)
    for t in range(chosen):
        w.chosen[t] = reco_key_index(w.keys[t])
        w.chosen_at[t] = w.sums[w.chosen[t]].place - 1
        w.state[w.chosen[t]] = CHOSEN
    chosen = _fill(w, f, chosen, limit, fallback, WAS_IN_SESSION)
    return _fill(w, f, chosen, limit, fallback, 0)


cdef int64_t _fill(Workspace w, const Filter *f, int64_t chosen, int64_t limit, const int32_t[::1] fallback,
                   uint8_t without) noexcept nogil:
    """Append from `fallback`, then by number, what has none of the flags `without`."""
    cdef int64_t t
    for t in range(fallback.shape[0]):
        if chosen == limit:
            return chosen
        if 0 <= fallback[t] < w.size and not w.flags[fallback[t]] & without and eligible(&w.state[0], f, fallback[t]):
            chosen = _append(w, chosen, fallback[t])
    for t in range(f.size):
        if chosen == limit:
            return chosen
        if not w.flags[t] & without and eligible(&w.state[0], f, t):
            chosen = _append(w, chosen, <int32_t> t)
    return chosen


cdef inline int64_t _append(Workspace w, int64_t chosen, int32_t item) noexcept nogil:
    w.state[item] = CHOSEN
    w.chosen[chosen] = item
    w.chosen_at[chosen] = -1
    return chosen + 1


def rank(Workspace w not None, Ranker r not None, weights, int limit, *, seeds, profiles, own_items, own_weights,
         history_items, history_types, int64_t session, int purchase, available, price_cents, categories, fallback,
         excluded, Paths paths=None, category_mask=None, int64_t min_price_cents=-1, int64_t max_price_cents=-1):
    cdef const int32_t[::1] sd = contiguous(seeds, np.int32, "seeds"), oi = contiguous(own_items, np.int32, "own_items")
    cdef const float[:, ::1] pf = _checked_profiles(profiles, r.n_profiles, len(seeds))
    cdef const float[::1] ow = _checked_values(own_weights, len(own_items), "own_weights")
    cdef const float[::1] wt = None if weights is None else _checked_values(weights, r.width, "weights")
    cdef const int32_t[::1] hi = contiguous(history_items, np.int32, "history_items")
    cdef const int32_t[::1] fb = contiguous(fallback, np.int32, "fallback")
    cdef const uint8_t[::1] ht = contiguous(history_types, np.uint8, "history_types")
    cdef const uint8_t[::1] av = contiguous(available, np.uint8, "available"), mask = None
    cdef const int64_t[::1] pr = contiguous(price_cents, np.int64, "price_cents")
    cdef const int32_t[::1] ca = contiguous(categories, np.int32, "categories")
    cdef const int32_t[::1] ex = contiguous(excluded, np.int32, "excluded")
    cdef Paths of = _plain_paths(categories) if paths is None else paths
    cdef Filter f
    cdef int64_t n = av.shape[0], chosen
    if pr.shape[0] != n or ca.shape[0] != n or ht.shape[0] != hi.shape[0]:
        raise ValueError(f"price_cents, categories, history_types: expected {n}, {n} and {hi.shape[0]} values, got "
                         f"{pr.shape[0]}, {ca.shape[0]} and {ht.shape[0]}.")
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}.")
    if category_mask is not None:
        mask = contiguous(category_mask, np.uint8, "category_mask")
        if mask.shape[0] < max(of.codes, 1):
            raise ValueError(f"category_mask: expected at least {max(of.codes, 1)} values, one a category, got "
                             f"{mask.shape[0]}.")
    w._grow(max(n, r.widest), r.n_sessions, r.n_sources, min(limit, n))
    if w.n_paths < of.count:
        w._grow_paths(of.count)
    f.available, f.price, f.category = (&av[0] if n else NULL), (&pr[0] if n else NULL), (&ca[0] if n else NULL)
    f.category_mask = NULL if category_mask is None else &mask[0]
    f.path_at, f.path = &of.at[0], (&of.flat[0] if of.flat.shape[0] else NULL)
    f.size, f.codes, f.min_price, f.max_price = n, of.codes, min_price_cents, max_price_cents
    _start(w, ex)
    _find(w, r, &f, wt, True, sd, pf, oi, ow)
    if weights is not None and w.n_candidates < limit:
        _find(w, r, &f, wt, False, sd, pf, oi, ow)
    with nogil:
        _remember(w, hi, ht, session, purchase)
        _describe(w, r, &f, sd)
    if weights is None:
        _forget(w, hi)
        _clear_places(w)
        return np.asarray(w.candidates[:w.n_candidates]).copy(), np.asarray(w.features[:w.n_candidates]).copy()
    with nogil:
        _score(w, wt)
        chosen = _choose(w, &f, min(limit, n), fb)
        _forget(w, hi)
        _clear_places(w)
    return _result(w, r, wt, chosen)


cdef Paths _plain_paths(categories):
    """Each code is a path of its own."""
    cdef int64_t codes = 1 + int(np.max(categories, initial=-1))
    return Paths(np.arange(codes + 1, dtype=np.int64), np.arange(codes, dtype=np.int32))


cdef void _start(Workspace w, const int32_t[::1] excluded) noexcept:
    cdef int64_t k
    w.state[:] = UNKNOWN
    w.n_candidates = 0
    for k in range(excluded.shape[0]):
        if 0 <= excluded[k] < w.size:
            w.state[excluded[k]] = BARRED


cdef void _find(Workspace w, Ranker r, const Filter *f, const float[::1] weights, bint weighing,
                const int32_t[::1] seeds, const float[:, ::1] profiles, const int32_t[::1] own_items,
                const float[::1] own_weights):
    """The candidates of the sources that weigh something, or of those that do not; without weights all do."""
    cdef Source s
    cdef int number = 0
    for s in r.sources:
        if weighing == (weights is None or weights[2 * number] != 0.0 or weights[2 * number + 1] != 0.0):
            gather(w, number, s, f, seeds, profiles, own_items, own_weights)
        number += 1


cdef void _clear_places(Workspace w) noexcept nogil:
    cdef int64_t c
    for c in range(w.n_candidates):
        w.sums[w.candidates[c]].place = 0


cdef _result(Workspace w, Ranker r, const float[::1] weights, int64_t chosen):
    """(items, scores, sources, seeds): of each item the source that says most for it, and that source's strongest
    seed.
    """
    cdef int64_t t, at, s, best
    cdef float part, highest
    items, scores, sources, seeds = [], [], [], []
    for t in range(chosen):
        at, best, highest = w.chosen_at[t], NO_SOURCE, 0.0
        if at >= 0:
            for s in range(r.n_sources):
                part = weights[2 * s] * w.features[at, 2 * s] + weights[2 * s + 1] * w.features[at, 2 * s + 1]
                if part > highest:
                    best, highest = s, part
        items.append(w.chosen[t])
        scores.append(w.total[at] if at >= 0 else NO_SCORE)
        sources.append(best)
        seeds.append(_seed(w, r, at, best) if best >= 0 else NO_SOURCE)
    return items, scores, sources, seeds


cdef int32_t _seed(Workspace w, Ranker r, int64_t at, int64_t source):
    cdef Source s
    if w.seed_of[at, source] != TO_BE_NAMED:
        return w.seed_of[at, source]
    s = r.sources[source]
    return strongest(s.encoder, w.candidates[at], w.named, w.moved, w.n_named)
