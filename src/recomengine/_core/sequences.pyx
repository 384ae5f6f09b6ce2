"""Sequential rules: what shoppers did next, counted over pairs within a window.

score(i, j) = ( Σ_{i at p, j at q > p} w(q - p) + back · Σ_{i at p, j at q < p} w(p - q) ) / col_norm[j]
w(d) = d^-exponent, d <= window

Pairs are of one sequence: a session, or a shopper's purchases. Window 1 without back: first-order transitions (Markov).
Kamehkhosh, Jannach & Ludewig 2017 (sequential rules, weight 1/distance). Cost: 2 · window steps an event, O(items + k)
scratch a thread; rows are independent, so the result does not depend on the number of threads. Ties go to the smaller
index.
"""

import os

import numpy as np

from cython.parallel cimport parallel, prange, threadid
from libc.stdint cimport int32_t, int64_t, uint64_t

from recomengine._core.csr import CSR, check_range, checked_indptr, compact, contiguous

cdef extern from "sequences.h" nogil:
    int64_t reco_following_row(
        int64_t item, const int64_t *at_indptr, const int32_t *positions, const int32_t *items,
        const int32_t *sequence, int64_t size, const float *by_distance, int64_t window, float back,
        const float *col_norm, int64_t k, float *acc, int32_t *touched, uint64_t *keys, int64_t room,
        int32_t *out_indices, float *out_scores)


def following_topk(indptr, items, int n_items, int k, *, int window=10, double exponent=1.0, float back=0.5,
                   col_norm=None, int threads=0):
    indptr = checked_indptr(indptr, "indptr")
    items = contiguous(items, np.int32, "items")
    if indptr[len(indptr) - 1] != len(items):
        raise ValueError(f"items: expected {indptr[len(indptr) - 1]} values, got {len(items)}.")
    if len(items) >= 2**31:
        raise ValueError(f"items: expected fewer than 2^31, got {len(items)}.")
    check_range(items, n_items, "items")
    if k < 1 or window < 1 or threads < 0 or not 0 <= back < np.inf or not 0 <= exponent < np.inf:
        raise ValueError(f"k, window, back, exponent, threads: expected k and window >= 1 and the others >= 0, got "
                         f"{k}, {window}, {back}, {exponent}, {threads}.")
    norm = np.ones(n_items, np.float32) if col_norm is None else contiguous(col_norm, np.float32, "col_norm")
    if len(norm) != n_items or (n_items and not (norm.min() > 0 and norm.max() < np.inf)):
        raise ValueError(f"col_norm: expected {n_items} finite values > 0.")
    k, window = max(1, min(k, n_items)), max(1, min(window, len(items)))
    sequence = np.repeat(np.arange(len(indptr) - 1, dtype=np.int32), np.diff(indptr))
    order = np.argsort(items, kind="stable").astype(np.int32)
    at = np.zeros(n_items + 1, np.int64)
    np.cumsum(np.bincount(items, minlength=n_items), out=at[1:])
    by_distance = np.concatenate([[0.0], np.arange(1, window + 1, dtype=np.float64) ** -exponent]).astype(np.float32)
    counts = np.zeros(n_items, np.int64)
    out_indices, out_scores = np.empty((n_items, k), np.int32), np.empty((n_items, k), np.float32)
    _following(at, order, items, sequence, by_distance, back, norm, k, threads or os.cpu_count() or 1, counts,
               out_indices, out_scores)
    return compact(counts, out_indices, out_scores)


cdef int _following(const int64_t[::1] at, const int32_t[::1] positions, const int32_t[::1] items,
                    const int32_t[::1] sequence, const float[::1] by_distance, float back, const float[::1] col_norm,
                    int64_t k, int threads, int64_t[::1] counts, int32_t[:, ::1] out_indices,
                    float[:, ::1] out_scores) except -1:
    cdef int64_t item, n_items = at.shape[0] - 1, size = items.shape[0], window = by_distance.shape[0] - 1
    cdef int64_t room = 4 * k + 128
    cdef float[:, ::1] acc = np.zeros((threads, n_items + 1), np.float32)
    cdef int32_t[:, ::1] touched = np.empty((threads, n_items + 1), np.int32)
    cdef uint64_t[:, ::1] keys = np.empty((threads, room), np.uint64)
    cdef int thread
    if size == 0:
        return 0
    with nogil, parallel(num_threads=threads):
        thread = threadid()
        for item in prange(n_items, schedule="dynamic", chunksize=32):
            counts[item] = reco_following_row(
                item, &at[0], &positions[0], &items[0], &sequence[0], size, &by_distance[0], window, back,
                &col_norm[0], k, &acc[thread, 0], &touched[thread, 0], &keys[thread, 0], room, &out_indices[item, 0],
                &out_scores[item, 0])
    return 0
