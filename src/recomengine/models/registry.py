"""The models that a process serves: one look-up in a dict; loading and swapping happen off the loop, then one
assignment.

A tenant's model is loaded on its first request. A new version is announced on the bus; `poll` is the net under it. What
came after the build is folded into the served model (models/overlay.py) by the rounds of `poll`: new products from
PostgreSQL, new events from the tenants' feeds in Redis, at most once a second and with at most a fiftieth of a core.
"""

import asyncio
import errno
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from math import inf
from typing import Any
from uuid import UUID

import structlog

from recomengine.catalog.live import Catalogs
from recomengine.events.feed import FEED_LENGTH, feed_key, parse_entry
from recomengine.infra.bus import Bus
from recomengine.infra.database import Pool, tenant_transaction
from recomengine.infra.logs import said
from recomengine.infra.metrics import BACKGROUND_FAILURES, FALLBACKS, MODELS_LOADED
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.models import queries
from recomengine.models.model import Model
from recomengine.models.overlay import NewsLog, number_codes
from recomengine.models.store import ModelMissing, ModelStore
from recomengine.robots.service import left_out

MAX_MODELS = 2000
MAX_OVERLAY_PRODUCTS = 5000
NEWCOMER_FOR = timedelta(days=14)
FOLD_EVERY_S = 1.0
FOLD_SHARE = 0.02
POLL_S, NET_S = 0.5, 5.0
ROBOTS_EVERY_S = 30.0
"""What was marked meanwhile is heard of on the bus; this is the net under it."""
FROM_THE_START = b"0"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

log = structlog.get_logger()


class _Feed:
    """What was read of a tenant's feed, and what it was folded into: a model's version, up to an entry, with so many
    products, without these robots.
    """

    def __init__(self) -> None:
        self.news = NewsLog()
        self.through = FROM_THE_START
        self.folded: tuple[str, bytes, int, frozenset[str]] | None = None


