"""SQL of the schedule: what concerns all tenants, through functions that return the least that will do."""

from datetime import datetime
from uuid import UUID

from recomengine.infra.database import Pool

TENANTS_DUE = "SELECT tenants_due($1)"
ENSURE_EVENT_PARTITIONS = "SELECT ensure_event_partitions($1)"


async def tenants_due(pool: Pool, since: datetime) -> list[UUID]:
    return [row[0] for row in await pool.fetch(TENANTS_DUE, since)]


async def ensure_event_partitions(pool: Pool, months_ahead: int) -> int:
    return int(await pool.fetchval(ENSURE_EVENT_PARTITIONS, months_ahead))
