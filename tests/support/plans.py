"""A plan that takes every record as it is, whatever its names; and what of a file becomes lines by it."""

from collections.abc import Sequence

import msgspec

from recomengine.files.forms import Form, source_of
from recomengine.files.plan import Columns, Kind, Options, Record
from recomengine.files.source import Source
from recomengine.web.ndjson import Lines


class AnyPlan:
    notes: Sequence[str] = ()

    def __init__(self, header: Sequence[str], _options: Options) -> None:
        self.columns = Columns({name: name for name in header})
        self.fields = frozenset(header)

    def read(self, records: Sequence[Record]) -> Lines:
        return [(record.line, msgspec.json.encode(record.cells)) for record in records]

    def end(self) -> Lines:
        return []


KIND = Kind(AnyPlan, frozenset({"own"}), "own")


def read_whole(form: Form, content: bytes, options: Options | None = None, *, step: int = 1 << 20) -> Lines:
    """The lines of a file that comes in steps."""
    return read_source(source_of(form, KIND, options or Options()), content, step=step)


def read_source(source: Source, content: bytes, *, step: int = 1 << 20) -> Lines:
    lines: Lines = []
    for start in range(0, len(content), step):
        lines += source.feed(content[start : start + step])
        source.check()
    lines += source.close()
    source.check()
    return lines
