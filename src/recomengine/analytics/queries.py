"""SQL of the figures. What each event counts for is defined once, in the function analytics_facts
(migrations/0019_net_figures.sql).
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection, Pool

READ_TIMEOUT_S = 10.0
COUNT_TIMEOUT_S = 25.0
SETTLE_TIMEOUT_S = 1800.0

READ_STATE = """
SELECT through, products_through, blocks_through, product_hours_from, settings, left_out,
       (SELECT max(a.newest) FROM archived_events a WHERE a.tenant_id = s.tenant_id) AS archived_until
FROM analytics_state s WHERE s.tenant_id = $1
"""
PLAN_EACH_TIME = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"
ROOM_TO_SORT = "SELECT set_config('work_mem', '128MB', true)"
TOUCHED_HOURS = "SELECT date, hour FROM analytics_touched($1, $2, $3, $4, $5, $6)"
# Of a range that is settled; planning the look at the events takes longer than all of this.
READ_SETTLED = """
SELECT CASE $7 WHEN 'day' THEN date END AS date, CASE $7 WHEN 'hour' THEN hour END AS hour,
       CASE WHEN $8 THEN placement_id END AS placement_id, CASE WHEN $9 THEN strategy END AS strategy,
       sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks, sum(conversions)::bigint AS conversions,
       coalesce(sum(revenue), 0) AS revenue, sum(attributed_conversions)::bigint AS attributed_conversions,
       coalesce(sum(attributed_revenue), 0) AS attributed_revenue, sum(orders)::bigint AS orders,
           sum(other_currency)::bigint AS other_currency, sum(returns)::bigint AS returns,
       coalesce(sum(returned_revenue), 0) AS returned_revenue, sum(unmatched_returns)::bigint AS unmatched_returns
FROM (
    SELECT date, NULL::timestamptz AS hour, placement_id, strategy, impressions, clicks, conversions, revenue,
        attributed_conversions,
           attributed_revenue, orders, other_currency, returns, returned_revenue, unmatched_returns
    FROM analytics_daily WHERE tenant_id = $1 AND date = ANY ($2::date[])
    UNION ALL
    SELECT date, hour, placement_id, strategy, impressions, clicks, conversions, revenue, attributed_conversions,
        attributed_revenue, orders,
           other_currency, returns, returned_revenue, unmatched_returns
    FROM analytics_hourly WHERE tenant_id = $1 AND date = ANY ($3::date[]) AND hour >= $4 AND hour < $5
        AND hour <> ALL ($6::timestamptz[])
) AS f
WHERE ($10::text IS NULL OR placement_id = $10) AND ($11::text IS NULL OR strategy = $11)
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
"""
OF_EVENTS = """    UNION ALL
    SELECT date, hour, placement_id, strategy, impressions, clicks, conversions, revenue, attributed_conversions,
        attributed_revenue, orders,
           other_currency, returns, returned_revenue, unmatched_returns
    FROM analytics_facts($1, $12, $13, $14, $15, $16)
"""
READ_FIGURES = READ_SETTLED.replace(") AS f\n", f"{OF_EVENTS}) AS f\n")
READ_FUNNEL = "SELECT event_type, events, shoppers FROM analytics_funnel($1, $2, $3, $4, $5, $6)"
LAST_EVENTS_AT = """
SELECT t.id, (SELECT max(timestamp) FROM events e WHERE e.tenant_id = t.id) AS at
FROM tenants t WHERE t.id = ANY ($1::uuid[])
"""
USUAL_DAY = """
SELECT count(*) AS days, coalesce(sum(impressions), 0)::bigint AS impressions,
    coalesce(sum(clicks), 0)::bigint AS clicks,
       coalesce(sum(conversions), 0)::bigint AS conversions, coalesce(sum(revenue), 0) AS revenue
