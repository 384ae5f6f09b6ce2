"""SQL of the figures by product. Sums over days stand in analytics_products, those of the hours of the last days in
analytics_product_hours, and sums over the first days of stretches of 64 days in analytics_product_blocks.

Rows are inserted in the order of their keys: whoever reads a day or a block finds its rows side by side.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from recomengine.analytics.queries import READ_TIMEOUT_S, ROOM_TO_SORT, SETTLE_TIMEOUT_S, Rules, Slices
from recomengine.infra.database import Connection

# The rows of a block lie side by side, which the planner cannot know: it would rather read the blocks of all tenants.
BY_INDEX = "SELECT set_config('enable_seqscan', 'off', true)"
# First the order by the one metric, from every row; then the rest of those few products.
READ_PRODUCTS = """
WITH unsettled AS MATERIALIZED (
    SELECT product_id, sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks,
           sum(conversions)::bigint AS conversions, coalesce(sum(revenue), 0) AS revenue,
           sum(attributed_conversions)::bigint AS attributed_conversions,
           coalesce(sum(attributed_revenue), 0) AS attributed_revenue
    FROM analytics_facts($1, $13, $14, $15, $16, $17) WHERE product_id IS NOT NULL GROUP BY product_id
), each AS NOT MATERIALIZED (
    SELECT b.product_id, b.impressions, b.clicks, b.conversions, b.revenue, b.attributed_conversions,
           b.attributed_revenue
    FROM unnest($2::date[], $3::int[]) AS s (date, days)
    JOIN analytics_product_blocks b ON b.tenant_id = $1 AND b.days = s.days AND b.date = s.date
    UNION ALL
    SELECT b.product_id, -b.impressions, -b.clicks, -b.conversions, -b.revenue, -b.attributed_conversions,
           -b.attributed_revenue
    FROM unnest($4::date[], $5::int[]) AS s (date, days)
    JOIN analytics_product_blocks b ON b.tenant_id = $1 AND b.days = s.days AND b.date = s.date
    UNION ALL
    SELECT product_id, impressions, clicks, conversions, revenue, attributed_conversions, attributed_revenue
    FROM analytics_products WHERE tenant_id = $1 AND date = ANY ($6::date[])
    UNION ALL
    SELECT product_id, impressions, clicks, conversions, revenue, attributed_conversions, attributed_revenue
    FROM analytics_product_hours WHERE tenant_id = $1 AND date = ANY ($7::date[]) AND hour >= $8 AND hour < $9
        AND hour <> ALL ($10::timestamptz[])
    UNION ALL
    SELECT h.product_id, -h.impressions, -h.clicks, -h.conversions, -h.revenue, -h.attributed_conversions,
           -h.attributed_revenue
    FROM unnest($11::date[], $12::timestamptz[]) AS o (date, hour)
    JOIN analytics_product_hours h ON h.tenant_id = $1 AND h.date = o.date AND h.hour = o.hour
    UNION ALL
    SELECT product_id, impressions, clicks, conversions, revenue, attributed_conversions, attributed_revenue
    FROM unsettled
), top AS MATERIALIZED (
    SELECT product_id, value
    FROM (
        SELECT product_id,
               sum(CASE $18 WHEN 'impressions' THEN impressions WHEN 'clicks' THEN clicks
                            WHEN 'conversions' THEN conversions WHEN 'revenue' THEN revenue
                            WHEN 'attributedConversions' THEN attributed_conversions
                            ELSE attributed_revenue END) AS value
        FROM each GROUP BY product_id
    ) AS by_metric
    WHERE value > 0
    ORDER BY value DESC, product_id COLLATE "C"
    LIMIT $19
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
# What differs from what is kept, by day or hour and product: the events less the rows that they were before.
CHANGED_DAYS = """changed AS MATERIALIZED (
    SELECT date, product_id, sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks,
           sum(conversions)::bigint AS conversions, sum(revenue) AS revenue,
           sum(attributed_conversions)::bigint AS attributed_conversions, sum(attributed_revenue) AS attributed_revenue
    FROM (
        SELECT date, product_id, impressions, clicks, conversions, coalesce(revenue, 0) AS revenue,
               attributed_conversions, coalesce(attributed_revenue, 0) AS attributed_revenue
        FROM analytics_facts($1, $2, $3, $4, $5, $6) WHERE product_id IS NOT NULL
        UNION ALL
        SELECT date, product_id, -impressions, -clicks, -conversions, -revenue, -attributed_conversions,
               -attributed_revenue
        FROM analytics_products WHERE tenant_id = $1 AND date = ANY ($9::date[])
    ) AS f
    GROUP BY date, product_id
    HAVING (sum(impressions), sum(clicks), sum(conversions), sum(revenue), sum(attributed_conversions),
            sum(attributed_revenue)) <> (0, 0, 0, 0, 0, 0)
)"""
CHANGED_HOURS = """changed AS MATERIALIZED (
    SELECT date, hour, product_id, sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks,
           sum(conversions)::bigint AS conversions, sum(revenue) AS revenue,
           sum(attributed_conversions)::bigint AS attributed_conversions, sum(attributed_revenue) AS attributed_revenue
    FROM (
        SELECT date, hour, product_id, impressions, clicks, conversions, coalesce(revenue, 0) AS revenue,
               attributed_conversions, coalesce(attributed_revenue, 0) AS attributed_revenue
        FROM analytics_facts($1, $2, $3, $4, $5, $6) WHERE product_id IS NOT NULL
        UNION ALL
        SELECT h.date, h.hour, h.product_id, -h.impressions, -h.clicks, -h.conversions, -h.revenue,
               -h.attributed_conversions, -h.attributed_revenue
        FROM unnest($9::date[], $10::timestamptz[]) AS o (date, hour)
        JOIN analytics_product_hours h ON h.tenant_id = $1 AND h.date = o.date AND h.hour = o.hour
    ) AS f
    GROUP BY date, hour, product_id
    HAVING (sum(impressions), sum(clicks), sum(conversions), sum(revenue), sum(attributed_conversions),
            sum(attributed_revenue)) <> (0, 0, 0, 0, 0, 0)
), of_hours AS (
    INSERT INTO analytics_product_hours AS kept (tenant_id, date, hour, product_id, impressions, clicks, conversions,
        revenue, attributed_conversions, attributed_revenue)
    SELECT $1, date, hour, product_id, impressions, clicks, conversions, revenue, attributed_conversions,
           attributed_revenue
    FROM changed ORDER BY date, hour, product_id
    ON CONFLICT ON CONSTRAINT analytics_product_hours_pkey DO UPDATE SET
        impressions = kept.impressions + excluded.impressions, clicks = kept.clicks + excluded.clicks,
        conversions = kept.conversions + excluded.conversions, revenue = kept.revenue + excluded.revenue,
        attributed_conversions = kept.attributed_conversions + excluded.attributed_conversions,
        attributed_revenue = kept.attributed_revenue + excluded.attributed_revenue
)"""
ADD_CHANGED = """, of_days AS (
    INSERT INTO analytics_products AS kept (tenant_id, date, product_id, impressions, clicks, conversions, revenue,
        attributed_conversions, attributed_revenue)
    SELECT $1, date, product_id, sum(impressions), sum(clicks), sum(conversions), sum(revenue),
           sum(attributed_conversions), sum(attributed_revenue)
    FROM changed GROUP BY date, product_id ORDER BY date, product_id
    ON CONFLICT ON CONSTRAINT analytics_products_pkey DO UPDATE SET
        impressions = kept.impressions + excluded.impressions, clicks = kept.clicks + excluded.clicks,
        conversions = kept.conversions + excluded.conversions, revenue = kept.revenue + excluded.revenue,
        attributed_conversions = kept.attributed_conversions + excluded.attributed_conversions,
        attributed_revenue = kept.attributed_revenue + excluded.attributed_revenue
)
INSERT INTO analytics_product_blocks AS kept (tenant_id, days, date, product_id, impressions, clicks, conversions,
    revenue, attributed_conversions, attributed_revenue)
SELECT $1, b.days, b.date, c.product_id, sum(c.impressions), sum(c.clicks), sum(c.conversions), sum(c.revenue),
       sum(c.attributed_conversions), sum(c.attributed_revenue)
FROM unnest($7::date[], $8::int[]) AS b (date, days) JOIN changed c ON c.date >= b.date AND c.date < b.date + b.days
GROUP BY b.days, b.date, c.product_id ORDER BY b.days, b.date, c.product_id
ON CONFLICT ON CONSTRAINT analytics_product_blocks_pkey DO UPDATE SET
    impressions = kept.impressions + excluded.impressions, clicks = kept.clicks + excluded.clicks,
    conversions = kept.conversions + excluded.conversions, revenue = kept.revenue + excluded.revenue,
    attributed_conversions = kept.attributed_conversions + excluded.attributed_conversions,
    attributed_revenue = kept.attributed_revenue + excluded.attributed_revenue
"""
CHANGE_DAYS = "WITH " + CHANGED_DAYS + ADD_CHANGED
CHANGE_HOURS = "WITH " + CHANGED_HOURS + ADD_CHANGED
FORGET_PRODUCT_HOURS = "DELETE FROM analytics_product_hours WHERE tenant_id = $1 AND date < $2"
CLEAR_PRODUCT_HOURS = "DELETE FROM analytics_product_hours WHERE tenant_id = $1"
CLEAR_BLOCKS = "DELETE FROM analytics_product_blocks WHERE tenant_id = $1"
# The first $3 days of a stretch: those but the last, and the last.
INSERT_BLOCK = """
INSERT INTO analytics_product_blocks (tenant_id, days, date, product_id, impressions, clicks, conversions, revenue,
    attributed_conversions, attributed_revenue)
SELECT $1, $3, $2, product_id, sum(impressions), sum(clicks), sum(conversions), sum(revenue),
       sum(attributed_conversions), sum(attributed_revenue)
FROM (
    SELECT product_id, impressions, clicks, conversions, revenue, attributed_conversions, attributed_revenue
    FROM analytics_product_blocks WHERE tenant_id = $1 AND days = $3::int - 1 AND date = $2::date
    UNION ALL
    SELECT product_id, impressions, clicks, conversions, revenue, attributed_conversions, attributed_revenue
    FROM analytics_products WHERE tenant_id = $1 AND date = $2::date + ($3::int - 1)
) AS parts
GROUP BY product_id ORDER BY product_id
"""


class Blocks(NamedTuple):
    """The first day of each, and how many days it has."""

    dates: list[date]
    days: list[int]

    def add(self, first: date, days: int) -> None:
        self.dates.append(first)
        self.days.append(days)


NO_BLOCKS = Blocks([], [])


class Hours(NamedTuple):
    """Each with its day."""

    dates: list[date]
    starts: list[datetime]

    @classmethod
    def of(cls, hours: Iterable[tuple[date, datetime]]) -> "Hours":
        found = list(hours)
        return cls([day for day, _ in found], [hour for _, hour in found])


class ProductSources(NamedTuple):
    """Where the figures of products come from: blocks of days, less others; whole days; the hours from `start` up to
    `end` on `hour_days`, but `open_hours`; less `outdated` hours of those blocks and days; and events.
    """

    blocks: Blocks
    less: Blocks
    days: list[date]
    hour_days: list[date]
    start: datetime
    end: datetime
    open_hours: list[datetime]
    outdated: Hours
    slices: Slices


async def read_products(
    connection: Connection, tenant_id: UUID, sources: ProductSources, rules: Rules, metric: str, limit: int
) -> list[asyncpg.Record]:
    """The products with the most of the metric, and of it more than nothing."""
    blocks, less, *stored, outdated, slices = sources
    await connection.execute(ROOM_TO_SORT)
    await connection.execute(BY_INDEX)
    return await connection.fetch(
        READ_PRODUCTS,
        tenant_id,
        *blocks,
        *less,
        *stored,
        *outdated,
        *slices,
        *rules,
        metric,
        limit,
        timeout=READ_TIMEOUT_S,
    )


async def clear_products(connection: Connection, tenant_id: UUID, day: date) -> None:
    """Delete what is kept of days from `day` on."""
    await connection.execute(CLEAR_PRODUCTS, tenant_id, day, timeout=SETTLE_TIMEOUT_S)


async def change_days(
    connection: Connection, tenant_id: UUID, days: Sequence[date], slices: Slices, blocks: Blocks, rules: Rules
) -> None:
    """Bring `days`, which fill `slices`, up to their events; and `blocks`, all that hold some of them."""
    await connection.execute(CHANGE_DAYS, tenant_id, *slices, *rules, *blocks, days, timeout=SETTLE_TIMEOUT_S)


async def change_hours(
    connection: Connection, tenant_id: UUID, hours: Hours, slices: Slices, blocks: Blocks, rules: Rules
) -> None:
    """Bring `hours`, which fill `slices`, up to their events; their days; and `blocks`, all that hold some of those."""
    await connection.execute(CHANGE_HOURS, tenant_id, *slices, *rules, *blocks, *hours, timeout=SETTLE_TIMEOUT_S)


async def forget_product_hours(connection: Connection, tenant_id: UUID, before: date) -> None:
    await connection.execute(FORGET_PRODUCT_HOURS, tenant_id, before, timeout=SETTLE_TIMEOUT_S)


async def clear_hours_and_blocks(connection: Connection, tenant_id: UUID) -> None:
    await connection.execute(CLEAR_PRODUCT_HOURS, tenant_id, timeout=SETTLE_TIMEOUT_S)
    await connection.execute(CLEAR_BLOCKS, tenant_id, timeout=SETTLE_TIMEOUT_S)


async def insert_block(connection: Connection, tenant_id: UUID, first: date, days: int) -> None:
    """Of the block of a day less, which is there, and its last day."""
    await connection.execute(INSERT_BLOCK, tenant_id, first, days, timeout=SETTLE_TIMEOUT_S)
