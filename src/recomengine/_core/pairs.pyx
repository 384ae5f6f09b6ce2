"""How often two items occur in one sequence, and how much more often than by chance: evidence in figures.

both(i, j) = |S_i ∩ S_j|   lift(i, j) = both · N / (|S_i| · |S_j|)   S_i: the newest `newest` sequences with item i
                                                                        S_j: all with item j, of N sequences

Cost a pair: the shorter list is walked, and the place of each of its sequences in the longer one is found by steps that
double and halve: O(min · log(max / min)).
"""

from libc.stdint cimport int32_t, int64_t

from recomengine._core.sources cimport Sequences

cdef extern from "math.h" nogil:
    double rint(double x)


def pair_figures(Sequences sequences not None, ones, others, int64_t newest):
    cdef int64_t both, a, a_end, b, b_end
    cdef int32_t left, right
    if len(ones) != len(others):
        raise ValueError(f"others: expected {len(ones)}, one for each of ones, got {len(others)}.")
    if newest < 1:
        raise ValueError(f"newest: expected at least 1, got {newest}.")
    found = []
    for left, right in zip(ones, others):
        both, a, b, a_end, b_end = 0, 0, 0, 0, 0
        if 0 <= left < sequences.n_items and 0 <= right < sequences.n_items:
            a_end, b, b_end = sequences.at[left + 1], sequences.at[right], sequences.at[right + 1]
            a = max(sequences.at[left], a_end - newest)
            if a_end - a <= b_end - b:
                both = _common(sequences.where, a, a_end, b, b_end)
            else:
                both = _common(sequences.where, b, b_end, a, a_end)
        found.append((both, _lift(both, a_end - a, b_end - b, sequences.size)))
    return found


cdef double _lift(int64_t both, int64_t one, int64_t other, int64_t size) noexcept nogil:
    return rint(1000.0 * both * size / (<double> one * other)) / 1000.0 if both else 0.0


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
