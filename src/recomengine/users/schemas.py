"""What is asked of a shopper's data, and what is answered."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Meta

from recomengine.web.fields import PLAIN, Id
from recomengine.web.operations import Cursor

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
Moment = Annotated[datetime, Meta(tz=True)]


class AliasIn(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    anonymous_id: Id

    def __post_init__(self) -> None:
        self.anonymous_id = self.anonymous_id.strip()


class Person(msgspec.Struct, rename="camel"):
    """A shopper and the other ids of theirs."""

    user_id: str
    aliases: list[str]

    @property
    def ids(self) -> list[str]:
        return [self.user_id, *self.aliases]


Name = Annotated[str, Meta(min_length=1, max_length=128, pattern=PLAIN)]
Scalar = bool | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | float | Annotated[str, Meta(max_length=500,
    pattern=PLAIN)] | None  # fmt: skip
MAX_PROPERTIES = 20
Properties = Annotated[dict[Name, Scalar], Meta(max_length=MAX_PROPERTIES)]
"""What a shop says of a shopper: facts, no structures."""


class Described(msgspec.Struct, rename="camel"):
    user_id: str
    properties: Properties


class ExportedEvent(msgspec.Struct, rename="camel"):
    """user_id: the one of the shopper's ids that it came with."""

    event_id: str
    event_type: str
    product_id: str | None
    timestamp: Moment
    metadata: Any
    session_id: str | None
    user_id: str
    received_at: Moment


class Export(msgspec.Struct, rename="camel"):
    """archived_months: as 2026-01; those of which the tenant has events in the archive, the shopper's perhaps among
    them, and not here.
    """

    user_id: str
    aliases: list[str]
    properties: Properties
    events: list[ExportedEvent]
    archived_months: list[str]


class ErasedInRedis(msgspec.Struct, rename="camel"):
    """How many entries of the trails and of the feed, and how many lists."""

    recent_events: int = 0
    feed_events: int = 0
    cached_lists: int = 0


class Erased(msgspec.Struct, rename="camel"):
    """redis: None while Redis is away."""

    events: int
    aliases: int
    redis: ErasedInRedis | None


class Following(msgspec.Struct, rename="camel"):
    """What is still to be erased: where, when, and how it comes about."""

    where: str
    when: str
    how: str


class Receipt(msgspec.Struct, rename="camel"):
    receipt_id: UUID
    user_id: str
    aliases: list[str]
    erased_at: Moment
    erased: Erased
    follows: list[Following]
    kept: str


class ExportPage(msgspec.Struct):
    data: Export
    meta: Cursor


class ExportQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    cursor: (
        Annotated[
            str,
            Meta(pattern=r"^[0-9]{1,17}_[0-9a-f]{32}$(?!\n)", extra={"expected": "meta.nextCursor of the page before"}),
        ]
        | None
    ) = None


class Place(NamedTuple):
    """The last event of a page: when it was stored, and its id."""

    stored_at: datetime
    id: UUID


def as_event(row: asyncpg.Record) -> ExportedEvent:
    return ExportedEvent(
        row["client_event_id"] or str(row["id"]), row["event_type"], row["product_id"], row["timestamp"],
        row["metadata"], row["session_id"], row["user_id"], row["created_at"],
    )  # fmt: skip


def cursor_after(rows: Sequence[asyncpg.Record]) -> str:
    return f"{(rows[-1]['created_at'] - EPOCH) // MICROSECOND}_{rows[-1]['id'].hex}"


def place_of(cursor: str) -> Place:
    microseconds, _, identity = cursor.partition("_")
    return Place(EPOCH + int(microseconds) * MICROSECOND, UUID(identity))
