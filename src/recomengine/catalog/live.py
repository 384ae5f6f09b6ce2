"""What a process holds of each tenant's catalog in memory: arrays by product number, and products as pre-encoded JSON.

A tenant's catalog is read whole on its first request, and afterwards only what changed: on a message of the bus at
once. The net under a lost message is `poll`, which asks for the versions of all loaded tenants in one query: every
NET_S, when the bus comes back, and every POLL_S while it is away.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from math import inf
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from recomengine._core.csr import Int32, Int64
from recomengine.catalog import queries
from recomengine.catalog.categories import CategoryCodes
from recomengine.infra.bus import Bus
from recomengine.infra.database import Pool, tenant_transaction
from recomengine.infra.stalls import settle

POLL_S, NET_S = 0.5, 5.0
CHUNK = 5000
DAY_0 = datetime(2000, 1, 1, tzinfo=UTC)
MAX_TENANTS = 2000
IDLE_S = 1800.0

_encode = msgspec.json.Encoder(decimal_format="number").encode
OPEN = b'"currency":null'
"""How the fragment of a product ends that has no currency of its own."""


class LiveCatalog:
    """Products by number, 0 to size - 1. available uint8 (0: not to be offered), price_cents int64 (-1: none),
    categories int32 (-1: none; see CategoryCodes), arrived_days int16 (since 2000, UTC).
    """

    def __init__(self) -> None:
        self.version = -1
        self.size = 0
        self.ids: list[str] = []
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._fragments: list[bytes] = []
        self.category_codes = CategoryCodes()
        self._available = np.zeros(0, np.uint8)
        self._price_cents = np.zeros(0, np.int64)
        self._categories = np.zeros(0, np.int32)
        self._arrived_days = np.zeros(0, np.int16)

    @property
    def available(self) -> NDArray[np.uint8]:
        return self._available[: self.size]

    @property
    def price_cents(self) -> Int64:
        return self._price_cents[: self.size]

    @property
    def categories(self) -> Int32:
        return self._categories[: self.size]

    @property
    def arrived_days(self) -> NDArray[np.int16]:
        return self._arrived_days[: self.size]

    def number(self, product_id: str) -> int:
        """-1 for a product that is unknown or deleted."""
        return self._numbers.get(product_id, -1)

    def name_of(self, product_id: str | None) -> str | None:
        """None where there is no such product."""
        number = -1 if product_id is None else self.number(product_id)
        return None if number < 0 else self.names[number]

    def fragment(self, number: int, currency: str) -> bytes:
        """The product's members of an answer, without braces; `currency` stands in where the product has none of its
        own.
        """
        fragment = self._fragments[number]
        return fragment[:-4] + b'"%b"' % currency.encode() if fragment.endswith(OPEN) else fragment

    def fragments(self, product_ids: Sequence[str], currency: str) -> list[bytes | None]:
        """Of each product; None for one that is unknown or deleted."""
        found = [None if number is None else self._fragments[number] for number in map(self._numbers.get, product_ids)]
        own = b'"%b"' % currency.encode()
        return [each[:-4] + own if each is not None and each.endswith(OPEN) else each for each in found]

    def apply(self, rows: Sequence[Any]) -> None:
        """Take over changed rows; a reader never sees half of them, since nothing is awaited here."""
        for row in rows:
            self._put(row)

    def _put(self, row: Any) -> None:
        number: int = row["number"]
        if number >= self.size:
            self._grow(number + 1)
        product_id: str = row["product_id"]
        gone = row["deleted_at"] is not None
        if gone:
            self._numbers.pop(product_id, None)
        else:
            self._numbers[product_id] = number
        self.ids[number], self.names[number] = product_id, row["name"]
        self._available[number] = row["available"] and not gone
        self._price_cents[number] = -1 if row["price"] is None else int(row["price"] * 100)
        category = row["category"]
        paths = () if category is None else (category, *row["further_categories"])
        self._categories[number] = self.category_codes.code(paths)
        self._arrived_days[number] = (row["created_at"] - DAY_0).days
        self._fragments[number] = _encode({
            "productId": product_id, "name": row["name"], "imageUrl": row["image_url"], "url": row["url"],
            "category": category, "price": row["price"], "currency": row["currency"],
        })[1:-1]  # fmt: skip

    def _grow(self, size: int) -> None:
        room = len(self._available)
        if size > room:
            more = max(1024, 2 * room, size) - room
            self._available = np.concatenate([self._available, np.zeros(more, np.uint8)])
            self._price_cents = np.concatenate([self._price_cents, np.full(more, -1, np.int64)])
            self._categories = np.concatenate([self._categories, np.full(more, -1, np.int32)])
            self._arrived_days = np.concatenate([self._arrived_days, np.zeros(more, np.int16)])
        missing = size - self.size
        self.ids += [""] * missing
        self.names += [""] * missing
        self._fragments += [b""] * missing
        self.size = size


class Catalogs:
    def __init__(self, pool: Pool, bus: Bus) -> None:
        self._pool = pool
        self._catalogs: OrderedDict[UUID, LiveCatalog] = OrderedDict()
        self._asked_at: dict[UUID, float] = {}
        self._loading: dict[UUID, asyncio.Task[LiveCatalog]] = {}
        self._announced = asyncio.Event()
        self._bus = bus
        self._read_at = -inf
        bus.subscribe("catalog", self._on_announced)
        bus.on_connected(self._announced.set)

    async def get(self, tenant_id: UUID) -> LiveCatalog:
        self._asked_at[tenant_id] = time.monotonic()
        catalog = self._catalogs.get(tenant_id)
        if catalog is not None:
            return catalog
        task = self._loading.get(tenant_id)
        if task is None:
            task = self._loading[tenant_id] = asyncio.create_task(self._load(tenant_id))
        return await asyncio.shield(task)

    def loaded(self, tenant_id: UUID) -> LiveCatalog | None:
        return self._catalogs.get(tenant_id)

    async def poll(self) -> None:
        """Wait for an announcement, at most POLL_S; take over what changed anywhere where there was one, or might have
        been.
        """
        try:
            async with asyncio.timeout(POLL_S):
                await self._announced.wait()
        except TimeoutError:
            self._evict()
            if self._bus.connected and time.monotonic() < self._read_at + NET_S:
                return
        self._announced.clear()
        self._read_at = time.monotonic()
        await self.update()

    async def update(self) -> None:
        """Bring every loaded catalog to its newest version."""
        tenants = list(self._catalogs)
        if not tenants:
            return
        async with tenant_transaction(self._pool, *tenants) as connection:
            versions = await queries.catalog_versions(connection, tenants)
        for tenant_id, version in versions.items():
            catalog = self._catalogs.get(tenant_id)
            if catalog is not None and version > catalog.version:
                await self._read_changes(tenant_id, catalog)

    async def _load(self, tenant_id: UUID) -> LiveCatalog:
        try:
            catalog = LiveCatalog()
            await self._read_changes(tenant_id, catalog)
            self._catalogs[tenant_id] = catalog
            settle()
            return catalog
        finally:
            del self._loading[tenant_id]

    async def _read_changes(self, tenant_id: UUID, catalog: LiveCatalog) -> None:
        """Apply every row beyond the catalog's version, in chunks between which other requests run."""
        async with tenant_transaction(self._pool, tenant_id) as connection:
            version = (await queries.catalog_versions(connection, [tenant_id])).get(tenant_id, 0)
            after_version, after_number = catalog.version, -1
            while rows := await queries.changed_items(
                connection, tenant_id, after_version, after_number, version, CHUNK
            ):
                catalog.apply(rows)
                after_version, after_number = rows[-1]["version"], rows[-1]["number"]
                await asyncio.sleep(0)
        catalog.version = max(catalog.version, version)

    def _evict(self) -> None:
        """Let go of tenants that nobody asks for."""
        too_old = time.monotonic() - IDLE_S
        idle = [tenant_id for tenant_id in self._catalogs if self._asked_at.get(tenant_id, 0.0) < too_old]
        by_age = sorted(self._catalogs, key=lambda tenant_id: self._asked_at.get(tenant_id, 0.0))
        for tenant_id in {*idle, *by_age[: max(0, len(self._catalogs) - MAX_TENANTS)]}:
            del self._catalogs[tenant_id]
            self._asked_at.pop(tenant_id, None)

    def _on_announced(self, _tenant_id: UUID, _data: dict[str, Any]) -> None:
        self._announced.set()
