"""Two workers, one of them killed with kill -9 at random moments for two minutes: every job's effect exactly once.

One private system (`recomengine up`). The two workers are `recomengine worker` with the kinds of job below instead of
its own, and with 2 s of silence instead of 30 after which a job is given to another, so that many are taken over. Jobs
are queued all the while; afterwards the workers have time to do what is left. Counted are effects, tries, and tries of
one job at the same time.

`effect` makes its effect and its end in one transaction, in a table without any key that would refuse a second one;
`keyed` does its work outside of it, by key; `flaky` fails twice; `broken` fails always; `poison` kills its worker
always.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from bench.results import write_result
from bench.server import running_system
from recomengine.infra.data_dir import with_data_dir
from recomengine.infra.database import Pool, open_pool
from recomengine.infra.logs import configure_logs
from recomengine.infra.queue import enqueue
from recomengine.jobs.registry import Job, Run, Tools
from recomengine.jobs.worker import run_worker
from recomengine.settings import Settings, load_settings

SECONDS = 120.0
REST_S = 420.0
WORKERS = 2
KILL_EVERY_S = (0.5, 3.0)
WORK_S = (0.0, 0.2)
SILENT_AFTER = timedelta(seconds=2)
JOBS_PER_S = 8.0
SPOILT = 3
"""So many jobs are broken, and so many are poison: each of these kills three workers."""
LOCK = 7999

SCHEMA = """
CREATE TABLE bench_tries (name text, tenant_id uuid, at timestamptz DEFAULT clock_timestamp());
CREATE TABLE bench_effects (name text, tenant_id uuid);
CREATE TABLE bench_keyed (tenant_id uuid CONSTRAINT bench_keyed_pkey PRIMARY KEY);
CREATE TABLE bench_at_once (name text, tenant_id uuid);
GRANT ALL ON bench_tries, bench_effects, bench_keyed, bench_at_once TO recomengine_app
"""
MAKE_TENANTS = "INSERT INTO tenants (name) SELECT 'bench' FROM generate_series(1, $1) RETURNING id"
TRY = "INSERT INTO bench_tries (name, tenant_id) VALUES ($1, $2)"
TRIES = "SELECT count(*) FROM bench_tries WHERE name = $1 AND tenant_id = $2"
ALL_TRIES = "SELECT count(*) FROM bench_tries"
EFFECT = "INSERT INTO bench_effects (name, tenant_id) VALUES ($1, $2)"
KEYED = "INSERT INTO bench_keyed (tenant_id) VALUES ($1) ON CONFLICT DO NOTHING"
OPEN = "SELECT count(*) FROM pgqueuer WHERE entrypoint = ANY ($1) AND status IN ('queued', 'picked')"
FOUND = """
SELECT j.name, j.status, j.attempts, count(e.tenant_id) + count(k.tenant_id) AS effects,
       (SELECT count(*) FROM bench_tries t WHERE t.name = j.name AND t.tenant_id = j.tenant_id) AS tries
