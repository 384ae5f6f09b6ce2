"""The HTTP budgets, under load from outside the server's process.

One private system (`recomengine up`, one serve process, a worker, PostgreSQL with fsync), a shop of 5,000 products and
1 million events; each scenario's p95 stands beside its budget, and beside a bare Starlette reply under the same load.
"""

import asyncio
import json
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

import numpy as np

from bench import data
from bench.load import Outcome, closed_loop, http_request, open_loop
from bench.results import write_result
from bench.server import Shop, System, running_system
from bench.yardstick import bare_starlette

ITEMS, USERS, EVENTS = 5_000, 50_000, 1_000_000
SECONDS = 20.0
BUDGETS_MS = {"recommendations": 20.0, "event": 20.0, "batch of 100": 60.0}
IMPORT_PER_SECOND = 12_000
SWAP_WINDOW_S, SWAP_LONGEST_S = 1.0, 1800.0


def main() -> dict[str, Any]:
    with bare_starlette() as (host, port):
        yardstick = asyncio.run(
            open_loop(host, port, _repeat(http_request("GET", "/", "none")), rate=500, seconds=SECONDS)
        ).summary
        bare_most = asyncio.run(closed_loop(host, port, _repeat(http_request("GET", "/", "none")), seconds=5)).summary
    _say("bare Starlette, 500/s", yardstick)
    with running_system() as system:
        figures = measure(system)
    figures["yardstick"] = {"open_loop": yardstick, "closed_loop": bare_most}
    path = write_result("http", figures)
    print(f"written to {path}")
    return figures


def measure(system: System) -> dict[str, Any]:
    shop = system.shop("bench")
    figures: dict[str, Any] = {"import": load_shop(shop)}
    print("import:", figures["import"], flush=True)
    figures["refresh"] = shop.refresh()
    runs = {
        "recommendations": (recommendation_requests(shop), 500.0),
        "event": (event_requests(shop), 500.0),
        "batch of 100": (batch_requests(shop), 20.0),
    }
    for name, (requests, rate) in runs.items():
        asyncio.run(open_loop(shop.host, shop.port, requests, rate=rate, seconds=3))  # warm-up
        outcome = asyncio.run(open_loop(shop.host, shop.port, requests, rate=rate, seconds=SECONDS))
        figures[name] = outcome.summary | {"rate": rate, "budget_p95_ms": BUDGETS_MS[name]}
        _say(f"{name}, {rate:.0f}/s", outcome.summary)
    figures["recommendations, most"] = asyncio.run(
        closed_loop(shop.host, shop.port, recommendation_requests(shop), seconds=8)
    ).summary
    figures["event, most"] = asyncio.run(closed_loop(shop.host, shop.port, event_requests(shop), seconds=8)).summary
    _say("recommendations, closed loop", figures["recommendations, most"])
    _say("event, closed loop", figures["event, most"])
    figures["during a model swap"] = asyncio.run(swap(shop))
    print("during a model swap:", figures["during a model swap"], flush=True)
    return figures


def load_shop(shop: Shop) -> dict[str, float]:
    now = int(time.time() * 1000) - 60_000
    shop.upload("/api/v1/catalog/import", data.ndjson(data.products(ITEMS)))
    body = data.ndjson(data.events(EVENTS, users=USERS, items=ITEMS, end_ms=now))
    started = time.perf_counter()
    done = shop.call("POST", "/api/v1/events/import", body, content_type="application/x-ndjson")["data"]
    seconds = time.perf_counter() - started
    return {
        **{k: done[k] for k in ("accepted", "duplicates", "rejected")},
        "seconds": round(seconds, 1),
        "events_per_second": round(EVENTS / seconds),
        "required_per_second": IMPORT_PER_SECOND,
    }


def recommendation_requests(shop: Shop, seed: int = 1) -> Iterator[bytes]:
    """Half home lists, 40 % product pages, a tenth carts; shoppers come back as in a Zipf tail."""
    rng = np.random.default_rng(seed)
    while True:
        query: list[tuple[str, str]] = [("userId", f"user-{min(int(rng.zipf(1.2)), USERS)}"), ("limit", "8")]
        kind = rng.random()
        count = 0 if kind < 0.5 else 1 if kind < 0.9 else 3
        query += [("productId", f"product-{int(rng.integers(ITEMS))}") for _ in range(count)]
        yield http_request("GET", f"/api/v1/recommendations?{urllib.parse.urlencode(query)}", shop.key)


def event_requests(shop: Shop, seed: int = 2) -> Iterator[bytes]:
    rng = np.random.default_rng(seed)
    while True:
        yield http_request("POST", "/api/v1/events", shop.key, json.dumps(_event(rng)).encode())


def batch_requests(shop: Shop, seed: int = 3) -> Iterator[bytes]:
    rng = np.random.default_rng(seed)
    while True:
        yield http_request(
            "POST", "/api/v1/events/batch", shop.key, json.dumps({"events": [_event(rng) for _ in range(100)]}).encode()
        )


def _event(rng: np.random.Generator) -> dict[str, Any]:
    """Two views that their client has named to one line of an order."""
    what = {"userId": f"user-{int(rng.integers(USERS))}", "productId": f"product-{int(rng.integers(ITEMS))}"}
    name = rng.bytes(12).hex()
    if rng.integers(3):
        return {**what, "eventType": "view", "eventId": name}
    return {**what, "eventType": "purchase", "metadata": {"orderId": name, "price": 19.99, "quantity": 1}}


async def swap(shop: Shop) -> dict[str, Any]:
    """Recommendations while the worker builds and every process swaps to the new model."""
    started, swapped = time.perf_counter(), SWAP_LONGEST_S

    def over() -> bool:
        return time.perf_counter() - started > swapped + SWAP_WINDOW_S

    load = asyncio.create_task(
        open_loop(shop.host, shop.port, recommendation_requests(shop, 5), rate=200, seconds=SWAP_LONGEST_S, over=over)
    )
    await asyncio.sleep(5)
    model = await asyncio.to_thread(shop.refresh)
    swapped = time.perf_counter() - started
    outcome = await load
    return {"refresh_s": model["buildSeconds"], **_around(outcome, swapped)}


def _around(outcome: Outcome, swapped_s: float) -> dict[str, Any]:
    """Latencies in the second around the swap, beside those before the build."""
    near = np.abs(outcome.due_s - swapped_s) < SWAP_WINDOW_S / 2
    calm = outcome.due_s < 5
    median = float(np.median(outcome.latency_ms[calm]))
    return {
        "failed": outcome.summary["failed"],
        "median_before_ms": round(median, 3),
        "median_around_swap_ms": round(float(np.median(outcome.latency_ms[near])), 3),
        "p95_around_swap_ms": round(float(np.percentile(outcome.latency_ms[near], 95)), 3),
        "p95_before_ms": round(float(np.percentile(outcome.latency_ms[calm], 95)), 3),
    }


def _repeat(request: bytes) -> Iterator[bytes]:
    while True:
        yield request


def _say(name: str, summary: dict[str, float]) -> None:
    latency = f"p50 {summary['p50_ms']:8.2f} ms  p95 {summary['p95_ms']:8.2f} ms"
    print(f"{name:32s} {latency}  {summary['per_second']:8.0f}/s  failed {summary['failed']}", flush=True)
