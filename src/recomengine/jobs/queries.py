"""SQL of the jobs: the queue's, and the schedule's, which concerns all tenants, through functions that return the least
that will do.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection, Pool

ENSURE_EVENT_PARTITIONS = "SELECT ensure_event_partitions($1)"
FORGET_JOBS = "SELECT forget_jobs($1)"
HELD_NAMES = "SELECT DISTINCT entrypoint FROM pgqueuer WHERE queue_manager_id = $1 AND status = 'picked'"
HOLD_JOB = "SELECT 1 FROM pgqueuer WHERE id = $1 AND queue_manager_id = $2 AND status = 'picked' FOR UPDATE"
GIVE_BACK = """
WITH given AS (
    UPDATE pgqueuer SET status = 'queued', execute_after = now(), updated = now(), queue_manager_id = NULL,
        slot = NULL WHERE id = $1
    RETURNING id, entrypoint, priority
)
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority) SELECT id, 'queued', entrypoint, priority FROM given
"""
ANNOUNCE = """
SELECT pg_notify($1, json_build_object(
    'channel', $1::text, 'operation', 'update', 'sent_at', now(), 'table', 'pgqueuer', 'type',
        'table_changed_event')::text)
"""
LOCK_DEAD = "SELECT id, entrypoint AS name, payload FROM pgqueuer WHERE id = $1 AND status = 'failed' FOR UPDATE"
QUEUED_JOBS = """
SELECT q.id, q.entrypoint AS name, q.payload, q.status::text, q.attempts, q.created, q.execute_after,
       (SELECT l.traceback #>> '{}' FROM pgqueuer_log l WHERE l.job_id = q.id AND l.traceback IS NOT NULL
           ORDER BY l.id DESC LIMIT 1) AS failure
FROM pgqueuer q
WHERE ($1::text[] IS NULL OR q.status::text = ANY ($1::text[])) AND ($2::bytea IS NULL OR q.payload = $2)
ORDER BY q.status = 'failed' DESC, q.id DESC LIMIT $3
"""

LIST_JOBS = """
SELECT id, name, status, attempts, error, queued_at, next_try_at, started_at, ended_at FROM jobs
WHERE tenant_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::bigint IS NULL OR id < $3) ORDER BY id DESC LIMIT $4
"""
GET_JOB = """
SELECT id, name, status, attempts, error, queued_at, next_try_at, started_at,
    ended_at FROM jobs WHERE tenant_id = $1 AND id = $2
"""


async def ensure_event_partitions(pool: Pool, months_ahead: int) -> int:
    return int(await pool.fetchval(ENSURE_EVENT_PARTITIONS, months_ahead))


async def forget_jobs(pool: Pool, before: datetime) -> int:
    return int(await pool.fetchval(FORGET_JOBS, before))


async def hold_job(connection: Connection, job_id: int, holder: UUID | None) -> bool:
    """Whether the job is the worker's still; it stays so until the transaction ends."""
    return await connection.fetchval(HOLD_JOB, job_id, holder) is not None


async def give_back(connection: Connection, job_id: int) -> None:
    await connection.execute(GIVE_BACK, job_id)


async def announce(connection: Connection, channel: str) -> None:
    """Wake the workers once the transaction is committed; the queue itself announces new jobs and ended ones only."""
    await connection.execute(ANNOUNCE, channel)


async def lock_dead(connection: Connection, job_id: int) -> asyncpg.Record | None:
    return await connection.fetchrow(LOCK_DEAD, job_id)


async def queued_jobs(
    pool: Pool, statuses: Sequence[str] | None, tenant_id: UUID | None, limit: int
) -> list[asyncpg.Record]:
    """What is in the queue, dead ones first."""
    return await pool.fetch(QUEUED_JOBS, statuses, None if tenant_id is None else tenant_id.bytes, limit)


async def list_jobs(
    connection: Connection, tenant_id: UUID, status: str | None, before: int | None, limit: int
) -> list[asyncpg.Record]:
    return await connection.fetch(LIST_JOBS, tenant_id, status, before, limit)


async def get_job(connection: Connection, tenant_id: UUID, job_id: int) -> asyncpg.Record | None:
    return await connection.fetchrow(GET_JOB, tenant_id, job_id)