FROM jobs j LEFT JOIN bench_effects e ON e.name = j.name AND e.tenant_id = j.tenant_id
LEFT JOIN bench_keyed k ON j.name = 'keyed' AND k.tenant_id = j.tenant_id
WHERE j.name = ANY ($1) GROUP BY j.id
"""


@asynccontextmanager
async def _noted(tools: Tools, name: str, run: Run) -> AsyncIterator[None]:
    """One try: counted, and whether another of the same job is under way."""
    async with tools.pool.acquire() as connection:
        await connection.execute(TRY, name, run.tenant)
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1, hashtext($2))", LOCK, f"{name}{run.tenant}"):
            await connection.execute("INSERT INTO bench_at_once (name, tenant_id) VALUES ($1, $2)", name, run.tenant)
        try:
            yield
        finally:
            await connection.execute("SELECT pg_advisory_unlock_all()")


async def effect(tools: Tools, run: Run, name: str = "effect") -> None:
    async with _noted(tools, name, run):
        await asyncio.sleep(random.uniform(*WORK_S))
        async with tools.pool.acquire() as connection, connection.transaction():
            await connection.execute(EFFECT, name, run.tenant)
            await run.finish(connection)


async def keyed(tools: Tools, run: Run) -> None:
    async with _noted(tools, "keyed", run):
        await asyncio.sleep(random.uniform(*WORK_S))
        await tools.pool.execute(KEYED, run.tenant)


async def flaky(tools: Tools, run: Run) -> None:
    if await tools.pool.fetchval(TRIES, "flaky", run.tenant) < 2:
        await tools.pool.execute(TRY, "flaky", run.tenant)
        raise RuntimeError("not yet")
    await effect(tools, run, "flaky")


async def broken(tools: Tools, run: Run) -> None:
    await tools.pool.execute(TRY, "broken", run.tenant)
    raise RuntimeError("never")


async def poison(tools: Tools, run: Run) -> None:
    await tools.pool.execute(TRY, "poison", run.tenant)
    os.kill(os.getpid(), signal.SIGKILL)


MANY, FEW, SOON = 50, 3, timedelta(seconds=0.2)
KINDS = (
    Job("effect", effect, of_tenant=True, attempts=MANY, first_wait=SOON),
    Job("keyed", keyed, of_tenant=True, attempts=MANY, first_wait=SOON),
    Job("flaky", flaky, of_tenant=True, attempts=MANY, first_wait=SOON),
    Job("broken", broken, of_tenant=True, attempts=FEW, first_wait=SOON),
    Job("poison", poison, of_tenant=True, attempts=FEW, first_wait=SOON),
)
NAMES = [job.name for job in KINDS]
GOOD, SPOILT_KINDS = NAMES[:3], NAMES[3:]


def main() -> dict[str, Any]:
    with running_system() as system:
        settings = with_data_dir(Settings(data_dir=system.data_dir))
        figures = asyncio.run(torture(settings, SECONDS))
    print(figures)
    print(f"written to {write_result('jobs', figures)}")
    if faults(figures):
        raise SystemExit(f"jobs were lost, doubled or not buried: {faults(figures)}")
    return figures


async def torture(settings: Settings, seconds: float) -> dict[str, Any]:
    """Kill workers for that long, let the rest be done, and count."""
    owner = await asyncpg.connect(settings.database_url)
    pool = await open_pool(settings.database_url, min_size=1, max_size=2)
    await owner.execute(SCHEMA)
    folder = Path(tempfile.mkdtemp(prefix="recomengine-jobs-"))
    workers = [_start(settings, folder) for _ in range(WORKERS)]
    started, end = time.perf_counter(), time.monotonic() + seconds
    try:
        queued, kills = await asyncio.gather(
            _queue(owner, pool, end, seconds), _kill(pool, settings, folder, workers, end)
        )
        kills += await _rest(owner, settings, folder, workers)
        took = time.perf_counter() - started
        found = await owner.fetch(FOUND, NAMES)
        at_once = await owner.fetchval("SELECT count(*) FROM bench_at_once")
    finally:
        await _stop(workers)
        await pool.close()
        await owner.close()
    return _figures(queued, kills, at_once, found) | {"killing_s": seconds, "all_s": round(took, 1), "workers": WORKERS}


def _figures(queued: dict[str, int], kills: int, at_once: int, found: list[asyncpg.Record]) -> dict[str, Any]:
    of = {name: [row for row in found if row["name"] == name] for name in NAMES}
    return {
        "worker_ends": kills,
        "tries_of_one_job_at_once": at_once,
        "kinds": {
            name: {
                "queued": queued[name],
                **{status: sum(row["status"] == status for row in rows) for status in ("succeeded", "dead")},
                "effects": sum(row["effects"] for row in rows),
                "without_effect": sum(row["effects"] == 0 for row in rows),
                "more_than_one_effect": sum(row["effects"] > 1 for row in rows),
                "tries": sum(row["tries"] for row in rows),
                "most_tries": max((row["tries"] for row in rows), default=0),
            }
            for name, rows in of.items()
        },
    }


def faults(figures: dict[str, Any]) -> list[str]:
    """What is not as it must be."""
    found = [] if figures["tries_of_one_job_at_once"] == 0 else ["tries at once"]
    for name, row in figures["kinds"].items():
        if name in GOOD and (row["succeeded"] != row["queued"] or row["without_effect"] or row["more_than_one_effect"]):
            found.append(name)
        if name in SPOILT_KINDS and (row["dead"] != row["queued"] or row["most_tries"] > FEW):
            found.append(name)
    return found


async def _queue(owner: "asyncpg.Connection[asyncpg.Record]", pool: Pool, end: float, seconds: float) -> dict[str, int]:
    """Queue jobs evenly, each for a tenant of its own; how many of each kind."""
    number = int(seconds * JOBS_PER_S)
    tenants: list[UUID] = [row["id"] for row in await owner.fetch(MAKE_TENANTS, number)]
    names = [name for name in SPOILT_KINDS for _ in range(SPOILT)]
    names += random.choices(GOOD, k=number - len(names))
    random.shuffle(names)
    start = time.monotonic()
    for at, (name, tenant_id) in enumerate(zip(names, tenants, strict=True)):
        await asyncio.sleep(max(0.0, start + at * (end - start) / number - time.monotonic()))
        assert await enqueue(pool, name, tenant_id) is not None
    return {name: names.count(name) for name in NAMES}


async def _kill(
    pool: Pool, settings: Settings, folder: Path, workers: "list[subprocess.Popen[bytes]]", end: float
) -> int:
    """Kill one of the workers at random moments, and start another for each that has ended; how many have ended.

    Between two kills at least one try begins, however slow the machine is.
    """
    ended, tries = 0, 0
    while time.monotonic() < end:
        await asyncio.sleep(random.uniform(*KILL_EVERY_S))
        before, tries = tries, await pool.fetchval(ALL_TRIES)
        if tries > before:
            random.choice(workers).kill()
        ended += _replace(settings, folder, workers)
    return ended


async def _rest(
    owner: "asyncpg.Connection[asyncpg.Record]",
    settings: Settings,
    folder: Path,
    workers: "list[subprocess.Popen[bytes]]",
) -> int:
    ended, end = 0, time.monotonic() + REST_S
    while await owner.fetchval(OPEN, NAMES):
        if time.monotonic() > end:
            raise RuntimeError(f"not done after {REST_S} s more: {(folder / 'worker.log').read_text()[-2000:]}")
        await asyncio.sleep(0.1)
        ended += _replace(settings, folder, workers)
    return ended


def _replace(settings: Settings, folder: Path, workers: "list[subprocess.Popen[bytes]]") -> int:
    ended = [at for at, worker in enumerate(workers) if worker.poll() is not None]
    for at in ended:
        workers[at] = _start(settings, folder)
    return len(ended)


def _start(settings: Settings, folder: Path) -> "subprocess.Popen[bytes]":
    given = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url, "DATA_DIR": str(folder)}
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "bench.jobs"],
            env={**os.environ, **given},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


async def _stop(workers: "list[subprocess.Popen[bytes]]") -> None:
    for worker in workers:
        worker.terminate()
    for worker in workers:
        await asyncio.to_thread(worker.wait, 30)


if __name__ == "__main__":  # one of the workers
    configure_logs("error", "json")
    asyncio.run(run_worker(load_settings(), KINDS, SILENT_AFTER))
