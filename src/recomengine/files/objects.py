"""JSON, in an array or an object a line. Objects in the domain's own names are taken as they stand; others are records
for its plan, in which what is nested comes as JSON, and numbers as they are written.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from recomengine.files.encodings import Decoding, is_utf16
from recomengine.files.plan import Broken, Kind, Options, Record
from recomengine.files.source import Bounded, Source, names_of
from recomengine.web.codec import decode
from recomengine.web.ndjson import Lines, Unreadable
from recomengine.web.problems import Invalid, Problem

OWN_FORMATS = frozenset({"auto", "recomengine"})
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])
_text = msgspec.json.Decoder(str)


class Values(Bounded, Protocol):
    """Bytes to objects, not decoded: NdjsonLines and JsonValues."""

    def feed(self, piece: bytes) -> Lines: ...
    def close(self) -> Lines: ...


class JsonSource(Source):
    def __init__(self, values: Values, kind: Kind, options: Options) -> None:
        super().__init__(values, kind, options)
        self._values = values
        self._decoding = None if options.encoding is None else Decoding(options.encoding)
        self._begun = False
        self._decided = False

    def feed(self, piece: bytes) -> Lines:
        if not self._begun and self._decoding is None and is_utf16(piece):
            self._decoding = Decoding(None)
        self._begun = True
        return self._lines(self._values.feed(self._in_utf8(piece)))

    def close(self) -> Lines:
        rest = self._values.feed(self._in_utf8(b"", final=True))
        return self.ended(self._lines(rest + self._values.close()))

    def _in_utf8(self, piece: bytes, *, final: bool = False) -> bytes:
        if self._decoding is None:
            return piece
        return self._decoding.feed(piece, final=final).encode(errors="surrogateescape")

    def _lines(self, lines: Lines) -> Lines:
        if not self._decided:
            self._decide([_record(*line) for line in lines])
        return lines if self.plan is None else self.planned([_record(*line) for line in lines])

    def _decide(self, records: Sequence[Record | Broken]) -> None:
        """By the first objects, for all. A header that cannot be judged is no reason to refuse them all: each line
        then says what is wrong with it.
        """
        names = names_of(records)
        self._decided = bool(names)
        if not names:
            return
        auto = self.options.format in OWN_FORMATS and not self.options.map
        if auto and any(isinstance(record, Record) and self._is_own(record) for record in records):
            return
        try:
            self.plan = self.kind.plan(names, self.options)
        except Invalid:
            if not auto:
                raise

    def _is_own(self, record: Record) -> bool:
        return self.kind.identity in record.cells or (bool(record.cells) and record.cells.keys() <= self.kind.own)


def _record(line: int, text: bytes) -> Record | Broken:
    if isinstance(text, Unreadable):
        return Broken(line, text.decode())
    try:
        return Record(line, {name: _cell(value) for name, value in decode(_object, text).items()})
    except Problem as problem:
        return Broken(line, problem.detail)


def _cell(value: msgspec.Raw) -> str | list[str]:
    text = bytes(value)
    if text[:1] == b'"':
        return decode(_text, text)
    if text[:1] == b"[":
        members = decode(_list, text)
        if not any(bytes(member)[:1] in (b"{", b"[") for member in members):
            return [cell for member in members if isinstance(cell := _cell(member), str)]
    return "" if text == b"null" else text.decode()