FROM analytics_summary_of_declared WHERE tenant_id = $1 AND date >= $2 AND date < $3
"""
COUNT_ARRIVALS = """
SELECT count(*) FILTER (WHERE event_type = 'impression') AS impressions,
    count(*) FILTER (WHERE event_type = 'click') AS clicks,
       count(*) FILTER (WHERE event_type = 'purchase') AS conversions,
       coalesce(sum(CASE event_type WHEN 'return' THEN -1 ELSE 1 END
                    * round((metadata ->> 'price')::numeric * coalesce((metadata ->> 'quantity')::numeric, 1), 2))
                FILTER (WHERE event_type IN ('purchase', 'return')
                    AND coalesce(metadata ->> 'currency', $4) = $4), 0) AS revenue
FROM events
WHERE tenant_id = $1 AND timestamp >= $2 AND timestamp < $3 AND created_at >= $2 AND created_at < $3
  AND event_type IN ('impression', 'click', 'purchase', 'return')
  AND user_id NOT IN (SELECT id FROM analytics_left_out($1)) AND (metadata ->> 'bot') IS DISTINCT FROM 'true'
"""

ANALYTICS_DUE = "SELECT analytics_due AS id FROM analytics_due($1)"
SUMMARIZE_ARRIVALS = "SELECT summarize_arrivals()"
REFRESH_SUMMARY = "SELECT refresh_analytics_summary()"
ENSURE_STATE = "INSERT INTO analytics_state (tenant_id) VALUES ($1) ON CONFLICT (tenant_id) DO NOTHING"
LOCK_STATE = READ_STATE + "FOR UPDATE"
LOCK_PEOPLE = "SELECT pg_advisory_xact_lock_shared(7210, hashtext($1::text))"
EVENTS_WATERMARK = "SELECT events_watermark()"
LEFT_OUT = 'SELECT ARRAY(SELECT id FROM analytics_left_out($1) ORDER BY id COLLATE "C")'
CLEAR_HOURS = "DELETE FROM analytics_hourly WHERE tenant_id = $1 AND hour >= $2"
CLEAR_DAYS = "DELETE FROM analytics_daily WHERE tenant_id = $1"
DELETE_HOURS = (
    "DELETE FROM analytics_hourly WHERE tenant_id = $1 AND date = ANY ($2::date[]) AND hour = ANY ($3::timestamptz[])"
)
INSERT_HOURS = """
INSERT INTO analytics_hourly (tenant_id, date, hour, placement_id, strategy, impressions, clicks, conversions, revenue,
    attributed_conversions,
                              attributed_revenue, orders, other_currency, returns, returned_revenue, unmatched_returns)
SELECT $1, date, hour, placement_id, strategy, sum(impressions), sum(clicks), sum(conversions),
    coalesce(sum(revenue), 0),
       sum(attributed_conversions), coalesce(sum(attributed_revenue), 0), sum(orders), sum(other_currency),
       sum(returns), coalesce(sum(returned_revenue), 0), sum(unmatched_returns)
FROM analytics_facts($1, $2, $3, $4, $5, $6)
GROUP BY date, hour, placement_id, strategy
"""
DELETE_DAYS = "DELETE FROM analytics_daily WHERE tenant_id = $1 AND date = ANY ($2::date[])"
INSERT_DAYS = """
INSERT INTO analytics_daily (tenant_id, date, placement_id, strategy, impressions, clicks, conversions, revenue,
    attributed_conversions,
                             attributed_revenue, orders, other_currency, returns, returned_revenue, unmatched_returns)
SELECT tenant_id, date, placement_id, strategy, sum(impressions), sum(clicks), sum(conversions), sum(revenue),
    sum(attributed_conversions),
       sum(attributed_revenue), sum(orders), sum(other_currency),
       sum(returns), sum(returned_revenue), sum(unmatched_returns)
FROM analytics_hourly WHERE tenant_id = $1 AND date = ANY ($2::date[])
GROUP BY tenant_id, date, placement_id, strategy
"""
DAYS_WITH_FIGURES = "SELECT DISTINCT date FROM analytics_hourly WHERE tenant_id = $1 AND date > $2 AND date <= $3"
UPDATE_STATE = """
UPDATE analytics_state SET through = $2, settings = $3, left_out = $4, products_through = $5, blocks_through = $6,
    product_hours_from = $7
