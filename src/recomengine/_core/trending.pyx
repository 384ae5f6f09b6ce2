"""Popularity that forgets, and trending: what sells faster now than it usually does.

S_i = Σ w · 2^(-age / short),  L_i = Σ w · 2^(-age / long)        decayed counts with two memories
E_i = L_i · short / long                                          S_i of a product whose rate never changes
score_i = (S_i - E_i) / sqrt(E_i + prior)                         a Poisson-like z: velocity against its own baseline

Events after `now` count as of now. Cost: two exponentials an event, one pass.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t

from recomengine._core.csr import check_range, check_values, contiguous

cdef extern from "decay.h" nogil:
    void reco_decayed_counts(const int32_t *items, const int64_t *times, const float *weights, int64_t size, double now,
                             double half_life, double *total)
    void reco_trend(const double *fast, const double *slow, int64_t size, double short_ms, double long_ms, double prior,
                    float *score)


def decayed_counts(items, times, weights, int n_items, *, int64_t now_ms, double half_life_ms):
    cdef const int32_t[::1] it = contiguous(items, np.int32, "items")
    cdef const int64_t[::1] tm = contiguous(times, np.int64, "times")
    cdef const float[::1] wt = contiguous(weights, np.float32, "weights")
    if not (len(items) == len(times) == len(weights)):
        raise ValueError(f"items, times, weights: expected equal lengths, got {len(items)}, {len(times)}, "
                         f"{len(weights)}.")
    if not half_life_ms > 0:
        raise ValueError(f"half_life_ms: expected > 0, got {half_life_ms}.")
    check_range(items, n_items, "items")
    check_values(weights, "weights")
    out = np.zeros(n_items, np.float64)
    cdef double[::1] total = out
    with nogil:
        reco_decayed_counts(&it[0], &tm[0], &wt[0], it.shape[0], now_ms, half_life_ms, &total[0])
    return out


def trending_scores(short_counts, long_counts, *, double short_ms, double long_ms, double prior):
    cdef const double[::1] fast = contiguous(short_counts, np.float64, "short_counts")
    cdef const double[::1] slow = contiguous(long_counts, np.float64, "long_counts")
    if len(short_counts) != len(long_counts):
        raise ValueError(f"counts: expected equal lengths, got {len(short_counts)} and {len(long_counts)}.")
    check_values(short_counts, "short_counts")
    check_values(long_counts, "long_counts")
    if not (prior > 0 and 0 < short_ms <= long_ms):
        raise ValueError(f"prior, short_ms, long_ms: expected prior > 0 and 0 < short <= long, got {prior}, "
                         f"{short_ms}, {long_ms}.")
    out = np.zeros(len(short_counts), np.float32)
    cdef float[::1] score = out
    with nogil:
        reco_trend(&fast[0], &slow[0], fast.shape[0], short_ms, long_ms, prior, &score[0])
    return out
