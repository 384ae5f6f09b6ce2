"""Files for the command line's imports: of any form that files/ reads, plain, .gz or .zst, - for standard input.

A file says by its name what it is; standard input, and one whose name says nothing, by its first bytes.
"""

import io
import sys
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

import zstandard
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import Progress as Bar

from recomengine.cli.outcome import Outcome
from recomengine.files.forms import Form, form_of, source_of
from recomengine.files.plan import Kind, Options
from recomengine.files.stream import Stream
from recomengine.settings import SettingsError
from recomengine.web.ndjson import Lines
from recomengine.web.problems import Problem

STDIN = "-"
STEP = 64 * 1024
MAX_WINDOW = 1 << 27
HEAD = 4096
"""Bytes that tell a form."""
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
ENDS = {GZIP: ".gz", ZSTD: ".zst"}
BROKEN = (OSError, EOFError, zlib.error, zstandard.ZstdError)


class Progress:
    """A bar over the bytes of all files (none for standard input)."""

    def __init__(self, console: Console, files: Sequence[str]) -> None:
        sizes = [Path(file).stat().st_size for file in files if file != STDIN and Path(file).is_file()]
        columns = (
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
            TimeElapsedColumn(), TimeRemainingColumn(),
        )  # fmt: skip
        self._bar = Bar(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("importing", total=sum(sizes) if len(sizes) == len(files) else None)

    def __enter__(self) -> "Progress":
        self._bar.start()
        return self

    def __exit__(
        self, raised: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self, bytes_done: int) -> None:
        self._bar.update(self._task, completed=bytes_done)


def streams_of(files: Sequence[str], kind: Kind, options: Options, progress: Progress) -> Iterator[tuple[str, Stream]]:
    """Each file's name and lines, in order; one is opened when the one before has been read."""
    before = 0
    for file in files:
        raw = _open(file)
        try:
            stream, form = _plain(file, raw)
            yield file, Stream(_pieces(file, stream, raw, before, progress), source_of(form, kind, options))
            before += _position(raw)
        finally:
            if file != STDIN:
                raw.close()


class Joined:
    """Several files as one: what columns they have must be the same for all."""

    def __init__(self, streams: Iterator[tuple[str, Stream]], outcome: Outcome) -> None:
        self._first = next(streams)
        self._others = streams
        self._outcome = outcome

    async def judge(self) -> frozenset[str] | None:
        return await _judged(*self._first)

    async def lines(self) -> AsyncIterator[Lines]:
        fields = await self.judge()
        for file, stream in chain([self._first], self._others):
            if await _judged(file, stream) != fields:
                raise SettingsError(
                    f"{file} has other columns than {self._first[0]}. With --replace the files are one catalog: give "
                    f"them the same columns."
                )
            async for batch in stream.batches():
                yield batch
            self._outcome.tell(file, stream.source.report())


async def _judged(file: str, stream: Stream) -> frozenset[str] | None:
    try:
        return await stream.judge()
    except Problem as problem:
        raise SettingsError(f"{file}: {problem.detail}") from None


async def _pieces(
    file: str, stream: io.BufferedReader, raw: BinaryIO, before: int, progress: Progress
) -> AsyncIterator[bytes]:
    while True:
        try:
            piece = stream.read1(STEP)
        except BROKEN:
            raise _cut_short(file) from None
        if not piece:
            return
        progress.advance(before + _position(raw))
        yield piece


def _cut_short(file: str) -> SettingsError:
    return SettingsError(
        f"{file} cannot be read to its end: it is damaged or cut short. What came before was taken, unless it was "
        f"to replace the catalog; importing again adds nothing twice."
    )


def _position(raw: BinaryIO) -> int:
    return raw.tell() if raw.seekable() else 0


def _open(file: str) -> BinaryIO:
    if file == STDIN:
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}. Check the path.") from error


def _plain(file: str, raw: BinaryIO) -> tuple[io.BufferedReader, Form]:
    """The file's bytes, unpacked where they are packed, and the form that they have."""
    buffered = cast(io.BufferedReader, raw)
    name, head = ("", buffered.peek(HEAD)) if file == STDIN else (Path(file).name.lower(), b"")
    compression = next((magic for magic in (GZIP, ZSTD) if head.startswith(magic) or name.endswith(ENDS[magic])), None)
    if compression is not None:
        buffered = io.BufferedReader(cast(Any, _Expanded(raw, compression)), STEP)
        name = name.removesuffix(ENDS[compression])
    try:
        return buffered, form_of(name, buffered.peek(HEAD))
    except BROKEN:
        raise _cut_short(file) from None


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
