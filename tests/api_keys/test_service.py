"""Recognising keys: known ones cost no look-up, and a revoked one is refused by every process that hears of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest
from msgspec.structs import replace
from starlette.applications import Starlette

from recomengine.api_keys import queries, service
from recomengine.api_keys.secrets import digest, make_key
from recomengine.context import Context
from recomengine.infra.bus import SILENCE_S
from recomengine.infra.database import tenant_transaction
from recomengine.settings import Settings
from tests.support.apps import SECRET, MakeTenant, Tenant, bearer, client_of, running
from tests.support.processes import PATIENCE_S
from tests.support.relay import Relay
from tests.support.shops import until
from tests.support.signals import told

REVOKE = "UPDATE api_keys SET revoked_at = now() WHERE tenant_id = $1 AND key_hash = $2"
LAST_USED = "SELECT last_used_at FROM api_keys WHERE tenant_id = $1 AND key_hash = $2"
SUSPEND = "UPDATE tenants SET status = 'suspended' WHERE id = $1"


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The digests that the database was asked for."""
    asked: list[bytes] = []
    find_key = queries.find_key

    async def counting(pool: object, key_hash: bytes, limit_s: float) -> object:
        asked.append(key_hash)
        return await find_key(pool, key_hash, limit_s)  # type: ignore[arg-type]

    monkeypatch.setattr(queries, "find_key", counting)
    return asked


async def revoke(context: Context, tenant_id: UUID, key: str, *, announce: bool = True) -> None:
    async with tenant_transaction(context.pool, tenant_id) as connection:
        await connection.execute(REVOKE, tenant_id, digest(key, SECRET))
    if announce:
        await context.bus.publish("key", tenant_id)


async def status(client: httpx.AsyncClient, key: str) -> int:
    return (await client.get("/api/v1/recommendations", headers=bearer(key))).status_code


def refused(client: httpx.AsyncClient, key: str, code: int = 401) -> Callable[[], Awaitable[bool]]:
    async def is_refused() -> bool:
        return await status(client, key) == code

    return is_refused


async def listens(context: Context) -> None:
    async def is_connected() -> bool:
        return context.bus.connected

    await until(is_connected)


async def test_a_known_key_costs_no_look_up(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, looked_up: list[bytes]
) -> None:
    await listens(context)
    assert [await status(client, tenant.read) for _ in range(5)] == [200] * 5
    assert looked_up == [digest(tenant.read, SECRET)]


async def test_a_key_that_was_never_made_is_looked_up_once_and_a_mistyped_one_never(
    client: httpx.AsyncClient, context: Context, looked_up: list[bytes]
) -> None:
    await listens(context)
    stranger = make_key("read", SECRET)
    assert [await status(client, stranger.key) for _ in range(3)] == [401] * 3
    assert [await status(client, key) for key in (stranger.key[:-1], "rk_live_x", "x" * 10_000)] == [401] * 3
    assert looked_up == [stranger.digest]


async def test_only_the_digest_of_a_key_is_stored(context: Context, tenant: Tenant) -> None:
    async with tenant_transaction(context.pool, tenant.id) as connection:
        rows = await connection.fetch("SELECT * FROM api_keys WHERE tenant_id = $1", tenant.id)
    stored = repr([dict(row) for row in rows])
    for key in (tenant.read, tenant.read_write, tenant.publish):
        assert key not in stored
        assert key.split("_")[3] not in stored
        assert repr(digest(key, SECRET)) in stored


