"""Shops for the tests: a catalog and events written without HTTP, and the simulated demo shop as arrays."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import numpy as np

from recomengine.catalog.checking import check_item
from recomengine.catalog.schemas import ItemIn
from recomengine.catalog.service import write_items
from recomengine.context import Context
from recomengine.demo.catalog import demo_products
from recomengine.demo.simulation import simulate
from recomengine.events.preparing import Source, prepare
from recomengine.infra.database import tenant_transaction
from recomengine.models import queries, service
from recomengine.models.arrays import csr
from recomengine.models.build import Built, build_model
from recomengine.models.event_log import EventLogs
from recomengine.models.histories import EVENT_TYPES, NO_GROUP, Histories, unpack
from recomengine.models.model import Model
from recomengine.models.sources import PLACE
from recomengine.models.store import ModelStore
from recomengine.shop import TenantConfig
from tests.support.processes import PATIENCE_S, POLL_S

Event = dict[str, Any]
Product = dict[str, Any]
END_MS = 1_790_000_000_000
PLACES = 4
FIELDS = ("category", "brand", "description", "attributes", "price")


async def until(met: Callable[[], Awaitable[bool]]) -> None:
    """`wait_until` for a coroutine function; between questions the background works on."""
    async with asyncio.timeout(PATIENCE_S):
        while not await met():
            await asyncio.sleep(POLL_S)


def product(product_id: str, **fields: Any) -> Product:
    return {"productId": product_id, "name": f"The {product_id}", **fields}


async def fill_catalog(context: Context, tenant_id: UUID, products: Sequence[Mapping[str, Any]]) -> None:
    items = [check_item(msgspec.convert(each, ItemIn, strict=False)) for each in products]
    for item in items:
        await write_items(context.pool, context.bus, tenant_id, [item])  # one by one: numbers in this order


async def send(context: Context, tenant_id: UUID, events: Sequence[Event]) -> None:
    """Store `events` as live ones."""
    source = Source(tenant_id, TenantConfig(), int(time.time() * 1000), live=True)
    rows = [
        prepare(msgspec.json.encode({name: value for name, value in event.items() if value is not None}), source)
        for event in events
    ]
    await context.events.store(rows)


def store_of(context: Context) -> ModelStore:
    return ModelStore(context.settings.model_store_url, context.settings.data_dir / "models-cache")


def logs_of(context: Context) -> EventLogs:
    return EventLogs(context.settings.data_dir / "event-logs")


async def read_histories(context: Context, tenant_id: UUID, through: datetime) -> Histories:
    """All events stored before `through`, read at once."""
    async with tenant_transaction(context.pool, tenant_id) as connection:
        return unpack(await queries.load_histories(connection, tenant_id, queries.SINCE_EVER, through, EVENT_TYPES))


async def build(context: Context, tenant_id: UUID) -> str:
    """Build, publish and announce the tenant's model, and have this process serve it; its version."""
    version = await service.refresh(context.pool, store_of(context), logs_of(context), context.bus, tenant_id)
    await context.models.update()
    return version


def as_rows(products: Sequence[Product]) -> list[dict[str, Any]]:
    """Products as a build reads them."""
    return [
        {"number": number, "name": each["name"]} | {field: each.get(field) for field in FIELDS}
        for number, each in enumerate(products)
    ]


def as_histories(events: Sequence[Event], products: Sequence[Product]) -> Histories:
    """What `read_histories` says of the same events in the database."""
    numbers = {each["productId"]: number for number, each in enumerate(products)}
    users = sorted({event["userId"] for event in events})
    user_numbers = {user: number for number, user in enumerate(users)}
    groups: dict[str, int] = {}
    rows = sorted(
        (
            user_numbers[event["userId"]],
            event["timestamp"],
            EVENT_TYPES.index(event["eventType"]),
            numbers[event["productId"]],
            _group(event, groups),
        )
        for event in events
    )
    columns = np.array(rows, np.int64).reshape(-1, 1 + PLACES)
    indptr = np.searchsorted(columns[:, 0], np.arange(len(users) + 1)).astype(np.int64)
    return Histories(
        users, indptr, columns[:, 3].astype(np.int32), columns[:, 2].astype(np.uint8), columns[:, 1].copy(),
        columns[:, 4].copy(),
    )  # fmt: skip


def _group(event: Event, groups: dict[str, int]) -> int:
    order, session = event.get("metadata", {}).get("orderId"), event.get("sessionId")
    name = f"o{order}" if order else f"s{session}" if session else None
    return NO_GROUP if name is None else groups.setdefault(name, len(groups) + 1)


class DemoShop(NamedTuple):
    products: list[Product]
    numbers: dict[str, int]
    histories: Histories
    built: Built
    model: Model


@cache
def demo_shop() -> DemoShop:
    """The simulated shop and its model, made once a run."""
    products = demo_products()
    histories = as_histories(list(simulate(products, end_ms=END_MS)), products)
    built = build_model(histories, as_rows(products), len(products))
    return DemoShop(
        products, {each["productId"]: at for at, each in enumerate(products)}, histories, built, model_of(built)
    )


def model_of(built: Built, version: str = "v1") -> Model:
    return Model(built.arrays, built.stats | {"version": version, "throughMs": 0})


def row(built: Built, table: str, number: int) -> list[int]:
    """Neighbours of a product in one of the tables, as they are kept: best first."""
    matrix = csr(built.arrays, table)
    return matrix.indices[matrix.indptr[number] : matrix.indptr[number + 1]].tolist()


def overlay_row(model: Model, number: int) -> list[int]:
    """Content neighbours of a product among those that came after the build."""
    tables = model.ranker.sources[PLACE["content"]].tables
    return tables[1].row(number)[0].tolist() if len(tables) > 1 else []
