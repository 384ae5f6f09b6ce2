"""The worker: takes jobs from the queue in PostgreSQL (pgqueuer), and runs the schedule. Any number of workers may run.

pgqueuer takes jobs, beats for those that run, takes up those whose worker has fallen silent, and keeps the schedule,
which does no more than queue jobs. How a job ends is ours (`running.py`).
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Job as Taken
from pgqueuer.models import Schedule
from pgqueuer.queries import Queries

from recomengine.infra import tracing
from recomengine.infra.background import repeat
from recomengine.infra.bus import Bus
from recomengine.infra.data_dir import make_private
from recomengine.infra.database import DATABASE_AWAY, Connection, Pool, open_pool
from recomengine.infra.logs import said
from recomengine.infra.process_gauges import EVERY_S, gauges_of
from recomengine.infra.queue import enqueue
from recomengine.jobs import queries
from recomengine.jobs.registry import JOBS, Job, Run, Tools
from recomengine.jobs.running import JobLost, Try
from recomengine.models.event_log import EventLogs
from recomengine.models.store import ModelStore
from recomengine.settings import Settings, SettingsError
from recomengine.tenants.copies import EVERY_S as COPIES_EVERY_S
from recomengine.tenants.copies import remove_copies

STATEMENT_TIMEOUT_MS = 30 * 60 * 1000
SILENT_AFTER = timedelta(seconds=30)
"""A worker beats twice in this time for each of its jobs; without a beat of that length a job is given to another."""
POLL = timedelta(seconds=5)
DRAIN_S = 5.0
"""What jobs under way get to end in after SIGTERM; the rest of `up`'s patience is for giving them back."""
CANCEL_S = 1.0
AWAY_S = 1.0
"""How long a worker waits before it asks again for a database that went away."""
CONNECTIONS = 12

log = structlog.get_logger()


@dataclass
class OneOfAKind(Queries):
    """pgqueuer's statements for a worker that runs one job of a kind at a time, and ends its jobs itself.

    (pgqueuer's own limit for a kind holds for all workers together.)
    """

    busy: frozenset[str] = frozenset()

    async def dequeue(
        self, batch_size: int, entrypoints: Any, queue_manager_id: Any, *limits: Any, **named: Any
    ) -> list[Taken]:
        self.busy = frozenset(await self._held(queue_manager_id))
        free = {name: limit for name, limit in entrypoints.items() if name not in self.busy}
        return await super().dequeue(batch_size, free, queue_manager_id, *limits, **named) if free else []

    async def queued_work(self, entrypoints: Any) -> int:
        return await super().queued_work(self._free(entrypoints))

    async def eligible_queued_work(self, entrypoints: Any) -> int:
        return await super().eligible_queued_work(self._free(entrypoints))

    async def next_deferred_eta(self, entrypoints: Any) -> timedelta | None:
        return await super().next_deferred_eta(self._free(entrypoints))

    async def log_jobs(self, job_status: Any) -> None:
        """Nothing: each job has been ended in a transaction of its own, or is another worker's."""

    async def _held(self, holder: UUID) -> set[str]:
        return {str(row["entrypoint"]) for row in await self.driver.fetch(queries.HELD_NAMES, holder)}

    def _free(self, entrypoints: Any) -> Any:
        return [name for name in entrypoints if name not in self.busy]


async def run_worker(settings: Settings, jobs: Sequence[Job] = JOBS, silent_after: timedelta = SILENT_AFTER) -> None:
    """Work until SIGTERM or SIGINT. Jobs under way have DRAIN_S to end; then they are given back to the queue."""
    loop, stopping, drained = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    async with open_tools(settings) as tools:

        def stop() -> None:
            stopping.set()
            loop.call_later(DRAIN_S, drained.set)

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop)
        background = [
            asyncio.create_task(
                repeat("copies", lambda: remove_copies(tools.pool, tools.store, tools.logs), every_s=COPIES_EVERY_S)
            ),
            asyncio.create_task(repeat("gauges", gauges_of("worker", tools.pool), every_s=EVERY_S)),
        ]
        for job in jobs:
            if job.at_start:
                await enqueue(tools.pool, job.name)
        try:
            while not stopping.is_set():
                await _work_until(stopping, make_queue(tools, jobs, drained), silent_after)
        finally:
            for task in background:
                task.cancel()
    if drained.is_set():
        os._exit(0)  # the thread of a build that was given back cannot be stopped, and would be waited for


