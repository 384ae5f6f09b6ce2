"""How often two items occur in one sequence, and how much more often than by chance: evidence in figures.

both(i, j) = |S_i ∩ S_j|   lift(i, j) = both · N / (|S_i| · |S_j|)   S_i: the newest `newest` sequences with item i
                                                                        S_j: all with item j, of N sequences

Cost a pair: the shorter list is walked, and the place of each of its sequences in the longer one is found by steps that
double and halve: O(min · log(max / min)). Nothing is allocated but the results.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t

from recomengine._core.csr import contiguous
from recomengine._core.sources cimport Sequences

cdef extern from "math.h" nogil:
    double rint(double x)


def pair_figures(Sequences sequences not None, ones, others, int64_t newest):
    cdef const int32_t[::1] left = contiguous(ones, np.int32, "ones"), right = contiguous(others, np.int32, "others")
    cdef int64_t pair, n_pairs = left.shape[0], a, a_end, b, b_end
    if right.shape[0] != n_pairs:
        raise ValueError(f"others: expected {n_pairs}, one for each of ones, got {right.shape[0]}.")
    if newest < 1:
        raise ValueError(f"newest: expected at least 1, got {newest}.")
    counted, lifts = np.zeros(n_pairs, np.int64), np.zeros(n_pairs, np.float64)
    cdef int64_t[::1] both = counted
    cdef double[::1] lift = lifts
    cdef double chance
    with nogil:
        for pair in range(n_pairs):
            if not (0 <= left[pair] < sequences.n_items and 0 <= right[pair] < sequences.n_items):
                continue
            a_end, b, b_end = sequences.at[left[pair] + 1], sequences.at[right[pair]], sequences.at[right[pair] + 1]
            a = max(sequences.at[left[pair]], a_end - newest)
            if a_end - a <= b_end - b:
                both[pair] = _common(sequences.where, a, a_end, b, b_end)
            else:
                both[pair] = _common(sequences.where, b, b_end, a, a_end)
            if both[pair]:
                chance = <double> (a_end - a) * (b_end - b)
                lift[pair] = rint(1000.0 * both[pair] * sequences.size / chance) / 1000.0
    return counted.tolist(), lifts.tolist()


cdef int64_t _common(const int32_t[::1] where, int64_t few, int64_t few_end, int64_t many,
                     int64_t many_end) noexcept nogil:
    """How many values of where[few:few_end] are in where[many:many_end]; both grow."""
    cdef int64_t step, low, high, middle, common = 0
    cdef int32_t wanted
    while few < few_end and many < many_end:
        wanted = where[few]
        # Most of what is sought lies near the last find, so the steps start small.
        step, low, high = 1, many, many
        while high < many_end and where[high] < wanted:
            low, high = high + 1, high + step
            step *= 2
        high = min(high, many_end)
        while low < high:
            middle = (low + high) // 2
            if where[middle] < wanted:
                low = middle + 1
            else:
                high = middle
        many = low
        common += many < many_end and where[many] == wanted
        few += 1
    return common
