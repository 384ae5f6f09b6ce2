"""The figures of a range: settled ones from the tables, and what is not settled from the events, so that they are
always those of now.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from recomengine.analytics import queries
from recomengine.analytics.queries import NOTHING_KEPT, Kept, Only, Rules
from recomengine.analytics.ranges import (
    DAY,
    EARLIEST,
    HOUR,
    NO_FLOOR,
    Range,
    date_of,
    day_start,
    floor_of,
    parse_range,
    sources_of,
)  # fmt: skip
from recomengine.analytics.schemas import (
    STEPS,
    VALUES,
    ExportQuery,
    Figures,
    Funnel,
    FunnelQuery,
    Interval,
    Metric,
    Overview,
    OverviewQuery,
    Point,
    Previous,
    RangeQuery,
    Step,
    TimeseriesQuery,
    figures_of,
)  # fmt: skip
from recomengine.infra.database import Connection, Pool, tenant_transaction
from recomengine.shop import TenantConfig
from recomengine.tenants.service import read_one
from recomengine.web.problems import Unavailable

MAX_GROUPS = 20
"""Of a grouped series, the groups with the most of it; more cannot be read from a chart."""
EXPORT_DAYS = 31
EVERYTHING = Only()
NOTHING = dict(zip(VALUES, msgspec.structs.astuple(Figures()), strict=True))
RATES: frozenset[Metric] = frozenset({"ctr", "conversionRate", "averageOrderValue"})


class Shop(NamedTuple):
    tenant_id: UUID
    rules: Rules

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.rules.zone)

    @property
    def settings(self) -> dict[str, Any]:
        """The rules as they stand in the tenant's configuration."""
        return {
            "timezone": self.rules.zone,
            "attributionWindowHours": self.rules.window_hours,
            "currency": self.rules.currency,
        }

    def floor(self, archived_until: datetime | None) -> datetime:
        return floor_of(archived_until, self.rules.window_hours, self.zone)

    def range_of(self, query: RangeQuery, *, by_hour: bool = False) -> Range:
        return parse_range(query.start, query.end, self.zone, datetime.now(UTC), by_hour=by_hour)


class Settled(NamedTuple):
    """What the tables stand for. touched: what newer events change, None: all; floor: what is before it does not change
    any more.
    """

    touched: Sequence[tuple[date, datetime]] | None
    kept: Kept
    floor: datetime

    def has_hours(self, day: date) -> bool:
        """Whether the figures by product are kept for each hour of the day, and which of them changed is known."""
        return self.touched is not None and self.kept.hours_from is not None and day >= self.kept.hours_from

    def is_final(self, day: date, zone: ZoneInfo) -> bool:
        return day_start(day, zone) < self.floor


async def read_shop(pool: Pool, tenant_id: UUID) -> Shop:
    return shop_from(await read_one(pool, tenant_id))


def shop_from(tenant: asyncpg.Record) -> Shop:
    config = msgspec.convert(tenant["config"], TenantConfig)
    return Shop(tenant["id"], Rules(config.timezone, config.attribution_window_hours, config.currency))


@asynccontextmanager
async def reading(pool: Pool, shop: Shop) -> AsyncIterator[tuple[Connection, Settled]]:
    """One moment of the tables and the events."""
    async with _in_time(pool, shop) as connection:
        yield connection, await _settled(connection, shop)


@asynccontextmanager
async def _in_time(pool: Pool, shop: Shop) -> AsyncIterator[Connection]:
    """Raises Unavailable where an answer takes too long, or those before it do."""
    try:
        async with tenant_transaction(pool, shop.tenant_id, snapshot=True) as connection:
            await queries.plan_each_time(connection)
            yield connection
    except TimeoutError:
        if pool.hangs:
            raise
        raise Unavailable(
            "The figures of so many events are still being computed. Ask for a shorter range, or try again in a "
            "minute.",
            retry_after_s=60, code="figures_pending",
        ) from None  # fmt: skip


async def _settled(connection: Connection, shop: Shop) -> Settled:
    state = await queries.read_state(connection, shop.tenant_id)
    if state is None or state["through"] is None:
        return Settled(None, NOTHING_KEPT, NO_FLOOR)
    floor = shop.floor(state["archived_until"])
    if state["settings"] != shop.settings:
        return Settled(None, queries.kept_of(state), floor)
    rows = await queries.touched_hours(
        connection, shop.tenant_id, state["through"], EARLIEST, shop.rules, state["left_out"]
    )
    touched = [(row["date"], row["hour"]) for row in rows if row["hour"] >= floor]
    return Settled(touched, queries.kept_of(state), floor)


