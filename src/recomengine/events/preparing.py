"""From the bytes of one event to the row that is stored: decode, check, identify. Raises a Problem that names the
path.
"""

from decimal import ROUND_HALF_UP, Decimal
from difflib import get_close_matches
from typing import TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET

from recomengine.events.clock import check_not_ahead, corrected_ms, milliseconds_of
from recomengine.events.counters import today
from recomengine.events.identity import named_id, natural_id, order_line_id, untimed_id
from recomengine.events.schemas import (
    CLIENT_TIMESTAMP,
    MAX_METADATA_BYTES,
    MAX_METADATA_DEPTH,
    MAX_QUANTITY,
    Event,
    EventBatch,
    EventIn,
    KnownMetadata,
)
from recomengine.shop import EVENT_TRAITS, MAX_PRICE, TenantConfig
from recomengine.web.codec import decode, validation_problem
from recomengine.web.free_json import read_free
from recomengine.web.problems import Problem, invalid

T = TypeVar("T")
event_decoder = msgspec.json.Decoder(EventIn)
_known = msgspec.json.Decoder(KnownMetadata)
_batch_decoder = msgspec.json.Decoder(EventBatch)
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TIME = "RFC 3339 with zone, such as 2026-01-15T09:30:00Z, or milliseconds since 1970"
EXPECTED = {"eventType": f"one of {', '.join(EVENT_TRAITS)}", "timestamp": _TIME, "sentAt": _TIME}
NOTHING_KNOWN = KnownMetadata()
MAX_SHOWN = 40
"""Characters of a value in a message."""


class Source:
    """Who sends, and when: what the rows of one request have in common."""

    __slots__ = ("currency", "live", "now_ms", "sent_ms", "single", "tenant_bytes", "tenant_id", "today")

    def __init__(
        self,
        tenant_id: UUID,
        config: TenantConfig,
        now_ms: int,
        *,
        live: bool,
        single: bool = False,
        sent_ms: int | None = None,
    ) -> None:
        self.tenant_id = tenant_id
        self.tenant_bytes = tenant_id.bytes
        self.currency = config.currency
        self.today = today(config.timezone, now_ms)
        self.now_ms = now_ms
        self.live = live
        self.single = single
        self.sent_ms = sent_ms


def prepare(body: "bytes | msgspec.Raw", source: Source) -> Event:
    return prepare_decoded(decode_event(body), source)


def decode_event(body: "bytes | msgspec.Raw") -> EventIn:
    return _decode_in_words(event_decoder, body)


def decode_batch(body: bytes) -> EventBatch:
    return _decode_in_words(_batch_decoder, body)


def _decode_in_words(decoder: "msgspec.json.Decoder[T]", body: "bytes | msgspec.Raw") -> T:
    """As `decode`, and of members that people spell in their own ways it says what is expected and what came."""
    try:
        return decode(decoder, body)
    except Problem as problem:
        name = problem.errors[0].path.removeprefix("$.") if problem.errors else ""
        if name not in EXPECTED:
            raise
    found = bytes(_members.decode(body)[name]).decode()
    shown = found if len(found) <= MAX_SHOWN else found[:MAX_SHOWN] + "…"
    raise invalid(f"$.{name}", f"expected {EXPECTED[name]}; got {shown}{_hint(found) if name == 'eventType' else ''}")


def _hint(found: str) -> str:
    word = found.strip('" ').lower().replace(" ", "_").replace("-", "_")
    near = get_close_matches(word[:MAX_SHOWN], EVENT_TRAITS, 1)
    return f". Did you mean {near[0]}?" if near else ""


def prepare_decoded(event: EventIn, source: Source) -> Event:
    trimmed = _trim(event)
    if event.product_id is None and event.event_type != "search":
        raise invalid(
            "$.productId", f"expected for {event.event_type}, got none. Only search events go without a product"
        )
    given_ms = None if event.timestamp is None else milliseconds_of(event.timestamp, "$.timestamp")
    timestamp_ms = source.now_ms if given_ms is None else corrected_ms(given_ms, source.sent_ms, source.now_ms)
    check_not_ahead(timestamp_ms, source.now_ms)
    metadata, known = (None, NOTHING_KNOWN) if event.metadata is UNSET else _checked_metadata(bytes(event.metadata))
    if given_ms is not None and given_ms != timestamp_ms:
        metadata = _with_client_timestamp(metadata, given_ms)
    day = source.today
    identity, name = _identity(event, known, source, given_ms, timestamp_ms)
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
        _revenue_cents(event, known, source.currency),
        day.date if day.start_ms <= timestamp_ms < day.end_ms else "",
        source.live,
        source.single,
        given_ms,
        trimmed,
        known.bot is True,
    )


