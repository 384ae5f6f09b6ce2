"""What a plan makes of a table: its lines as JSON, those that it refuses, and what it says at the end."""

import csv
import json
from typing import Any, NamedTuple

from recomengine.files.plan import Columns, Options, Planner, Record
from recomengine.web.ndjson import Lines, Unreadable


class Read(NamedTuple):
    items: list[dict[str, Any]]
    refused: dict[int, str]
    """By their lines."""
    columns: Columns
    notes: str
    fields: frozenset[str] | None


def table(plan: Planner, text: str, separator: str = ",", **options: Any) -> Read:
    """Of a table as a program writes it."""
    header, *rows = csv.reader(text.strip().splitlines(keepends=True), delimiter=separator, skipinitialspace=True)
    return records(plan, header, [dict(zip(header, row, strict=True)) for row in rows], **options)


def records(plan: Planner, header: list[str], cells: list[dict[str, Any]], **options: Any) -> Read:
    """Of records whose first one is line 2."""
    made = plan(header, Options(**options))
    lines = made.read([Record(line, one) for line, one in enumerate(cells, 2)]) + made.end()
    return Read(*_told(lines), made.columns, "\n".join(made.notes), made.fields)


def _told(lines: Lines) -> tuple[list[dict[str, Any]], dict[int, str]]:
    good = [json.loads(line) for _, line in lines if not isinstance(line, Unreadable)]
    return good, {number: line.decode() for number, line in lines if isinstance(line, Unreadable)}
