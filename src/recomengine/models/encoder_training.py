"""Learning the network of encoder.py from histories: deterministic, and within a budget of steps and memory.

A shopper's events of interest, oldest first, are one sequence; what follows itself counts once. Sequences are cut into
pieces of STEPS + 1. An epoch takes the pieces in a random order, at most EPOCH_PLACES places of them, in batches of
pieces of like length, a BATCHES'th of its places each, within SMALLEST_BATCH and BATCH. Adam (Kingma & Ba 2015); the
step falls from RATE to 0 over the epochs; of the vectors only those that a batch touches move. The last product of up
to HELD_BACK sequences is held back: after each epoch its mean reciprocal rank among all products is measured, the best
state is kept, and PATIENCE epochs without a better one end the learning. What sets out from a former encoder, which may
have learned those products, holds back none and takes EPOCHS_WARM. So whatever the shop, a learning takes at most
EPOCHS · EPOCH_PLACES places, some 20 µs each on one core, and 4 · 256 bytes for each of at most MAX_PRODUCTS products
beside a few MB for a batch.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from recomengine._core.csr import Int32, Int64
from recomengine.models.encoder import (
    STEPS,
    Batch,
    Encoder,
    Negatives,
    Reals,
    carried,
    initial,
    loss_and_slopes,
    nearest,
    queries,
)
from recomengine.models.histories import TYPE_WEIGHTS, Histories

EPOCHS, EPOCHS_WARM = 7, 2
EPOCH_PLACES = 1_000_000
MIN_PLACES = 10_000
"""With fewer nothing is learned: there is too little to tell an order by."""
MAX_PRODUCTS = 100_000
BATCHES, SMALLEST_BATCH, BATCH = 256, 64, 512
NEGATIVES = 1024
FLATNESS = 0.5
"""Negatives are drawn by how often a product comes next, to this power."""
RATE, RATE_WARM = 5e-3, 2e-3
MOMENTUM, SQUARES, SMALL = 0.9, 0.999, 1e-8
NEWEST_OF_SHOPPER = 200
HELD_BACK, HELD_BACK_SHARE, PATIENCE = 2000, 0.05, 2
RANKED_AT_ONCE = 128
SEED = 20_261_130


class Pieces(NamedTuple):
    """Rows of products, piece after piece: piece p is rows[starts[p]:starts[p] + lengths[p]]. ends: the last one of its
    shopper."""

    rows: Int64
    starts: Int64
    lengths: Int64
    ends: NDArray[np.bool_]

    @property
    def places(self) -> int:
        return int((self.lengths - 1).sum())


class Trained(NamedTuple):
    """encoder: None where there is too little to learn from. figures: the mean reciprocal rank of what was held back,
    by epoch. near: see models/encoder.py: nearest."""

    encoder: Encoder | None
    figures: list[float]
    places: int
    near: Int32 | None = None


def train(histories: Histories, former: Encoder | None = None) -> Trained:
    """former: a start from what another one has learned, which takes fewer epochs."""
    items, pieces = pieces_of(histories)
    if pieces.places < MIN_PLACES:
        return Trained(None, [], pieces.places)
    random = np.random.default_rng(SEED)
    start = initial(items, random) if former is None else carried(former, items, random)
    epochs, rate = (EPOCHS, RATE) if former is None else (EPOCHS_WARM, RATE_WARM)
    with threadpool_limits(1, "blas"):  # the same sums in the same order, and no threads that wait for each other
        held_back = _held_back(pieces, random) if former is None else np.empty(0, np.int64)
        encoder, figures, places = _learn(start, pieces, held_back, random, epochs, rate)
        return Trained(encoder, figures, places, nearest(encoder, np.bincount(pieces.rows, minlength=len(items))))


def pieces_of(histories: Histories) -> tuple[Int32, Pieces]:
    """(the products that have a vector, pieces of their rows). Of more products than MAX_PRODUCTS those that occur most
    often.
    """
    rows = np.flatnonzero(TYPE_WEIGHTS[histories.types] > 0)
    often = np.bincount(histories.items[rows])
    items = np.sort(np.argsort(-often, kind="stable")[: min(MAX_PRODUCTS, int((often > 0).sum()))]).astype(np.int32)
    row_of = np.full(len(often), -1)
    row_of[items] = np.arange(len(items))
    rows = rows[row_of[histories.items[rows]] >= 0]
    owners, found = histories.owners[rows], row_of[histories.items[rows]]
    kept = np.ones(len(rows), bool)
    kept[1:] = (owners[1:] != owners[:-1]) | (found[1:] != found[:-1])
    owners, found = owners[kept], found[kept]
    return items, _cut(owners, found)


def _cut(owners: Int64, rows: Int64) -> Pieces:
    """Pieces from the newest end of each shopper's rows; each begins with the row that the one before it ends with."""
    ends = np.flatnonzero(np.append(owners[1:] != owners[:-1], True)) + 1 if len(owners) else np.empty(0, np.int64)
    begins = np.maximum(np.concatenate([[0], ends[:-1]]) if len(ends) else ends, ends - NEWEST_OF_SHOPPER)
    starts, lengths, newest = [], [], np.ones(len(ends), bool)
    of_last: list[NDArray[np.bool_]] = []
    while len(ends):
        start = np.maximum(begins, ends - STEPS - 1)
        starts.append(start)
        lengths.append(ends - start)
        of_last.append(newest)
        more = start > begins
        begins, ends, newest = begins[more], start[more] + 1, np.zeros(int(more.sum()), bool)
    if not starts:
        return Pieces(rows, ends, ends, np.empty(0, bool))
    flat_starts, flat_lengths, last = np.concatenate(starts), np.concatenate(lengths), np.concatenate(of_last)
    good = flat_lengths >= 2
    return Pieces(rows, flat_starts[good], flat_lengths[good], last[good])


