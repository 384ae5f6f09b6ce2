"""Spreads a ranked list: near-duplicates and products of one category move apart.

Greedy maximal marginal relevance (Carbonell & Goldstein 1998) over K candidates. The next product is the one of the
highest     (1 - strength) · relevance_i  -  strength · ( max_{j chosen} alike(j, i) + share_i ) / 2
alike(j, i): what the tables of neighbours say of i in the row of j, at most 1; share_i: of the products chosen, those
of i's category. Ties go to the earlier candidate. Cost: limit · (K + neighbours of a product).
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

from recomengine._core.csr import check_finite, contiguous
from recomengine._core.sources cimport Neighbours


cdef inline int64_t _slot(const int32_t[::1] slots, const int32_t[::1] items, int32_t item) noexcept nogil:
    """Where in the hash table `item` is, or would be put."""
    cdef int64_t last = slots.shape[0] - 1, slot = (<uint32_t> item * <uint32_t> 2654435761) & last
    while slots[slot] >= 0 and items[slots[slot]] != item:
        slot = (slot + 1) & last
    return slot


cdef void _note_alike(Neighbours table, int32_t chosen, const int32_t[::1] slots, const int32_t[::1] items,
                      float[::1] alike) noexcept nogil:
    cdef int64_t p
    cdef int32_t place
    if chosen < 0 or chosen >= table.rows:
        return
    for p in range(table.indptr[chosen], table.indptr[chosen + 1]):
        place = slots[_slot(slots, items, table.indices[p])]
        if place >= 0 and table.data[p] > alike[place]:
            alike[place] = min(<float> 1.0, table.data[p])


cdef void _note_category(const int32_t[::1] categories, int32_t chosen, float[::1] of_category) noexcept nogil:
    cdef int64_t c
    if chosen >= 0:
        for c in range(categories.shape[0]):
            of_category[c] += categories[c] == chosen


cdef int64_t _best(const float[::1] relevance, const float[::1] alike, const float[::1] of_category,
                   const uint8_t[::1] taken, float strength, int64_t chosen) noexcept nogil:
    cdef int64_t c, best = -1
    cdef float value, highest = 0.0, one = 1.0 / max(chosen, 1)
    for c in range(relevance.shape[0]):
        if taken[c]:
            continue
        value = (1 - strength) * relevance[c] - strength * (alike[c] + of_category[c] * one) / 2
        if best < 0 or value > highest:
            best, highest = c, value
    return best


def spread(items, relevance, categories, tables, int64_t limit, *, float strength):
    cdef const int32_t[::1] it = contiguous(items, np.int32, "items")
    cdef const int32_t[::1] ca = contiguous(categories, np.int32, "categories")
    cdef const float[::1] re = contiguous(relevance, np.float32, "relevance")
    cdef int64_t size = it.shape[0], count, c, best, room = 4
    cdef Neighbours table
    if re.shape[0] != size or ca.shape[0] != size:
        raise ValueError(f"relevance, categories: expected {size} values, one an item, got {re.shape[0]} and "
                         f"{ca.shape[0]}.")
    check_finite(relevance, "relevance")
    if limit < 1 or not 0 <= strength <= 1:
        raise ValueError(f"limit, strength: expected at least 1 and 0 to 1, got {limit} and {strength}.")
    for table in tables:
        if table is None:
            raise ValueError("tables: expected Neighbours, got NoneType.")
    while room < 4 * size:
        room *= 2
    cdef int32_t[::1] slots = np.full(room, -1, np.int32)
    cdef float[:, ::1] scratch = np.zeros((2, max(size, 1)), np.float32)
    cdef float[::1] alike = scratch[0, :size], of_category = scratch[1, :size]
    cdef uint8_t[::1] taken = np.zeros(size, np.uint8)
    limit = min(limit, size)
    found = np.empty(limit, np.int64)
    cdef int64_t[::1] out = found
    for c in range(size):
        slots[_slot(slots, it, it[c])] = <int32_t> c
    for count in range(limit):
        best = _best(re, alike, of_category, taken, strength, count)
        taken[best], out[count] = 1, best
        for table in tables:
            _note_alike(table, it[best], slots, it, alike)
        _note_category(ca, ca[best], of_category)
    return found
