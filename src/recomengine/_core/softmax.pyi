import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Float32, Int64

def softmax_state(
    features: Float32, starts: Int64, share: NDArray[np.float64], weights: NDArray[np.float64], *, threads: int = 0
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """(loss, slope float64[width], curvature float64[width, width]) of a listwise softmax at `weights`.

    features: rows × width. starts int64[cases + 1]: case c is rows starts[c] to starts[c + 1]. share: of each row in
    its case, Σ 1 a case.
    threads: 0 is one a core; the result is the same for any number. Raises ValueError on what does not fit together.
    """