WHERE tenant_id = $1
"""
UPDATE_BLOCKS_THROUGH = "UPDATE analytics_state SET blocks_through = $2 WHERE tenant_id = $1"


class Rules(NamedTuple):
    """What of a tenant's configuration its figures depend on."""

    zone: str
    window_hours: int
    currency: str


class Kept(NamedTuple):
    """What is kept by product: days until when, blocks of days until when, hours from which day on; None: none."""

    products_through: date
    blocks_through: date | None
    hours_from: date | None


NOTHING_KEPT = Kept(date.min, None, None)


class Only(NamedTuple):
    """The figures that are credited to this placement, by this strategy; None: to any."""

    placement_id: str | None = None
    strategy: str | None = None


class Slices(NamedTuple):
    """Stretches of time, from each start up to its end."""

    starts: list[datetime]
    ends: list[datetime]


class Sources(NamedTuple):
    """Where the figures of a range come from: whole days; the hours from `start` up to `end` on `hour_days`, but
    `open_hours`; events.
    """

    days: list[date]
    hour_days: list[date]
    start: datetime
    end: datetime
    open_hours: list[datetime]
    slices: Slices


async def plan_each_time(connection: Connection) -> None:
    """For this transaction, plan statements for their parameters: a plan for any stretch of time reads all events of
    the tenant.
    """
    await connection.execute(PLAN_EACH_TIME)


