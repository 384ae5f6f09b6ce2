"""SQL of the figures by product. Sums over days that are over stand in analytics_products, those of today's hours in
analytics_product_hours, and sums over 2, 4, 8, … days in analytics_product_blocks.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from recomengine.analytics.queries import READ_TIMEOUT_S, ROOM_TO_SORT, SETTLE_TIMEOUT_S, Rules, Slices
from recomengine.infra.database import Connection

# First the order by the one metric, from every row; then the rest of those few products.
READ_PRODUCTS = """
WITH unsettled AS MATERIALIZED (
    SELECT product_id, sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks,
           sum(conversions)::bigint AS conversions, coalesce(sum(revenue), 0) AS revenue,
           sum(attributed_conversions)::bigint AS attributed_conversions,
           coalesce(sum(attributed_revenue), 0) AS attributed_revenue
    FROM analytics_facts($1, $9, $10, $11, $12, $13) WHERE product_id IS NOT NULL GROUP BY product_id
), each AS NOT MATERIALIZED (
    SELECT b.product_id, b.impressions, b.clicks, b.conversions, b.revenue, b.attributed_conversions,
           b.attributed_revenue
    FROM unnest($2::date[], $3::int[]) AS s (date, days)
    JOIN analytics_product_blocks b ON b.tenant_id = $1 AND b.days = s.days AND b.date = s.date
    UNION ALL
    SELECT product_id, impressions, clicks, conversions, revenue, attributed_conversions, attributed_revenue
    FROM analytics_products WHERE tenant_id = $1 AND date = ANY ($4::date[])
    UNION ALL
    SELECT product_id, impressions, clicks, conversions, revenue, attributed_conversions, attributed_revenue
    FROM analytics_product_hours WHERE tenant_id = $1 AND date = ANY ($5::date[]) AND hour >= $6 AND hour < $7
        AND hour <> ALL ($8::timestamptz[])
    UNION ALL
    SELECT product_id, impressions, clicks, conversions, revenue, attributed_conversions, attributed_revenue
    FROM unsettled
), top AS MATERIALIZED (
    SELECT product_id, value
    FROM (
        SELECT product_id,
               sum(CASE $14 WHEN 'impressions' THEN impressions WHEN 'clicks' THEN clicks
                            WHEN 'conversions' THEN conversions WHEN 'revenue' THEN revenue
                            WHEN 'attributedConversions' THEN attributed_conversions
                            ELSE attributed_revenue END) AS value
        FROM each GROUP BY product_id
    ) AS by_metric
    WHERE value > 0
    ORDER BY value DESC, product_id COLLATE "C"
    LIMIT $15
)
SELECT t.product_id,
       (SELECT i.name FROM catalog_items i WHERE i.tenant_id = $1 AND i.product_id = t.product_id) AS name,
       f.impressions, f.clicks, f.conversions, f.revenue, f.attributed_conversions, f.attributed_revenue
FROM top t CROSS JOIN LATERAL (
    SELECT sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks,
           sum(conversions)::bigint AS conversions, sum(revenue) AS revenue,
           sum(attributed_conversions)::bigint AS attributed_conversions, sum(attributed_revenue) AS attributed_revenue
    FROM each e WHERE e.product_id = t.product_id
) AS f
ORDER BY t.value DESC, t.product_id COLLATE "C"
"""
CLEAR_PRODUCTS = "DELETE FROM analytics_products WHERE tenant_id = $1 AND date >= $2"
DELETE_PRODUCTS = "DELETE FROM analytics_products WHERE tenant_id = $1 AND date = ANY ($2::date[])"
INSERT_PRODUCTS = """
INSERT INTO analytics_products (tenant_id, date, product_id, impressions, clicks, conversions, revenue,
    attributed_conversions, attributed_revenue)
SELECT $1, date, product_id, sum(impressions), sum(clicks), sum(conversions), coalesce(sum(revenue), 0),
       sum(attributed_conversions), coalesce(sum(attributed_revenue), 0)
FROM analytics_facts($1, $2, $3, $4, $5, $6)
WHERE product_id IS NOT NULL
GROUP BY date, product_id
"""
CLOSE_PRODUCT_HOURS = "DELETE FROM analytics_product_hours WHERE tenant_id = $1 AND date <= $2"
DELETE_PRODUCT_HOURS = """
DELETE FROM analytics_product_hours WHERE tenant_id = $1 AND date = ANY ($2::date[]) AND hour = ANY ($3::timestamptz[])
"""
INSERT_PRODUCT_HOURS = """
INSERT INTO analytics_product_hours (tenant_id, date, hour, product_id, impressions, clicks, conversions, revenue,
    attributed_conversions, attributed_revenue)
