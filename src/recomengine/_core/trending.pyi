import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Float32, Int32, Int64

def decayed_counts(
    items: Int32, times: Int64, weights: Float32, n_items: int, *, now_ms: int, half_life_ms: float
) -> NDArray[np.float64]:
    """Σ weight · 2^(-age/half_life) of each item, float64[n_items]; times and half-life in ms. Raises ValueError on
    wrong input.
    """

def trending_scores(
    short_counts: NDArray[np.float64],
    long_counts: NDArray[np.float64],
    *,
    short_ms: float,
    long_ms: float,
    prior: float,
) -> Float32:
    """How much faster than its own baseline each item moves, float32[n_items]; > 0 is faster. Raises ValueError on
    wrong input.
    """
