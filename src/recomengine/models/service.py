"""Building, publishing and reporting models."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.queries import Queries

from recomengine.infra.bus import Bus
from recomengine.infra.database import Connection, Pool, tenant_transaction
from recomengine.models import queries
from recomengine.models.build import build_model
from recomengine.models.histories import read_histories
from recomengine.models.store import ModelStore

REFRESH_JOB = "refresh_model"
KEEP_VERSIONS = 3
BUILD_LOCK = 7203

LOCK_BUILD = "SELECT pg_advisory_lock($1, hashtext($2))"
UNLOCK_BUILD = "SELECT pg_advisory_unlock($1, hashtext($2))"

log = structlog.get_logger()


async def request_refresh(pool: Pool, tenant_id: UUID) -> bool:
    """Queue a build; False when one that has not begun is queued already. A running one does not count: it may miss the newest.

    A job's key names the newest build before it. So it is shared only with a job that has yet to begin one, although
    the queue holds on to a key until the job is done and off its books.
    """
    newest = await newest_build(pool, tenant_id)
    key = f"{REFRESH_JOB}:{tenant_id}:{newest['version'] if newest is not None else 'none'}"
    queue = Queries(AsyncpgPoolDriver(pool))
    made = await queue.enqueue([REFRESH_JOB], [tenant_id.bytes], [0], dedupe_key=[key], on_conflict="skip")
    return made[0] is not None


async def newest_build(pool: Pool, tenant_id: UUID) -> asyncpg.Record | None:
    """version, status and error of the newest build, be it running, ready or failed."""
    async with tenant_transaction(pool, tenant_id) as connection:
        return await queries.newest_model(connection, tenant_id)


async def status(pool: Pool, tenant_id: UUID) -> dict[str, Any]:
    """What GET …/model answers: the newest build's state, and the figures of the model that is served."""
    async with tenant_transaction(pool, tenant_id) as connection:
        newest = await queries.newest_model(connection, tenant_id)
        ready = await queries.newest_ready_stats(connection, tenant_id)
    answer: dict[str, Any] = {
        "status": newest["status"] if newest else "none", "version": None, "builtAt": None, "events": 0, "users": 0, "items": 0,
        "buildSeconds": None, "strategies": {}, "contexts": {},
    }  # fmt: skip
    if ready is not None:
        answer |= {name: ready["stats"].get(name) for name in ("events", "users", "items", "buildSeconds", "strategies", "contexts")}
        answer |= {"version": ready["version"], "builtAt": ready["finished_at"]}
    if newest is not None and newest["status"] == "failed":
        answer["error"] = newest["error"]
    return answer


async def refresh(pool: Pool, store: ModelStore, bus: Bus, tenant_id: UUID) -> str:
    """Build the tenant's model from all that is committed, publish it, and announce it; the new version.

    One build a tenant at a time, over all workers. A failure is recorded and raised.
    """
    async with _one_build(pool, tenant_id):
        started = time.perf_counter()
        version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        async with tenant_transaction(pool, tenant_id) as connection:
            await queries.start_model(connection, tenant_id, version)
        try:
            await _build_and_publish(pool, store, tenant_id, version, started)
        except Exception as error:
            async with tenant_transaction(pool, tenant_id) as connection:
                await queries.fail_model(connection, tenant_id, version, f"{type(error).__name__}: {error}"[:500])
            raise
    await bus.publish("model", tenant_id, version=version)
    await _remove_old(pool, store, tenant_id)
    return version


async def _build_and_publish(pool: Pool, store: ModelStore, tenant_id: UUID, version: str, started: float) -> None:
    async with tenant_transaction(pool, tenant_id) as connection:
        through = await queries.events_watermark(connection)
    async with tenant_transaction(pool, tenant_id) as connection:
        state = await queries.catalog_state(connection, tenant_id)
        products = await queries.load_catalog(connection, tenant_id)
        histories = await read_histories(connection, tenant_id, through)
        numbers = (await queries.catalog_state(connection, tenant_id))["next_number"]  # read last: of products made meanwhile, too
    built = await asyncio.to_thread(build_model, histories, products, numbers)
    stats = built.stats | {"catalogVersion": state["version"], "buildSeconds": round(time.perf_counter() - started, 2)}
    manifest = stats | {"version": version, "builtAt": datetime.now(UTC).isoformat(), "throughMs": round(through.timestamp() * 1000)}
    size = await asyncio.to_thread(store.publish, tenant_id, version, built.arrays, manifest)
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.finish_model(connection, tenant_id, version, stats | {"bytes": size}, through)
    log.info("model published", tenant=str(tenant_id), version=version, **{k: stats[k] for k in ("events", "users", "items", "buildSeconds")})


@asynccontextmanager
async def _one_build(pool: Pool, tenant_id: UUID) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection:
        await connection.execute(LOCK_BUILD, BUILD_LOCK, str(tenant_id), timeout=3600)
        try:
            yield connection
        finally:
            await connection.execute(UNLOCK_BUILD, BUILD_LOCK, str(tenant_id))


async def _remove_old(pool: Pool, store: ModelStore, tenant_id: UUID) -> None:
    async with tenant_transaction(pool, tenant_id) as connection:
        old = await queries.drop_old_versions(connection, tenant_id, KEEP_VERSIONS)
    for version in old:
        await asyncio.to_thread(store.remove, tenant_id, version)
