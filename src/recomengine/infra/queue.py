"""The queue in PostgreSQL (pgqueuer), as those see it who put jobs into it: a job is a kind of work and, mostly, a
tenant.

What a job does and when is in `jobs/`. Here a job is queued, its state is put down, and the queue is counted.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

from recomengine.infra.database import Connection, Pool

RECORD_JOB = "SELECT record_job($1, $2, $3, $4, $5, $6, $7)"
COUNT_JOBS = """
SELECT entrypoint AS name, count(*) FILTER (WHERE status = 'queued') AS waiting,
    count(*) FILTER (WHERE status = 'failed') AS dead,
       coalesce(extract(epoch FROM now() - min(execute_after) FILTER (WHERE status = 'queued')), 0)::float8 AS overdue_s
FROM pgqueuer GROUP BY entrypoint ORDER BY entrypoint
"""
NO_WAIT = timedelta(0)
MAX_ERROR = 500


class Counted(NamedTuple):
    """Jobs of one kind in the queue; overdue_s: how long ago the one that has waited longest might have begun, negative
    in a backoff.
    """

    name: str
    waiting: int
    dead: int
    overdue_s: float


async def enqueue(pool: Pool, name: str, tenant_id: UUID | None = None, key: str = "") -> int | None:
    """Queue a job; its number, None when one with the same key is queued or running. The key is the kind and the tenant
    unless given.
    """
    payload = None if tenant_id is None else tenant_id.bytes
    key = key or (f"{name}:{tenant_id}" if tenant_id else name)
    async with pool.acquire() as connection, connection.transaction():
        made = await library(connection).enqueue([name], [payload], [0], dedupe_key=[key], on_conflict="skip")
        if made[0] is not None:
            await record(connection, made[0], tenant_id, name, "waiting")
    return made[0]


async def record(
    connection: Connection,
    job_id: int,
    tenant_id: UUID | None,
    name: str,
    status: str,
    attempts: int = 0,
    error: str | None = None,
    wait: timedelta = NO_WAIT,
) -> str | None:
    """Put down how a job stands; how it stood before, None for a new one, 'purged' for one whose tenant is gone."""
    said = None if error is None else error[:MAX_ERROR]
    before: str | None = await connection.fetchval(RECORD_JOB, job_id, tenant_id, name, status, attempts, said, wait)
    return before


def tenant_of(payload: bytes | None) -> UUID | None:
    return None if payload is None else UUID(bytes=payload)


async def count_jobs(connection: "Connection | Pool") -> Sequence[Counted]:
    return [Counted(*row.values()) for row in await connection.fetch(COUNT_JOBS)]


def library(connection: Connection) -> Queries:
    """The queue's own statements, within the transaction of `connection`."""
    plain: asyncpg.Connection[asyncpg.Record] = connection  # type: ignore[assignment]  # the pool's proxy has its methods
    return Queries(AsyncpgDriver(plain))