class ModelRegistry:
    def __init__(self, pool: Pool, redis: RedisClient, store: ModelStore, catalogs: Catalogs, bus: Bus) -> None:
        self._pool = pool
        self._redis = redis
        self._store = store
        self._catalogs = catalogs
        self._models: OrderedDict[UUID, Model | None] = OrderedDict()
        self._loading: dict[UUID, asyncio.Task[Model | None]] = {}
        self._feeds: dict[UUID, _Feed] = {}
        self._fold_at = 0.0
        self._robots: dict[UUID, frozenset[str]] = {}
        self._robots_read_at = -inf
        self._announced = asyncio.Event()
        self._bus = bus
        self._read_at = -inf
        bus.on_connected(self._announced.set)
        bus.subscribe("model", self._on_announced)
        bus.subscribe("catalog", self._on_announced)
        bus.subscribe("erased", self._on_erased)
        bus.subscribe("robots", self._on_robots)

    async def get(self, tenant_id: UUID) -> Model | None:
        """The tenant's newest model; None when none was built yet."""
        if tenant_id in self._models:
            return self._models[tenant_id]
        task = self._loading.get(tenant_id)
        if task is None:
            task = self._loading[tenant_id] = asyncio.create_task(self._load_first(tenant_id))
        return await asyncio.shield(task)

    async def wait_announced(self, timeout_s: float) -> bool:
        """Until something was announced, at most `timeout_s`; whether it was."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._announced.wait()
        except TimeoutError:
            return False
        finally:
            self._announced.clear()
        return True

    async def poll(self) -> None:
        """Wait for an announcement or POLL_S, then load and fold in what is new. PostgreSQL is asked for it after an
        announcement, every NET_S, and each time while the bus is away.
        """
        announced = await self.wait_announced(POLL_S)
        if announced or not self._bus.connected or time.monotonic() >= self._read_at + NET_S:
            self._read_at = time.monotonic()
            await self.update()
        else:
            await self._extend_all()
        if time.monotonic() >= self._fold_at:
            started = time.monotonic()
            await self.fold()
            took = time.monotonic() - started
            self._fold_at = started + max(FOLD_EVERY_S, took / FOLD_SHARE)

    async def update(self) -> None:
        """Bring every loaded tenant to its newest version, and new products into its overlay."""
        tenants = list(self._models)
        if not tenants:
            return
        async with tenant_transaction(self._pool, *tenants) as connection:
            newest = await queries.newest_ready(connection, tenants)
        for tenant_id in tenants:
            try:
                await self._update(tenant_id, newest.get(tenant_id))
            except Exception as error:  # noqa: BLE001 - one tenant's unreadable model is no other tenant's
                BACKGROUND_FAILURES.labels("models").inc()
                log.warning("model not updated", tenant=str(tenant_id), error=said(error))

    async def _extend_all(self) -> None:
        """The catalogs of some may have been read after they were announced."""
        for tenant_id in list(self._models):
            await self._extend(tenant_id)

    async def _update(self, tenant_id: UUID, version: str | None) -> None:
        served = self._models.get(tenant_id)
        if version is not None and (served is None or served.version != version):
            self._keep(tenant_id, await self._load(tenant_id, version))
            self._feeds.pop(tenant_id, None)
        await self._extend(tenant_id)

    async def _load_first(self, tenant_id: UUID) -> Model | None:
        try:
            async with tenant_transaction(self._pool, tenant_id) as connection:
                version = (await queries.newest_ready(connection, [tenant_id])).get(tenant_id)
            model = await self._load_where_there_is_room(tenant_id, version) if version else None
            self._keep(tenant_id, model)
            await self._extend(tenant_id)
            return model
        finally:
            del self._loading[tenant_id]

    async def _load_where_there_is_room(self, tenant_id: UUID, version: str) -> Model | None:
        """None while the disk has no room for a copy: `update` tries again, and until then lists come without a
        model.
        """
        try:
            return await self._load(tenant_id, version)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            FALLBACKS.labels("model").inc()
            log.warning("no room for a model", tenant=str(tenant_id), version=version, error=said(error))
            return None

    async def _load(self, tenant_id: UUID, version: str) -> Model | None:
        try:
            return await asyncio.to_thread(lambda: Model(*self._store.open(tenant_id, version)))
        except (ModelMissing, KeyError) as error:  # KeyError: the files are of another version of the program
            log.warning("model missing", tenant=str(tenant_id), version=version, error=str(error))
            return self._models.get(tenant_id)

    def _keep(self, tenant_id: UUID, model: Model | None) -> None:
        self._models[tenant_id] = model
        self._models.move_to_end(tenant_id)
        if len(self._models) > MAX_MODELS:
            evicted, _ = self._models.popitem(last=False)
            self._feeds.pop(evicted, None)
        MODELS_LOADED.set(len(self._models))

    async def _extend(self, tenant_id: UUID) -> None:
        """Fold products that came after the build into the served model."""
        model, catalog = self._models.get(tenant_id), self._catalogs.loaded(tenant_id)
        if model is None or catalog is None or not model.lacks(catalog.size):
            return
        size = catalog.size
        async with tenant_transaction(self._pool, tenant_id) as connection:
            products = await queries.load_new_products(connection, tenant_id, model.size, MAX_OVERLAY_PRODUCTS)
            recent = await queries.recent_numbers(connection, tenant_id, NEWCOMER_FOR, MAX_OVERLAY_PRODUCTS)
        await asyncio.to_thread(model.take_products, products, recent, size)

    async def fold(self) -> None:
        """Fold events that came after the builds into the served models; without Redis they wait for the next
        builds.
        """
        tenants = [tenant_id for tenant_id, model in self._models.items() if model is not None]
        if not tenants:
            return
        await self._learn_robots(tenants)
        feeds = [self._feeds.setdefault(tenant_id, _Feed()) for tenant_id in tenants]
        keys = [feed_key(str(tenant_id)) for tenant_id in tenants]
        try:
            (found,) = await self._redis.call(
                ("XREAD", "COUNT", FEED_LENGTH, "STREAMS", *keys, *(feed.through for feed in feeds))
            )
        except RedisUnavailable:
            FALLBACKS.labels("feed").inc()
            found = None
        new = dict(found or ())
        for tenant_id, key, feed in zip(tenants, keys, feeds, strict=True):
            if entries := new.get(key.encode()):
                feed.news.extend(parse_entry(fields[1]) for _, fields in entries)
                feed.through = entries[-1][0]
            await self._fold_one(tenant_id, feed)

    async def _fold_one(self, tenant_id: UUID, feed: _Feed) -> None:
        model, catalog = self._models.get(tenant_id), self._catalogs.loaded(tenant_id)
        if model is None or catalog is None or not (len(feed.news) or model.holds_events):
            return
        robots = self._robots.get(tenant_id, frozenset())
        state = (model.version, feed.through, catalog.size, robots)
        if feed.folded == state:
            return
        news, numbers = feed.news.since(model.through_ms, robots), number_codes(feed.news.products, catalog.number)
        await asyncio.to_thread(model.take_events, news, numbers, feed.through.decode(), catalog.size)
        feed.folded = state

    async def _learn_robots(self, tenants: Sequence[UUID]) -> None:
        """Whose events are not to be folded in: of all tenants now and then, of one at once where its robots changed,
        or it is new here.
        """
        now = time.monotonic()
        if now - self._robots_read_at >= ROBOTS_EVERY_S:
            self._robots.clear()
            self._robots_read_at = now
        if unknown := [tenant_id for tenant_id in tenants if tenant_id not in self._robots]:
            async with tenant_transaction(self._pool, *unknown) as connection:
                self._robots |= await left_out(connection, unknown)

    def _on_robots(self, tenant_id: UUID, _data: dict[str, Any]) -> None:
        self._robots.pop(tenant_id, None)
        self._announced.set()

    def _on_erased(self, tenant_id: UUID, _data: dict[str, Any]) -> None:
        """Fold the tenant's feed anew, without what was erased from it."""
        self._feeds.pop(tenant_id, None)

    def _on_announced(self, _tenant_id: UUID, _data: dict[str, Any]) -> None:
        self._announced.set()
