"""kill -9 of the whole process group under load, restart, and count: every acknowledged event must be there once."""

import asyncio
import json
import os
import signal
import time
from typing import Any

import asyncpg
import numpy as np

from bench.load import Client, http_request
from bench.results import write_result
from bench.server import Shop, System, running_system, start

ROUNDS = 3
LOAD_S = 6.0
CLIENTS = 32


def main() -> dict[str, Any]:
    with running_system() as system:
        shop = system.shop("chaos")
        rounds = []
        for number in range(ROUNDS):
            acknowledged, system = asyncio.run(_round(shop, system, number))
            rounds.append(asyncio.run(_count(system, shop, acknowledged)))
            print(f"round {number}: {rounds[-1]}", flush=True)
        system.process.send_signal(signal.SIGTERM)
        system.process.wait(30)
    write_result("chaos", {"rounds": rounds})
    if any(row["missing"] or row["stored_twice"] for row in rounds):
        raise SystemExit("acknowledged events were lost or doubled")
    return {"rounds": rounds}


async def _round(shop: Shop, system: System, number: int) -> tuple[set[str], System]:
    """Load, kill everything in the middle, restart; the ids of the events that were answered 202 or 200."""
    acknowledged: set[str] = set()
    tasks = [asyncio.create_task(_send(shop, f"{number}-{i}", acknowledged)) for i in range(CLIENTS)]
    await asyncio.sleep(LOAD_S)
    os.killpg(system.process.pid, signal.SIGKILL)
    await asyncio.gather(*tasks)
    system.process.wait(10)
    restarted = await asyncio.to_thread(start, system.data_dir, system.port)
    return acknowledged, system._replace(process=restarted)


async def _send(shop: Shop, name: str, acknowledged: set[str]) -> None:
    """Singles and batches in turn until the server is gone."""
    client = Client(shop.host, shop.port, 1)
    rng = np.random.default_rng(abs(hash(name)) % 2**32)
    for sent in range(1_000_000):
        ids = [f"{name}-{sent}-{k}" for k in range(20 if sent % 5 == 0 else 1)]
        events = [
            {"eventType": "view", "userId": f"u{int(rng.integers(500))}", "productId": "p", "eventId": i} for i in ids
        ]
        path, body = ("/api/v1/events", events[0]) if len(events) == 1 else ("/api/v1/events/batch", {"events": events})
        try:
            status, answer = await client.send(http_request("POST", path, shop.key, json.dumps(body).encode()))
        except (OSError, TimeoutError):
            return
        if status not in (200, 202):
            continue
        data = json.loads(answer)["data"]
        results = data.get("results", [data])
        acknowledged.update(i for i, result in zip(ids, results, strict=True) if result["status"] != "rejected")


async def _count(system: System, shop: Shop, acknowledged: set[str]) -> dict[str, int]:
    connection = await asyncpg.connect(_database_url(system))
    rows = await connection.fetch(
        "SELECT client_event_id, count(*) AS stored FROM events WHERE tenant_id = $1 GROUP BY 1", shop.tenant_id
    )
    await connection.close()
    stored = {row["client_event_id"]: row["stored"] for row in rows}
    return {
        "acknowledged": len(acknowledged),
        "missing": sum(1 for event in acknowledged if event not in stored),
        "stored_twice": sum(1 for count in stored.values() if count > 1),
        "stored": len(stored),
    }


def _database_url(system: System) -> str:
    """The URL of the embedded server, as `up` leaves it in the data dir."""
    url: str = json.loads((system.data_dir / "servers.json").read_text())["database_url"]
    return url


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s")
