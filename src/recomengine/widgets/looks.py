"""How placements look, for pages: from Redis, else from PostgreSQL.

With the look-up of its key a request has the stamp of each of its tenant's widgets (`web/caller.py: PlacedWidget`). A
look in Redis with an older one is a miss, so a reader who was slow to put it there does no harm. A widget that the
caller knows nothing of, because it was made just now, is asked of PostgreSQL alone.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from recomengine.infra.database import Pool, tenant_transaction
from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.web.caller import Caller
from recomengine.widgets import queries
from recomengine.widgets.schemas import Look, as_look

TTL_S = 60


class _Kept(msgspec.Struct, frozen=True):
    """What Redis holds of one placement."""

    stamp: int
    look: Look


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Kept).decode


class AskedLooks(NamedTuple):
    placement_ids: Sequence[str]
    replies: "asyncio.Future[list[Any]]"


def ask_looks(redis: RedisClient, caller: Caller, placement_ids: Sequence[str]) -> AskedLooks:
    """Ask Redis now, in the write that leaves with the charge. placement_ids: one at least."""
    keys = [look_key(caller.tenant, placement_id) for placement_id in placement_ids]
    return AskedLooks(placement_ids, redis.call(("MGET", *keys)))


async def look_at(pool: Pool, redis: RedisClient, caller: Caller, asked: AskedLooks, placement_id: str) -> Look | None:
    """None where the placement has no widget."""
    looks = await looks_in_redis(caller, asked)
    if not looks:
        looks = await looks_in_database(pool, redis, caller, [placement_id])
    return looks.get(placement_id)


async def looks_in_redis(caller: Caller, asked: AskedLooks) -> dict[str, Look]:
    """By placement, those that are as the caller knows them, or newer."""
    try:
        (values,) = await asked.replies
    except RedisUnavailable:
        FALLBACKS.labels("widgets").inc()
        return {}
    found = {}
    for placement_id, value in zip(asked.placement_ids, values, strict=True):
        known, kept = caller.widgets.get(placement_id), _read(value)
        if known is not None and kept is not None and kept.stamp >= known.stamp:
            found[placement_id] = kept.look
    return found


async def looks_in_database(
    pool: Pool, redis: RedisClient, caller: Caller, placement_ids: Sequence[str], limit_s: float | None = None
) -> dict[str, Look]:
    """By placement, of those that have a widget; kept in Redis for the next. After `limit_s` it raises one of
    DATABASE_AWAY.
    """
    async with tenant_transaction(pool, caller.tenant_id, limit_s=limit_s) as connection:
        rows = [dict(row) for row in await queries.looks_at(connection, caller.tenant_id, list(placement_ids))]
    kept = [_Kept(row.pop("stamp"), as_look(row)) for row in rows]
    _keep(redis, caller, kept)
    return {each.look.placement_id: each.look for each in kept}


async def forget_looks(redis: RedisClient, tenant_id: UUID, placement_ids: Sequence[str]) -> None:
    """Where Redis does not hear it, the stamp says that its look is old."""
    try:
        await redis.call(("DEL", *[look_key(str(tenant_id), placement_id) for placement_id in placement_ids]))
    except RedisUnavailable:
        FALLBACKS.labels("widgets").inc()


def look_key(tenant: str, placement_id: str) -> str:
    return f"reco:widget:{{{tenant}}}:{placement_id}"


def _read(value: bytes | None) -> _Kept | None:
    if value is None:
        return None
    try:
        return _decode(value)
    except msgspec.MsgspecError:
        return None  # of another version of the program


def _keep(redis: RedisClient, caller: Caller, kept: Sequence[_Kept]) -> None:
    """Without waiting for it."""
    if kept:
        sets = [("SET", look_key(caller.tenant, each.look.placement_id), _encode(each), "EX", TTL_S) for each in kept]
        redis.call(*sets).add_done_callback(_count_failure)


def _count_failure(done: "asyncio.Future[list[Any]]") -> None:
    if not done.cancelled() and done.exception() is not None:
        FALLBACKS.labels("widgets").inc()
