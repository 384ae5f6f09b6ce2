"""Writing the catalog. Every write of a tenant takes its catalog's lock, so versions grow in the order of commits.

A product's number is given once, is dense within the tenant, and stays with the product id through deletion and
re-creation: models and processes address products by it.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from recomengine.catalog import queries
from recomengine.catalog.checking import check_item
from recomengine.catalog.markup import text_of
from recomengine.catalog.partial import CATEGORY_FIELDS, filled_up
from recomengine.catalog.schemas import ItemIn, ItemOut, ItemPatch
from recomengine.infra.bus import Bus
from recomengine.infra.database import Connection, Pool, tenant_transaction
from recomengine.web.problems import Conflict, NotFound

Status = Literal["created", "updated", "unchanged"]

_encode = msgspec.json.Encoder().encode


class Written(NamedTuple):
    status: Status
    number: int


async def write_items(
    pool: Pool, bus: Bus, tenant_id: UUID, items: Sequence[ItemIn], fields: frozenset[str] | None = None
) -> list[Written]:
    """Make or replace products; what happened to each, in order. Of a product given twice the last counts. fields: see
    partial.py.
    """
    async with tenant_transaction(pool, tenant_id) as connection:
        written, changed = await _write(connection, tenant_id, items, fields)
    if changed:
        await bus.publish("catalog", tenant_id)
    return written


async def create_item(pool: Pool, bus: Bus, tenant_id: UUID, item: ItemIn) -> ItemOut:
    """Raises Conflict when the product is there already."""
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.lock_catalog(connection, tenant_id)
        if await queries.get_item(connection, tenant_id, item.product_id) is not None:
            raise Conflict(
                f"There is a product {item.product_id} already. Use PUT to replace it or PATCH to change it."
            )
        await _write(connection, tenant_id, [item])
        made = await _get(connection, tenant_id, item.product_id)
    await bus.publish("catalog", tenant_id)
    return made


async def put_item(pool: Pool, bus: Bus, tenant_id: UUID, item: ItemIn) -> tuple[ItemOut, bool]:
    """(the product, whether it was made now)."""
    async with tenant_transaction(pool, tenant_id) as connection:
        written, changed = await _write(connection, tenant_id, [item])
        made = await _get(connection, tenant_id, item.product_id)
    if changed:
        await bus.publish("catalog", tenant_id)
    return made, written[0].status == "created"


async def patch_item(pool: Pool, bus: Bus, tenant_id: UUID, product_id: str, patch: ItemPatch) -> ItemOut:
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.lock_catalog(connection, tenant_id)
        there = msgspec.structs.asdict(await _get(connection, tenant_id, product_id))
        given = {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not msgspec.UNSET}
        if given.keys() & CATEGORY_FIELDS:  # the one that is not given follows from the other
            there |= dict.fromkeys(CATEGORY_FIELDS)
        fields = {name: given.get(name, there[name]) for name in ItemIn.__struct_fields__}
        _, changed = await _write(connection, tenant_id, [check_item(ItemIn(**fields))])
        made = await _get(connection, tenant_id, product_id)
    if changed:
        await bus.publish("catalog", tenant_id)
    return made


async def delete_item(pool: Pool, bus: Bus, tenant_id: UUID, product_id: str) -> None:
    async with tenant_transaction(pool, tenant_id) as connection:
        version, _ = await queries.lock_catalog(connection, tenant_id)
        if "\0" in product_id or not await queries.delete_item(connection, tenant_id, product_id, version + 1):
            raise _missing(product_id)
        await queries.advance_catalog(connection, tenant_id, version + 1, 0)
    await bus.publish("catalog", tenant_id)


async def read_item(pool: Pool, tenant_id: UUID, product_id: str) -> ItemOut:
    async with tenant_transaction(pool, tenant_id) as connection:
        return await _get(connection, tenant_id, product_id)


async def _get(connection: Connection, tenant_id: UUID, product_id: str) -> ItemOut:
    row = await queries.get_item(connection, tenant_id, product_id) if "\0" not in product_id else None
    if row is None:
        raise _missing(product_id)
    return ItemOut(**dict(row))


def _missing(product_id: str) -> NotFound:
    return NotFound(f"There is no product {product_id} in this catalog. Check the id, or make it with PUT.")


async def _write(
    connection: Connection, tenant_id: UUID, items: Sequence[ItemIn], fields: frozenset[str] | None = None
) -> tuple[list[Written], bool]:
    """(what happened to each item, whether anything changed)."""
    last = {item.product_id: item for item in items}
    version, next_number = await queries.lock_catalog(connection, tenant_id)
    known = await queries.known_numbers(connection, tenant_id, list(last))
    numbers = {product_id: number for product_id, (number, _) in known.items()}
    numbers |= {product_id: next_number + at for at, product_id in enumerate(sorted(last.keys() - known.keys()))}
    wanted = sorted(last.values(), key=lambda item: item.product_id)
    if fields is not None:
        stored = await queries.stored_items(
            connection, tenant_id, [each for each, (_, there) in known.items() if there]
        )
        wanted = [filled_up(item, stored.get(item.product_id), fields) for item in wanted]
    changed = await queries.upsert_items(connection, tenant_id, version + 1, [_row(item, numbers) for item in wanted])
    if changed:
        await queries.advance_catalog(connection, tenant_id, version + 1, len(wanted) - len(known))
    return [
        Written(_status(item, item is last[item.product_id], known, changed), numbers[item.product_id])
        for item in items
    ], bool(changed)


def _row(item: ItemIn, numbers: Mapping[str, int]) -> queries.ItemRow:
    further = _encode((item.categories or [])[1:]).decode()
    words = item.description and text_of(item.description)
    return queries.ItemRow(
        item.product_id, numbers[item.product_id], item.name, item.category, further, item.price, item.currency,
        item.image_url, item.url, item.description, item.brand, _encode(item.attributes).decode(), item.available,
        words,
    )  # fmt: skip


def _status(item: ItemIn, counts: bool, known: dict[str, tuple[int, bool]], changed: set[str]) -> Status:
    there = known.get(item.product_id, (0, False))[1]
    if counts and not there:
        return "created"
    return "updated" if counts and item.product_id in changed else "unchanged"
