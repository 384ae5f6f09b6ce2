"""Places in a list of events, which stand in order of a moment and, within it, of their ids; a cursor names one."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, NamedTuple
from uuid import UUID

from msgspec import Meta

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
FIRST_US = (datetime(1, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND
PlaceCursor = Annotated[
    str,
    Meta(pattern=r"^-?[0-9]{1,17}_[0-9a-f]{32}$(?!\n)", extra={"expected": "meta.nextCursor of the page before"}),
]


class Place(NamedTuple):
    """Of the last event of a page: the moment that the list is ordered by, and the event's id."""

    at: datetime
    id: UUID


FROM_THE_START = Place(datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))
FROM_THE_END = Place(datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))


def cursor_at(place: Place) -> str:
    return f"{(place.at - EPOCH) // MICROSECOND}_{place.id.hex}"


def place_of(cursor: str) -> Place:
    microseconds, _, identity = cursor.partition("_")
    return Place(EPOCH + max(FIRST_US, int(microseconds)) * MICROSECOND, UUID(identity))
