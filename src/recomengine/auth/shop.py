"""A shop that asks for itself: what an admin's request is to a service that takes a key's caller."""

from uuid import UUID

import msgspec

from recomengine.auth import queries
from recomengine.auth.guard import NOBODYS
from recomengine.infra.database import Pool, tenant_transaction
from recomengine.shop import TenantConfig
from recomengine.web.caller import Caller
from recomengine.web.problems import NotFound


async def shop_of(pool: Pool, tenant_id: UUID) -> Caller:
    """Without its experiments and saved widgets: nobody is assigned to anything."""
    async with tenant_transaction(pool, tenant_id) as connection:
        config = await queries.tenant_config(connection, tenant_id)
    if config is None:
        raise NotFound("There is no such tenant of yours. Check the id.")
    return Caller(
        tenant_id, NOBODYS, "admin", "publish", (), "active", msgspec.convert(config, TenantConfig), str(tenant_id)
    )
