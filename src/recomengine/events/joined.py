"""Whose an id is: the ids of a shopper who has several.

What was joined or undone since the build stands in Redis, under each id that it concerns: `reco:person:{tenant}:<id>`
holds all that a request needs to know of the shopper, so that one more round trip brings the trails of the other ids. A
model holds the joins of its build (models/people.py). Whichever is newer counts; where Redis has lost something,
PostgreSQL is asked (`trail.recent_from_database`).
"""

from datetime import datetime
from math import ceil
from uuid import UUID

import msgspec
from msgspec.structs import replace

from recomengine.events import queries
from recomengine.infra.database import Connection
from recomengine.infra.redis import Command

PERSON_TTL_S = 7 * 86_400
MAX_JOINED = 10
"""Of a shopper's other ids, so many trails are read, those that were joined last."""


class JoinedIds(msgspec.Struct, frozen=True, array_like=True):
    """ids: the user's id, then the newest of the others, at most MAX_JOINED. first_seen: what experiments hash. at_ms:
    when that was last changed; parted: by an undone join.
    """

    ids: list[str]
    first_seen: str
    at_ms: int = 0
    parted: bool = False

    def besides(self, user_id: str | None) -> list[str]:
        return [each for each in self.ids if each != user_id]


encode_joined = msgspec.json.Encoder().encode
decode_joined = msgspec.json.Decoder(JoinedIds).decode


def alone(user_id: str, at_ms: int = 0) -> JoinedIds:
    return JoinedIds([user_id], user_id, at_ms)


def parted(joined: JoinedIds) -> JoinedIds:
    return replace(joined, parted=True)


def person_key(tenant: str, user_id: str) -> str:
    return f"reco:person:{{{tenant}}}:{user_id}"


def person_command(tenant: str, user_id: str, joined: JoinedIds) -> Command:
    return ("SET", person_key(tenant, user_id), encode_joined(joined), "EX", PERSON_TTL_S)


async def joined_ids(connection: Connection, tenant_id: UUID, user_id: str, at: datetime | None = None) -> JoinedIds:
    """The shopper whom any of their ids names. at: the moment of the change after which this is asked."""
    at_ms = 0 if at is None else ceil(at.timestamp() * 1000)
    rows = await queries.newest_aliases(connection, tenant_id, user_id, MAX_JOINED)
    if not rows:
        return alone(user_id, at_ms)
    return JoinedIds([rows[0]["user_id"], *(row["anonymous_id"] for row in rows)], rows[0]["first_seen_id"], at_ms)