async def run_once(settings: Settings, name: str, tenant_id: UUID | None, jobs: Sequence[Job] = JOBS) -> None:
    """Run one job here and now, without the queue. Raises SettingsError when there is none of that name, or it needs a
    tenant.
    """
    job = next((job for job in jobs if job.name == name), None)
    if job is None:
        raise SettingsError(f"There is no job {name}. Choose one of {', '.join(job.name for job in jobs)}.")
    if job.of_tenant and tenant_id is None:
        raise SettingsError(f"{name} is done for one tenant. Say which with --tenant.")
    if tenant_id is not None and not job.of_tenant:
        raise SettingsError(f"{name} is done for the whole system. Leave out --tenant.")
    async with open_tools(settings) as tools:
        await job.work(tools, Run(tenant_id, _not_queued))


async def _not_queued(_connection: Connection) -> None:
    """There is nothing to end in the queue."""


@asynccontextmanager
async def open_tools(settings: Settings) -> AsyncIterator[Tools]:
    make_private(settings.data_dir)
    pool = await open_pool(
        settings.database_url, min_size=1, max_size=CONNECTIONS, statement_timeout_ms=STATEMENT_TIMEOUT_MS
    )
    redis = tracing.open_redis(settings.redis_url)
    try:
        async with tracing.tracing():
            yield Tools(
                pool, redis, Bus(settings.redis_url, redis),
                ModelStore(settings.model_store_url, settings.data_dir / "models-cache"),
                EventLogs(settings.data_dir / "event-logs"), settings,
            )  # fmt: skip
    finally:
        await redis.close()
        await pool.close()


def make_queue(tools: Tools, jobs: Sequence[Job], drained: asyncio.Event) -> PgQueuer:
    """A queue that runs `jobs`; once `drained` is set, what still runs is given back."""
    driver = AsyncpgPoolDriver(tools.pool)
    queue = PgQueuer(driver, queries=OneOfAKind(driver))
    for job in jobs:
        queue.entrypoint(job.name)(_runner(tools, job, drained))
        if job.cron:
            queue.schedule(job.name, job.cron)(_enqueuer(tools.pool, job))
    return queue


async def work(queue: PgQueuer, silent_after: timedelta = SILENT_AFTER) -> None:
    """Until `queue.shutdown`."""
    await queue.run(
        dequeue_timeout=POLL, batch_size=1, heartbeat_timeout=silent_after, log_aggregation_interval=timedelta(0)
    )


async def _work_until(stopping: asyncio.Event, queue: PgQueuer, silent_after: timedelta) -> None:
    """Work until `stopping` is set, or the database goes away: pgqueuer ends with it, and another queue has to go
    on.
    """
    ending = asyncio.create_task(stopping.wait())
    ending.add_done_callback(lambda _: queue.shutdown.set())
    try:
        await work(queue, silent_after)
    except DATABASE_AWAY as error:
        log.warning("the worker waits for the database", error=said(error))
        await asyncio.wait({ending}, timeout=AWAY_S)
    finally:
        ending.cancel()


def _runner(tools: Tools, job: Job, drained: asyncio.Event) -> Callable[[Taken], Any]:
    async def run(taken: Taken) -> None:
        one = Try(tools.pool, job, taken)
        try:
            if await one.begin():
                await _do(tools, job, one, drained)
        except JobLost as lost:
            log.warning("job lost", error=str(lost), **one.words)

    return run


async def _do(tools: Tools, job: Job, one: Try, drained: asyncio.Event) -> None:
    working = asyncio.create_task(_traced(tools, job, one))
    giving_up = asyncio.create_task(drained.wait())
    try:
        await asyncio.wait({working, giving_up}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        giving_up.cancel()
        working.cancel()  # no more than a word to one that is done
    await asyncio.wait({working}, timeout=CANCEL_S)
    if not working.done() or working.cancelled():
        await one.give_back()
    elif (error := working.exception()) is None:
        await one.end()
    elif isinstance(error, Exception):
        await one.fail(error)
    else:
        raise error


async def _traced(tools: Tools, job: Job, one: Try) -> None:
    with tracing.span(job.name):
        await job.work(tools, one.run)


def _enqueuer(pool: Pool, job: Job) -> Callable[[Schedule], Any]:
    async def queue_it(_schedule: Schedule) -> None:
        await enqueue(pool, job.name)

    return queue_it
