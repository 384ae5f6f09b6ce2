"""From a shopper's events to what the evidence starts from: distinct products, each weighing less with every occasion
after it.

weight_p(i) = decay_p ^ (occasions between the newest event and the newest one with i), own(i) likewise of purchases

Events of one moment, and lines of one order, are one occasion. Events whose type weighs nothing (shown, removed) do not
count. Cost: O(events + events · seeds kept); the two results are all that is allocated.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t

from recomengine._core.csr import contiguous

cdef extern from "math.h" nogil:
    double pow(double base, double exponent)


cdef inline bint _apart(int64_t p, int64_t q, const uint8_t[::1] types, const int64_t[::1] times,
                        const int64_t[::1] groups, int purchase) noexcept nogil:
    """Whether events p and q are of two occasions."""
    if times[p] == times[q]:
        return False
    return not (groups[p] == groups[q] and groups[p] != 0 and types[p] == purchase and types[q] == purchase)


def seeds(items, types, times, groups, *, weight_by_type, decays, int limit, int purchase):
    cdef const int32_t[::1] it = contiguous(items, np.int32, "items")
    cdef const uint8_t[::1] ty = contiguous(types, np.uint8, "types")
    cdef const int64_t[::1] tm = contiguous(times, np.int64, "times"), gr = contiguous(groups, np.int64, "groups")
    cdef const float[::1] by_type = contiguous(weight_by_type, np.float32, "weight_by_type")
    cdef const double[::1] dc = contiguous(decays, np.float64, "decays")
    _check(it.shape[0], ty, tm, gr, by_type.shape[0], limit)
    cdef int64_t p, k, kept = 0, age = 0, before = -1, room = max(1, min(limit, it.shape[0]))
    found_array, ages_array = np.empty(room, np.int32), np.empty(room, np.int64)
    cdef int32_t[::1] found = found_array
    cdef int64_t[::1] ages = ages_array
    with nogil:
        for p in range(it.shape[0]):
            if by_type[ty[p]] <= 0.0:
                continue
            if before >= 0 and _apart(before, p, ty, tm, gr, purchase):
                age += 1
            before = p
            for k in range(kept):
                if found[k] == it[p]:
                    break
            else:
                found[kept], ages[kept] = it[p], age
                kept += 1
                if kept == limit:
                    break
    profiles_array = np.ones((dc.shape[0], max(kept, 1)), np.float32)
    cdef float[:, ::1] profiles = profiles_array
    for p in range(dc.shape[0]):
        for k in range(kept):
            profiles[p, k] = <float> pow(dc[p], ages[k])
    return found_array[:kept], profiles_array


def purchases(items, types, times, groups, *, double decay, int purchase):
    cdef const int32_t[::1] it = contiguous(items, np.int32, "items")
    cdef const uint8_t[::1] ty = contiguous(types, np.uint8, "types")
    cdef const int64_t[::1] tm = contiguous(times, np.int64, "times"), gr = contiguous(groups, np.int64, "groups")
    _check(it.shape[0], ty, tm, gr, 256, 1)
    cdef int64_t p, kept = 0, before = -1
    cdef double weight = 1.0
    bought_array, weights_array = np.empty(it.shape[0], np.int32), np.empty(it.shape[0], np.float32)
    cdef int32_t[::1] bought = bought_array
    cdef float[::1] weights = weights_array
    with nogil:
        for p in range(it.shape[0]):
            if ty[p] != purchase:
                continue
            if before >= 0 and _apart(before, p, ty, tm, gr, purchase):
                weight *= decay
            before = p
            bought[kept], weights[kept] = it[p], <float> weight
            kept += 1
    return bought_array[:kept], weights_array[:kept]


def shares_of(items, shares, float otherwise):
    cdef const int32_t[::1] it = contiguous(items, np.int32, "items")
    cdef const float[::1] of = contiguous(shares, np.float32, "shares")
    cdef int64_t p
    found_array = np.empty(it.shape[0], np.float32)
    cdef float[::1] found = found_array
    for p in range(it.shape[0]):
        found[p] = of[it[p]] if 0 <= it[p] < of.shape[0] else otherwise
    return found_array


cdef int _check(int64_t events, const uint8_t[::1] types, const int64_t[::1] times, const int64_t[::1] groups,
                int64_t n_types, int limit) except -1:
    cdef int64_t p
    if not (types.shape[0] == times.shape[0] == groups.shape[0] == events):
        raise ValueError(f"types, times, groups: expected {events} values each, got {types.shape[0]}, "
                         f"{times.shape[0]}, {groups.shape[0]}.")
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}.")
    for p in range(events):
        if types[p] >= n_types:
            raise ValueError(f"types: expected 0 to {n_types - 1}, got {types[p]}.")
    return 0
