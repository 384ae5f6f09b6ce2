"""A build finds what the simulated shoppers do on purpose, and builds whatever it is given."""

import numpy as np
import pytest

from recomengine.demo.planted import TASTES
from recomengine.demo.simulation import GroundTruth, ground_truth
from recomengine.models.build import HISTORY_LENGTH, build_model
from recomengine.models.evidence import MAX_RANKING
from recomengine.models.histories import DAY_MS, IMPRESSION, PURCHASE, VIEW, Histories
from recomengine.models.sources import TABLES
from tests.support.shops import DemoShop, Event, as_histories, as_rows, demo_shop, model_of, product, row

NOBODY = as_histories([], [])
TEN_YEARS_MS = 3650 * DAY_MS


@pytest.fixture(scope="module")
def shop() -> DemoShop:
    return demo_shop()


@pytest.fixture(scope="module")
def truth(shop: DemoShop) -> GroundTruth:
    return ground_truth(shop.products)


def test_every_planted_pair_is_found_as_bought_together(shop: DemoShop, truth: GroundTruth) -> None:
    missed = [
        (wanted, added)
        for wanted, added in truth.pairs
        if shop.numbers[added] not in row(shop.built, "together", shop.numbers[wanted])[:3]
    ]

    assert missed == []


def test_collaborative_neighbours_are_what_people_of_the_same_taste_like(shop: DemoShop, truth: GroundTruth) -> None:
    taste_of = {shop.numbers[key]: taste for taste, keys in truth.tastes.items() for key in keys}
    same, all_ = 0, 0
    for number, taste in taste_of.items():
        neighbours = row(shop.built, "similar", number)[:10]
        same += sum(taste_of[neighbour] == taste for neighbour in neighbours)
        all_ += len(neighbours)

    assert all_ >= 10 * len(taste_of) * 0.9
    assert same / all_ > 6 / len(TASTES), "chance is one in as many as there are tastes"


def test_a_product_is_not_its_own_neighbour(shop: DemoShop) -> None:
    for table in TABLES:
        assert all(number not in row(shop.built, table, number) for number in range(len(shop.products))), table


def test_rising_products_lead_the_trend(shop: DemoShop, truth: GroundTruth) -> None:
    leading = [
        shop.products[number]["productId"] for number in shop.built.arrays["trending.items"][: len(truth.rising)]
    ]

    assert set(leading) == set(truth.rising)


def test_content_neighbours_lie_in_the_same_aisle(shop: DemoShop) -> None:
    aisle = [each["category"] for each in shop.products]
    nearest = [row(shop.built, "content", number)[:5] for number in range(len(aisle))]
    shares = [aisle[neighbour] == aisle[number] for number, found in enumerate(nearest) for neighbour in found]

    assert all(len(found) == 5 for found in nearest)
    assert np.mean(shares) > 0.85


def test_the_shop_is_known_as_one_where_people_buy_again(shop: DemoShop) -> None:
    assert 0.15 < shop.model.repeat_share < 1.0


def test_the_same_history_of_ten_years_ago_builds_the_same_arrays(shop: DemoShop) -> None:
    old = shop.histories._replace(times_ms=shop.histories.times_ms - TEN_YEARS_MS)

    built = build_model(old, as_rows(shop.products), len(shop.products))

    assert built.arrays.keys() == shop.built.arrays.keys()
    for name, array in built.arrays.items():
        shifted = array + TEN_YEARS_MS if name == "history.times" else array
        assert shifted.dtype == shop.built.arrays[name].dtype
        assert np.array_equal(shifted, shop.built.arrays[name]), name
    assert built.stats["newestMs"] == shop.built.stats["newestMs"] - TEN_YEARS_MS


def test_the_same_input_builds_the_same_arrays_to_the_last_bit(shop: DemoShop) -> None:
    again = build_model(shop.histories, as_rows(shop.products), len(shop.products))

    assert all(again.arrays[name].tobytes() == array.tobytes() for name, array in shop.built.arrays.items())


