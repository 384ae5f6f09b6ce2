"""What an import says at its end: lines that were rejected, what became of the columns, and counts."""

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rich.console import Console

from recomengine.files.checking import Checked
from recomengine.files.plan import Columns
from recomengine.files.source import Report
from recomengine.settings import SettingsError
from recomengine.web.ndjson import LineError

SHOWN_ERRORS = 20


class Taken(NamedTuple):
    """Of one file."""

    counts: Mapping[str, int]
    """By what happened, such as rejected, in the order in which they are said."""
    errors: Sequence[LineError]

    @classmethod
    def of_check(cls, done: Checked) -> "Taken":
        return cls({"good": done.good, "rejected": done.rejected}, done.errors)


class Outcome:
    """Of all files."""

    def __init__(self, console: Console, what: str, kept_as: str, files: Sequence[str], *, dry_run: bool) -> None:
        self._console = console
        self._what = what
        self._kept_as = kept_as
        self._names_files = len(files) > 1
        self._dry_run = dry_run
        self._counts: dict[str, int] = {}
        self._lines: list[str] = []
        self._sentences: list[str] = []
        self._started = time.perf_counter()

    def add(self, file: str, taken: Taken, report: Report | None) -> None:
        for name, count in taken.counts.items():
            self._counts[name] = self._counts.get(name, 0) + count
        place, of_file = (f"{file}, ", f"{file}: ") if self._names_files else ("", "")
        self._lines += [f"{place}line {error.line}: {error.message}" for error in taken.errors]
        if report is not None:
            self._sentences += [of_file + each for each in (*report.notes, *self._columns(report.columns))]

    def say(self) -> None:
        """Of the files that were read to their end."""
        if not self._counts:
            return
        seconds = time.perf_counter() - self._started
        counted = ", ".join(f"{count} {name}" for name, count in self._counts.items())
        rate = f"in {seconds:.1f} s ({sum(self._counts.values()) / seconds:,.0f}/s)"
        first, _, rest = counted.partition(" ")
        outcome = f"{first} {self._what} {rest}, {rate}"
        if self._dry_run:
            outcome += ". Nothing was stored: this was a dry run."
        for sentence in (*self._lines[:SHOWN_ERRORS], *self._sentences, outcome):
            self._console.print(sentence, highlight=False, markup=False, soft_wrap=True)

    def check(self) -> None:
        """Raises SettingsError where nothing is left of the files."""
        total = sum(self._counts.values())
        if total and self._counts["rejected"] == total:
            raise SettingsError(
                f"No {self._what[:-1]} was stored: every line was rejected. Correct the file and import it again."
            )
        if not total:
            raise SettingsError(f"There are no {self._what} in the file. Check that it is the right one.")

    def _columns(self, columns: Columns) -> list[str]:
        said = {
            "columns": [f"{name} → {field}" for name, field in columns.used.items()],
            f"kept as {self._kept_as}": columns.kept,
            "ignored": columns.ignored,
        }
        return [f"{what}: {', '.join(names)}" for what, names in said.items() if names]
