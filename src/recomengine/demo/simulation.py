"""A shop's traffic, drawn at random from planted tastes: the same seed gives the same events.

A shopper belongs to one taste group and likes one to three of its aisles; what is looked at next comes from
    P(product) = 0.84 × popularity × price-tier match, within the liked aisles, + 0.16 × popularity, anywhere.
Visits fall on the days evenly and on the hours as people are awake; staples are bought again about every twelve days.
Cost: one Python step an event, about a second for 180,000 events. Invariants: timestamps never go down, none is after
`end_ms`, no two events share shopper, type, product and timestamp, and a durable product is bought once by a shopper.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recomengine.demo.catalog import Product
from recomengine.demo.planted import RISING_DAYS, TASTES, GroundTruth, ground_truth

__all__ = ["GroundTruth", "ground_truth", "regulars", "shopper_id", "simulate"]

DAY_MS = 86_400_000
VISITS_A_DAY = 0.095
REGULAR_ACTIVITY = 5.0
RESTOCK_DAYS = (12.0, 1.5)

Event = dict[str, Any]
Row = tuple[int, int, str, str, int, dict[str, Any]]


@dataclass(slots=True)
class _Visit:
    shopper: int
    session: str
    clock_ms: int
    staple: int | None = None
    cart: dict[int, int] = field(default_factory=dict)
    """Quantity by product."""


def simulate(
    products: Sequence[Product], *, end_ms: int, days: int = 60, shoppers: int = 3000, seed: int = 7
) -> Iterator[Event]:
    """Events in the shape of the events API, oldest first. `products` are those of `demo_products`."""
    ids = [product["productId"] for product in products]
    names = [shopper_id(shopper) for shopper in range(shoppers)]
    rows = _Shop(products, shoppers, end_ms, np.random.default_rng(seed)).traffic(days)
    for timestamp_ms, shopper, session, kind, product, metadata in rows:
        yield {
            "eventType": kind,
            "userId": names[shopper],
            "productId": ids[product],
            "sessionId": session,
            "timestamp": timestamp_ms,
            "metadata": metadata,
        }


def shopper_id(shopper: int) -> str:
    return f"shopper-{shopper + 1:04d}"


def regulars() -> list[tuple[str, str]]:
    """One busy shopper of each taste group with the group's name."""
    return [(shopper_id(shopper), taste) for shopper, taste in enumerate(TASTES)]


