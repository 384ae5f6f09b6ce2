"""The worker: takes jobs from the queue in PostgreSQL (pgqueuer), and runs the schedule. Any number of workers may run."""

import asyncio
import signal
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Job, Schedule

from recomengine.analytics.aggregate import settle_due, settle_night
from recomengine.infra.background import repeat
from recomengine.infra.bus import Bus
from recomengine.infra.database import Pool, open_pool
from recomengine.infra.redis import RedisClient
from recomengine.jobs import queries
from recomengine.jobs.purge import purge
from recomengine.models.event_log import EventLogs
from recomengine.models.service import REFRESH_JOB, refresh, request_refresh
from recomengine.models.store import ModelStore
from recomengine.settings import Settings
from recomengine.tenants.copies import EVERY_S as COPIES_EVERY_S
from recomengine.tenants.copies import remove_copies

BUILD_TIMEOUT_MS = 30 * 60 * 1000
MONTHS_AHEAD = 2
CRON_REFRESH, CRON_PARTITIONS, CRON_PURGE = "*/15 * * * * 0", "5 0 * * * 0", "35 3 * * * 0"
CRON_SETTLE, CRON_NIGHT = "* * * * * 0", "0 2 * * * 0"
LOOK_BACK = timedelta(minutes=20)
LOOK_BACK_AT_START = timedelta(days=2)
CONCURRENT_BUILDS = 1

log = structlog.get_logger()


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT; a job in progress that does not end in time is left to another worker."""
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings.database_url, min_size=1, max_size=6, statement_timeout_ms=BUILD_TIMEOUT_MS)
        stack.push_async_callback(pool.close)
        redis = RedisClient(settings.redis_url)
        stack.push_async_callback(redis.close)
        bus = Bus(settings.redis_url, redis)
        store = ModelStore(settings.model_store_url, settings.data_dir / "models-cache")
        queue = PgQueuer(AsyncpgPoolDriver(pool))
        logs = EventLogs(settings.data_dir / "event-logs")
        register(queue, pool, redis, store, logs, bus)
        copies = asyncio.create_task(repeat("copies", lambda: remove_copies(pool, store, logs), every_s=COPIES_EVERY_S))
        stack.callback(copies.cancel)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, queue.shutdown.set)
        await make_partitions(pool)
        await request_due(pool, LOOK_BACK_AT_START)
        await queue.run(dequeue_timeout=timedelta(seconds=5), batch_size=CONCURRENT_BUILDS, max_concurrent_tasks=2 * CONCURRENT_BUILDS)


def register(queue: PgQueuer, pool: Pool, redis: RedisClient, store: ModelStore, logs: EventLogs, bus: Bus) -> None:
    @queue.entrypoint(REFRESH_JOB, concurrency_limit=CONCURRENT_BUILDS)
    async def refresh_model(job: Job) -> None:
        assert job.payload is not None
        await refresh(pool, store, logs, bus, UUID(bytes=job.payload))

    @queue.schedule("refresh_due", CRON_REFRESH)
    async def refresh_due(_schedule: Schedule) -> None:
        await request_due(pool, LOOK_BACK)

    @queue.schedule("partitions", CRON_PARTITIONS)
    async def partitions(_schedule: Schedule) -> None:
        await make_partitions(pool)

    @queue.schedule("purge", CRON_PURGE)
    async def purge_deleted(_schedule: Schedule) -> None:
        await purge(pool, redis, store, logs)

    @queue.schedule("settle_figures", CRON_SETTLE)
    async def settle_figures(_schedule: Schedule) -> None:
        await settle_due(pool, LOOK_BACK)

    @queue.schedule("night_of_figures", CRON_NIGHT)
    async def night_of_figures(_schedule: Schedule) -> None:
        await settle_night(pool, redis)


async def request_due(pool: Pool, look_back: timedelta) -> int:
    """Queue a build for every tenant that has something new; how many."""
    due = await queries.tenants_due(pool, datetime.now(UTC) - look_back)
    for tenant_id in due:
        await request_refresh(pool, tenant_id)
    return len(due)


async def make_partitions(pool: Pool) -> int:
    """Make the events' partitions of this month and the next ones; how many were missing."""
    return await queries.ensure_event_partitions(pool, MONTHS_AHEAD)
