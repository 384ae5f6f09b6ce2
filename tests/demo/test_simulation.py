from collections import Counter, defaultdict
from functools import cache
from itertools import islice, pairwise
from typing import Any

import pytest

from recomengine.demo.catalog import demo_products
from recomengine.demo.simulation import GroundTruth, ground_truth, regulars, simulate

END_MS = 1_790_000_000_000
DAY_MS = 86_400_000
TYPES = {"impression", "click", "view", "add_to_cart", "purchase"}

Event = dict[str, Any]


@cache
def simulated() -> list[Event]:
    return list(simulate(demo_products(), end_ms=END_MS))


@pytest.fixture(scope="module")
def events() -> list[Event]:
    return simulated()


@pytest.fixture(scope="module")
def truth() -> GroundTruth:
    return ground_truth(demo_products())


@pytest.fixture(scope="module")
def baskets(events: list[Event]) -> list[set[str]]:
    orders: dict[str, set[str]] = defaultdict(set)
    for event in events:
        if event["eventType"] == "purchase":
            orders[event["metadata"]["orderId"]].add(event["productId"])
    return list(orders.values())


def test_same_seed_gives_the_same_events() -> None:
    first, again = (list(simulate(demo_products(), end_ms=END_MS, shoppers=100)) for _ in range(2))

    assert first == again


def test_another_seed_gives_other_events() -> None:
    first, other = (
        list(islice(simulate(demo_products(), end_ms=END_MS, shoppers=100, seed=seed), 50)) for seed in (7, 8)
    )

    assert first != other


def test_two_months_of_three_thousand_shoppers_are_150_to_200_thousand_events(events: list[Event]) -> None:
    assert 150_000 <= len(events) <= 200_000
    assert len({event["userId"] for event in events}) > 2_500


def test_events_have_the_shape_of_the_events_api(events: list[Event]) -> None:
    ids = {product["productId"] for product in demo_products()}

    for event in events:
        assert set(event) == {"eventType", "userId", "productId", "sessionId", "timestamp", "metadata"}
        assert event["eventType"] in TYPES
        assert event["productId"] in ids
        assert 1 <= len(event["userId"]) <= 128
        assert 1 <= len(event["sessionId"]) <= 128
        assert type(event["timestamp"]) is int


def test_purchases_carry_price_quantity_and_order(events: list[Event]) -> None:
    prices = {product["productId"]: product["price"] for product in demo_products()}

    for event in events:
        if event["eventType"] == "purchase":
            assert set(event["metadata"]) == {"price", "currency", "quantity", "orderId"}
            assert event["metadata"]["price"] == prices[event["productId"]]
            assert event["metadata"]["quantity"] >= 1


def test_impressions_name_their_placement(events: list[Event]) -> None:
    placements = Counter(event["metadata"]["placementId"] for event in events if event["eventType"] == "impression")

    assert set(placements) == {"home", "similar"}
    assert min(placements.values()) > 1_000


def test_events_come_oldest_first_and_end_just_before_the_end(events: list[Event]) -> None:
    assert all(earlier["timestamp"] <= later["timestamp"] for earlier, later in pairwise(events))
    assert END_MS - 60_000 < events[-1]["timestamp"] <= END_MS
    assert events[0]["timestamp"] > END_MS - 60 * DAY_MS


def test_no_two_events_share_their_identity(events: list[Event]) -> None:
    identities = {(event["userId"], event["eventType"], event["productId"], event["timestamp"]) for event in events}

    assert len(identities) == len(events)


def test_an_order_belongs_to_one_shopper_at_one_moment(events: list[Event]) -> None:
    moments = defaultdict(set)
    for event in events:
        if event["eventType"] == "purchase":
            moments[event["metadata"]["orderId"]].add((event["userId"], event["sessionId"], event["timestamp"]))

    assert {len(found) for found in moments.values()} == {1}


def test_what_is_bought_was_put_in_the_cart_before(events: list[Event]) -> None:
    carts = set()
    for event in events:
        line = (event["sessionId"], event["productId"], event["metadata"].get("quantity"))
        if event["eventType"] == "add_to_cart":
            carts.add(line)
        elif event["eventType"] == "purchase":
            assert line in carts


def test_planted_pairs_are_bought_together_far_above_chance(baskets: list[set[str]], truth: GroundTruth) -> None:
    bought = Counter(product for basket in baskets for product in basket)

    for wanted, added in truth.pairs:
        together = sum(wanted in basket and added in basket for basket in baskets)
        lift = together * len(baskets) / (bought[wanted] * bought[added])
        assert together >= 20, (wanted, added)
        assert lift > 3, (wanted, added)


def test_planted_pairs_cross_aisles(truth: GroundTruth) -> None:
    aisle = {product["productId"]: product["category"] for product in demo_products()}

    assert len(truth.pairs) >= 20
    assert all(aisle[wanted] != aisle[added] for wanted, added in truth.pairs)


def test_taste_groups_share_out_the_catalog(truth: GroundTruth) -> None:
    covered = [product for group in truth.tastes.values() for product in group]

    assert len(truth.tastes) == 10
    assert sorted(covered) == sorted(product["productId"] for product in demo_products())


def test_shoppers_mostly_look_at_one_taste_group(events: list[Event], truth: GroundTruth) -> None:
    group = {product: name for name, products in truth.tastes.items() for product in products}
    views: dict[str, Counter[str]] = defaultdict(Counter)
    for event in events:
        if event["eventType"] == "view":
            views[event["userId"]][group[event["productId"]]] += 1
    shares = [seen.most_common(1)[0][1] / seen.total() for seen in views.values() if seen.total() >= 20]

    assert len(shares) > 500
    assert sum(shares) / len(shares) > 0.6


def test_regulars_are_busy_in_the_taste_group_they_stand_for(events: list[Event], truth: GroundTruth) -> None:
    for shopper, taste in regulars():
        seen = [event["productId"] for event in events if event["userId"] == shopper and event["eventType"] == "view"]
        assert len(seen) >= 30
        assert sum(product in truth.tastes[taste] for product in seen) > len(seen) / 2


def test_rising_products_are_wanted_only_in_the_last_two_days(events: list[Event], truth: GroundTruth) -> None:
    late = Counter(event["productId"] for event in events if event["timestamp"] > END_MS - 2 * DAY_MS)
    early = Counter(event["productId"] for event in events if event["timestamp"] <= END_MS - 2 * DAY_MS)

    assert {product for product, _ in late.most_common(len(truth.rising))} == set(truth.rising)
    for product in truth.rising:
        assert late[product] / 2 > 10 * early[product] / 58


def test_only_consumables_are_bought_again(events: list[Event], truth: GroundTruth) -> None:
    times = Counter((event["userId"], event["productId"]) for event in events if event["eventType"] == "purchase")
    again = Counter(product for (_, product), bought in times.items() if bought > 1)

    assert set(again) <= set(truth.consumables)
    assert again.total() > 500


def test_no_basket_holds_two_durable_products_of_one_aisle(baskets: list[set[str]], truth: GroundTruth) -> None:
    aisle = {product["productId"]: product["category"] for product in demo_products()}

    for basket in baskets:
        durable = [aisle[product] for product in basket if product not in truth.consumables]
        assert len(durable) == len(set(durable)), basket


def test_a_small_shop_can_be_simulated_too() -> None:
    events = list(simulate(demo_products(), end_ms=END_MS, days=3, shoppers=10, seed=1))

    assert events
    assert all(END_MS - 3 * DAY_MS < event["timestamp"] <= END_MS for event in events)
