"""The worker and its schedule: what is queued is built, what is due is queued."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from recomengine.context import Context
from recomengine.infra.database import tenant_transaction
from recomengine.jobs import registry
from recomengine.models import queries, service
from recomengine.models.learning import WorseThanServed
from recomengine.models.store import ModelStore
from tests.support.apps import MakeTenant, Tenant
from tests.support.databases import fetchval
from tests.support.gate import Gate
from tests.support.shops import build, fill_catalog, product, send, until
from tests.support.workers import a_worker

__all__ = ["Gate"]


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [product("boot"), product("clog")])
    return tenant


@pytest.fixture(autouse=True)
async def empty_queue(context: Context) -> None:
    await context.pool.execute("DELETE FROM pgqueuer")


def stands(context: Context, tenant: Tenant, state: str) -> Any:
    async def asked() -> bool:
        return (await service.status(context.pool, tenant.id))["status"] == state

    return asked


async def queued(context: Context, tenant_id: UUID) -> int:
    return int(await context.pool.fetchval("SELECT count(*) FROM pgqueuer WHERE payload = $1", tenant_id.bytes))


async def test_a_queued_refresh_is_built_published_and_served(context: Context, tenant: Tenant) -> None:
    await send(context, tenant.id, [{"eventType": "view", "userId": "ann", "productId": "boot"}])
    assert await context.models.get(tenant.id) is None
    await service.request_refresh(context.pool, tenant.id)

    async with a_worker(context):

        async def served() -> bool:
            return await context.models.get(tenant.id) is not None

        async def nothing_queued() -> bool:
            """The schedule may have had the tenant built once more."""
            return await queued(context, tenant.id) == 0

        await until(served)
        await until(nothing_queued)

    model = await context.models.get(tenant.id)
    assert model is not None
    assert model.history("ann").items.tolist() == [0]


async def test_a_request_during_a_build_is_built_after_it(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    monkeypatch.setattr(service, "build_model", gate.build)
    await service.request_refresh(context.pool, tenant.id)
    async with a_worker(context):
        await until(gate.reached)
        await send(context, tenant.id, [{"eventType": "view", "userId": "late", "productId": "clog"}])

        assert [await service.request_refresh(context.pool, tenant.id) for _ in range(2)] == [True, False]
        gate.open()

        async def has_the_late_one() -> bool:
            return (await service.status(context.pool, tenant.id))["events"] == 1

        await until(has_the_late_one)
    assert gate.begun == 2


async def test_a_request_right_after_a_build_is_not_taken_for_the_finished_one(
    context: Context, tenant: Tenant
) -> None:
    await service.request_refresh(context.pool, tenant.id)
    async with a_worker(context):
        for _ in range(3):
            before = (await service.status(context.pool, tenant.id))["version"]

            async def built(before: str | None = before) -> bool:
                status = await service.status(context.pool, tenant.id)
                return status["status"] == "ready" and status["version"] != before

            await until(built)
            assert await service.request_refresh(context.pool, tenant.id)


async def test_a_request_during_a_build_and_one_after_it_make_one_more_build(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tenant_transaction(context.pool, tenant.id) as connection:
        await connection.execute(
            "INSERT INTO models (tenant_id, version, status) VALUES ($1, 'v1', 'building')", tenant.id
        )
    assert await service.request_refresh(context.pool, tenant.id)
    async with tenant_transaction(context.pool, tenant.id) as connection:
        await connection.execute("UPDATE models SET status = 'ready' WHERE tenant_id = $1", tenant.id)

    assert not await service.request_refresh(context.pool, tenant.id)
    assert await queued(context, tenant.id) == 1


async def test_a_build_that_fails_does_not_stop_the_worker(
    context: Context, tenant: Tenant, make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await make_tenant()
    publish = ModelStore.publish

    def broken_for_one(self: Any, tenant_id: UUID, *args: Any) -> int:
        if tenant_id == tenant.id:
            raise OSError("no room")
        return publish(self, tenant_id, *args)

    monkeypatch.setattr(ModelStore, "publish", broken_for_one)
    for each in (tenant, other):
        await service.request_refresh(context.pool, each.id)

    async with a_worker(context):
        await until(stands(context, tenant, "failed"))
        await until(stands(context, other, "ready"))

    assert (await service.status(context.pool, tenant.id))["error"] == "OSError: no room"
    assert await queued(context, tenant.id) == 1  # for the next try


async def test_a_build_whose_job_was_given_to_another_is_not_served(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    gate = Gate()
    monkeypatch.setattr(service, "build_model", gate.build)
    await service.request_refresh(context.pool, tenant.id)
    async with a_worker(context):
        await until(gate.reached)
        await context.pool.execute(
            "UPDATE pgqueuer SET queue_manager_id = gen_random_uuid() WHERE payload = $1", tenant.id.bytes
        )
        gate.open()

        async def failed() -> bool:
            newest = await service.newest_build(context.pool, tenant.id)
            return newest is not None and newest["status"] == "failed"

        await until(failed)
        assert (await service.status(context.pool, tenant.id))["status"] == "building", "the other one builds it"
    assert await context.models.get(tenant.id) is None
    assert await queued(context, tenant.id) == 1
    assert await fetchval(database_url, "SELECT status FROM jobs WHERE tenant_id = $1", tenant.id) == "running"


async def test_a_build_that_is_worse_than_the_served_one_is_not_tried_again(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    def worse(*_: Any) -> Any:
        raise WorseThanServed("worse")

    monkeypatch.setattr(service, "build_model", worse)
    await service.request_refresh(context.pool, tenant.id)
    async with a_worker(context):
        await until(stands(context, tenant, "failed"))
    assert await fetchval(database_url, "SELECT status FROM jobs WHERE tenant_id = $1", tenant.id) == "succeeded"
    assert await queued(context, tenant.id) == 0


async def due(context: Context) -> set[UUID]:
    return set(await queries.tenants_due(context.pool, datetime.now(UTC) - timedelta(minutes=20)))


async def test_a_tenant_is_due_when_it_has_events_or_products_that_its_model_lacks(
    context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    assert tenant.id not in await due(context)
    await fill_catalog(context, tenant.id, [product("boot")])
    assert tenant.id in await due(context)
    await build(context, tenant.id)
    assert tenant.id not in await due(context)
    await send(context, tenant.id, [{"eventType": "view", "userId": "ann", "productId": "boot"}])
    assert tenant.id in await due(context)
    await build(context, tenant.id)
    assert tenant.id not in await due(context)


async def test_a_suspended_tenant_is_not_due(context: Context, tenant: Tenant) -> None:
    async with tenant_transaction(context.pool, tenant.id) as connection:
        await connection.execute("UPDATE tenants SET status = 'suspended' WHERE id = $1", tenant.id)

    assert tenant.id not in await due(context)


def months_from_now(ahead: int) -> list[str]:
    now = datetime.now(UTC)
    months = [divmod(now.year * 12 + now.month - 1 + step, 12) for step in range(1 + ahead)]
    return [f"events_{year}_{month + 1:02}" for year, month in months]


async def test_missing_partitions_are_made_and_there_is_one_for_each_month_ahead(
    context: Context, database_url: str
) -> None:
    assert await registry.make_partitions(context.pool) == 0
    owner = await asyncpg.connect(database_url)
    try:
        listed = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass ORDER BY 1"
        partitions = [row[0] for row in await owner.fetch(listed)]
        assert partitions == months_from_now(registry.MONTHS_AHEAD)
        await owner.execute(f"DROP TABLE {partitions[-1]}")

        assert await registry.make_partitions(context.pool) == 1
        assert [row[0] for row in await owner.fetch(listed)] == partitions
    finally:
        await owner.close()
