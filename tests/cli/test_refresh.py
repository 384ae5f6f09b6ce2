"""`recomengine refresh --wait`: what it waits for, and what it says of a build that failed."""

import asyncio
from typing import Any

import pytest

from recomengine.cli.data import refresh_now
from recomengine.context import Context
from recomengine.models import service
from recomengine.models.store import ModelStore
from recomengine.settings import SettingsError
from tests.support.apps import MakeTenant, Tenant
from tests.support.shops import build, fill_catalog, product
from tests.support.workers import a_worker


@pytest.fixture
async def shop(context: Context, make_tenant: MakeTenant) -> Tenant:
    await context.pool.execute("DELETE FROM pgqueuer")
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [product("boot"), product("clog")])
    return tenant


async def test_the_refresh_command_waits_for_the_new_model(
    context: Context, shop: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    await build(context, shop.id)
    async with a_worker(context), asyncio.timeout(10):
        await refresh_now(context.pool, shop.id, wait=True)

    version = (await service.status(context.pool, shop.id))["version"]
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("model ")]  # the worker logs there
    assert len(told) == 1
    assert told[0].startswith(f"model {version}: 0 events, 0 users, 2 items")


async def test_the_refresh_command_is_not_misled_by_a_failure_of_before(
    context: Context, shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fail(context, shop, monkeypatch)

    async with a_worker(context), asyncio.timeout(10):
        await refresh_now(context.pool, shop.id, wait=True)

    assert (await service.status(context.pool, shop.id))["status"] == "ready"


async def test_the_refresh_command_says_why_its_build_failed(
    context: Context, shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await build(context, shop.id)
    monkeypatch.setattr(ModelStore, "publish", broken)
    async with a_worker(context), asyncio.timeout(10):
        with pytest.raises(SettingsError, match="OSError: no room"):
            await refresh_now(context.pool, shop.id, wait=True)


def broken(*_: Any) -> int:
    raise OSError("no room")


async def fail(context: Context, shop: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ModelStore, "publish", broken)
        with pytest.raises(OSError, match="no room"):
            await build(context, shop.id)
