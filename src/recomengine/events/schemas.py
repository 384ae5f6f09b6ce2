"""An event as it arrives, and as it is stored."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from recomengine.files.plan import Columns
from recomengine.shop import MAX_PRICE, Currency, EventType
from recomengine.web.fields import PLAIN, Id
from recomengine.web.ndjson import LineError
from recomengine.web.problems import Rejection

Text = Annotated[str, Meta(max_length=500, extra_json_schema={"pattern": PLAIN})]
MAX_BATCH = 1000
MAX_METADATA_BYTES = 8 * 1024
MAX_METADATA_DEPTH = 32
MAX_AHEAD_MS = 5 * 60 * 1000
MIN_TIMESTAMP_MS, MAX_TIMESTAMP_MS = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999, which RFC 3339 can write."""


class KnownMetadata(msgspec.Struct, rename="camel", gc=False):
    """The fields of metadata that mean something to us; the others are the client's own."""

    price: Annotated[float, Meta(extra_json_schema={"minimum": 0, "maximum": float(MAX_PRICE)})] | None = None
    """A number and no text; exact to 2 places as its shortest decimal form is."""
    currency: Currency | None = None
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    order_id: Text | None = None
    placement_id: Text | None = None
    strategy: Text | None = None
    recommendation_id: Text | None = None
    experiment_id: Text | None = None
    variant: Text | None = None
    query: Text | None = None


Milliseconds = Annotated[int, Meta(extra_json_schema={"minimum": MIN_TIMESTAMP_MS, "maximum": MAX_TIMESTAMP_MS})]
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
    timestamp: Milliseconds | Annotated[datetime, Meta(tz=True)] | None = None
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
    metadata: str | None
    timestamp_ms: int
    revenue_cents: int = 0
    """Of a purchase in the tenant's currency."""
    today: str = ""
    """The tenant's day, where it happened on the day it arrived; else empty."""
    live: bool = False
    """Whether it was sent as it happened (not imported), whatever its timestamp."""
    single: bool = False
    """Whether it came alone, and its identity is remembered in Redis."""

    @property
    def shown_id(self) -> str:
        return self.client_event_id or str(self.id)


class EventBatch(msgspec.Struct, forbid_unknown_fields=True):
    events: Annotated[
        list[msgspec.Raw],
        Meta(min_length=1, max_length=MAX_BATCH, extra_json_schema={"items": {"$ref": "#/components/schemas/EventIn"}}),
    ]
    key: str | None = None


class EventResult(msgspec.Struct, rename="camel", omit_defaults=True):
    index: int
    status: Literal["accepted", "duplicate", "rejected"]
    event_id: str | None = None
    error: Rejection | None = None


class Stored(msgspec.Struct, rename="camel"):
    event_id: str
    status: Literal["accepted", "duplicate"]


class EventBatchResult(msgspec.Struct):
    accepted: int
    duplicates: int
    rejected: int
    results: list[EventResult]


class EventImportResult(msgspec.Struct):
    """errors: of the first lines that were rejected. columns: what became of those of a table. reading: what is to be
    said of the file as a whole.
    """

    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    errors: list[LineError] = []
    columns: Columns | UnsetType = UNSET
    reading: list[str] | UnsetType = UNSET
