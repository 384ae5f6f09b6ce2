"""What is asked of a shopper's data, and what is answered."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from recomengine.events.places import PlaceCursor
from recomengine.events.schemas import Moment, RecordedEvent
from recomengine.robots.schemas import Robot, RobotStatus
from recomengine.web.fields import PLAIN, Id
from recomengine.web.operations import Cursor
from recomengine.web.paging import Limit


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


class Export(msgspec.Struct, rename="camel"):
    """archived_months: as 2026-01; those of which the tenant has events in the archive, the shopper's perhaps among
    them, and not here.
    """

    user_id: str
    aliases: list[str]
    properties: Properties
    events: list[RecordedEvent]
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
    cursor: PlaceCursor | None = None


class ShopperSearch(msgspec.Struct, rename="camel", frozen=True, forbid_unknown_fields=True):
    """starts_with: how the id begins; without it, who was seen last."""

    starts_with: Id | None = None
    limit: Limit = 50


class SeenShopper(msgspec.Struct, rename="camel"):
    """joined_with: the user whose this id is as well. robot: what is said of it among the robots."""

    user_id: str
    last_seen_at: Moment
    joined_with: str | None
    robot: RobotStatus | None


class Shopper(msgspec.Struct, rename="camel"):
    """events: how many there are by type, under all of the ids. robots: of those of the ids that are, were or may be
    one."""

    user_id: str
    aliases: list[str]
    properties: Properties
    events: dict[str, int]
    first_seen_at: Moment | None
    last_seen_at: Moment | None
    robots: list[Robot]
    archived_months: list[str]
