"""A shopper's data over HTTP: given out, erased, joined with what they did before they signed in."""

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from recomengine.auth.actor import Member
from recomengine.events.places import place_of
from recomengine.shop import Permission
from recomengine.users import joining, service
from recomengine.users.identifying import Identified, IdentifyIn, identify
from recomengine.users.looking_up import find_shoppers, look_up
from recomengine.users.schemas import (
    AliasIn,
    Described,
    ExportPage,
    ExportQuery,
    Person,
    Properties,
    Receipt,
    SeenShopper,
    Shopper,
    ShopperSearch,
)
from recomengine.web.caller import Caller
from recomengine.web.codec import data_response, json_body, list_response, validation_problem
from recomengine.web.door import Call
from recomengine.web.fields import Id
from recomengine.web.operations import Credential, Data, Operation
from recomengine.web.paging import read_query
from recomengine.web.problems import Conflict, Invalid, invalid

if TYPE_CHECKING:
    from recomengine.context import Context

MAX_BODY_BYTES, MAX_PROPERTIES_BYTES = 4096, 65_536
NAMES = {"user_id": "userId", "anonymous_id": "anonymousId"}

_alias = json_body(msgspec.json.Decoder(AliasIn), MAX_BODY_BYTES)
_identify = json_body(msgspec.json.Decoder(IdentifyIn), MAX_BODY_BYTES)
_properties = json_body(msgspec.json.Decoder(Properties), MAX_PROPERTIES_BYTES)


class _Path(msgspec.Struct, rename="camel"):
    user_id: Id


class _AliasPath(_Path, rename="camel"):
    anonymous_id: Id


def _id(call: Call[Any, Any], name: str) -> str:
    """An id of the path, without blanks around it, as events have it."""
    given: str = call.request.path_params[name].strip()
    if not given:
        raise invalid(f"$.{NAMES[name]}", joining.BLANK)
    return given


async def export(context: "Context", call: Call[Caller, None]) -> Response:
    cursor = read_query(call.request, ExportQuery).cursor
    place = None if cursor is None else place_of(cursor)
    exported, next_cursor = await service.export(
        context.pool, call.by.tenant_id, call.request.path_params["user_id"], place
    )
    return list_response(exported, next_cursor)


async def erase(context: "Context", call: Call[Caller, None]) -> Response:
    user_id = call.request.path_params["user_id"]
    return data_response(await service.erase(context.pool, context.redis, context.bus, call.by.tenant_id, user_id))


async def add_alias(context: "Context", call: Call[Caller, AliasIn]) -> Response:
    person, new = await joining.add_alias(
        context.pool, context.redis, call.by.tenant_id, _id(call, "user_id"), call.body.anonymous_id
    )
    return data_response(person, 201 if new else 200)


async def post_identify(context: "Context", call: Call[Caller, IdentifyIn]) -> Response:
    """For browsers, with a publish key: only an anonymous id that the SDK made can be joined, and the answer names no
    other id.
    """
    return data_response(await identify(context.pool, context.redis, call.by.tenant_id, call.body), 202)


async def undo_alias(context: "Context", call: Call[Caller, None]) -> Response:
    user_id, anonymous_id = _id(call, "user_id"), _id(call, "anonymous_id")
    await joining.undo_alias(context.pool, context.redis, call.by.tenant_id, user_id, anonymous_id)
    return Response(status_code=204)


async def put_properties(context: "Context", call: Call[Caller, Properties]) -> Response:
    said = await service.put_properties(context.pool, call.by.tenant_id, _id(call, "user_id"), call.body)
    return data_response(said)


async def list_shoppers(context: "Context", call: Call[Member, None]) -> Response:
    """Who was seen last, of the newest 20,000 events; with `startsWith` whose ids begin so, in the order of ids."""
    asked = read_query(call.request, ShopperSearch)
    return data_response(await find_shoppers(context.analytics_pool, call.by.tenant_id, asked))


async def get_shopper(context: "Context", call: Call[Member, None]) -> Response:
    """By any of their ids. What they did is among the tenant's events, with their id as `userId`."""
    user_id = _id(call, "user_id")
    try:
        msgspec.convert({"userId": user_id}, _Path)
    except msgspec.ValidationError as error:
        raise validation_problem(error, _Path, {"userId": user_id}) from None
    return data_response(await look_up(context.analytics_pool, call.by.tenant_id, user_id))


OF_TENANT, ADMIN = "/api/v1/tenants/{tenant_id}/shoppers", (Credential.ADMIN,)
USER, WRITE, ID = "/api/v1/users/{user_id:path}", (Permission.WRITE,), {"user_id": Id}

routes = [
    Operation(
        "POST", "/api/v1/identify", post_identify, "Join a browser's anonymous id with the shopper who signed in",
        {202: Data[Identified]}, needs=(Permission.INGEST,), body=_identify, problems=(Conflict, Invalid),
    ),
    Operation(
        "POST", f"{USER}/aliases", add_alias, "Join an anonymous id with a shopper",
        {200: Data[Person], 201: Data[Person]}, needs=WRITE, body=_alias, path_type=_Path, ids=ID, problems=(Conflict,),
    ),
    Operation(
        "DELETE", f"{USER}/aliases/{{anonymous_id:path}}", undo_alias, "Undo a join of ids", {204: None}, needs=WRITE,
        path_type=_AliasPath, ids=ID | {"anonymous_id": Id}, problems=(Invalid,),
    ),
    Operation(
        "PUT", f"{USER}/properties", put_properties, "Say what is known of a shopper", {200: Data[Described]},
        needs=WRITE, body=_properties, path_type=_Path, ids=ID,
    ),
    Operation(
        "GET", USER, export, "Give out what is stored of a shopper", {200: ExportPage}, needs=WRITE, query=ExportQuery,
        path_type=_Path, ids=ID
    ),
    Operation("DELETE", USER, erase, "Erase a shopper", {200: Data[Receipt]}, needs=WRITE, path_type=_Path, ids=ID,
        problems=(Invalid,)),
    Operation(
        "GET", OF_TENANT, list_shoppers, "Find shoppers", {200: Data[list[SeenShopper]]}, needs=ADMIN,
        query=ShopperSearch,
    ),
    Operation(
        "GET", f"{OF_TENANT}/{{user_id:path}}", get_shopper, "See what is known of a shopper", {200: Data[Shopper]},
        needs=ADMIN, ids=ID, problems=(Invalid,),
    ),
]  # fmt: skip
