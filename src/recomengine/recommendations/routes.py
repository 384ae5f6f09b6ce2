"""Recommendations over HTTP: decode, ask Redis and the limiter in one round trip, answer."""

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from recomengine.recommendations.schemas import Query, Recommendations, batch_decoder, parse_query, query_decoder
from recomengine.web.caller import Caller
from recomengine.web.codec import read_keyed
from recomengine.web.guard import Permission
from recomengine.web.operations import Data, Operation
from recomengine.web.problems import MalformedBody, Problem

if TYPE_CHECKING:
    from recomengine.context import Context

MAX_BODY_BYTES = 1024 * 1024
YIELD_EVERY = 10


async def get_recommendations(request: Request) -> Response:
    context: Context = request.app.state.context
    caller = await context.guard.caller(request, Permission.RECOMMEND)
    try:
        query = parse_query(request.scope["query_string"])
    except Problem:
        await context.limits.charge(request, caller, "read")
        raise
    return await _one(context, request, caller, query)


async def post_recommendations(request: Request) -> Response:
    context: Context = request.app.state.context
    query, caller = await read_keyed(request, context.guard, context.limits, Permission.RECOMMEND, "read", query_decoder, MAX_BODY_BYTES)
    return await _one(context, request, caller, query)


async def _one(context: "Context", request: Request, caller: Caller, query: Query) -> Response:
    charged = context.limits.charge(request, caller, "read")
    looked = context.recommender.look(caller, query)
    await charged
    return Response(await context.recommender.answer(caller, query, looked), media_type="application/json")


async def post_batch(request: Request) -> Response:
    context: Context = request.app.state.context
    batch, caller = await read_keyed(request, context.guard, context.limits, Permission.RECOMMEND, "read", batch_decoder, MAX_BODY_BYTES)
    charged = context.limits.charge(request, caller, "read")
    looked = [context.recommender.look(caller, query) for query in batch.requests]
    await charged
    answers = []
    for position, (query, look) in enumerate(zip(batch.requests, looked, strict=True)):
        answers.append(await context.recommender.answer(caller, query, look))
        if position % YIELD_EVERY == YIELD_EVERY - 1:
            await asyncio.sleep(0)  # let other requests in
    return Response(b'{"data":[' + b",".join(answers) + b"]}", media_type="application/json")


PATH = "/api/v1/recommendations"
RECOMMEND, LIST, LISTS = (Permission.RECOMMEND,), {200: Recommendations}, {200: Data[list[Recommendations]]}

routes = [
    Operation("GET", PATH, get_recommendations, "Recommend products", LIST, needs=RECOMMEND, query=Query, problems=(MalformedBody,)),
    Operation("POST", PATH, post_recommendations, "Recommend products, asked in a body", LIST, needs=RECOMMEND, body=query_decoder),
    Operation("POST", f"{PATH}/batch", post_batch, "Make up to 100 lists at once", LISTS, needs=RECOMMEND, body=batch_decoder),
]
