"""How a shop's integration does over the last days, check by check."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from recomengine.infra.database import Pool, tenant_transaction
from recomengine.integration import of_events, of_placements, of_senders
from recomengine.integration.facts import OF_SLICE, SLICES, read_facts
from recomengine.integration.judging import worst
from recomengine.integration.queries import Sampling
from recomengine.integration.schemas import Integration
from recomengine.shop import TenantConfig
from recomengine.tenants.service import read_one

EXAMINED_WITHIN_S = 10.0
ORDER = ("problem", "warning", "unknown", "ok")
CHECKS = (*of_senders.CHECKS, *of_events.CHECKS, *of_placements.CHECKS)


async def examine(pool: Pool, tenant_id: UUID, days: int) -> Integration:
    """The worst first; raises NotFound. Everything is read as of one moment."""
    tenant = await read_one(pool, tenant_id)
    config = msgspec.convert(tenant["config"], TenantConfig)
    since = datetime.now(UTC) - timedelta(days=days)
    async with tenant_transaction(pool, tenant_id, snapshot=True, limit_s=EXAMINED_WITHIN_S) as connection:
        facts = await read_facts(connection, config, Sampling(tenant_id, since, SLICES, OF_SLICE))
    findings = sorted((check(facts) for check in CHECKS), key=lambda finding: ORDER.index(finding.status))
    return Integration(worst([finding.status for finding in findings]), since, facts.feeds["now"], findings)
