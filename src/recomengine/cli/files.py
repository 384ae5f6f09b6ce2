"""Files for the command line's imports: CSV or NDJSON, plain, .gz or .zst, - for standard input, as batches of lines.

A file says by its name what it is, standard input by its first bytes. A line that cannot be read comes as Unreadable.
"""

import csv
import io
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, cast

import msgspec
import zstandard
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from recomengine.settings import SettingsError
from recomengine.web.ndjson import BOM, LINE_TOO_LONG, MAX_LINE_BYTES, Unreadable

BATCH = 2000
STDIN = "-"
STEP = 64 * 1024
MAX_WINDOW = 1 << 27
MAX_SHOWN = 40
"""Characters of a cell in a message."""
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class Progress:
    """A bar over the bytes of all files (none for standard input), with the rate of lines beside it."""

    def __init__(self, console: Console, files: Sequence[str]) -> None:
        sizes = [Path(file).stat().st_size for file in files if file != STDIN and Path(file).is_file()]
        columns = (
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
            TextColumn("{task.fields[rate]:,.0f} lines/s"),
            TimeElapsedColumn(), TimeRemainingColumn(),
        )  # fmt: skip
        self._bar = Bar(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("importing", total=sum(sizes) if len(sizes) == len(files) else None, rate=0.0)
        self._lines = 0

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(
        self, raised: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
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
                progress.advance(len(batch), before + _position(raw))
            before += _position(raw)
        finally:
            if file != STDIN:
                raw.close()


def _position(raw: BinaryIO) -> int:
    return raw.tell() if raw.seekable() else 0


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
    form = _form_by_content(raw) if file == STDIN else _form_by_name(file)
    stream = io.BufferedReader(cast(Any, _Expanded(raw, form.compression))) if form.compression else raw
    if file == STDIN and form.compression:
        form = form._replace(delimiter=_form_by_content(stream).delimiter)
    try:
        if form.delimiter:
            yield from _csv_lines(stream, form.delimiter, convert_row)
        else:
            yield from _ndjson_lines(stream)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as error:
        raise SettingsError(
            f"{file} cannot be read to its end: {error}. What came before was taken; importing again adds nothing "
            f"twice."
        ) from error


class _Form(NamedTuple):
    compression: bytes
    """Its magic number; empty: none."""
    delimiter: str
    """Of CSV; empty: NDJSON."""


def _form_by_name(file: str) -> _Form:
    name = file.lower()
    compression = GZIP if name.endswith(".gz") else ZSTD if name.endswith(".zst") else b""
    name = name.removesuffix(".gz").removesuffix(".zst")
    return _Form(compression, "," if name.endswith(".csv") else "\t" if name.endswith(".tsv") else "")


def _form_by_content(stream: BinaryIO) -> _Form:
    head = cast(io.BufferedReader, stream).peek(4096)
    compression = next((magic for magic in (GZIP, ZSTD) if head.startswith(magic)), b"")
    if compression or head.removeprefix(BOM).lstrip()[:1] in (b"{", b""):
        return _Form(compression, "")
    return _Form(b"", "\t" if b"\t" in head.partition(b"\n")[0] else ",")


class _Expanded(io.RawIOBase):
    """A compressed stream read plain; one that is cut short is an error. Members (frames) may follow each other."""

    def __init__(self, raw: BinaryIO, compression: bytes) -> None:
        self._raw = raw
        self._new = _gzip_member if compression == GZIP else _zstd_frame
        self._member: Any = None
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            chunk = (self._member.unused_data if self._member and self._member.eof else b"") or self._raw.read(STEP)
            if not chunk:
                if self._member and not self._member.eof:
                    raise EOFError("it is cut short")
                return 0
            if self._member is None or self._member.eof:
                self._member = self._new()
            self._rest = self._member.decompress(chunk)
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


def _gzip_member() -> Any:
    return zlib.decompressobj(wbits=31)


def _zstd_frame() -> Any:
    return zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj()


def _ndjson_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := stream.readline(MAX_LINE_BYTES + 2):
        number += 1
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = stream.readline(MAX_LINE_BYTES)
            yield number, LINE_TOO_LONG
            continue
        line = (line.removeprefix(BOM) if number == 1 else line).strip()
        if line:
            yield number, line


def _csv_lines(
    stream: BinaryIO, delimiter: str, convert_row: Callable[[dict[str, Any]], bytes]
) -> Iterator[tuple[int, bytes]]:
    csv.field_size_limit(MAX_LINE_BYTES)
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    rows = csv.DictReader(text, delimiter=delimiter)
    try:
        while True:
            try:
                row = next(rows)
                if None in row:
                    raise ValueError(f"The row has more cells than the header's {len(rows.fieldnames or ())} columns.")
                yield rows.reader.line_num, convert_row(row)
            except StopIteration:
                return
            except UnicodeEncodeError:
                yield rows.reader.line_num, Unreadable(b"The row is not UTF-8. Save the file as UTF-8.")
            except (csv.Error, ValueError, TypeError, msgspec.MsgspecError) as error:
                yield rows.reader.line_num, Unreadable(str(error).encode(errors="replace"))
    finally:
        text.detach()  # else it closes `stream` when it is collected
