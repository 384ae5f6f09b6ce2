import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Float32, Int32

class Encoder:
    """Learned vectors of products, and what makes one vector of the seeds; kept as they are (memory-mapped)."""

    size: int
    n_items: int
    def __init__(
        self,
        items: Int32,
        vectors: NDArray[np.float32],
        lags: NDArray[np.float32],
        up: NDArray[np.float32],
        up_bias: Float32,
        down: NDArray[np.float32],
        down_bias: Float32,
        *,
        near: NDArray[np.int32],
        n_items: int,
    ) -> None:
        """items int32, growing, below n_items: the products that have a vector; vectors float32[size, 64]; lags
        float32[50, 64]; up, down float32[64, 64]; biases float32[64]; all finite. near int32[size,
        any]: of each product the rows of others that are scored for it where a catalog is too large to score all.
        Raises ValueError on wrong shapes, types or values.
        """