async def test_a_revoked_key_is_refused_once_the_message_is_there(
    context: Context, client: httpx.AsyncClient, neighbour: Starlette, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LIFETIME_S", 3600.0)
    contexts = (context, neighbour.state.context)
    for each in contexts:
        await listens(each)
    async with client_of(neighbour) as second:
        assert [await status(each, tenant.read) for each in (client, second)] == [200, 200]
        messages = [told(each.bus, "key") for each in contexts]
        await revoke(context, tenant.id, tenant.read)
        await asyncio.gather(*(message.wait() for message in messages))
        assert [await status(each, tenant.read) for each in (client, second)] == [401, 401]
        assert await status(second, tenant.read_write) == 200


async def test_a_revoked_key_is_refused_in_another_process(
    context: Context, client: httpx.AsyncClient, other_process: str, tenant: Tenant
) -> None:
    async with httpx.AsyncClient(base_url=other_process, timeout=PATIENCE_S) as other:
        assert await status(other, tenant.read) == 200
        await revoke(context, tenant.id, tenant.read)
        await until(refused(other, tenant.read))
        assert await status(other, tenant.read_write) == 200


async def test_without_redis_a_revoked_key_is_refused_when_a_lifetime_of_less_than_a_second_is_over(
    context: Context, without_redis: Starlette, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service.LIFETIME_ALONE_S < 1
    monkeypatch.setattr(service, "LIFETIME_S", 3600.0)
    monkeypatch.setattr(service, "LIFETIME_ALONE_S", 3600.0)
    async with client_of(without_redis) as blind:
        assert await status(blind, tenant.read) == 200
        await revoke(context, tenant.id, tenant.read)
        assert await status(blind, tenant.read) == 200
        monkeypatch.setattr(service, "LIFETIME_ALONE_S", 0.0)
        assert await status(blind, tenant.read) == 401


async def test_a_suspended_tenant_is_refused_in_another_process(
    context: Context, client: httpx.AsyncClient, neighbour: Starlette, tenant: Tenant
) -> None:
    await listens(neighbour.state.context)
    async with client_of(neighbour) as other:
        assert await status(other, tenant.read) == 200
        message = told(neighbour.state.context.bus, "tenant")
        async with tenant_transaction(context.pool, tenant.id) as connection:
            await connection.execute(SUSPEND, tenant.id)
        await context.bus.publish("tenant", tenant.id)
        await message.wait()
        assert await status(other, tenant.read) == 403


async def test_a_revocation_while_the_bus_is_frozen_or_cut_does_not_wait_for_the_lifetime(
    settings: Settings, context: Context, make_tenant: MakeTenant, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it waits for is that the silence is noticed, and the lifetime of a process that hears nothing."""
    assert max(2 * SILENCE_S, service.LIFETIME_ALONE_S) < 1
    monkeypatch.setattr(service, "LIFETIME_S", 3600.0)
    async with (
        Relay(redis_url) as relay,
        running(replace(settings, redis_url=relay.url)) as app,
        client_of(app) as client,
    ):
        for harm in ("frozen", "cut"):
            tenant = await make_tenant()
            await listens(app.state.context)
            assert await status(client, tenant.read) == 200
            if harm == "frozen":
                relay.freeze()
            else:
                await relay.cut()
            await revoke(context, tenant.id, tenant.read)
            await until(refused(client, tenant.read))
            await relay.cut()
            await relay.mend()


async def test_a_revocation_whose_message_was_lost_counts_when_the_lifetime_is_over(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LIFETIME_S", 3600.0)
    await listens(context)
    assert await status(client, tenant.read) == 200
    await revoke(context, tenant.id, tenant.read, announce=False)
    assert await status(client, tenant.read) == 200
    monkeypatch.setattr(service, "LIFETIME_S", 0.0)

    async def refused() -> bool:
        """The first request has the key looked up again, and does not wait for it."""
        return await status(client, tenant.read) == 401

    await until(refused)


async def test_a_key_that_was_not_used_for_long_is_asked_for_before_it_counts_again(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "CONFIRM_S", 10.0)
    await listens(context)
    assert await status(client, tenant.read) == 200
    await revoke(context, tenant.id, tenant.read, announce=False)
    monkeypatch.setattr(service, "LIFETIME_IDLE_S", 0.0)
    assert await status(client, tenant.read) == 401


async def test_a_known_key_stays_known_while_the_database_is_away_unless_a_change_was_announced(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    async def away(_pool: object, _key_hash: bytes, _limit_s: float) -> None:
        asked.append(time.monotonic())
        raise ConnectionRefusedError

    await listens(context)
    assert await status(client, tenant.read) == 200
    monkeypatch.setattr(queries, "find_key", away)
    monkeypatch.setattr(service, "LIFETIME_IDLE_S", 0.0)
    monkeypatch.setattr(service, "LIFETIME_ALONE_S", 0.0)
    assert [await status(client, tenant.read) for _ in range(3)] == [200] * 3
    assert len(asked) == 3
    assert await status(client, tenant.publish) == 503
    context.guard._keys._forget(tenant.id, {})  # type: ignore[attr-defined]
    assert await status(client, tenant.read) == 503


async def test_a_look_up_that_fails_gives_way_to_one_that_succeeded_meanwhile(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = context.guard._keys._entries  # type: ignore[attr-defined]
    await listens(context)
    assert await status(client, tenant.read) == 200

    async def overtaken(_pool: object, key_hash: bytes, _limit_s: float) -> None:
        entries[key_hash] = replace(entries[key_hash], read_at=time.monotonic())
        raise ConnectionRefusedError

    monkeypatch.setattr(queries, "find_key", overtaken)
    monkeypatch.setattr(service, "LIFETIME_IDLE_S", 0.0)
    assert await status(client, tenant.read) == 200


async def test_what_was_learned_without_the_bus_is_asked_for_again_when_it_is_back(
    settings: Settings, context: Context, tenant: Tenant, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a revocation in the gap would be missed for a whole lifetime."""
    monkeypatch.setattr(service, "CONFIRM_S", 10.0)
    async with (
        Relay(redis_url) as relay,
        running(replace(settings, redis_url=relay.url)) as app,
        client_of(app) as client,
    ):
        bus = app.state.context.bus
        await listens(app.state.context)
        await relay.cut()

        async def is_alone() -> bool:
            return not bus.connected

        await until(is_alone)
        assert await status(client, tenant.read) == 200
        await revoke(context, tenant.id, tenant.read)
        await relay.mend()
        await listens(app.state.context)
        assert await status(client, tenant.read) == 401


async def test_a_row_that_was_read_before_a_change_was_announced_is_not_kept(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_key = queries.find_key
    await listens(context)

    async def overtaken(pool: object, key_hash: bytes, limit_s: float) -> object:
        row = await find_key(pool, key_hash, limit_s)  # type: ignore[arg-type]
        heard = asyncio.Event()
        context.bus.subscribe("key", lambda *_: heard.set())
        await revoke(context, tenant.id, tenant.read)
        await heard.wait()
        return row

    with monkeypatch.context() as patch:
        patch.setattr(queries, "find_key", overtaken)
        await status(client, tenant.read)
    assert await status(client, tenant.read) == 401


async def test_the_cache_has_a_bound(context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_CACHED", 3)
    cache = service.KeyCache(context.pool, context.bus, SECRET)
    for _ in range(10):
        assert await cache.find(make_key("read", SECRET).key) is None
    assert len(cache._entries) == 3
    assert (await cache.find(tenant.read)) is not None


async def test_a_note_of_use_that_could_not_be_written_is_written_the_next_time(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    cache = context.guard._keys
    assert await status(client, tenant.read) == 200
    context.pool.hangs = True
    await cache.note_used()  # type: ignore[attr-defined]
    context.pool.hangs = False
    await cache.note_used()  # type: ignore[attr-defined]
    async with tenant_transaction(context.pool, tenant.id) as connection:
        assert await connection.fetchval(LAST_USED, tenant.id, digest(tenant.read, SECRET)) is not None


async def test_a_secret_of_another_installation_opens_nothing(settings: Settings, tenant: Tenant) -> None:
    async with running(replace(settings, api_key_hmac_secret="another" * 8)) as app, client_of(app) as client:
        assert await status(client, tenant.read) == 401