def batch_of(pieces: Pieces, chosen: Int64) -> Batch:
    inputs = pieces.lengths[chosen] - 1
    places = np.arange(int(inputs.max()))
    present = places < inputs[:, None]
    at = np.where(present, pieces.starts[chosen][:, None] + places, 0)
    return Batch(pieces.rows[at], pieces.rows[np.where(present, at + 1, 0)], present)


def _learn(
    encoder: Encoder, pieces: Pieces, held_back: Int64, random: np.random.Generator, epochs: int, rate: float
) -> tuple[Encoder, list[float], int]:
    """The best state, the figures, and how many places were read."""
    taught = pieces._replace(lengths=pieces.lengths.copy())
    taught.lengths[held_back] -= 1
    steps = _Steps(encoder, taught, random)
    size = min(max(taught.places // BATCHES, SMALLEST_BATCH), BATCH)
    plan = epochs * -(-min(taught.places, EPOCH_PLACES) // size)
    best, places = encoder, 0
    figures = [_rank_of_held_back(encoder, pieces, held_back)] if len(held_back) else []
    for _ in range(epochs):
        for chosen in _epoch(taught, size, random):
            batch = batch_of(taught, chosen)
            steps.take(batch, rate * max(0.0, 1.0 - steps.count / plan))
            places += int(batch.present.sum())
        if not figures:
            continue
        figures.append(_rank_of_held_back(steps.encoder, pieces, held_back))
        if figures[-1] > max(figures[:-1]):
            best = steps.copy()
        elif len(figures) - 1 - int(np.argmax(figures)) >= PATIENCE:
            break
    return best if figures else steps.encoder, [round(figure, 4) for figure in figures], places


def _epoch(pieces: Pieces, size: int, random: np.random.Generator) -> list[Int64]:
    """The pieces of each batch."""
    order = random.permutation(np.flatnonzero(pieces.lengths >= 2))
    order = order[np.cumsum(pieces.lengths[order] - 1) <= max(EPOCH_PLACES, STEPS)]
    order = order[np.argsort(pieces.lengths[order], kind="stable")]
    of_batch = (np.cumsum(pieces.lengths[order] - 1) - 1) // size
    batches = np.split(order, np.flatnonzero(np.diff(of_batch)) + 1)
    return [batches[at] for at in random.permutation(len(batches))]


class _Steps:
    """The steps of Adam, and what it remembers of them."""

    def __init__(self, encoder: Encoder, pieces: Pieces, random: np.random.Generator) -> None:
        self.encoder, self.count, self._random = _copy(encoder), 0, random
        self._means = [np.zeros_like(part) for part in encoder[1:]]
        self._squares = [np.zeros_like(part) for part in encoder[1:]]
        self._chances, self._log_chances = _chances(pieces, len(encoder.items))

    def copy(self) -> Encoder:
        return _copy(self.encoder)

    def take(self, batch: Batch, rate: float) -> None:
        _, slopes = loss_and_slopes(self.encoder, batch, self._negatives())
        self.count += 1
        self._move(0, slopes.rows, slopes.vectors, rate)
        for part, slope in enumerate(slopes[2:], start=1):
            self._move(part, slice(None), slope, rate)

    def _move(self, part: int, rows: Int64 | slice, slope: Reals, rate: float) -> None:
        mean = MOMENTUM * self._means[part][rows] + np.float32(1 - MOMENTUM) * slope
        square = SQUARES * self._squares[part][rows] + np.float32(1 - SQUARES) * slope * slope
        self._means[part][rows], self._squares[part][rows] = mean, square
        spread = np.sqrt(square / np.float32(1 - SQUARES**self.count)) + np.float32(SMALL)
        self.encoder[part + 1][rows] -= np.float32(rate / (1 - MOMENTUM**self.count)) * mean / spread

    def _negatives(self) -> Negatives:
        if len(self._chances) <= NEGATIVES:
            return Negatives(np.arange(len(self._chances)), self._log_chances)
        drawn = np.searchsorted(self._chances, self._random.random(NEGATIVES) * self._chances[-1], side="right")
        return Negatives(np.unique(np.minimum(drawn, len(self._chances) - 1)), self._log_chances)


def _chances(pieces: Pieces, products: int) -> tuple[NDArray[np.float64], Reals]:
    """(running sums of how likely each product is drawn, ln of how often it is expected among the negatives)."""
    if products <= NEGATIVES:
        return np.ones(products), np.zeros(products, np.float32)
    often = (np.bincount(pieces.rows, minlength=products) + 1.0) ** FLATNESS
    return np.cumsum(often), np.log(often / often.sum() * NEGATIVES).astype(np.float32)


def _copy(encoder: Encoder) -> Encoder:
    return Encoder(encoder.items, *(part.copy() for part in encoder[1:]))


def _held_back(pieces: Pieces, random: np.random.Generator) -> Int64:
    """Pieces whose last product is not learned from."""
    able = np.flatnonzero(pieces.ends & (pieces.lengths >= 3))
    return np.sort(random.permutation(able)[: min(HELD_BACK, int(len(able) * HELD_BACK_SHARE))])


def _rank_of_held_back(encoder: Encoder, pieces: Pieces, held_back: Int64) -> float:
    """Mean reciprocal rank of the last products of these pieces."""
    found: list[Reals] = []
    for start in range(0, len(held_back), RANKED_AT_ONCE):
        batch = batch_of(pieces, held_back[start : start + RANKED_AT_ONCE])
        last = batch.present.sum(axis=1) - 1
        asked = queries(encoder, batch)[np.cumsum(last + 1) - 1]
        scores = asked @ encoder.vectors.T
        wanted = batch.targets[np.arange(len(last)), last]
        of_wanted = scores[np.arange(len(last)), wanted]
        found.append(1.0 / (1.0 + (scores > of_wanted[:, None]).sum(axis=1)))
    return float(np.concatenate(found).mean()) if found else 0.0
