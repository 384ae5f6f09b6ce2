"""SQL of the API keys."""

from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection, Pool

INSERT_KEY = """
INSERT INTO api_keys (tenant_id, name, key_hash, key_prefix, permissions, origins)
VALUES ($1, $2, $3, $4, $5, $6)"""
FIND_KEY = "SELECT * FROM find_api_key($1)"


async def insert_key(
    connection: Connection, tenant_id: UUID, name: str, key_hash: bytes, prefix: str, permissions: str, origins: list[str]
) -> None:
    await connection.execute(INSERT_KEY, tenant_id, name, key_hash, prefix, permissions, origins)


async def find_key(pool: Pool, key_hash: bytes) -> asyncpg.Record | None:
    """The key and its tenant, whoever it belongs to: the one look-up that precedes knowing the tenant."""
    return await pool.fetchrow(FIND_KEY, key_hash)
