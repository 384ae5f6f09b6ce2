"""Workers in this process: each with a pool of its own, as another process has one."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from pgqueuer import PgQueuer

from recomengine.context import Context
from recomengine.infra.database import Pool, open_pool
from recomengine.jobs.registry import JOBS, Job, Tools
from recomengine.jobs.worker import SILENT_AFTER, make_queue, work
from tests.support.processes import PATIENCE_S
from tests.support.shops import logs_of, store_of

SOON = timedelta(milliseconds=200)


class Worker(NamedTuple):
    queue: PgQueuer
    drained: asyncio.Event
    """Set: what still runs is given back."""


@asynccontextmanager
async def a_worker(
    context: Context, jobs: Sequence[Job] = JOBS, silent_after: timedelta = SILENT_AFTER
) -> AsyncIterator[Worker]:
    """A worker that runs meanwhile, and ends in order."""
    pool = await open_pool(context.settings.database_url, min_size=1, max_size=8)
    drained = asyncio.Event()
    queue = make_queue(
        Tools(pool, context.redis, context.bus, store_of(context), logs_of(context), context.settings), jobs, drained
    )
    running = asyncio.create_task(work(queue, silent_after))
    try:
        yield Worker(queue, drained)
    finally:
        queue.shutdown.set()
        async with asyncio.timeout(PATIENCE_S):
            await running
        await pool.close()


async def state(context: Context, job_id: int | None) -> tuple[str, int, str | None]:
    """How a job stands, how often it was tried, and what was said last."""
    async with context.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL ROLE NONE")  # the tenant need not be declared
        row = await connection.fetchrow("SELECT status, attempts, error FROM jobs WHERE id = $1", job_id)
    assert row is not None
    return row["status"], row["attempts"], row["error"]


async def in_queue(pool: Pool, name: str, tenant_id: UUID | None = None) -> list[str]:
    """What the queue says of jobs of that kind."""
    rows = await pool.fetch(
        "SELECT status::text FROM pgqueuer WHERE entrypoint = $1 AND ($2::bytea IS NULL OR payload = $2) ORDER BY id",
        name, None if tenant_id is None else tenant_id.bytes,
    )  # fmt: skip
    return [row["status"] for row in rows]
