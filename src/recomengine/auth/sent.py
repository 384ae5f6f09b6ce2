"""A body beside the bytes that it came as, by which a request with an `Idempotency-Key` is known again
(idempotency.py).
"""

from hashlib import sha256
from typing import Generic, NamedTuple, TypeVar

import msgspec
from starlette.requests import Request

from recomengine.auth.idempotency import Repeatable
from recomengine.web.codec import Body, decode
from recomengine.web.problems import invalid

MAX_LENGTH = 255

T = TypeVar("T")


class Sent(NamedTuple, Generic[T]):
    given: T
    body: bytes


def sent_body(decoder: "msgspec.json.Decoder[T]", most_bytes: int) -> Body[Sent[T]]:
    return Body(decoder.type, most_bytes, lambda body: Sent(decode(decoder, body), body))


def repeatable(request: Request, sent: Sent[T]) -> Repeatable:
    """Raises Invalid for a header that holds no key."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= MAX_LENGTH and key.isascii() and key.isprintable()):
        raise invalid("Idempotency-Key", f"expected 1 to {MAX_LENGTH} printable characters of ASCII, got {len(key)}")
    return Repeatable(key, sha256(request.method.encode() + request.url.path.encode() + b"\0" + sent.body).digest())
