"""Building and publishing: one at a time, from all that is committed, and never at the cost of what is served."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from recomengine.context import Context
from recomengine.events import queries as event_queries
from recomengine.events.trail import parse_trail, trail_key
from recomengine.infra.database import tenant_transaction
from recomengine.models import queries, service
from recomengine.recommendations.shopper import look_up
from tests.support.apps import MakeTenant, Tenant, bearer
from tests.support.gate import Gate
from tests.support.shops import build, fill_catalog, logs_of, product, send, store_of, until

WAITING_LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [product("boot"), product("clog")])
    await send(context, tenant.id, [{"eventType": "view", "userId": "ann", "productId": "boot"}])
    return tenant


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate = Gate()
    monkeypatch.setattr(service, "build_model", gate.build)
    yield gate
    gate.open()


def refreshing(context: Context, tenant: Tenant) -> "asyncio.Task[str]":
    return asyncio.create_task(
        service.refresh(context.pool, store_of(context), logs_of(context), context.bus, tenant.id)
    )


async def test_a_request_is_queued_once_while_it_waits(
    context: Context, tenant: Tenant, make_tenant: MakeTenant
) -> None:
    other = await make_tenant()

    assert [await service.request_refresh(context.pool, tenant.id) for _ in range(3)] == [True, False, False]
    assert await service.request_refresh(context.pool, other.id)


async def test_requests_that_come_at_once_are_queued_once(context: Context, tenant: Tenant) -> None:
    queued = await asyncio.gather(*(service.request_refresh(context.pool, tenant.id) for _ in range(8)))

    assert queued.count(True) == 1


async def test_one_build_of_a_tenant_runs_at_a_time(context: Context, tenant: Tenant, gate: Gate) -> None:
    both = [refreshing(context, tenant) for _ in range(2)]
    await until(gate.reached)
    await until(lambda: waits(context))

    gate.open()
    first, second = await asyncio.gather(*both)

    assert first != second
    assert (gate.begun, gate.most_at_once) == (2, 1)
    assert (await service.status(context.pool, tenant.id))["version"] == max(first, second)


async def test_builds_of_different_tenants_do_not_wait_for_each_other(
    context: Context, tenant: Tenant, make_tenant: MakeTenant, gate: Gate
) -> None:
    both = [refreshing(context, each) for each in (tenant, await make_tenant())]

    async def both_run() -> bool:
        return gate.running == 2

    await until(both_run)
    gate.open()
    await asyncio.gather(*both)


async def waits(context: Context) -> bool:
    return int(await context.pool.fetchval(WAITING_LOCKS)) > 0


async def test_an_event_whose_commit_is_under_way_when_a_build_begins_is_in_the_model(
    context: Context, tenant: Tenant, database_url: str
) -> None:
    writer = await asyncpg.connect(database_url, server_settings={"role": "recomengine_app"})
    try:
        async with writer.transaction():
            await writer.fetchrow(event_queries.STORE_EVENTS, [tenant.id], *one_view(tenant.id, "late"))
            building = refreshing(context, tenant)
            await until(lambda: waits(context))
        await building
    finally:
        await writer.close()
    await context.models.update()

    model = await context.models.get(tenant.id)
    assert model is not None
    assert model.history("late").items.tolist() == [1]


def one_view(tenant_id: UUID, user: str) -> list[list[Any]]:
    event_id = UUID(int=tenant_id.int ^ 1)
    return [[event_id], [tenant_id], ["view"], [user], ["clog"], [None], [None], [None], [1_700_000_000_000]]


async def test_every_event_of_a_stream_is_in_the_model_or_in_the_trail(context: Context, tenant: Tenant) -> None:
    sent: list[str] = []
    stop = asyncio.Event()

    async def keep_sending(lane: int) -> None:
        while not stop.is_set():
            user = f"user-{lane}-{len(sent)}"
            await send(context, tenant.id, [{"eventType": "view", "userId": user, "productId": "clog"}])
            sent.append(user)

    lanes = [asyncio.create_task(keep_sending(lane)) for lane in range(4)]
    for _ in range(3):
        await build(context, tenant.id)
    stop.set()
    await asyncio.gather(*lanes)

    model, catalog = await context.models.get(tenant.id), await context.catalogs.get(tenant.id)
    assert model is not None
    in_model = 0
    for user in sent:
        trail = parse_trail((await context.redis.call(("LRANGE", trail_key(str(tenant.id), user), 0, -1)))[0])
        assert look_up(model, catalog, user, trail, None, now_ms=0).items.tolist() == [1], "once, from one of the two"
        in_model += len(model.history(user).items)
    assert in_model > 0


async def test_the_manifest_says_the_moment_of_the_watermark_to_the_millisecond(
    context: Context, tenant: Tenant
) -> None:
    for _ in range(3):  # about every second moment falls below its millisecond in floating point
        version = await build(context, tenant.id)
        async with tenant_transaction(context.pool, tenant.id) as connection:
            through = await connection.fetchval(
                "SELECT through FROM models WHERE tenant_id = $1 AND version = $2", tenant.id, version
            )
        _, manifest = store_of(context).open(tenant.id, version)
        assert manifest["throughMs"] * 1000 == (through - through.fromtimestamp(0, through.tzinfo)) // timedelta(
            microseconds=1
        )


async def test_a_product_that_is_made_during_a_build_does_not_break_it(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog_state = queries.catalog_state
    made = iter(["mule"])

    async def then_a_product_is_made(connection: Any, tenant_id: UUID) -> Any:
        state = await catalog_state(connection, tenant_id)
        for key in made:
            await fill_catalog(context, tenant_id, [product(key)])
            await send(context, tenant_id, [{"eventType": "view", "userId": "ann", "productId": key}])
        return state

    monkeypatch.setattr(queries, "catalog_state", then_a_product_is_made)

    await build(context, tenant.id)

    assert (await service.status(context.pool, tenant.id))["status"] == "ready"
    assert await is_due(context, tenant), "the build may not have seen all of the catalog's newest version"


async def is_due(context: Context, tenant: Tenant) -> bool:
    due = await context.pool.fetch("SELECT tenants_due(now() - interval '1 hour')")
    return tenant.id in {row[0] for row in due}


async def test_a_failing_build_is_recorded_and_the_old_model_is_served_on(
    context: Context, client: httpx.AsyncClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = await build(context, tenant.id)

    def broken(*_: Any) -> Any:
        raise MemoryError("too large")

    with monkeypatch.context() as patch:
        patch.setattr(service, "build_model", broken)
        with pytest.raises(MemoryError):
            await build(context, tenant.id)
    await context.models.update()

    status = await service.status(context.pool, tenant.id)
    assert (status["status"], status["version"], status["error"]) == ("failed", version, "MemoryError: too large")
    answer = await client.get("/api/v1/recommendations?userId=ann", headers=bearer(tenant.read))
    assert answer.json()["meta"]["modelVersion"] == version
    assert await build(context, tenant.id) > version
    assert (await service.status(context.pool, tenant.id))["status"] == "ready"


async def test_after_a_failed_build_another_may_be_asked_for(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise MemoryError("too large")

    monkeypatch.setattr(service, "build_model", broken)
    with pytest.raises(MemoryError):
        await build(context, tenant.id)
    assert (await service.status(context.pool, tenant.id))["status"] == "failed"
    assert await service.request_refresh(context.pool, tenant.id)
    assert (await service.status(context.pool, tenant.id))["status"] == "building"


async def test_a_model_that_cannot_be_saved_leaves_no_files(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError("No space left on device")

    monkeypatch.setattr("recomengine.models.store.np.save", full)
    with pytest.raises(OSError, match="No space"):
        await build(context, tenant.id)

    assert (await service.status(context.pool, tenant.id))["status"] == "failed"
    assert [path for path in Path(context.settings.data_dir / "models").rglob("*") if path.is_file()] == []


async def test_a_build_whose_worker_died_is_recorded_as_failed_by_the_next(context: Context, tenant: Tenant) -> None:
    async with tenant_transaction(context.pool, tenant.id) as connection:
        await queries.start_model(connection, tenant.id, "20000101T000000000000")
    assert (await service.status(context.pool, tenant.id))["status"] == "building"

    version = await build(context, tenant.id)

    async with tenant_transaction(context.pool, tenant.id) as connection:
        rows = await connection.fetch("SELECT version, status FROM models WHERE tenant_id = $1 ORDER BY id", tenant.id)
    assert [tuple(row) for row in rows] == [("20000101T000000000000", "failed"), (version, "ready")]


async def test_old_versions_are_removed_and_the_newest_stay(context: Context, tenant: Tenant) -> None:
    versions = [await build(context, tenant.id) for _ in range(service.KEEP_VERSIONS + 2)]

    folder = context.settings.data_dir / "models" / str(tenant.id)
    assert sorted(path.name for path in folder.iterdir()) == versions[-service.KEEP_VERSIONS :]


@pytest.mark.parametrize("products", [[], ["boot"]])
async def test_an_empty_shop_and_one_with_events_of_unknown_products_only_build(
    products: list[str], context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [product(key) for key in products])
    await build(context, tenant.id)
    await send(context, tenant.id, [{"eventType": "purchase", "userId": "ann", "productId": "never-heard-of"}])
    await build(context, tenant.id)

    status = await service.status(context.pool, tenant.id)
    assert (status["status"], status["events"], status["users"], status["items"]) == ("ready", 0, 0, len(products))


async def test_status_says_how_the_model_stands(
    context: Context, client: httpx.AsyncClient, tenant: Tenant, gate: Gate
) -> None:
    path = f"/api/v1/tenants/{tenant.id}/model"

    async def status() -> dict[str, Any]:
        answer = await client.get(path, headers=bearer(tenant.read_write))
        assert answer.status_code == 200
        data: dict[str, Any] = answer.json()["data"]
        return data

    none = await status()
    assert none == {
        "status": "none", "version": None, "builtAt": None, "events": 0, "users": 0, "items": 0, "buildSeconds": None,
        "strategies": {}, "contexts": {}, "settings": {}, "encoder": None,
    }  # fmt: skip
    building = refreshing(context, tenant)
    await until(gate.reached)
    assert (await status())["status"] == "building"
    gate.open()
    version = await building

    ready = await status()
    assert set(ready) == set(none)
    assert ready["settings"] == {"sequence": {"window": 10, "exponent": 1.0, "back": 0.5}}
    assert (ready["status"], ready["version"], ready["events"], ready["users"], ready["items"]) == (
        "ready",
        version,
        1,
        1,
        2,
    )
    assert set(ready["strategies"]) == {
        "auto",
        "collaborative",
        "content_based",
        "trending",
        "frequently_bought_together",
    }
    assert ready["builtAt"].endswith(("Z", "+00:00"))


async def test_a_build_that_is_asked_for_while_another_runs_is_waited_for(
    context: Context, tenant: Tenant, gate: Gate
) -> None:
    """The one that runs may have begun before the newest events came: that it is ready says nothing of them."""
    running = refreshing(context, tenant)
    await until(gate.reached)
    await service.request_refresh(context.pool, tenant.id)
    gate.open()
    version = await running

    status = await service.status(context.pool, tenant.id)
    assert (status["status"], status["version"]) == ("building", version)


async def test_refresh_over_http_is_queued_and_a_second_says_so(client: httpx.AsyncClient, tenant: Tenant) -> None:
    path = f"/api/v1/tenants/{tenant.id}/model/refresh"

    first, second = [await client.post(path, headers=bearer(tenant.read_write)) for _ in range(2)]

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["data"] == {"status": "queued", "alreadyQueued": False}
    assert second.json()["data"]["alreadyQueued"] is True


@pytest.mark.parametrize(("method", "path"), [("GET", "model"), ("POST", "model/refresh")])
async def test_the_model_of_another_tenant_is_not_found(
    method: str, path: str, client: httpx.AsyncClient, tenant: Tenant, make_tenant: MakeTenant
) -> None:
    stranger = await make_tenant()

    answer = await client.request(method, f"/api/v1/tenants/{tenant.id}/{path}", headers=bearer(stranger.read_write))

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize("permission", ["read", "publish"])
async def test_the_model_is_no_business_of_weaker_keys(
    permission: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    answer = await client.get(f"/api/v1/tenants/{tenant.id}/model", headers=bearer(getattr(tenant, permission)))

    assert answer.status_code == 403
