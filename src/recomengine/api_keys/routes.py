"""API keys over HTTP, for the tenant's members."""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from recomengine.api_keys import service
from recomengine.api_keys.schemas import Key, KeyIn, NewKey, Rotation, as_key, as_new_key
from recomengine.auth.actor import Member
from recomengine.auth.sent import Sent, repeatable, sent_body
from recomengine.shop import Role
from recomengine.web.codec import data_response, json_body, list_response
from recomengine.web.door import Call
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.origins import check_origins
from recomengine.web.paging import Page, cut, read_query
from recomengine.web.problems import Conflict, NotFound

if TYPE_CHECKING:
    from recomengine.context import Context

PATH = "/api/v1/tenants/{tenant_id}/api-keys"
MAX_BODY_BYTES = 64 * 1024

_key = sent_body(msgspec.json.Decoder(KeyIn), MAX_BODY_BYTES)
_rotation = json_body(msgspec.json.Decoder(Rotation), MAX_BODY_BYTES)


async def create(context: "Context", call: Call[Member, Sent[KeyIn]]) -> Response:
    check_origins(call.body.given.origins, "$.origins")
    secret = context.settings.api_key_hmac_secret
    row, key = await service.create_for(
        context.pool, secret, call.by, call.body.given, repeatable(call.request, call.body)
    )
    return _new(as_new_key(row, key))


async def list_keys(context: "Context", call: Call[Member, None]) -> Response:
    page = read_query(call.request, Page)
    rows, cursor = cut(await service.keys_of(context.pool, call.by.tenant_id, page.cursor, page.limit + 1), page.limit)
    return list_response([as_key(row) for row in rows], cursor)


async def revoke(context: "Context", call: Call[Member, None]) -> Response:
    await service.revoke(context.pool, context.bus, call.by, _key_id(call.request))
    return Response(status_code=204)


async def rotate(context: "Context", call: Call[Member, Rotation]) -> Response:
    secret = context.settings.api_key_hmac_secret
    row, key = await service.rotate(
        context.pool, context.bus, secret, call.by, _key_id(call.request), call.body.overlap_hours
    )
    return _new(as_new_key(row, key))


def _new(body: object) -> Response:
    response = data_response(body, 201)
    response.headers["Cache-Control"] = "no-store"
    return response


def _key_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["key_id"])
    except ValueError:
        raise NotFound("There is no such key of this tenant. Check the id.") from None


ONE, MADE = f"{PATH}/{{key_id}}", {201: Data[NewKey]}
ADMIN, DEVELOPER, ONCE = (Credential.ADMIN,), Role.DEVELOPER, ("Idempotency-Key",)

routes = [
    Operation(
        "POST",
        PATH,
        create,
        "Make a key",
        MADE,
        needs=ADMIN,
        role=DEVELOPER,
        body=_key,
        headers=ONCE,
        problems=(Conflict,),
    ),
    Operation("GET", PATH, list_keys, "List keys", {200: Listed[Key]}, needs=ADMIN, query=Page),
    Operation("DELETE", ONE, revoke, "Revoke a key", {204: None}, needs=ADMIN, role=DEVELOPER),
    Operation(
        "POST",
        f"{ONE}/rotate",
        rotate,
        "Put a new key in place of one",
        MADE,
        needs=ADMIN,
        role=DEVELOPER,
        body=_rotation,
    ),
]
