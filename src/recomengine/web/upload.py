"""The body of an import as it comes, of any length: plain, gzip or zstd, in pieces of bounded size.

A compressed body is expanded in small steps, between which other requests run, so a bomb costs time, not memory; what
reads the pieces (files/) stops where too little is in them.
"""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from typing import NamedTuple

import zstandard
from starlette.requests import Request

from recomengine.web.ndjson import TAKEN
from recomengine.web.problems import SlowRequest, WrongMediaType

PAUSE_S = 30.0
STEP = 64 * 1024
ZSTD_INPUT = 256
"""Bytes of zstd input a step: 4 of them can stand for a block of 128 KB."""
_CHARSET = re.compile(r";\s*charset=\"?([^\s;\"]*)")


class Damaged(Exception):
    """The compressed body is corrupt or cut short; whoever knows the last line says it."""


class Upload(NamedTuple):
    media: str
    charset: str | None
    """As the content type says it."""
    pieces: AsyncIterator[bytes]
    """Raise SlowRequest, and Damaged."""


def upload(request: Request, media_types: Collection[str]) -> Upload:
    """Raises WrongMediaType."""
    header = request.headers.get("content-type", "").lower()
    media = header.partition(";")[0].strip()
    if media not in media_types:
        raise WrongMediaType(f"Expected Content-Type {_either(media_types)}, got {media or 'none'}. Set the header.")
    charset = _CHARSET.search(header)
    expand = _expander(request.headers.get("content-encoding", "identity").strip().lower())
    return Upload(media, charset[1] if charset else None, _expanded(request, expand))


def _either(names: Collection[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


async def _expanded(request: Request, expand: Callable[[bytes], Iterator[bytes]]) -> AsyncIterator[bytes]:
    try:
        async for chunk in _chunks(request):  # the last one is empty: the end
            for piece in expand(chunk):
                yield piece
    except (zlib.error, zstandard.ZstdError, EOFError):
        raise Damaged from None


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
            raise SlowRequest(f"Nothing of the body came for {PAUSE_S:.0f} s. {TAKEN}") from None
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
