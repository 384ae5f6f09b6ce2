from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Int32, Int64

class StringTable:
    """Number of each string: offsets int64[n + 1] into the UTF-8 bytes data uint8, slots int32 (a power of two, -1
    empty).

    Raises ValueError on arrays that cannot be a table.
    """

    def __init__(self, offsets: Int64, data: NDArray[np.uint8], slots: Int32) -> None: ...
    def __len__(self) -> int: ...
    def find(self, text: str) -> int:
        """The number of `text`, -1 when it is not in the table."""

def build_string_table(strings: Sequence[str]) -> tuple[Int64, NDArray[np.uint8], Int32]:
    """(offsets, data, slots) of distinct strings; the number of a string is its position."""
