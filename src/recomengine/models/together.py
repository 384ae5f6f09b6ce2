"""What the baskets of a build say of two products, in the words of textbooks: in how many both lie, and the lift. The
same of its visits.

lift = n_ij · N / (n_i · n_j): so many times more often than by chance, N being all baskets and n those that hold a
product. Of a product in many baskets its newest MOST are counted, as n_i. Cost: their items; of pairs that are known,
some microseconds each at most.
"""

from typing import NamedTuple

import numpy as np

from recomengine._core.csr import Int32, Int64
from recomengine.models.sources import SOURCES, Index

MOST = 20_000
INDEX_OF_KIND = {source.kind.name: source.name for source in SOURCES if isinstance(source.form, Index)}
"""In whose sequences the pairs of a kind of evidence are counted."""


class Together(NamedTuple):
    """of: how many baskets with the product that it is about were counted."""

    number: int
    baskets: int
    of: int
    lift: float


class Baskets(NamedTuple):
    """As `_core.sources.Sequences` has them: basket s holds items[indptr[s]:indptr[s + 1]], item i lies in the baskets
    where[at[i]:at[i + 1]], oldest first."""

    indptr: Int64
    items: Int32
    at: Int64
    where: Int32

    def with_product(self, number: int, limit: int) -> list[Together]:
        """The products that lie with it in most baskets, most first, ties to the higher lift, then the smaller
        number."""
        if not 0 <= number < len(self.at) - 1:
            return []
        holding = self.where[self.at[number] : self.at[number + 1]][-MOST:]
        lengths = self.indptr[holding + 1] - self.indptr[holding]
        ends = np.cumsum(lengths)
        if not len(ends):
            return []
        places = np.arange(ends[-1]) + np.repeat(self.indptr[holding] - ends + lengths, lengths)
        pairs = np.unique(np.repeat(np.arange(len(holding)), lengths) * len(self.at) + self.items[places])
        others, counts = np.unique(pairs % len(self.at), return_counts=True)
        others, counts = others[others != number], counts[others != number]
        lift = counts * (len(self.indptr) - 1) / (len(holding) * (self.at[others + 1] - self.at[others]))
        best = np.lexsort((others, -lift, -counts))[:limit]
        return [Together(int(others[one]), int(counts[one]), len(holding), round(float(lift[one]), 3)) for one in best]
