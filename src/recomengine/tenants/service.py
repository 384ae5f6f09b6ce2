"""Making tenants."""

from uuid import UUID, uuid4

from recomengine.api_keys.service import create_key
from recomengine.infra.database import Pool, tenant_transaction
from recomengine.tenants import queries
from recomengine.tenants.schemas import CreatedKeys, CreatedTenant
from recomengine.web.caller import TenantConfig


async def create_tenant(pool: Pool, hmac_secret: str, name: str, config: TenantConfig) -> CreatedTenant:
    """A tenant with one key of each kind; the keys are shown here and never again."""
    tenant_id: UUID = uuid4()
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.insert_tenant(connection, tenant_id, name, config)
        keys = CreatedKeys(
            read=await create_key(connection, hmac_secret, tenant_id, "read", "read"),
            read_write=await create_key(connection, hmac_secret, tenant_id, "read-write", "read-write"),
            publish=await create_key(connection, hmac_secret, tenant_id, "publish", "publish"),
        )
    return CreatedTenant(tenant_id, keys)
