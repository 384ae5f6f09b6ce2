"""How a job ends: once, with its effect; again, later; among the dead; or back in the queue."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Job as Taken
from pgqueuer.ports.repository import EntrypointExecutionParameter

from recomengine.context import Context
from recomengine.infra.queue import enqueue
from recomengine.jobs import queries, service
from recomengine.jobs.registry import Job, Run, Tools
from recomengine.jobs.running import LONGEST_WAIT, JobLost, Try, wait_after
from recomengine.jobs.worker import OneOfAKind
from tests.support.apps import MakeTenant
from tests.support.databases import execute, fetchval
from tests.support.processes import PATIENCE_S
from tests.support.shops import until
from tests.support.workers import SOON, a_worker, in_queue, state

EFFECTS = "CREATE TABLE test_effects (of uuid); GRANT ALL ON test_effects TO recomengine_app"
EFFECT = "INSERT INTO test_effects VALUES ($1)"
COUNT_EFFECTS = "SELECT count(*) FROM test_effects WHERE of = $1"


@pytest.fixture
def name() -> str:
    """A kind of job of the test's own."""
    return f"kind_{uuid4().hex}"


@pytest.fixture
async def effects(database_url: str) -> AsyncIterator[str]:
    """The URL of the database, with a table that would take an effect twice."""
    await execute(database_url, EFFECTS)
    yield database_url
    await execute(database_url, "DROP TABLE test_effects")


def stands(context: Context, job_id: int | None, status: str) -> Callable[[], Awaitable[bool]]:
    async def asked() -> bool:
        return (await state(context, job_id))[0] == status

    return asked


def failing(times: int) -> tuple[Callable[[Tools, Run], Awaitable[None]], "Counter[UUID | None]"]:
    """Work that fails so often, and how often it was done, by tenant."""
    done: Counter[UUID | None] = Counter()

    async def work(_tools: Tools, run: Run) -> None:
        done[run.of] += 1
        if done[run.of] <= times:
            raise RuntimeError(f"failure {done[run.of]}")

    return work, done


async def take(context: Context, name: str) -> Taken:
    """Take a job as a worker does that is not heard of again."""
    holder: Any = uuid4()
    taken = await OneOfAKind(AsyncpgPoolDriver(context.pool)).dequeue(
        1, {name: EntrypointExecutionParameter(0)}, holder, None, timedelta(seconds=30)
    )
    return taken[0]


async def fall_silent(context: Context, taken: Taken) -> None:
    await context.pool.execute("UPDATE pgqueuer SET heartbeat = now() - interval '1 hour' WHERE id = $1", taken.id)


