"""What people buy once, and what again, told from their purchases."""

import numpy as np
from numpy.typing import NDArray

from recomengine.models.histories import DAY_MS, PURCHASE, VIEW, Histories
from recomengine.models.rebuying import LIKELY, again_shares, by_likelihood
from recomengine.models.shopper import NO_ITEMS, NOBODY, moment
from tests.models.events import HOUR_MS, START_MS, Event, histories_of

COFFEE, TEA, TENT, LAMP = range(4)
CATEGORIES = np.array([0, 0, 1, -1], np.int32)


def bought_once(histories: Histories, categories: NDArray[np.int32]) -> NDArray[np.int64]:
    return np.flatnonzero(again_shares(histories, categories) < LIKELY)


def bought(*purchases: tuple[int, int, float], kind: int = PURCHASE) -> Histories:
    """Who, what, on which day."""
    events = [
        Event(user, START_MS + int(day * DAY_MS), kind, item, 1 + at) for at, (user, item, day) in enumerate(purchases)
    ]
    return histories_of(events, users=1 + max(user for user, _, _ in purchases))


def test_what_nobody_buys_again_is_bought_once_beside_what_half_the_shoppers_do() -> None:
    once = [(user, item, 0) for user in range(200) for item in (COFFEE, TENT)]
    again = [(user, COFFEE, 7) for user in range(0, 200, 2)]

    assert bought_once(bought(*once, *again), CATEGORIES).tolist() == [TENT]


def test_a_product_that_few_bought_counts_as_its_category_and_without_one_as_the_shop() -> None:
    once = [(user, item, 0) for user in range(200) for item in (COFFEE, TENT)]
    again = [(user, COFFEE, 7) for user in range(0, 200, 2)]
    few = [(0, TEA, 1), (0, LAMP, 1)]
    tents = np.array([0, 1, 1, -1], np.int32)

    assert bought_once(bought(*once, *again, *few), CATEGORIES).tolist() == [TENT]
    assert bought_once(bought(*once, *again, *few), tents).tolist() == [TEA, TENT]


def test_two_orders_of_one_day_are_no_coming_back_and_a_second_look_is_none() -> None:
    twice = [(user, COFFEE, part * HOUR_MS / DAY_MS) for user in range(200) for part in range(3)]
    looks = bought(*((user, COFFEE, day) for user in range(200) for day in range(3)), kind=VIEW)

    assert bought_once(bought(*twice), CATEGORIES[:1]).tolist() == [COFFEE]
    assert bought_once(looks, CATEGORIES[:1]).tolist() == [COFFEE]


def test_a_shop_without_products_or_purchases_is_no_error() -> None:
    nothing = histories_of([], users=1)

    assert bought_once(nothing, CATEGORIES[:0]).tolist() == []
    assert bought_once(nothing, CATEGORIES).tolist() == [COFFEE, TEA, TENT, LAMP]


def test_purchases_weigh_as_likely_as_they_come_again() -> None:
    items, weights = np.array([COFFEE, TENT, 9], np.int32), np.array([0.5, 1.0, 1.0], np.float32)
    now = moment("home", NO_ITEMS, NOBODY)._replace(own_items=items, own_weights=weights)
    shares = np.array([0.5, 0.2, 0.0], np.float32)

    assert by_likelihood(now, shares, 0.25).own_weights.tolist() == [0.25, 0.0, 0.25]
    assert by_likelihood(now._replace(own_items=NO_ITEMS), shares, 0.25).own_weights.tolist() == weights.tolist()
