"""`Idempotency-Key` on POSTs that create: the same key with the same body names the same thing, made once.

The id of what is to be made follows from the admin and the key, so a repetition finds it, and an API key made with one can be
shown again though only its digest is stored.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from uuid import UUID, uuid4

from recomengine.auth import queries
from recomengine.auth.actor import Actor
from recomengine.infra.database import Connection
from recomengine.web.problems import Conflict, invalid

MAX_LENGTH = 255


def check_key(key: str | None) -> str | None:
    """The value of the header, if it came; raises Invalid."""
    if key is not None and not (1 <= len(key) <= MAX_LENGTH and key.isascii() and key.isprintable()):
        raise invalid("Idempotency-Key", f"expected 1 to {MAX_LENGTH} printable characters of ASCII, got {len(key)}")
    return key


def digest_of(method: str, path: str, body: bytes) -> bytes:
    """By which a request is known again."""
    return sha256(method.encode() + path.encode() + b"\0" + body).digest()


async def once(connection: Connection, actor: Actor, key: str | None, digest: bytes, make: Callable[[UUID], Awaitable[None]]) -> UUID:
    """Have `make(id)` called for a new id, or, where this key came before with the same request, not at all; the id either way."""
    made = uuid4()
    if key is None:
        await make(made)
        return made
    if await queries.insert_idempotency(connection, actor.admin.id, key, digest, made):
        await make(made)
        return made
    row = await queries.find_idempotency(connection, actor.admin.id, key)
    if row is None or row["request"] != digest:
        raise Conflict("This Idempotency-Key was used for another request. Choose a new one.", code="idempotency_key_reused")
    found: UUID = row["made"]
    return found
