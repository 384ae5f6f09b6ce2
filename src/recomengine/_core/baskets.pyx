"""Bought together: pairs that occur in baskets more often than chance, ranked by damped confidence.

score(i → j) = Σ_{b ∋ i,j} |b|^-g / ((n_i + damping) · n_j^a)

A pair counts only with n_ij >= min_support, more often together than independent (n_ij · N > n_i · n_j), and
G² >= significance (Dunning 1993; 3.84 is p < 0.05, 10.83 p < 0.001). Tests decide who is in, never the rank: raw G² and
lift rank badly. Large baskets say little of a pair, hence |b|^-g; a > 0 holds back what is in every basket.

Cost: Σ_b |b|², O(items + k) scratch a thread. Ties go to the smaller index.
"""

import os

import numpy as np

from cython.parallel cimport parallel, prange, threadid
from libc.stdint cimport int32_t, int64_t, uint64_t

from recomengine._core.csr import CSR, checked
from recomengine._core.interactions import transpose

cdef extern from "sparse.h" nogil:
    int64_t reco_together_row(
        int64_t item, const int64_t *item_indptr, const int32_t *item_baskets, const int64_t *basket_indptr,
        const int32_t *basket_items, const float *basket_weight, const int64_t *popularity, const float *col_norm,
        int64_t n_baskets, int64_t min_support, double threshold, double damping, int64_t k, float *acc,
        int32_t *counts, int32_t *touched, uint64_t *keys, int64_t room, int32_t *out_indices, float *out_scores,
        int32_t *out_support)


def together_topk(baskets, int n_items, int k, *, int min_support=2, double significance=3.84, double size_exponent=0.7,
                  double popularity_exponent=0.1, double damping=5.0, int threads=0):
    baskets = checked(baskets, n_items, "baskets")
    if k < 1 or n_items < 1 or min_support < 1:
        raise ValueError(f"k, n_items, min_support: expected at least 1, got {k}, {n_items}, {min_support}.")
    if not all(0 <= value < np.inf for value in (significance, damping, size_exponent, popularity_exponent)):
        raise ValueError("significance, damping, size_exponent, popularity_exponent: expected finite values >= 0, got "
                         f"{significance}, {damping}, {size_exponent}, {popularity_exponent}.")
    if threads < 0:
        raise ValueError(f"threads: expected at least 0, got {threads}.")
    items = transpose(baskets, n_items)
    if _repeats(items):
        raise ValueError("baskets: expected each item once a row, got one twice. Make the items of a row distinct.")
    sizes = np.diff(baskets.indptr)
    weight = (np.maximum(sizes, 1).astype(np.float64) ** -size_exponent).astype(np.float32)
    popularity = np.diff(items.indptr)
    col_norm = (np.maximum(popularity, 1).astype(np.float64) ** popularity_exponent).astype(np.float32)
    k = min(k, n_items)
    kept = np.zeros(n_items, np.int64)
    indices, support = np.empty((n_items, k), np.int32), np.empty((n_items, k), np.int32)
    scores = np.empty((n_items, k), np.float32)
    _together(baskets, items, weight, popularity, col_norm, min_support, significance, damping, k,
              threads or os.cpu_count() or 1, kept, indices, scores, support)
    indptr = np.zeros(n_items + 1, np.int64)
    np.cumsum(kept, out=indptr[1:])
    chosen = np.arange(k) < kept[:, None]
    return CSR(indptr, indices[chosen], scores[chosen]), support[chosen]


def _repeats(items):
    """Whether a row of the transposed baskets, sorted, holds a basket twice."""
    entries = len(items.indices)
    starts = np.zeros(entries + 1, bool)
    starts[items.indptr] = True
    return bool(np.any((np.diff(items.indices) == 0) & ~starts[1:entries]))


cdef int _together(baskets, items, const float[::1] weight, const int64_t[::1] popularity, const float[::1] col_norm,
                   int64_t min_support, double threshold, double damping, int64_t k, int threads, int64_t[::1] kept,
                   int32_t[:, ::1] indices, float[:, ::1] scores, int32_t[:, ::1] support) except -1:
    cdef const int64_t[::1] bp = baskets.indptr, ip = items.indptr
    cdef const int32_t[::1] bi = baskets.indices, ii = items.indices
    cdef int64_t item, n_items = ip.shape[0] - 1, n_baskets = bp.shape[0] - 1
    cdef float[:, ::1] acc = np.zeros((threads, n_items), np.float32)
    cdef int32_t[:, ::1] counts = np.zeros((threads, n_items), np.int32)
    cdef int32_t[:, ::1] touched = np.empty((threads, n_items + 1), np.int32)
    cdef int64_t room = 4 * k + 128
    cdef uint64_t[:, ::1] keys = np.empty((threads, room), np.uint64)
    cdef int thread
    if bi.shape[0] == 0:
        return 0
    with nogil, parallel(num_threads=threads):
        thread = threadid()
        for item in prange(n_items, schedule="dynamic", chunksize=32):
            kept[item] = reco_together_row(
                item, &ip[0], &ii[0], &bp[0], &bi[0], &weight[0], &popularity[0], &col_norm[0], n_baskets, min_support,
                threshold, damping, k, &acc[thread, 0], &counts[thread, 0], &touched[thread, 0], &keys[thread, 0],
                room, &indices[item, 0], &scores[item, 0], &support[item, 0])
    return 0
