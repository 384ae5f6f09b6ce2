"""SQL of the robots: who is one, and what in the events speaks for it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection, Pool

TENANTS_HEARD_OF = "SELECT tenants_heard_of(now() - $1::interval)"
LOCK_SEARCH = "SELECT through FROM robot_searches WHERE tenant_id = $1 FOR UPDATE"
BEGIN_SEARCH = """
INSERT INTO robot_searches (tenant_id, through) VALUES ($1, $2) ON CONFLICT ON CONSTRAINT robot_searches_pkey DO NOTHING
"""
END_SEARCH = "UPDATE robot_searches SET through = $2 WHERE tenant_id = $1"

# The pages that ids opened since $2, hour by hour of the time when it happened, where that was at least $3 of them or
# $4 products; of each id the busiest hour. Most ids open fewer pages in all, and are not looked at hour by hour. Events
# that were imported without a time say nothing of a pace; they bear their own id as a client's.
BUSIEST_HOURS = """
WITH busy AS (
    SELECT user_id FROM events
    WHERE tenant_id = $1 AND created_at >= $2 AND event_type IN ('view', 'click')
    GROUP BY user_id HAVING count(*) >= least($3::bigint, $4::bigint)
), hours AS (
    SELECT e.user_id, count(*) AS pages, count(DISTINCT e.product_id) AS products
    FROM events e JOIN busy USING (user_id)
    WHERE e.tenant_id = $1 AND e.created_at >= $2 AND e.event_type IN ('view', 'click')
        AND e.client_event_id IS DISTINCT FROM e.id::text
    GROUP BY e.user_id, date_trunc('hour', e.timestamp)
)
SELECT DISTINCT ON (user_id) user_id, pages, products FROM hours WHERE pages >= $3 OR products >= $4
ORDER BY user_id, pages DESC
"""

# Ids all of whose events since $2 that say from which program they come are from one that calls itself a robot.
SELF_DECLARED = """
SELECT user_id, min(metadata ->> 'userAgent') AS agent FROM events
WHERE tenant_id = $1 AND created_at >= $2 AND metadata ->> 'userAgent' IS NOT NULL
GROUP BY user_id HAVING bool_and(metadata ->> 'userAgent' ~* $3)
ORDER BY user_id
"""
SUSPECT = """
INSERT INTO robots (tenant_id, user_id, status, reason)
SELECT $1, u, 'suspected', r FROM unnest($2::text[], $3::text[]) AS found (u, r)
ON CONFLICT ON CONSTRAINT robots_pkey DO NOTHING
"""
LIST_ROBOTS = """
SELECT user_id, status, reason, marked_at FROM robots
WHERE tenant_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR user_id > $3)
ORDER BY user_id LIMIT $4
"""
CONFIRM = """
INSERT INTO robots (tenant_id, user_id, status, reason) VALUES ($1, $2, 'confirmed', $3)
ON CONFLICT ON CONSTRAINT robots_pkey DO UPDATE SET status = 'confirmed', marked_at = now(),
    reason = CASE robots.status WHEN 'cleared' THEN excluded.reason ELSE robots.reason END
    WHERE robots.status <> 'confirmed'
"""
CLEAR = "UPDATE robots SET status = 'cleared', marked_at = now() WHERE tenant_id = $1 AND user_id = $2"
ONE_ROBOT = """
SELECT user_id, status, reason, marked_at FROM robots WHERE tenant_id = $1 AND user_id = $2
"""
ROBOTS_AMONG = """
SELECT user_id, status, reason, marked_at FROM robots WHERE tenant_id = $1 AND user_id = ANY ($2::text[])
ORDER BY user_id
"""
FORGET = "DELETE FROM robots WHERE tenant_id = $1 AND user_id = ANY ($2::text[])"

# The robots that are not cleared, and the other ids of each.
LEFT_OUT = """
WITH people AS (
    SELECT DISTINCT r.tenant_id, coalesce(a.user_id, r.user_id) AS user_id
    FROM robots r LEFT JOIN user_aliases a ON a.tenant_id = r.tenant_id AND a.anonymous_id = r.user_id
    WHERE r.tenant_id = ANY ($1::uuid[]) AND r.status <> 'cleared'
)
SELECT tenant_id, user_id FROM people
UNION
SELECT a.tenant_id, a.anonymous_id FROM people p JOIN user_aliases a USING (tenant_id, user_id)
"""


async def tenants_heard_of(pool: Pool, ago: timedelta) -> list[UUID]:
    """Those who stored an event so lately."""
    return [row[0] for row in await pool.fetch(TENANTS_HEARD_OF, ago)]


async def lock_search(connection: Connection, tenant_id: UUID, never: datetime) -> datetime:
    """Up to when the tenant's events were searched, `never` for not at all; one search of a tenant at a time."""
    await connection.execute(BEGIN_SEARCH, tenant_id, never)
    through: datetime = await connection.fetchval(LOCK_SEARCH, tenant_id)
    return through


async def end_search(connection: Connection, tenant_id: UUID, through: datetime) -> None:
    await connection.execute(END_SEARCH, tenant_id, through)


async def busiest_hours(
    connection: Connection, tenant_id: UUID, since: datetime, pages: int, products: int, limit_s: float
) -> list[asyncpg.Record]:
    return await connection.fetch(BUSIEST_HOURS, tenant_id, since, pages, products, timeout=limit_s)


async def self_declared(
    connection: Connection, tenant_id: UUID, since: datetime, words: str, limit_s: float
) -> list[asyncpg.Record]:
    return await connection.fetch(SELF_DECLARED, tenant_id, since, words, timeout=limit_s)


async def suspect(connection: Connection, tenant_id: UUID, users: Sequence[str], reasons: Sequence[str]) -> int:
    """How many of them nothing was said of before."""
    done = await connection.execute(SUSPECT, tenant_id, users, reasons)
    return int(done.rpartition(" ")[2])


async def list_robots(
    connection: Connection, tenant_id: UUID, status: str | None, after: str | None, limit: int
) -> list[asyncpg.Record]:
    return await connection.fetch(LIST_ROBOTS, tenant_id, status, after, limit)


async def confirm(connection: Connection, tenant_id: UUID, user_id: str, reason: str) -> bool:
    """Whether it changed anything."""
    return await connection.execute(CONFIRM, tenant_id, user_id, reason) == "INSERT 0 1"


async def clear(connection: Connection, tenant_id: UUID, user_id: str) -> None:
    await connection.execute(CLEAR, tenant_id, user_id)


async def one_robot(connection: Connection, tenant_id: UUID, user_id: str) -> asyncpg.Record | None:
    return await connection.fetchrow(ONE_ROBOT, tenant_id, user_id)


async def robots_among(connection: Connection, tenant_id: UUID, users: Sequence[str]) -> list[asyncpg.Record]:
    return await connection.fetch(ROBOTS_AMONG, tenant_id, users)


async def forget(connection: Connection, tenant_id: UUID, users: Sequence[str]) -> None:
    await connection.execute(FORGET, tenant_id, users)


async def left_out(connection: Connection, tenants: Sequence[UUID]) -> list[asyncpg.Record]:
    return await connection.fetch(LEFT_OUT, list(tenants))
