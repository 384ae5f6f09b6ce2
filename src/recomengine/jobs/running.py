"""One job on one worker, from where it was taken up to its end: done, to be tried again, dead, or given back.

Each end is one transaction that first makes sure that the job is still this worker's (`_hold`). A worker that was
thought dead and had its job given to another gets JobLost there, and what it did in that transaction is undone. A try
is over with its
transaction: there is no moment at which a job is done and not marked so.
"""

import random
from datetime import timedelta

import structlog
from pgqueuer.domain.models import Job as Taken
from pgqueuer.domain.models import TracebackRecord
from pgqueuer.domain.settings import db_settings

from recomengine.infra.database import Connection, Pool
from recomengine.infra.queue import NO_WAIT, library, record, tenant_of
from recomengine.jobs import queries
from recomengine.jobs.registry import Job, Run

LONGEST_WAIT, MOST_DOUBLINGS = timedelta(minutes=15), 20
PURGED = "purged"

log = structlog.get_logger()


class JobLost(Exception):
    """The job is another worker's by now, or over."""


class WorkerDied(Exception):
    """What is put down for a try that no worker ended."""


def wait_after(number: int, first: timedelta) -> timedelta:
    """How long to wait after the try of that number: twice as long each time, up to a half less by chance, lest all
    come at once.
    """
    return min(first * (1 << min(number - 1, MOST_DOUBLINGS)), LONGEST_WAIT) * random.uniform(0.5, 1)


class Try:
    """One try of a job that was taken from the queue."""

    def __init__(self, pool: Pool, job: Job, taken: Taken) -> None:
        self._pool = pool
        self._job = job
        self._taken = taken
        self._number = taken.attempts + 1
        self._tenant = tenant_of(taken.payload)
        self._finished = False
        self.run = Run(self._tenant, self._finish)

    @property
    def words(self) -> dict[str, object]:
        """Of a line in the log."""
        return {
            "job": self._job.name,
            "id": self._taken.id,
            "tenant": str(self._tenant) if self._tenant else None,
            "attempt": self._number,
        }

    async def begin(self) -> bool:
        """Whether the work is to be done: not that of a purged tenant, and not when the last try was broken off, which
        counts as failed.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await self._hold(connection)
            before = await self._record(connection, "running")
            if before == PURGED:
                await library(connection).log_jobs([(self._taken, "deleted", None)])
        if before == "running":
            await self.fail(WorkerDied("the worker ended during the job"))
        return before not in (PURGED, "running")

    async def end(self) -> None:
        """Mark the job done unless its work has."""
        if not self._finished:
            async with self._pool.acquire() as connection, connection.transaction():
                await self._finish(connection)

    async def fail(self, error: Exception) -> None:
        """Have the job tried again later, or, after its last attempt, put it among the dead."""
        said = f"{type(error).__name__}: {error}"
        log.warning("job failed", error=said, **self.words)
        if self._number >= self._job.attempts:
            await self._bury(error, said)
        else:
            await self._try_again(error, said, wait_after(self._number, self._job.first_wait))

    async def give_back(self) -> None:
        """Let another worker have the job at once, as if it had not been tried."""
        async with self._pool.acquire() as connection, connection.transaction():
            await self._hold(connection)
            await queries.give_back(connection, self._taken.id)
            await record(connection, self._taken.id, self._tenant, self._job.name, "waiting", self._taken.attempts)
            await queries.announce(connection, db_settings().channel)
        log.info("job given back", **self.words)

    async def _finish(self, connection: Connection) -> None:
        await self._hold(connection)
        await library(connection).log_jobs([(self._taken, "successful", None)])
        await self._record(connection, "succeeded")
        self._finished = True

    async def _try_again(self, error: Exception, said: str, wait: timedelta) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await self._hold(connection)
            await library(connection).retry_job(
                self._taken, wait, TracebackRecord.from_exception(error, self._taken.id)
            )
            await self._record(connection, "waiting", said, wait)
            await queries.announce(connection, db_settings().channel)

    async def _bury(self, error: Exception, said: str) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await self._hold(connection)
            await library(connection).log_jobs(
                [(self._taken, "failed", TracebackRecord.from_exception(error, self._taken.id))]
            )
            await self._record(connection, "dead", said)
            await queries.announce(connection, db_settings().channel)
        log.error("job dead", error=said, **self.words)

    async def _hold(self, connection: Connection) -> None:
        if not await queries.hold_job(connection, self._taken.id, self._taken.queue_manager_id):
            raise JobLost(f"job {self._taken.id} is no longer this worker's")

    async def _record(
        self, connection: Connection, status: str, error: str | None = None, wait: timedelta = NO_WAIT
    ) -> str | None:
        return await record(connection, self._taken.id, self._tenant, self._job.name, status, self._number, error, wait)
