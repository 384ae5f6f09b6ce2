"""A sparse matrix of the core: three arrays, checked once."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]
Float32 = NDArray[np.float32]


class CSR(NamedTuple):
    """Row i holds columns indices[indptr[i]:indptr[i+1]] with values data[…]. indptr int64[rows + 1], indices int32, data float32."""

    indptr: Int64
    indices: Int32
    data: Float32

    @property
    def rows(self) -> int:
        return len(self.indptr) - 1


def checked(matrix: CSR, columns: int, name: str) -> CSR:
    """`matrix` as contiguous arrays of the right types; ValueError names the array, what was expected and what came.

    Values must be finite and >= 0: the kernels tell an untouched column by its zero.
    """
    indptr = contiguous(matrix.indptr, np.int64, f"{name}.indptr")
    indices = contiguous(matrix.indices, np.int32, f"{name}.indices")
    data = contiguous(matrix.data, np.float32, f"{name}.data")
    if len(indptr) == 0 or indptr[0] != 0 or np.any(np.diff(indptr) < 0):
        raise ValueError(f"{name}.indptr: expected a non-decreasing array that starts with 0.")
    if indptr[-1] != len(indices) or len(indices) != len(data):
        raise ValueError(f"{name}: indptr ends with {indptr[-1]}, but there are {len(indices)} indices and {len(data)} values; make them equal.")
    if len(indices) and (indices.min() < 0 or indices.max() >= columns):
        raise ValueError(f"{name}.indices: expected 0 to {columns - 1}, got {indices.min()} to {indices.max()}.")
    if len(data) and not (np.isfinite(data).all() and data.min() >= 0):
        raise ValueError(f"{name}.data: expected finite values >= 0. Drop the others first.")
    return CSR(indptr, indices, data)


def contiguous(array: NDArray[np.generic], dtype: type, name: str) -> NDArray[np.generic]:  # type: ignore[type-arg]
    """`array`, C-contiguous; ValueError when it is of another type or not flat."""
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
        found = f"{array.dtype} with {array.ndim} dimensions" if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{name}: expected a flat {np.dtype(dtype).name} array, got {found}. Convert it with astype.")
    return np.ascontiguousarray(array)
