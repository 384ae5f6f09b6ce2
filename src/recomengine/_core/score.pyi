from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import CSR, Float32, Int32, Int64

NO_SOURCE: int
"""Stands for "no evidence": the product came from the fallback."""

Source = tuple[tuple[Neighbours, ...], Int32, Float32, float]
"""(tables that are summed; none: the seeds are the candidates, seeds int32, weights float32 beside them, scale of the source in the blend)."""

class Neighbours:
    """A checked items × items matrix, kept as it is (memory-mapped) for `recommend`. Raises ValueError on a bad one."""

    rows: int
    columns: int
    def __init__(self, matrix: CSR, columns: int) -> None: ...
    def row(self, number: int) -> tuple[Int32, Float32]:
        """Neighbours of an item and their values, best first; empty for an item that the matrix does not know."""

class Workspace:
    """Scratch of `recommend`, grown to the largest catalog seen. One a thread; not shared."""

    def __init__(self) -> None: ...

def recommend(
    workspace: Workspace, sources: Sequence[Source], limit: int, *, available: NDArray[np.uint8], price_cents: Int64, categories: Int32,
    fallback: Int32, excluded: Int32, category_mask: NDArray[np.uint8] | None = None, min_price_cents: int = -1, max_price_cents: int = -1,
) -> tuple[list[int], list[float], list[int], list[int]]:
    """The best `limit` eligible products: (items, scores, sources, seeds), best first.

    available uint8, price_cents int64 (-1: none), categories int32 (-1: none): one value a product number; a product is
    eligible when it is available, not in `excluded`, its category's byte in category_mask is set (None: all), and its
    price lies within the limits (-1: none; a product without a price fails any price limit). fallback: product
    numbers, best first. sources[i]: position of the strongest source of items[i] or NO_SOURCE; seeds[i]: the seed behind it.
    Scores are >= 0; fallback items have 0. Raises ValueError on wrong shapes, types or values.
    """
