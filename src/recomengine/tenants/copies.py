"""What a machine keeps of tenants on its own disk, beside the model store: logs of events, copies of models in an
object store.
"""

import asyncio

from recomengine.infra.database import Pool, tenant_transaction
from recomengine.models.event_log import EventLogs
from recomengine.models.service import forget_erased
from recomengine.models.store import ModelStore
from recomengine.tenants import queries

EVERY_S = 6 * 3600.0


async def remove_copies(pool: Pool, store: ModelStore, logs: EventLogs) -> int:
    """Delete those of tenants that are no longer there, and what is of erased shoppers; of how many tenants. All of it
    can be made again.

    Every machine does it for itself, since a purge runs on one of them.
    """
    copied = await asyncio.to_thread(lambda: set(store.copied()) | set(logs.kept()))
    if not copied:
        return 0
    async with tenant_transaction(pool, *copied) as connection:
        gone = copied - await queries.tenants_there(connection, list(copied))
    for tenant_id in gone:
        await asyncio.to_thread(store.remove_copies, tenant_id)
        await asyncio.to_thread(logs.remove, tenant_id)
    return len(gone) + await forget_erased(pool, store, logs)
