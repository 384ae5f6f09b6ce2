"""Which tenants need a build: every 15 minutes those with something that their model lacks.

A round looks at what was stored since the round before it, however long ago that was, so a time without workers forgets
nobody. What a round has queued is the queue's to see through. A tenant whose build waits to be tried again is left to
that; one whose build is dead is left alone for DEAD_FOR, since it would keep failing, and then built anew.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from recomengine.infra.database import Pool
from recomengine.models import queries
from recomengine.models.service import REFRESH_JOB, request_refresh

REFRESH_DUE = "refresh_due"
IN_FLIGHT = timedelta(minutes=5)
"""What is being stored when a round begins may be committed after it; longer than any batch takes."""
DEAD_FOR = timedelta(hours=6)


async def refresh_due(pool: Pool) -> int:
    """Queue a build for every tenant that needs one; how many."""
    before = await queries.last_round(pool, REFRESH_DUE)
    due = await queries.tenants_due(pool, queries.SINCE_EVER if before is None else before - IN_FLIGHT)
    wanted = _wanted(due, await queries.undone_jobs(pool, REFRESH_JOB), datetime.now(UTC))
    for tenant_id in wanted:
        await request_refresh(pool, tenant_id)
    return len(wanted)


def _wanted(due: Iterable[UUID], undone: Iterable[asyncpg.Record], now: datetime) -> set[UUID]:
    waiting = {UUID(bytes=row["payload"]) for row in undone if row["status"] == "queued"}
    dead = {UUID(bytes=row["payload"]): row["updated"] for row in undone if row["status"] == "failed"}
    long_dead = {tenant_id for tenant_id, since in dead.items() if since < now - DEAD_FOR}
    return (set(due) - dead.keys() | long_dead) - waiting