def test_a_history_is_kept_newest_last_for_every_shopper(shop: DemoShop) -> None:
    for number in (0, 1, 500):
        user = shop.histories.users[number]
        kept = shop.model.history(user)
        span = slice(shop.histories.indptr[number], shop.histories.indptr[number + 1])
        done = shop.histories.types[span] != IMPRESSION
        assert kept.times_ms[-1] == shop.histories.times_ms[span][done][-1]
        assert (np.diff(kept.times_ms) >= 0).all()
    assert not len(shop.model.history("nobody").items)


def view(user: str, product_id: str, time_ms: int) -> Event:
    return {"eventType": "view", "userId": user, "productId": product_id, "timestamp": time_ms, "metadata": {}}


def browsing(views: int) -> Histories:
    """One shopper who bought product 0 long ago and was then shown and looked at much else."""
    goods = [product(f"p{number}") for number in range(5)]
    events = [view("u", "p0", 0) | {"eventType": "purchase"}]
    for number in range(1, views + 1):
        seen = view("u", f"p{1 + number % 4}", number * 1000)
        events += [seen | {"eventType": "impression"}, seen]
    return as_histories(events, goods)


def test_a_purchase_is_remembered_however_much_was_looked_at_since() -> None:
    model = model_of(
        build_model(browsing(2 * HISTORY_LENGTH), as_rows([product(f"p{number}") for number in range(5)]), 5)
    )

    history = model.history("u")

    assert 0 in history.items[history.types == PURCHASE]


def test_what_was_only_shown_does_not_push_what_was_done_out_of_a_history() -> None:
    model = model_of(
        build_model(browsing(HISTORY_LENGTH - 1), as_rows([product(f"p{number}") for number in range(5)]), 5)
    )

    types = model.history("u").types

    assert (types == VIEW).sum() == HISTORY_LENGTH - 1
    assert not (types == IMPRESSION).any()


@pytest.mark.parametrize("products", [0, 1, 3])
def test_a_shop_without_events_builds(products: int) -> None:
    goods = [product(f"p{number}", category="Things") for number in range(products)]

    model = model_of(build_model(NOBODY, as_rows(goods), products))

    assert model.size == products
    assert not len(model.fallback)
    assert not len(model.history("anyone").items)


def test_products_without_a_word_in_common_build() -> None:
    goods = [{"productId": "a", "name": "one"}, {"productId": "b", "name": "two"}, {"productId": "c", "name": "…"}]

    built = build_model(NOBODY, as_rows(goods), 3)

    assert not any(row(built, "content", number) for number in range(3))


def test_a_single_event_builds() -> None:
    goods = [product("p0"), product("p1")]
    event = view("u", "p1", -5_000_000_000)

    model = model_of(build_model(as_histories([event], goods), as_rows(goods), 2))

    assert model.fallback.tolist() == [1]
    assert model.history("u").items.tolist() == [1]


def test_numbers_of_deleted_products_stay_in_range() -> None:
    goods = [product("p0", category="A"), product("p1", category="A"), product("p2", category="A")]
    events = [view(f"u{user}", f"p{number}", user) for user in range(3) for number in range(3)]

    rows = [each for each in as_rows(goods) if each["number"] != 2]
    built = build_model(as_histories(events, goods), rows, 3)

    assert model_of(built).size == 3
    assert row(built, "content", 2) == []


def test_the_trend_is_bounded() -> None:
    count = MAX_RANKING + 50
    goods = [product(f"p{number}") for number in range(count)]
    events = [view(f"u{number % 7}", f"p{number}", number) for number in range(count)]

    built = build_model(as_histories(events, goods), as_rows(goods), count)

    assert len(built.arrays["trending.items"]) <= MAX_RANKING
    assert len(model_of(built).fallback) == count
