"""Events over HTTP: one, a batch, a stream. Each is answered after the commit that holds it."""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recomengine.events.importing import import_lines
from recomengine.events.preparing import Source, event_decoder, prepare, prepare_decoded
from recomengine.events.schemas import Event, EventBatch, EventResult
from recomengine.events.writer import dedup_key
from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisUnavailable
from recomengine.web.codec import data_response, read_keyed
from recomengine.web.guard import Permission
from recomengine.web.ndjson import ndjson_lines
from recomengine.web.problems import Problem

if TYPE_CHECKING:
    from recomengine.context import Context

MAX_EVENT_BYTES = 64 * 1024
MAX_BATCH_BYTES = 10 * 1024 * 1024

_batch = msgspec.json.Decoder(EventBatch)


async def post_event(request: Request) -> Response:
    context: Context = request.app.state.context
    decoded, caller = await read_keyed(request, context.guard, context.limits, Permission.INGEST, "write", event_decoder, MAX_EVENT_BYTES)
    charged = context.limits.charge(request, caller, "write")
    try:
        event = prepare_decoded(decoded, Source(caller.tenant_id, caller.config, _now_ms(), live=True, single=True))
    except Problem:
        await charged
        raise
    remembered = context.redis.call(("EXISTS", dedup_key(caller.tenant, event.id)))
    await charged
    new = not await _is_remembered(remembered) and (await context.events.store([event]))[0]
    return data_response({"eventId": event.shown_id, "status": "accepted" if new else "duplicate"}, 202 if new else 200)


async def _is_remembered(remembered: "asyncio.Future[list[Any]]") -> bool:
    """Whether Redis knows the event as stored; it is told only after the commit, so a yes needs no look at the database."""
    try:
        return bool((await remembered)[0])
    except RedisUnavailable:
        FALLBACKS.labels("dedup").inc()
        return False


async def post_batch(request: Request) -> Response:
    context: Context = request.app.state.context
    batch, caller = await read_keyed(request, context.guard, context.limits, Permission.INGEST, "write", _batch, MAX_BATCH_BYTES)
    await context.limits.charge(request, caller, "write")
    results, events = _prepare_all(batch.events, Source(caller.tenant_id, caller.config, _now_ms(), live=True))
    if events:
        waiting = (result for result in results if result.status != "rejected")
        for result, new in zip(waiting, await context.events.store(events), strict=True):
            result.status = "accepted" if new else "duplicate"
    counts = {status: sum(result.status == status for result in results) for status in ("accepted", "duplicate", "rejected")}
    return data_response(
        {"accepted": counts["accepted"], "duplicates": counts["duplicate"], "rejected": counts["rejected"], "results": results}, 202
    )


def _prepare_all(bodies: Sequence[msgspec.Raw], source: Source) -> tuple[list[EventResult], list[Event]]:
    """A result for each body, in order, and the events that are good."""
    results, events = [], []
    for index, body in enumerate(bodies):
        try:
            event = prepare(body, source)
        except Problem as problem:
            results.append(EventResult(index, "rejected", error=_error_of(problem)))
        else:
            events.append(event)
            results.append(EventResult(index, "accepted", event.shown_id))
    return results, events


def _error_of(problem: Problem) -> dict[str, Any]:
    error: dict[str, Any] = {"code": problem.problem_code, "message": problem.detail}
    return error | {"path": problem.errors[0].path} if problem.errors else error


async def post_import(request: Request) -> Response:
    context: Context = request.app.state.context
    caller = await context.guard.caller(request, Permission.WRITE)
    await context.limits.charge(request, caller, "write")
    return data_response(await import_lines(context.events, caller.tenant_id, caller.config, ndjson_lines(request)))


def _now_ms() -> int:
    return int(time.time() * 1000)


routes = [
    Route("/api/v1/events", post_event, methods=["POST"]),
    Route("/api/v1/events/batch", post_batch, methods=["POST"]),
    Route("/api/v1/events/import", post_import, methods=["POST"]),
]
