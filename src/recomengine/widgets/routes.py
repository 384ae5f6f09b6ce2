"""Widgets over HTTP: for the admins who own the tenant, and for pages."""

from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from recomengine.auth.actor import Member
from recomengine.auth.guard import NOBODYS
from recomengine.auth.sent import Sent, repeatable, sent_body
from recomengine.shop import Permission, Role
from recomengine.web.assets import matches
from recomengine.web.codec import data_response, json_body, list_response
from recomengine.web.door import BegunCall, Call
from recomengine.web.fields import Id
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.paging import Page, cut, read_query
from recomengine.web.problems import Conflict, NotFound
from recomengine.widgets import service
from recomengine.widgets.looks import TTL_S, ask_looks, look_at
from recomengine.widgets.page import answer_page, ask_page, view_of
from recomengine.widgets.preview import preview
from recomengine.widgets.schemas import (
    Look,
    PageIn,
    PlacedList,
    PreviewQuery,
    Widget,
    WidgetIn,
    WidgetPatch,
    WidgetView,
    as_widget,
    look_of,
)

if TYPE_CHECKING:
    from recomengine.context import Context

PATH = "/api/v1/tenants/{tenant_id}/widgets"
PUBLIC = "/api/v1/widgets"
MAX_BODY_BYTES = 64 * 1024
MAX_PAGE_BYTES = 256 * 1024
LOOK_HEADERS = {"Cache-Control": f"private, max-age={TTL_S}", "Vary": "Authorization, X-API-Key"}
"""Of one tenant alone, whose key the address need not show."""

_widget = sent_body(msgspec.json.Decoder(WidgetIn), MAX_BODY_BYTES)
_unsaved = json_body(msgspec.json.Decoder(WidgetIn), MAX_BODY_BYTES)
_patch = json_body(msgspec.json.Decoder(WidgetPatch), MAX_BODY_BYTES)
_page = json_body(msgspec.json.Decoder(PageIn), MAX_PAGE_BYTES)


async def create(context: "Context", call: Call[Member, Sent[WidgetIn]]) -> Response:
    sent = call.body
    made = await service.create(
        context.pool, context.redis, context.bus, call.by, sent.given, repeatable(call.request, sent)
    )
    return data_response(made, 201)


async def list_widgets(context: "Context", call: Call[Member, None]) -> Response:
    page = read_query(call.request, Page)
    found = await service.widgets_of(context.pool, call.by.tenant_id, page.cursor, page.limit + 1)
    rows, cursor = cut(found, page.limit)
    return list_response([as_widget(row) for row in rows], cursor)


async def read(context: "Context", call: Call[Member, None]) -> Response:
    return data_response(await service.one(context.pool, call.by.tenant_id, _widget_id(call.request)))


async def change(context: "Context", call: Call[Member, WidgetPatch]) -> Response:
    """A theme replaces the whole theme. Pages are told within a second."""
    return data_response(
        await service.change(context.pool, context.redis, context.bus, call.by, _widget_id(call.request), call.body)
    )


async def delete(context: "Context", call: Call[Member, None]) -> Response:
    await service.delete(context.pool, context.redis, context.bus, call.by, _widget_id(call.request))
    return Response(status_code=204)


async def get_styles(context: "Context", call: Call[Member, None]) -> Response:
    """CSS for the shop's pages that keeps the height of each widget until the SDK's script is there, so that nothing
    below it moves. Without saved widgets it is that of one by default.
    """
    return Response(await service.styles(context.pool, call.by.tenant_id), media_type="text/css")


async def get_preview(context: "Context", call: Call[Member, None]) -> Response:
    """A page that shows the widget by the SDK, holds no key, and asks and sends nothing."""
    asked = read_query(call.request, PreviewQuery)
    look = await service.one(context.pool, call.by.tenant_id, _widget_id(call.request))
    return await _preview(context, call.by, look, asked)


async def post_preview(context: "Context", call: Call[Member, WidgetIn]) -> Response:
    """The same of a widget that is not saved, and is not by this."""
    asked = read_query(call.request, PreviewQuery)
    return await _preview(context, call.by, look_of(call.body), asked)


async def _preview(context: "Context", member: Member, look: Look, asked: PreviewQuery) -> Response:
    html, headers = await preview(context.pool, context.recommender, member.tenant_id, look, asked)
    return HTMLResponse(html, headers=headers)


async def get_look(context: "Context", call: BegunCall[None]) -> Response:
    """Has an ETag: with `If-None-Match` it is a 304 while nothing has changed."""
    request, caller = call.request, call.by
    placement_id = request.path_params["placement_id"]
    asked = ask_looks(context.redis, caller, [placement_id])
    await call.charged
    look = await look_at(context.pool, context.redis, caller, asked, placement_id)
    if look is None:
        raise NotFound("There is no widget at this placement. Save one, or show the list as you like.")
    answer = data_response(view_of(caller, look))
    headers = {**LOOK_HEADERS, "ETag": f'"{sha256(answer.body).hexdigest()[:16]}"'}
    if matches(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    answer.headers.update(headers)
    return answer


async def post_page(context: "Context", call: BegunCall[PageIn]) -> Response:
    """The lists come in the order asked. A placement without a widget looks as one does by default."""
    asked = ask_page(context.redis, context.recommender, call.by, call.body)
    await call.charged
    body = await answer_page(context.pool, context.redis, context.recommender, call.by, asked)
    return Response(body, media_type="application/json")


def _widget_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["widget_id"])
    except ValueError:
        return NOBODYS


ONE, ADMIN, RECOMMEND = f"{PATH}/{{widget_id}}", (Credential.ADMIN,), (Permission.RECOMMEND,)
WIDGET, CLASH, DEVELOPER = {200: Data[Widget]}, (Conflict,), Role.DEVELOPER

routes = [
    Operation(
        "POST", PATH, create, "Make a widget", {201: Data[Widget]}, needs=ADMIN, role=DEVELOPER,
        body=_widget, headers=("Idempotency-Key",), problems=CLASH,
    ),
    Operation("GET", PATH, list_widgets, "List widgets", {200: Listed[Widget]}, needs=ADMIN, query=Page),
    Operation("GET", f"{PATH}/styles", get_styles, "Keep the places of widgets", {200: "text/css"}, needs=ADMIN),
    Operation("GET", ONE, read, "Read a widget", WIDGET, needs=ADMIN),
    Operation(
        "PATCH", ONE, change, "Change a widget", WIDGET, needs=ADMIN, role=DEVELOPER, body=_patch, problems=CLASH
    ),
    Operation(
        "GET", f"{ONE}/preview", get_preview, "See a widget", {200: "text/html"}, needs=ADMIN, query=PreviewQuery
    ),
    Operation(
        "POST", f"{PATH}/preview", post_preview, "See a widget before it is saved", {200: "text/html"}, needs=ADMIN,
        body=_unsaved, query=PreviewQuery,
    ),
    Operation("DELETE", ONE, delete, "Delete a widget", {204: None}, needs=ADMIN, role=DEVELOPER),
    Operation(
        "POST", f"{PUBLIC}/page", post_page, "Make all lists of a page", {200: Data[list[PlacedList]]},
        needs=RECOMMEND, access="read", body=_page, awaits_charge=True,
    ),
    Operation(
        "GET", f"{PUBLIC}/{{placement_id:path}}", get_look, "Read how a placement looks",
        {200: Data[WidgetView], 304: None}, needs=RECOMMEND, ids={"placement_id": Id},
        headers=("If-None-Match",), awaits_charge=True,
    ),
]  # fmt: skip
