"""What one serving process gives on its hot routes, as shares of what bare Starlette gives on the same machine in the
same minute: `python -m bench capacity`.

One shop of 5,000 products and 20,000 shoppers with all that a real one has: keys, exact limits, a running experiment,
histories, metrics. Our process and the yardstick (bench/yardstick.py, one process behind the same server) take turns of
a second under 32 clients without pause; then each gets 70 % of its own capacity, paced. Reads come first, since events
change what is recommended.
"""

import json
import os
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import uvloop

from bench import data
from bench.analytics import Admin
from bench.client import cpu_s
from bench.load import http_request
from bench.refresh import database_url, process_of
from bench.results import write_result
from bench.server import Shop, System, children, running_system
from bench.wire import Address, Answered, pace, saturate
from bench.yardstick import BYTES, DATABASE, TENANT, bare_starlette

ITEMS, USERS, EVENTS = 5_000, 20_000, 400_000
ROUNDS, SECONDS, WARM_S = 5, 1.0, 6.0
PACED_SHARE = 0.7
LIMIT = 10_000_000
"""So high that it refuses nothing, and is counted all the same."""
PATH = "/api/v1/recommendations?limit=8&userId="
EVENT, BATCH = "/api/v1/events", "/api/v1/events/batch"
HIT = b'"cached":true'
MARKS = {"health": 0.7, "recommendations as served": 0.42, "recommendations computed": 0.25, "event": 2.5, "batch": 0.5}
P99_MARK = 3.0


class Server(NamedTuple):
    address: Address
    pid: int


class Side(NamedTuple):
    server: Server
    requests: Iterator[bytes]
    mark: bytes = b""

    async def saturate(self, seconds: float = SECONDS) -> tuple[Answered, float]:
        """And the CPU time that each request took in the server's process, in microseconds."""
        before = cpu_s(self.server.pid)
        found = await saturate(self.server.address, self.requests, seconds=seconds, mark=self.mark)
        if found.failed:
            raise RuntimeError(f"{found.failed} of {len(found.latency_ms)} requests failed")
        return found, (cpu_s(self.server.pid) - before) / len(found.latency_ms) * 1e6


class Pair(NamedTuple):
    name: str
    ours: Side
    bare: Side


def main() -> dict[str, Any]:
    with running_system() as system, tempfile.TemporaryDirectory() as answers:
        shop = stocked_shop(system)
        keep_answers(shop, Path(answers))
        environ = {BYTES: answers, DATABASE: database_url(system), TENANT: shop.tenant_id}
        with bare_starlette(**environ) as bare:
            [pid] = children(os.getpid()) - {system.process.pid}
            ours = Server((shop.host, shop.port), process_of(system, "serve"))
            figures = uvloop.run(measure(shop, ours, Server(bare, pid)))
    print(f"written to {write_result('capacity', figures)}")
    return figures


def stocked_shop(system: System) -> Shop:
    """With a model, and an experiment that half of the shoppers see either side of."""
    admin = Admin(system)
    shop = system.shop("bench", limit=LIMIT, owner=admin.email)
    now_ms = int(time.time() * 1000) - 60_000
    shop.upload("/api/v1/catalog/import", data.ndjson(data.products(ITEMS)))
    events = data.events(EVENTS, users=USERS, items=ITEMS, end_ms=now_ms)
    shop.call("POST", "/api/v1/events/import", data.ndjson(events), content_type="application/x-ndjson")
    shop.refresh()
    experiment = {"name": "bench", "controlStrategy": "auto", "variantStrategy": "collaborative", "metric": "ctr"}
    made = admin.call("POST", f"/tenants/{shop.tenant_id}/experiments", experiment)
    admin.call("POST", f"/tenants/{shop.tenant_id}/experiments/{made['id']}/start")
    return shop


