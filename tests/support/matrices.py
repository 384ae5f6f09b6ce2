"""Sparse matrices for the tests: from and to dicts, and strategies that draw them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from recomengine._core.csr import CSR
from tests.support.reference import Row

examples = settings(max_examples=300, deadline=None)
"""Enough for the corners of these small spaces; no deadline, since a busy machine is no failure."""


def csr(rows: Sequence[Mapping[int, float]]) -> CSR:
    """The rows as a CSR, each in the order of its dict."""
    indptr = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    indices = np.array([column for row in rows for column in row], np.int32)
    data = np.array([value for row in rows for value in row.values()], np.float32)
    return CSR(indptr, indices, data)


def pairs(matrix: CSR) -> list[list[tuple[int, float]]]:
    """(column, value) of each row, in the order of the matrix."""
    return [
        list(zip(matrix.indices[start:end].tolist(), matrix.data[start:end].tolist(), strict=True))
        for start, end in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)
    ]


def same(one: CSR, other: CSR) -> bool:
    """Equal to the last bit."""
    return all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def rows(n_rows: int, columns: int, values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Row]]:
    """Rows with distinct columns in any order, empty ones among them."""
    row = st.dictionaries(st.integers(0, columns - 1), values, max_size=min(columns, 8)) if columns else st.just({})
    return st.lists(row, min_size=n_rows, max_size=n_rows)
