"""All shops of an admin at a glance: a few figures of each, of this moment as everywhere, and how fresh it is."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

from recomengine.analytics import queries
from recomengine.analytics.ranges import Range
from recomengine.analytics.schemas import Figures, Glance, ShopGlance, ShopsQuery
from recomengine.analytics.service import Shop, local, reading, shop_from, total
from recomengine.infra.database import Pool, tenant_transaction
from recomengine.models.service import built_at
from recomengine.web.problems import Unavailable

AT_ONCE = 2
"""Shops that are asked for together, so that a page of them leaves a connection to others."""


async def glance(pool: Pool, tenants: Sequence[asyncpg.Record], query: ShopsQuery) -> list[ShopGlance]:
    ids, turn = [tenant["id"] for tenant in tenants], asyncio.Semaphore(AT_ONCE)
    built = await built_at(pool, ids)
    async with tenant_transaction(pool, *ids) as connection:
        last = await queries.last_events_at(connection, ids)

    async def line(tenant: asyncpg.Record) -> ShopGlance:
        shop = shop_from(tenant)
        asked = shop.range_of(query)
        async with turn:
            figures, previous = await _figures_of(pool, shop, asked)
        return ShopGlance(
            tenant_id=shop.tenant_id, name=tenant["name"], status=tenant["status"], timezone=shop.rules.zone,
            currency=shop.rules.currency, start=local(asked.start, asked), end=local(asked.end, asked),
            figures=figures, previous=previous, last_event_at=last[shop.tenant_id],
            model_built_at=built.get(shop.tenant_id),
        )  # fmt: skip

    return await asyncio.gather(*(line(tenant) for tenant in tenants))


async def _figures_of(pool: Pool, shop: Shop, asked: Range) -> tuple[Glance | None, Glance | None]:
    """Of the range and of the one before; None where they are still computed, keeping no other shop from its own."""
    try:
        async with reading(pool, shop) as (connection, settled):
            figures = await total(connection, shop, asked, settled)
            return _glance(figures), _glance(await total(connection, shop, asked.before, settled))
    except Unavailable:
        return None, None


def _glance(values: Sequence[Any]) -> Glance:
    figures = Figures(*values)
    return Glance(
        figures.revenue, figures.attributed_revenue, figures.clicks,
        figures.impressions + figures.clicks + figures.conversions + figures.returns,
    )  # fmt: skip
