"""The catalog over HTTP."""

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from recomengine.catalog import service
from recomengine.catalog.checking import read_item, read_patch
from recomengine.catalog.importing import import_items
from recomengine.catalog.schemas import (
    ItemBatch,
    ItemBatchResult,
    ItemFields,
    ItemImportResult,
    ItemIn,
    ItemOut,
    ItemPatch,
    ItemResult,
    Search,
)
from recomengine.catalog.searching import search
from recomengine.web.caller import Caller
from recomengine.web.codec import data_response, decode, list_response, read_body
from recomengine.web.fields import Id
from recomengine.web.guard import Permission
from recomengine.web.limits import Kind
from recomengine.web.ndjson import ndjson_lines
from recomengine.web.operations import Data, Listed, Operation
from recomengine.web.paging import read_query
from recomengine.web.problems import Conflict, Problem, invalid, rejection

if TYPE_CHECKING:
    from recomengine.context import Context

MAX_ITEM_BYTES = 256 * 1024
MAX_BATCH_BYTES = 20 * 1024 * 1024

_batch = msgspec.json.Decoder(ItemBatch)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Named(msgspec.Struct, rename="camel"):
    product_id: Any = msgspec.UNSET


_id = msgspec.json.Decoder(_Named)


async def _admit(request: Request, permission: Permission, kind: Kind) -> tuple["Context", Caller]:
    context: Context = request.app.state.context
    caller = await context.guard.caller(request, permission)
    await context.limits.charge(request, caller, kind)
    return context, caller


async def put_item(request: Request) -> Response:
    context, caller = await _admit(request, Permission.WRITE, "write")
    item = _named(await read_body(request, limit=MAX_ITEM_BYTES), request.path_params["product_id"])
    made, new = await service.put_item(context.pool, context.bus, caller.tenant_id, item)
    return data_response(made, 201 if new else 200)


def _named(body: bytes, product_id: str) -> ItemIn:
    """The item of a PUT, whose id stands in the path and may stand in the body."""
    members = decode(_object, body)
    if decode(_id, body).product_id not in (msgspec.UNSET, product_id):
        raise invalid("$.productId", f"expected {product_id}, as in the path. Leave it out of the body, or make both the same")
    members["productId"] = msgspec.Raw(msgspec.json.encode(product_id))
    return read_item(msgspec.json.encode(members))


async def post_item(request: Request) -> Response:
    context, caller = await _admit(request, Permission.WRITE, "write")
    item = read_item(await read_body(request, limit=MAX_ITEM_BYTES))
    return data_response(await service.create_item(context.pool, context.bus, caller.tenant_id, item), 201)


async def get_item(request: Request) -> Response:
    context, caller = await _admit(request, Permission.READ, "read")
    return data_response(await service.read_item(context.pool, caller.tenant_id, request.path_params["product_id"]))


async def patch_item(request: Request) -> Response:
    context, caller = await _admit(request, Permission.WRITE, "write")
    patch = read_patch(await read_body(request, limit=MAX_ITEM_BYTES))
    return data_response(await service.patch_item(context.pool, context.bus, caller.tenant_id, request.path_params["product_id"], patch))


async def delete_item(request: Request) -> Response:
    context, caller = await _admit(request, Permission.WRITE, "write")
    await service.delete_item(context.pool, context.bus, caller.tenant_id, request.path_params["product_id"])
    return Response(status_code=204)


async def post_batch(request: Request) -> Response:
    context, caller = await _admit(request, Permission.WRITE, "write")
    batch = decode(_batch, await read_body(request, limit=MAX_BATCH_BYTES))
    results: list[ItemResult] = []
    items: list[ItemIn] = []
    for index, body in enumerate(batch.items):
        try:
            items.append(read_item(body))
        except Problem as problem:
            results.append(ItemResult(index, "rejected", error=rejection(problem)))
        else:
            results.append(ItemResult(index, "unchanged", items[-1].product_id))
    if items:
        good = (result for result in results if result.status != "rejected")
        for result, status in zip(good, await service.write_items(context.pool, context.bus, caller.tenant_id, items), strict=True):
            result.status = status
    return data_response(ItemBatchResult(len(items), len(results) - len(items), results))


async def post_import(request: Request) -> Response:
    context, caller = await _admit(request, Permission.WRITE, "write")
    return data_response(await import_items(context.pool, context.bus, caller.tenant_id, ndjson_lines(request)))


async def list_items(request: Request) -> Response:
    context, caller = await _admit(request, Permission.READ, "read")
    items, cursor = await search(context.pool, caller.tenant_id, read_query(request, Search))
    return list_response(items, cursor)


PATH, ONE = "/api/v1/catalog", "/api/v1/catalog/{product_id:path}"
READ, WRITE, ID = (Permission.READ,), (Permission.WRITE,), {"product_id": Id}

routes = [
    Operation("GET", PATH, list_items, "List or search products", {200: Listed[ItemOut]}, needs=READ, query=Search),
    Operation("POST", PATH, post_item, "Add a product", {201: Data[ItemOut]}, needs=WRITE, body=ItemIn, problems=(Conflict,)),
    Operation("POST", f"{PATH}/batch", post_batch, "Write up to 1,000 products", {200: Data[ItemBatchResult]}, needs=WRITE, body=_batch),
    Operation("POST", f"{PATH}/import", post_import, "Import products", {200: Data[ItemImportResult]}, needs=WRITE, lines=ItemIn),
    Operation("GET", ONE, get_item, "Read a product", {200: Data[ItemOut]}, needs=READ, ids=ID),
    Operation("PUT", ONE, put_item, "Make or replace a product", {200: Data[ItemOut], 201: Data[ItemOut]}, needs=WRITE, body=ItemFields, ids=ID),
    Operation("PATCH", ONE, patch_item, "Change a product", {200: Data[ItemOut]}, needs=WRITE, body=ItemPatch, ids=ID),
    Operation("DELETE", ONE, delete_item, "Delete a product", {204: None}, needs=WRITE, ids=ID),
]
