"""Ids of one shopper joined, and a wrong join undone.

Events keep the id that they came with. What is changed here is a row of `user_aliases`, by which figures, exports,
erasures and builds go; a mark in Redis under each id, by which requests go until the next build (events/joined.py); and
a row of `alias_changes`, by which figures of the past are computed anew.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from recomengine.events.joined import alone, joined_ids, parted, person_command
from recomengine.infra.database import Connection, Pool, tenant_transaction
from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import Command, RedisClient, RedisUnavailable
from recomengine.models.service import request_refresh
from recomengine.users import queries
from recomengine.users.schemas import Person
from recomengine.web.problems import Conflict, NotFound, invalid

MAX_ALIASES = 1000
BLANK = "expected an id, got nothing but blanks"
TAKEN = (
    "The anonymousId is an alias of another user. Give a shopper a new anonymous id after each logout. Where "
    "the former join was wrong, undo it first: DELETE /api/v1/users/{userId}/aliases/{anonymousId}."
)
NOT_SEEN = (queries.NEVER, queries.NEVER)


class Pair(NamedTuple):
    """Ids that are said to be one shopper's."""

    user_id: str
    anonymous_id: str


async def add_alias(
    pool: Pool, redis: RedisClient, tenant_id: UUID, user_id: str, anonymous_id: str
) -> tuple[Person, bool]:
    """What `anonymous_id` did is the user's from now on; (the shopper, whether it was new)."""
    if not anonymous_id:
        raise invalid("$.anonymousId", BLANK)
    if anonymous_id == user_id:
        raise invalid(
            "$.anonymousId",
            "expected another id than the user's own. Send the id that the shopper had before the login",
        )
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.lock_people(connection, tenant_id)
        person = await person_of(connection, tenant_id, user_id)
        if anonymous_id in person.ids:
            return person, False
        other = await person_of(connection, tenant_id, anonymous_id)
        _check(person, other, anonymous_id)
        at = await _join(connection, tenant_id, person, other)
        joined = await joined_ids(connection, tenant_id, person.user_id, at)
        person = await person_of(connection, tenant_id, person.user_id)
    await _mark(redis, [person_command(str(tenant_id), each, joined) for each in person.ids])
    return person, True


async def join(
    pool: Pool, redis: RedisClient, tenant_id: UUID, pairs: Collection[Pair], *, by_page: bool
) -> dict[Pair, Conflict]:
    """Join the ids of each pair that are not one shopper's yet; those that cannot be, and why. by_page: whoever opens
    the shop's pages may have sent them, so no id is joined that is a user's own.
    """
    refused: dict[Pair, Conflict] = {}
    async with tenant_transaction(pool, tenant_id) as connection:
        rows = await queries.whose(connection, tenant_id, *zip(*pairs, strict=True)) if pairs else []
    for pair, row in zip(pairs, rows, strict=True):
        if row["joined"]:
            continue
        try:
            if row["taken"] or (by_page and row["is_users"]):
                raise Conflict(TAKEN, code="alias_taken")
            await add_alias(pool, redis, tenant_id, *pair)
        except Conflict as conflict:
            refused[pair] = conflict
    return refused


def _check(person: Person, other: Person, anonymous_id: str) -> None:
    """Raise Conflict where the ids of both cannot be one shopper's."""
    if other.user_id != anonymous_id:
        raise Conflict(TAKEN, code="alias_taken")
    if len(person.aliases) + len(other.ids) > MAX_ALIASES:
        raise Conflict(
            f"The user would have {len(person.aliases) + len(other.ids)} aliases; at most {MAX_ALIASES} can be joined. "
            "So many are rarely one shopper: look for a userId that many share, and undo its joins.",
            code="too_many_aliases",
        )


async def _join(connection: Connection, tenant_id: UUID, person: Person, other: Person) -> datetime:
    """Make all ids of `other` the person's; when. Of two that nobody has seen yet the anonymous id is the older."""
    sides = {(await joined_ids(connection, tenant_id, side.user_id)).first_seen: side.ids for side in (other, person)}
    await queries.insert_alias(connection, tenant_id, other.user_id, person.user_id)
    await _keep_first_seen(connection, tenant_id, person.user_id, sides)
    return await queries.insert_change(connection, tenant_id, other.user_id, person.user_id, "joined")


async def undo_alias(pool: Pool, redis: RedisClient, tenant_id: UUID, user_id: str, anonymous_id: str) -> None:
    """The two are two shoppers from now on, each with the events that came under their ids; raises NotFound."""
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.lock_people(connection, tenant_id)
        before = await joined_ids(connection, tenant_id, user_id)
        user_id = before.ids[0]
        if not await queries.delete_alias(connection, tenant_id, user_id, anonymous_id):
            raise NotFound("The user has no such alias, or has it no longer. GET /api/v1/users/{userId} names them.")
        person = await person_of(connection, tenant_id, user_id)
        if before.first_seen == anonymous_id:
            await _keep_first_seen(connection, tenant_id, user_id, {each: [each] for each in person.ids})
        at = await queries.insert_change(connection, tenant_id, anonymous_id, user_id, "undone")
        joined = parted(await joined_ids(connection, tenant_id, user_id, at))
    apart = parted(alone(anonymous_id, joined.at_ms))
    await _mark(redis, [
        *(person_command(str(tenant_id), each, joined) for each in person.ids),
        person_command(str(tenant_id), anonymous_id, apart),
    ])  # fmt: skip
    await request_refresh(pool, tenant_id)


async def _keep_first_seen(
    connection: Connection, tenant_id: UUID, user_id: str, sides: Mapping[str, Sequence[str]]
) -> None:
    """sides: the ids of each, by the one that was seen first. The side that was exposed to a running experiment first
    lends its id to all, else the one that did anything first.
    """
    seen = await queries.first_seen(connection, tenant_id, [each for ids in sides.values() for each in ids])
    first = min(sides, key=lambda side: min(seen.get(each, NOT_SEEN) for each in sides[side]))
    await queries.set_first_seen(connection, tenant_id, user_id, first)


async def person_of(connection: Connection, tenant_id: UUID, user_id: str) -> Person:
    """The shopper that any of their ids names."""
    user_id = await queries.user_of_alias(connection, tenant_id, user_id) or user_id
    return Person(user_id, await queries.aliases_of(connection, tenant_id, user_id))


async def _mark(redis: RedisClient, commands: Sequence[Command]) -> None:
    """Have requests know at once. Where Redis is away they do as soon as the next build is there."""
    try:
        await redis.call(*commands)
    except RedisUnavailable:
        FALLBACKS.labels("recents").inc()
