"""SQL of the members and the invitations."""

from datetime import timedelta
from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection, Pool

# Before a tenant's members change, so that changes at the same moment leave it an owner.
LOCK_MEMBERS = "SELECT FROM tenants WHERE id = $1 FOR NO KEY UPDATE"
MEMBERS_OF = """
SELECT m.admin_id AS id, a.email, a.name, m.role, m.created_at FROM members m JOIN admins a ON a.id = m.admin_id
WHERE m.tenant_id = $1
  AND ($2::uuid IS NULL OR (m.created_at, m.admin_id) > (SELECT b.created_at, b.admin_id FROM members b
      WHERE b.tenant_id = $1 AND b.admin_id = $2))
ORDER BY m.created_at, m.admin_id LIMIT $3
"""
ONE_MEMBER = """
SELECT m.admin_id AS id, a.email, a.name, m.role, m.created_at FROM members m JOIN admins a ON a.id = m.admin_id
WHERE m.tenant_id = $1 AND m.admin_id = $2
"""
COUNT_OWNERS = "SELECT count(*) FROM members WHERE tenant_id = $1 AND role = 'owner'"
COUNT_PLACES = """
SELECT (SELECT count(*) FROM members WHERE tenant_id = $1)
     + (SELECT count(*) FROM invitations WHERE tenant_id = $1 AND lower(email) <> lower($2))
"""
HAS_MEMBER = """
SELECT EXISTS (SELECT FROM members m JOIN admins a ON a.id = m.admin_id
               WHERE m.tenant_id = $1 AND lower(a.email) = lower($2))
"""
INSERT_MEMBER = """
INSERT INTO members (tenant_id, admin_id, role) VALUES ($1, $2, $3)
ON CONFLICT ON CONSTRAINT members_pkey DO NOTHING
"""
SET_ROLE = "UPDATE members SET role = $3 WHERE tenant_id = $1 AND admin_id = $2"
DELETE_MEMBER = "DELETE FROM members WHERE tenant_id = $1 AND admin_id = $2"
INVITATIONS_OF = """
SELECT id, email, role, created_at, expires_at FROM invitations
WHERE tenant_id = $1
  AND ($2::uuid IS NULL OR (created_at, id) < (SELECT a.created_at, a.id FROM invitations a WHERE a.tenant_id = $1
      AND a.id = $2))
ORDER BY created_at DESC, id DESC LIMIT $3
"""
UPSERT_INVITATION = """
INSERT INTO invitations (tenant_id, email, role, digest, expires_at) VALUES ($1, $2, $3, $4, now() + $5)
ON CONFLICT (tenant_id, lower(email)) DO UPDATE
SET role = excluded.role, digest = excluded.digest, created_at = now(), expires_at = excluded.expires_at
RETURNING id, email, role, created_at, expires_at
"""
DELETE_INVITATION = "DELETE FROM invitations WHERE tenant_id = $1 AND id = $2 RETURNING email"
FIND_INVITATION = "SELECT tenant_id, email FROM find_invitation($1)"
TAKE_INVITATION = """
DELETE FROM invitations WHERE tenant_id = $1 AND digest = $2 AND expires_at > now() RETURNING id, role
"""


async def lock_members(connection: Connection, tenant_id: UUID) -> None:
    await connection.execute(LOCK_MEMBERS, tenant_id)


async def members_of(connection: Connection, tenant_id: UUID, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    return await connection.fetch(MEMBERS_OF, tenant_id, after, limit)


async def one_member(connection: Connection, tenant_id: UUID, admin_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(ONE_MEMBER, tenant_id, admin_id)


async def count_owners(connection: Connection, tenant_id: UUID) -> int:
    return int(await connection.fetchval(COUNT_OWNERS, tenant_id))


async def count_places(connection: Connection, tenant_id: UUID, email: str) -> int:
    """How many are members or invited, without an invitation of `email`, which another one would replace."""
    return int(await connection.fetchval(COUNT_PLACES, tenant_id, email))


async def has_member(connection: Connection, tenant_id: UUID, email: str) -> bool:
    return bool(await connection.fetchval(HAS_MEMBER, tenant_id, email))


async def insert_member(connection: Connection, tenant_id: UUID, admin_id: UUID, role: str) -> bool:
    """False for one who is a member already, and stays what they are."""
    return await connection.execute(INSERT_MEMBER, tenant_id, admin_id, role) == "INSERT 0 1"


async def set_role(connection: Connection, tenant_id: UUID, admin_id: UUID, role: str) -> None:
    await connection.execute(SET_ROLE, tenant_id, admin_id, role)


async def delete_member(connection: Connection, tenant_id: UUID, admin_id: UUID) -> None:
    await connection.execute(DELETE_MEMBER, tenant_id, admin_id)


async def invitations_of(
    connection: Connection, tenant_id: UUID, after: UUID | None, limit: int
) -> list[asyncpg.Record]:
    return await connection.fetch(INVITATIONS_OF, tenant_id, after, limit)


async def upsert_invitation(
    connection: Connection, tenant_id: UUID, email: str, role: str, digest: bytes, lifetime: timedelta
) -> asyncpg.Record:
    row = await connection.fetchrow(UPSERT_INVITATION, tenant_id, email, role, digest, lifetime)
    assert row is not None  # inserted or updated
    return row


async def delete_invitation(connection: Connection, tenant_id: UUID, invitation_id: UUID) -> str | None:
    """The address that it went to; None where there is no such invitation."""
    email: str | None = await connection.fetchval(DELETE_INVITATION, tenant_id, invitation_id)
    return email


async def find_invitation(pool: Pool, digest: bytes) -> asyncpg.Record | None:
    """The tenant and the address of one that is still good."""
    return await pool.fetchrow(FIND_INVITATION, digest)


async def take_invitation(connection: Connection, tenant_id: UUID, digest: bytes) -> asyncpg.Record | None:
    """Its id and role, once; None for one that was used, revoked or replaced meanwhile."""
    return await connection.fetchrow(TAKE_INVITATION, tenant_id, digest)
