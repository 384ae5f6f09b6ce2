"""Building, publishing and reporting models."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import asyncpg
import structlog

from recomengine.infra.bus import Bus
from recomengine.infra.database import Connection, Pool, tenant_transaction
from recomengine.infra.metrics import MODELS_KEPT
from recomengine.infra.queue import enqueue
from recomengine.models import queries
from recomengine.models.arrays import Arrays
from recomengine.models.build import Built, Former, build_model
from recomengine.models.event_log import EventLog, EventLogs, LogUnusable, append, read_new, report_unusable, without
from recomengine.models.held_back import HeldBack, replay_of
from recomengine.models.histories import under_names, without_users
from recomengine.models.learning import (
    Published,
    WorseThanServed,
    check_not_worse,
    former_of,
    former_of_new,
    still_holds,
)
from recomengine.models.people import names_of, people_arrays
from recomengine.models.returns import without_returned
from recomengine.models.schemas import ModelVersion
from recomengine.models.store import ModelMissing, ModelStore
from recomengine.models.versions import trial_of, version_of
from recomengine.robots.service import left_out

REFRESH_JOB = "refresh_model"
KEEP_VERSIONS = 3
BUILD_LOCK = 7203

LOCK_BUILD = "SELECT pg_advisory_lock($1, hashtext($2))"
UNLOCK_BUILD = "SELECT pg_advisory_unlock($1, hashtext($2))"

log = structlog.get_logger()


async def request_refresh(pool: Pool, tenant_id: UUID) -> bool:
    """Queue a build; False when one that has not begun is queued already. A running one does not count: it may miss the
    newest.

    A job's key names the newest build before it. So it is shared only with a job that has yet to begin one, although
    the queue holds on to a key until the job is done and off its books.
    """
    newest = await newest_build(pool, tenant_id)
    key = f"{REFRESH_JOB}:{tenant_id}:{newest['version'] if newest is not None else 'none'}"
    return await enqueue(pool, REFRESH_JOB, tenant_id, key) is not None


async def newest_build(pool: Pool, tenant_id: UUID) -> asyncpg.Record | None:
    """version, status and error of the newest build, be it running, ready or failed."""
    async with tenant_transaction(pool, tenant_id) as connection:
        return await queries.newest_model(connection, tenant_id)


async def status(pool: Pool, tenant_id: UUID) -> dict[str, Any]:
    """What GET …/model answers: the newest build's state, and the figures of the model that is served.

    A build that is asked for counts as one that runs: `ready` says that the model holds what was there at the asking.
    """
    async with tenant_transaction(pool, tenant_id) as connection:
        waits = await queries.refresh_waits(connection, REFRESH_JOB, tenant_id)
        newest = await queries.newest_model(connection, tenant_id)
        ready = await queries.newest_ready_stats(connection, tenant_id)
    state = "building" if waits else newest["status"] if newest else "none"
    answer: dict[str, Any] = {
        "status": state, "version": None, "builtAt": None, "events": 0, "users": 0, "items": 0,
        "buildSeconds": None, "strategies": {}, "contexts": {}, "settings": {}, "encoder": None,
    }  # fmt: skip
    if ready is not None:
        answer |= {
            name: ready["stats"].get(name)
            for name in ("events", "users", "items", "buildSeconds", "strategies", "contexts")
        }
        answer["settings"] = ready["stats"].get("settings", {})
        answer |= {"version": ready["version"], "builtAt": ready["finished_at"]}
        answer["encoder"] = trial_of(ready["stats"])
    if state == "failed" and newest is not None:
        answer["error"] = newest["error"]
    if newest is not None and newest["status"] == "building" and newest["part"]:
        answer["progress"] = {"part": newest["part"], "seconds": round(newest["part_seconds"], 1)}
    return answer


async def versions(pool: Pool, tenant_id: UUID) -> list[ModelVersion]:
    """The builds that are kept, the newest first."""
    async with tenant_transaction(pool, tenant_id) as connection:
        rows = await queries.ledger(connection, tenant_id)
    served = next((row["version"] for row in rows if row["status"] == "ready"), None)
    return [version_of(row, served) for row in rows]


async def built_at(pool: Pool, tenant_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When each tenant's served model was built; without one it is not in it."""
    async with tenant_transaction(pool, *tenant_ids) as connection:
        return await queries.built_at(connection, tenant_ids)


async def erasures_in_model(pool: Pool, tenant_id: UUID) -> int | None:
    """The number of the newest erasure that the served model has followed; None when no model is served."""
    async with tenant_transaction(pool, tenant_id) as connection:
        ready = await queries.newest_ready_stats(connection, tenant_id)
    return None if ready is None else int(ready["stats"].get("erasures", 0))


Finish: TypeAlias = Callable[[Connection], Awaitable[None]]
"""Called in the transaction that makes a build the served one: what is to be true with it or not at all."""


async def _nothing_more(_connection: Connection) -> None:
    """A build that nobody has queued."""


