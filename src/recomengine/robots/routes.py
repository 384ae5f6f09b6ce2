"""A tenant's robots over HTTP, for the admin whose it is."""

from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from recomengine.auth.actor import Member
from recomengine.robots import service
from recomengine.robots.schemas import Robot, RobotsPage
from recomengine.shop import Role
from recomengine.web.codec import data_response, list_response, validation_problem
from recomengine.web.door import Call
from recomengine.web.fields import Id
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.paging import read_query
from recomengine.web.problems import Invalid, NotFound

if TYPE_CHECKING:
    from recomengine.context import Context


class _Path(msgspec.Struct, rename="camel"):
    user_id: Id


async def list_robots(context: "Context", call: Call[Member, None]) -> Response:
    """In the order of their ids, with why each is one. Their events are stored and given out, and left out of models,
    popularity and figures from the next build on."""
    page = read_query(call.request, RobotsPage)
    robots, cursor = await service.list_robots(context.pool, call.by.tenant_id, page.status, page.cursor, page.limit)
    return list_response(robots, cursor)


async def confirm(context: "Context", call: Call[Member, None]) -> Response:
    """An id that was never heard of may be named, too: so it is ignored from the start, such as that of a test."""
    return data_response(await service.confirm(context.pool, context.bus, call.by, _user_id(call.request)))


async def clear(context: "Context", call: Call[Member, None]) -> Response:
    """It counts as a shopper's from the next build on, and is not suspected again."""
    await service.clear(context.pool, context.bus, call.by, _user_id(call.request))
    return Response(status_code=204)


def _user_id(request: Request) -> str:
    """As events would name it; raises Invalid."""
    path = {"userId": request.path_params["user_id"].strip()}
    try:
        return msgspec.convert(path, _Path).user_id
    except msgspec.ValidationError as error:
        raise validation_problem(error, _Path, path) from None


PATH, ADMIN = "/api/v1/tenants/{tenant_id}/robots", (Credential.ADMIN,)
ONE, ID, BAD_ID = f"{PATH}/{{user_id:path}}", {"user_id": Id}, (Invalid,)

routes = [
    Operation("GET", PATH, list_robots, "List robots", {200: Listed[Robot]}, needs=ADMIN, query=RobotsPage),
    Operation(
        "PUT",
        ONE,
        confirm,
        "Say that an id is a robot's",
        {200: Data[Robot]},
        needs=ADMIN,
        role=Role.DEVELOPER,
        ids=ID,
        problems=(*BAD_ID, NotFound),
    ),
    Operation(
        "DELETE",
        ONE,
        clear,
        "Say that an id is no robot's",
        {204: None},
        needs=ADMIN,
        role=Role.DEVELOPER,
        ids=ID,
        problems=BAD_ID,
    ),
]
