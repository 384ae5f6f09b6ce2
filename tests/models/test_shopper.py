"""The moment of a request: what the evidence starts from, and with which weights."""

import numpy as np
import pytest

from recomengine.models.histories import ADD_TO_CART, EVENT_TYPES, IMPRESSION, PURCHASE, VIEW
from recomengine.models.shopper import (
    DECAYS,
    FLAT,
    GENTLE,
    HOME_SEEDS,
    NO_ITEMS,
    NOBODY,
    OWN_DECAY,
    STEEP,
    Moment,
    Shopper,
    moment,
)

REMOVE = EVENT_TYPES.index("remove_from_cart")


def shopper(*events: tuple[int, int, int, int], session: int = 0) -> Shopper:
    """Events newest first: item, type, time, group."""
    items, types, times, groups = zip(*events, strict=True)
    return Shopper(
        np.array(items, np.int32),
        np.array(types, np.uint8),
        np.array(times, np.int64),
        np.array(groups, np.int64),
        session,
    )


def at_home(known: Shopper) -> Moment:
    return moment("home", NO_ITEMS, known)


def test_seeds_are_distinct_and_newest_first_and_fade_with_each_occasion() -> None:
    now = at_home(shopper((1, VIEW, 30, 0), (2, VIEW, 20, 0), (1, VIEW, 10, 0), (3, VIEW, 5, 0)))
    assert now.seeds.tolist() == [1, 2, 3]
    for profile in (STEEP, GENTLE, FLAT):
        assert now.profiles[profile] == pytest.approx(DECAYS[profile] ** np.array([0, 1, 3]))


def test_the_lines_of_one_order_are_one_occasion_whatever_their_seconds() -> None:
    now = at_home(shopper((1, PURCHASE, 31, 7), (2, PURCHASE, 30, 7), (3, PURCHASE, 20, 6)))
    assert now.profiles[STEEP] == pytest.approx(DECAYS[STEEP] ** np.array([0, 0, 1]))
    assert now.own_items.tolist() == [1, 2, 3]
    assert now.own_weights == pytest.approx(OWN_DECAY ** np.array([0, 0, 1]))


def test_what_was_only_shown_or_was_removed_is_no_interest() -> None:
    now = at_home(shopper((1, IMPRESSION, 30, 0), (2, REMOVE, 20, 0), (3, ADD_TO_CART, 10, 0)))
    assert now.seeds.tolist() == [3]
    assert now.profiles[:, 0].tolist() == [1.0, 1.0, 1.0]


def test_a_running_session_starts_from_its_own_products_and_keeps_the_rest_as_history() -> None:
    known = shopper((1, VIEW, 30, 2), (2, VIEW, 20, 2), (3, PURCHASE, 10, 1), session=2)
    now = moment("home", NO_ITEMS, known)
    assert (now.context, now.seeds.tolist(), now.shopper.session) == ("session", [1, 2], 2)
    assert now.own_items.tolist() == [3]
    late = at_home(known._replace(session=0))
    assert (late.context, late.seeds.tolist(), late.shopper.session) == ("home", [1, 2, 3], 0)


def test_one_purchase_in_a_purchase_only_shop_counts_as_one_more_purchase() -> None:
    purchases = ((1, PURCHASE, 30, 0), (2, PURCHASE, 20, 0), (3, PURCHASE, 10, 0))
    just_now, long_ago = at_home(shopper(*purchases, session=1)), at_home(shopper(*purchases))
    assert just_now.context == "home"
    assert (just_now.seeds.tolist(), just_now.own_items.tolist()) == ([1, 2, 3], [1, 2, 3])
    for one, other in zip(just_now[1:5], long_ago[1:5], strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(("page", "context"), [("home", "product"), ("product", "product"), ("cart", "cart")])
def test_a_page_with_products_is_answered_from_them_alone(page: str, context: str) -> None:
    known = shopper((1, VIEW, 30, 2), (3, PURCHASE, 10, 1), session=1)
    now = moment(page, np.array([5, 6], np.int32), known)
    assert (now.context, now.seeds.tolist(), now.shopper) == (context, [5, 6], NOBODY)
    assert now.profiles.tolist() == [[1.0, 1.0]] * 3


def test_nobody_has_no_seeds_and_a_long_history_has_a_bound() -> None:
    assert len(at_home(NOBODY).seeds) == 0
    assert at_home(NOBODY).profiles.shape == (3, 1)
    assert len(at_home(shopper(*((n, VIEW, 1000 - n, 0) for n in range(500)))).seeds) == HOME_SEEDS
