"""Stretches of time of a shop: what a query asks for, its days and hours in the shop's zone, and where their figures
come from.

A day is the zone's own day, 23 to 25 hours long where clocks change. Hours are counted from the day's midnight, as the
SQL function analytics_hour counts them. Everything here is half open: from `start` up to `end`.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from recomengine.analytics.queries import Slices, Sources
from recomengine.web.problems import invalid

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""Events that are dated earlier are stored, and counted nowhere: zones had no whole minutes then."""
NO_FLOOR = EARLIEST - DAY
"""What nothing is before."""
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
DEFAULT_DAYS = 30
MAX_DAYS, MAX_DAYS_BY_HOUR = 731, 31
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_Moment = Annotated[datetime, Meta(tz=True)]
EXPECTED = "expected a day such as 2026-11-25, a time of RFC 3339 with zone, or milliseconds since 1970"


class Range(NamedTuple):
    start: datetime
    end: datetime
    zone: ZoneInfo

    @property
    def dates(self) -> list[date]:
        """Every day that the range has a part of."""
        first, last = date_of(self.start, self.zone), date_of(self.end - timedelta.resolution, self.zone)
        return [first + DAY * number for number in range((last - first).days + 1)]

    @property
    def dates_around(self) -> list[date]:
        """Those, and the days before and after them: in any other zone the range has a part of no others."""
        return [self.dates[0] - DAY, *self.dates, self.dates[-1] + DAY]

    def holds(self, day: date) -> bool:
        return self.start <= day_start(day, self.zone) and day_start(day + DAY, self.zone) <= self.end

    @property
    def before(self) -> "Range":
        """The range of the same length that ends where this one starts: as many days, if it is one of whole days."""
        first, last = self.dates[0], self.dates[-1]
        if self.holds(first) and self.holds(last):
            return Range(day_start(first - (last + DAY - first), self.zone), self.start, self.zone)
        return Range(self.start - (self.end - self.start), self.start, self.zone)


def ever(zone: ZoneInfo) -> Range:
    return Range(EARLIEST, LATEST, zone)


def date_of(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of the day: of a midnight that comes twice the first, of one that is left out the moment after
    the gap.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


def hour_start(moment: datetime, zone: ZoneInfo) -> datetime:
    midnight = day_start(date_of(moment, zone), zone)
    return midnight + (moment - midnight) // HOUR * HOUR


def first_whole_day(moment: datetime, zone: ZoneInfo) -> date:
    """The first one that begins at the moment or later."""
    day = date_of(moment, zone)
    return day if day_start(day, zone) == moment else day + DAY


def hour_end(hour: datetime, zone: ZoneInfo) -> datetime:
    """Where clocks move by half an hour, a day's last hour is cut by midnight."""
    return min(hour + HOUR, day_start(date_of(hour, zone) + DAY, zone))


def parse_range(start: str | None, end: str | None, zone: ZoneInfo, now: datetime, *, by_hour: bool) -> Range:
    """The range from `start` up to `end`, of which a day counts as a whole; the last 30 days where nothing is said.
    Raises Invalid.
    """
    today = date_of(now, zone)
    ends = day_start(today + DAY, zone) if end is None else _moment("$.to", end, zone, day_end=True)
    default = day_start(date_of(ends - timedelta.resolution, zone) - DAY * (DEFAULT_DAYS - 1), zone)
    starts = default if start is None else _moment("$.from", start, zone, day_end=False)
    if starts >= ends:
        raise invalid(
            "$.from", f"expected a time before `to`, got {starts.isoformat()} and {ends.isoformat()}. Swap them"
        )
    most = MAX_DAYS_BY_HOUR if by_hour else MAX_DAYS
    if ends - starts > DAY * most + HOUR:  # an hour more where clocks change
        raise invalid(
            "$.from",
            f"expected at most {most} days before `to`{', by the hour' if by_hour else ''}. Ask for less at a time",
        )
    return Range(starts, ends, zone)


def _moment(path: str, text: str, zone: ZoneInfo, *, day_end: bool) -> datetime:
    try:
        if _DATE.fullmatch(text):
            moment = day_start(date.fromisoformat(text) + (DAY if day_end else timedelta()), zone)
        elif text.lstrip("-").isdecimal():
            moment = datetime.fromtimestamp(int(text) / 1000, UTC)
        else:
            moment = msgspec.convert(text.replace(" ", "+"), _Moment).astimezone(
                UTC
            )  # a bare + of a URL is read as a space
    except (ValueError, OverflowError, OSError):
        raise invalid(path, f"{EXPECTED}, got {text[:40]!r}") from None
    if not EARLIEST <= moment <= LATEST:
        raise invalid(path, f"expected a time of the years 1900 to 2199, got {text[:40]!r}")
    return moment


def floor_of(archived_until: datetime | None, window_hours: int, zone: ZoneInfo) -> datetime:
    """The first hour whose figures can be computed from the events: what it may need is not archived. archived_until:
    the newest that is.
    """
    if archived_until is None or archived_until < EARLIEST:
        return NO_FLOOR
    return hour_end(hour_start(archived_until + HOUR * window_hours, zone), zone)


def sources_of(
    asked: Range, touched: Sequence[tuple[date, datetime]] | None, floor: datetime, *, by_hour: bool
) -> Sources:
    """Where the figures of a range come from. touched: days and hours that are to be computed anew; None: all are from
    `floor` on.
    """
    if touched is None:
        border = min(max(asked.start, floor), asked.end)
        archived = asked.dates_around if asked.start < border else []
        return Sources([], archived, asked.start, border, [], merged([(border, asked.end)]))
    open_hours = {hour for _, hour in touched if asked.start - HOUR < hour < asked.end}
    open_hours |= {hour for edge in (asked.start, asked.end) if floor <= (hour := hour_start(edge, asked.zone)) < edge}
    open_days = {date_of(hour, asked.zone) for hour in open_hours}
    days = [] if by_hour else [day for day in asked.dates if day not in open_days and asked.holds(day)]
    hour_days = sorted(set(asked.dates) - set(days))
    return Sources(days, hour_days, asked.start, asked.end, sorted(open_hours), slices_of_hours(open_hours, asked))


def slices_of_hours(hours: Iterable[datetime], within: Range) -> Slices:
    return merged((max(hour, within.start), min(hour_end(hour, within.zone), within.end)) for hour in sorted(hours))


def slices_of_days(days: Iterable[date], within: Range) -> Slices:
    zone = within.zone
    return merged(
        (max(day_start(day, zone), within.start), min(day_start(day + DAY, zone), within.end)) for day in sorted(days)
    )


def merged(stretches: Iterable[tuple[datetime, datetime]]) -> Slices:
    """Stretches in order of time, those that meet as one."""
    slices = Slices([], [])
    for start, end in stretches:
        if slices.ends and slices.ends[-1] == start:
            slices.ends[-1] = end
        elif start < end:
            slices.starts.append(start)
            slices.ends.append(end)
    return slices
