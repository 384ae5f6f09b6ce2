"""Events over HTTP: one, a batch, a stream. Each is answered after the commit that holds it."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from recomengine.auth.actor import Member
from recomengine.auth.shop import shop_of
from recomengine.events.clock import milliseconds_of
from recomengine.events.comparing import content_digest
from recomengine.events.files import EVENTS, FIELDS, EventFileQuery, EventPreviewQuery
from recomengine.events.importing import import_lines
from recomengine.events.listing import list_events
from recomengine.events.noted import RejectedEvent, note_client, note_refused
from recomengine.events.preparing import (
    Source,
    decode_batch,
    decode_event,
    event_decoder,
    prepare,
    prepare_decoded,
)
from recomengine.events.schemas import (
    Event,
    EventBatch,
    EventBatchResult,
    EventImportResult,
    EventIn,
    EventResult,
    EventSearch,
    ListedEvent,
    Stored,
    listed,
)
from recomengine.events.writer import dedup_key
from recomengine.files.forms import JSON_MEDIA, TABLE_MEDIA
from recomengine.files.previewing import Preview, preview
from recomengine.files.query import read_file_query
from recomengine.files.stream import stream_of
from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisUnavailable
from recomengine.shop import Permission, Role
from recomengine.web.caller import Caller
from recomengine.web.codec import Body, data_response, list_response
from recomengine.web.door import BegunCall, Call
from recomengine.web.notes import Notes
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.paging import read_query
from recomengine.web.problems import Problem, Unavailable, rejection
from recomengine.web.upload import Upload

if TYPE_CHECKING:
    from recomengine.context import Context

MAX_EVENT_BYTES = 64 * 1024
MAX_BATCH_BYTES = 10 * 1024 * 1024
BATCH = "batch"
"""Through what an event came that is refused."""

_event = Body(EventIn, MAX_EVENT_BYTES, decode_event, note_refused)
_batch = Body(EventBatch, MAX_BATCH_BYTES, decode_batch, partial(note_refused, source=BATCH))
_encode = msgspec.json.Encoder().encode


async def post_event(context: "Context", call: BegunCall[EventIn]) -> Response:
    caller = call.by
    source = Source(caller.tenant_id, caller.config, _now_ms(), live=True, single=True)
    try:
        event = prepare_decoded(call.body, source)
    except Problem as problem:
        note_refused(context.notes, caller.tenant, problem, _encode(call.body))
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
            note_refused(notes, str(source.tenant_id), problem, bytes(body), BATCH)
            results.append(EventResult(index, "rejected", error=rejection(problem)))
        else:
            events.append(event)
            results.append(EventResult(index, "accepted", event.shown_id, trimmed=event.trimmed))
    return results, events


async def post_import(context: "Context", call: Call[Caller | Member, Upload]) -> Response:
    """Events of NDJSON, of a JSON array or of a table, which may have other names for its columns: the answer says what
    became of each.
    """
    query = read_file_query(call.request, EventFileQuery)
    stream = stream_of(call.body, EVENTS, query.options())
    await stream.judge()
    config = (await _caller(context, call.by)).config
    result = await import_lines(context.events, call.by.tenant_id, config, stream.batches())
    if (report := stream.source.report()) is not None:
        result.columns, result.reading = report.columns, report.notes
    return data_response(result)


async def preview_import(context: "Context", call: Call[Member, Upload]) -> Response:
    """How an import would read the same body: what it makes of the columns, the first rows as they would be stored,
    and what is wrong with the first 1,000. Nothing is stored."""
    query = read_file_query(call.request, EventPreviewQuery)
    source = Source(call.by.tenant_id, (await _caller(context, call.by)).config, _now_ms(), live=False)

    def read(line: bytes) -> EventIn:
        prepare(line, source)
        return event_decoder.decode(line)

    return data_response(await preview(call.body, EVENTS, query.options(), FIELDS, read, whole=query.whole))


async def _caller(context: "Context", by: Caller | Member) -> Caller:
    return by if isinstance(by, Caller) else await shop_of(context.pool, by.tenant_id)


async def get_events(context: "Context", call: Call[Member, None]) -> Response:
    """Newest first by when they happened, those of a shopper under all of their ids. Of all events, those of a type or
    placement are looked for among 20,000 a page, so a page may have few and the next one more. With `after` it is what
    was received since then, newest first by that; it may repeat events of the two seconds before, and goes back ten
    minutes at most."""
    tenant_id = call.by.tenant_id
    rows, cursor = await list_events(context.analytics_pool, tenant_id, read_query(call.request, EventSearch))
    catalog = await context.catalogs.get(tenant_id)
    return list_response([listed(row, catalog.name_of(row["product_id"])) for row in rows], cursor)


async def get_rejected(context: "Context", call: Call[Member, None]) -> Response:
    """The newest 100 of the last 7 days, newest first."""
    await context.notes.flush()
    try:
        return data_response(await context.notes.rejected_of(call.by.tenant_id))
    except RedisUnavailable:
        FALLBACKS.labels("rejected").inc()
        raise Unavailable("Rejected events are kept in Redis, which is away. Try again soon.") from None


def _now_ms() -> int:
    return int(time.time() * 1000)


PATH, OF_TENANT = "/api/v1/events", "/api/v1/tenants/{tenant_id}/events"
ADMIN = (Credential.ADMIN,)
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
    Operation(
        "GET", OF_TENANT, get_events, "List a tenant's events", {200: Listed[ListedEvent]}, needs=ADMIN,
        query=EventSearch,
    ),
    Operation(
        "GET", f"{OF_TENANT}/rejected", get_rejected, "List events that were refused", {200: Data[list[RejectedEvent]]},
        needs=ADMIN,
    ),
    Operation(
        "POST", f"{OF_TENANT}/import", post_import, "Import a tenant's events", {200: Data[EventImportResult]},
        needs=ADMIN, role=Role.DEVELOPER, lines=EventIn, media=JSON_MEDIA | TABLE_MEDIA, query=EventFileQuery,
        name="import_events_of_tenant",
    ),
    Operation(
        "POST", f"{OF_TENANT}/import/preview", preview_import, "See how events would be imported",
        {200: Data[Preview[EventIn]]}, needs=ADMIN, role=Role.DEVELOPER, lines=EventIn, media=JSON_MEDIA | TABLE_MEDIA,
        query=EventPreviewQuery,
    ),
]  # fmt: skip
