"""The objects of a JSON array, or objects one after the other, as they stand there: found by their brackets and quotes,
and not decoded. In memory is one of them, of at most MAX_LINE_BYTES.
"""

import re

from recomengine.files.bounds import Substance
from recomengine.web.ndjson import BOM, MAX_LINE_BYTES, Lines
from recomengine.web.problems import MalformedBody

_BETWEEN = re.compile(rb"[\s,]*+")
_MARK = re.compile(rb'["\[\]{}]')
_AFTER_WORD = re.compile(rb"[\s,\[\]{}]")
_INSIDE = re.compile(rb'(?:[^"\\\n]++|\\.)*+', re.DOTALL)
_WORD = frozenset(b"-0123456789tfnIN")
OPEN, SHUT, LIST, LIST_END, QUOTE, ESCAPE = b'{}[]"\\'


class JsonValues:
    def __init__(self) -> None:
        self.substance = Substance()
        self.failure: MalformedBody | None = None
        self._line = 1
        self._rest = b""
        self._depth = 0
        self._seen = 0
        """Bytes of `_rest` that belong to the value under way and need no second look."""
        self._in_list: bool | None = None
        self._over = False

    def feed(self, piece: bytes) -> Lines:
        """The values that are whole now. After a failure nothing is read."""
        if self.failure is not None:
            return []
        self.substance.bytes += len(piece)
        found: Lines = []
        text = self._rest + piece
        if self._in_list is None:
            if BOM.startswith(text):
                self._rest = text
                return []
            text = text.removeprefix(BOM)
        at = 0
        while self.failure is None:
            start = at if self._seen else self._begin(text, at)
            end = None if start == len(text) or self.failure else self._end(text, start)
            if end is None:
                at = start
                break
            found.append((self._line, text[start:end]))
            self._line += text.count(b"\n", start, end)
            self.substance.taken_bytes += end - start
            at, self._seen = end, 0
        self._rest = text[at:]
        if len(self._rest) > MAX_LINE_BYTES:
            self._fail(f"The value that begins here is longer than {MAX_LINE_BYTES} bytes. Shorten it.")
        self.substance.lines, self.substance.taken_lines = self._line, self._line
        return found

    def close(self) -> Lines:
        found = self.feed(b"\n")  # ends a number
        if self._rest.strip() or (self._in_list and not self._over):
            self._fail("The file ends within a value or a list, so it was cut short. Send all of it.")
        return found

    def _begin(self, text: bytes, at: int) -> int:
        """Where the next value begins; the end of `text` where none does yet."""
        between = _BETWEEN.match(text, at)
        assert between is not None
        self._line += text.count(b"\n", at, between.end())
        at = between.end()
        if at == len(text):
            return at
        mark = text[at]
        if self._over:
            self._fail("Expected nothing behind the list, got more. Send one list.")
        elif self._in_list is None:
            self._in_list = mark == LIST
            return self._begin(text, at + 1) if self._in_list else at
        elif mark == LIST_END and self._in_list:
            self._over = True
            return self._begin(text, at + 1)
        return at

    def _end(self, text: bytes, start: int) -> int | None:
        """Where the value that begins at `start` ends; None where more bytes are needed, or where it is none."""
        if text[start] in _WORD:
            word = _AFTER_WORD.search(text, start)
            return None if word is None else word.start()
        if text[start] not in (OPEN, LIST, QUOTE):
            self._fail(f"Expected an object in braces, got {text[start : start + 20].decode(errors='replace')!r}.")
            return None
        at = start + self._seen
        while (mark := _MARK.search(text, at)) is not None:
            kind, at = text[mark.start()], mark.end()
            if kind == QUOTE:
                closed = self._close(text, at)
                if closed is None:
                    self._seen = mark.start() - start
                    return None
                at = closed
            else:
                self._depth += 1 if kind in (OPEN, LIST) else -1
            if self._depth == 0:
                return at
        self._seen = len(text) - start
        return None

    def _close(self, text: bytes, at: int) -> int | None:
        """Behind the text whose opening quote stands before `at`; None as in _end."""
        inside = _INSIDE.match(text, at)
        assert inside is not None  # the pattern takes any bytes, and none
        if inside.end() == len(text) or text[inside.end()] == ESCAPE:
            return None
        if text[inside.end()] == QUOTE:
            return inside.end() + 1
        self._fail("A text there is not closed before its line ends. Close it with a quote.")
        return None

    def _fail(self, why: str) -> None:
        self.failure = MalformedBody(f"The JSON cannot be read beyond line {self._line}. {why}")
