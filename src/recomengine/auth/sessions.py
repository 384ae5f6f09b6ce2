"""The sessions of an account, to look at and to end one by one: families of refresh tokens (service.py)."""

from uuid import UUID

import asyncpg

from recomengine.auth import queries
from recomengine.auth.actor import Actor
from recomengine.auth.service import REFRESH_LIFETIME
from recomengine.infra.database import Pool
from recomengine.web.problems import NotFound

MOST_SHOWN = 100


async def sessions_of(pool: Pool, actor: Actor) -> list[asyncpg.Record]:
    """The newest of those that have not ended."""
    return await queries.families_of(pool, actor.admin.id, MOST_SHOWN)


async def end_session(pool: Pool, actor: Actor, session_id: UUID) -> None:
    """Its tokens are refused by every process from then on."""
    async with pool.acquire() as connection, connection.transaction():
        if not await queries.end_family_of(connection, actor.admin.id, session_id, REFRESH_LIFETIME):
            raise NotFound("There is no such session of this account, or it has ended. Check the id.")
        after = {"session": str(session_id)}
        await queries.insert_audit(
            connection, actor.admin.id, None, "account.session_ended", str(actor.admin.id), actor.address, None, after
        )
