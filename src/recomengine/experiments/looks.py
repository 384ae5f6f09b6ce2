"""What somebody who had looked at an experiment each day would have seen. The sequential interval holds at all these
looks at once, so its path shows how sure one could be, and when.

Each look is the results of what was stored until then, computed from the events. Of a long experiment every second day
is looked at, or third, so that there are at most MAX_LOOKS.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from recomengine.experiments import queries
from recomengine.experiments.schemas import Arm, DailyLook, Experiment
from recomengine.experiments.service import BEFORE, one
from recomengine.infra.database import Pool, tenant_transaction

MAX_LOOKS = 10
"""Each is as much work as the results themselves."""
DAY = timedelta(days=1)


async def looks(pool: Pool, tenant_id: UUID, experiment_id: UUID) -> list[DailyLook]:
    """The oldest first; none of an experiment that has not started."""
    experiment = await one(pool, tenant_id, experiment_id)
    if experiment.started_at is None:
        return []
    found = []
    for end in moments(experiment.started_at, experiment.completed_at or datetime.now(UTC)):
        arms = await _arms(pool, tenant_id, experiment, experiment.started_at, end)
        found.append(await asyncio.to_thread(_look, experiment, arms, end))
    return found


def moments(start: datetime, end: datetime) -> list[datetime]:
    """`end`, and before it moments that are whole days after the start, equally far apart."""
    step = DAY * (int((end - start) / DAY) // MAX_LOOKS + 1)
    return [*(moment for number in range(1, MAX_LOOKS) if (moment := start + step * number) < end), end]


async def _arms(
    pool: Pool, tenant_id: UUID, experiment: Experiment, since: datetime, until: datetime
) -> Mapping[str, Arm]:
    async with tenant_transaction(pool, tenant_id, snapshot=True) as connection:
        return await queries.measure(connection, tenant_id, experiment, since, until, since - BEFORE)


def _look(experiment: Experiment, arms: Mapping[str, Arm], at: datetime) -> DailyLook:
    from recomengine.experiments.reporting import report  # brings SciPy

    results = report(experiment, arms, at)
    return DailyLook(
        at=at, users=sum(arm.users for arm in arms.values()), absolute_lift=results.comparison.absolute_lift,
        sequential_ci=results.comparison.sequential_ci, decision=results.decision,
    )  # fmt: skip
