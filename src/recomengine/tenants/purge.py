"""What nobody may want back any more: tenants deleted a month ago, with models, logs and keys."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import structlog

from recomengine.infra.database import Pool
from recomengine.infra.logs import said
from recomengine.infra.metrics import BACKGROUND_FAILURES
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.models.event_log import EventLogs
from recomengine.models.store import ModelStore
from recomengine.tenants import queries
from recomengine.tenants.service import PURGE_AFTER

log = structlog.get_logger()


class NotPurged(Exception):
    """Some tenants could not be purged; the log says why."""


async def purge(pool: Pool, redis: RedisClient, store: ModelStore, logs: EventLogs) -> int:
    """How many tenants were purged. The rows go last, so a purge that was broken off is found again. Raises NotPurged,
    after all were tried.
    """
    purged, failed = 0, 0
    for tenant_id in await queries.tenants_to_purge(pool, datetime.now(UTC) - PURGE_AFTER):
        try:
            await _purge(pool, redis, store, logs, tenant_id)
        except Exception as error:  # noqa: BLE001 - what ails one tenant keeps no other from being purged
            BACKGROUND_FAILURES.labels("purge").inc()
            failed += 1
            log.error("tenant not purged", tenant=str(tenant_id), error=said(error))
        else:
            purged += 1
            log.info("tenant purged", tenant=str(tenant_id))
    if failed:
        raise NotPurged(f"{failed} tenants; {purged} were purged")
    return purged


async def _purge(pool: Pool, redis: RedisClient, store: ModelStore, logs: EventLogs, tenant_id: UUID) -> None:
    await asyncio.to_thread(store.remove_tenant, tenant_id)
    await asyncio.to_thread(logs.remove, tenant_id)
    await _purge_redis(redis, tenant_id)
    await queries.drop_jobs_of(pool, tenant_id)
    await queries.purge_tenant(pool, tenant_id)


async def _purge_redis(redis: RedisClient, tenant_id: UUID) -> None:
    """Its keys carry its id in braces; without Redis they expire by themselves within a week."""
    try:
        await redis.forget(f"reco:*{{{tenant_id}}}*")
    except RedisUnavailable:
        log.warning("Redis is away: the tenant's keys are left to expire", tenant=str(tenant_id))
