"""What tenants and operators may do with jobs: look at them, and have dead ones tried again."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from pgqueuer.domain.settings import db_settings

from recomengine.infra.database import Connection, Pool
from recomengine.infra.queue import library, record, tenant_of
from recomengine.jobs import queries
from recomengine.web.problems import Conflict, NotFound

MOST_DEAD = 100_000
STATES = {"queued": "waiting", "picked": "running", "failed": "dead"}
"""From the queue's words to ours."""


class QueuedJob(NamedTuple):
    """A job in the queue, of any tenant or of none."""

    id: int
    name: str
    tenant_id: UUID | None
    status: str
    attempts: int
    queued_at: datetime
    next_try_at: datetime
    error: str


class Failure(msgspec.Struct):
    """What the queue's log says of a try that failed."""

    exception_type: str
    exception_message: str


async def queued_jobs(pool: Pool, *, dead_only: bool, tenant_id: UUID | None, limit: int) -> list[QueuedJob]:
    """What is in the queue, dead ones first, then the newest first."""
    return [
        _as_queued(row) for row in await queries.queued_jobs(pool, ["failed"] if dead_only else None, tenant_id, limit)
    ]


def _as_queued(row: asyncpg.Record) -> QueuedJob:
    failure = None if row["failure"] is None else msgspec.json.decode(row["failure"], type=Failure)
    return QueuedJob(
        row["id"], row["name"], tenant_of(row["payload"]), STATES[row["status"]], row["attempts"], row["created"],
        row["execute_after"], "" if failure is None else f"{failure.exception_type}: {failure.exception_message}",
    )  # fmt: skip


async def retry(connection: Connection, job_id: int) -> bool:
    """Queue a dead job anew, with all its attempts; False when it is not dead. Raises Conflict. Within a transaction of
    the caller's.
    """
    dead = await queries.lock_dead(connection, job_id)
    if dead is None:
        return False
    try:
        async with connection.transaction():
            await library(connection).requeue_jobs([dead["id"]])
    except asyncpg.UniqueViolationError:
        raise Conflict(
            f"Job {job_id} is not needed: another of its kind is queued or running already. Wait for that one."
        ) from None
    await record(connection, dead["id"], tenant_of(dead["payload"]), dead["name"], "waiting")
    await queries.announce(connection, db_settings().channel)
    return True


async def retry_of_tenant(connection: Connection, tenant_id: UUID, job_id: int) -> asyncpg.Record:
    """A dead job of the tenant's, queued anew. Raises NotFound, Conflict."""
    job = await queries.get_job(connection, tenant_id, job_id)
    if job is None:
        raise NotFound("There is no such job of this tenant. Check the id.")
    if not await retry(connection, job_id):
        raise Conflict(f"Expected a dead job, got one that is {job['status']}. Only dead jobs are tried again by hand.")
    again = await queries.get_job(connection, tenant_id, job_id)
    assert again is not None  # read above
    return again


async def retry_dead(pool: Pool, job_ids: Sequence[int]) -> list[int]:
    """Queue dead jobs anew; which of them were dead. Raises Conflict, and then none is queued."""
    async with pool.acquire() as connection, connection.transaction():
        return [job_id for job_id in job_ids if await retry(connection, job_id)]


async def retry_all_dead(pool: Pool) -> list[int]:
    """Queue all dead jobs anew but those in whose place another is queued already; which."""
    again = []
    for job in await queued_jobs(pool, dead_only=True, tenant_id=None, limit=MOST_DEAD):
        with suppress(Conflict):
            again += await retry_dead(pool, [job.id])
    return again
