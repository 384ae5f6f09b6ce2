"""Recommendations over HTTP: decode, ask Redis and the limiter in one round trip, answer."""

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

from recomengine.auth.actor import Member
from recomengine.auth.shop import shop_of
from recomengine.catalog.service import read_item
from recomengine.recommendations.explaining import Explained, PlaygroundIn, Related, RelatedQuery
from recomengine.recommendations.schemas import Batch, Query, Recommendations, batch_decoder, parse_query, query_decoder
from recomengine.shop import Permission
from recomengine.web.codec import JsonResponse, json_body
from recomengine.web.door import BegunCall, Call
from recomengine.web.fields import Id
from recomengine.web.operations import Credential, Data, Operation
from recomengine.web.paging import read_query
from recomengine.web.problems import MalformedBody

if TYPE_CHECKING:
    from recomengine.context import Context

MAX_BODY_BYTES = 1024 * 1024
YIELD_EVERY = 10

_query, _batch = json_body(query_decoder, MAX_BODY_BYTES), json_body(batch_decoder, MAX_BODY_BYTES)
_playground = json_body(msgspec.json.Decoder(PlaygroundIn), MAX_BODY_BYTES)


async def get_recommendations(context: "Context", call: BegunCall[None]) -> Response:
    return await _one(context, call, parse_query(call.request.scope["query_string"]))


async def post_recommendations(context: "Context", call: BegunCall[Query]) -> Response:
    return await _one(context, call, call.body)


async def _one(context: "Context", call: BegunCall[Any], query: Query) -> Response:
    looked = context.recommender.look(call.by, query)
    await call.charged
    return JsonResponse(await context.recommender.answer(call.by, looked))


async def post_batch(context: "Context", call: BegunCall[Batch]) -> Response:
    each_looked = [context.recommender.look(call.by, query) for query in call.body.requests]
    await call.charged
    answers = []
    for position, looked in enumerate(each_looked):
        answers.append(await context.recommender.answer(call.by, looked))
        if position % YIELD_EVERY == YIELD_EVERY - 1:
            await asyncio.sleep(0)  # let other requests in
    return JsonResponse(b'{"data":[' + b",".join(answers) + b"]}")


async def post_playground(context: "Context", call: Call[Member, PlaygroundIn]) -> Response:
    """Computed now, by no experiment. It counts nowhere as asked or served, and the shopper's lists stay as they
    are."""
    shop = await shop_of(context.pool, call.by.tenant_id)
    lists = await context.recommender.explain(shop, call.body.queries())
    return Response(b'{"data":[' + b",".join(lists) + b"]}", media_type="application/json")


async def get_related(context: "Context", call: Call[Member, None]) -> Response:
    """Neighbours by each strategy that has any, and what lies in one basket with it. Counts nowhere as served."""
    product_id = call.request.path_params["product_id"].strip()
    await read_item(context.pool, call.by.tenant_id, product_id)
    shop = await shop_of(context.pool, call.by.tenant_id)
    related = await context.recommender.related(shop, product_id, read_query(call.request, RelatedQuery).limit)
    return Response(b'{"data":' + related + b"}", media_type="application/json")


PATH, OF_TENANT = "/api/v1/recommendations", "/api/v1/tenants/{tenant_id}"
ADMIN = (Credential.ADMIN,)
RECOMMEND, LIST, LISTS = (Permission.RECOMMEND,), {200: Recommendations}, {200: Data[list[Recommendations]]}

routes = [
    Operation(
        "GET", PATH, get_recommendations, "Recommend products", LIST, needs=RECOMMEND, query=Query, awaits_charge=True,
        problems=(MalformedBody,),
    ),
    Operation(
        "POST", PATH, post_recommendations, "Recommend products, asked in a body", LIST, needs=RECOMMEND, access="read",
        body=_query, awaits_charge=True,
    ),
    Operation(
        "POST", f"{PATH}/batch", post_batch, "Make up to 100 lists at once", LISTS, needs=RECOMMEND, access="read",
        body=_batch, awaits_charge=True,
    ),
    Operation(
        "POST", f"{OF_TENANT}/playground", post_playground, "Compare strategies", {200: Data[list[Explained]]},
        needs=ADMIN, body=_playground,
    ),
    Operation(
        "GET", f"{OF_TENANT}/catalog/{{product_id:path}}/related", get_related, "See what is near a product",
        {200: Data[Related]}, needs=ADMIN, query=RelatedQuery, ids={"product_id": Id},
    ),
]  # fmt: skip
