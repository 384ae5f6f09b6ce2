"""A job as answers show one, and the query of their list."""

from datetime import datetime
from typing import Annotated, Literal

import asyncpg
import msgspec
from msgspec import Meta

from recomengine.web.paging import Limit

JobId = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Status = Literal["waiting", "running", "succeeded", "dead", "replaced"]


class JobsPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: JobId | None = None
    status: Status | None = None


class Job(msgspec.Struct, rename="camel", frozen=True):
    """error: of the last try that failed. next_try_at: of one that waits. ended_at: of one that succeeded, is dead or
    was replaced.
    """

    id: int
    name: str
    status: Status
    attempts: int
    error: str | None
    queued_at: datetime
    next_try_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None


def as_job(row: asyncpg.Record) -> Job:
    return Job(**row)
