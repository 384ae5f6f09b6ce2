"""Learning the encoder: deterministic, within its bounds, from the start or from what was known, and no longer than
it helps.
"""

import tracemalloc
from functools import cache
from typing import Any

import numpy as np
import pytest

from recomengine.models import encoder_training as training
from recomengine.models.encoder import STEPS, Encoder
from recomengine.models.encoder_training import EPOCHS, EPOCHS_WARM, PATIENCE, Trained, batch_of, pieces_of, train
from recomengine.models.histories import DISLIKE, IMPRESSION, VIEW, Histories
from tests.models.events import HOUR_MS, START_MS, Event, histories_of

PRODUCTS, SHOPPERS, VISIT = 50, 300, 40


@cache
def walks(shoppers: int = SHOPPERS) -> Histories:
    """Whoever looked at a product looks at the one after the next most times."""
    draw = np.random.default_rng(4)
    events = []
    for user in range(shoppers):
        item = int(draw.integers(PRODUCTS))
        for step in range(VISIT):
            events.append(Event(user, START_MS + step * HOUR_MS, VIEW, item))
            item = (item + 2) % PRODUCTS if draw.random() < 0.9 else int(draw.integers(PRODUCTS))
    return histories_of(events)


@cache
def trained() -> Trained:
    return train(walks())


def visited(*items: int, kind: int = VIEW, user: int = 0) -> list[Event]:
    return [Event(user, START_MS + at * HOUR_MS, kind, item) for at, item in enumerate(items)]


def read(histories: Histories) -> list[list[int]]:
    items, pieces = pieces_of(histories)
    return [
        items[pieces.rows[start : start + length]].tolist()
        for start, length in zip(pieces.starts, pieces.lengths, strict=True)
    ]


def first_after(encoder: Encoder, item: int) -> int:
    """The product that comes next after one product, by the formula."""
    summed = encoder.lags[0] * encoder.vectors[item]
    asked = summed + np.maximum(summed @ encoder.up + encoder.up_bias, 0) @ encoder.down + encoder.down_bias
    return int(encoder.items[np.argmax(encoder.vectors @ asked)])


def test_it_learns_what_comes_next() -> None:
    encoder = trained().encoder

    assert encoder is not None
    right = [first_after(encoder, item) == (item + 2) % PRODUCTS for item in range(PRODUCTS)]
    assert sum(right) >= 0.95 * PRODUCTS


def test_the_same_histories_give_the_same_arrays_to_the_bit() -> None:
    again = train(walks())

    assert again.figures == trained().figures
    assert again.encoder is not None
    assert all(np.array_equal(one, other) for one, other in zip(again.encoder, trained().encoder or (), strict=True))


def test_from_what_was_known_fewer_rounds_do() -> None:
    later = train(walks(), trained().encoder)

    assert later.encoder is not None
    right = [first_after(later.encoder, item) == (item + 2) % PRODUCTS for item in range(PRODUCTS)]
    assert sum(right) >= 0.95 * PRODUCTS, "it begins with what was known"
    assert EPOCHS_WARM < EPOCHS
    assert later.places <= EPOCHS_WARM * SHOPPERS * VISIT


def test_what_the_former_may_have_learned_does_not_judge_it() -> None:
    """It would be best before it learns anything new."""
    former = trained().encoder
    later = train(walks(), former)

    assert later.figures == []
    assert former is not None
    assert later.encoder is not None
    assert not np.array_equal(later.encoder.vectors, former.vectors)


def test_what_is_taken_as_a_start_stays_as_it_is() -> None:
    former = trained().encoder
    assert former is not None
    before = [part.copy() for part in former]

    train(walks(), former)

    assert all(np.array_equal(one, other) for one, other in zip(former, before, strict=True))


def test_it_stops_when_what_is_held_back_gets_no_better_and_keeps_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = iter([0.1, 0.3, 0.2, 0.25, 0.9])
    states = []

    def measured(encoder: Encoder, *_: Any) -> float:
        states.append(encoder.vectors.copy())
        return next(figures)

    monkeypatch.setattr(training, "_rank_of_held_back", measured)
    found = train(walks())

    assert found.figures == [0.1, 0.3, 0.2, 0.25]
    assert len(found.figures) == 2 + PATIENCE
    assert found.encoder is not None
    assert np.array_equal(found.encoder.vectors, states[1])


def test_with_too_few_events_nothing_is_learned() -> None:
    assert train(walks(20)).encoder is None
    assert train(histories_of([], users=0)) == Trained(None, [], 0)


def test_a_round_reads_no_more_than_its_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "EPOCH_PLACES", 1500)

    assert train(walks()).places <= 1500 * EPOCHS


def test_only_the_products_that_occur_most_have_a_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "MAX_PRODUCTS", 2)

    assert read(histories_of(visited(7, 3, 5, 3, 5, 9))) == [[3, 5, 3, 5]]


def test_memory_is_bounded_by_the_products_and_a_batch() -> None:
    """Four times the vectors (what is learned, two means, the best), and some MB for a batch, however many events."""
    histories = walks()
    train(histories)
    tracemalloc.start()
    try:
        train(histories)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 16 * 2**20


def test_a_sequence_is_a_shoppers_interest_and_what_follows_itself_counts_once() -> None:
    events = visited(4, 4, 6, 4) + visited(8, 8, user=1) + visited(3, 5, user=2)
    events += [Event(2, START_MS + at, kind, 6) for at, kind in enumerate((IMPRESSION, DISLIKE))]

    assert read(histories_of(events)) == [[4, 6, 4], [3, 5]]


def test_a_long_history_is_cut_from_its_newest_end_into_pieces_that_meet() -> None:
    items = [at % 3 for at in range(2 * STEPS + 10)]

    assert read(histories_of(visited(*items))) == [items[-STEPS - 1 :], items[9 : STEPS + 10], items[:10]]


def test_a_batch_says_of_each_place_what_came_next() -> None:
    items, pieces = pieces_of(histories_of(visited(4, 6, 9) + visited(6, 4, user=1)))
    batch = batch_of(pieces, np.array([0, 1]))

    assert items[batch.inputs[batch.present]].tolist() == [4, 6, 6]
    assert items[batch.targets[batch.present]].tolist() == [6, 9, 4]
    assert batch.present.tolist() == [[True, True], [True, False]]
