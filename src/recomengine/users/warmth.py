"""What Redis holds of a shopper, erased: the trail, entries of the tenant's feed, cached lists, remembered ids of
events, refused events that name them, and which ids were theirs.

Entries are taken out one by one, by when they were stored, so that what a shopper does after the erasure stays.
"""

import json
import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from recomengine.events.feed import feed_key, parse_entry
from recomengine.events.joined import decode_joined, person_key
from recomengine.events.noted import RejectedEvent, rejected_key
from recomengine.events.trail import parse_trail, trail_key
from recomengine.events.writer import dedup_key
from recomengine.infra.redis import Command, RedisClient
from recomengine.recommendations.cache import key_of_user
from recomengine.users.schemas import ErasedInRedis

PAGE = 1000
_rejected = msgspec.json.Decoder(RejectedEvent)
_SPECIAL = re.compile(r"([*?\[\]^\\-])")


async def erase_warmth(
    redis: RedisClient, tenant_id: UUID, users: Sequence[str], before: datetime, events: Sequence[UUID] = ()
) -> ErasedInRedis:
    """Erase what was stored before `before`, and forget the ids of `events`; raises RedisUnavailable."""
    tenant, before_ms = str(tenant_id), round(before.timestamp() * 1000)
    erased = ErasedInRedis()
    for user in users:
        erased.recent_events += await _erase_trail(redis, trail_key(tenant, user), before_ms)
        erased.cached_lists += await _erase_lists(redis, tenant, user)
        await _erase_mark(redis, person_key(tenant, user), before_ms)
    await _erase_rejected(redis, rejected_key(tenant), users)
    erased.feed_events = await _erase_feed(redis, feed_key(tenant), frozenset(users), before_ms)
    await _call_all(redis, [("UNLINK", dedup_key(tenant, event)) for event in events])
    return erased


async def _erase_trail(redis: RedisClient, key: str, before_ms: int) -> int:
    (entries,) = await redis.call(("LRANGE", key, 0, -1))
    old = [entry for entry, event in zip(entries, parse_trail(entries), strict=True) if event.created_ms < before_ms]
    await _call_all(redis, [("LREM", key, 0, entry) for entry in old])
    return len(old)


async def _erase_mark(redis: RedisClient, key: str, before_ms: int) -> None:
    """A mark's moment is rounded up, so one of the same millisecond is from before."""
    (mark,) = await redis.call(("GET", key))
    if mark is not None and decode_joined(mark).at_ms <= before_ms + 1:
        await redis.call(("UNLINK", key))


async def _erase_rejected(redis: RedisClient, key: str, users: Sequence[str]) -> None:
    """What was refused was never stored; what was sent of these users goes all the same, whenever it came."""
    (entries,) = await redis.call(("LRANGE", key, 0, -1))
    spelled = {spelling for user in users for spelling in (user, json.dumps(user)[1:-1])}
    found = [entry for entry in entries if any(each in _rejected.decode(entry).sent for each in spelled)]
    await _call_all(redis, [("LREM", key, 0, entry) for entry in found])


async def _erase_feed(redis: RedisClient, key: str, users: frozenset[str], before_ms: int) -> int:
    erased = 0
    start = b"-"
    while True:
        (entries,) = await redis.call(("XRANGE", key, start, "+", "COUNT", PAGE))
        fed = [(name, parse_entry(fields[1])) for name, fields in entries]
        found = [name for name, event in fed if event.user_id in users and event.created_ms < before_ms]
        if found:
            await redis.call(("XDEL", key, *found))
        erased += len(found)
        if len(entries) < PAGE:
            return erased
        start = b"(" + entries[-1][0]


async def _erase_lists(redis: RedisClient, tenant: str, user: str) -> int:
    """Lists of a user whose id begins like this one's may go with them: they are made again."""
    erased = 0
    async for keys in _scan(redis, _SPECIAL.sub(r"\\\1", key_of_user(tenant, user)) + ":*"):
        await redis.call(("UNLINK", *keys))
        erased += len(keys)
    return erased


async def _scan(redis: RedisClient, pattern: str) -> AsyncIterator[list[bytes]]:
    cursor: Any = 0
    while True:
        ((cursor, keys),) = await redis.call(("SCAN", cursor, "MATCH", pattern, "COUNT", PAGE))
        if keys:
            yield keys
        if int(cursor) == 0:
            return


async def _call_all(redis: RedisClient, commands: Sequence[Command]) -> None:
    for at in range(0, len(commands), PAGE):
        await redis.call(*commands[at : at + PAGE])
