"""Blocks of days: of each stretch of 64 days, which begins where a day's number is a multiple of 64, the sums over its
first 1, 2, …, 64 days are kept. A run of days within a stretch is the difference of two of them.
"""

from collections.abc import Iterable
from datetime import date

from recomengine.analytics.products.queries import Blocks, Hours, ProductSources
from recomengine.analytics.ranges import (
    DAY,
    HOUR,
    Range,
    date_of,
    hour_start,
    merged,
    slices_of_days,
    slices_of_hours,
)
from recomengine.analytics.service import Settled

STRETCH = 64


def product_sources_of(asked: Range, settled: Settled) -> ProductSources:
    """Where the products' figures of a range come from."""
    kept = _days_kept(asked, settled)
    blocks, less, days = made_of(kept, settled.kept.blocks_through or date.min)
    rest = sorted(set(asked.dates) - kept)
    by_hour = [day for day in rest if settled.has_hours(day)]
    touched = [(day, hour) for day, hour in settled.touched or () if asked.start - HOUR < hour < asked.end]
    outdated = Hours.of((day, hour) for day, hour in touched if day in kept and not settled.is_final(day, asked.zone))
    open_hours = {hour for day, hour in touched if day in by_hour}
    for edge in (asked.start, asked.end):
        hour = hour_start(edge, asked.zone)
        if settled.floor <= hour < edge and date_of(hour, asked.zone) in by_hour:
            open_hours.add(hour)
    whole_days = slices_of_days(set(rest) - set(by_hour), asked._replace(start=max(asked.start, settled.floor)))
    of_hours = slices_of_hours([*open_hours, *outdated.starts], asked)
    slices = merged(sorted((*zip(*whole_days, strict=True), *zip(*of_hours, strict=True))))
    return ProductSources(blocks, less, days, by_hour, asked.start, asked.end, sorted(open_hours), outdated, slices)


def _days_kept(asked: Range, settled: Settled) -> set[date]:
    """Those that the range has as a whole, and of which the tables hold what is to be said, or nearly."""
    days = [day for day in asked.dates if day <= settled.kept.products_through and asked.holds(day)]
    open_days = {day for day, _ in settled.touched or ()}
    return {
        day for day in days
        if settled.is_final(day, asked.zone)
        or (settled.touched is not None and (day not in open_days or settled.has_hours(day)))
    }  # fmt: skip


def made_of(days: Iterable[date], through: date) -> tuple[Blocks, Blocks, list[date]]:
    """Blocks that end by `through`, blocks to be taken from them, and days to be added, which together make `days`."""
    blocks, less, left = Blocks([], []), Blocks([], []), list[date]()
    for run in _runs(days, through):
        start = stretch_of(run[0])
        if run[-1] > through or len(run) <= 1 + (run[0] > start):  # as many days are cheaper
            left += run
            continue
        blocks.add(start, (run[-1] - start).days + 1)
        if run[0] > start:
            less.add(start, (run[0] - start).days)
    return blocks, less, left


def _runs(days: Iterable[date], through: date) -> list[list[date]]:
    """Of days that follow each other, within one stretch, all of them up to `through` or after it."""
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - DAY and day != stretch_of(day) and day != through + DAY:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def stretch_of(day: date) -> date:
    """The first day of its stretch."""
    return day - DAY * (day.toordinal() % STRETCH)


def around(days: Iterable[date], through: date) -> Blocks:
    """All blocks that hold one of `days` and end by `through`."""
    first_of: dict[date, date] = {}
    for day in sorted(days):
        first_of.setdefault(stretch_of(day), day)
    blocks = Blocks([], [])
    for start, first in first_of.items():
        for number in range((first - start).days, STRETCH):
            if start + DAY * number <= through:
                blocks.add(start, number + 1)
    return blocks
