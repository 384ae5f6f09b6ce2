"""`recomengine jobs`, `worker --once`, and what `doctor` says of jobs."""

import asyncio
import json
from uuid import UUID

import pytest

from recomengine.infra.database import open_pool
from recomengine.infra.queue import enqueue
from recomengine.models.service import REFRESH_JOB
from tests.cli.lines import is_one_line, ndjson
from tests.support.apps import SECRET
from tests.support.commands import Command
from tests.support.databases import execute, fetchval


@pytest.fixture
def dead(tenant: str, database: str) -> int:
    """The number of a job of the tenant's that is dead."""
    asyncio.run(execute(database, "DELETE FROM pgqueuer"))
    return asyncio.run(make_dead(database, UUID(tenant)))


async def make_dead(url: str, tenant_id: UUID) -> int:
    pool = await open_pool(url, min_size=1, max_size=1)
    try:
        job_id = await enqueue(pool, REFRESH_JOB, tenant_id)
    finally:
        await pool.close()
    assert job_id is not None
    await execute(url, "UPDATE pgqueuer SET status = 'failed', attempts = 7 WHERE id = $1", job_id)
    await execute(url, "UPDATE jobs SET status = 'dead' WHERE id = $1", job_id)
    return job_id


def test_dead_jobs_are_listed_and_queued_again(command: Command, tenant: str, dead: int) -> None:
    listed = command("jobs", "list")
    assert (listed.code, listed.out.split()[:4]) == (0, ["dead", str(dead), REFRESH_JOB, tenant])
    assert command("jobs", "list", "--tenant", str(UUID(int=1))).out == "none\n"

    assert command("jobs", "retry", str(dead)).out == f"queued again: {dead}\n"
    assert command("jobs", "list", "--dead").out == "none\n"
    (line,) = command("jobs", "list", "--json").out.splitlines()
    assert {name: json.loads(line)[name] for name in ("id", "status", "tenant_id", "attempts")} == {
        "id": dead, "status": "waiting", "tenant_id": tenant, "attempts": 0,
    }  # fmt: skip
    refused = command("jobs", "retry", str(dead))
    assert (refused.code, f"Not dead: {dead}." in refused.err, is_one_line(refused.err)) == (1, True, True)


def test_all_dead_jobs_are_queued_again_at_once(command: Command, dead: int) -> None:
    assert command("jobs", "retry", "--all").out == f"queued again: {dead}\n"
    assert command("jobs", "retry", "--all").out == "queued again: none\n"


@pytest.mark.parametrize("arguments", [[], ["1", "--all"]])
def test_retry_wants_numbers_or_all(command: Command, tenant: str, arguments: list[str]) -> None:
    refused = command("jobs", "retry", *arguments)
    assert refused.code == 1
    assert "or all of them with --all" in refused.err


def test_doctor_names_dead_jobs_and_those_that_nobody_takes(command: Command, database: str, dead: int) -> None:
    def said() -> tuple[int, str]:
        ran = command("doctor", jwt_secret=SECRET, internal_api_key=SECRET)
        return ran.code, next(line for line in ran.out.splitlines() if " jobs: " in line)

    assert said() == (
        1,
        f"bad  jobs: dead: 1 {REFRESH_JOB}. See `recomengine jobs list --dead`, mend the cause, then `recomengine jobs "
        f"retry`.",
    )  # fmt: skip
    command("jobs", "retry", str(dead))
    assert said() == (0, "ok   jobs: 1 waiting, none dead")
    asyncio.run(execute(database, "UPDATE pgqueuer SET execute_after = now() - interval '11 minutes'"))
    assert said() == (1, f"bad  jobs: waiting for more than 10 min: 1 {REFRESH_JOB}. Start a worker, or more of them.")


def test_one_job_is_run_by_hand(command: Command, tenant: str, database: str) -> None:
    command("import", "catalog", "-", "--tenant", tenant, stdin=ndjson({"productId": "boot", "name": "Boot"}))
    ran = command("worker", "--once", REFRESH_JOB, "--tenant", tenant)
    assert (ran.code, ran.out) == (0, "")
    assert asyncio.run(fetchval(database, "SELECT status FROM models WHERE tenant_id = $1", UUID(tenant))) == "ready"
    newest = "SELECT max(inhrelid::regclass::text) FROM pg_inherits WHERE inhparent = 'events'::regclass"
    before = asyncio.run(fetchval(database, newest))
    asyncio.run(execute(database, f"DROP TABLE {before}"))
    assert command("worker", "--once", "make_partitions").code == 0
    assert asyncio.run(fetchval(database, newest)) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--once", "dust"], "There is no job dust. Choose one of refresh_model, "),
        (["--once", REFRESH_JOB], "Say which with --tenant."),
        (["--once", "make_partitions", "--tenant", str(UUID(int=1))], "Leave out --tenant."),
        (["--tenant", str(UUID(int=1))], "--tenant goes with --once."),
    ],
)
def test_what_cannot_be_run_by_hand_is_refused(
    command: Command, tenant: str, arguments: list[str], message: str
) -> None:
    refused = command("worker", *arguments)
    assert (refused.code, message in refused.err, is_one_line(refused.err)) == (1, True, True), refused.err
