from collections.abc import Iterable
from typing import overload

import numpy as np
from numpy.typing import NDArray

from recomengine._core.candidates import Workspace
from recomengine._core.csr import Float32, Int32, Int64
from recomengine._core.sources import Source

NO_SOURCE: int
"""Stands for "no evidence": the product came from the fallback."""
NO_SCORE: float
"""The score of such a product: less than any other."""
FEATURES: tuple[str, ...]
"""What is known of a candidate beside the sources: flags of the history, figures of the product, likeness to what is at
hand.

at_hand: it is the first seed. in_session, seen, bought: in the history; times_seen, times_bought: ln(1 + times);
seen_lately: 1 / (1 + events since). same_category: one of its paths is the first seed's as well; category_share: of the
seeds that have a category, those in the one of its paths where most are.
price_near: the lower of its price and the first seed's by the higher. popularity, recent_popularity, rising, freshness,
newness: columns of `item_features`.
"""

class Ranker:
    """The sources of a model and what it knows of each product; shared by all requests of all threads."""

    sources: list[Source]
    n_sources: int
    n_profiles: int
    n_items: int
    def __init__(self, sources: Iterable[Source], item_features: NDArray[np.float32]) -> None:
        """item_features float32[items, 5], finite: the last five of FEATURES. Raises ValueError on a wrong type, shape
        or value.
        """

    @property
    def width(self) -> int:
        """How many weights `rank` takes: two a source (score as a share of the highest; 3 / (rank + 3), ranks from 0),
        one for each of FEATURES.
        """

class Paths:
    """The paths of category codes: those of code c are numbers[indptr[c]:indptr[c + 1]], no path twice."""

    indptr: Int64
    numbers: Int32
    def __init__(self, indptr: Int64, numbers: Int32) -> None:
        """indptr int64[codes + 1], numbers int32 from 0. Raises ValueError on wrong shapes, types or values."""

@overload
def rank(
    workspace: Workspace,
    ranker: Ranker,
    weights: None,
    limit: int,
    *,
    seeds: Int32,
    profiles: NDArray[np.float32],
    own_items: Int32,
    own_weights: Float32,
    history_items: Int32,
    history_types: NDArray[np.uint8],
    session: int,
    purchase: int,
    available: NDArray[np.uint8],
    price_cents: Int64,
    categories: Int32,
    fallback: Int32,
    excluded: Int32,
    paths: Paths | None = None,
    category_mask: NDArray[np.uint8] | None = None,
    min_price_cents: int = -1,
    max_price_cents: int = -1,
) -> tuple[Int32, Float32]:
    """Without weights: every candidate and its features, float32[candidates, width], in the order in which sources
    brought them.
    """

@overload
def rank(
    workspace: Workspace,
    ranker: Ranker,
    weights: Float32,
    limit: int,
    *,
    seeds: Int32,
    profiles: NDArray[np.float32],
    own_items: Int32,
    own_weights: Float32,
    history_items: Int32,
    history_types: NDArray[np.uint8],
    session: int,
    purchase: int,
    available: NDArray[np.uint8],
    price_cents: Int64,
    categories: Int32,
    fallback: Int32,
    excluded: Int32,
    paths: Paths | None = None,
    category_mask: NDArray[np.uint8] | None = None,
    min_price_cents: int = -1,
    max_price_cents: int = -1,
) -> tuple[list[int], list[float], list[int], list[int]]:
    """The best `limit` eligible products: (items, scores, sources, seeds), best first, ties to the smaller number.

    weights float32[ranker.width], finite; a source with two weights of 0 is asked only where the others bring fewer
    than `limit`. seeds int32, the product at hand first; profiles float32[>= n_profiles, max(seeds, 1)], finite:
    weights of the seeds, those <= 0 are left out; own_items and own_weights: what the source `own` gives. Numbers that
    the model or the catalog does not know are passed over.
    history_items int32 and history_types uint8: the shopper's events, newest first; the first `session` of them are of
    the running session; `purchase` is the type that means bought.
    available uint8, price_cents int64 (-1: none), categories int32 (-1: none): one value a product number. A category
    code stands for a set of paths (None: a path of its own); one that `paths` does not know is none. A product is
    eligible when it is available, not in `excluded`, the byte of its category code in category_mask is set (None: all),
    and its price lies within the limits (-1: none; a product without a price fails any price limit). fallback: product
    numbers, best first; what is of the running session comes last.
    sources[i]: position of the source that says most for items[i], or NO_SOURCE; seeds[i]: the seed that counts most
    there (the product itself in rankings and own), or NO_SOURCE. Scores of fallback products are NO_SCORE.
    Raises ValueError on wrong shapes, types or values.
    """
