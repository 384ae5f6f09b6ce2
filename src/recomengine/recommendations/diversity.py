"""Variety within a list: near-duplicates and products of one category are spread, as far as the shop or the request
wants it.
"""

from collections.abc import Sequence

import numpy as np

from recomengine._core.csr import Int32
from recomengine._core.diversity import spread
from recomengine.models.model import Model
from recomengine.models.sources import PLACE

CANDIDATES, TIMES = 80, 4
"""A list is chosen from TIMES as many products as it holds, and CANDIDATES at least."""


def wider(limit: int) -> int:
    return max(CANDIDATES, TIMES * limit)


def in_variety(
    items: Sequence[int], scores: Sequence[float], categories: Int32, model: Model, limit: int, strength: float
) -> list[int]:
    """Positions of the best `limit` of the ranked `items`, in their new order; scores: 0 and more, the highest
    first; categories: one an item.
    """
    numbers = np.array(items, np.int32)
    relevance = np.array(scores, np.float32)
    if len(scores) and scores[0] > 0:
        relevance /= relevance[0]
    alike = model.ranker.sources[PLACE["content"]].tables
    places: list[int] = spread(numbers, relevance, categories, alike, limit, strength=strength).tolist()
    return places
