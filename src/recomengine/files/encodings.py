"""Bytes to text. The encoding is said, or found from the bytes: by a byte order mark, by the zeros of UTF-16, or by the
first bytes beyond ASCII, which are UTF-8 or else Windows-1252.
"""

import codecs
import re

from recomengine.web.problems import invalid

SHOWN = {
    "utf-8": "UTF-8", "ascii": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-16": "UTF-16",
    "cp1252": "Windows-1252", "iso8859-1": "Windows-1252",
}  # fmt: skip
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
HEAD = 4
"""Bytes that tell UTF-16 and marks."""
ESCAPED = re.compile(r"[\udc80-\udcff]")


def known_encoding(name: str) -> str | None:
    """Python's name of an encoding; None: to be found. Raises Invalid for one that is not known."""
    try:
        found = codecs.lookup(name.strip())
        bytes(4).decode(found.name)  # zip, rot13 and the like are codecs, too
    except (LookupError, ValueError):
        raise invalid(
            "$.encoding",
            f"expected utf-8, utf-16, windows-1252, iso-8859-1 or another encoding's name, got {name[:40]}",
        ) from None
    if found.name == "ascii":
        return None  # others beyond ASCII come all the same
    return "cp1252" if found.name == "iso8859-1" else found.name  # as browsers take it: a superset in practice


class Decoding:
    def __init__(self, encoding: str | None) -> None:
        self._name = None if encoding is None else known_encoding(encoding)
        self._decoder = None if self._name is None else _decoder(self._name)
        self._held = b""
        self._begun = False
        self.damaged = False
        """Whether bytes came that are no characters; they stand in the text as lone surrogates."""

    @property
    def shown(self) -> str:
        name = self._name or "utf-8"
        return SHOWN.get(name, name)

    def feed(self, piece: bytes, *, final: bool = False) -> str:
        piece, self._held = self._held + piece, b""
        if not self._begun:
            if len(piece) < HEAD and not final:
                self._held = piece
                return ""
            piece = self._begin(piece)
        if self._decoder is None and not piece.isascii():
            self._name = _by_content(piece, final=final)
            if self._name is None:
                self._held = piece
                return ""
            self._decoder = _decoder(self._name)
        if self._decoder is None:
            return piece.decode("ascii")
        text = self._decoder.decode(piece, final)
        self.damaged = self.damaged or (not text.isascii() and ESCAPED.search(text) is not None)
        return text

    def _begin(self, head: bytes) -> bytes:
        """`head` without a mark, by which or by whose zeros the encoding may be known."""
        self._begun = True
        mark = next((mark for mark in MARKS if head.startswith(mark)), b"")
        if self._name is None:
            self._name = MARKS.get(mark) or _by_zeros(head)
        elif self._name == "utf-16":
            self._name = MARKS.get(mark, "utf-16-le")
        self._decoder = None if self._name is None else _decoder(self._name)
        return head[len(mark) :] if self._name == MARKS.get(mark) else head


def is_utf16(head: bytes) -> bool:
    """Whether a text begins as UTF-16, with a mark or without."""
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _by_zeros(head) is not None


def _decoder(name: str) -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder(name)("surrogateescape" if name in ("utf-8", "cp1252", "ascii") else "replace")


def _by_zeros(head: bytes) -> str | None:
    """UTF-16 without a mark: of its first characters, which are ASCII, each other byte is zero."""
    zeros = [byte == 0 for byte in head[:HEAD]]
    return "utf-16-le" if zeros == [False, True] * 2 else "utf-16-be" if zeros == [True, False] * 2 else None


def _by_content(sample: bytes, *, final: bool) -> str | None:
    """None: more bytes are needed. A text of Windows-1252 holds next to nothing that is UTF-8 by chance."""
    text = _decoder("utf-8").decode(sample, final)
    wrong = len(ESCAPED.findall(text))
    right = sum(not character.isascii() for character in text) - wrong
    if right or wrong:
        return "utf-8" if right > wrong else "cp1252"
    return None
