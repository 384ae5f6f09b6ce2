"""Times as databases, spreadsheets and programs write them."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.files.cells import Refused
from recomengine.files.times import Order, day_or_month, read_time

NOON = "2021-03-04T12:00:00.000Z"


@pytest.mark.parametrize(
    ("cell", "zoned"),
    [
        ("2021-03-04 12:00:00", False), ("2021-03-04 12:00", False), ("2021/3/4 12:00", False),
        ("04.03.2021 12:00", False), ("4.3.21 12:00", False), ("4 Mar 2021 12:00", False),
        ("March 4, 2021 12:00 PM", False), ("04-Mar-2021 12:00:00", False), ("2021-03-04T12:00", False),
        ("2021-03-04 12:00:00 UTC", True), ("2021-03-04 07:00:00 -0500", True), ("2021-03-04 13:00+01:00", True),
        ("Thu, 04 Mar 2021 12:00:00 GMT", True), ("2021-03-04 12:00:00,000Z", True),
    ],
)  # fmt: skip
def test_a_time_is_read_whoever_wrote_it(cell: str, zoned: bool) -> None:
    assert read_time(cell) == (NOON, zoned)


@pytest.mark.parametrize("cell", ["2021-03-04T12:00:00Z", "2021-03-04T13:00:00.123456+01:00", "2021-03-04 12:00:00Z"])
def test_rfc_3339_is_left_as_it_is(cell: str) -> None:
    assert read_time(cell) == (cell, True)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1614859200000", 1614859200000), ("1614859200000.0", 1614859200000), ("-5", -5),
        ("1614859200", 1614859200), ("1614859200000123", 1614859200000), ("1614859200000123456", 1614859200000),
    ],
)  # fmt: skip
def test_numbers_are_milliseconds_unless_they_can_only_be_finer(cell: str, number: int) -> None:
    assert read_time(cell) == (number, True)


@pytest.mark.parametrize("cell", ["20210304", "2021-03-04", "4 Mar 2021"])
def test_a_day_is_its_midnight(cell: str) -> None:
    assert read_time(cell) == ("2021-03-04T00:00:00.000Z", False)


@pytest.mark.parametrize(
    ("others", "order"),
    [(["25/3/2021 9:00"], "day"), (["3/25/2021 9:00"], "month"), (["3/4/2021"], None), (["25/3/21", "3/25/21"], None)],
)
def test_a_columns_other_times_tell_whether_the_day_comes_first(others: list[str], order: Order | None) -> None:
    assert day_or_month(["4/3/2021", *others]) == order


def test_day_and_month_change_places_by_what_the_column_tells() -> None:
    assert read_time("4/3/2021 12:00", "day").value == NOON
    assert read_time("3/4/2021 12:00 pm", "month").value == NOON
    with pytest.raises(Refused, match="may have the day or the month first"):
        read_time("3/4/2021 12:00")


@pytest.mark.parametrize(
    "cell", ["yesterday", "", "2021-13-04", "31.02.2021", "44259.5", "2021-03-04 25:00", "2021-03-04 12:00 CET",
             "4/3/2021 13:00 PM", "12:00", "9" * 500, "2021-03-04 12:00 +99:00"],
)  # fmt: skip
def test_what_is_no_time_is_refused_with_the_remedy(cell: str) -> None:
    with pytest.raises(Refused, match="Write it as 2024-01-31T10:00:00Z"):
        read_time(cell, "day")


@given(st.datetimes(datetime(1990, 1, 1), datetime(2068, 1, 1)))
def test_every_moment_is_read_back_from_a_spreadsheet(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    value = read_time(f"{moment:%d.%m.%Y %H:%M:%S}").value
    assert isinstance(value, str)
    assert datetime.fromisoformat(value).replace(tzinfo=None) - moment == timedelta()


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(cell: str) -> None:
    with suppress(Refused):
        assert read_time(cell, "month").value != ""
