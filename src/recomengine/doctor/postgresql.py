"""PostgreSQL: reached, new enough, migrated, its roles apart, partitions ahead, its clock ours, no job dead or late."""

import time

import asyncpg

from recomengine.doctor import queries
from recomengine.doctor.check import Check, clock
from recomengine.infra.database import SERVING_ROLE, Connection
from recomengine.infra.migrations import pending
from recomengine.infra.queue import count_jobs
from recomengine.settings import Settings

MIN_VERSION = 15
TIMEOUT_S = 5
LATE_S = 600


async def examine(settings: Settings) -> list[Check]:
    """One line where it cannot be asked, else all."""
    if not settings.database_url:
        return [
            Check(
                "postgresql",
                False,
                "DATABASE_URL is not set, and no `recomengine up` runs on this data dir.",
                "Set it, or start one.",
            )
        ]
    try:
        connection = await asyncpg.connect(settings.database_url, timeout=TIMEOUT_S, command_timeout=TIMEOUT_S)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        detail = f"cannot be reached: {error or 'no answer in time'}."
        return [Check("postgresql", False, detail, "Check DATABASE_URL and that the server runs.")]
    try:
        schema = await _schema(connection)
        jobs = [await _jobs(connection)] if schema.ok else []
        return [schema, await _roles(connection), await _partitions(connection), await _clock(connection), *jobs]
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return [Check("postgresql", False, f"does not answer: {error or type(error).__name__}.", "Read its log.")]
    finally:
        await connection.close(timeout=TIMEOUT_S)


async def _schema(connection: Connection) -> Check:
    version = connection.get_server_version().major
    if version < MIN_VERSION:
        return Check("postgresql", False, f"is version {version}.", f"Upgrade it to {MIN_VERSION} or newer.")
    try:
        missing = await pending(connection)
    except asyncpg.InsufficientPrivilegeError as error:
        return Check("postgresql", False, f"refuses: {error}.", f"GRANT {SERVING_ROLE} TO the login of DATABASE_URL;")
    if missing:
        return Check("postgresql", False, f"lacks {', '.join(missing)}.", "Run `recomengine migrate` as the owner.")
    return Check(
        "postgresql", True, f"version {version}, schema up to date, {await queries.database_size(connection) >> 20} MiB"
    )


async def _roles(connection: Connection) -> Check:
    found = await queries.roles(connection)
    if found is None:
        return Check("roles", False, f"There is no role {SERVING_ROLE}.", "Run `recomengine migrate` as the owner.")
    login = found["login"]
    if found["bypasses"]:
        return Check(
            "roles",
            False,
            f"{SERVING_ROLE} is not bound by row-level security.",
            f"ALTER ROLE {SERVING_ROLE} NOSUPERUSER NOBYPASSRLS;",
        )
    if found["owns"]:
        return Check(
            "roles",
            False,
            f"{SERVING_ROLE} owns tables, whose policies do not bind it.",
            f"REASSIGN OWNED BY {SERVING_ROLE} TO the owner;",
        )
    if not found["may_serve"]:
        return Check("roles", False, f"{login} may not work as {SERVING_ROLE}.", f"GRANT {SERVING_ROLE} TO {login};")
    kind = (
        "which owns the tables; docs/operations.md gives serve and worker a login of their own"
        if found["owner"]
        else "which owns nothing"
    )
    return Check("roles", True, f"work is done as {SERVING_ROLE}, through the login {login}, {kind}")


async def _partitions(connection: Connection) -> Check:
    if missing := await queries.missing_partitions(connection):
        return Check(
            "partitions",
            False,
            f"{', '.join(missing)} missing.",
            "Start a worker: it makes them at once and every night.",
        )
    return Check("partitions", True, "of the events, for this month and the next")


async def _clock(connection: Connection) -> Check:
    before = time.time()
    theirs = await queries.clock(connection)
    return clock("postgresql", theirs, before, time.time())


async def _jobs(connection: Connection) -> Check:
    counted = await count_jobs(connection)
    if dead := [f"{one.dead} {one.name}" for one in counted if one.dead]:
        remedy = "See `recomengine jobs list --dead`, mend the cause, then `recomengine jobs retry`."
        return Check("jobs", False, f"dead: {', '.join(dead)}.", remedy)
    if late := [f"{one.waiting} {one.name}" for one in counted if one.overdue_s > LATE_S]:
        return Check(
            "jobs",
            False,
            f"waiting for more than {LATE_S // 60} min: {', '.join(late)}.",
            "Start a worker, or more of them.",
        )
    return Check("jobs", True, f"{sum(one.waiting for one in counted)} waiting, none dead")
