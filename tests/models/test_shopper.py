"""The moment of a request: what the evidence starts from, and with which weights."""

import numpy as np
import pytest

from recomengine.models.histories import ADD_TO_CART, EVENT_TYPES, IMPRESSION, PURCHASE, VIEW
from recomengine.models.shopper import (
    BEFORE,
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
    assert now.profiles[:, 0].tolist() == [1.0, 1.0, 1.0, 0.0, 0.0, 0.0], "nothing is of before"


def test_a_running_session_starts_from_its_own_products_where_nothing_was_learned() -> None:
    known = shopper((1, VIEW, 30, 2), (2, VIEW, 20, 2), (3, PURCHASE, 10, 1), session=2)
    now = moment("home", NO_ITEMS, known)
    assert (now.context, now.weighed_as, now.seeds.tolist(), now.shopper.session) == ("session", "session", [1, 2], 2)
    assert now.own_items.tolist() == [3]
    late = at_home(known._replace(session=0))
    assert (late.context, late.seeds.tolist(), late.shopper.session) == ("home", [1, 2, 3], 0)


def test_what_came_before_a_session_stands_beside_it_in_rows_of_its_own() -> None:
    known = shopper((1, VIEW, 30, 2), (2, VIEW, 20, 2), (2, PURCHASE, 12, 1), (3, PURCHASE, 10, 1), session=2)
    now = moment("home", NO_ITEMS, known, {"session_known"})
    assert (now.context, now.weighed_as, now.seeds.tolist()) == ("session", "session_known", [1, 2, 3])
    assert now.at_hand.tolist() == [1, 2]
    for profile in (STEEP, GENTLE, FLAT):
        decay = DECAYS[profile]
        assert now.profiles[profile] == pytest.approx([1.0, decay, 0.0])
        assert now.profiles[BEFORE + profile] == pytest.approx([0.0, 0.0, 1.0]), "both are of one order"
    assert now.own_items.tolist() == [2, 3]


@pytest.mark.parametrize("visited", [(1, VIEW, 30, 2), (1, ADD_TO_CART, 30, 2)])
def test_a_visit_is_weighed_as_home_with_all_that_is_known_where_only_homes_were_learned(
    visited: tuple[int, int, int, int],
) -> None:
    known = shopper(visited, (2, PURCHASE, 20, 0), (3, PURCHASE, 10, 0), session=1)
    now = moment("home", NO_ITEMS, known, {"home_new", "home"})
    assert (now.context, now.weighed_as, now.shopper.session) == ("session", "home_in_session", 1)
    assert now.seeds.tolist() == now.at_hand.tolist() == [1, 2, 3]
    assert now.profiles[STEEP] == pytest.approx(DECAYS[STEEP] ** np.array([0, 1, 2]))
    newcomer = known._replace(items=known.items[:1], types=known.types[:1], times_ms=known.times_ms[:1])
    newcomer = newcomer._replace(groups=known.groups[:1])
    assert moment("home", NO_ITEMS, newcomer, {"home"}).weighed_as == "home_in_session"
    assert moment("home", NO_ITEMS, newcomer, {"home", "session"}).weighed_as == "session"


def test_one_purchase_in_a_purchase_only_shop_counts_as_one_more_purchase() -> None:
    purchases = ((1, PURCHASE, 30, 0), (2, PURCHASE, 20, 0), (3, PURCHASE, 10, 0))
    just_now, long_ago = at_home(shopper(*purchases, session=1)), at_home(shopper(*purchases))
    assert just_now.context == "home"
    assert (just_now.seeds.tolist(), just_now.own_items.tolist()) == ([1, 2, 3], [1, 2, 3])
    for one, other in zip(just_now[1:5], long_ago[1:5], strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(("page", "context"), [("home", "product"), ("product", "product"), ("cart", "cart")])
def test_a_page_with_products_is_answered_from_them_alone_where_nothing_else_was_learned(
    page: str, context: str
) -> None:
    known = shopper((1, VIEW, 30, 2), (3, PURCHASE, 10, 1), session=1)
    now = moment(page, np.array([5, 6], np.int32), known, {"home", "product", "cart"})
    assert (now.context, now.weighed_as, now.seeds.tolist(), now.shopper) == (context, context, [5, 6], NOBODY)
    assert now.profiles.tolist() == [[1.0, 1.0]] * 3 + [[0.0, 0.0]] * 3


@pytest.mark.parametrize("page", ["product", "cart"])
def test_what_a_shopper_did_before_a_page_stands_beside_its_products_in_rows_of_its_own(page: str) -> None:
    known = shopper((5, VIEW, 40, 2), (1, VIEW, 30, 2), (3, PURCHASE, 10, 1), session=1)
    now = moment(page, np.array([5, 6], np.int32), known, {f"{page}_known"})
    assert (now.context, now.weighed_as, now.seeds.tolist()) == (page, f"{page}_known", [5, 6, 1, 3])
    assert now.at_hand.tolist() == now.on_page.tolist() == [5, 6]
    for profile in (STEEP, GENTLE, FLAT):
        decay = DECAYS[profile]
        assert now.profiles[profile].tolist() == [1.0, 1.0, 0.0, 0.0]
        assert now.profiles[BEFORE + profile] == pytest.approx([0.0, 0.0, decay, decay**2])
    assert (now.own_items.tolist(), now.shopper) == ([3], known)
    only_the_page = moment(page, np.array([5, 1, 3], np.int32), known, {f"{page}_known"})
    assert only_the_page.weighed_as == page


def test_nobody_has_no_seeds_and_a_long_history_has_a_bound() -> None:
    assert len(at_home(NOBODY).seeds) == 0
    assert at_home(NOBODY).profiles.shape == (2 * BEFORE, 1)
    assert len(at_home(shopper(*((n, VIEW, 1000 - n, 0) for n in range(500)))).seeds) == HOME_SEEDS
