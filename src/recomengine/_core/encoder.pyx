"""A learned encoder of what a shopper did: one vector of the seeds in their order, the newest first.

    u = Σ_k lags[k] ∘ v(seed_k)          k: place among the seeds that it knows, at most STEPS; ∘ by channel
    q = u + downᵀ max(0, upᵀ u + up_bias) + down_bias          score(j) = v(j) · q

The score is the logarithm of a chance, up to a constant of the request. What a seed moved of it is the score less the
one without that seed, which is found for the NAMED newest ones. models/encoder.py learns the arrays. Cost: 2 · DIM² for
the query and for each named seed, DIM a product that is scored; no allocation. A large catalog is not scored whole:
`near` has of each product the rows of those that score best after it alone.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t

from recomengine._core.csr import check_finite, check_range, contiguous

cdef extern from "encoder.h" nogil:
    void reco_feed_forward(const float *sum, const float *up, const float *up_bias, const float *down,
                           const float *down_bias, float *query)
    void reco_scores(const float *vectors, const int32_t *rows, const int32_t *items, int64_t size, const float *query,
                     float *scores)


cdef class Encoder:
    def __init__(self, items, vectors, lags, up, up_bias, down, down_bias, *, near, int64_t n_items):
        items = contiguous(items, np.int32, "items")
        check_range(items, n_items, "items")
        if np.any(items[1:] <= items[:-1]):
            raise ValueError("items: expected each product once, by number. Sort them.")
        self.items, self.size, self.n_items = items, len(items), n_items
        self.vectors, self.lags = _rectangle(vectors, self.size, "vectors"), _rectangle(lags, STEPS, "lags")
        self.up, self.down = _rectangle(up, DIM, "up"), _rectangle(down, DIM, "down")
        self.up_bias, self.down_bias = _row(up_bias, "up_bias"), _row(down_bias, "down_bias")
        if not isinstance(near, np.ndarray) or near.dtype != np.int32 or near.ndim != 2 or len(near) != self.size:
            found = f"{near.dtype} {near.shape}" if isinstance(near, np.ndarray) else type(near).__name__
            raise ValueError(f"near: expected an int32 array of {self.size} rows, got {found}.")
        check_range(near.ravel(), self.size, "near")
        self.near = np.ascontiguousarray(near)
        rows = np.full(n_items, -1, np.int32)
        rows[items] = np.arange(self.size, dtype=np.int32)
        self.rows = rows


def _rectangle(array, rows, name):
    if not isinstance(array, np.ndarray) or array.dtype != np.float32 or array.shape != (rows, DIM):
        found = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{name}: expected a float32 array of {rows} rows of {DIM}, got {found}.")
    check_finite(array, name)
    return np.ascontiguousarray(array)


def _row(array, name):
    array = contiguous(array, np.float32, name)
    if len(array) != DIM:
        raise ValueError(f"{name}: expected {DIM} values, got {len(array)}.")
    check_finite(array, name)
    return array


cdef void _feed_forward(Encoder e, const float *sum, float *query) noexcept nogil:
    reco_feed_forward(sum, &e.up[0, 0], &e.up_bias[0], &e.down[0, 0], &e.down_bias[0], query)


cdef int64_t encode(Encoder e, const int32_t[::1] seeds, float *query, int32_t *named, float *moved) noexcept nogil:
    """The query of the seeds; of the newest ones their numbers, and by how much each moves the query. How many are
    named: 0 where it knows no seed.
    """
    cdef float[64] total
    cdef float[64] part
    cdef int64_t k, c, n, known = 0
    cdef int32_t row
    for c in range(DIM):
        total[c] = 0.0
    for k in range(seeds.shape[0]):
        row = e.rows[seeds[k]] if 0 <= seeds[k] < e.n_items else -1
        if row < 0:
            continue
        for c in range(DIM):
            total[c] += e.lags[known, c] * e.vectors[row, c]
        if known < NAMED:
            named[known] = seeds[k]
        known += 1
        if known == STEPS:
            break
    _feed_forward(e, total, query)
    for n in range(min(known, NAMED)):
        row = e.rows[named[n]]
        for c in range(DIM):
            part[c] = total[c] - e.lags[n, c] * e.vectors[row, c]
        _feed_forward(e, part, &moved[n * DIM])
        for c in range(DIM):
            moved[n * DIM + c] = query[c] - moved[n * DIM + c]
    return min(known, NAMED)


cdef void score(Encoder e, const int32_t *items, int64_t size, const float *query, float *scores) noexcept nogil:
    """Of items that it knows."""
    if size:
        reco_scores(&e.vectors[0, 0], &e.rows[0], items, size, query, scores)


cdef int32_t strongest(Encoder e, int32_t item, const int32_t *named, const float *moved, int64_t count) noexcept nogil:
    """Of the named seeds the one that moved the score of an item most, the newer of two alike."""
    cdef float best = 0.0, by = 0.0
    cdef int64_t n, at = 0
    for n in range(count):
        reco_scores(&e.vectors[0, 0], &e.rows[0], &item, 1, &moved[n * DIM], &by)
        if n == 0 or by > best:
            best, at = by, n
    return named[at]
