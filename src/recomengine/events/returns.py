"""Returns as the trails tell them: which purchase of which shopper counts no longer.

Who sends a return may name the shopper by another id than the purchase did, and may return one of three. So a return is
looked up with its order: where nothing is left of the product that the order bought, the trail of whoever bought it
gets an entry of type RETURN for each of its purchases, with the purchase's moment. A return without an order, or of one
that is not known, is of the shopper's newest purchase of the product.
"""

from collections.abc import Sequence
from uuid import UUID

from recomengine.events.schemas import Event
from recomengine.events.trail import RETURN, Trail, entries_of
from recomengine.infra.database import Pool, tenant_transaction


async def returned_by(pool: Pool, events: Sequence[Event]) -> dict[tuple[UUID, str], list[Trail]]:
    """Of the returns among `events`, which are stored: the entries for the trail of each (tenant, shopper)."""
    of_tenants: dict[UUID, list[UUID]] = {}
    for event in events:
        if event.event_type == RETURN:
            of_tenants.setdefault(event.tenant_id, []).append(event.id)
    found: dict[tuple[UUID, str], list[Trail]] = {}
    for tenant_id, ids in of_tenants.items():
        async with tenant_transaction(pool, tenant_id) as connection:
            for user_id, entry in await entries_of(connection, tenant_id, ids):
                found.setdefault((tenant_id, user_id), []).append(entry)
    return found
