"""SQL of the accounts: admins, their tokens, what they did. None of it belongs to a tenant, so nothing is declared."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection, Pool

INSERT_ADMIN = """
INSERT INTO admins (email, password_hash, name) VALUES ($1, $2, $3)
ON CONFLICT (lower(email)) DO NOTHING RETURNING id, email, name, role, created_at
"""
FIND_ADMIN = "SELECT id, email, name, role, created_at, password_hash FROM admins WHERE lower(email) = lower($1)"
SIGNED_IN = """
SELECT id, email, name, role, created_at FROM admins
WHERE id = $1 AND NOT EXISTS (SELECT FROM ended_families WHERE family = $2)
"""
RENAME_ADMIN = (
    "UPDATE admins SET name = $2, updated_at = now() WHERE id = $1 RETURNING id, email, name, role, created_at"
)
SET_PASSWORD = "UPDATE admins SET password_hash = $2, updated_at = now() WHERE id = $1"  # noqa: S105
BEGIN_FAMILY = """
INSERT INTO refresh_tokens (digest, family, admin_id, expires_at, user_agent)
SELECT $1, $2, id, now() + $4, $6 FROM admins WHERE id = $3 AND password_hash = $5 FOR SHARE
"""
SUCCEED_REFRESH = """
INSERT INTO refresh_tokens (digest, family, admin_id, expires_at, began_at, user_agent)
SELECT $1, family, admin_id, now() + $3, began_at, $4 FROM refresh_tokens WHERE digest = $2
"""
USE_REFRESH = """
UPDATE refresh_tokens SET used_at = now(), used_by = $2 WHERE digest = $1 AND used_at IS NULL AND expires_at > now()
    AND NOT EXISTS (SELECT FROM ended_families e WHERE e.family = refresh_tokens.family)
RETURNING family, admin_id
"""
FAMILY_OF = "SELECT family, admin_id, used_at IS NOT NULL AS used FROM refresh_tokens WHERE digest = $1"
SUCCESSOR_OF = """
SELECT next.digest, next.family, next.admin_id, next.used_at IS NULL AS unused
FROM refresh_tokens used JOIN refresh_tokens next ON next.family = used.family AND next.digest = ANY($2::bytea[])
WHERE used.digest = $1 AND used.used_at > now() - $3::interval AND used.used_by = $4 AND next.expires_at > now()
    AND NOT EXISTS (SELECT FROM ended_families e WHERE e.family = used.family)
"""
END_FAMILY = "INSERT INTO ended_families (family, expires_at) VALUES ($1, now() + $2) ON CONFLICT DO NOTHING"
END_FAMILIES_OF = """
INSERT INTO ended_families (family, expires_at)
SELECT DISTINCT family, now() + $2 FROM refresh_tokens WHERE admin_id = $1 AND family IS DISTINCT FROM $3
ON CONFLICT DO NOTHING
"""
DELETE_REFRESH_OF = "DELETE FROM refresh_tokens WHERE admin_id = $1 AND family IS DISTINCT FROM $2"
FAMILIES_OF = """
SELECT family, min(began_at) AS began_at, max(created_at) AS renewed_at,
       (array_agg(user_agent ORDER BY created_at DESC))[1] AS user_agent
FROM refresh_tokens t
WHERE admin_id = $1 AND NOT EXISTS (SELECT FROM ended_families e WHERE e.family = t.family)
GROUP BY family HAVING bool_or(used_at IS NULL AND expires_at > now())
ORDER BY renewed_at DESC, family LIMIT $2
"""
END_FAMILY_OF = """
INSERT INTO ended_families (family, expires_at)
SELECT family, now() + $3 FROM refresh_tokens WHERE admin_id = $1 AND family = $2 GROUP BY family
ON CONFLICT DO NOTHING
"""
LOCK_ADMIN = "SELECT id FROM admins WHERE id = $1 FOR NO KEY UPDATE"
INSERT_RESET = """
INSERT INTO password_resets (digest, admin_id, expires_at) SELECT $1, $2, now() + $3::interval
WHERE (SELECT count(*) FROM password_resets WHERE admin_id = $2 AND expires_at > now()) < $4
"""
HAS_RESET = "SELECT EXISTS (SELECT FROM password_resets WHERE digest = $1 AND expires_at > now())"
TAKE_RESET = "DELETE FROM password_resets WHERE digest = $1 RETURNING admin_id, expires_at > now() AS valid"
DELETE_RESETS_OF = "DELETE FROM password_resets WHERE admin_id = $1"
WRITE_AUDIT = "SELECT write_audit($1, $2, $3, $4, $5, $6, $7)"
ROLE_IN = "SELECT role_in($1, $2)"
TENANT_CONFIG = "SELECT config FROM tenants WHERE id = $1"
INSERT_IDEMPOTENCY = """
INSERT INTO idempotency_keys (admin_id, key, request, made) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
FIND_IDEMPOTENCY = "SELECT request, made FROM idempotency_keys WHERE admin_id = $1 AND key = $2"
FORGET_EXPIRED = (
    "DELETE FROM refresh_tokens WHERE expires_at < now()",
    "DELETE FROM ended_families WHERE expires_at < now()",
    "DELETE FROM password_resets WHERE expires_at < now()",
    "DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'",
)


async def insert_admin(connection: Connection, email: str, password_hash: str, name: str) -> asyncpg.Record | None:
    """None when the address is taken."""
    return await connection.fetchrow(INSERT_ADMIN, email, password_hash, name)


