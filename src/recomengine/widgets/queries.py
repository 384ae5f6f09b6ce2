"""SQL of the widgets."""

from uuid import UUID

import asyncpg
import msgspec

from recomengine.infra.database import Connection
from recomengine.widgets.schemas import WidgetIn

# One who makes a widget waits here for another who does, so that the count below holds.
LOCK_TENANT = "SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE"
COUNT_WIDGETS = "SELECT count(*) FROM widget_configs WHERE tenant_id = $1"
INSERT_WIDGET = """
INSERT INTO widget_configs (tenant_id, id, placement_id, layout, columns, theme, max_items, show_price, cta_text, title,
    strategy)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
ONE_WIDGET = """
SELECT id, placement_id, layout, columns, theme, max_items, show_price, cta_text, title, strategy, created_at,
    updated_at
FROM widget_configs WHERE tenant_id = $1 AND id = $2
"""
LOCK_WIDGET = ONE_WIDGET + "FOR UPDATE"
WIDGETS_OF = """
SELECT id, placement_id, layout, columns, theme, max_items, show_price, cta_text, title, strategy, created_at,
    updated_at
FROM widget_configs
WHERE tenant_id = $1
  AND ($2::uuid IS NULL OR (created_at, id) < (SELECT a.created_at, a.id FROM widget_configs a WHERE a.tenant_id = $1
      AND a.id = $2))
ORDER BY created_at DESC, id DESC LIMIT $3
"""
UPDATE_WIDGET = """
UPDATE widget_configs SET placement_id = $3, layout = $4, columns = $5, theme = $6, max_items = $7, show_price = $8,
    cta_text = $9, title = $10, strategy = $11, updated_at = clock_timestamp()
WHERE tenant_id = $1 AND id = $2
"""
DELETE_WIDGET = "DELETE FROM widget_configs WHERE tenant_id = $1 AND id = $2"
LOOKS_AT = """
SELECT placement_id, layout, columns, theme, max_items, show_price, cta_text, title, strategy,
    (extract(epoch FROM updated_at) * 1000000)::bigint AS stamp
FROM widget_configs WHERE tenant_id = $1 AND placement_id = ANY ($2::text[])
"""


async def count_widgets(connection: Connection, tenant_id: UUID) -> int:
    """How many there are, and will be until the end of the transaction but for what it makes itself."""
    await connection.execute(LOCK_TENANT, tenant_id)
    count: int = await connection.fetchval(COUNT_WIDGETS, tenant_id)
    return count


async def insert_widget(connection: Connection, tenant_id: UUID, widget_id: UUID, given: WidgetIn) -> None:
    await connection.execute(INSERT_WIDGET, tenant_id, widget_id, *_columns(given))


async def one_widget(connection: Connection, tenant_id: UUID, widget_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(ONE_WIDGET, tenant_id, widget_id)


async def lock_widget(connection: Connection, tenant_id: UUID, widget_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(LOCK_WIDGET, tenant_id, widget_id)


async def widgets_of(connection: Connection, tenant_id: UUID, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    """The newest first."""
    return await connection.fetch(WIDGETS_OF, tenant_id, after, limit)


async def update_widget(connection: Connection, tenant_id: UUID, widget_id: UUID, new: WidgetIn) -> None:
    await connection.execute(UPDATE_WIDGET, tenant_id, widget_id, *_columns(new))


async def delete_widget(connection: Connection, tenant_id: UUID, widget_id: UUID) -> None:
    await connection.execute(DELETE_WIDGET, tenant_id, widget_id)


async def looks_at(connection: Connection, tenant_id: UUID, placement_ids: list[str]) -> list[asyncpg.Record]:
    """What pages are told of the placements that have a widget, each with its stamp."""
    return await connection.fetch(LOOKS_AT, tenant_id, placement_ids)


def _columns(given: WidgetIn) -> list[object]:
    """The values of a widget in the order of its fields, which is the statements'."""
    return list(msgspec.structs.astuple(msgspec.structs.replace(given, theme=msgspec.to_builtins(given.theme))))
