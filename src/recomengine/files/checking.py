"""What would be taken of lines, with nothing stored."""

from collections.abc import AsyncIterator, Callable

import msgspec

from recomengine.web.ndjson import LineError, Lines, Unreadable
from recomengine.web.problems import Problem

MAX_ERRORS = 100


class Checked(msgspec.Struct):
    good: int = 0
    rejected: int = 0
    errors: list[LineError] = []


async def checked(batches: AsyncIterator[Lines], read: Callable[[bytes], object]) -> Checked:
    """read: of a domain, raises a Problem for what it would not take."""
    result = Checked()
    async for lines in batches:
        for number, line in lines:
            why = line.decode() if isinstance(line, Unreadable) else _why_refused(line, read)
            if why is None:
                result.good += 1
                continue
            result.rejected += 1
            if len(result.errors) < MAX_ERRORS:
                result.errors.append(LineError(number, why))
    return result


def _why_refused(line: bytes, read: Callable[[bytes], object]) -> str | None:
    try:
        read(line)
    except Problem as problem:
        return problem.detail
    return None
