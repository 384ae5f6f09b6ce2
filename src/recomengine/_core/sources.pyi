from collections.abc import Iterable

from recomengine._core.csr import CSR, Float32, Int32, Int64
from recomengine._core.encoder import Encoder

class Neighbours:
    """A checked items × items matrix, kept as it is (memory-mapped). Values may be negative. Raises ValueError on a bad
    one.
    """

    rows: int
    columns: int
    def __init__(self, matrix: CSR, columns: int) -> None: ...
    def row(self, number: int) -> tuple[Int32, Float32]:
        """Neighbours of an item and their values, as the matrix has them; empty for an item that it does not know."""

class Sequences:
    """Sequences in the order of time, and of each item the sequences it occurs in, oldest first; kept as they are
    (memory-mapped).
    """

    size: int
    n_items: int
    def __init__(self, indptr: Int64, items: Int32, at: Int64, where: Int32, idf: Float32) -> None:
        """Sequence s holds items[indptr[s]:indptr[s+1]], in their order; item i occurs in the sequences
        where[at[i]:at[i+1]], which grow.

        indptr int64[sequences + 1], items int32 below n_items, at int64[n_items + 1], where int32 below the number of
        sequences, idf float32[n_items], finite and >= 0: what an item says of a sequence. Raises ValueError on wrong
        shapes, types or values.
        """

class Source:
    """One source of evidence, as `table`, `sessions`, `ranking`, `own` and `encoded` make it."""

    tables: tuple[Neighbours, ...]
    sequences: tuple[Sequences, ...]
    encoder: Encoder | None

def table(tables: Iterable[Neighbours], profile: int) -> Source:
    """Neighbours of the seeds, summed over the tables; row `profile` of a request's profiles weighs them. ValueError on
    a negative profile.
    """

def sessions(
    sequences: Iterable[Sequences],
    profile: int,
    *,
    sample: int = 500,
    neighbours: int = 200,
    decay: float = 0.8,
    length: float = 0.5,
    back: float = 1.0,
) -> Source:
    """Items of the sequences that are like the seeds, summed over the indexes, each of which is searched alone.

    sample: how many of the newest sequences of each seed are looked at; neighbours: how many of the most similar ones
    count; decay in 0 to 1: what a step away from the match leaves of a sequence's weight, beyond 63 steps no less;
    length: similarity falls with |sequence|^length; back: weight of what came before the match. Raises ValueError on
    values out of range.
    """

def ranking(items: Int32, scores: Float32) -> Source:
    """The same for everybody: items int32 >= 0 and their finite scores float32, highest first; items without a positive
    score are left out.

    Raises ValueError on wrong shapes, types or values.
    """

def own() -> Source:
    """What a request brings itself."""

def encoded(encoder: Encoder | None = None) -> Source:
    """What a learned encoder expects next after the seeds; none: it says nothing."""
