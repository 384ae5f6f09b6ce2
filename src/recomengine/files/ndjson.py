"""Bytes to numbered lines, whatever the cuts between pieces. A line beyond MAX_LINE_BYTES is dropped while it is read,
and stands in the result as LINE_TOO_LONG.
"""

from recomengine.files.bounds import Substance
from recomengine.web.ndjson import BOM, LINE_TOO_LONG, MAX_LINE_BYTES, Lines


class NdjsonLines:
    def __init__(self) -> None:
        self._tail = b""
        self._overlong = False
        self.substance = Substance()
        self.failure = None

    def feed(self, piece: bytes) -> Lines:
        self.substance.bytes += len(piece)
        lines = (self._tail + piece).split(b"\n")
        self._tail = lines.pop()
        found: Lines = []
        for line in lines:
            self._add(line, found)
        if len(self._tail) > MAX_LINE_BYTES:
            self._tail, self._overlong = b"", True
        return found

    def close(self) -> Lines:
        """A last line that no line break ends."""
        found: Lines = []
        if self._tail or self._overlong:
            self._add(self._tail, found)
            self._tail = b""
        return found

    def _add(self, line: bytes, found: Lines) -> None:
        substance = self.substance
        substance.lines += 1
        if self._overlong or len(line) > MAX_LINE_BYTES:
            found.append((substance.lines, LINE_TOO_LONG))
            substance.taken_lines += 1
            self._overlong = False
            return
        if substance.lines == 1:
            line = line.removeprefix(BOM)
        line = line.strip()
        if line:
            found.append((substance.lines, line))
            substance.taken_lines += 1
            substance.taken_bytes += len(line)
