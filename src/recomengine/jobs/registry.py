"""Every job there is: its name, what it does, when it is due, how often it is tried. A new job is one line of JOBS.

What a job does may be done twice, by a worker that was thought dead and by the one after it. So either its effect is in
PostgreSQL and it calls `run.finish(connection)` in the transaction that makes it: then effect and end of the job are
one, and happen once. Or doing it again changes nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeAlias
from uuid import UUID

from recomengine.analytics.aggregate import settle_due, settle_night
from recomengine.archive.service import archive_due
from recomengine.auth.service import forget_expired
from recomengine.experiments.service import complete_overdue
from recomengine.infra.bus import Bus
from recomengine.infra.database import Connection, Pool
from recomengine.infra.redis import RedisClient
from recomengine.integration.notes import forget_notes
from recomengine.jobs import queries
from recomengine.models.due import REFRESH_DUE, refresh_due
from recomengine.models.event_log import EventLogs
from recomengine.models.learning import WorseThanServed
from recomengine.models.service import REFRESH_JOB, refresh
from recomengine.models.store import ModelStore
from recomengine.robots.service import find_robots, find_robots_due
from recomengine.settings import Settings
from recomengine.tenants.purge import purge
from recomengine.users.service import finish_erasures

ATTEMPTS, FIRST_WAIT = 8, timedelta(seconds=10)
"""With waits that double this is some 20 minutes from the first try to the last."""
MONTHS_AHEAD = 2
LOOK_BACK = timedelta(minutes=20)
REMEMBERED = timedelta(days=7)


@dataclass(frozen=True)
class Tools:
    """What a worker holds open for its jobs."""

    pool: Pool
    redis: RedisClient
    bus: Bus
    store: ModelStore
    logs: EventLogs
    settings: Settings


class Run(NamedTuple):
    """One try of a job."""

    of: UUID | None
    finish: Callable[[Connection], Awaitable[None]]
    """Ends the job with the transaction of the connection; raises JobLost when another worker has it."""

    @property
    def tenant(self) -> UUID:
        assert self.of is not None  # a job of a tenant is queued with one
        return self.of


Work: TypeAlias = Callable[[Tools, Run], Awaitable[object]]


class Job(NamedTuple):
    """cron: in UTC; without one others queue it. at_start: also whenever a worker starts. of_tenant: it is queued for
    one.
    """

    name: str
    work: Work
    cron: str = ""
    at_start: bool = False
    of_tenant: bool = False
    attempts: int = ATTEMPTS
    first_wait: timedelta = FIRST_WAIT


async def refresh_model(tools: Tools, run: Run) -> None:
    await find_robots(tools.pool, tools.bus, run.tenant)
    try:
        await refresh(tools.pool, tools.store, tools.logs, tools.bus, run.tenant, run.finish)
    except WorseThanServed:  # is in the ledger of builds; another try would come out the same
        return


async def make_partitions(pool: Pool) -> int:
    """Make the events' partitions of this month and the next ones; how many were missing."""
    return await queries.ensure_event_partitions(pool, MONTHS_AHEAD)


async def purge_tenants(tools: Tools) -> int:
    await forget_expired(tools.pool)
    return await purge(tools.pool, tools.redis, tools.store, tools.logs)


async def complete_experiments(tools: Tools) -> int:
    """No experiment runs longer than its events are kept."""
    return await complete_overdue(tools.pool, tools.bus, timedelta(days=tools.settings.event_retention_days))


JOBS = (
    Job(REFRESH_JOB, refresh_model, of_tenant=True),
    Job(REFRESH_DUE, lambda tools, _: refresh_due(tools.pool), cron="*/15 * * * *", at_start=True),
    Job("make_partitions", lambda tools, _: make_partitions(tools.pool), cron="5 0 * * *", at_start=True),
    Job("purge_tenants", lambda tools, _: purge_tenants(tools), cron="35 3 * * *"),
    Job("find_robots", lambda tools, _: find_robots_due(tools.pool, tools.bus, LOOK_BACK), cron="*/5 * * * *"),
    Job("settle_figures", lambda tools, _: settle_due(tools.pool, LOOK_BACK), cron="* * * * *"),
    Job("settle_night", lambda tools, _: settle_night(tools.pool, tools.redis), cron="0 2 * * *"),
    Job("finish_erasures", lambda tools, _: finish_erasures(tools.pool, tools.redis, tools.bus), cron="*/5 * * * *"),
    Job("complete_experiments", lambda tools, _: complete_experiments(tools), cron="35 1 * * *"),
    Job("archive_events", lambda tools, _: archive_due(tools.settings), cron="35 4 * * *"),
    Job(
        "forget_jobs",
        lambda tools, _: queries.forget_jobs(tools.pool, datetime.now(UTC) - REMEMBERED),
        cron="50 3 * * *",
    ),
    Job("forget_notes", lambda tools, _: forget_notes(tools.pool), cron="55 3 * * *"),
)
