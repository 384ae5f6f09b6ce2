"""Widgets: made, changed, deleted. Each change is written into the audit log, and drops what processes remember of the
widget.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from recomengine.auth.actor import Member, audit
from recomengine.auth.idempotency import Repeatable, once
from recomengine.infra.bus import Bus
from recomengine.infra.database import Connection, Pool, tenant_transaction
from recomengine.infra.redis import RedisClient
from recomengine.web.problems import Conflict, NotFound
from recomengine.widgets import queries
from recomengine.widgets.looks import forget_looks
from recomengine.widgets.places import place_styles
from recomengine.widgets.schemas import Widget, WidgetIn, WidgetPatch, as_widget

MAX_WIDGETS = 200


async def create(
    pool: Pool, redis: RedisClient, bus: Bus, member: Member, given: WidgetIn, repeatable: Repeatable
) -> Widget:
    tenant_id = member.tenant_id
    async with _changing(pool, tenant_id) as connection:

        async def make(widget_id: UUID) -> None:
            if await queries.count_widgets(connection, tenant_id) >= MAX_WIDGETS:
                raise Conflict(
                    f"This tenant has {MAX_WIDGETS} widgets, the most there can be. Delete one that no page shows.",
                    code="too_many_widgets",
                )
            await queries.insert_widget(connection, tenant_id, widget_id, given)
            await audit(connection, member, "widget.created", widget_id, None, msgspec.to_builtins(given))

        widget_id = await once(connection, member, repeatable, make)
        made = _found(await queries.one_widget(connection, tenant_id, widget_id))
    await _announce(redis, bus, tenant_id, made.placement_id)
    return made


async def one(pool: Pool, tenant_id: UUID, widget_id: UUID) -> Widget:
    async with tenant_transaction(pool, tenant_id) as connection:
        return _found(await queries.one_widget(connection, tenant_id, widget_id))


async def widgets_of(pool: Pool, tenant_id: UUID, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    async with tenant_transaction(pool, tenant_id) as connection:
        return await queries.widgets_of(connection, tenant_id, after, limit)


async def styles(pool: Pool, tenant_id: UUID) -> str:
    """CSS that keeps the places of all widgets."""
    return place_styles([as_widget(row) for row in await widgets_of(pool, tenant_id, None, MAX_WIDGETS)])


async def change(
    pool: Pool, redis: RedisClient, bus: Bus, member: Member, widget_id: UUID, patch: WidgetPatch
) -> Widget:
    tenant_id, given = member.tenant_id, msgspec.to_builtins(patch)
    async with _changing(pool, tenant_id) as connection:
        old = _found(await queries.lock_widget(connection, tenant_id, widget_id))
        was: Mapping[str, Any] = msgspec.to_builtins(old)
        merged = {name: was[name] for name in WidgetIn.__struct_encode_fields__} | given
        await queries.update_widget(connection, tenant_id, widget_id, msgspec.convert(merged, WidgetIn))
        before = {name: was[name] for name in given}
        await audit(connection, member, "widget.changed", widget_id, before, given)
        new = _found(await queries.one_widget(connection, tenant_id, widget_id))
    await _announce(redis, bus, tenant_id, old.placement_id, new.placement_id)
    return new


async def delete(pool: Pool, redis: RedisClient, bus: Bus, member: Member, widget_id: UUID) -> None:
    tenant_id = member.tenant_id
    async with _changing(pool, tenant_id) as connection:
        old = _found(await queries.lock_widget(connection, tenant_id, widget_id))
        await queries.delete_widget(connection, tenant_id, widget_id)
        await audit(connection, member, "widget.deleted", widget_id, msgspec.to_builtins(old), None)
    await _announce(redis, bus, tenant_id, old.placement_id)


@asynccontextmanager
async def _changing(pool: Pool, tenant_id: UUID) -> AsyncIterator[Connection]:
    try:
        async with tenant_transaction(pool, tenant_id) as connection:
            yield connection
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != "widget_configs_tenant_id_placement_id_key":
            raise
        raise Conflict(
            "This placement has a widget already. Change that one, or choose another placementId.",
            code="placement_has_widget",
        ) from None


async def _announce(redis: RedisClient, bus: Bus, tenant_id: UUID, *placement_ids: str) -> None:
    """What Redis holds goes first: whoever hears of the change asks the database then."""
    await forget_looks(redis, tenant_id, placement_ids)
    await bus.publish("tenant", tenant_id)


def _found(row: asyncpg.Record | None) -> Widget:
    if row is None:
        raise NotFound("There is no such widget of this tenant. Check the id.")
    return as_widget(row)