class _Shop:
    def __init__(self, products: Sequence[Product], shoppers: int, end_ms: int, rng: np.random.Generator) -> None:
        truth = ground_truth(products)
        position = {product["productId"]: index for index, product in enumerate(products)}
        self.rng = rng
        self.end_ms = end_ms
        self.shoppers = shoppers
        self.rising = [position[key] for key in truth.rising]
        self.partner = {position[wanted]: position[added] for wanted, added in truth.pairs}
        self.consumables = np.array([position[key] for key in truth.consumables])
        self.consumed = set(self.consumables.tolist())
        self.prices = [product["price"] for product in products]
        self.aisle_mates = _aisle_mates(products)
        self.popular = self._popularity(len(products))
        self.taste = self._tastes(products)
        self.cumulative = self.taste.cumsum(axis=1)
        self.owned: list[set[int]] = [set() for _ in range(shoppers)]
        self.orders = self.lists = 0
        self.rows: list[Row] = []
        self._uniform = _uniform(rng)

    def traffic(self, days: int) -> list[Row]:
        for visit in sorted([*self._browsing(days), *self._restocking(days)], key=lambda visit: visit.clock_ms):
            if visit.staple is None:
                self._browse(visit)
            else:
                self._restock(visit, visit.staple)
        self.rows.sort(key=lambda row: row[0])
        return self.rows

    def _popularity(self, products: int) -> NDArray[np.float64]:
        popularity = self.rng.lognormal(0.0, 0.6, products)
        popularity[list(self.partner)] = 4.0
        popularity[self.rising] = 0.05
        return popularity

    def _tastes(self, products: Sequence[Product]) -> NDArray[np.float64]:
        """Shoppers × products, rows summing to 1."""
        liked = np.zeros((self.shoppers, len(products)))
        aisles = np.array([product["category"] for product in products])
        groups = [[aisles == aisle for aisle in group] for group in TASTES.values()]
        tier = _price_tiers(products)
        budget = self.rng.integers(0, 3, self.shoppers)
        count = self.rng.choice([1, 2, 3], self.shoppers, p=[0.2, 0.35, 0.45])
        for shopper in range(self.shoppers):
            group = groups[shopper % len(groups)]
            for choice in self.rng.permutation(len(group))[: count[shopper]]:
                liked[shopper] += group[choice]
        liked *= self.popular * np.where(tier == budget[:, None], 2.5, 1.0)
        anything = self.popular / self.popular.sum()
        tastes: NDArray[np.float64] = 0.84 * liked / liked.sum(axis=1, keepdims=True) + 0.16 * anything
        return tastes

    def _browsing(self, days: int) -> Iterator[_Visit]:
        count = max(1, round(self.shoppers * days * VISITS_A_DAY))
        starts = _visit_times(self.rng, count, days, self.end_ms)
        activity = self.rng.lognormal(0.0, 0.8, self.shoppers)
        activity[: len(TASTES)] = REGULAR_ACTIVITY
        who = self.rng.choice(self.shoppers, count, p=activity / activity.sum())
        for number, (start, shopper) in enumerate(zip(starts.tolist(), who.tolist(), strict=True)):
            yield _Visit(shopper, f"visit-{number:06d}", start)

    def _restocking(self, days: int) -> Iterator[_Visit]:
        start_ms = self.end_ms - days * DAY_MS
        for shopper in np.flatnonzero(self.rng.random(self.shoppers) < 0.3).tolist():
            appetite = self.taste[shopper, self.consumables]
            staple = int(self.rng.choice(self.consumables, p=appetite / appetite.sum()))
            gaps = np.maximum(self.rng.normal(*RESTOCK_DAYS, size=days // 6 + 2), 2.0)
            gaps[0] *= self.rng.random()
            times = (start_ms + gaps.cumsum() * DAY_MS).astype(np.int64)
            for number, time in enumerate(times[times < self.end_ms].tolist()):
                yield _Visit(shopper, f"restock-{shopper:05d}-{number:02d}", time, staple)

    def _browse(self, visit: _Visit) -> None:
        following = self._row(visit, "home", self._four_for(visit)) if next(self._uniform) < 0.35 else None
        for _ in range(1 + int(next(self._uniform) * 6.5)):
            product = self._next_product(visit) if following is None else following
            self._look_at(visit, product)
            shown = next(self._uniform) < 0.16
            following = self._row(visit, "similar", self._mates_of(product)) if shown else None
        if visit.cart and next(self._uniform) < 0.66:
            self._pay(visit)

    def _restock(self, visit: _Visit, staple: int) -> None:
        self._record(visit, "view", staple)
        self._put_in_cart(visit, staple)
        self._pay(visit)

    def _look_at(self, visit: _Visit, product: int) -> None:
        self._record(visit, "view", product)
        if next(self._uniform) >= (0.32 if product in self.consumed else 0.24) or not self._wants(visit, product):
            return
        self._put_in_cart(visit, product)
        partner = self.partner.get(product)
        if partner is not None and next(self._uniform) < 0.65 and self._wants(visit, partner):
            self._record(visit, "view", partner)
            self._put_in_cart(visit, partner)

    def _wants(self, visit: _Visit, product: int) -> bool:
        """Nobody buys a durable product twice, or two of its kind, such as tents, at once."""
        if product in self.consumed:
            return product not in visit.cart
        in_cart = visit.cart.keys()
        return product not in self.owned[visit.shopper] and in_cart.isdisjoint([product, *self.aisle_mates[product]])

    def _put_in_cart(self, visit: _Visit, product: int) -> None:
        quantity = 2 if product in self.consumed and next(self._uniform) < 0.3 else 1
        self._record(
            visit, "add_to_cart", product, {"price": self.prices[product], "currency": "USD", "quantity": quantity}
        )
        visit.cart[product] = quantity

    def _pay(self, visit: _Visit) -> None:
        """One purchase event a line of the order, all at the same moment."""
        self.orders += 1
        visit.clock_ms += 30_000 + int(next(self._uniform) * 90_000)
        order_id = f"order-{self.orders:06d}"
        for product, quantity in visit.cart.items():
            line = {"price": self.prices[product], "currency": "USD", "quantity": quantity, "orderId": order_id}
            self._write(visit, "purchase", product, line)
            self.owned[visit.shopper].add(product)

    def _row(self, visit: _Visit, placement: str, shown: list[int]) -> int | None:
        """A row of recommendations comes into view; the product clicked there, if one was."""
        visit.clock_ms += 2_000
        self.lists += 1
        of_list = {"placementId": placement, "recommendationId": f"list-{self.lists:06d}"}
        for product in shown:
            self._write(visit, "impression", product, of_list)
        if next(self._uniform) >= 0.3:
            return None
        clicked = shown[int(next(self._uniform) * len(shown))]
        self._record(visit, "click", clicked, of_list)
        return clicked

    def _four_for(self, visit: _Visit) -> list[int]:
        return list(dict.fromkeys(self._next_product(visit) for _ in range(4)))

    def _mates_of(self, product: int) -> list[int]:
        mates = self.aisle_mates[product]
        first = int(next(self._uniform) * len(mates))
        return [mates[(first + step) % len(mates)] for step in range(3)]

    def _next_product(self, visit: _Visit) -> int:
        if visit.clock_ms > self.end_ms - RISING_DAYS * DAY_MS and next(self._uniform) < 0.12:
            return self.rising[int(next(self._uniform) * len(self.rising))]
        found = int(self.cumulative[visit.shopper].searchsorted(next(self._uniform), side="right"))
        return min(found, len(self.prices) - 1)

    def _record(self, visit: _Visit, kind: str, product: int, metadata: dict[str, Any] | None = None) -> None:
        """What takes the shopper a while, so that the next event is later."""
        visit.clock_ms += 3_000 + int(next(self._uniform) * 50_000)
        self._write(visit, kind, product, metadata or {})

    def _write(self, visit: _Visit, kind: str, product: int, metadata: dict[str, Any]) -> None:
        if visit.clock_ms <= self.end_ms:
            self.rows.append((visit.clock_ms, visit.shopper, visit.session, kind, product, metadata))


def _uniform(rng: np.random.Generator) -> Iterator[float]:
    """Single draws from [0, 1), made by the block: a call for each costs ten times as much."""
    while True:
        yield from rng.random(65_536).tolist()


def _visit_times(rng: np.random.Generator, count: int, days: int, end_ms: int) -> NDArray[np.int64]:
    """Sorted, `count` long; few at night (UTC), and somebody is always in the shop at the end."""
    offered = end_ms - (rng.random(count * 4) * days * DAY_MS).astype(np.int64)
    hour = offered % DAY_MS / 3_600_000
    awake = 0.6 - 0.4 * np.cos((hour - 4.0) / 24.0 * 2.0 * np.pi)
    times = offered[rng.random(len(offered)) < awake][:count]
    times[0] = end_ms - 60_000
    return np.sort(times)


def _price_tiers(products: Sequence[Product]) -> NDArray[np.int64]:
    """0, 1 or 2: the lower, middle or upper third of its aisle by price."""
    tiers = np.zeros(len(products), dtype=np.int64)
    for aisle in dict.fromkeys(product["category"] for product in products):
        members = [index for index, product in enumerate(products) if product["category"] == aisle]
        members.sort(key=lambda index: products[index]["price"])
        tiers[members] = np.arange(len(members)) * 3 // len(members)
    return tiers


def _aisle_mates(products: Sequence[Product]) -> list[list[int]]:
    aisles: dict[str, list[int]] = {}
    for index, product in enumerate(products):
        aisles.setdefault(product["category"], []).append(index)
    return [[mate for mate in aisles[product["category"]] if mate != index] for index, product in enumerate(products)]
