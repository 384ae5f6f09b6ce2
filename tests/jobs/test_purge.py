"""A deleted tenant's traces are gone a month later, and nobody else's."""

from recomengine.context import Context
from recomengine.events.feed import feed_key
from recomengine.jobs.purge import purge
from tests.conftest import MakeTenant, Tenant
from tests.databases import execute, fetchval
from tests.models.shops import build, fill_catalog, logs_of, product, send, store_of


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
    await execute(url, "UPDATE tenants SET status = 'deleted', deleted_at = now() - interval '31 days' WHERE id = $1", gone.id)
    await execute(url, "UPDATE tenants SET status = 'deleted', deleted_at = now() - interval '29 days' WHERE id = $1", lately.id)
    assert await traces(context, gone) == (True, True, True, True)

    assert await purge(context.pool, context.redis, store_of(context), logs_of(context)) >= 1

    assert await traces(context, gone) == (False, False, False, False)
    assert await fetchval(url, "SELECT count(*) FROM tenants WHERE id = $1", gone.id) == 0
    for tenant in (lately, stays):
        assert await traces(context, tenant) == (True, True, True, True)
