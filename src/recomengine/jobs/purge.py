"""What nobody may want back any more: tenants deleted a month ago, with models, logs and keys, and tokens past their time."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import structlog

from recomengine.auth.queries import forget_expired
from recomengine.infra.database import Pool, tenant_transaction
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.models.event_log import EventLogs
from recomengine.models.queries import drop_old_versions
from recomengine.models.store import ModelStore
from recomengine.tenants import queries
from recomengine.tenants.service import PURGE_AFTER

SCAN_COUNT = 1000

log = structlog.get_logger()


async def purge(pool: Pool, redis: RedisClient, store: ModelStore, logs: EventLogs) -> int:
    """How many tenants were purged. The rows go last, so a purge that was broken off is found again."""
    await forget_expired(pool)
    due = await queries.tenants_to_purge(pool, datetime.now(UTC) - PURGE_AFTER)
    for tenant_id in due:
        async with tenant_transaction(pool, tenant_id) as connection:
            versions = await drop_old_versions(connection, tenant_id, 0)
        for version in versions:
            await asyncio.to_thread(store.remove, tenant_id, version)
        logs.remove(tenant_id)
        await _purge_redis(redis, tenant_id)
        await queries.purge_tenant(pool, tenant_id)
        log.info("tenant purged", tenant=str(tenant_id), models=len(versions))
    return len(due)


async def _purge_redis(redis: RedisClient, tenant_id: UUID) -> None:
    """Its keys carry its id in braces; without Redis they expire by themselves within a week."""
    cursor: bytes | int = 0
    try:
        while True:
            (found,) = await redis.call(("SCAN", cursor, "MATCH", f"reco:*{{{tenant_id}}}*", "COUNT", SCAN_COUNT))
            cursor, keys = found
            if keys:
                await redis.call(("DEL", *keys))
            if int(cursor) == 0:
                return
    except RedisUnavailable:
        log.warning("Redis is away: the tenant's keys are left to expire", tenant=str(tenant_id))
