"""Refreshes of a large shop: from scratch with the learning, and again when 1 % is new.

One private system (`recomengine up`); 20,000 products, 100,000 shoppers, 2 million events in sessions, copied straight
into PostgreSQL. Each refresh is asked for over HTTP and run by the worker, whose peak memory is read from /proc.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np

from bench import data
from bench.results import write_result
from bench.server import Shop, System, running_system

ITEMS, USERS, EVENTS = 20_000, 100_000, 2_000_000
NEW_SHARE = 0.01
DAYS = 60
SESSION_EVENTS = 6.0
SESSION_GAP_MS = 40_000
KINDS = ("view", "click", "add_to_cart", "purchase")
KIND_SHARES = (0.72, 0.12, 0.1, 0.06)
BUDGET_S = {"from scratch": 45.0, "1 % new": 5.0}
SET_STATUS = "UPDATE tenants SET status = $2 WHERE id = $1"
STATS = "SELECT stats FROM models WHERE tenant_id = $1 AND version = $2"
COLUMNS = (
    "id",
    "tenant_id",
    "event_type",
    "user_id",
    "product_id",
    "session_id",
    "metadata",
    "timestamp",
    "created_at",
)


def main() -> dict[str, Any]:
    with running_system() as system:
        figures = measure(system)
    print(f"written to {write_result('refresh', figures)}")
    return figures


def measure(system: System) -> dict[str, Any]:
    shop, database = system.shop("bench"), database_url(system)
    shop.upload("/api/v1/catalog/import", data.ndjson(data.products(ITEMS)))
    asyncio.run(store(database, shop, EVENTS, seed=7))
    figures: dict[str, Any] = {"products": ITEMS, "shoppers": USERS, "events": EVENTS, "budget_s": BUDGET_S}
    figures["from scratch"] = refresh(system, shop, database)
    assert figures["from scratch"]["events"] == EVENTS, figures
    for name, seed in (("1 % new", 8), ("1 % new again", 9)):
        asyncio.run(store(database, shop, int(EVENTS * NEW_SHARE), seed=seed))
        figures[name] = refresh(system, shop, database)
    return figures


def refresh(system: System, shop: Shop, database: str) -> dict[str, Any]:
    worker = process_of(system, "worker")
    Path(f"/proc/{worker}/clear_refs").write_text("5")  # the peak starts anew
    started = time.perf_counter()
    version = shop.refresh()["version"]
    wall_s = time.perf_counter() - started
    stats = asyncio.run(stats_of(database, shop, version))
    figures = {
        "wall_s": round(wall_s, 2), "build_s": stats["buildSeconds"], "seconds": stats["seconds"],
        "events": stats["events"], "model_mib": round(stats["bytes"] / 2**20), "worker_peak_mib": peak_mib(worker),
    }  # fmt: skip
    print(f"{figures}", flush=True)
    return figures


def process_of(system: System, role: str) -> int:
    """The number of the process of `recomengine ROLE`."""
    found = [
        int(folder.name) for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and f"recomengine {role}" in _command(folder) and _parent(folder) == system.process.pid
    ]  # fmt: skip
    return found[0]


def _command(folder: Path) -> str:
    try:
        return (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def _parent(folder: Path) -> int:
    return int((folder / "stat").read_text().rpartition(")")[2].split()[1])


def peak_mib(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) // 1024


def database_url(system: System) -> str:
    url: str = json.loads((system.data_dir / "servers.json").read_text(encoding="utf-8"))["database_url"]
    return url


async def stats_of(database: str, shop: Shop, version: str) -> dict[str, Any]:
    connection = await asyncpg.connect(database)
    try:
        return dict(json.loads(await connection.fetchval(STATS, UUID(shop.tenant_id), version)))
    finally:
        await connection.close()


async def store(database: str, shop: Shop, count: int, *, seed: int) -> None:
    """Copy `count` events into the database, as stored now. The shop is suspended meanwhile: a round of the worker
    would not wait for them.
    """
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(SET_STATUS, UUID(shop.tenant_id), "suspended")
        await connection.copy_records_to_table(
            "events", records=events(UUID(shop.tenant_id), count, seed), columns=COLUMNS, timeout=1800
        )
        await connection.execute(SET_STATUS, UUID(shop.tenant_id), "active")
    finally:
        await connection.close()


def events(tenant_id: UUID, count: int, seed: int) -> Iterator[tuple[Any, ...]]:
    """Sessions of a few products; each shopper prefers two categories, and a session stays mostly in one."""
    draw = np.random.default_rng(seed)
    taste = np.random.default_rng(7).integers(0, data.CATEGORIES, (USERS, 2))
    lengths = draw.geometric(1 / SESSION_EVENTS, count)
    lengths = lengths[: int(np.searchsorted(np.cumsum(lengths), count)) + 1]
    of = np.repeat(np.arange(len(lengths)), lengths)[:count]
    place = np.arange(count) - np.maximum.accumulate(np.where(np.diff(of, prepend=-1) > 0, np.arange(count), 0))
    stored = datetime.now(UTC)
    start_ms = int(stored.timestamp() * 1000) - draw.integers(0, DAYS * data.DAY_MS, len(lengths))
    who = draw.integers(0, USERS, len(lengths))
    category = taste[who, draw.integers(0, 2, len(lengths))][of]
    category = np.where(draw.random(count) < 0.9, category, draw.integers(0, data.CATEGORIES, count))
    rank = np.minimum(draw.zipf(1.2, count) - 1, draw.integers(0, ITEMS // data.CATEGORIES, count))
    product, kind = category + data.CATEGORIES * rank, draw.choice(len(KINDS), count, p=KIND_SHARES)
    ids, epoch = draw.bytes(16 * count), datetime(1970, 1, 1, tzinfo=UTC)
    columns = (
        of.tolist(),
        who[of].tolist(),
        product.tolist(),
        kind.tolist(),
        (start_ms[of] + place * SESSION_GAP_MS).tolist(),
    )
    for at, (session, user, number, code, time_ms) in enumerate(zip(*columns, strict=True)):
        order = f'{{"orderId": "o-{seed}-{session}"}}' if KINDS[code] == "purchase" else None
        yield (
            UUID(bytes=ids[16 * at : 16 * at + 16]), tenant_id, KINDS[code], f"user-{user}", f"product-{number}",
            f"s-{seed}-{session}", order, epoch + timedelta(milliseconds=time_ms), stored,
        )  # fmt: skip
