"""The catalog over HTTP."""

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from starlette.responses import Response

from recomengine.auth.actor import Member
from recomengine.catalog import service
from recomengine.catalog.checking import read_item, read_patch
from recomengine.catalog.files import FIELDS, ITEMS, ItemFileQuery, ItemPreviewQuery
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
from recomengine.files.forms import MEDIA
from recomengine.files.previewing import Preview, preview
from recomengine.files.query import read_file_query
from recomengine.files.stream import stream_of
from recomengine.shop import Permission, Role
from recomengine.web.caller import Caller
from recomengine.web.codec import Body, data_response, decode, json_body, list_response
from recomengine.web.door import Call
from recomengine.web.fields import Id
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.paging import read_query
from recomengine.web.problems import Conflict, Problem, invalid, rejection
from recomengine.web.upload import Upload

if TYPE_CHECKING:
    from recomengine.context import Context

MAX_ITEM_BYTES = 256 * 1024
MAX_BATCH_BYTES = 20 * 1024 * 1024

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Named(msgspec.Struct, rename="camel"):
    product_id: Any = msgspec.UNSET


_id = msgspec.json.Decoder(_Named)


class _Fields(NamedTuple):
    """The body of a PUT, as far as the path is not needed to read it."""

    members: dict[str, msgspec.Raw]
    product_id: Any


def _read_fields(body: bytes) -> _Fields:
    return _Fields(decode(_object, body), decode(_id, body).product_id)


_item = Body(ItemIn, MAX_ITEM_BYTES, lambda body: read_item(body).item)
_fields = Body(ItemFields, MAX_ITEM_BYTES, _read_fields)
_patch = Body(ItemPatch, MAX_ITEM_BYTES, read_patch)
_batch = json_body(msgspec.json.Decoder(ItemBatch), MAX_BATCH_BYTES)


def _product_id(call: Call[Any, Any]) -> str:
    """The path's, without the outer blanks that no product's id has."""
    product_id: str = call.request.path_params["product_id"]
    return product_id.strip()


async def put_item(context: "Context", call: Call[Caller, _Fields]) -> Response:
    item = _named(call.body, _product_id(call))
    made, new = await service.put_item(context.pool, context.bus, call.by.tenant_id, item)
    return data_response(made, 201 if new else 200)


def _named(fields: _Fields, product_id: str) -> ItemIn:
    """The item of a PUT, whose id stands in the path and may stand in the body."""
    given = fields.product_id
    if given is not msgspec.UNSET and (given.strip() if isinstance(given, str) else given) != product_id:
        raise invalid(
            "$.productId", f"expected {product_id}, as in the path. Leave it out of the body, or make both the same"
        )
    named = fields.members | {"productId": msgspec.Raw(msgspec.json.encode(product_id))}
    return read_item(msgspec.json.encode(named)).item


async def post_item(context: "Context", call: Call[Caller, ItemIn]) -> Response:
    return data_response(await service.create_item(context.pool, context.bus, call.by.tenant_id, call.body), 201)


async def get_item(context: "Context", call: Call[Caller | Member, None]) -> Response:
    return data_response(await service.read_item(context.pool, call.by.tenant_id, _product_id(call)))


async def patch_item(context: "Context", call: Call[Caller, ItemPatch]) -> Response:
    product_id = _product_id(call)
    return data_response(await service.patch_item(context.pool, context.bus, call.by.tenant_id, product_id, call.body))


async def delete_item(context: "Context", call: Call[Caller, None]) -> Response:
    await service.delete_item(context.pool, context.bus, call.by.tenant_id, _product_id(call))
    return Response(status_code=204)


async def post_batch(context: "Context", call: Call[Caller, ItemBatch]) -> Response:
    results: list[ItemResult] = []
    items: list[ItemIn] = []
    for index, body in enumerate(call.body.items):
        try:
            item, trimmed = read_item(body)
        except Problem as problem:
            results.append(ItemResult(index, "rejected", error=rejection(problem)))
        else:
            items.append(item)
            results.append(ItemResult(index, "unchanged", item.product_id, trimmed))
    if items:
        good = (result for result in results if result.status != "rejected")
        for result, written in zip(
            good, await service.write_items(context.pool, context.bus, call.by.tenant_id, items), strict=True
        ):
            result.status = written.status
    return data_response(ItemBatchResult(len(items), len(results) - len(items), results))


