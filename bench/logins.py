"""A storm of logins while shops' pages ask for recommendations: p95 of the pages with it, against p95 without it in the
same run.

One private system (`recomengine up`, one serve process), a shop of 2,000 products and 100,000 events. 200 people sign
in at once, each with the right password, which takes a quarter of a second of a core each; the mark is a factor of 2.
"""

import asyncio
import json
import time
from typing import Any

from bench import data
from bench.http import recommendation_requests
from bench.load import Client, Outcome, http_request, open_loop
from bench.results import write_result
from bench.server import Shop, running_system

ITEMS, USERS, EVENTS = 2_000, 10_000, 100_000
RATE, SECONDS = 200.0, 20.0
LOGINS = 200
MARK = 2.0
PERSON = json.dumps({"email": "bench@example.com", "password": "correct horse battery"}).encode()


def main() -> dict[str, Any]:
    with running_system() as system:
        shop = system.shop("bench")
        shop.upload("/api/v1/catalog/import", data.ndjson(data.products(ITEMS)))
        shop.upload(
            "/api/v1/events/import",
            data.ndjson(data.events(EVENTS, users=USERS, items=ITEMS, end_ms=int(time.time() * 1000) - 60_000)),
        )
        shop.refresh()
        figures = asyncio.run(measure(shop))
    print(figures)
    print(f"written to {write_result('logins', figures)}")
    return figures


async def measure(shop: Shop) -> dict[str, Any]:
    client = Client(shop.host, shop.port, LOGINS)
    status, _ = await client.send(http_request("POST", "/api/v1/auth/signup", "none", PERSON))
    assert status == 201, status
    await load(shop, 3)  # warm-up
    calm = await load(shop, SECONDS)
    during = asyncio.create_task(load(shop, SECONDS, seed=2))
    started = time.perf_counter()
    answers = await asyncio.gather(
        *(client.send(http_request("POST", "/api/v1/auth/login", "none", PERSON)) for _ in range(LOGINS))
    )
    seconds = time.perf_counter() - started
    stormy = await during
    client.close()
    ratio = stormy.summary["p95_ms"] / calm.summary["p95_ms"]
    return {
        "logins": LOGINS, "signed_in": sum(status == 200 for status, _ in answers), "logins_s": round(seconds, 1),
        "calm": calm.summary, "during": stormy.summary, "p95_ratio": round(ratio, 2), "mark": MARK,
    }  # fmt: skip


async def load(shop: Shop, seconds: float, seed: int = 1) -> Outcome:
    return await open_loop(shop.host, shop.port, recommendation_requests(shop, seed), rate=RATE, seconds=seconds)
