"""Figures over HTTP, for the admins of a tenant."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from starlette.responses import Response, StreamingResponse

from recomengine.analytics import service
from recomengine.analytics.glance import glance
from recomengine.analytics.live import live
from recomengine.analytics.products.service import top_products
from recomengine.analytics.schemas import (
    ExportQuery,
    Figures,
    Funnel,
    FunnelQuery,
    Live,
    LiveQuery,
    Overview,
    OverviewQuery,
    Point,
    Product,
    ProductsQuery,
    ShopGlance,
    ShopsQuery,
    TimeseriesQuery,
    figures_of,
)  # fmt: skip
from recomengine.auth.actor import Actor, Member
from recomengine.tenants.service import own_tenants
from recomengine.web.codec import data_response, list_response
from recomengine.web.door import Call
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.paging import cut, read_query
from recomengine.web.spreadsheets import as_text

if TYPE_CHECKING:
    from recomengine.context import Context

PATH = "/api/v1/tenants/{tenant_id}/analytics"


async def get_shops(context: "Context", call: Call[Actor, None]) -> Response:
    """All your shops at a glance, the oldest first. A day of the range is a day of each shop's own `timezone`."""
    query = read_query(call.request, ShopsQuery)
    found, cursor = cut(await own_tenants(context.pool, call.by.admin, query.cursor, query.limit + 1), query.limit)
    return list_response(await glance(context.analytics_pool, found, query), cursor)


async def get_overview(context: "Context", call: Call[Member, None]) -> Response:
    shop = await service.read_shop(context.pool, call.by.tenant_id)
    return data_response(await service.overview(context.analytics_pool, shop, read_query(call.request, OverviewQuery)))


async def get_timeseries(context: "Context", call: Call[Member, None]) -> Response:
    shop = await service.read_shop(context.pool, call.by.tenant_id)
    return data_response(
        await service.timeseries(context.analytics_pool, shop, read_query(call.request, TimeseriesQuery))
    )


async def get_top_products(context: "Context", call: Call[Member, None]) -> Response:
    shop = await service.read_shop(context.pool, call.by.tenant_id)
    return data_response(await top_products(context.analytics_pool, shop, read_query(call.request, ProductsQuery)))


async def get_funnel(context: "Context", call: Call[Member, None]) -> Response:
    """From impressions to purchases: how many events, and how many shoppers. Added to the cart and bought count where a
    click from a recommendation led to it."""
    shop = await service.read_shop(context.pool, call.by.tenant_id)
    return data_response(await service.funnel(context.counting_pool, shop, read_query(call.request, FunnelQuery)))


async def get_live(context: "Context", call: Call[Member, None]) -> Response:
    shop = await service.read_shop(context.pool, call.by.tenant_id)
    return data_response(
        await live(context.analytics_pool, context.redis, shop, reconcile=read_query(call.request, LiveQuery).reconcile)
    )


async def get_export(context: "Context", call: Call[Member, None]) -> Response:
    shop = await service.read_shop(context.pool, call.by.tenant_id)
    query = read_query(call.request, ExportQuery)
    parts = service.export(context.analytics_pool, shop, query)
    first = await anext(parts)  # what can go wrong goes wrong before the answer begins
    return StreamingResponse(
        _csv(first, parts, query.interval, shop.zone), media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="analytics.csv"'},
    )  # fmt: skip


async def _csv(
    first: Sequence[asyncpg.Record], parts: AsyncIterator[Sequence[asyncpg.Record]], interval: str, zone: ZoneInfo
) -> AsyncIterator[str]:
    names = Figures.__struct_encode_fields__
    yield _lines([["date" if interval == "day" else "time", "placementId", "strategy", *names]])
    yield _lines([_cells(row, zone) for row in first])
    async for rows in parts:
        yield _lines([_cells(row, zone) for row in rows])


def _cells(row: asyncpg.Record, zone: ZoneInfo) -> list[object]:
    at = row["date"] or row["hour"].astimezone(zone).isoformat()
    return [at, as_text(row["placement_id"]), as_text(row["strategy"]), *msgspec.structs.astuple(figures_of(row))]


def _lines(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


ADMIN = (Credential.ADMIN,)

routes = [
    Operation(
        "GET",
        "/api/v1/overview",
        get_shops,
        "See all your shops",
        {200: Listed[ShopGlance]},
        needs=ADMIN,
        query=ShopsQuery,
    ),
    Operation(
        "GET",
        f"{PATH}/overview",
        get_overview,
        "Sum a range up",
        {200: Data[Overview]},
        needs=ADMIN,
        query=OverviewQuery,
    ),
    Operation(
        "GET",
        f"{PATH}/timeseries",
        get_timeseries,
        "See a figure over time",
        {200: Data[list[Point]]},
        needs=ADMIN,
        query=TimeseriesQuery,
    ),
    Operation(
        "GET",
        f"{PATH}/top-products",
        get_top_products,
        "List top products",
        {200: Data[list[Product]]},
        needs=ADMIN,
        query=ProductsQuery,
    ),
    Operation(
        "GET",
        f"{PATH}/funnel",
        get_funnel,
        "See the funnel from impressions to purchases",
        {200: Data[Funnel]},
        needs=ADMIN,
        query=FunnelQuery,
    ),
    Operation("GET", f"{PATH}/live", get_live, "See today so far", {200: Data[Live]}, needs=ADMIN, query=LiveQuery),
    Operation(
        "GET",
        f"{PATH}/export.csv",
        get_export,
        "Export figures as CSV",
        {200: "text/csv"},
        needs=ADMIN,
        query=ExportQuery,
    ),
]
