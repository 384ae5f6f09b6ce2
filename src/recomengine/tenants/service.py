"""Making tenants."""

from uuid import UUID, uuid4

from recomengine.api_keys.service import create_key
from recomengine.infra.database import Pool, tenant_transaction
from recomengine.tenants import queries
from recomengine.tenants.schemas import CreatedKeys, CreatedTenant
from recomengine.web.caller import TenantConfig
from recomengine.web.problems import NotFound, invalid

MAX_NAME = 200


async def create_tenant(pool: Pool, hmac_secret: str, name: str, config: TenantConfig) -> CreatedTenant:
    """A tenant with one key of each kind; the keys are shown here and never again. Raises Invalid."""
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise invalid("$.name", f"expected 1 to {MAX_NAME} printable characters. Choose another name")
    tenant_id: UUID = uuid4()
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.insert_tenant(connection, tenant_id, name, config)
        keys = CreatedKeys(
            read=await create_key(connection, hmac_secret, tenant_id, "read", "read"),
            read_write=await create_key(connection, hmac_secret, tenant_id, "read-write", "read-write"),
            publish=await create_key(connection, hmac_secret, tenant_id, "publish", "publish"),
        )
    return CreatedTenant(tenant_id, keys)


async def configure(pool: Pool, tenant_id: UUID, config: TenantConfig) -> None:
    """Put `config` in place of the tenant's; a process that knows the tenant learns of it when its memory of the keys ends."""
    async with tenant_transaction(pool, tenant_id) as connection:
        await queries.update_config(connection, tenant_id, config)


async def require_tenant(pool: Pool, tenant_id: UUID) -> None:
    """Raise NotFound unless there is such a tenant, and it is not deleted."""
    async with tenant_transaction(pool, tenant_id) as connection:
        status = await queries.find_tenant(connection, tenant_id)
    if status in (None, "deleted"):
        raise NotFound(f"There is no tenant {tenant_id}. Make one with `recomengine tenant create`.")
