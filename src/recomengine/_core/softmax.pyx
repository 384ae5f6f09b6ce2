"""Value, slope and curvature of a listwise softmax: what Newton's method asks for, in one pass over the candidates.

For each case c with candidates x_i and shares t_i (Σ_i t_i = 1):  p_i = e^{w·x_i} / Σ_k e^{w·x_k}
    loss = -Σ_c Σ_i t_i ln p_i        slope = Σ_c Σ_i (p_i - t_i) x_i
    curvature = Σ_c ( Σ_i p_i x_i x_iᵀ - m_c m_cᵀ ),  m_c = Σ_i p_i x_i

Cost: rows · (features that are not 0)², which is far from width². Cases are cut into BLOCKS parts that are summed in
their order, so the result does not depend on the number of threads.
"""

import os

import numpy as np

from cython.parallel cimport prange
from libc.math cimport exp, log
from libc.stdint cimport int64_t

from recomengine._core.csr import contiguous

cdef enum:
    BLOCKS = 16


cdef double _case(const float[:, ::1] x, const double[::1] share, const double[::1] w, int64_t start, int64_t end,
                  double[::1] chance, double[::1] mean, double[::1] slope, double[:, ::1] curve,
                  int64_t[::1] used) noexcept nogil:
    """Add one case to slope and curve; its loss."""
    cdef int64_t row, i, j, n, width = w.shape[0]
    cdef double highest = -1e300, total = 0.0, score, loss = 0.0, p
    for row in range(start, end):
        score = 0.0
        for i in range(width):
            score += w[i] * x[row, i]
        chance[row] = score
        highest = max(highest, score)
    for row in range(start, end):
        total += exp(chance[row] - highest)
    for i in range(width):
        mean[i] = 0.0
    for row in range(start, end):
        if share[row] > 0.0:
            loss -= share[row] * (chance[row] - highest - log(total))
        p = exp(chance[row] - highest) / total
        n = 0
        for i in range(width):
            if x[row, i] != 0.0:
                used[n] = i
                n += 1
                mean[i] += p * x[row, i]
                slope[i] += (p - share[row]) * x[row, i]
        for i in range(n):
            score = p * x[row, used[i]]
            for j in range(i, n):
                curve[used[i], used[j]] += score * x[row, used[j]]
    for i in range(width):
        if mean[i] != 0.0:
            for j in range(i, width):
                curve[i, j] -= mean[i] * mean[j]
    return loss


cdef void _block(const float[:, ::1] x, const int64_t[::1] starts, const double[::1] share, const double[::1] w,
                 int64_t first, int64_t last, double[::1] chance, double[:, ::1] scratch, double[::1] slope,
                 double[:, ::1] curve, int64_t[::1] used, double *loss) noexcept nogil:
    cdef int64_t c
    for c in range(first, last):
        loss[0] += _case(x, share, w, starts[c], starts[c + 1], chance, scratch[0], slope, curve, used)


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
    cdef double[:, ::1] slope = slopes
    cdef double[:, :, ::1] curve = curves, scratch = np.zeros((BLOCKS, 1, max(width, 1)))
    cdef double[::1] loss = losses, chance = np.empty(max(rows, 1))
    cdef int64_t[:, ::1] used = np.zeros((BLOCKS, max(width, 1)), np.int64)
    cdef int n_threads = threads or os.cpu_count() or 1
    if rows and width:
        for b in prange(BLOCKS, nogil=True, num_threads=n_threads, schedule="dynamic"):
            _block(x, st, sh, w, cases * b // BLOCKS, cases * (b + 1) // BLOCKS, chance, scratch[b], slope[b],
                   curve[b], used[b], &loss[b])
    full = curves.sum(axis=0)
    return float(losses.sum()), slopes.sum(axis=0), np.triu(full) + np.triu(full, 1).T
