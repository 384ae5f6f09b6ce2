"""What an import says at its end: lines that were rejected, what became of the columns, and counts."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from rich.console import Console

from recomengine.files.plan import Columns
from recomengine.files.source import Report
from recomengine.settings import SettingsError
from recomengine.web.ndjson import LineError

SHOWN_LINES = 20
OF_NO_LINE = {"removed", "differing", "trimmed"}
"""Counts of lines that another count holds as well, or of none."""
Counts = Mapping[str, int]


class Taken(NamedTuple):
    """Of one file."""

    counts: Counts
    lines: Sequence[LineError]
    """That were rejected, or taken otherwise than they stand there."""


class Phrase(NamedTuple):
    what: str
    """Products, events."""
    kept_as: str
    """What columns become that are no field."""
    counted: Callable[[Counts], str]


def products(counts: Counts) -> str:
    total = counts["created"] + counts["changed"] + counts["unchanged"]
    removed = f"; {counts['removed']} not in the file and made unavailable" if counts["removed"] else ""
    return (
        f"{total} products: {counts['created']} created, {counts['changed']} changed, {counts['unchanged']} unchanged; "
        f"{counts['repeated']} lines repeated, {counts['rejected']} rejected{removed}"
    )


def events(counts: Counts) -> str:
    differing = f" ({counts['differing']} with other content)" if counts["differing"] else ""
    trimmed = f"; of {counts['trimmed']}, blanks around ids were cut off" if counts["trimmed"] else ""
    return (
        f"{counts['accepted']} events stored, {counts['duplicates']} were there{differing}, "
        f"{counts['rejected']} rejected{trimmed}"
    )


def checked_only(what: str) -> Callable[[Counts], str]:
    def counted(counts: Counts) -> str:
        removed = counts.get("removed", 0)
        would = f"{removed} that the files lack would become unavailable; " if removed else ""
        return f"{counts['good']} {what} could be stored, {counts['rejected']} rejected; {would}nothing was stored"

    return counted


class Outcome:
    """Of all files."""

    def __init__(self, console: Console, phrase: Phrase, files: Sequence[str]) -> None:
        self._console = console
        self._phrase = phrase
        self._names_files = len(files) > 1
        self._counts: dict[str, int] = {}
        self._lines: list[str] = []
        self._sentences: list[str] = []
        self._started = time.perf_counter()

    def add(self, file: str, taken: Taken) -> None:
        for name, count in taken.counts.items():
            self._counts[name] = self._counts.get(name, 0) + count
        place = f"{file}, " if self._names_files and file else ""
        self._lines += [f"{place}line {line.line}: {line.message}" for line in taken.lines]

    def tell(self, file: str, report: Report | None) -> None:
        if report is not None:
            place = f"{file}: " if self._names_files else ""
            self._sentences += [place + each for each in (*report.notes, *self._columns(report.columns))]

    def say(self) -> None:
        """Of the files that were read to their end."""
        if not self._counts:
            return
        seconds = time.perf_counter() - self._started
        outcome = f"{self._phrase.counted(self._counts)}, in {seconds:.1f} s ({self._total() / seconds:,.0f}/s)"
        for sentence in (outcome, *self._lines[:SHOWN_LINES], *self._sentences):
            self._console.print(sentence, highlight=False, markup=False, soft_wrap=True)

    def check(self) -> None:
        """Raises SettingsError where nothing is left of the files."""
        if not self._total():
            raise SettingsError(f"There are no {self._phrase.what} in the file. Check that it is the right one.")
        if self._counts["rejected"] == self._total():
            raise SettingsError(
                f"No {self._phrase.what[:-1]} was stored: every line was rejected. Correct the file and import it "
                f"again."
            )

    def _total(self) -> int:
        return sum(count for name, count in self._counts.items() if name not in OF_NO_LINE)

    def _columns(self, columns: Columns) -> list[str]:
        said = {
            "columns": [f"{name} → {field}" for name, field in columns.used.items()],
            f"kept as {self._phrase.kept_as}": columns.kept,
            "ignored": columns.ignored,
        }
        return [f"{what}: {', '.join(names)}" for what, names in said.items() if names]