async def refresh(
    pool: Pool, store: ModelStore, logs: EventLogs, bus: Bus, tenant_id: UUID, finish: Finish = _nothing_more
) -> str:
    """Build the tenant's model from all that is committed, publish it, and announce it; the new version.

    One build a tenant at a time, over all workers. A failure is recorded and raised, WorseThanServed too.
    """
    async with _one_build(pool, tenant_id):
        version = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        async with tenant_transaction(pool, tenant_id) as connection:
            await queries.start_model(connection, tenant_id, version)
        try:
            keep = await _build_and_publish(Build(pool, store, logs, tenant_id, version, finish))
        except Exception as error:
            plain = str(error) if isinstance(error, WorseThanServed) else f"{type(error).__name__}: {error}"
            async with tenant_transaction(pool, tenant_id) as connection:
                await queries.fail_model(connection, tenant_id, version, plain[:500])
            raise
    await bus.publish("model", tenant_id, version=version)
    await _remove_old(pool, store, tenant_id, keep)
    return version


class Build(NamedTuple):
    """One build under way."""

    pool: Pool
    store: ModelStore
    logs: EventLogs
    tenant_id: UUID
    version: str
    finish: Finish

    async def begin(self, part: str) -> None:
        log.info("model build", tenant=str(self.tenant_id), version=self.version, part=part)
        async with tenant_transaction(self.pool, self.tenant_id) as connection:
            await queries.begin_part(connection, self.tenant_id, self.version, part)


class Shop(NamedTuple):
    """What a build starts from; events: of each shopper under one id, without those of so many robots' ids; people:
    which ids are one shopper's.
    """

    products: Sequence[Any]
    catalog_version: int
    events: EventLog
    people: Arrays
    robots: int


async def _build_and_publish(build: Build) -> int:
    """How many builds are to be kept: none from before an erasure, whose shoppers they hold. Neither is one served for
    being better.
    """
    started, now = time.perf_counter(), datetime.now(UTC)
    await build.begin("events")
    shop = await _read(build)
    events_s = time.perf_counter() - started
    served = await _served(build)
    events = len(shop.events.histories.items)
    kept = served if served is not None and still_holds(served, events, now) else None
    built = await _compute(build, shop, await _former(build, kept) if kept else former_of_new(served, events, now))
    learned = (
        {name: kept.manifest[name] for name in ("learnedAt", "learnedEvents")} if kept else _learned_now(shop, now)
    )
    stats = built.stats | learned | {"catalogVersion": shop.catalog_version, "erasures": shop.events.erasures}
    stats["encoder"] = {"decidedAt": now.isoformat(), **stats["encoder"]}
    stats["robots"] = shop.robots
    stats["buildSeconds"] = round(time.perf_counter() - started, 2)
    stats["seconds"] = {"events": round(events_s, 3), **stats["seconds"]}
    followed = await erasures_in_model(build.pool, build.tenant_id)
    forgets = followed is not None and followed < shop.events.erasures
    if served is not None and kept is None and not forgets:
        _keep_better(stats, served, now)
    await _publish(build, built.arrays | shop.people, stats, shop.events.through)
    return 1 if forgets else KEEP_VERSIONS


def _keep_better(stats: dict[str, Any], served: Published, now: datetime) -> None:
    try:
        check_not_worse(stats, served.manifest, now)
    except WorseThanServed:
        MODELS_KEPT.inc()
        raise


def _learned_now(shop: Shop, now: datetime) -> dict[str, Any]:
    return {"learnedAt": now.isoformat(), "learnedEvents": len(shop.events.histories.items)}


async def _read(build: Build) -> Shop:
    """Catalog and events as of one moment; the log on disk is brought up to it."""
    kept = await asyncio.to_thread(_kept_log, build)
    async with tenant_transaction(build.pool, build.tenant_id) as connection:
        through = await queries.events_watermark(connection, build.tenant_id)
    async with tenant_transaction(build.pool, build.tenant_id, snapshot=True) as connection:
        state = await queries.catalog_state(connection, build.tenant_id)
        products = await queries.load_catalog(connection, build.tenant_id)
        unread = await read_new(connection, build.tenant_id, kept, through, state["next_number"])
        aliases = await queries.aliases(connection, build.tenant_id)
        partly_returned = await queries.partly_returned(connection, build.tenant_id, through)
        robots = (await left_out(connection, [build.tenant_id]))[build.tenant_id]
    events = await asyncio.to_thread(append, unread)
    await asyncio.to_thread(build.logs.write, build.tenant_id, events)
    histories = await asyncio.to_thread(under_names, events.histories, names_of(aliases))
    histories = await asyncio.to_thread(without_users, histories, robots)
    histories = await asyncio.to_thread(without_returned, histories, partly_returned)
    people = await asyncio.to_thread(people_arrays, aliases)
    return Shop(products, state["version"], events._replace(histories=histories), people, len(robots))


def _kept_log(build: Build) -> EventLog | None:
    try:
        return build.logs.read(build.tenant_id)
    except LogUnusable as error:
        report_unusable(build.tenant_id, error)
        return None


