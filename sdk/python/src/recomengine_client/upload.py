"""What an import sends: a file, bytes, or pieces of them; its content type and encoding, by the file's name or as its
sender says. What is not packed is packed on its way.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from recomengine_client.call import Content

NDJSON, JSON, CSV, TSV, XML = (
    "application/x-ndjson", "application/json", "text/csv", "text/tab-separated-values", "application/xml",
)  # fmt: skip
BY_END = {
    ".ndjson": NDJSON, ".jsonl": NDJSON, ".json": JSON, ".csv": CSV, ".tsv": TSV, ".tab": TSV, ".xml": XML,
    ".rss": XML, ".atom": XML,
}  # fmt: skip
PACKED_ENDS = {".gz": "gzip", ".zst": "zstd"}
PIECE_BYTES = 64 * 1024
LEVEL = 1
"""Of gzip: it costs little, and JSON shrinks to a tenth."""
Pieces = Callable[[], Iterable[bytes]]
Source = Path | bytes | Pieces | Iterable[bytes]
"""Pieces that a function gives can be read again, others once."""


class Upload(NamedTuple):
    content: Content
    media: str
    encoding: str | None
    repeatable: bool


def content_of(source: Source, media: str | None, encoding: str | None) -> Upload:
    """Raises ValueError where nobody says what it is."""
    if isinstance(source, Path):
        named_media, named_encoding = kind_of(source.name)
        media, encoding = media or named_media, encoding or named_encoding
    if media is None:
        shown = source.name if isinstance(source, Path) else "what is imported"
        raise ValueError(f"Expected to know what {shown} is. Say media, such as {NDJSON} or {CSV}.")
    repeatable = isinstance(source, Path | bytes) or callable(source)
    if encoding is not None:
        return Upload(lambda: pieces_of(source), media, encoding, repeatable)
    return Upload(lambda: _packed(pieces_of(source)), media, "gzip", repeatable)


def kind_of(name: str) -> tuple[str | None, str | None]:
    """(content type, encoding) by the end of a file's name; None where it says nothing."""
    name = name.lower()
    end = next((end for end in PACKED_ENDS if name.endswith(end)), "")
    return BY_END.get("." + name.removesuffix(end).rpartition(".")[2]), PACKED_ENDS.get(end)


def pieces_of(source: Source) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
    elif isinstance(source, Path):
        with source.open("rb") as opened:
            while piece := opened.read(PIECE_BYTES):
                yield piece
    else:
        yield from source() if callable(source) else source


def _packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(LEVEL, wbits=31)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
