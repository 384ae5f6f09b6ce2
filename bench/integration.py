"""The integration doctor of a large shop: 5 million events in 30 days, a catalog of 20,000 products, over HTTP.

`database_cpu_ms`: what PostgreSQL's processes spend on one answer, which other work on the machine changes little.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from bench.analytics import DAYS, EVENTS, Admin, execute, fill
from bench.refresh import database_url
from bench.results import write_result
from bench.server import System, postgres_cpu_s, running_system

ROUNDS, WARM_UP = 20, 3
BUDGET = {"p95_ms": 1000.0}
PRODUCTS = 20_000
MAKE_CATALOG = """
INSERT INTO catalog_items (tenant_id, product_id, number, name, category, price, currency, version)
SELECT $1, 'product-' || number, number, 'Product ' || number, 'A', 10 + number % 90, 'USD', number
FROM generate_series(1, $2::int) AS number
"""


def main() -> dict[str, Any]:
    with running_system() as system:
        figures = measure(system)
    print(figures)
    print(f"written to {write_result('integration', figures)}")
    return figures


def measure(system: System) -> dict[str, Any]:
    admin, now = Admin(system), datetime.now(UTC)
    asyncio.run(stock(database_url(system), admin.shop, now))
    return answers(system, admin)


def answers(system: System, admin: Admin) -> dict[str, Any]:
    spent, cpu_ms, checks = [], [], 0
    for _ in range(WARM_UP + ROUNDS):
        started, before = time.perf_counter(), postgres_cpu_s(system)
        checks = len(admin.call("GET", f"/tenants/{admin.shop}/integration?days={DAYS}")["findings"])
        spent.append((time.perf_counter() - started) * 1000)
        cpu_ms.append((postgres_cpu_s(system) - before) * 1000)
    return {
        "events": EVENTS, "products": PRODUCTS, "rounds": ROUNDS, "checks": checks, "budget": BUDGET,
        "answer_ms": spread(spent), "database_cpu_ms": spread(cpu_ms),
    }  # fmt: skip


async def stock(database: str, shop: UUID, now: datetime) -> None:
    await execute(database, MAKE_CATALOG, shop, PRODUCTS)
    await fill(database, shop, now - timedelta(days=DAYS), now, EVENTS)


def spread(values: list[float]) -> dict[str, float]:
    return {f"p{share}": round(float(np.percentile(values[WARM_UP:], share)), 1) for share in (50, 95)}
