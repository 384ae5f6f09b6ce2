"""Value, slope and curvature of a listwise softmax: what Newton's method asks for, in one pass over the candidates.

For each case c with candidates x_i and shares t_i (Σ_i t_i = 1):  p_i = e^{w·x_i} / Σ_k e^{w·x_k}
    loss = -Σ_c Σ_i t_i ln p_i        slope = Σ_c Σ_i (p_i - t_i) x_i
    curvature = Σ_c ( Σ_i p_i x_i x_iᵀ - m_c m_cᵀ ),  m_c = Σ_i p_i x_i

Cost: rows · width² / 2, in vectors of doubles; rows of a feature that is 0 four times running cost nothing. Cases are
cut into BLOCKS parts that are summed in their order, so the result does not depend on the number of threads.
"""

import os

import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport int64_t

from recomengine._core.csr import contiguous

cdef enum:
    BLOCKS = 16


cdef extern from "softmax.h" nogil:
    double reco_case(const float *x, const double *share, const double *w, int64_t rows, int64_t width,
                     double *chance, double *mean, double *slope, double *curve)


cdef void _block(const float *x, const int64_t *starts, const double *share, const double *w, int64_t width,
                 int64_t first, int64_t last, double *chance, double *mean, double *slope, double *curve,
                 double *loss) noexcept nogil:
    cdef int64_t c, start
    for c in range(first, last):
        start = starts[c]
        loss[0] += reco_case(x + start * width, share + start, w, starts[c + 1] - start, width, chance + start, mean,
                             slope, curve)


def softmax_state(features, starts, share, weights, *, int threads=0):
    cdef int64_t rows, width, cases, b
    if not isinstance(features, np.ndarray) or features.dtype != np.float32 or features.ndim != 2:
        raise ValueError("features: expected a float32 array of two dimensions. Convert it with astype.")
    cdef const float[:, ::1] x = np.ascontiguousarray(features)
    cdef const int64_t[::1] st = contiguous(starts, np.int64, "starts")
    cdef const double[::1] sh = contiguous(share, np.float64, "share"), w = contiguous(weights, np.float64, "weights")
    rows, width, cases = x.shape[0], x.shape[1], st.shape[0] - 1
    if (w.shape[0] != width or sh.shape[0] != rows or cases < 0 or st[0] != 0 or st[cases] != rows
            or np.any(np.diff(starts) < 1)):
        raise ValueError(f"starts, share, weights: expected cases of at least one row that cover {rows} rows, {rows} "
                         f"shares and {width} weights, "
                         f"got {len(starts)} starts, {sh.shape[0]} shares and {w.shape[0]} weights.")
    slopes, curves, losses = np.zeros((BLOCKS, width)), np.zeros((BLOCKS, width, width)), np.zeros(BLOCKS)
    cdef double[:, ::1] slope = slopes, mean = np.empty((BLOCKS, max(width, 1)))
    cdef double[:, :, ::1] curve = curves
    cdef double[::1] loss = losses, chance = np.empty(max(rows, 1))
    cdef int n_threads = threads or os.cpu_count() or 1
    if rows and width:
        for b in prange(BLOCKS, nogil=True, num_threads=n_threads, schedule="dynamic"):
            _block(&x[0, 0], &st[0], &sh[0], &w[0], width, cases * b // BLOCKS, cases * (b + 1) // BLOCKS, &chance[0],
                   &mean[b, 0], &slope[b, 0], &curve[b, 0, 0], &loss[b])
    full = curves.sum(axis=0)
    return float(losses.sum()), slopes.sum(axis=0), np.triu(full) + np.triu(full, 1).T