async def overview(pool: Pool, shop: Shop, query: OverviewQuery) -> Overview:
    asked = shop.range_of(query)
    async with reading(pool, shop) as (connection, settled):
        figures = await total(connection, shop, asked, settled, query.only)
        before = await total(connection, shop, asked.before, settled, query.only) if query.compare else None
    previous = (
        msgspec.UNSET
        if before is None
        else Previous(*before, start=local(asked.before.start, asked), end=local(asked.start, asked))
    )
    return Overview(
        *figures, start=local(asked.start, asked), end=local(asked.end, asked), timezone=shop.rules.zone,
        currency=shop.rules.currency, previous=previous,
    )  # fmt: skip


async def total(
    connection: Connection, shop: Shop, asked: Range, settled: Settled, only: Only = EVERYTHING
) -> tuple[Any, ...]:
    rows = await _figures(connection, shop, asked, settled, only, None)
    return msgspec.structs.astuple(figures_of(rows[0]) if rows else Figures())


async def _figures(
    connection: Connection, shop: Shop, asked: Range, settled: Settled, only: Only, interval: Interval | None, *,
    placements: bool = False, strategies: bool = False,
) -> list[asyncpg.Record]:  # fmt: skip
    sources = sources_of(asked, settled.touched, settled.floor, by_hour=interval == "hour")
    return await queries.read_figures(
        connection, shop.tenant_id, sources, shop.rules, only, interval, placements=placements, strategies=strategies
    )  # fmt: skip


async def timeseries(pool: Pool, shop: Shop, query: TimeseriesQuery) -> list[Point]:
    """A value for each interval, also those without events; of a grouped series, for each group and interval."""
    asked = shop.range_of(query, by_hour=query.interval == "hour")
    by_placement, by_strategy = query.group_by == "placementId", query.group_by == "strategy"
    async with reading(pool, shop) as (connection, settled):
        rows = await _figures(
            connection, shop, asked, settled, query.only, query.interval,
            placements=by_placement, strategies=by_strategy,
        )  # fmt: skip
    group = "placement_id" if by_placement else "strategy"
    value = VALUES[query.metric]
    values: dict[tuple[Any, Any], Any] = {(row[group], row["date"] or row["hour"]): value(row) for row in rows}
    nothing = NOTHING[query.metric]
    named: list[dict[str, Any]] = (
        [{group: name} for name in _groups(rows, group, query.metric)] if query.group_by else [{}]
    )
    times = [
        (at, {"date": at} if query.interval == "day" else {"time": local(at, asked)})
        for at in intervals(asked, query.interval)
    ]
    return [Point(values.get((name.get(group), at), nothing), **time, **name) for name in named for at, time in times]


def _groups(rows: Sequence[asyncpg.Record], group: str, metric: Metric) -> list[str]:
    """The names of the largest groups: by the metric, or by impressions where that is a rate."""
    size, sizes = VALUES["impressions" if metric in RATES else metric], dict[str, Any]()
    for row in rows:
        sizes[row[group]] = sizes.get(row[group], 0) + size(row)
    return sorted(sizes, key=lambda name: (-sizes[name], name))[:MAX_GROUPS]


def intervals(asked: Range, interval: Interval) -> list[Any]:
    """The days or the starts of the hours that the range has a part of."""
    if interval == "day":
        return list(asked.dates)
    hours = []
    for day in asked.dates:
        hour, end = day_start(day, asked.zone), day_start(day + DAY, asked.zone)
        while hour < end:
            if hour + HOUR > asked.start and hour < asked.end:
                hours.append(hour)
            hour += HOUR
    return hours


async def funnel(pool: Pool, shop: Shop, query: FunnelQuery) -> Funnel:
    """Counted from the events, whatever is settled: shoppers are no sums."""
    asked = shop.range_of(query)
    async with _in_time(pool, shop) as connection:
        rows = await queries.read_funnel(
            connection, shop.tenant_id, asked.start, asked.end, shop.rules.window_hours, query.only
        )
    found = {row["event_type"]: row for row in rows}
    steps = [
        Step(kind, found[kind]["events"], found[kind]["shoppers"]) if kind in found else Step(kind) for kind in STEPS
    ]
    return Funnel(local(asked.start, asked), local(asked.end, asked), steps)


async def export(pool: Pool, shop: Shop, query: ExportQuery) -> AsyncIterator[list[asyncpg.Record]]:
    """The rows of a range by interval, placement and strategy, a month at a time: no transaction is held while a client
    reads.
    """
    asked = shop.range_of(query)
    start = asked.start
    while start < asked.end:
        end = min(day_start(date_of(start, asked.zone) + timedelta(days=EXPORT_DAYS), asked.zone), asked.end)
        async with reading(pool, shop) as (connection, settled):
            part = Range(start, end, asked.zone)
            rows = await _figures(
                connection, shop, part, settled, query.only, query.interval, placements=True, strategies=True
            )
        yield rows
        start = end


def local(moment: datetime, asked: Range) -> datetime:
    return moment.astimezone(asked.zone)