async def _served(build: Build) -> Published | None:
    async with tenant_transaction(build.pool, build.tenant_id) as connection:
        version = (await queries.newest_ready(connection, [build.tenant_id])).get(build.tenant_id)
    try:
        return Published(*await asyncio.to_thread(build.store.open, build.tenant_id, version)) if version else None
    except ModelMissing as error:
        log.warning("served model missing", tenant=str(build.tenant_id), error=str(error))
        return None


async def _former(build: Build, kept: Published) -> Former:
    return former_of(kept, await replay_in(build.pool, build.tenant_id, kept))


async def replay_in(pool: Pool, tenant_id: UUID, published: Published) -> list[HeldBack]:
    """A model's replay, without shoppers that were erased after it was built."""
    async with tenant_transaction(pool, tenant_id) as connection:
        erased = await queries.erased_after(connection, tenant_id, published.manifest.get("erasures", 0))
    return await asyncio.to_thread(replay_of, published.arrays, tenant_id, erased)


async def _compute(build: Build, shop: Shop, former: Former) -> Built:
    """The arithmetic, in a thread of its own that says how far it is."""
    loop = asyncio.get_running_loop()

    def begin(part: str) -> None:
        asyncio.run_coroutine_threadsafe(build.begin(part), loop).result()

    return await asyncio.to_thread(
        build_model, shop.events.histories, shop.products, shop.events.next_number, former, begin
    )


async def _publish(build: Build, arrays: Arrays, stats: dict[str, Any], through: datetime) -> None:
    await build.begin("publish")
    started = time.perf_counter()
    manifest = stats | {
        "version": build.version,
        "builtAt": datetime.now(UTC).isoformat(),
        "throughMs": round(through.timestamp() * 1000),
    }
    size = await asyncio.to_thread(build.store.publish, build.tenant_id, build.version, arrays, manifest)
    stats = stats | {"bytes": size, "seconds": stats["seconds"] | {"publish": round(time.perf_counter() - started, 3)}}
    async with tenant_transaction(build.pool, build.tenant_id) as connection:
        await queries.finish_model(connection, build.tenant_id, build.version, stats, through)
        await build.finish(connection)
    figures = {name: stats[name] for name in ("events", "users", "items", "buildSeconds", "learnedAt")}
    log.info("model published", tenant=str(build.tenant_id), version=build.version, **figures)


async def forget_erased(pool: Pool, store: ModelStore, logs: EventLogs) -> int:
    """What this machine keeps of erased shoppers beside the store, although no build may run here: in how many logs
    there was something.

    Copies of models that were replaced go, too.
    """
    for tenant_id in await asyncio.to_thread(store.copied):
        async with tenant_transaction(pool, tenant_id) as connection:
            versions = await queries.versions(connection, tenant_id)
        await asyncio.to_thread(store.remove_copies, tenant_id, versions)
    kept = await asyncio.to_thread(logs.kept)
    async with tenant_transaction(pool, *kept) as connection:
        newest = await queries.newest_erasures(connection, kept)
    behind = [
        tenant_id for tenant_id, number in newest.items() if await asyncio.to_thread(logs.followed, tenant_id) < number
    ]
    for tenant_id in behind:
        async with _one_build(pool, tenant_id):
            await _forget_in_log(pool, logs, tenant_id)
    return len(behind)


async def _forget_in_log(pool: Pool, logs: EventLogs, tenant_id: UUID) -> None:
    try:
        kept = await asyncio.to_thread(logs.read, tenant_id)
    except LogUnusable:
        await asyncio.to_thread(logs.remove, tenant_id)
        return
    async with tenant_transaction(pool, tenant_id, snapshot=True) as connection:
        newest = await queries.newest_erasure(connection, tenant_id)
        erased = await queries.erased_after(connection, tenant_id, kept.erasures)
    histories = await asyncio.to_thread(without, kept.histories, tenant_id, erased)
    await asyncio.to_thread(logs.write, tenant_id, kept._replace(histories=histories, erasures=newest))


@asynccontextmanager
async def _one_build(pool: Pool, tenant_id: UUID) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection:
        await connection.execute(LOCK_BUILD, BUILD_LOCK, str(tenant_id), timeout=3600)
        try:
            yield connection
        finally:
            await connection.execute(UNLOCK_BUILD, BUILD_LOCK, str(tenant_id))


async def _remove_old(pool: Pool, store: ModelStore, tenant_id: UUID, keep: int) -> None:
    async with tenant_transaction(pool, tenant_id) as connection:
        old = await queries.drop_old_versions(connection, tenant_id, keep)
    for version in old:
        await asyncio.to_thread(store.remove, tenant_id, version)


async def forget_missing(connection: Connection, store: ModelStore, tenant_ids: Sequence[UUID]) -> int:
    """Drop the builds that the store does not hold from the ledger, so that the worker builds anew; how many."""
    built = await queries.ready_versions(connection, tenant_ids)
    missing = [build for build in built if not await asyncio.to_thread(store.holds, *build)]
    for tenant_id, version in missing:
        await queries.forget_version(connection, tenant_id, version)
    return len(missing)
