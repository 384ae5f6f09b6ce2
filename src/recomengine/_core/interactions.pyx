"""Histories to a weighted user × item matrix, and the transpose of a sparse matrix.

weight(u, i) = Σ_{events of u with i} weight_by_type[type] · 2^(-(now - time) / half_life)

Events after `now` count as of now. Of each user only the `cap` most recently touched distinct items count: one robot
must not own the model. Pairs without a positive weight are left out. Cost: O(events), rows sorted by item.
"""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint8_t

from recomengine._core.csr import CSR, check_range, checked, checked_indptr, contiguous

cdef extern from "decay.h" nogil:
    void reco_decay(const int64_t *times, int64_t size, double now, double half_life, double *decay)

cdef extern from "sparse.h" nogil:
    void reco_sort_indices(int32_t *indices, int64_t size)
    void reco_transpose(int64_t rows, int64_t columns, const int64_t *indptr, const int32_t *indices, const float *data,
                        int64_t *cursor, int64_t *out_indptr, int32_t *out_indices, float *out_data)


def weighted_matrix(indptr, items, types, times, int n_items, *, weight_by_type, int64_t now_ms, double half_life_ms,
                    int cap):
    cdef const int64_t[::1] ip = checked_indptr(indptr, "indptr")
    cdef const int32_t[::1] it = contiguous(items, np.int32, "items")
    cdef const uint8_t[::1] ty = contiguous(types, np.uint8, "types")
    cdef const int64_t[::1] tm = contiguous(times, np.int64, "times")
    cdef const float[::1] by_type = contiguous(weight_by_type, np.float32, "weight_by_type")
    cdef int64_t n_users = ip.shape[0] - 1, user, p, q, filled = 0, kept, start
    if not (len(items) == len(types) == len(times) == ip[n_users]):
        raise ValueError(f"items, types, times: expected {ip[n_users]} values each, got {len(items)}, {len(types)}, "
                         f"{len(times)}.")
    check_range(items, n_items, "items")
    check_range(types, len(weight_by_type), "types")
    if not np.isfinite(weight_by_type).all():
        raise ValueError(f"weight_by_type: expected finite values, got {weight_by_type.tolist()}.")
    if not half_life_ms > 0 or cap < 1:
        raise ValueError(f"half_life_ms, cap: expected > 0, got {half_life_ms}, {cap}.")
    cdef int32_t item
    cdef double value
    acc_array, seen_array = np.zeros(n_items, np.float64), np.zeros(n_items, np.uint8)
    out_indptr = np.zeros(n_users + 1, np.int64)
    out_indices, out_data = np.empty(max(len(items), 1), np.int32), np.empty(max(len(items), 1), np.float32)
    cdef double[::1] acc = acc_array
    cdef uint8_t[::1] seen = seen_array
    cdef int64_t[::1] op = out_indptr
    cdef int32_t[::1] oi = out_indices
    cdef float[::1] od = out_data
    cdef double[::1] decay = np.empty(max(int(np.diff(ip).max(initial=0)), 1), np.float64)
    with nogil:
        for user in range(n_users):
            reco_decay(&tm[ip[user]], ip[user + 1] - ip[user], now_ms, half_life_ms, &decay[0])
            start, kept = filled, 0
            for p in range(ip[user + 1] - 1, ip[user] - 1, -1):
                item = it[p]
                if by_type[ty[p]] <= 0.0:
                    continue
                if not seen[item]:
                    if kept == cap:
                        continue
                    seen[item] = 1
                    oi[start + kept] = item
                    kept += 1
                acc[item] += by_type[ty[p]] * decay[p - ip[user]]
            reco_sort_indices(&oi[start], kept)
            for q in range(start, start + kept):
                item = oi[q]
                value = acc[item]
                acc[item] = 0.0
                seen[item] = 0
                if value > 1e-30:
                    oi[filled] = item
                    od[filled] = <float> value
                    filled += 1
            op[user + 1] = filled
    return CSR(out_indptr, out_indices[:filled].copy(), out_data[:filled].copy())


def transpose(matrix, int columns):
    matrix = checked(matrix, columns, "matrix")
    cdef const int64_t[::1] ip = matrix.indptr
    cdef const int32_t[::1] ix = matrix.indices
    cdef const float[::1] dt = matrix.data
    cdef int64_t[::1] cursor = np.empty(columns, np.int64)
    out = CSR(np.zeros(columns + 1, np.int64), np.empty_like(matrix.indices), np.empty_like(matrix.data))
    cdef int64_t[::1] op = out.indptr
    cdef int32_t[::1] oi = out.indices
    cdef float[::1] od = out.data
    with nogil:
        reco_transpose(ip.shape[0] - 1, columns, &ip[0], &ix[0], &dt[0], &cursor[0], &op[0], &oi[0], &od[0])
    return out
