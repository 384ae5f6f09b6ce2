"""Which tenants the schedule has built: all that have something new, however long no worker ran, and nobody twice."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.context import Context
from recomengine.infra.queue import enqueue
from recomengine.jobs.registry import Job
from recomengine.models.due import DEAD_FOR, REFRESH_DUE, _wanted, refresh_due
from recomengine.models.service import REFRESH_JOB
from tests.support.apps import MakeTenant, Tenant
from tests.support.databases import execute
from tests.support.shops import build, fill_catalog, product, send, until
from tests.support.workers import a_worker, in_queue

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def empty_queue(context: Context) -> None:
    await context.pool.execute("DELETE FROM pgqueuer")
    await context.pool.execute("DELETE FROM pgqueuer_log")


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    """One whose model has all that there is."""
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [product("boot")])
    await build(context, tenant.id)
    return tenant


async def round_of_the_schedule(context: Context) -> None:
    """One that the queue knows of, as a worker runs it."""
    await enqueue(context.pool, REFRESH_DUE)
    async with a_worker(context, [Job(REFRESH_DUE, lambda tools, _: refresh_due(tools.pool))]):

        async def over() -> bool:
            return await in_queue(context.pool, REFRESH_DUE) == []

        await until(over)


async def long_ago(context: Context, tenant: Tenant, hours: int) -> None:
    """As if all rounds and events were so much older, but for the partition's bound."""
    ago = timedelta(hours=hours)
    await context.pool.execute("UPDATE pgqueuer_log SET created = created - $1::interval", ago)
    await execute(
        context.settings.database_url,
        """UPDATE events SET created_at = greatest(created_at - $2::interval, date_trunc('month', now(), 'UTC'))
           WHERE tenant_id = $1""",
        tenant.id, ago,
    )  # fmt: skip
    await execute(
        context.settings.database_url,
        "UPDATE models SET through = through - $2::interval WHERE tenant_id = $1",
        tenant.id,
        ago,
    )


async def test_an_event_of_a_time_without_workers_is_not_forgotten(context: Context, tenant: Tenant) -> None:
    await round_of_the_schedule(context)
    assert await in_queue(context.pool, REFRESH_JOB, tenant.id) == []
    await send(context, tenant.id, [{"eventType": "view", "userId": "ann", "productId": "boot"}])
    await long_ago(context, tenant, hours=5)

    await round_of_the_schedule(context)

    assert await in_queue(context.pool, REFRESH_JOB, tenant.id) == ["queued"]


async def test_without_any_round_before_all_events_are_looked_at(context: Context, tenant: Tenant) -> None:
    await send(context, tenant.id, [{"eventType": "view", "userId": "ann", "productId": "boot"}])
    await long_ago(context, tenant, hours=50)
    assert await refresh_due(context.pool) >= 1
    assert await in_queue(context.pool, REFRESH_JOB, tenant.id) == ["queued"]


async def test_a_tenant_is_queued_once_though_it_is_due_in_every_round(
    context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [product("boot")])
    for _ in range(2):
        await refresh_due(context.pool)
        await context.pool.execute(
            "UPDATE pgqueuer SET dedupe_key = 'of another build' WHERE payload = $1", tenant.id.bytes
        )
    assert await in_queue(context.pool, REFRESH_JOB, tenant.id) == ["queued"]


def undone(tenant_id: UUID, status: str, age: timedelta) -> dict[str, Any]:
    return {"payload": tenant_id.bytes, "status": status, "updated": NOW - age}


IDS = [uuid4() for _ in range(4)]


@given(
    st.sets(st.sampled_from(IDS)),
    st.lists(
        st.tuples(
            st.sampled_from(IDS),
            st.sampled_from(["queued", "failed"]),
            st.timedeltas(timedelta(0), timedelta(hours=12)),
        )
    ),
)
def test_who_waits_already_is_not_queued_and_who_is_dead_only_after_a_while(
    due: set[UUID], jobs: list[tuple[UUID, str, timedelta]]
) -> None:
    wanted = _wanted(due, [undone(*job) for job in jobs], NOW)  # type: ignore[arg-type]
    for tenant_id in IDS:
        waits = any(job[:2] == (tenant_id, "queued") for job in jobs)
        last_dead = [age for of, status, age in jobs if (of, status) == (tenant_id, "failed")][-1:]
        expected = last_dead[0] > DEAD_FOR if last_dead else tenant_id in due
        assert (tenant_id in wanted) == (expected and not waits)
