"""A read-only table of strings that is memory-mapped: string → number without building a dict in every process.

Open addressing over FNV-1a, linear probing, at most half full: a look-up reads one slot and one string, mostly.
"""

import numpy as np

from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcmp

from recomengine._core.csr import contiguous


cdef inline uint64_t _hash(const uint8_t *text, int64_t length) noexcept nogil:
    cdef uint64_t h = 14695981039346656037ULL
    cdef int64_t i
    for i in range(length):
        h = (h ^ text[i]) * 1099511628211ULL
    return h ^ (h >> 29)


cdef class StringTable:
    cdef const int64_t[::1] offsets
    cdef const uint8_t[::1] data
    cdef const int32_t[::1] slots
    cdef uint64_t mask

    def __init__(self, offsets, data, slots):
        self.offsets = contiguous(offsets, np.int64, "offsets")
        self.data = contiguous(data, np.uint8, "data")
        self.slots = contiguous(slots, np.int32, "slots")
        if len(slots) & (len(slots) - 1) or len(slots) <= len(offsets) - 1:
            raise ValueError(f"slots: expected a power of two above {len(offsets) - 1}, got {len(slots)}.")
        if offsets[-1] > len(data):
            raise ValueError(f"offsets: end at {offsets[-1]}, beyond the {len(data)} bytes of data.")
        self.mask = len(slots) - 1

    def __len__(self):
        return self.offsets.shape[0] - 1

    def find(self, str text):
        cdef Py_ssize_t length
        cdef const uint8_t *key = <const uint8_t *> PyUnicode_AsUTF8AndSize(text, &length)
        cdef uint64_t slot = _hash(key, length) & self.mask
        cdef int32_t number
        cdef int64_t start
        while True:
            number = self.slots[slot]
            if number < 0:
                return -1
            start = self.offsets[number]
            if self.offsets[number + 1] - start == length and (
                    length == 0 or memcmp(&self.data[start], key, length) == 0):
                return number
            slot = (slot + 1) & self.mask


def build_string_table(strings):
    encoded = [text.encode() for text in strings]
    offsets = np.zeros(len(encoded) + 1, np.int64)
    np.cumsum([len(text) for text in encoded], out=offsets[1:])
    data = np.frombuffer(b"".join(encoded) or b"\0", np.uint8).copy()
    slots = np.full(1 << max(3, (2 * len(encoded)).bit_length()), -1, np.int32)
    _fill(offsets, data, slots)
    return offsets, data, slots


cdef int _fill(const int64_t[::1] offsets, const uint8_t[::1] data, int32_t[::1] slots) except -1:
    cdef uint64_t slot, mask = slots.shape[0] - 1
    cdef int64_t number, length
    for number in range(offsets.shape[0] - 1):
        length = offsets[number + 1] - offsets[number]
        slot = _hash(&data[offsets[number]] if length else NULL, length) & mask
        while slots[slot] >= 0:
            slot = (slot + 1) & mask
        slots[slot] = <int32_t> number
    return 0
