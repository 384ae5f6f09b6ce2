"""Bodies in and out: size, type and JSON faults become problems here, in one place."""

import asyncio
import re
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from recomengine.web.heads import header
from recomengine.web.held import STRANGERS_BODY_BYTES, hold, is_known
from recomengine.web.json_faults import BEYOND_DOUBLE, HALF_CHARACTER, lone_surrogate, number_beyond_double
from recomengine.web.notes import Notes
from recomengine.web.problems import (
    FieldError,
    Invalid,
    MalformedBody,
    Problem,
    SlowRequest,
    TooLarge,
    WrongMediaType,
    invalid,
)
from recomengine.wording import UNKNOWN, fault_of

MAX_BODY_BYTES = 5 * 1024 * 1024
BODY_S = 30.0
SMALL_BYTES = 4096
"""Pieces are joined up to this, so that a body that comes byte by byte takes no more memory than its bytes."""
JSON_TYPES = frozenset({"application/json"})
SDK_TYPES = frozenset({"application/json", "text/plain"})


T = TypeVar("T")
_encode = msgspec.json.Encoder(decimal_format="number").encode
_any = msgspec.json.Decoder()
_JSON = (b"content-type", b"application/json")
_CHARSET = re.compile(r";\s*charset=\"?([^\s;\"]*)")
_AT_BYTE = re.compile(r"\(byte ([0-9]+)\)")


async def read_body(
    request: Request, *, types: frozenset[str] = JSON_TYPES, limit: int = MAX_BODY_BYTES, from_libraries: bool = False
) -> bytes:
    """The whole body, refused when it is of another type or longer than `limit` bytes, or than a stranger's may be.
    from_libraries: see Body.
    """
    content_type = (header(request.scope, b"content-type") or "").lower()
    media = content_type.partition(";")[0].strip()
    charset = _CHARSET.search(content_type)
    if charset is not None and charset[1] not in ("utf-8", "utf8", "us-ascii"):
        raise WrongMediaType(f"Expected JSON in UTF-8, got {charset[1]}. Encode it as UTF-8.")
    if media not in types:
        raise WrongMediaType(
            f"Expected Content-Type {' or '.join(sorted(types))}, got {media or 'none'}. Set the header."
        )
    encoding = (header(request.scope, b"content-encoding") or "identity").lower()
    if encoding != "identity" and not (from_libraries and encoding == "gzip"):
        raise WrongMediaType(
            "Expected an unencoded body. Send it without Content-Encoding; only imports take gzip and zstd."
        )
    most = limit if from_libraries or is_known(request.scope) else min(limit, STRANGERS_BODY_BYTES)
    declared = header(request.scope, b"content-length") or ""
    if declared.isdigit() and int(declared) > most:
        raise too_large(most, limit)
    chunks, size = [b""], 0
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                size += len(chunk)
                if size > most:
                    raise too_large(most, limit)
                hold(request.scope, len(chunk))
                if len(chunks[-1]) + len(chunk) <= SMALL_BYTES:
                    chunks[-1] += chunk
                else:
                    chunks.append(chunk)
    except TimeoutError:
        raise SlowRequest(f"The body did not arrive within {BODY_S:.0f} s. Send it at once, or less of it.") from None
    body = b"".join(chunks)
    return body if encoding == "identity" else _expanded(request, body, most)


def _expanded(request: Request, body: bytes, most: int) -> bytes:
    member = zlib.decompressobj(wbits=31)
    try:
        whole = member.decompress(body, most + 1)
    except zlib.error:
        raise MalformedBody("The body is not valid gzip. Send it plain, or check what compresses it.") from None
    if len(whole) > most:
        raise too_large(most, most)
    if not member.eof or member.unused_data:
        raise MalformedBody("The gzip body ends early, or something stands behind its end. Send it whole, and alone.")
    hold(request.scope, len(whole))
    return whole


@dataclass(frozen=True)
class Body(Generic[T]):
    """What a body must be, how long it may be, and what makes a value of it."""

    type: Any
    """As the document shows it."""
    most_bytes: int
    decode: Callable[[bytes], T]
    note_refused: Callable[[Notes, str, Problem, bytes], None] | None = None
    """What is noted of a tenant that sends one which cannot be decoded."""
    from_libraries: bool = False
    """Whether others' libraries write it: it may come as gzip, they put a server's key into it, and where it is in no
    header they send as much all the same."""

    async def read(self, request: Request) -> T:
        return self.decode(await read_body(request, limit=self.most_bytes))


def json_body(decoder: "msgspec.json.Decoder[T]", most_bytes: int) -> Body[T]:
    return Body(decoder.type, most_bytes, partial(decode, decoder))


def too_large(most: int, limit: int) -> TooLarge:
    if most < limit:
        return TooLarge(
            f"The body is larger than {most} bytes, the most without a key in a header. "
            "Put the key into a header, or send smaller batches."
        )
    return TooLarge(f"The body is larger than {limit} bytes. Split it, or use the import endpoint.")


def decode(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T:
    """`body` as the decoder's type; malformed JSON is a 400, a wrong value a 422 that names its path."""
    try:
        try:
            return decoder.decode(body)
        except msgspec.ValidationError as error:
            refused = error
        value = UNKNOWN
        with suppress(msgspec.ValidationError):  # a number beyond any range
            value = _any.decode(body)  # a wrong value may stand before what is no JSON at all
        raise _with_exact_path(validation_problem(refused, decoder.type, value), body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable(body, error) from None
    except RecursionError:
        raise MalformedBody("The body is nested too deeply. Flatten it.") from None


def _with_exact_path(problem: Problem, body: bytes) -> Problem:
    """Within free JSON the decoder names no place; what it refuses there are numbers."""
    if "[...]" not in problem.errors[0].path:
        return problem
    return invalid(number_beyond_double(bytes(body)) or problem.errors[0].path, BEYOND_DOUBLE)


def _unreadable(body: bytes, error: Exception) -> Problem:
    if (path := lone_surrogate(bytes(body))) is not None:
        return MalformedBody(f"{path}: {HALF_CHARACTER}.")
    if isinstance(error, UnicodeDecodeError):
        why = f"byte {error.start} begins no character"
    elif (at := _AT_BYTE.search(str(error))) is not None:
        why = f"reading stopped at byte {at[1]}"
    else:
        why = "it ends too early"
    return MalformedBody(f"The body is not valid JSON in UTF-8: {why}.")


def validation_problem(error: msgspec.ValidationError, wanted: Any, value: Any = UNKNOWN) -> Problem:
    """See wording.py: fault_of."""
    field = field_error(error, wanted, value)
    return Invalid(f"{field.path}: {field.message}", errors=[field])


def field_error(error: msgspec.ValidationError, wanted: Any, value: Any = UNKNOWN) -> FieldError:
    path, message = fault_of(error, wanted, value)
    return FieldError(path, BEYOND_DOUBLE if str(error).startswith("Number out of range") else message)


class JsonResponse(Response):
    """Of JSON that is encoded already. Its headers are the two that every body has, so nothing is to be joined."""

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), _JSON]


def data_response(data: Any, status: int = 200) -> Response:
    """`{"data": …}`"""
    return JsonResponse(_encode({"data": data}), status)


def list_response(data: Any, next_cursor: str | None) -> Response:
    """`{"data": […], "meta": {"nextCursor": …}}`"""
    return JsonResponse(_encode({"data": data, "meta": {"nextCursor": next_cursor}}))
