"""A shopper's data over HTTP: given out, erased, joined with what they did before they signed in."""

from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from recomengine.users import service
from recomengine.users.schemas import AliasIn, ExportPage, ExportQuery, Person, Receipt, place_of
from recomengine.web.caller import Caller
from recomengine.web.codec import data_response, decode, list_response, read_body, validation_problem
from recomengine.web.fields import Id
from recomengine.web.guard import Permission
from recomengine.web.limits import Kind
from recomengine.web.operations import Data, Operation
from recomengine.web.paging import read_query
from recomengine.web.problems import Conflict, Invalid

if TYPE_CHECKING:
    from recomengine.context import Context

MAX_BODY_BYTES = 4096

_alias = msgspec.json.Decoder(AliasIn)


class _Path(msgspec.Struct, rename="camel"):
    user_id: Id


async def _admit(request: Request, kind: Kind) -> tuple["Context", Caller, str]:
    """The user of the path, for a read-write key."""
    context: Context = request.app.state.context
    caller = await context.guard.caller(request, Permission.WRITE)
    await context.limits.charge(request, caller, kind)
    try:
        path = msgspec.convert({"userId": request.path_params["user_id"]}, _Path)
    except msgspec.ValidationError as error:
        raise validation_problem(error) from None
    return context, caller, path.user_id


async def export(request: Request) -> Response:
    context, caller, user_id = await _admit(request, "read")
    cursor = read_query(request, ExportQuery).cursor
    exported, next_cursor = await service.export(context.pool, caller.tenant_id, user_id, None if cursor is None else place_of(cursor))
    return list_response(exported, next_cursor)


async def erase(request: Request) -> Response:
    context, caller, user_id = await _admit(request, "write")
    return data_response(await service.erase(context.pool, context.redis, context.bus, caller.tenant_id, user_id))


async def add_alias(request: Request) -> Response:
    context, caller, user_id = await _admit(request, "write")
    given = decode(_alias, await read_body(request, limit=MAX_BODY_BYTES))
    person, new = await service.add_alias(context.pool, context.redis, caller.tenant_id, user_id, given.anonymous_id)
    return data_response(person, 201 if new else 200)


USER, WRITE, ID = "/api/v1/users/{user_id:path}", (Permission.WRITE,), {"user_id": Id}

routes = [
    Operation(
        "POST", f"{USER}/aliases", add_alias, "Join an anonymous id with a shopper", {200: Data[Person], 201: Data[Person]}, needs=WRITE, body=_alias,
        ids=ID, problems=(Conflict,),
    ),
    Operation("GET", USER, export, "Give out what is stored of a shopper", {200: ExportPage}, needs=WRITE, query=ExportQuery, ids=ID),
    Operation("DELETE", USER, erase, "Erase a shopper", {200: Data[Receipt]}, needs=WRITE, ids=ID, problems=(Invalid,)),
]  # fmt: skip
