"""checked and contiguous: what passes unchanged, and that each message names the array, what was expected and what
came.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.csr import CSR, checked, contiguous
from tests.support.matrices import csr, examples, rows, same

GOOD = csr([{0: 1.0, 2: 0.0}, {}, {1: 3.5}])


@examples
@given(st.data(), st.integers(0, 6))
def test_a_good_matrix_passes_unchanged(data: st.DataObject, columns: int) -> None:
    matrix = csr(data.draw(rows(4, columns, st.floats(0.0, 2.0**100, width=32))))
    assert same(checked(matrix, columns, "m"), matrix)


def test_arrays_that_are_already_right_are_not_copied() -> None:
    assert all(after is before for after, before in zip(checked(GOOD, 3, "m"), GOOD, strict=True))


def test_a_strided_array_becomes_contiguous() -> None:
    strided = np.arange(10, dtype=np.int32)[::2]
    found = contiguous(strided, np.int32, "m")
    assert found.flags.c_contiguous
    assert found.tolist() == [0, 2, 4, 6, 8]


def test_rows_are_counted_with_the_empty_ones() -> None:
    assert (GOOD.rows, csr([]).rows, csr([{}]).rows) == (3, 0, 1)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"indptr": np.array([], np.int64)}, r"m\.indptr: expected a non-decreasing array that starts with 0"),
    ({"indptr": np.array([1, 1, 2, 3], np.int64)}, r"m\.indptr: expected a non-decreasing array that starts with 0"),
    ({"indptr": np.array([0, 3, 2, 3], np.int64)}, r"m\.indptr: expected a non-decreasing array that starts with 0"),
    ({"indptr": np.array([0, 2**63 - 1, -(2**63), 3], np.int64)}, r"m\.indptr: expected a non-decreasing"),
    ({"indptr": np.array([0, 2, 2, 4], np.int64)}, r"m: indptr ends with 4, but there are 3 indices and 3 values"),
    ({"indptr": GOOD.indptr.astype(np.int32)}, r"m\.indptr: expected a flat int64 array, got int32 with 1 dimensions"),
    ({"indices": GOOD.indices[:2]}, r"m: indptr ends with 3, but there are 2 indices and 3 values"),
    ({"indices": np.array([0, 3, 1], np.int32)}, r"m\.indices: expected 0 to 2, got 0 to 3"),
    ({"indices": np.array([0, -1, 1], np.int32)}, r"m\.indices: expected 0 to 2, got -1 to 1"),
    ({"indices": GOOD.indices.reshape(3, 1)}, r"m\.indices: expected a flat int32 array, got int32 with 2 dimensions"),
    ({"data": GOOD.data[:1]}, r"m: indptr ends with 3, but there are 3 indices and 1 values"),
    ({"data": GOOD.data.astype(np.float64)}, r"m\.data: expected a flat float32 array, got float64 with 1 dimensions"),
    ({"data": GOOD.data.astype(">f4")}, r"m\.data: expected a flat float32 array"),
    ({"data": GOOD.data.tolist()}, r"m\.data: expected a flat float32 array, got list"),
    ({"data": None}, r"m\.data: expected a flat float32 array, got NoneType"),
    ({"data": np.array([1, np.nan, 1], np.float32)}, r"m\.data: expected finite values >= 0"),
    ({"data": np.array([1, np.inf, 1], np.float32)}, r"m\.data: expected finite values >= 0"),
    ({"data": np.array([1, -1, 1], np.float32)}, r"m\.data: expected finite values >= 0"),
]


@pytest.mark.parametrize(("changed", "message"), WRONG)
def test_a_wrong_matrix_is_refused_by_name(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        checked(GOOD._replace(**changed), 3, "m")


def test_a_matrix_with_entries_but_no_columns_is_refused() -> None:
    with pytest.raises(ValueError, match=r"m\.indices: expected none, got 0 to 0"):
        checked(CSR(np.array([0, 1]), np.array([0], np.int32), np.ones(1, np.float32)), 0, "m")
