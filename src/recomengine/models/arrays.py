"""The arrays of a model, by name: each is a file of it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import CSR

Arrays = dict[str, NDArray[Any]]


def put_csr(arrays: Arrays, name: str, matrix: CSR) -> None:
    arrays[f"{name}.indptr"], arrays[f"{name}.indices"], arrays[f"{name}.data"] = matrix


def csr(arrays: Mapping[str, NDArray[Any]], name: str) -> CSR:
    return CSR(arrays[f"{name}.indptr"], arrays[f"{name}.indices"], arrays[f"{name}.data"])


def empty_csr(rows: int) -> CSR:
    return CSR(np.zeros(rows + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32))
