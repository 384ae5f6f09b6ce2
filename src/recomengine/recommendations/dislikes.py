"""Less of what is like a product that the shopper dislikes: score · (1 - likeness), where the likeness is the highest
that content or shoppers see between the product and any disliked one, 0 to 1. The disliked ones themselves never come.

A shopper without dislikes costs nothing; with some, a list is chosen from more candidates, as for variety.
"""

from collections.abc import Sequence

import numpy as np

from recomengine._core.csr import Int32
from recomengine.models.model import Model
from recomengine.models.sources import PLACE

ALIKE = tuple(PLACE[name] for name in ("content", "similar"))
"""The sources whose neighbours are like a product, in values up to 1."""


def less_alike(
    items: Sequence[int], scores: Sequence[float], disliked: Int32, model: Model
) -> tuple[list[int], list[float]]:
    """(places of the ranked `items` in their new order, the scores of all places); scores: 0 and more. What has no
    score comes last where it is like a disliked product.
    """
    likeness = np.zeros(max(items, default=-1) + 1, np.float32)
    for place in ALIKE:
        for table in model.ranker.sources[place].tables:
            for number in np.unique(disliked).tolist():
                neighbours, values = table.row(number)
                within = neighbours < len(likeness)
                np.maximum.at(likeness, neighbours[within], np.minimum(values[within], 1.0))
    alike = likeness[np.array(items, np.int32)]
    weighed = np.array(scores, np.float64) * (1.0 - alike)
    places: list[int] = np.lexsort((alike, -weighed)).tolist()
    return places, weighed.tolist()