async def post_import(context: "Context", call: Call[Caller | Member, Upload]) -> Response:
    """Products of NDJSON, of a JSON array, of a table, or of an XML feed such as Google Merchant Center's. Tables and
    feeds may have other names for their columns; the answer says what became of each. With `mode=replace` products that
    the body lacks become unavailable: `force` lets that be more than a third.
    """
    query = read_file_query(call.request, ItemFileQuery)
    stream = stream_of(call.body, ITEMS, query.options())
    fields = await stream.judge()
    result = await import_items(
        context.pool, context.bus, call.by.tenant_id, stream.batches(), fields=fields, replace=query.replace
    )
    if (report := stream.source.report()) is not None:
        result.columns, result.reading = report.columns, report.notes
    return data_response(result)


async def preview_import(context: "Context", call: Call[Member, Upload]) -> Response:
    """How an import would read the same body: what it makes of the columns, the first rows as they would be stored,
    and what is wrong with the first 1,000. Nothing is stored."""
    query = read_file_query(call.request, ItemPreviewQuery)
    return data_response(
        await preview(call.body, ITEMS, query.options(), FIELDS, lambda line: read_item(line).item, whole=query.whole)
    )


async def list_items(context: "Context", call: Call[Caller | Member, None]) -> Response:
    items, cursor = await search(context.pool, call.by.tenant_id, read_query(call.request, Search))
    return list_response(items, cursor)


PATH, ONE = "/api/v1/catalog", "/api/v1/catalog/{product_id:path}"
OF_TENANT = "/api/v1/tenants/{tenant_id}/catalog"
ADMIN = (Credential.ADMIN,)
READ, WRITE, ID = (Permission.READ,), (Permission.WRITE,), {"product_id": Id}

routes = [
    Operation("GET", PATH, list_items, "List or search products", {200: Listed[ItemOut]}, needs=READ, query=Search),
    Operation(
        "POST", PATH, post_item, "Add a product", {201: Data[ItemOut]}, needs=WRITE, body=_item, problems=(Conflict,)
    ),
    Operation(
        "POST",
        f"{PATH}/batch",
        post_batch,
        "Write up to 1,000 products",
        {200: Data[ItemBatchResult]},
        needs=WRITE,
        body=_batch,
    ),
    Operation(
        "POST",
        f"{PATH}/import",
        post_import,
        "Import products",
        {200: Data[ItemImportResult]},
        needs=WRITE,
        lines=ItemIn,
        media=MEDIA,
        query=ItemFileQuery,
        problems=(Conflict,),
    ),
    Operation("GET", ONE, get_item, "Read a product", {200: Data[ItemOut]}, needs=READ, ids=ID),
    Operation(
        "PUT",
        ONE,
        put_item,
        "Make or replace a product",
        {200: Data[ItemOut], 201: Data[ItemOut]},
        needs=WRITE,
        body=_fields,
        ids=ID,
    ),
    Operation("PATCH", ONE, patch_item, "Change a product", {200: Data[ItemOut]}, needs=WRITE, body=_patch, ids=ID),
    Operation("DELETE", ONE, delete_item, "Delete a product", {204: None}, needs=WRITE, ids=ID),
    Operation(
        "GET",
        OF_TENANT,
        list_items,
        "List or search a tenant's products",
        {200: Listed[ItemOut]},
        needs=ADMIN,
        query=Search,
        name="list_items_of_tenant",
    ),
    Operation(
        "POST",
        f"{OF_TENANT}/import",
        post_import,
        "Import a tenant's products",
        {200: Data[ItemImportResult]},
        needs=ADMIN,
        role=Role.DEVELOPER,
        lines=ItemIn,
        media=MEDIA,
        query=ItemFileQuery,
        problems=(Conflict,),
        name="import_items_of_tenant",
    ),
    Operation(
        "POST",
        f"{OF_TENANT}/import/preview",
        preview_import,
        "See how products would be imported",
        {200: Data[Preview[ItemIn]]},
        needs=ADMIN,
        role=Role.DEVELOPER,
        lines=ItemIn,
        media=MEDIA,
        query=ItemPreviewQuery,
    ),
    Operation(
        "GET",
        f"{OF_TENANT}/{{product_id:path}}",
        get_item,
        "Read a tenant's product",
        {200: Data[ItemOut]},
        needs=ADMIN,
        ids=ID,
        name="get_item_of_tenant",
    ),
]
