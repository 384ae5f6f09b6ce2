"""What the serving kernel reads of a source; sources.pyx makes and checks them."""

from libc.stdint cimport int32_t, int64_t

from recomengine._core.encoder cimport Encoder


cdef enum:
    TABLE = 0
    SESSIONS = 1
    RANKING = 2
    OWN = 3
    ENCODED = 4
    DISTANCES = 64
    LENGTHS = 256


cdef class Neighbours:
    cdef const int64_t[::1] indptr
    cdef const int32_t[::1] indices
    cdef const float[::1] data
    cdef readonly int64_t rows, columns


cdef class Sequences:
    cdef const int64_t[::1] indptr, at
    cdef const int32_t[::1] items, where
    cdef const float[::1] idf
    cdef readonly int64_t size, n_items


cdef class Source:
    cdef int form, profile
    cdef readonly tuple tables, sequences
    cdef const int32_t[::1] items
    cdef const float[::1] scores
    cdef int64_t sample, neighbours
    cdef float[::1] by_distance, by_length
    cdef float length, back
    cdef readonly Encoder encoder
