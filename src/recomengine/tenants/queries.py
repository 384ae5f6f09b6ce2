"""SQL of the tenants."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from recomengine.infra.database import Connection, Pool

INSERT_TENANT = "INSERT INTO tenants (id, name, config) VALUES ($1, $2, $3)"
INSERT_OWNER = "INSERT INTO members (tenant_id, admin_id, role) VALUES ($1, $2, 'owner')"
READ_TENANTS = """
SELECT id, name, status, config, created_at, updated_at
FROM tenants WHERE status <> 'deleted' ORDER BY created_at, id
"""
OWN_TENANTS = """
SELECT t.id, t.name, t.status, t.config, t.created_at, t.updated_at, m.role
FROM members m JOIN tenants t ON t.id = m.tenant_id
WHERE m.tenant_id = ANY ($1::uuid[]) AND m.admin_id = $2 AND t.status <> 'deleted' ORDER BY t.created_at, t.id
"""
LOCK_TENANT = """
SELECT id, name, status, config, created_at, updated_at
FROM tenants WHERE id = $1 AND status <> 'deleted' FOR UPDATE
"""
UPDATE_TENANT = """
UPDATE tenants SET name = $2, status = $3, config = $4, updated_at = now(),
    deleted_at = CASE WHEN $3 = 'deleted' THEN now() END
WHERE id = $1 RETURNING id, name, status, config, created_at, updated_at
"""
TENANTS_OF = "SELECT tenants_of AS id FROM tenants_of($1, $2, $3)"
TENANTS_THERE = "SELECT id FROM tenants WHERE id = ANY ($1::uuid[])"
TENANTS_TO_PURGE = "SELECT tenants_to_purge AS id FROM tenants_to_purge($1)"
PURGE_TENANT = "SELECT purge_tenant($1)"
UPDATE_CONFIG = "UPDATE tenants SET config = $2, updated_at = now() WHERE id = $1"
FIND_TENANT = "SELECT status, config FROM tenants WHERE id = $1"
INSERT_CATALOG_STATE = "INSERT INTO catalog_state (tenant_id) VALUES ($1)"
DROP_JOBS_OF = "DELETE FROM pgqueuer WHERE payload = $1 AND status IN ('queued', 'failed')"
READ_AUDIT = """
SELECT r.id, r.at, r.admin_id, a.email, r.about_tenant, r.action, r.subject, r.address, r.before, r.after
FROM read_audit($1, $2, $3, $4, $5, $6) r JOIN admins a ON a.id = r.admin_id ORDER BY r.id DESC
"""


async def insert_tenant(
    connection: Connection, tenant_id: UUID, name: str, config: object, owner_id: UUID | None = None
) -> None:
    """owner_id: the first of its members."""
    await connection.execute(INSERT_TENANT, tenant_id, name, msgspec.to_builtins(config))
    await connection.execute(INSERT_CATALOG_STATE, tenant_id)
    if owner_id is not None:
        await connection.execute(INSERT_OWNER, tenant_id, owner_id)


async def update_config(connection: Connection, tenant_id: UUID, config: object) -> None:
    await connection.execute(UPDATE_CONFIG, tenant_id, msgspec.to_builtins(config))


async def find_tenant(connection: Connection, tenant_id: UUID) -> asyncpg.Record | None:
    """Its status and config."""
    return await connection.fetchrow(FIND_TENANT, tenant_id)


async def read_tenants(connection: Connection) -> list[asyncpg.Record]:
    """The declared tenants that are not deleted."""
    return await connection.fetch(READ_TENANTS)


async def own_tenants(connection: Connection, tenant_ids: list[UUID], admin_id: UUID) -> list[asyncpg.Record]:
    """Those of the declared tenants that the admin is a member of, with their role."""
    return await connection.fetch(OWN_TENANTS, tenant_ids, admin_id)


async def lock_tenant(connection: Connection, tenant_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(LOCK_TENANT, tenant_id)


async def update_tenant(
    connection: Connection, tenant_id: UUID, name: str, status: str, config: object
) -> asyncpg.Record:
    row = await connection.fetchrow(UPDATE_TENANT, tenant_id, name, status, msgspec.to_builtins(config))
    assert row is not None  # locked before
    return row


async def tenants_there(connection: Connection, tenant_ids: list[UUID]) -> set[UUID]:
    """Those of the declared tenants that exist, deleted ones among them until they are purged."""
    return {row["id"] for row in await connection.fetch(TENANTS_THERE, tenant_ids)}


async def tenants_to_purge(pool: Pool, before: datetime) -> list[UUID]:
    return [row["id"] for row in await pool.fetch(TENANTS_TO_PURGE, before)]


async def purge_tenant(pool: Pool, tenant_id: UUID) -> None:
    await pool.execute(PURGE_TENANT, tenant_id, timeout=1800)


async def drop_jobs_of(pool: Pool, tenant_id: UUID) -> None:
    await pool.execute(DROP_JOBS_OF, tenant_id.bytes)


async def tenants_of(pool: Pool, admin_id: UUID, after: UUID | None, limit: int) -> list[UUID]:
    return [row["id"] for row in await pool.fetch(TENANTS_OF, admin_id, after, limit)]


async def read_audit(
    pool: Pool,
    admin_id: UUID,
    tenant_id: UUID | None,
    before_id: int | None,
    limit: int,
    actor_id: UUID | None,
    action: str | None,
) -> list[asyncpg.Record]:
    """What the admin did, and what was done to their tenants or the one given, the newest first. action: one, or the
    part before its point.
    """
    return await pool.fetch(READ_AUDIT, admin_id, tenant_id, before_id, limit, actor_id, action)
