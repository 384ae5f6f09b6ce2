"""API keys over HTTP, for the admins who own the tenant."""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from recomengine.api_keys import service
from recomengine.api_keys.schemas import Key, KeyIn, NewKey, Rotation, as_key, as_new_key
from recomengine.auth.idempotency import check_key, digest_of
from recomengine.web.codec import data_response, decode, list_response, read_body
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.origins import check_origins
from recomengine.web.paging import Page, cut, read_query
from recomengine.web.problems import Conflict, NotFound

if TYPE_CHECKING:
    from recomengine.context import Context

PATH = "/api/v1/tenants/{tenant_id}/api-keys"
MAX_BODY_BYTES = 64 * 1024

_key, _rotation = msgspec.json.Decoder(KeyIn), msgspec.json.Decoder(Rotation)


async def create(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    body = await read_body(request, limit=MAX_BODY_BYTES)
    given = decode(_key, body)
    check_origins(given.origins, "$.origins")
    secret = context.settings.api_key_hmac_secret
    idempotency, digest = check_key(request.headers.get("idempotency-key")), digest_of(request.method, request.url.path, body)
    row, key = await service.create_for(context.pool, secret, owner, given, idempotency, digest)
    return _new(as_new_key(row, key))


async def list_keys(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    page = read_query(request, Page)
    rows, cursor = cut(await service.keys_of(context.pool, owner.tenant_id, page.cursor, page.limit + 1), page.limit)
    return list_response([as_key(row) for row in rows], cursor)


async def revoke(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    await service.revoke(context.pool, context.bus, owner, _key_id(request))
    return Response(status_code=204)


async def rotate(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    given = decode(_rotation, await read_body(request, limit=MAX_BODY_BYTES))
    secret = context.settings.api_key_hmac_secret
    row, key = await service.rotate(context.pool, context.bus, secret, owner, _key_id(request), given.overlap_hours)
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
ADMIN, ONCE = (Credential.ADMIN,), ("Idempotency-Key",)

routes = [
    Operation("POST", PATH, create, "Make a key", MADE, needs=ADMIN, body=_key, headers=ONCE, problems=(Conflict,)),
    Operation("GET", PATH, list_keys, "List keys", {200: Listed[Key]}, needs=ADMIN, query=Page),
    Operation("DELETE", ONE, revoke, "Revoke a key", {204: None}, needs=ADMIN),
    Operation("POST", f"{ONE}/rotate", rotate, "Put a new key in place of one", MADE, needs=ADMIN, body=_rotation),
]
