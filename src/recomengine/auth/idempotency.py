"""`Idempotency-Key` on POSTs that create: the same key with the same body names the same thing, made once.

The id of what is to be made follows from the admin and the key, so a repetition finds it, and an API key made with one
can be shown again though only its digest is stored.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID, uuid4

from recomengine.auth import queries
from recomengine.auth.actor import Actor
from recomengine.infra.database import Connection
from recomengine.web.problems import Conflict


class Repeatable(NamedTuple):
    """By what a POST is known again."""

    key: str | None
    digest: bytes
    """Of the whole request: with the same key no other one may come."""


async def once(
    connection: Connection, actor: Actor, request: Repeatable, make: Callable[[UUID], Awaitable[None]]
) -> UUID:
    """Have `make(id)` called for a new id, or, where this key came before with the same request, not at all; the id
    either way.
    """
    made = uuid4()
    if request.key is None:
        await make(made)
        return made
    if await queries.insert_idempotency(connection, actor.admin.id, request.key, request.digest, made):
        await make(made)
        return made
    row = await queries.find_idempotency(connection, actor.admin.id, request.key)
    if row is None or row["request"] != request.digest:
        raise Conflict(
            "This Idempotency-Key was used for another request. Choose a new one.", code="idempotency_key_reused"
        )
    found: UUID = row["made"]
    return found
