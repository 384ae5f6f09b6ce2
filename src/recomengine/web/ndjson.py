"""Numbered lines of JSON, as imports take them, and what stands in the place of one that cannot be read."""

import msgspec

MAX_LINE_BYTES = 1024 * 1024
MAX_BATCH_LINES = 2000
MAX_BATCH_BYTES = 4 * 1024 * 1024
BOM = b"\xef\xbb\xbf"
TAKEN = "The lines before were taken; sending everything again adds nothing twice."
"""Of an import that ends before its end."""
Lines = list[tuple[int, bytes]]
"""Numbered from 1, as an editor counts the lines of a file."""


class LineError(msgspec.Struct):
    line: int
    message: str


class Unreadable(bytes):
    """Stands in the place of a line that cannot be read, and says why."""

    identity: str | None = None
    """The id of what the line is about, where that is known."""


LINE_TOO_LONG = Unreadable(b"The line is longer than %d bytes. Shorten it." % MAX_LINE_BYTES)
