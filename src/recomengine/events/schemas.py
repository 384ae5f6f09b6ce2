"""An event as it arrives, and as it is stored."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from recomengine.events.places import PlaceCursor
from recomengine.files.plan import Columns
from recomengine.shop import MAX_PRICE, Currency, EventType
from recomengine.web.fields import PLAIN, Id
from recomengine.web.ndjson import LineError
from recomengine.web.paging import Limit
from recomengine.web.problems import Rejection

Text = Annotated[str, Meta(max_length=500, extra_json_schema={"pattern": PLAIN})]
MAX_BATCH = 1000
MAX_METADATA_BYTES = 8 * 1024
MAX_METADATA_DEPTH = 32
MIN_TIMESTAMP_MS, MAX_TIMESTAMP_MS = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999, which RFC 3339 can write."""
MIN_MILLISECONDS = 100_000_000_000
"""A smaller number looks like seconds: in milliseconds it would lie before March 1973."""
MAX_QUANTITY = 1_000_000
CLIENT_TIMESTAMP = "$clientTimestamp"
"""The member of metadata that keeps the time by the client's clock in milliseconds, where the server's corrected it."""


class KnownMetadata(msgspec.Struct, rename="camel", gc=False):
    """The fields of metadata that mean something to us; the others are the client's own."""

    price: Annotated[float, Meta(extra_json_schema={"minimum": 0, "maximum": float(MAX_PRICE)})] | None = None
    """A number and no text; exact to 2 places as its shortest decimal form is."""
    currency: Currency | None = None
    quantity: (
        Annotated[float, Meta(extra_json_schema={"minimum": 1, "maximum": MAX_QUANTITY, "multipleOf": 1})] | None
    ) = None
    """Whole, and may be written 4.0; checked by hand, for the sake of the message."""
    order_id: Text | None = None
    line_id: Text | None = None
    """Tells the lines of an order apart, as the shop names them."""
    variant_id: Text | None = None
    """Of the product: its size, its colour."""
    placement_id: Text | None = None
    strategy: Text | None = None
    recommendation_id: Text | None = None
    experiment_id: Text | None = None
    variant: Text | None = None
    """Of an experiment where there is one, else of the product."""
    query: Text | None = None
    bot: bool | None = None


Milliseconds = Annotated[int, Meta(extra_json_schema={"minimum": MIN_MILLISECONDS, "maximum": MAX_TIMESTAMP_MS})]
Timestamp = Milliseconds | Annotated[datetime, Meta(tz=True)]
Metadata = Annotated[
    msgspec.Raw,
    Meta(
        extra_json_schema={
            "anyOf": [msgspec.json.schema_components([KnownMetadata])[1]["KnownMetadata"], {"type": "null"}]
        }
    ),
]