def _trim(event: EventIn) -> tuple[str, ...]:
    """Cut blanks off the ends of ids; of which."""
    user_id = event.user_id.strip()
    product_id = None if event.product_id is None else event.product_id.strip()
    session_id = None if event.session_id is None else event.session_id.strip()
    if (user_id, product_id, session_id) == (event.user_id, event.product_id, event.session_id):
        return ()
    cut = {"userId": user_id, "productId": product_id, "sessionId": session_id}
    for name, value in cut.items():
        if value == "":
            raise invalid(f"$.{name}", "expected 1 to 128 characters, got only blanks")
    came = (event.user_id, event.product_id, event.session_id)
    event.user_id, event.product_id, event.session_id = user_id, product_id, session_id
    return tuple(name for (name, value), before in zip(cut.items(), came, strict=True) if value != before)


def _identity(
    event: EventIn, known: KnownMetadata, source: Source, given_ms: int | None, timestamp_ms: int
) -> tuple[UUID, str | None]:
    """(the event's id, the name that it is stored under). Whatever may come again in a later month has a name."""
    tenant, product_id = source.tenant_bytes, event.product_id or ""
    if event.event_id is not None:
        return named_id(tenant, event.event_id), event.event_id
    if known.order_id and EVENT_TRAITS[event.event_type].revenue:
        identity = order_line_id(tenant, event.event_type, known.order_id, product_id, _line(known))
    elif given_ms is None and not source.live:
        identity = untimed_id(tenant, event.user_id, event.event_type, product_id)
    else:
        identity = natural_id(
            tenant, event.user_id, event.event_type, product_id, timestamp_ms if given_ms is None else given_ms
        )
        if given_ms is None or given_ms == timestamp_ms:
            return identity, None
    return identity, str(identity)


def _line(known: KnownMetadata) -> tuple[str, ...]:
    """What tells an order's lines of one product apart. The arm of an experiment is no variant of the product."""
    if known.line_id:
        return (known.line_id,)
    variant = known.variant_id or (None if known.experiment_id else known.variant)
    price = "" if known.price is None else f"{known.price:.12g}"
    return variant or "", price, f"{known.quantity or 1:.0f}"


def _checked_metadata(text: bytes) -> tuple[str | None, KnownMetadata]:
    """(JSON text for jsonb, what of it means something)."""
    if text == b"null":
        return None, NOTHING_KNOWN
    _, stored = read_free(text, "$.metadata", MAX_METADATA_BYTES, MAX_METADATA_DEPTH)
    try:
        known = _known.decode(stored)
    except msgspec.ValidationError as error:
        raise _within_metadata(validation_problem(error, KnownMetadata, msgspec.json.decode(stored))) from None
    if known.price is not None and not 0 <= known.price <= MAX_PRICE:
        raise _wrong_amount("price", f"0 to {MAX_PRICE}", known.price)
    if known.quantity is not None and not (1 <= known.quantity <= MAX_QUANTITY and known.quantity.is_integer()):
        raise _wrong_amount("quantity", f"a whole number from 1 to {MAX_QUANTITY}", known.quantity)
    return stored.decode(), known


def _wrong_amount(name: str, expected: str, amount: float) -> Problem:
    hint = f". What comes back is an event of type return, with a positive {name}" if amount < 0 else ""
    return invalid(f"$.metadata.{name}", f"expected {expected}, got {amount:.12g}{hint}")


def _within_metadata(problem: Problem) -> Problem:
    inner = problem.errors[0]
    return invalid("$.metadata" + inner.path.removeprefix("$"), inner.message)


def _with_client_timestamp(metadata: str | None, given_ms: int) -> str:
    members = (metadata or "{}").removesuffix("}")
    return f'{members}{"" if members == "{" else ","}"{CLIENT_TIMESTAMP}":{given_ms}}}'


def _revenue_cents(event: EventIn, known: KnownMetadata, currency: str) -> int:
    """Of a purchase, or less than nothing of a return, in the shop's currency; else 0."""
    sign = EVENT_TRAITS[event.event_type].revenue
    if not sign or not known.price or known.currency not in (None, currency):
        return 0
    amount = Decimal(repr(known.price)) * int(known.quantity or 1) * 100
    return sign * int(amount.to_integral_value(ROUND_HALF_UP))
