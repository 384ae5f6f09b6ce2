"""Top-K rows of a sparse product: the one kernel under item-to-item and content similarity.

score(i, j) = Σ_u left[i, u] · right[u, j] / (row_norm[i] · col_norm[j] + shrink)

With right = leftᵀ the choice of norms gives the classical measures: L2 norms cosine; |i|^2a and |j|^2(1-a) asymmetric
cosine (Aiolli 2013); row-stochastic factors with col_norm = degree^β RP3β (Paudel et al. 2017); BM25-weighted data,
BM25.

Cost: Σ_i Σ_{u ∈ i} |u| multiply-adds, O(columns + k) scratch a thread. Rows are independent, each is summed in the
order of its entries, and equal scores go to the smaller index: the result does not depend on the number of threads.
"""

import os

import numpy as np

from cython.parallel cimport parallel, prange, threadid
from libc.stdint cimport int32_t, int64_t, uint64_t

from recomengine._core.csr import checked, compact, contiguous

cdef extern from "sparse.h" nogil:
    int64_t reco_product_row(
        int64_t row, const int64_t *left_indptr, const int32_t *left_indices, const float *left_data,
        const int64_t *right_indptr, const int32_t *right_indices, const float *right_data,
        const float *row_norm, const float *col_norm, float shrink, int skip_diagonal, int64_t k,
        float *acc, int32_t *touched, uint64_t *keys, int64_t room, int32_t *out_indices, float *out_scores)


def product_topk(left, right, int columns, int k, *, row_norm, col_norm, float shrink=0.0, bint skip_diagonal=False,
                 int threads=0):
    left, right = checked(left, right.rows, "left"), checked(right, columns, "right")
    if k < 1 or columns < 1:
        raise ValueError(f"k and columns: expected at least 1, got {k} and {columns}.")
    row_norm, col_norm = contiguous(row_norm, np.float32, "row_norm"), contiguous(col_norm, np.float32, "col_norm")
    if len(row_norm) != left.rows or len(col_norm) != columns:
        raise ValueError(f"norms: expected {left.rows} and {columns} values, got {len(row_norm)} and {len(col_norm)}.")
    if not (0 <= shrink < np.inf and _positive(row_norm) and _positive(col_norm)):
        raise ValueError("norms and shrink: expected finite norms > 0 and finite shrink >= 0. Give empty rows the norm "
                         "1.")
    if threads < 0:
        raise ValueError(f"threads: expected at least 0, got {threads}.")
    k = min(k, columns)
    counts = np.zeros(left.rows, np.int64)
    out_indices, out_scores = np.empty((left.rows, k), np.int32), np.empty((left.rows, k), np.float32)
    _product(left, right, row_norm, col_norm, shrink, skip_diagonal, k, columns, threads or os.cpu_count() or 1,
             counts, out_indices, out_scores)
    return compact(counts, out_indices, out_scores)


def _positive(norms):
    return len(norms) == 0 or (norms.min() > 0 and norms.max() < np.inf)


cdef int _product(left, right, const float[::1] row_norm, const float[::1] col_norm, float shrink, bint skip_diagonal,
                  int64_t k, int64_t columns, int threads, int64_t[::1] counts, int32_t[:, ::1] out_indices,
                  float[:, ::1] out_scores) except -1:
    cdef const int64_t[::1] lp = left.indptr, rp = right.indptr
    cdef const int32_t[::1] li = left.indices, ri = right.indices
    cdef const float[::1] ld = left.data, rd = right.data
    cdef int64_t row, rows = lp.shape[0] - 1
    cdef float[:, ::1] acc = np.zeros((threads, columns), np.float32)
    cdef int32_t[:, ::1] touched = np.empty((threads, columns + 1), np.int32)
    cdef int64_t room = 4 * k + 128
    cdef uint64_t[:, ::1] keys = np.empty((threads, room), np.uint64)
    cdef int thread
    if rows == 0 or li.shape[0] == 0 or ri.shape[0] == 0:
        return 0
    with nogil, parallel(num_threads=threads):
        thread = threadid()
        for row in prange(rows, schedule="dynamic", chunksize=32):
            counts[row] = reco_product_row(
                row, &lp[0], &li[0], &ld[0], &rp[0], &ri[0], &rd[0], &row_norm[0], &col_norm[0], shrink, skip_diagonal,
                k, &acc[thread, 0], &touched[thread, 0], &keys[thread, 0], room, &out_indices[row, 0],
                &out_scores[row, 0])
    return 0