async def find_admin(pool: Pool, email: str) -> asyncpg.Record | None:
    return await pool.fetchrow(FIND_ADMIN, email)


async def signed_in(pool: "Pool | Connection", admin_id: UUID, family: UUID) -> asyncpg.Record | None:
    """The admin, unless the family was ended."""
    return await pool.fetchrow(SIGNED_IN, admin_id, family)


async def rename_admin(connection: Connection, admin_id: UUID, name: str) -> asyncpg.Record | None:
    return await connection.fetchrow(RENAME_ADMIN, admin_id, name)


async def set_password(
    connection: Connection, admin_id: UUID, password_hash: str, lifetime: timedelta, but: UUID | None = None
) -> None:
    """Every family of the admin's ends but the one that is given; lifetime: of a refresh token."""
    await connection.execute(SET_PASSWORD, admin_id, password_hash)
    await connection.execute(END_FAMILIES_OF, admin_id, lifetime, but)
    await connection.execute(DELETE_REFRESH_OF, admin_id, but)
    await connection.execute(DELETE_RESETS_OF, admin_id)


async def begin_family(
    connection: Connection,
    digest: bytes,
    family: UUID,
    admin_id: UUID,
    lifetime: timedelta,
    password_hash: str,
    user_agent: str,
) -> bool:
    """False when the password that was checked is no longer the admin's. Its row is locked, so that no change of it
    slips in between.
    """
    begun = await connection.execute(BEGIN_FAMILY, digest, family, admin_id, lifetime, password_hash, user_agent)
    return begun == "INSERT 0 1"


async def succeed_refresh(
    connection: Connection, digest: bytes, used: bytes, lifetime: timedelta, user_agent: str
) -> None:
    """Another token of the family of `used`, in its place."""
    await connection.execute(SUCCEED_REFRESH, digest, used, lifetime, user_agent)


async def use_refresh(connection: Connection, digest: bytes, client: bytes) -> asyncpg.Record | None:
    """Its family and admin, once; None when it is unknown, used, expired or its family ended."""
    return await connection.fetchrow(USE_REFRESH, digest, client)


async def successor_of(
    pool: Pool, digest: bytes, candidates: list[bytes], grace: timedelta, client: bytes
) -> asyncpg.Record | None:
    """Which of `candidates` came in place of a token that the same client has used within `grace`, in a family that has
    not ended.
    """
    return await pool.fetchrow(SUCCESSOR_OF, digest, candidates, grace, client)


async def family_of(pool: Pool, digest: bytes) -> asyncpg.Record | None:
    return await pool.fetchrow(FAMILY_OF, digest)


async def end_family(connection: Connection, family: UUID, lifetime: timedelta) -> bool:
    """Whether it had not ended before."""
    return await connection.execute(END_FAMILY, family, lifetime) == "INSERT 0 1"


async def families_of(pool: Pool, admin_id: UUID, limit: int) -> list[asyncpg.Record]:
    """Those that can still be renewed, the one that was last first."""
    return await pool.fetch(FAMILIES_OF, admin_id, limit)


async def end_family_of(connection: Connection, admin_id: UUID, family: UUID, lifetime: timedelta) -> bool:
    """False when it is not the admin's, or had ended before."""
    return await connection.execute(END_FAMILY_OF, admin_id, family, lifetime) == "INSERT 0 1"


async def lock_admin(connection: Connection, admin_id: UUID) -> None:
    await connection.execute(LOCK_ADMIN, admin_id)


async def insert_reset(connection: Connection, digest: bytes, admin_id: UUID, lifetime: timedelta, most: int) -> bool:
    """False when the admin, whose row must be locked, has `most` of them already."""
    return await connection.execute(INSERT_RESET, digest, admin_id, lifetime, most) == "INSERT 0 1"


async def has_reset(pool: Pool, digest: bytes) -> bool:
    return bool(await pool.fetchval(HAS_RESET, digest))


async def take_reset(connection: Connection, digest: bytes) -> UUID | None:
    """The admin whom the reset is for; it is used up by this."""
    row = await connection.fetchrow(TAKE_RESET, digest)
    return row["admin_id"] if row is not None and row["valid"] else None


async def insert_audit(
    connection: Connection,
    admin_id: UUID,
    tenant_id: UUID | None,
    action: str,
    subject: str,
    address: str,
    before: Any,
    after: Any,
) -> None:
    await connection.execute(WRITE_AUDIT, admin_id, tenant_id, action, subject, address, before, after)


async def role_in(pool: Pool, admin_id: UUID, tenant_id: UUID) -> str | None:
    """None for one who is no member, and for a tenant that is deleted."""
    role: str | None = await pool.fetchval(ROLE_IN, admin_id, tenant_id)
    return role


async def tenant_config(connection: Connection, tenant_id: UUID) -> dict[str, Any] | None:
    config: dict[str, Any] | None = await connection.fetchval(TENANT_CONFIG, tenant_id)
    return config


async def insert_idempotency(connection: Connection, admin_id: UUID, key: str, request: bytes, made: UUID) -> bool:
    """Whether the key is new."""
    return await connection.execute(INSERT_IDEMPOTENCY, admin_id, key, request, made) == "INSERT 0 1"


async def find_idempotency(connection: Connection, admin_id: UUID, key: str) -> asyncpg.Record | None:
    return await connection.fetchrow(FIND_IDEMPOTENCY, admin_id, key)
