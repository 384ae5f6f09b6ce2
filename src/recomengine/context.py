"""What a process holds open. Opened and closed here only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from recomengine.api_keys.service import KeyCache
from recomengine.auth.guard import AdminGuard
from recomengine.auth.service import Accounts
from recomengine.catalog.live import Catalogs
from recomengine.events.writer import EventWriter
from recomengine.infra import tracing
from recomengine.infra.background import repeat
from recomengine.infra.bus import Bus
from recomengine.infra.data_dir import make_private
from recomengine.infra.database import ASK_EVERY_S, Pool, Watchdog, open_pool
from recomengine.infra.process_gauges import EVERY_S, gauges_of
from recomengine.infra.redis import RedisClient
from recomengine.infra.stalls import measure_stall
from recomengine.integration.notes import FLUSH_EVERY_S, Notes
from recomengine.members.service import Invitations
from recomengine.models.event_log import EventLogs
from recomengine.models.registry import ModelRegistry
from recomengine.models.store import ModelStore
from recomengine.recommendations.service import Recommender
from recomengine.sdk.kept import keep_scripts
from recomengine.segment.service import Intake
from recomengine.settings import Settings
from recomengine.tenants.copies import EVERY_S as COPIES_EVERY_S
from recomengine.tenants.copies import remove_copies
from recomengine.web.guard import Guard
from recomengine.web.limits import Limits

ANALYTICS_CONNECTIONS, COUNTING_CONNECTIONS = 3, 2


@dataclass(frozen=True)
class Context:
    settings: Settings
    pool: Pool
    analytics_pool: Pool
    """Reads only, which may take seconds and hold up nothing else."""
    counting_pool: Pool
    """For what counts all events of a range anew; it holds up no other figures."""
    redis: RedisClient
    bus: Bus
    accounts: Accounts
    admins: AdminGuard
    invitations: Invitations
    guard: Guard
    limits: Limits
    catalogs: Catalogs
    models: ModelRegistry
    store: ModelStore
    events: EventWriter
    recommender: Recommender
    notes: Notes
    segment: Intake


@asynccontextmanager
async def open_context(settings: Settings) -> AsyncIterator[Context]:
    async with AsyncExitStack() as stack:
        make_private(settings.data_dir)
        await asyncio.to_thread(keep_scripts, settings.data_dir)
        await stack.enter_async_context(tracing.tracing())
        pool = await open_pool(settings.database_url)
        stack.push_async_callback(pool.close)
        analytics_pool = await open_pool(settings.database_url, min_size=1, max_size=ANALYTICS_CONNECTIONS)
        stack.push_async_callback(analytics_pool.close)
        counting_pool = await open_pool(settings.database_url, min_size=0, max_size=COUNTING_CONNECTIONS)
        stack.push_async_callback(counting_pool.close)
        watchdog = Watchdog(settings.database_url, pool, analytics_pool, counting_pool)
        stack.push_async_callback(watchdog.close)
        stack.push_async_callback(_cancel, [asyncio.create_task(repeat("database", watchdog.ask, every_s=ASK_EVERY_S))])
        redis = tracing.open_redis(settings.redis_url)
        stack.push_async_callback(redis.close)
        bus = Bus(settings.redis_url, redis)
        catalogs = Catalogs(pool, bus)
        store, logs = (
            ModelStore(settings.model_store_url, settings.data_dir / "models-cache"),
            EventLogs(settings.data_dir / "event-logs"),
        )
        models = ModelRegistry(pool, redis, store, catalogs, bus)
        events = EventWriter(pool, redis)
        stack.push_async_callback(events.close)
        keys = KeyCache(pool, bus, settings.api_key_hmac_secret)
        notes = Notes(pool, redis)
        stack.push_async_callback(notes.flush)
        accounts, limits = Accounts(pool, redis, settings), Limits(redis)
        stack.push_async_callback(accounts.close)
        context = Context(
            settings=settings,
            pool=pool,
            analytics_pool=analytics_pool,
            counting_pool=counting_pool,
            redis=redis,
            bus=bus,
            accounts=accounts,
            admins=AdminGuard(pool, accounts, limits),
            invitations=Invitations(pool, redis, settings),
            guard=Guard(keys, notes),
            limits=limits,
            catalogs=catalogs,
            models=models,
            store=store,
            events=events,
            recommender=Recommender(pool, redis, catalogs, models, notes),
            notes=notes,
            segment=Intake(pool, redis, events, notes),
        )
        stack.push_async_callback(keys.note_used)
        tasks = [
            asyncio.create_task(repeat("stalls", measure_stall, every_s=0.0)),
            asyncio.create_task(repeat("gauges", gauges_of("serve", pool), every_s=EVERY_S)),
            asyncio.create_task(repeat("used keys", keys.note_used, every_s=30.0)),
            asyncio.create_task(repeat("notes", notes.flush, every_s=FLUSH_EVERY_S)),
            asyncio.create_task(repeat("bus", bus.listen, every_s=0.5)),
            asyncio.create_task(repeat("catalogs", catalogs.poll, every_s=0.0)),
            asyncio.create_task(repeat("models", models.poll, every_s=0.0)),
            asyncio.create_task(repeat("copies", lambda: remove_copies(pool, store, logs), every_s=COPIES_EVERY_S)),
        ]
        stack.push_async_callback(_cancel, tasks)
        yield context


async def _cancel(tasks: "list[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
