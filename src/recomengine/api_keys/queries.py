"""SQL of the API keys."""

from datetime import timedelta
from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection, Pool

INSERT_KEY = """
INSERT INTO api_keys (id, tenant_id, name, key_hash, key_prefix, permissions, origins)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""
ONE_KEY = """
SELECT id, key_prefix, name, permissions, origins, created_at, last_used_at, revoked_at
FROM api_keys WHERE tenant_id = $1 AND id = $2
"""
KEYS_OF = """
SELECT id, key_prefix, name, permissions, origins, created_at, last_used_at, revoked_at FROM api_keys
WHERE tenant_id = $1
  AND ($2::uuid IS NULL OR (created_at, id) < (SELECT a.created_at, a.id FROM api_keys a WHERE a.tenant_id = $1
      AND a.id = $2))
ORDER BY created_at DESC, id DESC LIMIT $3
"""
LOCK_KEY = ONE_KEY + " AND (revoked_at IS NULL OR revoked_at > now()) FOR UPDATE"
REVOKE_KEY = "UPDATE api_keys SET revoked_at = now() + $3 WHERE tenant_id = $1 AND id = $2"
LOCK_KEYS = "SELECT FROM tenants WHERE id = $1 FOR UPDATE"
KEY_OF_DIGEST = "SELECT id, revoked_at FROM api_keys WHERE tenant_id = $1 AND key_hash = $2"
NOTE_USED = "UPDATE api_keys SET last_used_at = now() WHERE tenant_id = ANY ($1::uuid[]) AND id = ANY ($2::uuid[])"
FIND_KEY = "SELECT * FROM find_api_key($1)"


async def insert_key(
    connection: Connection,
    key_id: UUID,
    tenant_id: UUID,
    name: str,
    key_hash: bytes,
    prefix: str,
    permissions: str,
    origins: list[str],
) -> None:
    await connection.execute(INSERT_KEY, key_id, tenant_id, name, key_hash, prefix, permissions, origins)


async def keys_of(connection: Connection, tenant_id: UUID, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    """The newest first."""
    return await connection.fetch(KEYS_OF, tenant_id, after, limit)


async def one_key(connection: Connection, tenant_id: UUID, key_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(ONE_KEY, tenant_id, key_id)


async def lock_key(connection: Connection, tenant_id: UUID, key_id: UUID) -> asyncpg.Record | None:
    """A key that is not revoked."""
    return await connection.fetchrow(LOCK_KEY, tenant_id, key_id)


async def revoke_key(connection: Connection, tenant_id: UUID, key_id: UUID, after: timedelta) -> None:
    await connection.execute(REVOKE_KEY, tenant_id, key_id, after)


async def lock_keys(connection: Connection, tenant_id: UUID) -> None:
    """Have one transaction at a time make a key that must be there once."""
    await connection.execute(LOCK_KEYS, tenant_id)


async def key_of_digest(connection: Connection, tenant_id: UUID, key_hash: bytes) -> asyncpg.Record | None:
    return await connection.fetchrow(KEY_OF_DIGEST, tenant_id, key_hash)


async def note_used(connection: Connection, tenants: list[UUID], key_ids: list[UUID]) -> None:
    await connection.execute(NOTE_USED, tenants, key_ids)


async def find_key(pool: Pool, key_hash: bytes, limit_s: float) -> asyncpg.Record | None:
    """The key and its tenant, whoever it belongs to: the one look-up that precedes knowing the tenant.

    After `limit_s` it raises one of DATABASE_AWAY.
    """
    async with pool.acquire(limit_s=limit_s) as connection:
        row: asyncpg.Record | None = await connection.fetchrow(FIND_KEY, key_hash)
    return row