SELECT $1, date, hour, product_id, sum(impressions), sum(clicks), sum(conversions), coalesce(sum(revenue), 0),
       sum(attributed_conversions), coalesce(sum(attributed_revenue), 0)
FROM analytics_facts($1, $2, $3, $4, $5, $6)
WHERE product_id IS NOT NULL
GROUP BY date, hour, product_id
"""
CLEAR_BLOCKS = "DELETE FROM analytics_product_blocks WHERE tenant_id = $1"
DELETE_BLOCKS = """
DELETE FROM analytics_product_blocks b USING unnest($2::date[], $3::int[]) AS s (date, days)
WHERE b.tenant_id = $1 AND b.days = s.days AND b.date = s.date
"""
INSERT_BLOCKS = """
INSERT INTO analytics_product_blocks (tenant_id, days, date, product_id, impressions, clicks, conversions, revenue,
    attributed_conversions, attributed_revenue)
SELECT $1, s.days, s.date, p.product_id, sum(p.impressions), sum(p.clicks), sum(p.conversions), sum(p.revenue),
       sum(p.attributed_conversions), sum(p.attributed_revenue)
FROM unnest($2::date[], $3::int[]) AS s (date, days)
JOIN analytics_products p ON p.tenant_id = $1 AND p.date >= s.date AND p.date < s.date + s.days
GROUP BY s.days, s.date, p.product_id
"""


class Blocks(NamedTuple):
    """The first day of each, and how many days it has."""

    dates: list[date]
    days: list[int]


class ProductSources(NamedTuple):
    """Where the figures of products come from: blocks of days; whole days; the hours from `start` up to `end` on
    `hour_days`, but `open_hours`; events.
    """

    blocks: Blocks
    days: list[date]
    hour_days: list[date]
    start: datetime
    end: datetime
    open_hours: list[datetime]
    slices: Slices


async def read_products(
    connection: Connection, tenant_id: UUID, sources: ProductSources, rules: Rules, metric: str, limit: int
) -> list[asyncpg.Record]:
    """The products with the most of the metric, and of it more than nothing."""
    blocks, *stored, slices = sources
    await connection.execute(ROOM_TO_SORT)
    return await connection.fetch(
        READ_PRODUCTS, tenant_id, *blocks, *stored, *slices, *rules, metric, limit, timeout=READ_TIMEOUT_S
    )


async def clear_products(connection: Connection, tenant_id: UUID, day: date) -> None:
    """Delete what is kept of days from `day` on."""
    await connection.execute(CLEAR_PRODUCTS, tenant_id, day, timeout=SETTLE_TIMEOUT_S)


async def replace_products(
    connection: Connection, tenant_id: UUID, dates: Sequence[date], slices: Slices, rules: Rules
) -> None:
    await connection.execute(DELETE_PRODUCTS, tenant_id, dates, timeout=SETTLE_TIMEOUT_S)
    await connection.execute(INSERT_PRODUCTS, tenant_id, *slices, *rules, timeout=SETTLE_TIMEOUT_S)


async def close_product_hours(connection: Connection, tenant_id: UUID, through: date) -> None:
    """Delete the hours of days up to `through`, which are kept as days."""
    await connection.execute(CLOSE_PRODUCT_HOURS, tenant_id, through, timeout=SETTLE_TIMEOUT_S)


async def replace_product_hours(
    connection: Connection,
    tenant_id: UUID,
    dates: Sequence[date],
    hours: Sequence[datetime],
    slices: Slices,
    rules: Rules,
) -> None:
    """Those of `hours`, which lie on `dates` and fill `slices`, anew."""
    await connection.execute(DELETE_PRODUCT_HOURS, tenant_id, dates, hours, timeout=SETTLE_TIMEOUT_S)
    await insert_product_hours(connection, tenant_id, slices, rules)


async def insert_product_hours(connection: Connection, tenant_id: UUID, slices: Slices, rules: Rules) -> None:
    await connection.execute(INSERT_PRODUCT_HOURS, tenant_id, *slices, *rules, timeout=SETTLE_TIMEOUT_S)


async def clear_blocks(connection: Connection, tenant_id: UUID) -> None:
    await connection.execute(CLEAR_BLOCKS, tenant_id, timeout=SETTLE_TIMEOUT_S)


async def replace_blocks(connection: Connection, tenant_id: UUID, blocks: Blocks) -> None:
    """Those blocks anew, from their days."""
    await connection.execute(DELETE_BLOCKS, tenant_id, *blocks, timeout=SETTLE_TIMEOUT_S)
    await connection.execute(INSERT_BLOCKS, tenant_id, *blocks, timeout=SETTLE_TIMEOUT_S)
