import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Float32, Int32, Int64

def seeds(
    items: Int32,
    types: NDArray[np.uint8],
    times: Int64,
    groups: Int64,
    *,
    weight_by_type: Float32,
    decays: NDArray[np.float64],
    limit: int,
    purchase: int,
) -> tuple[Int32, Float32]:
    """Events newest first to (distinct products newest first, at most `limit`; profiles × products weights).

    groups: order or session of each event, 0: none. weight_by_type: events of a type with <= 0 do not count. purchase:
    its code. Without any product the profiles have one column of ones. Raises ValueError on wrong lengths, codes or
    dtypes.
    """

def purchases(
    items: Int32, types: NDArray[np.uint8], times: Int64, groups: Int64, *, decay: float, purchase: int
) -> tuple[Int32, Float32]:
    """Of events newest first the purchases: (products, one entry a purchase; decay^(orders since)). Raises ValueError
    as `seeds` does.
    """

def shares_of(items: Int32, shares: Float32, otherwise: float) -> Float32:
    """shares[item] of each item, `otherwise` of one that has none. Raises ValueError on other dtypes."""
