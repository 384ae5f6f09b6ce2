"""Times as files have them: RFC 3339, databases' and spreadsheets' ways, numbers since 1970.

Which of day and month comes first in 12/1/2010 is told by any other time of the column that has a number above 12
there; where none does, the time is refused. A point between them (01.12.2010) always has the day first.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal, NamedTuple

from recomengine.files.cells import Refused, shown

Order = Literal["day", "month"]
"""Which of them comes first."""
MAX_CHARS = 60
MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
)}  # fmt: skip
CENTURY = 2000
"""Of years of two digits."""
MAX_OFFSET = timedelta(hours=24)
REMEDY = "Write it as 2024-01-31T10:00:00Z"

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_NUMBER = re.compile(r"(-?[0-9]{1,20})(?:\.0*)?")
_DAY = re.compile(r"(?P<year>(?:19|20)[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})")
_CLOCK = (
    r"(?:[T ]+(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r" ?(?P<half>[AaPp]\.?[Mm]\.?)? ?(?P<zone>[A-Za-z]{1,5}|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_YEAR_FIRST = re.compile(r"(?P<year>[0-9]{4})[-/.](?P<month>[0-9]{1,2})[-/.](?P<day>[0-9]{1,2})" + _CLOCK)
_YEAR_LAST = re.compile(
    r"(?P<one>[0-9]{1,2})(?P<between>[-/.])(?P<two>[0-9]{1,2})(?P=between)(?P<year>[0-9]{4}|[0-9]{2}),?" + _CLOCK
)
_NAMED = re.compile(
    r"(?:[A-Za-z]{3,9}, ?)?"
    r"(?:(?P<day>[0-9]{1,2})[ -](?P<name>[A-Za-z]{3})[a-z]*|(?P<name2>[A-Za-z]{3})[a-z]* (?P<day2>[0-9]{1,2}))"
    r",?[ -](?P<year>[0-9]{4}),?" + _CLOCK
)


class Time(NamedTuple):
    value: int | str
    """Milliseconds since 1970, or RFC 3339."""
    zoned: bool = True
    """Whether the cell said its zone; else it was taken in UTC."""


def day_or_month(cells: Iterable[str]) -> Order | None:
    """Which comes first in cells of one column, as those tell that are clear; None where none do, or they differ."""
    orders = {order for cell in cells if (order := _order_of(cell)) is not None}
    return orders.pop() if len(orders) == 1 else None


def read_time(cell: str, order: Order | None = None) -> Time:
    """`order` as `day_or_month` found it. Raises Refused."""
    if len(cell) == 13 and cell.isdecimal():
        return Time(int(cell))
    if _RFC3339.fullmatch(cell):
        return Time(cell)
    if len(cell) > MAX_CHARS:
        raise Refused(f"expected a time, got {shown(cell)}. {REMEDY}")
    if (number := _NUMBER.fullmatch(cell)) is not None and not _DAY.fullmatch(cell):
        return Time(_milliseconds(int(number[1])))
    if (found := _DAY.fullmatch(cell) or _YEAR_FIRST.fullmatch(cell)) is not None:
        return _time(found, int(found["year"]), int(found["month"]), int(found["day"]))
    if (found := _YEAR_LAST.fullmatch(cell)) is not None:
        day, month = _day_and_month(found, order)
        return _time(found, _full_year(found["year"]), month, day)
    found = _NAMED.fullmatch(cell)
    month = 0 if found is None else MONTHS.get((found["name"] or found["name2"]).lower(), 0)
    if found is None or not month:
        raise Refused(f"expected a time, got {shown(cell)}. {REMEDY}")
    return _time(found, int(found["year"]), month, int(found["day"] or found["day2"]))


def _milliseconds(number: int) -> int:
    """Of a number that can only be micro- or nanoseconds, as it would lie beyond the year 9999 else."""
    digits = len(str(abs(number)))
    return number // 1000 if digits == 16 else number // 1_000_000 if digits == 19 else number


def _day_and_month(found: re.Match[str], order: Order | None) -> tuple[int, int]:
    one, two = int(found["one"]), int(found["two"])
    order = _order(found) or order
    if order is None:
        raise Refused(
            f"{shown(found.string)} may have the day or the month first, and no other time of the file tells. {REMEDY}"
        )
    return (one, two) if order == "day" else (two, one)


def _order_of(cell: str) -> Order | None:
    found = _YEAR_LAST.fullmatch(cell) if len(cell) <= MAX_CHARS else None
    return None if found is None else _order(found)


def _order(found: re.Match[str]) -> Order | None:
    one, two = int(found["one"]), int(found["two"])
    if found["between"] == "." or one > 12:
        return "day"
    return "month" if two > 12 else "day" if one == two else None


def _full_year(year: str) -> int:
    return int(year) if len(year) == 4 else CENTURY + int(year)


def _time(found: re.Match[str], year: int, month: int, day: int) -> Time:
    clock = found.groupdict()
    zone = _zone(clock.get("zone"), found.string)
    fraction = (clock.get("fraction") or "")[:3].ljust(3, "0")
    try:
        time = datetime(
            year, month, day, _hour(clock), int(clock.get("minute") or 0), int(clock.get("second") or 0),
            int(fraction) * 1000, tzinfo=zone or UTC,
        )  # fmt: skip
        return Time(time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"), zone is not None)
    except (ValueError, OverflowError):
        raise Refused(f"there is no such time as {shown(found.string)}. {REMEDY}") from None


def _hour(clock: dict[str, str | None]) -> int:
    hour = int(clock.get("hour") or 0)
    half = clock.get("half")
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError("an hour of twelve")
    return hour % 12 + (12 if half[0] in "Pp" else 0)


def _zone(zone: str | None, cell: str) -> timezone | None:
    if zone is None:
        return None
    if zone.upper() in ("Z", "UTC", "GMT"):
        return UTC
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])) if zone[0] in "+-" else MAX_OFFSET
    if offset >= MAX_OFFSET:
        raise Refused(f"expected a zone such as +01:00, got {shown(cell)}. {REMEDY}")
    return timezone(-offset if zone[0] == "-" else offset)
