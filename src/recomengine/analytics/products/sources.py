"""Blocks of days: with sums over 2, 4, 8, … days kept, which begin at multiples of their length, any run of n days is
made of at most 2 log2(n) of them.
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

LENGTHS = (64, 32, 16, 8, 4, 2)


def product_sources_of(asked: Range, settled: Settled) -> ProductSources:
    """Where the products' figures of a range come from."""
    kept = _days_kept(asked, settled)
    blocks, days = made_of(kept, settled.kept.blocks_through or date.min)
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
    return ProductSources(blocks, days, by_hour, asked.start, asked.end, sorted(open_hours), outdated, slices)


def _days_kept(asked: Range, settled: Settled) -> set[date]:
    """Those that the range has as a whole, and of which the tables hold what is to be said, or nearly."""
    days = [day for day in asked.dates if day <= settled.kept.products_through and asked.holds(day)]
    open_days = {day for day, _ in settled.touched or ()}
    return {
        day for day in days
        if settled.is_final(day, asked.zone)
        or (settled.touched is not None and (day not in open_days or settled.has_hours(day)))
    }  # fmt: skip


def made_of(days: Iterable[date], through: date) -> tuple[Blocks, list[date]]:
    """The longest blocks that `days` hold and that end by `through`, and the days that are left."""
    left, blocks = set(days), Blocks([], [])
    for length in LENGTHS:
        for first in sorted(day for day in left if day.toordinal() % length == 0):
            block = {first + DAY * number for number in range(length)}
            if block <= left and max(block) <= through:
                left -= block
                blocks.dates.append(first)
                blocks.days.append(length)
    return blocks, sorted(left)


def around(days: Iterable[date], through: date) -> Blocks:
    """All blocks that hold one of `days` and end by `through`."""
    found = {(day - DAY * (day.toordinal() % length), length) for day in days for length in LENGTHS}
    kept = sorted((first, length) for first, length in found if first + DAY * (length - 1) <= through)
    return Blocks([first for first, _ in kept], [length for _, length in kept])
