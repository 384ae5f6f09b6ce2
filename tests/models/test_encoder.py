"""The network of the learned encoder: its slopes are those of its loss, and what it learned is taken over."""

from typing import Any

import numpy as np
import pytest

from recomengine.models import encoder as network
from recomengine.models.encoder import (
    DIM,
    STEPS,
    Batch,
    Encoder,
    Negatives,
    carried,
    encoder_in,
    initial,
    loss_and_slopes,
    put_encoder,
    queries,
)

PRODUCTS = 9


def encoder_of(seed: int = 3, dtype: Any = np.float64) -> Encoder:
    draw = np.random.default_rng(seed)
    start = initial(np.arange(PRODUCTS, dtype=np.int32) * 2, draw)
    return Encoder(start.items, *(draw.normal(0, 0.3, part.shape).astype(dtype) for part in start[1:]))


def sequences(*given: list[int]) -> Batch:
    length = max(map(len, given)) - 1
    rows = np.array([each + [0] * (length + 1 - len(each)) for each in given])
    present = np.arange(length) < np.array([[len(each) - 1] for each in given])
    return Batch(np.where(present, rows[:, :-1], 0), np.where(present, rows[:, 1:], 0), present)


BATCH = sequences([0, 3, 1, 3, 8], [5, 5, 2], [7, 4])
SOME = Negatives(np.array([1, 2, 6]), np.random.default_rng(5).normal(size=PRODUCTS))
ALL = Negatives(np.arange(PRODUCTS), np.zeros(PRODUCTS))


def plain_query(encoder: Encoder, newest_first: list[int]) -> Any:
    """The formula, product by product."""
    summed = sum(encoder.lags[back] * encoder.vectors[row] for back, row in enumerate(newest_first))
    return summed + np.maximum(summed @ encoder.up + encoder.up_bias, 0) @ encoder.down + encoder.down_bias


def plain_loss(encoder: Encoder, given: list[list[int]], negatives: Negatives) -> float:
    losses = []
    for rows in given:
        for place in range(1, len(rows)):
            asked, target = plain_query(encoder, rows[:place][::-1]), rows[place]
            drawn = [row for row in negatives.rows.tolist() if row != target] + [target]
            scores = np.array([encoder.vectors[row] @ asked - negatives.log_chances[row] for row in drawn])
            losses.append(np.log(np.exp(scores).sum()) - scores[-1])
    return float(np.mean(losses))


@pytest.mark.parametrize("negatives", [SOME, ALL])
def test_the_loss_is_the_sampled_softmax_of_the_formula(negatives: Negatives) -> None:
    loss, _ = loss_and_slopes(encoder_of(), BATCH, negatives)

    assert loss == pytest.approx(plain_loss(encoder_of(), [[0, 3, 1, 3, 8], [5, 5, 2], [7, 4]], negatives), rel=1e-9)


@pytest.mark.parametrize("negatives", [SOME, ALL])
@pytest.mark.parametrize("part", Encoder._fields[1:])
def test_slopes_are_those_of_finite_differences(part: str, negatives: Negatives) -> None:
    encoder, step = encoder_of(), 1e-6
    _, slopes = loss_and_slopes(encoder, BATCH, negatives)
    found = getattr(slopes, part)
    if part == "vectors":
        whole = np.zeros((PRODUCTS, DIM))
        whole[slopes.rows] = found
        found = whole
    values = getattr(encoder, part)
    for at in [*np.random.default_rng(1).permutation(values.size)[:60].tolist(), 0, values.size - 1]:
        place = np.unravel_index(at, values.shape)
        kept, losses = values[place], []
        for moved in (kept + step, kept - step):
            values[place] = moved
            losses.append(loss_and_slopes(encoder, BATCH, negatives)[0])
        values[place] = kept
        assert found[place] == pytest.approx((losses[0] - losses[1]) / (2 * step), abs=1e-7), place


def test_a_place_knows_nothing_of_what_comes_after_it() -> None:
    encoder = encoder_of()
    one, other = sequences([0, 3, 1, 3, 8]), sequences([0, 3, 1, 6, 2])

    assert queries(encoder, one)[:3].tolist() == queries(encoder, other)[:3].tolist()
    assert queries(encoder, one)[3].tolist() != queries(encoder, other)[3].tolist()


def test_the_longest_sequence_is_seen_whole() -> None:
    rows = [at % PRODUCTS for at in range(STEPS + 1)]

    assert queries(encoder_of(), sequences(rows))[-1] == pytest.approx(plain_query(encoder_of(), rows[:STEPS][::-1]))


def test_what_was_learned_of_a_product_is_carried_over_by_its_number() -> None:
    former = encoder_of(dtype=np.float32)

    later = carried(former, np.array([0, 1, 4, 99], np.int32), np.random.default_rng(2))

    assert later.vectors[[0, 2]].tolist() == former.vectors[[0, 2]].tolist()
    assert not np.isin(later.vectors[[1, 3]], former.vectors).any()
    assert all(np.array_equal(one, other) for one, other in zip(later[2:], former[2:], strict=True))
    assert not any(np.shares_memory(one, other) for one, other in zip(later[1:], former[1:], strict=True))


def test_it_is_found_again_among_the_arrays_of_a_model_that_has_it() -> None:
    arrays: dict[str, Any] = {}
    put_encoder(arrays, "encoder", encoder_of())

    found = encoder_in(arrays, "encoder")

    assert found is not None
    assert all(np.array_equal(one, other) for one, other in zip(found, encoder_of(), strict=True))
    assert encoder_in({}, "encoder") is None


def test_of_a_large_catalog_it_knows_what_scores_best_after_each_product_among_those_that_occur_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder = encoder_of()
    for name, value in (("SCANNED", 4), ("NEAR", 3), ("COMMON", 6), ("AT_ONCE", 2)):
        monkeypatch.setattr(network, name, value)
    often = np.array([5, 1, 9, 9, 2, 0, 7, 8, 3])
    common = [0, 2, 3, 6, 7, 8]

    found = network.nearest(encoder, often)

    for row in range(PRODUCTS):
        scores = {other: encoder.vectors[other] @ plain_query(encoder, [row]) for other in common}
        assert found[row].tolist() == sorted(sorted(common, key=lambda other: -scores[other])[:3]), row


def test_a_small_catalog_is_scored_whole_and_needs_no_such_list() -> None:
    assert network.nearest(encoder_of(), np.ones(PRODUCTS, np.int64)).shape == (PRODUCTS, 0)
