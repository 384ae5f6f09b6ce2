"""Figures of a large shop: 5 million events in 30 days, settled by the nightly job, asked for over HTTP.

One private system (`recomengine up`). The events are made in PostgreSQL, as visits in the order of time: three
impressions, a click or a view, and sometimes a purchase. Settling runs here as the worker runs it.

`database_cpu_ms`: what PostgreSQL's processes spend on one answer, which other work on the machine changes little.
"""

import asyncio
import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import numpy as np

from bench.refresh import database_url
from bench.results import write_result
from bench.server import System, postgres_cpu_s, running_system
from recomengine.analytics.aggregate import settle, settle_night
from recomengine.infra.database import open_pool
from recomengine.infra.redis import RedisClient

EVENTS, DAYS = 5_000_000, 30
NEWS, LATE = 5_000, 500
LATE_BY = timedelta(days=2)
ROUNDS, WARM_UP = 200, 10
BUDGET = {"p95_ms": 200.0, "night_s": 60.0}
STEPS = 5
MAKE_EVENTS = """
INSERT INTO events (id, tenant_id, event_type, user_id, product_id, session_id, metadata, timestamp, created_at)
SELECT gen_random_uuid(), $1, kind, 'user-' || buyer, 'product-' || product, 's-' || visit,
       CASE kind WHEN 'impression' THEN jsonb_build_object('placementId', place, 'strategy', method, 'recommendationId',
           'r-' || visit)
                 WHEN 'click' THEN jsonb_build_object('placementId', place, 'strategy', method, 'recommendationId',
                     'r-' || visit)
                 WHEN 'purchase' THEN jsonb_build_object('price', round(random()::numeric * 200, 2), 'quantity',
                     1 + visit % 2, 'orderId',
                                                            'o-' || visit / 2)
       END,
       at, now()
FROM (
    SELECT visit, step, buyer, product, place, method,
           CASE WHEN step <= 3 THEN 'impression' WHEN step = 4 THEN CASE WHEN chance < 0.5 THEN 'click' ELSE 'view' END
                WHEN chance < 0.2 THEN 'purchase' ELSE 'view' END AS kind,
           begun + step * interval '20 seconds' + CASE WHEN step = 5 THEN wait ELSE interval '0' END AS at
    FROM (
        SELECT visit, (random() * 100000)::int AS buyer, (20000 * random() ^ 3)::int AS product, random() AS chance,
               (ARRAY['home', 'product', 'cart', 'search', 'mail'])[1 + (random() * 4)::int] AS place,
               (ARRAY['auto', 'trending', 'collaborative', 'content_based'])[1 + (random() * 3)::int] AS method,
               random() ^ 4 * interval '3 days' AS wait,
               $2::timestamptz + ($3::timestamptz - $2::timestamptz) * (visit::float8 / $4::int) AS begun
        FROM generate_series(1, $4::int) AS visit
    ) AS visits CROSS JOIN generate_series(1, 5) AS step
) AS steps
WHERE at <= $3
"""
PLAIN = """
SELECT count(*) FILTER (WHERE event_type = 'impression') AS impressions,
    count(*) FILTER (WHERE event_type = 'click') AS clicks,
       count(*) FILTER (WHERE event_type = 'purchase') AS conversions, count(DISTINCT order_id) AS orders,
       sum((metadata ->> 'price')::numeric * (metadata ->> 'quantity')::numeric) AS revenue,
       count(*) FILTER (WHERE event_type = 'purchase' AND EXISTS (
           SELECT FROM events c WHERE c.tenant_id = $1 AND c.user_id = e.user_id AND c.product_id = e.product_id
               AND c.event_type = 'click'
               AND c.timestamp <= e.timestamp
               AND c.timestamp >= e.timestamp - interval '168 hours')) AS "attributedConversions"
FROM events e WHERE tenant_id = $1
"""
PLAIN_TOP = """
SELECT product_id, sum((metadata ->> 'price')::numeric * (metadata ->> 'quantity')::numeric) AS revenue
FROM events WHERE tenant_id = $1 AND event_type = 'purchase'
GROUP BY product_id ORDER BY revenue DESC, product_id COLLATE "C" LIMIT 10
"""
DELETE, ACTIVATE = (
    "UPDATE tenants SET status = 'deleted' WHERE id = $1",
    "UPDATE tenants SET status = 'active' WHERE id = $1",
)
LOCK = "SELECT FROM analytics_state WHERE tenant_id = $1 FOR UPDATE"


class Admin:
    """An admin with a shop of their own, over HTTP."""

    def __init__(self, system: System) -> None:
        self.system = system
        self._base = f"http://{system.host}:{system.port}/api/v1"
        self._token = ""
        self.email = f"{uuid4().hex}@example.com"
        signed = self.call("POST", "/auth/signup", {"email": self.email, "password": uuid4().hex})
        self._token = signed["accessToken"]
        self.shop = UUID(self.call("POST", "/tenants", {"name": "bench"})["id"])

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {self._token}"} if self._token else {}
        )
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._base + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())["data"]

    def ask(self, what: str) -> Any:
        return self.call("GET", f"/tenants/{self.shop}/analytics/{what}")

    def ms_of(self, what: str) -> float:
        """How long the answer takes, once the limit of an admin's requests lets it through."""
        while True:
            started = time.perf_counter()
            try:
                self.ask(what)
            except urllib.error.HTTPError as error:
                if error.code != 429:
                    raise
                time.sleep(int(error.headers["Retry-After"]))
            else:
                return (time.perf_counter() - started) * 1000


