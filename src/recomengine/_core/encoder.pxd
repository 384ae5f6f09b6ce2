"""A learned encoder as serving reads it; encoder.pyx makes and checks it."""

from libc.stdint cimport int32_t, int64_t

cdef enum:
    DIM = 64
    STEPS = 50
    NAMED = 8


cdef class Encoder:
    cdef const int32_t[::1] items
    cdef int32_t[::1] rows
    cdef const float[:, ::1] vectors, lags, up, down
    cdef const int32_t[:, ::1] near
    cdef const float[::1] up_bias, down_bias
    cdef readonly int64_t size, n_items


cdef int64_t encode(Encoder e, const int32_t[::1] seeds, float *query, int32_t *named, float *moved) noexcept nogil

cdef void score(Encoder e, const int32_t *items, int64_t size, const float *query, float *scores) noexcept nogil

cdef int32_t strongest(Encoder e, int32_t item, const int32_t *named, const float *moved, int64_t count) noexcept nogil
