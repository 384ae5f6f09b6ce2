"""The beginning of a file as an import would take it: its columns, its first rows, what is wrong. Nothing is stored."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import msgspec

from recomengine.files.plan import Columns, Kind, Options, Plan
from recomengine.files.stream import Stream, stream_of
from recomengine.web.ndjson import TAKEN, LineError, Lines, Unreadable
from recomengine.web.problems import Invalid, MalformedBody, Problem, TooLarge
from recomengine.web.upload import Upload

MOST_ROWS = 1000
SHOWN_ROWS = 20
MAX_ERRORS = 100

T = TypeVar("T")


class Preview(msgspec.Struct, Generic[T], rename="camel", kw_only=True):
    """refused: why an import would not begin, such as a column that it lacks. header: the columns' names, and fields:
    what each may be said to be. good, rejected: of the first 1,000 rows; complete: whether these are all. rows: the
    first 20 good ones, as they would be stored."""

    refused: str | None
    header: list[str]
    fields: list[str]
    columns: Columns
    reading: list[str]
    good: int
    rejected: int
    rows: list[T]
    errors: list[LineError]
    complete: bool


async def preview(
    upload: Upload, kind: Kind, options: Options, fields: Sequence[str], read: Callable[[bytes], T], *, whole: bool
) -> Preview[T]:
    """read: of a domain, what would be stored of a line; raises a Problem for what it would not take. whole: whether
    the body is the file to its end; where it is not, what breaks there is no fault.
    """
    header: list[str] = []

    def plan(names: Sequence[str], said: Options) -> Plan:
        header[:] = names
        return kind.plan(names, said)

    stream = stream_of(upload, kind._replace(plan=plan), options)
    made: Preview[T] = Preview(
        refused=None, header=header, fields=list(fields), columns=Columns(), reading=[], good=0, rejected=0, rows=[],
        errors=[], complete=True,
    )  # fmt: skip
    try:
        await stream.judge()
        lines, broken = await _beginning(stream)
    except Invalid as refusal:
        return msgspec.structs.replace(made, refused=refusal.detail)
    made.complete = whole and len(lines) <= MOST_ROWS
    if not whole and len(lines) <= MOST_ROWS:
        lines = lines[:-1]  # which may be cut in two
    elif made.complete and broken is not None:
        last = lines[-1][0] if lines else 0
        lines.append((last + 1, Unreadable(broken.detail.removesuffix(TAKEN).strip().encode())))
    _judge(lines[:MOST_ROWS], read, made)
    if (report := stream.source.report()) is not None:
        made.columns, made.reading = report.columns, report.notes
    return made


async def _beginning(stream: Stream) -> tuple[Lines, Problem | None]:
    """More than MOST_ROWS lines if there are as many, and what ended them before their end."""
    lines: Lines = []
    try:
        async for batch in stream.batches():
            lines += batch
            if len(lines) > MOST_ROWS:
                break
    except (MalformedBody, TooLarge) as problem:
        return lines, problem
    return lines, None


def _judge(lines: Lines, read: Callable[[bytes], T], made: Preview[T]) -> None:
    for number, line in lines:
        try:
            if isinstance(line, Unreadable):
                raise MalformedBody(line.decode())
            row = read(line)
        except Problem as problem:
            made.rejected += 1
            if len(made.errors) < MAX_ERRORS:
                made.errors.append(LineError(number, problem.detail))
        else:
            made.good += 1
            if len(made.rows) < SHOWN_ROWS:
                made.rows.append(row)
