"""Recommendations over HTTP: decode, ask Redis and the limiter in one round trip, answer."""

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recomengine.recommendations.schemas import Query, decode_batch, decode_query, parse_query
from recomengine.web.caller import Caller
from recomengine.web.codec import SDK_TYPES, decode, read_body
from recomengine.web.guard import Permission

if TYPE_CHECKING:
    from recomengine.context import Context

MAX_BODY_BYTES = 1024 * 1024
YIELD_EVERY = 10


async def get_recommendations(request: Request) -> Response:
    context: Context = request.app.state.context
    caller = await context.guard.caller(request, Permission.RECOMMEND)
    return await _one(context, request, caller, parse_query(request.scope["query_string"]))


async def post_recommendations(request: Request) -> Response:
    context: Context = request.app.state.context
    query = decode(decode_query, await read_body(request, types=SDK_TYPES, limit=MAX_BODY_BYTES))
    caller = await context.guard.caller(request, Permission.RECOMMEND, body_key=query.key)
    return await _one(context, request, caller, query)


async def _one(context: "Context", request: Request, caller: Caller, query: Query) -> Response:
    charged = context.limits.charge(request, caller, "read")
    looked = context.recommender.look(caller, query)
    await charged
    return Response(await context.recommender.answer(caller, query, looked), media_type="application/json")


async def post_batch(request: Request) -> Response:
    context: Context = request.app.state.context
    batch = decode(decode_batch, await read_body(request, types=SDK_TYPES, limit=MAX_BODY_BYTES))
    caller = await context.guard.caller(request, Permission.RECOMMEND, body_key=batch.key)
    charged = context.limits.charge(request, caller, "read")
    looked = [context.recommender.look(caller, query) for query in batch.requests]
    await charged
    answers = []
    for position, (query, look) in enumerate(zip(batch.requests, looked, strict=True)):
        answers.append(await context.recommender.answer(caller, query, look))
        if position % YIELD_EVERY == YIELD_EVERY - 1:
            await asyncio.sleep(0)  # let other requests in
    return Response(b'{"data":[' + b",".join(answers) + b"]}", media_type="application/json")


routes = [
    Route("/api/v1/recommendations", get_recommendations, methods=["GET"]),
    Route("/api/v1/recommendations", post_recommendations, methods=["POST"]),
    Route("/api/v1/recommendations/batch", post_batch, methods=["POST"]),
]
