"""Newline-delimited JSON of any length from a request's body: plain, gzip or zstd, in bounded memory.

A compressed body is expanded in small steps, between which other requests run, so a bomb costs time, not memory. A
batch ends at MAX_BATCH_BYTES, too. A line beyond MAX_LINE_BYTES is dropped while it is read and stands in the result as
LINE_TOO_LONG. A body that holds next to nothing, such as blank lines without end, is not read further.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Iterator

import msgspec
import zstandard
from starlette.requests import Request

from recomengine.web.problems import MalformedBody, SlowRequest, TooLarge, WrongMediaType

NDJSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
MAX_LINE_BYTES = 1024 * 1024
MAX_BATCH_BYTES = 4 * 1024 * 1024
MAX_BLANK_LINES = 2_000_000
MAX_EMPTY_BYTES = 64 * 1024 * 1024
"""Of blank lines, spaces around lines, and lines that are too long."""
EMPTY_SHARE = 10
"""So many blank lines more are fine for each line that is taken, and so many empty bytes for each of its bytes."""
PAUSE_S = 30.0
STEP = 64 * 1024
ZSTD_INPUT = 256
"""Bytes of zstd input a step: 4 of them can stand for a block of 128 KB."""
BOM = b"\xef\xbb\xbf"
Lines = list[tuple[int, bytes]]


class LineError(msgspec.Struct):
    line: int
    message: str


class Unreadable(bytes):
    """Stands in the place of a line that cannot be read, and says why."""

    identity: str | None = None
    """The id of what the line is about, where that is known."""


LINE_TOO_LONG = Unreadable(b"The line is longer than %d bytes. Shorten it." % MAX_LINE_BYTES)


async def ndjson_lines(request: Request, *, max_lines: int = 2000) -> AsyncIterator[Lines]:
    """Batches of (line number from 1, line); blank lines are left out. Raises WrongMediaType, MalformedBody."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in NDJSON_TYPES:
        raise WrongMediaType(
            f"Expected Content-Type application/x-ndjson, got {media or 'none'}. Send one JSON object a line."
        )
    expand = _expander(request.headers.get("content-encoding", "identity").strip().lower())
    splitter = _Splitter()
    try:
        async for chunk in _chunks(request):  # the last one is empty: the end
            for piece in expand(chunk):
                for batch in splitter.feed(piece, max_lines):
                    yield batch
                await asyncio.sleep(0)
    except (SlowRequest, TooLarge):
        if whole := splitter.taken():
            yield whole
        raise
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        if whole := splitter.taken():
            yield whole
        raise MalformedBody(
            f"The compressed body is corrupt or cut short after line {splitter.number}: {error}. "
            "The lines before were taken; sending everything again adds nothing twice."
        ) from None
    if last := splitter.rest():
        yield last


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes. It may take any time in all, but no pause longer than PAUSE_S."""
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(PAUSE_S):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise SlowRequest(
                f"Nothing of the body came for {PAUSE_S:.0f} s. What came before was taken; sending everything again "
                f"adds nothing twice."
            ) from None
        yield chunk


def _expander(encoding: str) -> Callable[[bytes], Iterator[bytes]]:
    """A function from a chunk (b"" at the end) to expanded pieces."""
    if encoding in ("identity", ""):
        return lambda chunk: iter((chunk,) if chunk else ())
    if encoding == "gzip":
        return _Gzip().expand
    if encoding == "zstd":
        return _Zstd().expand
    raise WrongMediaType(f"Expected Content-Encoding gzip, zstd or none, got {encoding}.")


class _Gzip:
    """Members one after the other, as `cat a.gz b.gz` makes them."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._begun = False

    def expand(self, chunk: bytes) -> Iterator[bytes]:
        if not chunk:
            if self._begun and not self._member.eof:
                raise EOFError("the gzip stream ends early")
            return
        while chunk:
            if self._member.eof:
                self._member, self._begun = zlib.decompressobj(wbits=31), False
            self._begun = True
            yield self._member.decompress(chunk, STEP)
            chunk = self._member.unused_data if self._member.eof else self._member.unconsumed_tail


class _Zstd:
    """Frames one after the other; each step takes little enough input to stay small when expanded."""

    def __init__(self) -> None:
        self._decoder = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        self._frame = self._decoder.decompressobj(write_size=STEP)
        self._begun = False

    def expand(self, chunk: bytes) -> Iterator[bytes]:
        if not chunk:
            if self._begun and not self._frame.eof:
                raise EOFError("the zstd stream ends early")
            return
        for start in range(0, len(chunk), ZSTD_INPUT):
            part = chunk[start : start + ZSTD_INPUT]
            while part:
                if self._frame.eof:
                    self._frame = self._decoder.decompressobj(write_size=STEP)
                self._begun = True
                expanded = self._frame.decompress(part)
                for at in range(0, len(expanded), STEP):
                    yield expanded[at : at + STEP]
                part = self._frame.unused_data if self._frame.eof else b""


class _Splitter:
    """Bytes to numbered lines, whatever the cuts between pieces."""

    def __init__(self) -> None:
        self.number = 0
        self._tail = b""
        self._overlong = False
        self._batch: Lines = []
        self._bytes = 0
        self._fed_bytes = 0
        self._taken_lines = 0
        self._taken_bytes = 0

    def feed(self, piece: bytes, max_lines: int) -> Iterator[Lines]:
        """Full batches; raises TooLarge where too little is in what came."""
        self._fed_bytes += len(piece)
        lines = (self._tail + piece).split(b"\n")
        self._tail = lines.pop()
        for line in lines:
            self._add(line)
            if len(self._batch) >= max_lines or self._bytes >= MAX_BATCH_BYTES:
                yield self.taken()
        if len(self._tail) > MAX_LINE_BYTES:
            self._tail, self._overlong = b"", True
        self._stop_if_empty()

    def taken(self) -> Lines:
        """The whole lines that no batch has held yet."""
        batch, self._batch, self._bytes = self._batch, [], 0
        return batch

    def rest(self) -> Lines:
        """The last batch, with a last line that no line break ends."""
        if self._tail or self._overlong:
            self._add(self._tail)
            self._tail = b""
        return self.taken()

    def _stop_if_empty(self) -> None:
        blank_lines, empty_bytes = self.number - self._taken_lines, self._fed_bytes - self._taken_bytes
        if blank_lines > MAX_BLANK_LINES + EMPTY_SHARE * self._taken_lines:
            found = f"{blank_lines} blank lines among the first {self.number}"
        elif empty_bytes > MAX_EMPTY_BYTES + EMPTY_SHARE * self._taken_bytes:
            found = f"{empty_bytes} bytes of blank or overlong lines by line {self.number + 1}"
        else:
            return
        raise TooLarge(
            f"Expected one JSON object a line, got {found}. Leave them out. "
            "The lines before were taken; sending everything again adds nothing twice."
        )

    def _add(self, line: bytes) -> None:
        self.number += 1
        if self._overlong or len(line) > MAX_LINE_BYTES:
            self._batch.append((self.number, LINE_TOO_LONG))
            self._taken_lines += 1
            self._overlong = False
            return
        if self.number == 1:
            line = line.removeprefix(BOM)
        line = line.strip()
        if line:
            self._batch.append((self.number, line))
            self._bytes += len(line)
            self._taken_lines += 1
            self._taken_bytes += len(line)
