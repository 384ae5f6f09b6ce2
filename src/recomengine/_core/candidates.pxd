"""Scratch of a request, what may be offered, and the sources' best; candidates.pyx fills it, ranking.pyx reads it."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t

from recomengine._core.encoder cimport DIM, NAMED
from recomengine._core.sources cimport Source


cdef enum:
    UNKNOWN = 0
    ELIGIBLE = 1
    BARRED = 2
    CHOSEN = 3
    DEPTH = 100
    N_FEATURES = 15
    TO_BE_NAMED = -2


cdef struct Filter:
    const uint8_t *available
    const int64_t *price
    const int32_t *category
    const uint8_t *category_mask
    const int64_t *path_at
    const int32_t *path
    int64_t size
    int64_t codes
    int64_t min_price
    int64_t max_price


cdef packed struct Sum:
    float total
    float best
    int32_t seed
    int32_t place


cdef packed struct Likeness:
    float sum
    int32_t seed


cdef class Workspace:
    cdef int64_t size, n_sessions, n_touched, n_candidates, n_paths, n_chosen
    cdef int n_sources
    cdef Sum[::1] sums
    cdef Likeness[::1] likeness
    cdef float[::1] scores, total
    cdef int32_t[::1] touched, ago, times_seen, times_bought, session_touched, path_count
    cdef int32_t[::1] candidates, chosen, chosen_at
    cdef uint8_t[::1] state, flags, path_at_hand
    cdef uint64_t[::1] keys
    cdef int32_t[:, ::1] seed_of
    cdef float[:, ::1] features
    cdef float[NAMED * DIM] moved
    cdef int32_t[NAMED] named
    cdef int64_t n_named

    cdef int _grow(self, int64_t size, int64_t n_sessions, int n_sources, int64_t limit) except -1
    cdef int _grow_paths(self, int64_t count) except -1


cdef inline bint eligible(uint8_t *state, const Filter *f, int64_t item) noexcept nogil:
    cdef bint good
    if state[item] == UNKNOWN:
        good = item < f.size and f.available[item]
        if good and f.category_mask != NULL:
            good = 0 <= f.category[item] < f.codes and f.category_mask[f.category[item]]
        if good and f.min_price >= 0:
            good = f.price[item] >= f.min_price
        if good and f.max_price >= 0:
            good = f.price[item] >= 0 and f.price[item] <= f.max_price
        state[item] = ELIGIBLE if good else BARRED
    return state[item] == ELIGIBLE


cdef void gather(Workspace w, int number, Source s, const Filter *f, const int32_t[::1] seeds,
                 const float[:, ::1] profiles, const int32_t[::1] own_items, const float[::1] own_weights)
