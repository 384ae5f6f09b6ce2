"""Pages of a list: the query string as a struct of its own, and the cursor to the next page, which is the id of the
last line.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Meta
from starlette.requests import Request

from recomengine.web.codec import validation_problem
from recomengine.web.problems import MalformedBody, invalid

T = TypeVar("T", bound=msgspec.Struct)
Limit = Annotated[int, Meta(ge=1, le=100)]
MAX_FIELDS = 300


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: UUID | None = None


def read_query(request: Request, kind: type[T]) -> T:
    """The query string as a `kind`; raises Invalid."""
    fields: dict[str, str] = {}
    for name, value in query_pairs(request.scope["query_string"]):
        if name in fields:
            raise invalid(f"$.{name}", "expected once, got it twice. Send one value")
        fields[name] = value
    return convert_query(fields, kind)


def query_pairs(query_string: bytes) -> list[tuple[str, str]]:
    """Names and values as they stand there; raises Invalid for too many, MalformedBody for what is no text."""
    if (count := query_string.count(b"&") + 1) > MAX_FIELDS:
        raise invalid(
            "$",
            f"expected at most {MAX_FIELDS} parameters in the query string, got {count}. Leave some out, or send a "
            f"body",
        )
    if query_string.isascii() and b"%" not in query_string and b"+" not in query_string:
        pairs = (pair.partition("=") for pair in query_string.decode().split("&") if pair)
        return [(name, value) for name, _, value in pairs]
    try:
        return parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        wrong = error.object[error.start]
        raise MalformedBody(
            f"Expected a query string of UTF-8, percent-encoded, got the byte 0x{wrong:02x} where none can be. Encode "
            f"it."
        ) from None


def convert_query(fields: Mapping[str, Any], kind: type[T]) -> T:
    """The values of a query string as a `kind`; raises Invalid, also for the word null, which must not stand for
    nothing.
    """
    try:
        query = msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        raise validation_problem(error, kind, fields) from None
    names = _names(kind)
    for name in fields:
        if getattr(query, names[name]) is None:  # a cursor of null, say, would begin the list again and again
            raise invalid(f"$.{name}", "expected a value, got null. Leave it out")
    return query


@cache
def _names(kind: type[msgspec.Struct]) -> dict[str, str]:
    return dict(zip(kind.__struct_encode_fields__, kind.__struct_fields__, strict=True))


def cut(rows: Sequence[asyncpg.Record], limit: int) -> tuple[Sequence[asyncpg.Record], str | None]:
    """The page and its cursor, None on the last one; rows: one more than the page holds, if there are as many."""
    return rows[:limit], str(rows[limit - 1]["id"]) if len(rows) > limit else None
