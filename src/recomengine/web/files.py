"""Files for the command line's imports: CSV or NDJSON, plain, .gz or .zst, - for standard input, as batches of lines."""

import csv
import gzip
import io
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

import msgspec
import zstandard
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from recomengine.settings import SettingsError
from recomengine.web.ndjson import LINE_TOO_LONG, MAX_LINE_BYTES

BATCH = 2000
STDIN = "-"


class Progress:
    """A bar over the bytes of all files (none for standard input), with the rate of lines beside it."""

    def __init__(self, console: Console, files: Sequence[str]) -> None:
        sizes = [Path(file).stat().st_size for file in files if file != STDIN and Path(file).is_file()]
        columns = (
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TextColumn("{task.fields[rate]:,.0f} lines/s"),
            TimeElapsedColumn(), TimeRemainingColumn(),
        )  # fmt: skip
        self._bar = Bar(*columns, console=console, transient=True)
        self._task = self._bar.add_task("importing", total=sum(sizes) if len(sizes) == len(files) else None, rate=0.0)
        self._lines = 0

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.stop()

    def advance(self, lines: int, bytes_done: int) -> None:
        self._lines += lines
        elapsed = self._bar.tasks[0].elapsed or 1e-9
        self._bar.update(self._task, completed=bytes_done, rate=self._lines / elapsed)


async def read_batches(
    files: Sequence[str], convert_row: Callable[[dict[str, Any]], bytes], progress: Progress
) -> AsyncIterator[list[tuple[int, bytes]]]:
    """Numbered lines of all files, in order; CSV rows come as the JSON that `convert_row` makes of them."""
    before = 0
    for file in files:
        raw = _open(file)
        try:
            for batch in _batches(_lines(file, raw, convert_row)):
                yield batch
                progress.advance(len(batch), before + (raw.tell() if file != STDIN else 0))
            before += raw.tell() if file != STDIN else 0
        finally:
            raw.close()


def _batches(lines: Iterator[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    batch: list[tuple[int, bytes]] = []
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _open(file: str) -> BinaryIO:
    if file == STDIN:
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}. Check the path.") from error


def _lines(file: str, raw: BinaryIO, convert_row: Callable[[dict[str, Any]], bytes]) -> Iterator[tuple[int, bytes]]:
    stream = _expanded(file, raw)
    try:
        if _is_csv(file):
            yield from _csv_lines(stream, convert_row)
        else:
            yield from _ndjson_lines(stream)
    except (OSError, EOFError, zstandard.ZstdError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{file} cannot be read to its end: {error}. What came before was taken; importing again adds nothing twice.") from error


def _expanded(file: str, raw: BinaryIO) -> BinaryIO:
    if file.endswith(".gz"):
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    if file.endswith(".zst"):
        return cast(BinaryIO, io.BufferedReader(cast(Any, zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True))))
    return raw


def _is_csv(file: str) -> bool:
    return file.removesuffix(".gz").removesuffix(".zst").lower().endswith((".csv", ".tsv"))


def _ndjson_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 2):
        number += 1
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_LINE_BYTES)
            yield number, LINE_TOO_LONG
            continue
        line = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip()
        if line:
            yield number, line


def _csv_lines(stream: BinaryIO, convert_row: Callable[[dict[str, Any]], bytes]) -> Iterator[tuple[int, bytes]]:
    rows = csv.DictReader(io.TextIOWrapper(stream, encoding="utf-8-sig", newline=""))
    for row in rows:
        try:
            yield rows.line_num, convert_row(row)
        except (ValueError, TypeError, msgspec.MsgspecError) as error:
            yield rows.line_num, msgspec.json.encode({"unreadable": str(error)})
