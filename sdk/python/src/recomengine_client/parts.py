"""A file as it is pushed: whole, or in parts that end where a line does.

Only plain NDJSON of the server's own is cut, where a line is a record. Of a table, a feed or what is packed the server
must see the beginning, and a record may take several rows; cutting these would mean to read them here as well.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from recomengine_client.upload import NDJSON, PIECE_BYTES

PART_BYTES = 8 * 1024 * 1024
MAX_FIRST_LINE = 1024 * 1024
IDENTITY = {"catalog": "productId", "events": "userId"}
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Span(NamedTuple):
    """Bytes of a file."""

    file: Path
    start: int
    end: int

    def pieces(self, tell: Callable[[int], None]) -> Iterator[bytes]:
        """Tells after each how many bytes of the file are through."""
        with self.file.open("rb") as opened:
            opened.seek(self.start)
            while left := self.end - opened.tell():
                piece = opened.read(min(left, PIECE_BYTES))
                if not piece:  # it was cut short meanwhile
                    return
                yield piece
                tell(opened.tell())

    @property
    def lines(self) -> int:
        return sum(piece.count(b"\n") for piece in self.pieces(lambda _: None))


def is_cut(file: Path, kind: str, media: str | None, encoding: str | None) -> bool:
    """Whether it may be sent in parts."""
    if media != NDJSON or encoding is not None:
        return False
    with file.open("rb") as opened:
        first = opened.readline(MAX_FIRST_LINE)
    try:
        return IDENTITY[kind] in _object.decode(first)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


def end_of_part(file: Path, start: int, size: int) -> int:
    """The end of the line in which the part that begins at `start` has its PART_BYTES."""
    if start + PART_BYTES >= size:
        return size
    with file.open("rb") as opened:
        opened.seek(start + PART_BYTES - 1)
        while (piece := opened.readline(PIECE_BYTES)) and not piece.endswith(b"\n"):
            continue
        return opened.tell()
