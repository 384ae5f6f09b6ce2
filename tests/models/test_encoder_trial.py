"""The encoder's trial: a shop that gains by it is served with it, another one is left alone for a week."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest

from recomengine.models import backtest as backtesting
from recomengine.models.backtest import Backtest
from recomengine.models.build import NOTHING_FORMER, Built, Former, build_model
from recomengine.models.encoder import Encoder, encoder_in
from recomengine.models.encoder_training import EPOCHS_WARM, Trained, train
from recomengine.models.encoder_trial import (
    BEFORE,
    GAINS,
    GROWN,
    NEVER_TRIED,
    NO_GAIN,
    RESTS_FOR,
    TOO_FEW,
    FormerTrial,
    Tried,
    begin,
    former_trial,
    judge,
)
from recomengine.models.histories import VIEW, Histories
from recomengine.models.learning import Published, former_of, former_of_new
from recomengine.models.schemas import Interval
from recomengine.models.sources import ENCODER, PLACE
from recomengine.models.versions import trial_of
from tests.models.events import HOUR_MS, START_MS, Event, histories_of
from tests.support.shops import model_of

NOW = datetime(2026, 5, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PRODUCTS, SHOPPERS, VISIT = 40, 400, 40
SEEN = SHOPPERS * VISIT
GAIN, NOISE = {"value": 0.02, "low": 0.0, "high": 0.04}, {"value": 0.01, "low": -0.01, "high": 0.03}
WORSE = {"value": -0.01, "low": -0.01, "high": -0.01}


@cache
def walks() -> Histories:
    """Whoever looked at a product looks at the one after the next most times."""
    draw = np.random.default_rng(4)
    events = []
    for user in range(SHOPPERS):
        start, item = int(draw.integers(5000)), int(draw.integers(PRODUCTS))
        for step in range(VISIT):
            events.append(Event(user, START_MS + (start + step) * HOUR_MS, VIEW, item, user + 1))
            item = (item + 2) % PRODUCTS if draw.random() < 0.9 else int(draw.integers(PRODUCTS))
    return histories_of(events)


@cache
def trained() -> Encoder:
    found = train(walks()).encoder
    assert found is not None
    return found


def build(former: Former) -> Built:
    fields = ("category", "brand", "description", "price", "attributes", "further_categories")
    catalog = [{"number": number, "name": f"p{number}", **dict.fromkeys(fields)} for number in range(PRODUCTS)]
    return build_model(walks(), catalog, PRODUCTS, former)


def trial(verdict: Mapping[str, Any] | None = None) -> Former:
    return NOTHING_FORMER._replace(trial=FormerTrial(None, 0, verdict))


@cache
def first() -> Built:
    """The first build of a shop."""
    return build(NOTHING_FORMER)


def taught(built: Built, verdict: dict[str, Any]) -> Former:
    """What a learning left that found the encoder worth having."""
    weights = {
        name.removeprefix("weights."): each for name, each in built.arrays.items() if name.startswith("weights.")
    }
    stats, tried = built.stats, Tried(verdict, trained())
    learned = Backtest(weights, stats["singles"], stats["repeatShare"], stats["contexts"], encoder=tried)
    return Former(learned, {}, "")


def worth(gain: Mapping[str, float]) -> bool:
    return gain["value"] > (gain["high"] - gain["low"]) / 2 / 1.96


def verdict_of(reason: str, at: datetime = NOW, events: int = SEEN) -> dict[str, Any]:
    return {
        "used": reason == GAINS, "outcome": reason, "decidedAt": at.isoformat(), "events": events,
        "throughMs": START_MS,
        "gains": {"session": GAIN if reason == GAINS else NOISE}, "places": 7, "heldBack": [0.1, 0.2],
    }  # fmt: skip


def test_the_first_learning_tries_it_and_says_what_it_was_worth() -> None:
    verdict = first().stats["encoder"]

    assert verdict["outcome"] == (GAINS if verdict["used"] else NO_GAIN)
    assert verdict["used"] == any(worth(gain) for gain in verdict["gains"].values())
    assert "session" in verdict["gains"]
    assert verdict["places"] > 0
    assert verdict["throughMs"] < walks().newest_ms, "it learned from what came before the cut"


def test_a_model_has_its_arrays_just_where_it_is_used() -> None:
    used = first().stats["encoder"]["used"]

    assert (encoder_in(first().arrays, ENCODER) is not None) == used
    assert (encoder_in(first().arrays, BEFORE) is not None) == used


def test_where_it_is_used_it_learns_once_more_from_all_events() -> None:
    built = build(taught(first(), verdict_of(GAINS)))

    served, before = encoder_in(built.arrays, ENCODER), encoder_in(built.arrays, BEFORE)
    again = train(walks(), trained()).encoder
    assert served is not None
    assert before is not None
    assert again is not None
    assert all(np.array_equal(one, other) for one, other in zip(served, again, strict=True))
    assert all(np.array_equal(one, other) for one, other in zip(before, trained(), strict=True))
    assert model_of(built).ranker.sources[PLACE[ENCODER]].encoder is not None


def test_while_the_learning_holds_it_is_taken_over_untouched() -> None:
    built = build(taught(first(), verdict_of(GAINS)))

    later = build(former_of(Published(built.arrays, built.stats), ()))

    for name in (ENCODER, BEFORE):
        one, other = encoder_in(built.arrays, name), encoder_in(later.arrays, name)
        assert one is not None
        assert other is not None
        assert all(np.array_equal(mine, theirs) for mine, theirs in zip(one, other, strict=True))
    assert later.stats["encoder"] == built.stats["encoder"]


def test_where_it_was_no_gain_it_is_not_learned_again_and_costs_nothing() -> None:
    verdict = verdict_of(NO_GAIN)

    built = build(trial(verdict))

    assert built.stats["encoder"] == verdict
    assert not [name for name in built.arrays if name.startswith((ENCODER, BEFORE))]
    assert model_of(built).ranker.sources[PLACE[ENCODER]].encoder is None
    weights = built.arrays["weights.session"]
    assert weights[2 * PLACE[ENCODER] : 2 * PLACE[ENCODER] + 2].tolist() == [0, 0]


@pytest.mark.parametrize(("reason", "age", "events", "rests"), [
    (NO_GAIN, DAY, SEEN, True), (NO_GAIN, RESTS_FOR - DAY, SEEN * GROWN - 1, True), (NO_GAIN, RESTS_FOR, SEEN, False),
    (NO_GAIN, DAY, SEEN * GROWN, False), (TOO_FEW, DAY, SEEN, False), (GAINS, DAY, SEEN, False),
])  # fmt: skip
def test_a_verdict_against_it_stands_for_a_week_unless_the_shop_doubles(
    reason: str, age: timedelta, events: int, rests: bool
) -> None:
    verdict = verdict_of(reason, NOW - age)

    assert former_trial({}, {"encoder": verdict}, events, NOW).verdict == (verdict if rests else None)


def test_a_model_from_before_it_knows_nothing_of_a_trial() -> None:
    assert former_trial({}, {}, SEEN, NOW) == NEVER_TRIED
    assert former_of_new(None, SEEN, NOW) == NOTHING_FORMER
    assert former_of_new(Published({}, {}), SEEN, NOW) == NOTHING_FORMER
    assert trial_of({}) is None


@pytest.mark.parametrize(("gains", "used"), [
    ({"session": GAIN, "home": NOISE}, True), ({"session": NOISE, "home": NOISE}, False), ({"home": WORSE}, False),
    ({}, False),
])  # fmt: skip
def test_it_is_used_where_the_gain_of_some_context_is_above_its_standard_error(
    gains: dict[str, dict[str, float]], used: bool
) -> None:
    tried = judge(Trained(trained(), [0.1], 9), NEVER_TRIED, gains, walks(), SEEN)

    assert tried.used is used
    assert tried.verdict["outcome"] == (GAINS if used else NO_GAIN)
    assert (tried.before is not None) is used
    assert judge(Trained(None, [], 9), NEVER_TRIED, {}, walks(), SEEN).verdict["outcome"] == TOO_FEW


@pytest.mark.parametrize("saw_less", [True, False])
def test_a_trial_sets_out_from_the_former_one_only_if_that_saw_nothing_of_its_cases(
    saw_less: bool,
) -> None:
    through_ms = walks().newest_ms + (0 if saw_less else 1)

    found = begin(walks(), FormerTrial(trained(), through_ms, None))

    assert (found.places <= EPOCHS_WARM * SEEN) is saw_less
    assert (found.figures == []) is saw_less


def test_what_the_backtest_silences_is_as_if_it_were_not_there() -> None:
    lists = backtesting.Lists(
        np.ones((3, 2 * len(PLACE) + 15), np.float32), np.zeros(3, bool), np.array([3]), np.array([1])
    )

    backtesting.silence(lists, ENCODER)

    assert np.flatnonzero(lists.features[0] == 0).tolist() == [2 * PLACE[ENCODER], 2 * PLACE[ENCODER] + 1]


def test_the_verdict_is_shown_with_its_date() -> None:
    shown = trial_of({"encoder": verdict_of(NO_GAIN)})

    assert shown is not None
    assert (shown.used, shown.outcome, shown.decided_at) == (False, NO_GAIN, NOW)
    assert shown.gains == {"session": Interval(**NOISE)}
