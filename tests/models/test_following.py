"""How far sequences are followed: chosen by each shop's backtest, and kept with its model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine._core.sequences import following_topk
from recomengine.models.backtest import Shelf, choose_following
from recomengine.models.cases import split
from recomengine.models.evidence import build_evidence
from recomengine.models.following import CANDIDATES, FOLLOWING, NEAR, Following, as_array, chosen, following_in
from recomengine.models.grouping import Grouped, sequences_of
from recomengine.models.histories import DAY_MS, PURCHASE, VIEW, Histories
from recomengine.models.tables import NEIGHBOURS
from tests.models.events import HOUR_MS, START_MS, Event, histories_of
from tests.support.matrices import csr

ITEMS = 60
WIDE = CANDIDATES[1]


def shelf() -> Shelf:
    return Shelf(np.ones(ITEMS, np.uint8), np.full(ITEMS, 500, np.int64), np.zeros(ITEMS, np.int32))


def bought_far_apart() -> Histories:
    """Twice twelve products at once: even ones, and months later the odd one beside each, twelve places on."""
    draw = np.random.default_rng(3)
    events = []
    for user in range(300):
        first = 2 * draw.choice(ITEMS // 2, 12, replace=False)
        start = START_MS + user * DAY_MS
        events += [Event(user, start, PURCHASE, int(item)) for item in first]
        events += [Event(user, start + 100 * DAY_MS, PURCHASE, int(item) + 1) for item in first]
    return histories_of(events)


def viewed_in_twos() -> Histories:
    """Visits of two products, side by side, in either order."""
    draw = np.random.default_rng(3)
    events = []
    for visit in range(900):
        first = int(draw.integers(ITEMS))
        start = START_MS + visit * HOUR_MS
        events += [Event(visit, start + turn, VIEW, item, visit + 1) for turn, item in enumerate((first, first ^ 1))]
    return histories_of(events)


def choice(histories: Histories) -> Following:
    before, cases = split(histories)
    return choose_following(before, {"home_new": cases["home_new"], "session": cases["session"]}, shelf())


def test_what_is_bought_far_apart_is_followed_far() -> None:
    assert choice(bought_far_apart()) == WIDE


def test_where_nothing_tells_them_apart_the_default_stays() -> None:
    assert choice(viewed_in_twos()) == NEAR


def test_a_shop_with_few_cases_keeps_the_default() -> None:
    before, cases = split(bought_far_apart())
    few = {"home_new": cases["home_new"][:59], "session": cases["session"]}
    assert choose_following(before, few, shelf()) == NEAR


@given(st.lists(st.floats(0, 1), min_size=2, max_size=50), st.floats(-0.5, 0.5), st.integers(0, 2**31))
def test_another_is_chosen_where_its_mean_gain_is_more_than_a_standard_error(
    default: list[float], shift: float, seed: int
) -> None:
    figures = np.array(default)
    other = figures + shift * np.random.default_rng(seed).random(len(figures))
    gain = other - figures
    clear = gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain))
    assert chosen([figures, other]) == (WIDE if clear else NEAR)
    assert chosen([figures, figures]) == NEAR


@pytest.mark.parametrize("following", CANDIDATES)
def test_evidence_is_built_as_chosen_and_what_comes_later_is_folded_in_the_same_way(following: Following) -> None:
    histories = bought_far_apart()
    arrays, _ = build_evidence(histories, csr([{}] * ITEMS), ITEMS, following=following)
    expected = following_topk(
        *sequences_of(histories), ITEMS, NEIGHBOURS, window=following.window, exponent=following.exponent,
        back=following.back,
    )  # fmt: skip
    assert np.array_equal(arrays["sequence.indices"], expected.indices)
    assert np.array_equal(arrays["sequence.data"], expected.data)
    assert following_in(arrays) == Grouped(histories, ITEMS, arrays).following == following


def test_models_of_before_it_was_chosen_have_the_default() -> None:
    assert following_in({}) == NEAR
    assert following_in({FOLLOWING: as_array(WIDE)}) == WIDE
