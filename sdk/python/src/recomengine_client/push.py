"""Files to the server's imports, one after the other, and what is to be said of them at the end."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from msgspec import Struct

from recomengine_client.call import Call
from recomengine_client.calls import import_catalog, import_events
from recomengine_client.client import Client
from recomengine_client.parts import Span, end_of_part, is_cut
from recomengine_client.progress import Progress
from recomengine_client.resuming import Memory
from recomengine_client.schemas import CatalogImport, EventImport
from recomengine_client.upload import PIECE_BYTES, Source, kind_of

Kind = Literal["catalog", "events"]
Answer = CatalogImport | EventImport
STDIN = "-"
COUNTS = {
    "catalog": ("created", "changed", "unchanged", "repeated", "rejected", "removed"),
    "events": ("accepted", "duplicates", "rejected"),
}
WORDS = {
    "accepted": "stored", "duplicates": "there already", "repeated": "repeated in the file",
    "removed": "not in the file and unavailable now",
}  # fmt: skip
"""Where the name of a count does not say it."""
OF_NO_LINE = "removed"


class Options(Struct, frozen=True):
    """What is said of all files. media: None where their names say it; the rest goes to the server as it is."""

    kind: Kind
    media: str | None = None
    format: str | None = None
    map: dict[str, str] = {}
    separator: str | None = None
    charset: str | None = None
    category_separator: str | None = None
    replace: bool = False
    force: bool = False

    @property
    def plain(self) -> bool:
        """Whether lines need no more than themselves to be understood."""
        return not (self.map or self.replace or self.format not in (None, "auto", "recomengine"))

    @property
    def words(self) -> list[str]:
        """Another push has others."""
        return [repr(self)]

    def call(self, source: Source, media: str | None, encoding: str | None) -> Call[Answer]:
        if self.kind == "events":
            return import_events(
                source, media=media, encoding=encoding, format=self.format, map=self.map, separator=self.separator,
                charset=self.charset,
            )  # fmt: skip
        return import_catalog(
            source, media=media, encoding=encoding, format=self.format, map=self.map, separator=self.separator,
            charset=self.charset, category_separator=self.category_separator, replace=self.replace, force=self.force,
        )  # fmt: skip


class Outcome:
    """Of all files together."""

    def __init__(self, kind: Kind, names_files: bool) -> None:
        self._names_files = names_files
        self.counts = dict.fromkeys(COUNTS[kind], 0)
        self.lines: list[str] = []
        self.sentences: list[str] = []

    def add(self, counts: Mapping[str, int]) -> None:
        for name, count in counts.items():
            self.counts[name] += count

    def tell(self, file: str, answer: Answer, lines_before: int) -> None:
        place = f"{file}, " if self._names_files else ""
        noted = sorted([*answer.errors, *answer.notes], key=lambda one: one.line)
        self.lines += [f"{place}line {one.line + lines_before}: {one.message}" for one in noted]
        columns = answer.columns
        if columns is not None:
            used = ", ".join(f"{name} → {field}" for name, field in columns.used.items())
            said = {"columns": used, "kept": ", ".join(columns.kept), "ignored": ", ".join(columns.ignored)}
            self.sentences += [f"{what}: {names}" for what, names in said.items() if names]
        self.sentences += answer.reading

    @property
    def total(self) -> int:
        return sum(count for name, count in self.counts.items() if name != OF_NO_LINE)

    @property
    def shown(self) -> str:
        said = [f"{count:,} {WORDS.get(name, name)}" for name, count in self.counts.items() if count]
        return ", ".join(said) or "nothing"


class Push:
    def __init__(
        self, client: Client, options: Options, memory_of: Callable[[Path], Memory], say: Callable[[str], None]
    ) -> None:  # fmt: skip
        self._client = client
        self._options = options
        self._memory_of = memory_of
        self._say = say

    def push(self, files: Sequence[str], outcome: Outcome, progress: Progress) -> None:
        """Raises RecomEngineError, OSError and ValueError; what came before is taken then, and remembered."""
        before, memories = 0, []
        for name in files:
            if name == STDIN:
                pieces = _standard_input(progress)
                self._take(outcome, "standard input", 0, self._options.call(pieces, self._options.media, None))
                continue
            file = Path(name)
            memories.append(self._memory_of(file))
            self._push_file(file, memories[-1], outcome, partial(_advance, progress, before))
            before += file.stat().st_size
        for memory in memories:
            memory.forget()

    def _push_file(self, file: Path, memory: Memory, outcome: Outcome, advance: Callable[[int], None]) -> None:
        place = memory.place()
        if not place.size:
            raise ValueError(f"{file} is empty. Check that it is the right one.")
        if place.offset:
            all_of_it = place.offset == place.size
            sent = "all of it" if all_of_it else f"{place.line:,} lines of it; going on behind them"
            self._say(f"{file}: an earlier push has sent {sent}.")
        outcome.add(place.counts)
        media, encoding = kind_of(file.name)
        media = self._options.media or media
        cut = self._options.plain and is_cut(file, self._options.kind, media, encoding)
        while place.offset < place.size:
            span = Span(file, place.offset, end_of_part(file, place.offset, place.size) if cut else place.size)
            call = self._options.call(partial(span.pieces, advance), media, encoding)
            counts = self._take(outcome, str(file), place.line, call)
            place = place.behind(span.end, span.lines, counts)
            memory.keep(place)

    def _take(self, outcome: Outcome, file: str, lines_before: int, call: Call[Answer]) -> dict[str, int]:
        answer = self._client.send(call)
        counts: dict[str, int] = {name: getattr(answer, name) for name in outcome.counts}
        outcome.add(counts)
        outcome.tell(file, answer, lines_before)
        return counts


def _advance(progress: Progress, before: int, done: int) -> None:
    progress.advance(before + done)


def _standard_input(progress: Progress) -> Iterator[bytes]:
    """Read once: what came before a failure is gone."""
    done = 0
    while piece := os.read(sys.stdin.fileno(), PIECE_BYTES):
        yield piece
        done += len(piece)
        progress.advance(done)
