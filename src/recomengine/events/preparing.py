"""From the bytes of one event to the row that is stored: decode, check, identify. Raises a Problem that names the
path.
"""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

import msgspec
from msgspec import UNSET

from recomengine.events.counters import today
from recomengine.events.identity import named_id, natural_id, untimed_id
from recomengine.events.schemas import (
    MAX_AHEAD_MS,
    MAX_METADATA_BYTES,
    MAX_METADATA_DEPTH,
    MAX_TIMESTAMP_MS,
    MIN_TIMESTAMP_MS,
    Event,
    EventIn,
    KnownMetadata,
)
from recomengine.shop import EVENT_TRAITS, MAX_PRICE, EventType, TenantConfig
from recomengine.web.codec import decode, validation_problem
from recomengine.web.free_json import read_free
from recomengine.web.problems import Problem, invalid

event_decoder = msgspec.json.Decoder(EventIn)
_known = msgspec.json.Decoder(KnownMetadata)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class Source:
    """Who sends, and when: what the rows of one request have in common."""

    __slots__ = ("currency", "live", "now_ms", "single", "tenant_bytes", "tenant_id", "today")

    def __init__(self, tenant_id: UUID, config: TenantConfig, now_ms: int, *, live: bool, single: bool = False) -> None:
        self.tenant_id = tenant_id
        self.tenant_bytes = tenant_id.bytes
        self.currency = config.currency
        self.today = today(config.timezone, now_ms)
        self.now_ms = now_ms
        self.live = live
        self.single = single


def prepare(body: "bytes | msgspec.Raw", source: Source) -> Event:
    return prepare_decoded(decode(event_decoder, body), source)


def prepare_decoded(event: EventIn, source: Source) -> Event:
    if event.product_id is None and event.event_type != "search":
        raise invalid(
            "$.productId", f"expected for {event.event_type}, got none. Only search events go without a product"
        )
    timestamp_ms = source.now_ms if event.timestamp is None else _checked_ms(event.timestamp, source.now_ms)
    metadata, revenue_cents = (
        (None, 0)
        if event.metadata is UNSET
        else _checked_metadata(bytes(event.metadata), event.event_type, source.currency)
    )
    day = source.today
    identity, name = _identity(event, source, timestamp_ms)
    return Event(
        identity,
        source.tenant_id,
        event.event_type,
        event.user_id,
        event.product_id,
        event.session_id,
        name,
        metadata,
        timestamp_ms,
        revenue_cents,
        day.date if day.start_ms <= timestamp_ms < day.end_ms else "",
        source.live,
        source.single,
    )


def _identity(event: EventIn, source: Source, timestamp_ms: int) -> tuple[UUID, str | None]:
    """(the event's id, the name that it is stored under as its client's)."""
    if event.event_id is not None:
        return named_id(source.tenant_bytes, event.event_id), event.event_id
    what = (event.user_id, event.event_type, event.product_id or "")
    if event.timestamp is None and not source.live:
        identity = untimed_id(source.tenant_bytes, *what)
        return identity, str(identity)  # named, so that it is looked for in every month
    return natural_id(source.tenant_bytes, *what, timestamp_ms), None


def _checked_ms(timestamp: int | datetime, now_ms: int) -> int:
    ms = timestamp if isinstance(timestamp, int) else (timestamp - EPOCH) // MILLISECOND
    if not MIN_TIMESTAMP_MS <= ms <= MAX_TIMESTAMP_MS:
        raise invalid("$.timestamp", f"expected a time of the years 1 to 9999 in milliseconds, got {str(ms)[:40]}")
    if ms > now_ms + MAX_AHEAD_MS:
        raise invalid(
            "$.timestamp",
            "lies more than 5 minutes ahead of the server's clock. Correct the sender's clock, or send milliseconds",
        )
    return ms


def _checked_metadata(text: bytes, event_type: EventType, currency: str) -> tuple[str | None, int]:
    """(JSON text for jsonb, revenue in cents of a purchase in `currency`)."""
    if text == b"null":
        return None, 0
    _, stored = read_free(text, "$.metadata", MAX_METADATA_BYTES, MAX_METADATA_DEPTH)
    try:
        known = _known.decode(stored)
    except msgspec.ValidationError as error:
        raise _within_metadata(validation_problem(error, KnownMetadata, msgspec.json.decode(stored))) from None
    if known.price is not None and not 0 <= known.price <= MAX_PRICE:
        raise invalid("$.metadata.price", f"expected 0 to {MAX_PRICE}, got {known.price}")
    return stored.decode(), _revenue_cents(known) if EVENT_TRAITS[event_type].bought and known.currency in (
        None,
        currency,
    ) else 0


def _within_metadata(problem: Problem) -> Problem:
    inner = problem.errors[0]
    return invalid("$.metadata" + inner.path.removeprefix("$"), inner.message)


def _revenue_cents(known: KnownMetadata) -> int:
    return int((Decimal(repr(known.price or 0.0)) * (known.quantity or 1) * 100).to_integral_value(ROUND_HALF_UP))
