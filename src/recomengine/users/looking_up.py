"""Shoppers for those who look into a shop: who was here lately, who is called so, and what is known of one."""

from uuid import UUID

from recomengine.infra.database import Pool, tenant_transaction
from recomengine.robots.service import robots_among
from recomengine.users import queries
from recomengine.users.joining import person_of
from recomengine.users.schemas import SeenShopper, Shopper, ShopperSearch
from recomengine.users.service import NOTHING, properties_of
from recomengine.web.problems import NotFound

LOOKED_THROUGH = 20_000
"""Newest events; whoever has none among them was not here lately."""
READ_WITHIN_S = 10.0


async def find_shoppers(pool: Pool, tenant_id: UUID, asked: ShopperSearch) -> list[SeenShopper]:
    """The last seen first, or those whose ids begin so, in the order of ids."""
    beginning = asked.starts_with.strip() if asked.starts_with else ""
    async with tenant_transaction(pool, tenant_id, limit_s=READ_WITHIN_S) as connection:
        rows = await (
            queries.shoppers_named(connection, tenant_id, beginning, asked.limit)
            if beginning
            else queries.newest_shoppers(connection, tenant_id, LOOKED_THROUGH, asked.limit)
        )
    return [SeenShopper(**row) for row in rows]


async def look_up(pool: Pool, tenant_id: UUID, user_id: str) -> Shopper:
    """Whichever of their ids is named; raises NotFound where nothing is known of it."""
    async with tenant_transaction(pool, tenant_id, limit_s=READ_WITHIN_S) as connection:
        person = await person_of(connection, tenant_id, user_id)
        seen = await queries.seen(connection, tenant_id, person.ids)
        properties = await properties_of(connection, tenant_id, person)
        robots = await robots_among(connection, tenant_id, person.ids)
        archived = await queries.archived_months(connection, tenant_id)
    if not (seen or person.aliases or properties or robots):
        raise NotFound(NOTHING + (f" The archive was not searched: {', '.join(archived)}." if archived else ""))
    return Shopper(
        person.user_id, person.aliases, properties, {row["event_type"]: row["events"] for row in seen},
        min((row["first_at"] for row in seen), default=None), max((row["last_at"] for row in seen), default=None),
        robots, archived,
    )  # fmt: skip
