"""SQL of the tenants."""

from uuid import UUID

import msgspec

from recomengine.infra.database import Connection

INSERT_TENANT = "INSERT INTO tenants (id, name, config) VALUES ($1, $2, $3)"
UPDATE_CONFIG = "UPDATE tenants SET config = $2, updated_at = now() WHERE id = $1"
FIND_TENANT = "SELECT status FROM tenants WHERE id = $1"
INSERT_CATALOG_STATE = "INSERT INTO catalog_state (tenant_id) VALUES ($1)"


async def insert_tenant(connection: Connection, tenant_id: UUID, name: str, config: object) -> None:
    await connection.execute(INSERT_TENANT, tenant_id, name, msgspec.to_builtins(config))
    await connection.execute(INSERT_CATALOG_STATE, tenant_id)


async def update_config(connection: Connection, tenant_id: UUID, config: object) -> None:
    await connection.execute(UPDATE_CONFIG, tenant_id, msgspec.to_builtins(config))


async def find_tenant(connection: Connection, tenant_id: UUID) -> str | None:
    """Its status; None when there is none."""
    status: str | None = await connection.fetchval(FIND_TENANT, tenant_id)
    return status
