"""One file or body: from its bytes to records, and by a domain's plan from these to numbered lines of JSON."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from recomengine.files.bounds import Substance
from recomengine.files.plan import Broken, Columns, Kind, Options, Plan, Record
from recomengine.files.table import Table
from recomengine.files.xml import XmlItems
from recomengine.web.ndjson import Lines, Unreadable
from recomengine.web.problems import Problem


class Report(msgspec.Struct):
    """What is said of a file when it has been read."""

    columns: Columns
    notes: list[str]


class Bounded(Protocol):
    """What reads bytes: how much of them it took, and what ended it."""

    @property
    def substance(self) -> Substance: ...
    @property
    def failure(self) -> Problem | None: ...


class Source(ABC):
    """Bytes are fed and lines come out; then `check` raises what ends reading before the bytes end."""

    def __init__(self, reader: Bounded, kind: Kind, options: Options) -> None:
        self.kind = kind
        self.options = options
        self.plan: Plan | None = None
        self._bounded = reader

    @property
    def judged(self) -> bool:
        """Whether `fields` is known."""
        return True

    @property
    def fields(self) -> frozenset[str] | None:
        """Of a table, the fields that it has columns for; None where each line says so itself."""
        return None

    @abstractmethod
    def feed(self, piece: bytes) -> Lines: ...
    @abstractmethod
    def close(self) -> Lines: ...

    def check(self) -> None:
        if self._bounded.failure is not None:
            raise self._bounded.failure
        self._bounded.substance.check()

    def report(self) -> Report | None:
        """None where lines were taken as they stand."""
        return None if self.plan is None else Report(self.plan.columns, [*self.plan.notes])

    def planned(self, records: Sequence[Record | Broken]) -> Lines:
        """What the plan makes of the records, and why the others are none."""
        lines: Lines = [(one.line, Unreadable(one.why.encode())) for one in records if isinstance(one, Broken)]
        good = [one for one in records if isinstance(one, Record)]
        read = [] if self.plan is None else self.plan.read(good)
        return sorted(lines + read, key=_line) if lines else read

    def ended(self, lines: Lines) -> Lines:
        """The last lines of all."""
        return lines if self.plan is None else lines + self.plan.end()


class XmlSource(Source):
    def __init__(self, items: XmlItems, kind: Kind, options: Options) -> None:
        super().__init__(items, kind, options)
        self._items = items

    def feed(self, piece: bytes) -> Lines:
        return self._lines(self._items.feed(piece))

    def close(self) -> Lines:
        return self.ended(self._lines(self._items.close()))

    def _lines(self, records: Sequence[Record | Broken]) -> Lines:
        if self.plan is None and (names := names_of(records)):
            self.plan = self.kind.plan(names, self.options)
        return self.planned(records)


class TableSource(Source):
    def __init__(self, table: Table, kind: Kind, options: Options) -> None:
        super().__init__(table, kind, options)
        self._table = table

    @property
    def judged(self) -> bool:
        return self.plan is not None

    @property
    def fields(self) -> frozenset[str] | None:
        return None if self.plan is None else self.plan.fields

    def feed(self, piece: bytes) -> Lines:
        return self._lines(self._table.feed(piece))

    def close(self) -> Lines:
        return self.ended(self._lines(self._table.close()))

    def report(self) -> Report | None:
        if self.plan is None:
            return None
        columns = self.plan.columns
        return Report(
            Columns(columns.used, columns.kept, columns.ignored + self._table.ignored),
            [*self._table.notes, *self.plan.notes],
        )

    def _lines(self, records: Sequence[Record | Broken]) -> Lines:
        if self.plan is None and self._table.header is not None:
            self.plan = self.kind.plan(self._table.header, self.options)
        return self.planned(records)


def _line(line: tuple[int, bytes]) -> int:
    return line[0]


def names_of(records: Iterable[Record | Broken]) -> list[str]:
    """Those in all of them, in the order of their coming."""
    return list(dict.fromkeys(name for record in records if isinstance(record, Record) for name in record.cells))
