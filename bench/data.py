"""Seeded synthetic traffic: Zipf-popular products in categories, shoppers with a taste for a few of them."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

DAY_MS = 86_400_000
CATEGORIES = 40
TYPES = ("view", "view", "view", "view", "click", "add_to_cart", "purchase")


def products(count: int) -> list[dict[str, Any]]:
    return [
        {
            "productId": f"product-{i}",
            "name": f"Product {i} of range {i % 97}",
            "category": f"Department {i % CATEGORIES % 8} > Aisle {i % CATEGORIES}",
            "price": round(3 + (i * 37 % 9000) / 100, 2),
            "brand": f"Brand {i % 53}",
            "url": f"/p/{i}",
            "imageUrl": f"/images/{i}.jpg",
        }
        for i in range(count)
    ]


def events(
    count: int, *, users: int, items: int, end_ms: int, days: int = 60, seed: int = 7
) -> Iterator[dict[str, Any]]:
    """`count` events in time order; each shopper prefers two categories, products are Zipf-popular inside one."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.integers(end_ms - days * DAY_MS, end_ms, count))
    who = rng.integers(0, users, count)
    taste = rng.integers(0, CATEGORIES, (users, 2))
    category = np.where(
        rng.random(count) < 0.8, taste[who, rng.integers(0, 2, count)], rng.integers(0, CATEGORIES, count)
    )
    rank = np.minimum(rng.zipf(1.3, count) - 1, items // CATEGORIES - 1)
    product = category + CATEGORIES * rank
    kind = rng.integers(0, len(TYPES), count)
    for i in range(count):
        event: dict[str, Any] = {
            "eventType": TYPES[kind[i]],
            "userId": f"user-{who[i]}",
            "productId": f"product-{product[i]}",
            "sessionId": f"s-{who[i]}-{times[i] // DAY_MS}",
            "timestamp": int(times[i]),
        }
        if event["eventType"] == "purchase":
            event["metadata"] = {"price": 19.99, "quantity": 1, "orderId": f"o-{who[i]}-{times[i] // DAY_MS}"}
        yield event


def ndjson(rows: "Iterator[dict[str, Any]] | list[dict[str, Any]]") -> bytes:
    return b"\n".join(json.dumps(row, separators=(",", ":")).encode() for row in rows)
