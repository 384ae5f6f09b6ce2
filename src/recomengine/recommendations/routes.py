"""Recommendations over HTTP: decode, ask Redis and the limiter in one round trip, answer."""

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from recomengine.recommendations.schemas import Batch, Query, Recommendations, batch_decoder, parse_query, query_decoder
from recomengine.shop import Permission
from recomengine.web.codec import json_body
from recomengine.web.door import BegunCall
from recomengine.web.operations import Data, Operation
from recomengine.web.problems import MalformedBody

if TYPE_CHECKING:
    from recomengine.context import Context

MAX_BODY_BYTES = 1024 * 1024
YIELD_EVERY = 10

_query, _batch = json_body(query_decoder, MAX_BODY_BYTES), json_body(batch_decoder, MAX_BODY_BYTES)


async def get_recommendations(context: "Context", call: BegunCall[None]) -> Response:
    return await _one(context, call, parse_query(call.request.scope["query_string"]))


async def post_recommendations(context: "Context", call: BegunCall[Query]) -> Response:
    return await _one(context, call, call.body)


async def _one(context: "Context", call: BegunCall[Any], query: Query) -> Response:
    looked = context.recommender.look(call.by, query)
    await call.charged
    return Response(await context.recommender.answer(call.by, looked), media_type="application/json")


async def post_batch(context: "Context", call: BegunCall[Batch]) -> Response:
    each_looked = [context.recommender.look(call.by, query) for query in call.body.requests]
    await call.charged
    answers = []
    for position, looked in enumerate(each_looked):
        answers.append(await context.recommender.answer(call.by, looked))
        if position % YIELD_EVERY == YIELD_EVERY - 1:
            await asyncio.sleep(0)  # let other requests in
    return Response(b'{"data":[' + b",".join(answers) + b"]}", media_type="application/json")


PATH = "/api/v1/recommendations"
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
]  # fmt: skip
