"""The served models of a process: loaded once, swapped without a gap, extended by what came after the build."""

import asyncio
import errno
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from recomengine.context import Context, open_context
from recomengine.models import service
from recomengine.models.build import build_model
from recomengine.models.model import Model
from recomengine.models.registry import ModelRegistry
from recomengine.models.store import ModelMissing, ModelStore
from tests.support.apps import MakeTenant, Tenant
from tests.support.shops import (
    as_histories,
    as_rows,
    build,
    fill_catalog,
    logs_of,
    model_of,
    overlay_row,
    product,
    send,
    store_of,
    until,
)


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    """A shop of two products and one shopper, without a model."""
    tenant = await make_tenant()
    await fill_catalog(
        context, tenant.id, [product("boot", category="Shoes > Boots"), product("clog", category="Shoes > Boots")]
    )
    await send(context, tenant.id, [{"eventType": "view", "userId": "ann", "productId": "boot"}])
    return tenant


@pytest.fixture
async def other(context: Context) -> AsyncIterator[Context]:
    """Another process of the same system."""
    async with open_context(context.settings) as other:
        yield other


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The versions that are opened from now on."""
    opened: list[str] = []
    open_ = ModelStore.open

    def noted(self: ModelStore, tenant_id: UUID, version: str) -> Any:
        opened.append(version)
        return open_(self, tenant_id, version)

    monkeypatch.setattr(ModelStore, "open", noted)
    return opened


async def version_of(context: Context, tenant: Tenant) -> str | None:
    model = await context.models.get(tenant.id)
    return None if model is None else model.version


async def test_a_tenant_without_a_model_has_none_until_one_is_built(context: Context, tenant: Tenant) -> None:
    assert await context.models.get(tenant.id) is None

    version = await service.refresh(context.pool, store_of(context), logs_of(context), context.bus, tenant.id)

    async def served() -> bool:
        return await version_of(context, tenant) == version

    await until(served)


async def test_requests_that_come_at_once_load_the_model_once(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = await service.refresh(context.pool, store_of(context), logs_of(context), context.bus, tenant.id)
    opened = counting(monkeypatch)

    models = await asyncio.gather(*(context.models.get(tenant.id) for _ in range(50)))

    assert opened == [version]
    assert len({id(model) for model in models}) == 1
    assert models[0] is not None


async def test_a_request_that_is_given_up_does_not_break_the_load_for_the_others(
    context: Context, tenant: Tenant
) -> None:
    version = await service.refresh(context.pool, store_of(context), logs_of(context), context.bus, tenant.id)
    first, second = (asyncio.create_task(context.models.get(tenant.id)) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()

    model = await second
    assert model is not None
    assert model.version == version


async def test_a_load_that_fails_is_tried_again_by_the_next_request(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = await service.refresh(context.pool, store_of(context), logs_of(context), context.bus, tenant.id)

    def unreadable(*_: Any) -> Any:
        raise OSError("the disk is away")

    with monkeypatch.context() as patch:
        patch.setattr(ModelStore, "open", unreadable)
        with pytest.raises(OSError, match="the disk is away"):
            await context.models.get(tenant.id)

    assert await version_of(context, tenant) == version


async def test_while_there_is_no_room_for_a_first_copy_lists_come_without_a_model_and_the_poll_fetches_it_later(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = await service.refresh(context.pool, store_of(context), logs_of(context), context.bus, tenant.id)

    def full(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ModelStore, "open", full)
        assert await context.models.get(tenant.id) is None

    await context.models.update()
    assert await version_of(context, tenant) == version


async def test_a_new_version_reaches_every_process_over_the_bus(
    context: Context, other: Context, tenant: Tenant
) -> None:
    first = await build(context, tenant.id)
    assert await version_of(other, tenant) == first

    second = await service.refresh(context.pool, store_of(context), logs_of(context), context.bus, tenant.id)

    for process in (context, other):

        async def served(process: Context = process) -> bool:
            return await version_of(process, tenant) == second

        await until(served)


class DeafBus:
    """A bus that loses everything, and knows it."""

    connected = False

    def on_connected(self, handler: Any) -> None:
        pass

    def subscribe(self, kind: str, handler: Any) -> None:
        pass

    async def publish(self, kind: str, tenant_id: UUID, **data: Any) -> None:
        pass


async def test_a_new_version_is_found_by_the_poll_alone(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelRegistry, "_on_announced", lambda *_: None)
    registry = ModelRegistry(context.pool, context.redis, store_of(context), context.catalogs, DeafBus())  # type: ignore[arg-type]
    deaf: Any = DeafBus()
    first = await service.refresh(context.pool, store_of(context), logs_of(context), deaf, tenant.id)
    model = await registry.get(tenant.id)
    assert model is not None
    assert model.version == first

    second = await service.refresh(context.pool, store_of(context), logs_of(context), deaf, tenant.id)
    await registry.poll()

    model = await registry.get(tenant.id)
    assert model is not None
    assert model.version == second


async def test_a_message_wakes_the_poll_before_its_time(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = asyncio.create_task(context.models.wait_announced(3600))
    await asyncio.sleep(0)
    await context.bus.publish("model", tenant.id, version="v")

    await waiting


async def test_a_served_version_works_on_after_its_files_are_removed(context: Context, tenant: Tenant) -> None:
    version = await build(context, tenant.id)
    model = await context.models.get(tenant.id)
    assert model is not None

    store_of(context).remove(tenant.id, version)
    await context.models.update()

    assert await context.models.get(tenant.id) is model
    assert model.history("ann").items.tolist() == [0]
    assert model.fallback.tolist() == [0]


async def test_while_a_new_version_cannot_be_read_the_old_one_is_served(context: Context, tenant: Tenant) -> None:
    first = await build(context, tenant.id)
    assert await version_of(context, tenant) == first
    second = await service.refresh(context.pool, store_of(context), logs_of(context), context.bus, tenant.id)
    store_of(context).remove(tenant.id, second)

    await context.models.update()

    assert await version_of(context, tenant) in (first, second)
    with pytest.raises(ModelMissing):
        store_of(context).open(tenant.id, second)


async def test_one_tenants_unreadable_model_does_not_keep_the_others_from_theirs(
    context: Context, tenant: Tenant, make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    neighbour = await make_tenant()
    for each in (tenant, neighbour):
        await context.models.get(each.id)
    open_ = ModelStore.open

    def broken_for_one(self: ModelStore, tenant_id: UUID, version: str) -> Any:
        if tenant_id == tenant.id:
            raise OSError("unreadable")
        return open_(self, tenant_id, version)

    monkeypatch.setattr(ModelStore, "open", broken_for_one)
    for each in (tenant, neighbour):
        version = await service.refresh(context.pool, store_of(context), logs_of(context), context.bus, each.id)

    async def served() -> bool:
        return await version_of(context, neighbour) == version

    await until(served)
    assert await version_of(context, tenant) is None


async def test_a_product_that_came_after_the_build_joins_the_model_of_every_process_without_another(
    context: Context, other: Context, tenant: Tenant
) -> None:
    await build(context, tenant.id)
    for process in (context, other):
        await process.catalogs.get(tenant.id)
        await process.models.get(tenant.id)

    await fill_catalog(context, tenant.id, [product("mule", category="Shoes > Boots")])

    for process in (context, other):

        async def joined(process: Context = process) -> bool:
            model = await process.models.get(tenant.id)
            return model is not None and 2 in overlay_row(model, 0)

        await until(joined)


def shoes(count: int) -> list[dict[str, Any]]:
    return [product(f"shoe-{number}", category="Shoes > Boots") for number in range(count)]


def built_with(count: int) -> Model:
    return model_of(build_model(as_histories([], []), as_rows(shoes(count)), count))


def test_the_overlay_joins_new_products_with_old_ones_and_with_each_other() -> None:
    overlay = built_with(3).overlay_for(as_rows(shoes(5))[3:], 5)

    assert overlay is not None
    assert {*overlay.row(3)[0].tolist()} == {0, 1, 2, 4}
    assert {*overlay.row(0)[0].tolist()} == {3, 4}
    assert overlay.row(3)[1].tolist() == sorted(overlay.row(3)[1].tolist(), reverse=True)


def test_a_product_that_is_newer_than_the_catalog_in_memory_does_not_break_the_overlay() -> None:
    overlay = built_with(3).overlay_for(as_rows(shoes(6))[3:], 5)

    assert overlay is not None
    assert {*overlay.row(0)[0].tolist()} >= {3, 4}


@pytest.mark.parametrize("known", [0, 1])
def test_a_model_that_knows_no_words_has_no_overlay_or_an_empty_one(known: int) -> None:
    overlay = built_with(known).overlay_for(as_rows(shoes(4))[known:], 4)

    assert overlay is None or not any(len(overlay.row(number)[0]) for number in range(4))


async def test_new_products_come_into_the_overlay_after_a_swap_too(context: Context, tenant: Tenant) -> None:
    await build(context, tenant.id)
    await context.catalogs.get(tenant.id)
    await context.models.get(tenant.id)
    await fill_catalog(context, tenant.id, [product("mule", category="Shoes > Boots")])
    await context.catalogs.update()
    await build(context, tenant.id)
    await fill_catalog(context, tenant.id, [product("sock", category="Shoes > Boots")])
    await context.catalogs.update()
    await context.models.update()

    model = await context.models.get(tenant.id)

    assert model is not None
    assert model.size == 3
    assert 3 in overlay_row(model, 2)
