"""A deleted tenant's traces are gone a month later, and nobody else's."""

import shutil
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest

from recomengine.context import Context
from recomengine.events.feed import feed_key
from recomengine.infra.metrics import BACKGROUND_FAILURES
from recomengine.models.event_log import EventLogs
from recomengine.models.service import REFRESH_JOB, request_refresh
from recomengine.models.store import ModelMissing, ModelStore
from recomengine.tenants.copies import remove_copies
from recomengine.tenants.purge import NotPurged, purge
from tests.support.apps import MakeTenant, Tenant
from tests.support.databases import execute, fetch, fetchval
from tests.support.shops import build, fill_catalog, logs_of, product, send, store_of
from tests.support.workers import in_queue

DELETED = "UPDATE tenants SET status = 'deleted', deleted_at = now() - $2::interval WHERE id = $1"
THERE = "SELECT count(*) FROM tenants WHERE id = $1"


async def shop(context: Context, make_tenant: MakeTenant) -> Tenant:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [product("boot"), product("sock")])
    await send(context, tenant.id, [{"eventType": "view", "userId": "ann", "productId": "boot"}])
    await build(context, tenant.id)
    return tenant


async def traces(context: Context, tenant: Tenant) -> tuple[bool, ...]:
    """Whether there are rows, models, an event log, keys in Redis."""
    data, url = context.settings.data_dir, context.settings.database_url
    rows = await fetchval(url, "SELECT count(*) FROM events WHERE tenant_id = $1", tenant.id)
    (found,) = await context.redis.call(("EXISTS", feed_key(str(tenant.id))))
    models = [path for path in (data / "models").rglob("manifest.json") if str(tenant.id) in str(path)]
    return rows > 0, bool(models), (data / "event-logs" / f"{tenant.id}.npz").exists(), bool(found)


async def test_a_tenant_deleted_a_month_ago_leaves_no_trace(context: Context, make_tenant: MakeTenant) -> None:
    gone, lately, stays = [await shop(context, make_tenant) for _ in range(3)]
    url = context.settings.database_url
    await execute(
        url, "UPDATE tenants SET status = 'deleted', deleted_at = now() - interval '31 days' WHERE id = $1", gone.id
    )
    await execute(
        url, "UPDATE tenants SET status = 'deleted', deleted_at = now() - interval '29 days' WHERE id = $1", lately.id
    )
    assert await traces(context, gone) == (True, True, True, True)
    half_written = context.settings.data_dir / "models" / str(gone.id) / ".20260101T000000000000.x"
    half_written.mkdir()

    assert await purge(context.pool, context.redis, store_of(context), logs_of(context)) >= 1

    assert await traces(context, gone) == (False, False, False, False)
    assert not half_written.parent.exists()
    assert await fetchval(url, "SELECT count(*) FROM tenants WHERE id = $1", gone.id) == 0
    for tenant in (lately, stays):
        assert await traces(context, tenant) == (True, True, True, True)


async def test_what_ails_one_tenant_keeps_no_other_from_being_purged(
    context: Context, make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ailing, gone = await make_tenant(), await make_tenant()
    for days, tenant in ((40, ailing), (31, gone)):
        await execute(context.settings.database_url, DELETED, tenant.id, timedelta(days=days))
    remove_tenant = ModelStore.remove_tenant

    def refusing(store: ModelStore, tenant_id: UUID) -> None:
        if tenant_id == ailing.id:
            raise OSError("read-only")
        remove_tenant(store, tenant_id)

    monkeypatch.setattr(ModelStore, "remove_tenant", refusing)
    before = BACKGROUND_FAILURES.labels("purge")._value.get()
    with pytest.raises(NotPurged, match="1 tenants; "):
        await purge(context.pool, context.redis, store_of(context), logs_of(context))
    assert BACKGROUND_FAILURES.labels("purge")._value.get() == before + 1
    assert [await fetchval(context.settings.database_url, THERE, tenant.id) for tenant in (ailing, gone)] == [1, 0]
    monkeypatch.undo()
    await purge(context.pool, context.redis, store_of(context), logs_of(context))
    assert await fetchval(context.settings.database_url, THERE, ailing.id) == 0


async def test_a_purge_knows_every_table_of_a_tenant(database_url: str) -> None:
    tables = await fetch(
        database_url,
        """
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            AND c.relnamespace = current_schema()::regnamespace
    """,
    )
    body = await fetchval(database_url, "SELECT prosrc FROM pg_proc WHERE proname = 'purge_tenant'")
    go_with_it = (
        "SELECT conrelid::regclass::text FROM pg_constraint WHERE confrelid = 'tenants'::regclass AND confdeltype = 'c'"
    )
    cascading = {row[0] for row in await fetch(database_url, go_with_it)}
    assert len(tables) >= 9
    assert [
        row["relname"] for row in tables if f"'{row['relname']}'" not in body and row["relname"] not in cascading
    ] == []


async def test_jobs_of_a_purged_tenant_go_with_it(context: Context, make_tenant: MakeTenant) -> None:
    gone, stays = await make_tenant(), await make_tenant()
    for tenant in (gone, stays):
        await request_refresh(context.pool, tenant.id)
    await execute(context.settings.database_url, DELETED, gone.id, timedelta(days=31))
    await purge(context.pool, context.redis, store_of(context), logs_of(context))
    assert [await in_queue(context.pool, REFRESH_JOB, tenant.id) for tenant in (gone, stays)] == [[], ["queued"]]
    remembered = "SELECT count(*) FROM jobs WHERE tenant_id = $1"
    assert [await fetchval(context.settings.database_url, remembered, tenant.id) for tenant in (gone, stays)] == [0, 1]


async def test_each_machine_removes_its_own_copies_of_purged_tenants(
    context: Context, make_tenant: MakeTenant, tmp_path: Path
) -> None:
    stays = await make_tenant()
    cache = tmp_path / "cache"
    store, logs = ModelStore("memory:///", cache), EventLogs(tmp_path / "logs")
    for tenant_id in (stays.id, uuid4()):
        (cache / str(tenant_id) / "20260101T000000000000").mkdir(parents=True)
        (tmp_path / "logs").mkdir(exist_ok=True)
        (tmp_path / "logs" / f"{tenant_id}.npz").touch()
    await execute(
        context.settings.database_url,
        "INSERT INTO models (tenant_id, version, status) VALUES ($1, '20260101T000000000000', 'ready')",
        stays.id,
    )
    (cache / "notes").mkdir()
    assert await remove_copies(context.pool, store, logs) == 1
    assert {path.name for path in cache.iterdir()} == {str(stays.id), "notes"}
    assert [path.name for path in (tmp_path / "logs").iterdir()] == [f"{stays.id}.npz"]
    assert (
        await remove_copies(
            context.pool, ModelStore(context.settings.model_store_url, cache), EventLogs(tmp_path / "none")
        )
        == 0
    )


def test_all_of_a_tenant_leaves_an_object_store_and_nothing_of_others(tmp_path: Path) -> None:
    store, gone, stays = ModelStore("memory:///", tmp_path), uuid4(), uuid4()
    arrays = {"a": np.arange(3)}
    for tenant_id in (gone, stays):
        for version in ("1", "2"):
            store.publish(tenant_id, version, arrays, {})
    store.remove_tenant(gone)
    shutil.rmtree(tmp_path)
    for version in ("1", "2"):
        store.open(stays, version)
        with pytest.raises(ModelMissing):
            store.open(gone, version)