async def read_state(connection: Connection, tenant_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(READ_STATE, tenant_id)


def kept_of(state: asyncpg.Record) -> Kept:
    return Kept(state["products_through"] or date.min, state["blocks_through"], state["product_hours_from"])


async def touched_hours(
    connection: Connection,
    tenant_id: UUID,
    since: datetime,
    start: datetime,
    rules: Rules,
    left_out: Sequence[str],
    timeout_s: float = READ_TIMEOUT_S,
) -> list[asyncpg.Record]:
    """date and hour of what changes by events stored since `since`, and dated `start` or later, by ids joined or parted
    since, and by other ids left out than `left_out`.
    """
    return await connection.fetch(
        TOUCHED_HOURS, tenant_id, since, start, rules.zone, rules.window_hours, left_out, timeout=timeout_s
    )


async def read_figures(
    connection: Connection,
    tenant_id: UUID,
    sources: Sources,
    rules: Rules,
    only: Only,
    interval: str | None,
    *,
    placements: bool,
    strategies: bool,
) -> list[asyncpg.Record]:
    """One row an interval (day, hour, or None: all of it), placement and strategy, where those are asked for."""
    *stored, slices = sources
    asked = (interval, placements, strategies, *only)
    if not slices.starts:
        return await connection.fetch(READ_SETTLED, tenant_id, *stored, *asked, timeout=READ_TIMEOUT_S)
    return await connection.fetch(READ_FIGURES, tenant_id, *stored, *asked, *slices, *rules, timeout=READ_TIMEOUT_S)


async def read_funnel(
    connection: Connection, tenant_id: UUID, start: datetime, end: datetime, window_hours: int, only: Only
) -> list[asyncpg.Record]:
    """event_type, events and shoppers of each step that anybody took."""
    await connection.execute(ROOM_TO_SORT)
    return await connection.fetch(READ_FUNNEL, tenant_id, start, end, window_hours, *only, timeout=COUNT_TIMEOUT_S)


async def last_events_at(connection: Connection, tenant_ids: Sequence[UUID]) -> dict[UUID, datetime | None]:
    """The time of each tenant's newest event, of whatever type; None without any."""
    return {row["id"]: row["at"] for row in await connection.fetch(LAST_EVENTS_AT, list(tenant_ids))}


async def usual_day(connection: Connection, tenant_id: UUID, start: date, end: date) -> asyncpg.Record:
    """Sums over the days with events from `start` up to `end`, and how many those are, as of the last night."""
    return await _one(connection, USUAL_DAY, tenant_id, start, end)


async def count_arrivals(
    connection: Connection, tenant_id: UUID, start: datetime, end: datetime, currency: str
) -> asyncpg.Record:
    """What the live counters of a day should be: the events that lie in it and were stored in it."""
    return await _one(connection, COUNT_ARRIVALS, tenant_id, start, end, currency)


async def _one(connection: Connection, sql: str, *arguments: Any) -> asyncpg.Record:
    row = await connection.fetchrow(sql, *arguments, timeout=READ_TIMEOUT_S)
    assert row is not None  # an aggregate returns one row
    return row


async def analytics_due(pool: Pool, since: datetime | None) -> list[UUID]:
    return [row["id"] for row in await pool.fetch(ANALYTICS_DUE, since)]


async def summarize_arrivals(pool: Pool) -> int:
    """Let looks for newest events be quick; of how many ranges of pages."""
    return int(await pool.fetchval(SUMMARIZE_ARRIVALS, timeout=SETTLE_TIMEOUT_S))


async def refresh_summary(pool: Pool) -> None:
    await pool.execute(REFRESH_SUMMARY, timeout=SETTLE_TIMEOUT_S)


async def watermark(connection: Connection, tenant_id: UUID) -> datetime:
    """Every event stored, and every alias of the tenant changed, before this moment is visible from now on."""
    await connection.execute(LOCK_PEOPLE, str(tenant_id))
    moment: datetime = await connection.fetchval(EVENTS_WATERMARK)
    return moment


async def left_out(connection: Connection, tenant_id: UUID) -> list[str]:
    """The ids whose events count for no figure."""
    ids: list[str] = await connection.fetchval(LEFT_OUT, tenant_id)
    return ids


async def lock_state(connection: Connection, tenant_id: UUID) -> asyncpg.Record:
    """The tenant's state, this transaction's alone until its end, with room in memory to compute a large tenant's
    figures.
    """
    await connection.execute(ROOM_TO_SORT)
    await connection.execute(ENSURE_STATE, tenant_id)
    return await _one(connection, LOCK_STATE, tenant_id)


async def clear(connection: Connection, tenant_id: UUID, hour: datetime) -> None:
    """Delete the figures of hours from `hour` on, and of all days."""
    await connection.execute(CLEAR_HOURS, tenant_id, hour, timeout=SETTLE_TIMEOUT_S)
    await connection.execute(CLEAR_DAYS, tenant_id, timeout=SETTLE_TIMEOUT_S)


async def replace_hours(
    connection: Connection,
    tenant_id: UUID,
    dates: Sequence[date],
    hours: Sequence[datetime],
    slices: Slices,
    rules: Rules,
) -> None:
    """The figures of `hours`, which lie on `dates` and fill `slices`, anew."""
    await connection.execute(DELETE_HOURS, tenant_id, dates, hours, timeout=SETTLE_TIMEOUT_S)
    await insert_hours(connection, tenant_id, slices, rules)


async def insert_hours(connection: Connection, tenant_id: UUID, slices: Slices, rules: Rules) -> None:
    await connection.execute(INSERT_HOURS, tenant_id, *slices, *rules, timeout=SETTLE_TIMEOUT_S)


async def replace_days(connection: Connection, tenant_id: UUID, dates: Sequence[date]) -> None:
    """The figures of `dates` anew, from those of their hours."""
    await connection.execute(DELETE_DAYS, tenant_id, dates, timeout=SETTLE_TIMEOUT_S)
    await connection.execute(INSERT_DAYS, tenant_id, dates, timeout=SETTLE_TIMEOUT_S)


async def days_with_figures(connection: Connection, tenant_id: UUID, after: date, last: date) -> list[date]:
    return [row["date"] for row in await connection.fetch(DAYS_WITH_FIGURES, tenant_id, after, last)]


async def update_state(
    connection: Connection,
    tenant_id: UUID,
    through: datetime,
    settings: dict[str, Any],
    left_out: Sequence[str],
    kept: Kept,
) -> None:
    await connection.execute(UPDATE_STATE, tenant_id, through, settings, left_out, *kept)


async def update_blocks_through(connection: Connection, tenant_id: UUID, day: date) -> None:
    await connection.execute(UPDATE_BLOCKS_THROUGH, tenant_id, day)
