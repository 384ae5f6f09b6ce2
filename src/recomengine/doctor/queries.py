"""SQL of the doctor; any role that may connect can run it."""

import asyncpg

from recomengine.infra.database import SERVING_ROLE, Connection

CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float8"
ROLES = """
SELECT session_user::text AS login, r.rolsuper OR r.rolbypassrls AS bypasses,
       EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid) AS owns,
       pg_has_role(session_user, r.oid, 'MEMBER') AS may_serve,
       coalesce((SELECT l.rolsuper OR l.rolbypassrls FROM pg_roles l WHERE l.rolname = session_user)
                OR EXISTS (SELECT FROM pg_class c JOIN pg_roles l ON l.oid = c.relowner
                           WHERE c.oid = to_regclass('tenants') AND l.rolname = session_user), false) AS owner
FROM pg_roles r WHERE r.rolname = $1
"""
MISSING_PARTITIONS = """
SELECT name FROM (SELECT to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + step * interval '1 month',
    '"events_"YYYY_MM') AS name
                  FROM generate_series(0, 1) AS step) AS wanted
WHERE to_regclass(name) IS NULL ORDER BY name
"""
SPACE = "SELECT pg_database_size(current_database())"


async def clock(connection: Connection) -> float:
    return float(await connection.fetchval(CLOCK))


async def roles(connection: Connection) -> asyncpg.Record | None:
    """The login and the serving role; None where there is no serving role."""
    return await connection.fetchrow(ROLES, SERVING_ROLE)


async def missing_partitions(connection: Connection) -> list[str]:
    """Of this month and the next."""
    return [row["name"] for row in await connection.fetch(MISSING_PARTITIONS)]


async def database_size(connection: Connection) -> int:
    return int(await connection.fetchval(SPACE))
