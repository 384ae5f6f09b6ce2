"""A robot as answers show one, and the query of their list."""

from datetime import datetime
from typing import Annotated, Literal

import asyncpg
import msgspec
from msgspec import Meta

from recomengine.web.fields import Id
from recomengine.web.paging import Limit

RobotStatus = Literal["suspected", "confirmed", "cleared"]
"""suspected: found by the worker. confirmed: an admin says so. cleared: a shopper's id, whom the worker suspects no
more."""


class RobotsPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    limit: Limit = 50
    cursor: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    status: RobotStatus | None = None


class Robot(msgspec.Struct, rename="camel", frozen=True):
    """marked_at: when it got this status."""

    user_id: Id
    status: RobotStatus
    reason: str
    marked_at: datetime


def as_robot(row: asyncpg.Record) -> Robot:
    return Robot(**row)
