"""The serving kernel: a shopper's history and the page at hand to a filtered, ranked list with its evidence.

score(j) = Σ_s scale_s · e_s(j) / max_{eligible j'} e_s(j'),    e_s(j) = Σ_{k ∈ seeds_s} weight_k · Σ_{tables T of s} T[k, j]

A source without tables says e_s(j) = Σ_{k: seed_k = j} weight_k: its seeds are the candidates themselves. Only
eligible products take part, in the maxima too, so a filter never shortens a list: what the sources do not fill comes
from `fallback` in its order, then from the rest of the catalog by number.

Cost: the entries of the seeds' rows plus the candidates; no allocation but the result. Ties go to the smaller number.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t

from recomengine._core.csr import checked, contiguous

cdef extern from "sparse.h" nogil:
    int64_t reco_offer(float *scores, int32_t *indices, int64_t size, int64_t k, float score, int32_t index)
    void reco_sort_heap(float *scores, int32_t *indices, int64_t size)

cdef enum:
    UNKNOWN = 0
    ELIGIBLE = 1
    BARRED = 2
    CHOSEN = 3

NO_SOURCE = -1


cdef class Neighbours:
    cdef const int64_t[::1] indptr
    cdef const int32_t[::1] indices
    cdef const float[::1] data
    cdef readonly int64_t rows, columns

    def __init__(self, matrix, int columns):
        matrix = checked(matrix, columns, "neighbours")
        self.indptr, self.indices, self.data = matrix.indptr, matrix.indices, matrix.data
        self.rows, self.columns = matrix.rows, columns

    def row(self, int64_t number):
        if number < 0 or number >= self.rows:
            return np.empty(0, np.int32), np.empty(0, np.float32)
        start, end = self.indptr[number], self.indptr[number + 1]
        return np.asarray(self.indices[start:end]), np.asarray(self.data[start:end])


cdef class Workspace:
    cdef int64_t size, n_touched, n_own
    cdef float[::1] total, own, own_best, strongest
    cdef int32_t[::1] touched, own_touched, own_seed, source, seed
    cdef uint8_t[::1] state
    cdef float[::1] top_scores
    cdef int32_t[::1] top_items

    def __init__(self):
        self.size = 0
        self._grow(1024)

    cdef int _grow(self, int64_t size) except -1:
        self.size = size
        self.total, self.own, self.own_best, self.strongest = (np.zeros(size, np.float32) for _ in range(4))
        self.touched, self.own_touched = np.zeros(size + 1, np.int32), np.zeros(size + 1, np.int32)
        self.own_seed, self.source, self.seed = (np.zeros(size, np.int32) for _ in range(3))
        self.state = np.zeros(size, np.uint8)
        self.top_scores, self.top_items = np.zeros(size, np.float32), np.zeros(size, np.int32)
        self.n_touched = 0
        return 0


cdef struct Filter:
    const uint8_t *available
    const int64_t *price
    const int32_t *category
    const uint8_t *category_mask
    int64_t size
    int64_t min_price
    int64_t max_price


cdef inline bint _eligible(uint8_t *state, const Filter *f, int64_t item) noexcept nogil:
    cdef bint good
    if state[item] == UNKNOWN:
        good = item < f.size and f.available[item]
        if good and f.category_mask != NULL:
            good = f.category[item] >= 0 and f.category_mask[f.category[item]]
        if good and f.min_price >= 0:
            good = f.price[item] >= f.min_price
        if good and f.max_price >= 0:
            good = f.price[item] >= 0 and f.price[item] <= f.max_price
        state[item] = ELIGIBLE if good else BARRED
    return state[item] == ELIGIBLE


cdef inline void _credit(Workspace w, const Filter *f, int32_t item, float value, int32_t seed) noexcept nogil:
    """Add `value` to what the current source says of `item`."""
    if not _eligible(&w.state[0], f, item):
        return
    if w.own[item] == 0.0:
        w.own_touched[w.n_own] = item
        w.n_own += 1
        w.own_best[item] = 0.0
    w.own[item] += value
    if value > w.own_best[item]:
        w.own_best[item] = value
        w.own_seed[item] = seed


cdef void _gather(Workspace w, const Filter *f, const int64_t[::1] indptr, const int32_t[::1] indices, const float[::1] data,
                  const int32_t[::1] seeds, const float[::1] weights) noexcept nogil:
    cdef int64_t k, p
    for k in range(seeds.shape[0]):
        if weights[k] <= 0.0 or seeds[k] < 0 or seeds[k] >= indptr.shape[0] - 1:
            continue
        for p in range(indptr[seeds[k]], indptr[seeds[k] + 1]):
            if data[p] > 0.0:
                _credit(w, f, indices[p], weights[k] * data[p], seeds[k])


cdef void _gather_seeds(Workspace w, const Filter *f, const int32_t[::1] seeds, const float[::1] weights) noexcept nogil:
    cdef int64_t k
    for k in range(seeds.shape[0]):
        if weights[k] > 0.0 and 0 <= seeds[k] < w.size:
            _credit(w, f, seeds[k], weights[k], seeds[k])


cdef void _blend(Workspace w, float scale, int32_t source) noexcept nogil:
    """Fold the current source into the totals, normalised by its own maximum."""
    cdef int64_t t
    cdef int32_t item
    cdef float highest = 0.0, part
    for t in range(w.n_own):
        highest = max(highest, w.own[w.own_touched[t]])
    for t in range(w.n_own):
        item = w.own_touched[t]
        part = scale * w.own[item] / highest
        w.own[item] = 0.0
        if part <= 0.0:
            continue
        if w.total[item] == 0.0:
            w.touched[w.n_touched] = item
            w.n_touched += 1
            w.strongest[item] = 0.0
        w.total[item] += part
        if part > w.strongest[item]:
            w.strongest[item] = part
            w.source[item] = source
            w.seed[item] = w.own_seed[item]
    w.n_own = 0


cdef int64_t _choose(Workspace w, const Filter *f, int64_t limit, const int32_t[::1] fallback) noexcept nogil:
    cdef int64_t t, chosen = 0
    cdef int32_t item
    for t in range(w.n_touched):
        item = w.touched[t]
        chosen = reco_offer(&w.top_scores[0], &w.top_items[0], chosen, limit, w.total[item], item)
    reco_sort_heap(&w.top_scores[0], &w.top_items[0], chosen)
    for t in range(chosen):
        w.state[w.top_items[t]] = CHOSEN
    for t in range(fallback.shape[0]):
        if chosen == limit:
            break
        if 0 <= fallback[t] < w.size and _eligible(&w.state[0], f, fallback[t]):
            w.state[fallback[t]] = CHOSEN
            w.top_items[chosen], w.top_scores[chosen] = fallback[t], 0.0
            chosen += 1
    if chosen < limit:
        for t in range(f.size):
            if chosen == limit:
                break
            if _eligible(&w.state[0], f, t):
                w.top_items[chosen], w.top_scores[chosen] = <int32_t> t, 0.0
                chosen += 1
    return chosen


def recommend(Workspace workspace, sources, int limit, *, available, price_cents, categories, fallback, excluded,
              category_mask=None, int64_t min_price_cents=-1, int64_t max_price_cents=-1):
    cdef const uint8_t[::1] av = contiguous(available, np.uint8, "available"), mask
    cdef const int64_t[::1] pr = contiguous(price_cents, np.int64, "price_cents")
    cdef const int32_t[::1] ca = contiguous(categories, np.int32, "categories"), fb = contiguous(fallback, np.int32, "fallback")
    cdef const int32_t[::1] ex = contiguous(excluded, np.int32, "excluded"), seeds
    cdef const float[::1] weights
    cdef Neighbours table
    cdef Filter f
    cdef int64_t chosen, t, n = av.shape[0], widest = av.shape[0]
    cdef int32_t code = 0
    cdef float scale
    if len(price_cents) != n or len(categories) != n:
        raise ValueError(f"price_cents, categories: expected {n} values each, got {len(price_cents)} and {len(categories)}.")
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}.")
    for tables, _, _, _ in sources:
        for neighbours in tables:
            widest = max(widest, (<Neighbours?> neighbours).columns)
    if widest > workspace.size:
        workspace._grow(widest + widest // 4)
    f.available, f.price, f.category = (&av[0] if n else NULL), (&pr[0] if n else NULL), (&ca[0] if n else NULL)
    f.category_mask, f.size, f.min_price, f.max_price = NULL, n, min_price_cents, max_price_cents
    if category_mask is not None:
        mask = contiguous(category_mask, np.uint8, "category_mask")
        if n and (len(category_mask) == 0 or np.max(categories) >= len(category_mask)):
            raise ValueError(f"category_mask: {len(category_mask)} values do not cover every category code.")
        f.category_mask = &mask[0] if n else NULL
    workspace.state[:] = UNKNOWN
    workspace.n_touched = workspace.n_own = 0
    for t in range(ex.shape[0]):
        if 0 <= ex[t] < workspace.size:
            workspace.state[ex[t]] = BARRED
    for tables, seed_array, weight_array, scale in sources:
        seeds, weights = contiguous(seed_array, np.int32, "seeds"), contiguous(weight_array, np.float32, "weights")
        if seeds.shape[0] != weights.shape[0]:
            raise ValueError(f"seeds, weights: expected equal lengths, got {len(seed_array)} and {len(weight_array)}.")
        if not tables:
            _gather_seeds(workspace, &f, seeds, weights)
        for table in tables:
            _gather(workspace, &f, table.indptr, table.indices, table.data, seeds, weights)
        _blend(workspace, scale, code)
        code += 1
    chosen = _choose(workspace, &f, min(limit, workspace.size), fb)
    return _result(workspace, chosen)


cdef _result(Workspace w, int64_t chosen):
    """(items, scores, sources, seeds), and the workspace clean for the next call."""
    items, scores = np.asarray(w.top_items[:chosen]).tolist(), np.asarray(w.top_scores[:chosen]).tolist()
    sources, seeds = [], []
    cdef int64_t t
    for t in range(chosen):
        known = w.total[w.top_items[t]] > 0.0
        sources.append(w.source[w.top_items[t]] if known else NO_SOURCE)
        seeds.append(w.seed[w.top_items[t]] if known else NO_SOURCE)
    for t in range(w.n_touched):
        w.total[w.touched[t]] = 0.0
    w.n_touched = 0
    return items, scores, sources, seeds
