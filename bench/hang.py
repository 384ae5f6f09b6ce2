"""PostgreSQL hangs for 15 s under load: its processes are stopped, so that connections stay open and nothing answers.

One private system (`recomengine up`, one serve process). 200 recommendations a second, of known keys and of shoppers
not seen before, and Redis has just lost all trails, so that each of them has something to ask PostgreSQL for: the worst
case. Beside them events, which must be refused. Afterwards: the time until the first event is stored and until /ready
says so, under the same load.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

from bench import data
from bench.load import Client, Outcome, http_request, open_loop
from bench.results import write_result
from bench.server import Shop, System, running_system, stopped
from recomengine.infra.redis import RedisClient

ITEMS, USERS, EVENTS = 500, 1_000, 20_000
RATE, EVENT_RATE = 200.0, 20.0
STOPPED_S, AROUND_S = 15.0, 5.0
ASK_EVERY_S = 0.01
P99_MS, RECOVERY_S = 300.0, 2.0


def main() -> dict[str, Any]:
    with running_system() as system:
        shops = [system.shop(f"hang {number}") for number in range(3)]
        for shop in shops:
            shop.upload("/api/v1/catalog/import", data.ndjson(data.products(ITEMS)))
            past = data.events(EVENTS, users=USERS, items=ITEMS, end_ms=int(time.time() * 1000))
            shop.upload("/api/v1/events/import", data.ndjson(past))
            shop.refresh()
        figures = asyncio.run(_measure(system, shops))
    figures["marks"] = {
        "no recommendation failed": not any(figures[when]["failed"] for when in ("before", "stopped", "after")),
        "p99 while stopped": figures["stopped"]["p99_ms"] < P99_MS,
        "events refused": figures["events while stopped"]["statuses"].keys() == {"503"},
        "recovered": max(figures["recovery_s"].values()) < RECOVERY_S,
    }
    print("hang:", json.dumps(figures, indent=1), flush=True)
    print(f"written to {write_result('hang', figures)}")
    if not all(figures["marks"].values()):
        raise SystemExit("a mark was missed")
    return figures


async def _measure(system: System, shops: list[Shop]) -> dict[str, Any]:
    recommendations, events = _recommendations(shops), _events(shops[0], "stopped")

    def load(seconds: float) -> "asyncio.Task[Outcome]":
        return asyncio.create_task(open_loop(system.host, system.port, recommendations, rate=RATE, seconds=seconds))

    before = await load(AROUND_S)
    await _forget_trails(system)
    with stopped(_postgres(system)):
        under_way = load(STOPPED_S)
        refused = await open_loop(system.host, system.port, events, rate=EVENT_RATE, seconds=STOPPED_S)
        served = await under_way
    afterwards = load(AROUND_S)
    stored_s, ready_s = await asyncio.gather(
        _until(system, _events(shops[0], "after"), 202),
        _until(system, _same(http_request("GET", "/ready", "none")), 200),
    )
    return {
        "before": _summary(before), "stopped": _summary(served), "after": _summary(await afterwards),
        "events while stopped": _summary(refused),
        "recovery_s": {"first event stored": stored_s, "ready": ready_s},
    }  # fmt: skip


def _summary(outcome: Outcome) -> dict[str, Any]:
    return outcome.summary | {
        "statuses": {str(status): number for status, number in Counter(outcome.status.tolist()).items()}
    }


def _recommendations(shops: list[Shop]) -> Iterator[bytes]:
    for number in count():
        shop = shops[number % len(shops)]
        yield http_request("GET", f"/api/v1/recommendations?userId=new-{number}&limit=8", shop.key)


def _events(shop: Shop, name: str) -> Iterator[bytes]:
    for number in count():
        event = {
            "eventType": "view",
            "userId": f"{name}-{number}",
            "productId": "product-1",
            "eventId": f"{name}-{number}",
        }
        yield http_request("POST", "/api/v1/events", shop.key, json.dumps(event).encode())


def _same(request: bytes) -> Iterator[bytes]:
    while True:
        yield request


async def _until(system: System, requests: Iterator[bytes], wanted: int) -> float:
    """Ask until the answer is `wanted`; the seconds that it took."""
    client, started = Client(system.host, system.port, 1), time.perf_counter()
    while (await client.send(next(requests)))[0] != wanted:
        await asyncio.sleep(ASK_EVERY_S)
    client.close()
    return round(time.perf_counter() - started, 3)


async def _forget_trails(system: System) -> None:
    redis = RedisClient(json.loads((system.data_dir / "servers.json").read_text(encoding="utf-8"))["redis_url"])
    await redis.call(("FLUSHDB",))
    await redis.close()


def _postgres(system: System) -> int:
    """The server's process, by its own file."""
    return int((system.data_dir / "servers" / "postgres" / "postmaster.pid").read_text(encoding="utf-8").split()[0])
