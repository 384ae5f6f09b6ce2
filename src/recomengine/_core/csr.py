"""A sparse matrix of the core: three arrays, checked once."""

from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]
Float32 = NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)


class CSR(NamedTuple):
    """Row i holds columns indices[indptr[i]:indptr[i+1]] with values data[…]. indptr int64[rows + 1], indices int32,
    data float32.
    """

    indptr: Int64
    indices: Int32
    data: Float32

    @property
    def rows(self) -> int:
        return len(self.indptr) - 1


def checked(matrix: CSR, columns: int, name: str, *, signed: bool = False) -> CSR:
    """`matrix` as contiguous arrays of the right types; ValueError names the array, what was expected and what came.

    Values must be finite and >= 0: the kernels tell an untouched column by its zero.
    """
    indptr = checked_indptr(matrix.indptr, f"{name}.indptr")
    indices = contiguous(matrix.indices, np.int32, f"{name}.indices")
    data = contiguous(matrix.data, np.float32, f"{name}.data")
    if indptr[-1] != len(indices) or len(indices) != len(data):
        raise ValueError(
            f"{name}: indptr ends with {indptr[-1]}, but there are {len(indices)} indices and {len(data)} values; make "
            f"them equal."
        )
    check_range(indices, columns, f"{name}.indices")
    if signed:
        check_finite(data, f"{name}.data")
    else:
        check_values(data, f"{name}.data")
    return CSR(indptr, indices, data)


def checked_indptr(indptr: Int64, name: str) -> Int64:
    """`indptr`, contiguous; ValueError when it cannot be where rows start and end."""
    indptr = contiguous(indptr, np.int64, name)
    if len(indptr) == 0 or indptr[0] != 0 or np.any(indptr[1:] < indptr[:-1]):
        raise ValueError(f"{name}: expected a non-decreasing array that starts with 0.")
    return indptr


def check_range(numbers: Int32, count: int, name: str) -> None:
    """ValueError unless all numbers are 0 to count - 1."""
    if count < 0:
        raise ValueError(f"{name}: expected a count of at least 0, got {count}.")
    if len(numbers) and (numbers.min() < 0 or numbers.max() >= count):
        expected = f"0 to {count - 1}" if count else "none"
        raise ValueError(f"{name}: expected {expected}, got {numbers.min()} to {numbers.max()}.")


def check_finite(values: NDArray[np.floating[Any]], name: str) -> None:
    """ValueError unless all values are finite."""
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: expected finite values. Drop the others first.")


def check_values(values: NDArray[np.floating[Any]], name: str) -> None:
    """ValueError unless all values are finite and >= 0."""
    if len(values) and not (values.min() >= 0 and values.max() < np.inf):
        raise ValueError(
            f"{name}: expected finite values >= 0, got {values.min()} to {values.max()}. Drop the others first."
        )


def contiguous(array: NDArray[Scalar], dtype: type[Scalar], name: str) -> NDArray[Scalar]:
    """`array`, C-contiguous; ValueError when it is of another type or not flat."""
    if not isinstance(array, np.ndarray) or array.dtype != dtype or array.ndim != 1:
        found = f"{array.dtype} with {array.ndim} dimensions" if isinstance(array, np.ndarray) else type(array).__name__
        raise ValueError(f"{name}: expected a flat {np.dtype(dtype).name} array, got {found}. Convert it with astype.")
    return np.ascontiguousarray(array)


def compact(counts: Int64, indices: NDArray[np.int32], values: NDArray[np.float32]) -> CSR:
    """Row i of the result is the first counts[i] entries of row i of the rectangles `indices` and `values`."""
    indptr = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=indptr[1:])
    kept = np.arange(indices.shape[1]) < counts[:, None]
    return CSR(indptr, indices[kept], values[kept])
