"""From pieces of bytes, as a network or a disk gives them, to batches of lines, in bounded memory."""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from recomengine.files.forms import MEDIA, source_of
from recomengine.files.plan import Kind, Options
from recomengine.files.source import Source
from recomengine.settings import SettingsError
from recomengine.web.ndjson import MAX_BATCH_BYTES, MAX_BATCH_LINES, TAKEN, Lines
from recomengine.web.problems import MalformedBody, Problem
from recomengine.web.upload import Damaged, Upload

STEP = 32 * 1024
"""Bytes that are read at once, so that what is cut into small pieces is not looked through again with each."""


class Stream:
    def __init__(self, pieces: AsyncIterator[bytes], source: Source, *, most_lines: int = MAX_BATCH_LINES) -> None:
        self.source = source
        self._pieces = pieces
        self._most_lines = most_lines
        self._lines: Lines = []
        self._bytes = 0
        self._last_line = 0
        self._ended = False
        self._failure: Exception | None = None

    async def judge(self) -> frozenset[str] | None:
        """Read as far as the header; the fields that a table has columns for. Raises Invalid where it is refused."""
        while not (self.source.judged or self._ended):
            await self._advance()
        return self.source.fields

    async def batches(self) -> AsyncIterator[Lines]:
        """What ends reading before the bytes end is raised after the lines before it came."""
        while True:
            while len(self._lines) >= self._most_lines or self._bytes >= MAX_BATCH_BYTES:
                yield self._take()
            if self._ended:
                break
            await self._advance()
        while self._lines:
            yield self._take()
        if self._failure is not None:
            raise self._failure

    def _take(self) -> Lines:
        batch, self._lines = self._lines[: self._most_lines], self._lines[self._most_lines :]
        self._bytes -= sum(len(line) for _, line in batch)
        return batch

    async def _advance(self) -> None:
        step: list[bytes] = []
        size = 0
        try:
            while size < STEP:
                step.append(await anext(self._pieces))
                size += len(step[-1])
        except StopAsyncIteration:
            self._ended = True
        except (Problem, SettingsError, Damaged) as failure:
            self._ended, self._failure = True, failure
        self._feed(b"".join(step))
        if isinstance(self._failure, Damaged):
            self._failure = MalformedBody(
                f"The compressed body is corrupt or cut short after line {self._last_line}. {TAKEN}"
            )
        await asyncio.sleep(0)

    def _feed(self, step: bytes) -> None:
        try:
            self._add(self.source.feed(step))
            if self._ended and self._failure is None:
                self._add(self.source.close())
            self.source.check()
        except Problem as failure:
            if not self.source.judged:
                raise
            self._ended, self._failure = True, failure

    def _add(self, lines: Lines) -> None:
        self._lines += lines
        self._last_line = lines[-1][0] if lines else self._last_line
        self._bytes += sum(len(line) for _, line in lines)


def stream_of(upload: Upload, kind: Kind, options: Options) -> Stream:
    """The lines of a request's body; its charset counts where the options say no encoding."""
    if options.encoding is None and upload.charset is not None:
        options = msgspec.structs.replace(options, encoding=upload.charset)
    return Stream(upload.pieces, source_of(MEDIA[upload.media], kind, options))
