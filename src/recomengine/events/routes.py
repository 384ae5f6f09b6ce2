"""Events over HTTP: one, a batch, a stream. Each is answered after the commit that holds it."""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from recomengine.events.clock import milliseconds_of
from recomengine.events.comparing import content_digest
from recomengine.events.files import EVENTS, EventFileQuery
from recomengine.events.importing import import_lines
from recomengine.events.noted import note_client, note_refused
from recomengine.events.preparing import Source, decode_batch, decode_event, prepare, prepare_decoded
from recomengine.events.schemas import (
    Event,
    EventBatch,
    EventBatchResult,
    EventImportResult,
    EventIn,
    EventResult,
    Stored,
)
from recomengine.events.writer import dedup_key
from recomengine.files.forms import JSON_MEDIA, TABLE_MEDIA
from recomengine.files.query import read_file_query
from recomengine.files.stream import stream_of
from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisUnavailable
from recomengine.shop import Permission
from recomengine.web.caller import Caller
from recomengine.web.codec import Body, data_response
from recomengine.web.door import BegunCall, Call
from recomengine.web.notes import Notes
from recomengine.web.operations import Data, Operation
from recomengine.web.problems import Problem, rejection
from recomengine.web.upload import Upload

if TYPE_CHECKING:
    from recomengine.context import Context

MAX_EVENT_BYTES = 64 * 1024
MAX_BATCH_BYTES = 10 * 1024 * 1024

_event = Body(EventIn, MAX_EVENT_BYTES, decode_event, note_refused)
_batch = Body(EventBatch, MAX_BATCH_BYTES, decode_batch, note_refused)


async def post_event(context: "Context", call: BegunCall[EventIn]) -> Response:
    caller = call.by
    source = Source(caller.tenant_id, caller.config, _now_ms(), live=True, single=True)
    try:
        event = prepare_decoded(call.body, source)
    except Problem as problem:
        note_refused(context.notes, caller.tenant, problem)
        raise
    remembered = context.redis.call(("GET", dedup_key(caller.tenant, event.id)))
    await call.charged
    known = await _is_remembered(remembered, event)
    differs = () if known else (await context.events.store_or_compare([event]))[0]
    new = differs is None
    stored = Stored(event.shown_id, "accepted" if new else "duplicate", differs or UNSET, event.trimmed or UNSET)
    context.notes.count(caller.tenant, "event_received", stored.status)
    return data_response(stored, 202 if new else 200)


async def _is_remembered(remembered: "asyncio.Future[list[Any]]", event: Event) -> bool:
    """Whether Redis knows the event as stored, and with this content; it is told only after the commit, so a yes needs
    no look at the database.
    """
    try:
        [digest] = await remembered
    except RedisUnavailable:
        FALLBACKS.labels("dedup").inc()
        return False
    return digest is not None and bytes(digest) == content_digest(event).encode()


async def post_batch(context: "Context", call: Call[Caller, EventBatch]) -> Response:
    batch = call.body
    sent_ms = None if batch.sent_at is None else milliseconds_of(batch.sent_at, "$.sentAt")
    source = Source(call.by.tenant_id, call.by.config, _now_ms(), live=True, sent_ms=sent_ms)
    note_client(context.notes, call.by.tenant, batch.client)
    results, events = _prepare_all(batch.events, source, context.notes)
    if events:
        waiting = (result for result in results if result.status != "rejected")
        for result, differs in zip(waiting, await context.events.store_or_compare(events), strict=True):
            result.status = "accepted" if differs is None else "duplicate"
            result.differs = differs or ()
    counts = {
        status: sum(result.status == status for result in results) for status in ("accepted", "duplicate", "rejected")
    }
    for status in ("accepted", "duplicate"):
        if counts[status]:
            context.notes.count(call.by.tenant, "event_received", status, counts[status])
    return data_response(EventBatchResult(counts["accepted"], counts["duplicate"], counts["rejected"], results), 202)


def _prepare_all(bodies: Sequence[msgspec.Raw], source: Source, notes: Notes) -> tuple[list[EventResult], list[Event]]:
    """A result for each body, in order, and the events that are good."""
    results, events = [], []
    for index, body in enumerate(bodies):
        try:
            event = prepare(body, source)
        except Problem as problem:
            note_refused(notes, str(source.tenant_id), problem)
            results.append(EventResult(index, "rejected", error=rejection(problem)))
        else:
            events.append(event)
            results.append(EventResult(index, "accepted", event.shown_id, trimmed=event.trimmed))
    return results, events


async def post_import(context: "Context", call: Call[Caller, Upload]) -> Response:
    """Events of NDJSON, of a JSON array or of a table, which may have other names for its columns: the answer says what
    became of each.
    """
    query = read_file_query(call.request, EventFileQuery)
    stream = stream_of(call.body, EVENTS, query.options())
    await stream.judge()
    result = await import_lines(context.events, call.by.tenant_id, call.by.config, stream.batches())
    if (report := stream.source.report()) is not None:
        result.columns, result.reading = report.columns, report.notes
    return data_response(result)


def _now_ms() -> int:
    return int(time.time() * 1000)


PATH = "/api/v1/events"
INGEST, WRITE = (Permission.INGEST,), (Permission.WRITE,)
ONE = {202: Data[Stored], 200: Data[Stored]}

routes = [
    Operation("POST", PATH, post_event, "Send an event", ONE, needs=INGEST, body=_event, awaits_charge=True),
    Operation(
        "POST",
        f"{PATH}/batch",
        post_batch,
        "Send up to 1,000 events",
        {202: Data[EventBatchResult]},
        needs=INGEST,
        body=_batch,
    ),
    Operation(
        "POST",
        f"{PATH}/import",
        post_import,
        "Import events",
        {200: Data[EventImportResult]},
        needs=WRITE,
        lines=EventIn,
        media=JSON_MEDIA | TABLE_MEDIA,
        query=EventFileQuery,
    ),
]