def keep_answers(shop: Shop, folder: Path) -> None:
    """What the yardstick answers with: the bytes that ours does."""
    for name, path in (("health", "/health"), ("recommendations", f"{PATH}user-1")):
        request = urllib.request.Request(
            f"http://{shop.host}:{shop.port}{path}", headers={"Authorization": f"Bearer {shop.key}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            (folder / name).write_bytes(answer.read())


async def measure(shop: Shop, ours: Server, bare: Server) -> dict[str, Any]:
    health, lists = (repeat(http_request("GET", path, shop.key)) for path in ("/health", "/recommendations"))
    reads = [
        Pair("health", Side(ours, health), Side(bare, health)),
        Pair("recommendations as served", Side(ours, list_requests(shop), HIT), Side(bare, lists)),
        Pair("recommendations computed", Side(ours, visits(shop), HIT), Side(bare, lists)),
    ]
    writes = [
        Pair("event", *[Side(to, event_requests(shop, path)) for to, path in ((ours, EVENT), (bare, "/insert"))]),
        Pair("batch", *[Side(to, batch_requests(shop, path)) for to, path in ((ours, BATCH), (bare, "/copy"))]),
    ]  # fmt: skip
    for pair in (*reads, *writes):
        for side in pair[1:]:
            await side.saturate(WARM_S if side.mark else 1.0)
    figures = {}
    for group in (reads, writes):
        for name, found in (await compared(group)).items():
            figures[name] = found
            print(f"{name:28s} {json.dumps(found)}", flush=True)
    return {"rounds": ROUNDS, "seconds": SECONDS, "p99_mark": P99_MARK, "pairs": figures}


async def compared(pairs: list[Pair]) -> dict[str, dict[str, Any]]:
    rates: dict[str, list[tuple[float, float]]] = {pair.name: [] for pair in pairs}
    cpu: dict[str, list[tuple[float, float]]] = {pair.name: [] for pair in pairs}
    hits: dict[str, list[float]] = {pair.name: [] for pair in pairs}
    for _ in range(ROUNDS):
        for name, *sides in pairs:
            (ours, ours_us), (bare, bare_us) = [await side.saturate() for side in sides]
            rates[name].append((ours.per_second, bare.per_second))
            cpu[name].append((ours_us, bare_us))
            hits[name].append(ours.marked / len(ours.latency_ms))
    p99s: dict[str, list[tuple[float, float]]] = {pair.name: [] for pair in pairs}
    for _ in range(ROUNDS):
        for name, *sides in pairs:
            share = PACED_SHARE * np.median(rates[name], axis=0)
            one = [
                await pace(side.server.address, side.requests, rate=float(rate), seconds=SECONDS)
                for side, rate in zip(sides, share, strict=True)
            ]
            p99s[name].append((one[0].p99_ms, one[1].p99_ms))
    figures: dict[str, dict[str, Any]] = {}
    for name, ours, _ in pairs:
        figures[name] = {
            "mark": MARKS[name], "per_second": _side_by_side(rates[name], 0),
            "cpu_us_a_request": _side_by_side(cpu[name], 1),
            f"p99_ms_at_{PACED_SHARE:.0%}": _side_by_side(p99s[name], 2),
        } | ({"hit_ratio": round(float(np.median(hits[name])), 3)} if ours.mark else {})  # fmt: skip
    return figures


def _side_by_side(rounds: list[tuple[float, float]], digits: int) -> dict[str, Any]:
    """Medians of both sides, and of their ratio round by round with its least and most."""
    ratios = sorted(ours / bare for ours, bare in rounds)
    ours, bare = (round(float(median), digits) for median in np.median(rounds, axis=0))
    ratio, least, most = (round(float(each), 3) for each in (np.median(ratios), ratios[0], ratios[-1]))
    return {"ours": ours, "bare": bare, "ratio": ratio, "least": least, "most": most}


def list_requests(shop: Shop, seed: int = 1) -> Iterator[bytes]:
    """Home lists of all shoppers, of whom some come much oftener than others (Zipf with exponent 1)."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, USERS + 1)
    users = rng.permutation(USERS)[rng.choice(USERS, 200_000, p=weights / weights.sum())]
    return _again([http_request("GET", f"{PATH}user-{user}", shop.key) for user in users.tolist()])


def visits(shop: Shop, seed: int = 2) -> Iterator[bytes]:
    """The same lists, each in a session of its own, so that none was asked for before."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, USERS + 1)
    users = rng.permutation(USERS)[rng.choice(USERS, 200_000, p=weights / weights.sum())].tolist()
    for number, user in enumerate(_again(users)):
        yield http_request("GET", f"{PATH}user-{user}&sessionId={number}", shop.key)


def event_requests(shop: Shop, path: str, seed: int = 3) -> Iterator[bytes]:
    rng = np.random.default_rng(seed)
    for number, (user, product) in enumerate(_again(_views(rng))):
        body = b'{"eventType":"view","userId":"user-%d","productId":"product-%d","eventId":"%s-%d"}'
        yield http_request("POST", path, shop.key, body % (user, product, path.encode(), number))


def batch_requests(shop: Shop, path: str, seed: int = 4) -> Iterator[bytes]:
    one = b'{"eventType":"view","userId":"user-%d","productId":"product-%d","eventId":"%s-%d"}'
    views, number = _again(_views(np.random.default_rng(seed))), 0
    while True:
        events = []
        for _ in range(100):
            number += 1
            events.append(one % (*next(views), path.encode(), number))
        yield http_request("POST", path, shop.key, b'{"events":[' + b",".join(events) + b"]}")


def _views(rng: np.random.Generator) -> list[tuple[int, int]]:
    drawn = rng.integers((USERS, ITEMS), size=(100_000, 2))
    return [(user, product) for user, product in drawn.tolist()]


def _again(values: list[Any]) -> Iterator[Any]:
    while True:
        yield from values
