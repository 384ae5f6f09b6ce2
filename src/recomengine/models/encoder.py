"""The network of the source `encoder`: what comes next after a shopper's products, in their order.

    u_t = Σ_{k < STEPS} lags[k] ∘ v(i_{t-k})              one causal filter for each of the DIM channels
    q_t = u_t + max(0, u_t · up + up_bias) · down + down_bias
    P(j next | i_1 … i_t) = e^{v(j) · q_t} / Σ e^{v · q_t}            the vectors v are the same on both sides

The loss is the mean of -ln P over the places of a batch, where the sum runs over the target and negatives drawn for the
batch with chance r, each score less ln(r · draws): sampled softmax (Bengio & Senécal 2003), which needs no sum over the
catalog. Where all products are drawn it is the softmax itself. A batch is a rectangle of sequences of much the same
length; the filter is one product of matrices for each channel. Cost: 6 · DIM · negatives multiply-adds a place, which
is all BLAS. _core/encoder.pyx is the same network in a request.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Int32, Int64
from recomengine.models.arrays import Arrays

DIM, STEPS = 64, 50
SPREAD = 0.05
"""Of the vectors at the start."""
FADING = 0.7
"""What a step back leaves of a vector at the start."""
EXCLUDED = -1e9
SCANNED, NEAR, COMMON = 4000, 50, 20_000
"""SCANNED: as in _core/candidates.pyx."""
AT_ONCE = 256

Reals = NDArray[np.floating[Any]]


class Encoder(NamedTuple):
    """items int32, growing: product numbers, a row of `vectors` each. All others float32, products × DIM, STEPS × DIM,
    DIM × DIM or DIM."""

    items: Int32
    vectors: Reals
    lags: Reals
    up: Reals
    up_bias: Reals
    down: Reals
    down_bias: Reals


class Batch(NamedTuple):
    """Sequences × places: rows of what was there and of what came next, and which places are real."""

    inputs: Int64
    targets: Int64
    present: NDArray[np.bool_]


class Negatives(NamedTuple):
    """rows: distinct; log_chances: of every product, ln of how often it is expected among them."""

    rows: Int64
    log_chances: Reals


class Gradients(NamedTuple):
    """rows: distinct rows of vectors, and vectors: their slopes; the rest as in Encoder."""

    rows: Int64
    vectors: Reals
    lags: Reals
    up: Reals
    up_bias: Reals
    down: Reals
    down_bias: Reals


class _Hidden(NamedTuple):
    """What the way forward leaves for the way back. shifted: channel × place × sequence; blocks: channel × place ×
    place."""

    shifted: Reals
    blocks: Reals
    summed: Reals
    active: Reals
    queries: Reals


def initial(items: Int32, random: np.random.Generator) -> Encoder:
    def normal(spread: float, *shape: int) -> Reals:
        return random.normal(0.0, spread, shape).astype(np.float32)

    lags = np.repeat(FADING ** np.arange(STEPS)[:, None], DIM, axis=1).astype(np.float32)
    nought = np.zeros(DIM, np.float32)
    return Encoder(
        items, normal(SPREAD, len(items), DIM), lags, normal(DIM**-0.5, DIM, DIM), nought,
        normal(0.1 * DIM**-0.5, DIM, DIM), nought.copy(),
    )  # fmt: skip


def carried(former: Encoder, items: Int32, random: np.random.Generator) -> Encoder:
    """What `former` has learned, for these products: new ones begin anew, those that are gone are dropped."""
    fresh = initial(items, random).vectors
    places = np.minimum(np.searchsorted(former.items, items), len(former.items) - 1)
    known = former.items[places] == items
    fresh[known] = former.vectors[places[known]]
    return Encoder(items, fresh, *(part.copy() for part in former[2:]))


def put_encoder(arrays: Arrays, name: str, encoder: Encoder) -> None:
    arrays |= {f"{name}.{part}": array for part, array in zip(Encoder._fields, encoder, strict=True)}


def encoder_in(arrays: Mapping[str, NDArray[Any]], name: str) -> Encoder | None:
    """None in a model that was built without it."""
    return Encoder(*(arrays[f"{name}.{part}"] for part in Encoder._fields)) if f"{name}.items" in arrays else None


def put_near(arrays: Arrays, name: str, near: Int32) -> None:
    arrays[f"{name}.near"] = near


def near_in(arrays: Mapping[str, NDArray[Any]], name: str) -> Int32:
    found: Int32 = arrays[f"{name}.near"]
    return found


def nearest(encoder: Encoder, often: Int64) -> Int32:
    """Rows × NEAR (× 0 where all products are scored in a request anyway): of each product the rows of those that score
    best after it alone, among the COMMON that occur most; often: how often each row does.
    """
    size = len(encoder.items)
    if size <= SCANNED:
        return np.empty((size, 0), np.int32)
    common = np.sort(np.argsort(-often, kind="stable")[:COMMON])
    summed = encoder.vectors * encoder.lags[0]
    asked = summed + np.maximum(summed @ encoder.up + encoder.up_bias, 0.0) @ encoder.down + encoder.down_bias
    of_common, near = encoder.vectors[common].T, np.empty((size, NEAR), np.int32)
    for start in range(0, size, AT_ONCE):
        scores = asked[start : start + AT_ONCE] @ of_common
        near[start : start + AT_ONCE] = common[np.sort(np.argpartition(-scores, NEAR, axis=1)[:, :NEAR], axis=1)]
    return near


def queries(encoder: Encoder, batch: Batch) -> Reals:
    """What each real place of the batch asks for, sequence by sequence: places × DIM."""
    return _forward(encoder, batch).queries


def loss_and_slopes(encoder: Encoder, batch: Batch, negatives: Negatives) -> tuple[float, Gradients]:
    found = _forward(encoder, batch)
    targets = batch.targets[batch.present]
    drawn, wanted = encoder.vectors[negatives.rows], encoder.vectors[targets]
    scores, of_targets = _scores(found.queries, targets, drawn, wanted, negatives)
    highest = np.maximum(scores.max(axis=1), of_targets)
    chances, of_target = np.exp(scores - highest[:, None]), np.exp(of_targets - highest)
    total = chances.sum(axis=1) + of_target
    loss = float(np.mean(np.log(total) - (of_targets - highest)))
    chances /= (total * len(targets))[:, None]
    pull = ((of_target / total - 1.0) / len(targets))[:, None]
    of_queries = chances @ drawn + pull * wanted
    slopes = _back(encoder, found, batch, of_queries)
    rows = np.concatenate([batch.inputs[batch.present], targets, negatives.rows])
    sums = _summed_by_row(rows, np.concatenate([slopes[0], pull * found.queries, chances.T @ found.queries]))
    return loss, Gradients(*sums, *slopes[1:])


def _scores(asked: Reals, targets: Int64, drawn: Reals, wanted: Reals, negatives: Negatives) -> tuple[Reals, Reals]:
    """(places × negatives, places): scores as the sampled softmax takes them; a target is no negative of its own
    place.
    """
    scores = asked @ drawn.T - negatives.log_chances[negatives.rows]
    order = np.argsort(negatives.rows, kind="stable")
    at = order[np.minimum(np.searchsorted(negatives.rows[order], targets), len(order) - 1)]
    same = negatives.rows[at] == targets
    scores[np.flatnonzero(same), at[same]] = EXCLUDED
    return scores, np.einsum("pc,pc->p", asked, wanted) - negatives.log_chances[targets]


def _forward(encoder: Encoder, batch: Batch) -> _Hidden:
    length = batch.inputs.shape[1]
    shown = encoder.vectors[batch.inputs] * batch.present[:, :, None]
    shifted = np.ascontiguousarray(shown.transpose(2, 1, 0))
    blocks = (encoder.lags[:length].T @ _shifts(length).astype(shifted.dtype)).reshape(DIM, length, length)
    summed = (blocks @ shifted).transpose(2, 1, 0)[batch.present]
    active = np.maximum(summed @ encoder.up + encoder.up_bias, 0.0)
    return _Hidden(shifted, blocks, summed, active, summed + active @ encoder.down + encoder.down_bias)


def _back(encoder: Encoder, found: _Hidden, batch: Batch, of_queries: Reals) -> tuple[Reals, ...]:
    """Slopes of the shown vectors, place by place, and of lags, up, up_bias, down, down_bias."""
    length = batch.inputs.shape[1]
    of_active = (of_queries @ encoder.down.T) * (found.active > 0)
    of_summed = np.zeros((*batch.inputs.shape, DIM), of_queries.dtype)
    of_summed[batch.present] = of_queries + of_active @ encoder.up.T
    of_shifted = np.ascontiguousarray(of_summed.transpose(2, 1, 0))
    of_blocks = (of_shifted @ found.shifted.transpose(0, 2, 1)).reshape(DIM, length * length)
    of_lags = np.zeros_like(encoder.lags)
    of_lags[:length] = (of_blocks @ _shifts(length).T.astype(of_blocks.dtype)).T
    shown = (found.blocks.transpose(0, 2, 1) @ of_shifted).transpose(2, 1, 0)[batch.present]
    return (
        shown, of_lags, found.summed.T @ of_active, of_active.sum(axis=0), found.active.T @ of_queries,
        of_queries.sum(axis=0),
    )  # fmt: skip


@lru_cache(maxsize=STEPS)
def _shifts(length: int) -> Reals:
    """lags × (place · length + place before): 1 where the one lies that many steps behind the other."""
    places = np.arange(length)
    behind = (places[:, None] - places[None, :]).ravel()
    shifts: Reals = (places[:, None] == behind).astype(np.float32)
    return shifts


def _summed_by_row(rows: Int64, slopes: Reals) -> tuple[Int64, Reals]:
    """(distinct rows, the sum of the slopes of each), summed in their order."""
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    starts = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
    return rows[starts], np.add.reduceat(slopes[order], starts, axis=0)