def main() -> dict[str, Any]:
    with running_system() as system:
        figures = measure(system)
    print(f"written to {write_result('analytics', figures)}")
    return figures


def measure(system: System) -> dict[str, Any]:
    admin, database = Admin(system), database_url(system)
    now = datetime.now(UTC)
    start, yesterday = now - timedelta(days=DAYS), now - timedelta(days=1)
    figures: dict[str, Any] = {"events": EVENTS, "days": DAYS, "budget": BUDGET}
    asyncio.run(fill(database, admin.shop, start, yesterday, EVENTS * (DAYS - 1) // DAYS))
    figures["all of it anew, s"] = asyncio.run(settling(database, admin.shop))
    asyncio.run(fill(database, admin.shop, yesterday, now, EVENTS // DAYS))
    figures["a night, s"] = asyncio.run(
        night(database, json.loads((system.data_dir / "servers.json").read_text())["redis_url"])
    )
    print(figures, flush=True)
    figures["settled"] = latencies(admin, now)
    check(admin, database, start, now)
    figures[f"{NEWS} events not settled"] = asyncio.run(not_settled(admin, database, now, NEWS))
    figures["settling them, s"] = asyncio.run(settling(database, admin.shop))
    figures[f"{LATE} late events not settled"] = asyncio.run(not_settled(admin, database, now - LATE_BY, LATE))
    figures["settling the late ones, s"] = asyncio.run(settling(database, admin.shop))
    return figures


async def fill(database: str, shop: UUID, start: datetime, end: datetime, events: int) -> None:
    """The worker leaves a deleted shop alone, so that what follows finds all of this to do."""
    await execute(database, DELETE, shop)
    await execute(database, MAKE_EVENTS, shop, start, end, events // STEPS)
    await execute(database, "ANALYZE events")
    await execute(database, ACTIVATE, shop)


async def not_settled(admin: Admin, database: str, at: datetime, events: int) -> dict[str, Any]:
    """The figures while a lock keeps the worker from settling so many new events of ten minutes."""
    connection = await asyncpg.connect(database)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(LOCK, admin.shop)
    await execute(database, MAKE_EVENTS, admin.shop, at - timedelta(minutes=10), at, events // STEPS)
    found = await asyncio.to_thread(latencies, admin, datetime.now(UTC))
    await transaction.rollback()
    await connection.close()
    return found


def latencies(admin: Admin, now: datetime) -> dict[str, Any]:
    moments = f"from={int((now - timedelta(days=DAYS)).timestamp() * 1000)}&to={int(now.timestamp() * 1000)}"
    questions = {
        "overview": "overview", "overview, compared": "overview?compare=previous",
        "overview, to the moment": f"overview?{moments}", "timeseries by day": "timeseries?metric=revenue",
        "timeseries by hour": "timeseries?metric=clicks&interval=hour",
        "timeseries by placement": "timeseries?metric=ctr&groupBy=placementId", "top products": "top-products",
        "live": "live",
    }  # fmt: skip
    found = {}
    for name, question in questions.items():
        before = postgres_cpu_s(admin.system)
        spent = [admin.ms_of(question) for _ in range(WARM_UP + ROUNDS)]
        cpu_ms = (postgres_cpu_s(admin.system) - before) / (WARM_UP + ROUNDS) * 1000
        shares = {f"p{share}_ms": round(float(np.percentile(spent[WARM_UP:], share)), 1) for share in (50, 95, 99)}
        found[name] = {**shares, "database_cpu_ms": round(cpu_ms, 1)}
        print(f"{name}: {found[name]}", flush=True)
    return found


def check(admin: Admin, database: str, start: datetime, now: datetime) -> None:
    """Raises AssertionError where what is shown is not a plain recomputation."""
    between = f"from={int(start.timestamp() * 1000) - 1000}&to={int(now.timestamp() * 1000) + 1000}"
    shown = admin.ask(f"overview?{between}")
    (plain,) = asyncio.run(rows(database, PLAIN, admin.shop))
    for name, value in plain.items():
        assert abs(float(shown[name]) - float(value)) < 0.001, (name, shown[name], value)
    top = [(row["productId"], float(row["revenue"])) for row in admin.ask(f"top-products?{between}")]
    plain_top = asyncio.run(rows(database, PLAIN_TOP, admin.shop))
    assert top == [(row["product_id"], float(row["revenue"])) for row in plain_top], (top, plain_top)


async def settling(database: str, shop: UUID) -> float:
    pool = await open_pool(database, min_size=1, max_size=2, statement_timeout_ms=1_800_000)
    started = time.perf_counter()
    await settle(pool, shop)
    spent = time.perf_counter() - started
    await pool.close()
    return round(spent, 2)


async def night(database: str, redis_url: str) -> float:
    pool, redis = (
        await open_pool(database, min_size=1, max_size=2, statement_timeout_ms=1_800_000),
        RedisClient(redis_url),
    )
    started = time.perf_counter()
    await settle_night(pool, redis)
    spent = time.perf_counter() - started
    await redis.close()
    await pool.close()
    return round(spent, 2)


async def execute(database: str, sql: str, *arguments: Any) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(sql, *arguments, timeout=1800)
    finally:
        await connection.close()


async def rows(database: str, sql: str, *arguments: Any) -> list[dict[str, Any]]:
    connection = await asyncpg.connect(database)
    try:
        return [dict(row) for row in await connection.fetch(sql, *arguments, timeout=1800)]
    finally:
        await connection.close()
