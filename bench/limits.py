"""What the limiter costs a request: the same requests with a key that has a limit and with one that has none.

Both shops are in one running system (one serve process) and take turns; the load is 32 clients without pause, where
the time between two answers is what one request costs. The turns are short, so that both shops have the same share of
what else the machine does.
"""

import asyncio
from itertools import repeat
from typing import Any

import numpy as np

from bench import data
from bench.load import closed_loop, http_request
from bench.results import write_result
from bench.server import Shop, running_system

ITEMS = 500
ROUNDS = 60
SECONDS = 0.5
LIMIT = 10_000_000


def main() -> dict[str, Any]:
    with running_system() as system:
        shops = {"without": system.shop("without"), "with": system.shop("with", limit=LIMIT)}
        for shop in shops.values():
            shop.upload("/api/v1/catalog/import", data.ndjson(data.products(ITEMS)))
            us_per_request(shop)  # warm-up
        rounds = [{name: us_per_request(shop) for name, shop in shops.items()} for _ in range(ROUNDS)]
    cost = {name: float(np.median([one[name] for one in rounds])) for name in shops}
    ratios = sorted(one["with"] / one["without"] for one in rounds)
    figures = {
        "us_per_request": {name: round(us, 1) for name, us in cost.items()},
        "ratio": round(float(np.median(ratios)), 3),
        "ratio_least_and_most": [round(ratios[0], 3), round(ratios[-1], 3)],
        "rounds": ROUNDS,
    }
    print("limits:", figures, flush=True)
    print(f"written to {write_result('limits', figures)}")
    return figures


def us_per_request(shop: Shop) -> float:
    requests = repeat(http_request("GET", "/api/v1/recommendations?userId=one&limit=8", shop.key))
    summary = asyncio.run(closed_loop(shop.host, shop.port, requests, seconds=SECONDS)).summary
    if summary["failed"]:
        raise RuntimeError(f"{summary['failed']} requests failed")
    return 1e6 / summary["per_second"]
