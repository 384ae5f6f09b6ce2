"""`Idempotency-Key` on POSTs that create: the same key with the same body names the same thing, made once.

The id of what is to be made follows from the admin and the key, so a repetition finds it, and an API key made with one can be
shown again though only its digest is stored.
"""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from uuid import UUID, uuid4

from starlette.requests import Request

from recomengine.auth import queries
from recomengine.auth.schemas import Admin
from recomengine.infra.database import Connection
from recomengine.web.problems import Conflict, invalid

MAX_LENGTH = 255


def key_of(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= MAX_LENGTH and key.isascii() and key.isprintable()):
        raise invalid("Idempotency-Key", f"expected 1 to {MAX_LENGTH} printable characters of ASCII, got {len(key)}")
    return key


async def once(
    connection: Connection, request: Request, admin: Admin, body: bytes, make: Callable[[UUID], Awaitable[None]], key: str | None
) -> UUID:
    """Have `make(id)` called for a new id, or, where this key came before with the same body, not at all; the id either way."""
    made = uuid4()
    if key is None:
        await make(made)
        return made
    digest = sha256(request.method.encode() + request.url.path.encode() + b"\0" + body).digest()
    if await queries.insert_idempotency(connection, admin.id, key, digest, made):
        await make(made)
        return made
    row = await queries.find_idempotency(connection, admin.id, key)
    if row is None or row["request"] != digest:
        raise Conflict("This Idempotency-Key was used for another request. Choose a new one.", code="idempotency_key_reused")
    found: UUID = row["made"]
    return found
