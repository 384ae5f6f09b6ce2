"""The forms of evidence that serving reads: tables of neighbours, indexed sequences, rankings, what a request brings
itself, and a learned encoder.

They are checked when they are made, once a model, and never again: a number out of range would be a wrong address in
ranking.pyx.
"""

import numpy as np

from libc.stdint cimport int64_t

from recomengine._core.csr import check_finite, check_range, check_values, checked, checked_indptr, contiguous

cdef extern from "math.h" nogil:
    float powf(float base, float exponent)

MAX_SEQUENCES = 2**31 - 1


cdef class Neighbours:
    def __init__(self, matrix, int columns):
        matrix = checked(matrix, columns, "neighbours", signed=True)
        self.indptr, self.indices, self.data = matrix.indptr, matrix.indices, matrix.data
        self.rows, self.columns = matrix.rows, columns

    def row(self, int64_t number):
        if number < 0 or number >= self.rows:
            return np.empty(0, np.int32), np.empty(0, np.float32)
        start, end = self.indptr[number], self.indptr[number + 1]
        return np.asarray(self.indices[start:end]), np.asarray(self.data[start:end])


cdef class Sequences:
    def __init__(self, indptr, items, at, where, idf):
        indptr, at = checked_indptr(indptr, "indptr"), checked_indptr(at, "at")
        items, where = contiguous(items, np.int32, "items"), contiguous(where, np.int32, "where")
        idf = contiguous(idf, np.float32, "idf")
        size, n_items = len(indptr) - 1, len(at) - 1
        if size >= MAX_SEQUENCES:
            raise ValueError(f"indptr: expected fewer than {MAX_SEQUENCES} sequences, got {size}.")
        if indptr[size] != len(items) or at[n_items] != len(where) or len(idf) != n_items:
            raise ValueError(f"items, where, idf: expected {indptr[size]}, {at[n_items]} and {n_items} values, got "
                             f"{len(items)}, {len(where)} and {len(idf)}.")
        check_range(items, n_items, "items")
        check_range(where, size, "where")
        check_values(idf, "idf")
        if not _ascending(at, where):
            raise ValueError("where: expected the sequences of each item once, oldest first.")
        self.indptr, self.items, self.at, self.where, self.idf = indptr, items, at, where, idf
        self.size, self.n_items = size, n_items


def _ascending(indptr, values):
    """Whether the values of each row grow."""
    grows = np.ones(len(values) + 1, bool)
    grows[1:-1] = values[1:] > values[:-1]
    grows[indptr] = True
    return bool(grows.all())


cdef class Source:
    """One source of evidence, as `table`, `sessions`, `ranking`, `own` and `encoded` make it."""


def table(tables, int profile):
    cdef Source s = Source()
    s.form, s.tables, s.sequences, s.profile = TABLE, tuple(tables), (), _checked_profile(profile)
    for one in s.tables:
        if not isinstance(one, Neighbours):
            raise ValueError(f"tables: expected Neighbours, got {type(one).__name__}.")
    return s


def sessions(sequences, int profile, *, int sample=500, int neighbours=200, double decay=0.8, double length=0.5,
             double back=1.0):
    cdef Source s = Source()
    cdef int n
    s.form, s.sequences, s.profile, s.tables = SESSIONS, tuple(sequences), _checked_profile(profile), ()
    for one in s.sequences:
        if not isinstance(one, Sequences):
            raise ValueError(f"sequences: expected Sequences, got {type(one).__name__}.")
    if sample < 1 or neighbours < 1:
        raise ValueError(f"sample, neighbours: expected at least 1, got {sample} and {neighbours}.")
    if not (0 <= decay <= 1 and 0 <= length < np.inf and 0 <= back < np.inf):
        raise ValueError(f"decay, length, back: expected 0 to 1 and finite values >= 0, got {decay}, {length} and "
                         f"{back}.")
    s.sample, s.neighbours, s.length, s.back = sample, neighbours, length, back
    s.by_distance = (decay ** np.arange(DISTANCES)).astype(np.float32)
    s.by_length = np.ones(LENGTHS, np.float32)
    for n in range(1, LENGTHS):
        s.by_length[n] = powf(<float> n, -s.length)
    return s


def ranking(items, scores):
    cdef Source s = Source()
    items, scores = contiguous(items, np.int32, "items"), contiguous(scores, np.float32, "scores")
    if len(items) != len(scores):
        raise ValueError(f"items, scores: expected as many of each, got {len(items)} and {len(scores)}.")
    check_range(items, MAX_SEQUENCES, "items")
    check_finite(scores, "scores")
    if np.any(scores[1:] > scores[:-1]):
        raise ValueError("scores: expected the highest first. Sort them.")
    s.form, s.items, s.scores, s.tables, s.sequences = RANKING, items, scores, (), ()
    return s


def own():
    cdef Source s = Source()
    s.form, s.tables, s.sequences = OWN, (), ()
    return s


def encoded(Encoder encoder=None):
    cdef Source s = Source()
    s.form, s.encoder, s.tables, s.sequences = ENCODED, encoder, (), ()
    return s


def _checked_profile(profile):
    if profile < 0:
        raise ValueError(f"profile: expected at least 0, got {profile}.")
    return profile
