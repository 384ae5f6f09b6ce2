"""Ranges: what a query may ask for, the days and hours of a zone, and where figures come from."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from recomengine.analytics.queries import Slices, Sources
from recomengine.analytics.ranges import (
    HOUR,
    NO_FLOOR,
    Range,
    day_start,
    first_whole_day,
    floor_of,
    hour_end,
    parse_range,
    sources_of,
)
from recomengine.web.problems import Invalid

UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_the_last_thirty_days_of_the_shop_are_meant_where_nothing_is_said() -> None:
    asked = parse_range(None, None, BERLIN, NOW, by_hour=False)
    assert (asked.start, asked.end) == (at("2026-10-28T00:00:00+01:00"), at("2026-11-27T00:00:00+01:00"))
    assert len(asked.dates) == 30
    assert len(parse_range(None, "2026-01-31", BERLIN, NOW, by_hour=False).dates) == 30


@pytest.mark.parametrize(
    ("start", "end", "starts", "ends"),
    [
        ("2026-11-01", "2026-11-02", "2026-11-01T00:00:00+01:00", "2026-11-03T00:00:00+01:00"),
        ("2026-11-01T10:00:00Z", "2026-11-01T11:30:00+01:00", "2026-11-01T10:00:00Z", "2026-11-01T10:30:00Z"),
        ("2026-11-01T10:00:00 01:00", "1793538000000", "2026-11-01T10:00:00+01:00", "2026-11-01T13:00:00+00:00"),
    ],
)
def test_days_and_moments_are_taken(start: str, end: str, starts: str, ends: str) -> None:
    asked = parse_range(start, end, BERLIN, NOW, by_hour=False)
    assert (asked.start, asked.end) == (at(starts), at(ends))


@pytest.mark.parametrize(
    "wrong", ["", "yesterday", "2026-13-01", "2026-11-01T10:00:00", "1899-01-01", "9999-12-31", "9" * 30, "1e3", "-"]
)
def test_what_is_no_time_is_refused_with_its_name(wrong: str) -> None:
    for start, end, path in ((wrong, None, "$.from"), (None, wrong, "$.to")):
        with pytest.raises(Invalid) as refused:
            parse_range(start, end, UTC_ZONE, NOW, by_hour=False)
        assert refused.value.errors[0].path == path


@pytest.mark.parametrize(
    ("start", "end"), [("2026-11-02", "2026-11-01"), ("2026-11-01T10:00:00Z", "2026-11-01T11:00:00+01:00")]
)
def test_an_end_before_the_start_is_refused(start: str, end: str) -> None:
    with pytest.raises(Invalid, match="Swap them"):
        parse_range(start, end, BERLIN, NOW, by_hour=False)


def test_long_ranges_are_refused() -> None:
    assert len(parse_range("2024-01-01", "2025-12-31", BERLIN, NOW, by_hour=False).dates) == 731
    assert (
        len(parse_range("2026-10-01", "2026-10-31", BERLIN, NOW, by_hour=True).dates) == 31
    )  # an hour longer than 31 × 24
    for start, end, by_hour in (("2024-01-01", "2026-01-01", False), ("2026-10-01", "2026-11-01", True)):
        with pytest.raises(Invalid, match="Ask for less"):
            parse_range(start, end, BERLIN, NOW, by_hour=by_hour)


def test_what_came_before_whole_days_is_as_many_days() -> None:
    asked = parse_range("2026-10-25", "2026-10-25", BERLIN, NOW, by_hour=False)  # 25 hours long
    assert (asked.before.start, asked.before.end) == (at("2026-10-24T00:00:00+02:00"), asked.start)
    part = Range(at("2026-11-25T06:00:00Z"), at("2026-11-25T09:00:00Z"), UTC_ZONE)
    assert part.before.start == at("2026-11-25T03:00:00Z")


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", 23),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", 25),
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z", 23),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", 25),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", 24.5),
        ("Asia/Kathmandu", "2026-11-20", "2026-11-19T18:15:00Z", 24),
    ],
)
def test_a_day_is_the_zones_own(zone: str, day: str, start: str, hours: float) -> None:
    place, of = ZoneInfo(zone), date.fromisoformat(day)
    assert day_start(of, place) == at(start)
    assert day_start(of + timedelta(days=1), place) - day_start(of, place) == hours * HOUR


def test_a_days_last_hour_ends_at_midnight() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    midnight = day_start(date(2026, 4, 6), lord_howe)
    assert hour_end(day_start(date(2026, 4, 5), lord_howe) + 24 * HOUR, lord_howe) == midnight


def test_whole_days_come_from_days_cut_ones_from_hours_and_only_the_rest_from_events() -> None:
    start, end = at("2026-11-01T22:30:00Z"), at("2026-11-04T01:00:00Z")
    touched = at("2026-11-03T05:00:00Z")
    sources = sources_of(Range(start, end, UTC_ZONE), [(touched.date(), touched)], NO_FLOOR, by_hour=False)
    assert sources == Sources(
        [date(2026, 11, 2)], [date(2026, 11, 1), date(2026, 11, 3), date(2026, 11, 4)], start, end,
        [at("2026-11-01T22:00:00Z"), touched],
        Slices([start, touched], [at("2026-11-01T23:00:00Z"), touched + HOUR]),
    )  # fmt: skip


def test_hours_that_meet_are_read_at_once_and_those_outside_not_at_all() -> None:
    asked = Range(at("2026-11-01T00:00:00Z"), at("2026-11-02T00:00:00Z"), UTC_ZONE)
    hours = [at(f"2026-11-01T0{hour}:00:00Z") for hour in (3, 2, 7)] + [
        at("2026-11-02T00:00:00Z"),
        at("2026-10-31T23:00:00Z"),
    ]
    assert sources_of(asked, [(hour.date(), hour) for hour in hours], NO_FLOOR, by_hour=True).slices == Slices(
        [at("2026-11-01T02:00:00Z"), at("2026-11-01T07:00:00Z")],
        [at("2026-11-01T04:00:00Z"), at("2026-11-01T08:00:00Z")],
    )


def test_all_comes_from_events_where_nothing_is_settled() -> None:
    asked = Range(at("2026-11-01T00:00:00Z"), at("2026-11-02T00:00:00Z"), UTC_ZONE)
    assert sources_of(asked, None, NO_FLOOR, by_hour=False) == Sources(
        [], [], asked.start, asked.start, [], Slices([asked.start], [asked.end])
    )


def test_what_is_before_the_floor_comes_from_hours_even_where_nothing_is_settled() -> None:
    asked = Range(at("2026-11-01T00:00:00Z"), at("2026-11-02T00:00:00Z"), UTC_ZONE)
    floor = at("2026-11-01T05:00:00Z")
    days = [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)]
    assert sources_of(asked, None, floor, by_hour=False) == Sources(
        [], days, asked.start, floor, [], Slices([floor], [asked.end])
    )
    assert sources_of(asked, None, asked.end + HOUR, by_hour=False) == Sources(
        [], days, asked.start, asked.end, [], Slices([], [])
    )
    cut = Range(asked.start + HOUR / 2, asked.end - HOUR / 2, UTC_ZONE)
    assert sources_of(cut, [], floor, by_hour=False).open_hours == [at("2026-11-01T23:00:00Z")], (
        "no hour before the floor can be cut"
    )


@pytest.mark.parametrize(("until", "zone", "floor"), [
    (None, "UTC", NO_FLOOR), ("0001-01-01T00:00:00Z", "UTC", NO_FLOOR),
    ("2026-11-01T00:00:00Z", "UTC", at("2026-11-02T01:00:00Z")),
    ("2026-11-01T00:59:59Z", "UTC", at("2026-11-02T01:00:00Z")),
    ("2026-11-01T00:00:00Z", "Asia/Kolkata", at("2026-11-02T00:30:00Z")),
])  # fmt: skip
def test_the_floor_is_the_first_hour_that_needs_nothing_archived(until: str | None, zone: str, floor: datetime) -> None:
    assert floor_of(until and at(until), 24, ZoneInfo(zone)) == floor


def test_a_day_is_whole_from_its_first_moment() -> None:
    assert first_whole_day(at("2026-11-01T00:00:00Z"), UTC_ZONE) == date(2026, 11, 1)
    assert first_whole_day(at("2026-11-01T00:00:01Z"), UTC_ZONE) == date(2026, 11, 2)
