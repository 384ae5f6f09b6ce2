from collections.abc import Iterable

from recomengine._core.csr import Float32, Int32, Int64
from recomengine._core.sources import Neighbours

def spread(
    items: Int32, relevance: Float32, categories: Int32, tables: Iterable[Neighbours], limit: int, *, strength: float
) -> Int64:
    """Positions among the candidates in their new order, at most `limit`: int64.

    items int32[K], distinct, best first; relevance float32[K], finite; categories int32[K] (-1: none); tables: what is
    alike, 1 for the same; strength: 0 (nothing but relevance) to 1 (nothing but variety). Raises ValueError on wrong
    shapes, types or values.
    """
