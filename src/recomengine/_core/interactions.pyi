import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import CSR, Float32, Int32, Int64

def weighted_matrix(
    indptr: Int64,
    items: Int32,
    types: NDArray[np.uint8],
    times: Int64,
    n_items: int,
    *,
    weight_by_type: Float32,
    now_ms: int,
    half_life_ms: float,
    cap: int,
) -> CSR:
    """Users × items from histories: user u did types[indptr[u]:indptr[u+1]] with items[…] at times[…] (ms), oldest
    first.

    weight_by_type float32: the weight of each type of event; <= 0 leaves the event out. cap: distinct items kept a
    user. Raises ValueError on wrong lengths, codes or settings.
    """

def transpose(matrix: CSR, columns: int) -> CSR:
    """Columns × rows; each row of the result is sorted by index."""