class EventIn(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    event_type: EventType
    user_id: Id
    product_id: Id | None = None
    session_id: Id | None = None
    timestamp: Timestamp | None = None
    event_id: Id | None = None
    metadata: Metadata | UnsetType = UNSET
    key: str | None = None
    """A publish key, for browsers."""


class Event(msgspec.Struct, gc=False):
    """One row, ready to be stored."""

    id: UUID
    tenant_id: UUID
    event_type: EventType
    user_id: str
    product_id: str | None
    session_id: str | None
    client_event_id: str | None
    """Its client's name of it. Where there is none, but the identity says nothing of when it came, the identity: an
    event with a name is looked for in every month."""
    metadata: str | None
    timestamp_ms: int
    revenue_cents: int = 0
    """Of a purchase in the tenant's currency; what a return gives back is less than nothing."""
    today: str = ""
    """The tenant's day, where it happened on the day it arrived; else empty."""
    live: bool = False
    """Whether it was sent as it happened (not imported), whatever its timestamp."""
    single: bool = False
    """Whether it came alone, and its identity is remembered in Redis."""
    given_ms: int | None = None
    """The time that the client gave it, by the client's clock."""
    trimmed: tuple[str, ...] = ()
    """The ids that came with blanks around them."""
    bot: bool = False
    """Whether its client says that no shopper did it: it is stored, and tells nobody anything."""

    @property
    def shown_id(self) -> str:
        return self.client_event_id or str(self.id)

    @property
    def is_named(self) -> bool:
        """By its client."""
        return self.client_event_id is not None and self.client_event_id != str(self.id)


Moment = Annotated[datetime, Meta(tz=True)]


class RecordedEvent(msgspec.Struct, rename="camel"):
    """As it is given out. user_id: the one of the shopper's ids that it came with."""

    event_id: str
    event_type: str
    product_id: str | None
    timestamp: Moment
    metadata: Any
    session_id: str | None
    user_id: str
    received_at: Moment


class ListedEvent(RecordedEvent, kw_only=True):
    """id: what tells it from all others. product_name: as the catalog has it now."""

    id: UUID
    product_name: str | None = None


def recorded(row: Any) -> RecordedEvent:
    return RecordedEvent(*_columns(row))


def listed(row: Any, product_name: str | None) -> ListedEvent:
    return ListedEvent(*_columns(row), id=row["id"], product_name=product_name)


def _columns(row: Any) -> tuple[Any, ...]:
    return (
        row["client_event_id"] or str(row["id"]), row["event_type"], row["product_id"], row["timestamp"],
        row["metadata"], row["session_id"], row["user_id"], row["created_at"],
    )  # fmt: skip


class EventSearch(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    """The query of a tenant's events. after: when the newest one was received that is known already."""

    user_id: Id | None = None
    product_id: Id | None = None
    event_type: EventType | None = None
    placement_id: Id | None = None
    after: Moment | None = None
    limit: Limit = 50
    cursor: PlaceCursor | None = None


class SdkClient(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The program that sends, and how often which of its own errors came up since it last said so."""

    name: Annotated[str, Meta(min_length=1, max_length=32)]
    version: Annotated[str, Meta(min_length=1, max_length=32)]
    errors: Annotated[
        dict[Annotated[str, Meta(min_length=1, max_length=64)], Annotated[int, Meta(ge=1, le=1_000_000)]],
        Meta(max_length=20),
    ] = {}


class EventBatch(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    events: Annotated[
        list[msgspec.Raw],
        Meta(min_length=1, max_length=MAX_BATCH, extra_json_schema={"items": {"$ref": "#/components/schemas/EventIn"}}),
    ]
    sent_at: Timestamp | None = None
    """When the client sends it, by the clock that gave the events their times."""
    key: str | None = None
    client: SdkClient | None = None


class EventResult(msgspec.Struct, rename="camel", omit_defaults=True):
    index: int
    status: Literal["accepted", "duplicate", "rejected"]
    event_id: str | None = None
    error: Rejection | None = None
    differs: Sequence[str] = ()
    trimmed: Sequence[str] = ()


class Stored(msgspec.Struct, rename="camel"):
    """differs: what a duplicate says otherwise than the stored event; trimmed: ids that came with outer blanks."""

    event_id: str
    status: Literal["accepted", "duplicate"]
    differs: Sequence[str] | UnsetType = UNSET
    trimmed: Sequence[str] | UnsetType = UNSET


class EventBatchResult(msgspec.Struct):
    accepted: int
    duplicates: int
    rejected: int
    results: list[EventResult]


class EventImportResult(msgspec.Struct):
    """errors: of the first lines that were rejected. differing: duplicates that say something else than what is stored;
    trimmed: lines with blanks around their ids; notes: of the first lines of both. columns: what became of those of a
    table. reading: what is to be said of the file as a whole.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    errors: list[LineError] = []
    differing: int | UnsetType = UNSET
    trimmed: int | UnsetType = UNSET
    notes: list[LineError] | UnsetType = UNSET
    columns: Columns | UnsetType = UNSET
    reading: list[str] | UnsetType = UNSET