async def test_a_job_that_fails_is_tried_again_until_it_succeeds(
    context: Context, name: str, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    work, done = failing(2)
    job_id = await enqueue(context.pool, name, tenant.id)
    assert await state(context, job_id) == ("waiting", 0, None)
    async with a_worker(context, [Job(name, work, of_tenant=True, attempts=3, first_wait=SOON)]):
        await until(stands(context, job_id, "succeeded"))
    assert await state(context, job_id) == ("succeeded", 3, None)
    assert done == {tenant.id: 3}
    assert await in_queue(context.pool, name) == []


async def test_a_poison_job_is_dead_after_its_last_attempt_and_is_left_alone(context: Context, name: str) -> None:
    work, done = failing(99)
    job_id = await enqueue(context.pool, name)
    async with a_worker(context, [Job(name, work, attempts=3, first_wait=SOON)]):
        await until(stands(context, job_id, "dead"))
        other = await enqueue(context.pool, name, key="another")
        await until(stands(context, other, "dead"))
    assert await state(context, job_id) == ("replaced", 3, "RuntimeError: failure 3")
    assert await state(context, other) == ("dead", 3, "RuntimeError: failure 6")
    assert done[None] == 6
    assert await in_queue(context.pool, name) == ["failed"]


async def test_a_failing_job_waits_for_its_next_try_in_the_queue(context: Context, name: str) -> None:
    work, done = failing(1)
    job_id = await enqueue(context.pool, name)
    async with a_worker(context, [Job(name, work, first_wait=timedelta(hours=1))]):

        async def tried() -> bool:
            return await state(context, job_id) == ("waiting", 1, "RuntimeError: failure 1")

        await until(tried)
    row = await context.pool.fetchrow(
        "SELECT attempts, execute_after - now() AS wait FROM pgqueuer WHERE id = $1", job_id
    )
    assert row is not None
    assert row["attempts"] == 1
    assert LONGEST_WAIT / 2 - timedelta(minutes=1) < row["wait"] <= LONGEST_WAIT
    assert done[None] == 1


@given(st.integers(1, 60), st.timedeltas(timedelta(milliseconds=1), timedelta(minutes=1)))
def test_waits_double_up_to_the_longest_and_are_spread_over_their_later_half(number: int, first: timedelta) -> None:
    full = min(first.total_seconds() * 2.0 ** (number - 1), LONGEST_WAIT.total_seconds())
    waited = wait_after(number, first).total_seconds()
    assert full / 2 - 1e-6 <= waited <= full + 1e-6


async def test_a_later_success_takes_the_place_of_what_was_dead_or_waiting_and_of_nothing_else(
    context: Context, name: str, make_tenant: MakeTenant
) -> None:
    one, other = await make_tenant(), await make_tenant()
    fail, _ = failing(99)
    dead, others = await enqueue(context.pool, name, one.id), await enqueue(context.pool, name, other.id)
    async with a_worker(context, [Job(name, fail, of_tenant=True, attempts=1)]):
        for job_id in (dead, others):
            await until(stands(context, job_id, "dead"))
    waiting = await enqueue(context.pool, name, one.id, key="later")
    await context.pool.execute("UPDATE pgqueuer SET execute_after = now() + interval '1 hour' WHERE id = $1", waiting)
    newest = await enqueue(context.pool, name, one.id, key="newest")
    work, done = failing(0)
    async with a_worker(context, [Job(name, work, of_tenant=True)]):
        await until(stands(context, newest, "succeeded"))
    assert [(await state(context, job_id))[0] for job_id in (dead, waiting, others)] == ["replaced", "replaced", "dead"]
    assert await in_queue(context.pool, name) == ["failed"]
    assert done == {one.id: 1}


async def test_the_job_of_a_worker_that_died_counts_as_failed_and_is_tried_again(context: Context, name: str) -> None:
    work, done = failing(0)
    job = Job(name, work, attempts=3, first_wait=SOON)
    job_id = await enqueue(context.pool, name)
    lost = await take(context, name)
    assert await Try(context.pool, job, lost).begin()
    await fall_silent(context, lost)
    async with a_worker(context, [job], silent_after=timedelta(seconds=2)):
        await until(stands(context, job_id, "succeeded"))
    assert await state(context, job_id) == ("succeeded", 2, None)
    assert done[None] == 1


async def test_a_job_that_kills_its_worker_at_each_attempt_is_dead_in_the_end(context: Context, name: str) -> None:
    work, done = failing(0)
    job = Job(name, work, attempts=2, first_wait=timedelta(0))
    job_id = await enqueue(context.pool, name)
    for _ in range(2):
        lost = await take(context, name)
        assert await Try(context.pool, job, lost).begin()
        await fall_silent(context, lost)
        assert not await Try(context.pool, job, await take(context, name)).begin()
    assert await state(context, job_id) == ("dead", 2, "WorkerDied: the worker ended during the job")
    assert done[None] == 0


async def test_a_worker_that_was_thought_dead_has_no_effect(context: Context, name: str, effects: str) -> None:
    tenant_id = uuid4()
    work, _ = failing(0)
    job = Job(name, work, first_wait=timedelta(0))
    await enqueue(context.pool, name)
    slow = await take(context, name)
    one = Try(context.pool, job, slow)
    assert await one.begin()
    await fall_silent(context, slow)
    assert not await Try(context.pool, job, await take(context, name)).begin()

    async def with_effect() -> None:
        async with context.pool.acquire() as connection, connection.transaction():
            await connection.execute(EFFECT, tenant_id)
            await one.run.finish(connection)

    for end in (with_effect, one.end, one.give_back, lambda: one.fail(RuntimeError("late"))):
        with pytest.raises(JobLost):
            await end()
    assert await fetchval(effects, COUNT_EFFECTS, tenant_id) == 0
    assert await in_queue(context.pool, name) == ["queued"]


async def test_effect_and_end_are_one_whatever_happens_after_them(
    context: Context, name: str, effects: str, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    tries: list[str] = []

    async def work(tools: Tools, run: Run) -> None:
        tries.append("begun")
        async with tools.pool.acquire() as connection, connection.transaction():
            await connection.execute(EFFECT, run.tenant)
            await run.finish(connection)
            if len(tries) == 1:
                raise RuntimeError("before the commit")
        raise RuntimeError("after the commit")

    job_id = await enqueue(context.pool, name, tenant.id)
    async with a_worker(context, [Job(name, work, of_tenant=True, first_wait=SOON)]):
        await until(stands(context, job_id, "succeeded"))
    assert await fetchval(effects, COUNT_EFFECTS, tenant.id) == 1
    assert (len(tries), await in_queue(context.pool, name)) == (2, [])


async def test_what_does_not_end_in_time_is_given_back_at_once_and_not_counted(context: Context, name: str) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def endless(_tools: Tools, _run: Run) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    work, done = failing(0)
    job_id = await enqueue(context.pool, name)
    async with a_worker(context, [Job(name, endless)]) as worker:
        await begun.wait()
        worker.queue.shutdown.set()
        worker.drained.set()
        await until(stands(context, job_id, "waiting"))
    assert ended.is_set()
    assert await state(context, job_id) == ("waiting", 0, None)
    assert await in_queue(context.pool, name) == ["queued"]
    async with a_worker(context, [Job(name, work)]):
        await until(stands(context, job_id, "succeeded"))
    assert (await state(context, job_id))[1] == 1
    assert done[None] == 1


async def test_what_ends_in_time_after_the_signal_is_not_given_back(context: Context, name: str) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def work(_tools: Tools, _run: Run) -> None:
        begun.set()
        await go_on.wait()

    job_id = await enqueue(context.pool, name)
    async with a_worker(context, [Job(name, work)]) as worker:
        await begun.wait()
        worker.queue.shutdown.set()
        go_on.set()
    assert await state(context, job_id) == ("succeeded", 1, None)


async def test_a_worker_runs_one_of_a_kind_at_a_time_and_several_workers_several(context: Context, name: str) -> None:
    running: Counter[int] = Counter()
    most: Counter[int] = Counter()
    full, other_ran, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work(tools: Tools, _run: Run) -> None:
        at = id(tools)
        running[at] += 1
        most[at] = max(most[at], running[at])
        if len(+running) == 2:
            full.set()
        await go_on.wait()
        running[at] -= 1

    async def other(_tools: Tools, _run: Run) -> None:
        other_ran.set()

    jobs = [Job(name, work), Job(f"{name}_other", other)]
    ids = [await enqueue(context.pool, name, key=f"{name}-{number}") for number in range(4)]
    async with a_worker(context, jobs), a_worker(context, jobs):
        async with asyncio.timeout(PATIENCE_S):
            await full.wait()
            await enqueue(context.pool, f"{name}_other")
            await other_ran.wait()
        assert sorted(await in_queue(context.pool, name)) == ["picked", "picked", "queued", "queued"]
        go_on.set()
        for job_id in ids:
            await until(stands(context, job_id, "succeeded"))
    assert list(most.values()) == [1, 1]


async def test_a_job_of_a_purged_tenant_is_dropped(
    context: Context, name: str, make_tenant: MakeTenant, database_url: str
) -> None:
    tenant = await make_tenant()
    work, done = failing(0)
    await enqueue(context.pool, name, tenant.id)
    for table, column in (("api_keys", "tenant_id"), ("catalog_state", "tenant_id"), ("tenants", "id")):
        await execute(database_url, f"DELETE FROM {table} WHERE {column} = $1", tenant.id)
    async with a_worker(context, [Job(name, work, of_tenant=True)]):

        async def gone() -> bool:
            return await in_queue(context.pool, name) == []

        await until(gone)
    assert done == {}


async def test_one_of_a_kind_and_tenant_is_queued_at_a_time(
    context: Context, name: str, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    made = await asyncio.gather(*(enqueue(context.pool, name, of) for of in (None, tenant.id) for _ in range(4)))
    assert len([job_id for job_id in made if job_id is not None]) == 2


async def test_what_is_due_is_queued_once_whichever_worker_sees_it(context: Context, name: str) -> None:
    work, done = failing(0)
    await context.pool.execute(
        "INSERT INTO pgqueuer_schedules (expression, next_run, entrypoint) VALUES ('0 2 1 1 *', now() - interval '1 "
        "minute', $1)",
        name,
    )
    jobs = [Job(name, work, cron="0 2 1 1 *")]

    async def was_done() -> bool:
        return done[None] > 0

    async with a_worker(context, jobs), a_worker(context, jobs), a_worker(context, jobs):
        await until(was_done)
    assert done[None] == 1
    assert await context.pool.fetchval("SELECT next_run > now() FROM pgqueuer_schedules WHERE entrypoint = $1", name)


async def dead_job(context: Context, name: str, tenant_id: UUID | None = None) -> int:
    work, _ = failing(99)
    job_id = await enqueue(context.pool, name, tenant_id)
    assert job_id is not None
    async with a_worker(context, [Job(name, work, of_tenant=tenant_id is not None, attempts=1)]):
        await until(stands(context, job_id, "dead"))
    return job_id


async def test_a_dead_job_is_tried_again_with_all_its_attempts_and_only_once(context: Context, name: str) -> None:
    job_id = await dead_job(context, name)
    assert await service.retry_dead(context.pool, [job_id, 2**40]) == [job_id]
    assert await service.retry_dead(context.pool, [job_id]) == []
    work, done = failing(1)
    async with a_worker(context, [Job(name, work, attempts=2, first_wait=SOON)]):
        await until(stands(context, job_id, "succeeded"))
    assert done[None] == 2


async def test_operators_see_what_is_dead_why_and_of_whom(context: Context, name: str, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant()
    job_id = await dead_job(context, name, tenant.id)
    waiting = await enqueue(context.pool, name, tenant.id, key=name)

    def seen(jobs: Sequence[service.QueuedJob]) -> list[tuple[Any, ...]]:
        return [(job.id, job.name, job.tenant_id, job.status, job.error) for job in jobs if job.name == name]

    dead = (job_id, name, tenant.id, "dead", "RuntimeError: failure 1")
    assert seen(await service.queued_jobs(context.pool, dead_only=True, tenant_id=None, limit=10_000)) == [dead]
    everything = await service.queued_jobs(context.pool, dead_only=False, tenant_id=tenant.id, limit=10)
    assert seen(everything) == [dead, (waiting, name, tenant.id, "waiting", "")]


async def test_all_dead_jobs_are_tried_again_but_those_that_another_stands_for(context: Context, name: str) -> None:
    one = await dead_job(context, name)
    other = await dead_job(context, f"{name}_other")
    await enqueue(context.pool, f"{name}_other")
    again = await service.retry_all_dead(context.pool)
    assert one in again
    assert other not in again
    assert await in_queue(context.pool, f"{name}_other") == ["failed", "queued"]


async def test_old_jobs_are_forgotten_and_dead_ones_are_not(context: Context, name: str, database_url: str) -> None:
    dead = await dead_job(context, name)
    done_id = await enqueue(context.pool, f"{name}_other")
    work, _ = failing(0)
    async with a_worker(context, [Job(f"{name}_other", work)]):
        await until(stands(context, done_id, "succeeded"))
    kept = "SELECT count(*) FROM jobs WHERE id = ANY ($1::bigint[])"
    logged = "SELECT count(*) FROM pgqueuer_log WHERE job_id = $1"
    await queries.forget_jobs(context.pool, datetime.now(UTC) - timedelta(minutes=10))
    assert await fetchval(database_url, kept, [dead, done_id]) == 2
    assert await queries.forget_jobs(context.pool, datetime.now(UTC) + timedelta(minutes=1)) >= 1
    assert await fetchval(database_url, kept, [dead]) == 1
    assert await fetchval(database_url, kept, [done_id]) == 0
    assert await fetchval(database_url, logged, dead) > 0
    assert await fetchval(database_url, logged, done_id) == 0
