"""When Redis has lost what shoppers did since the build, it comes from PostgreSQL, counted, until the next build holds
it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import httpx
import pytest
from asyncpg.transaction import Transaction
from msgspec.structs import replace
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.events.trail import Trail
from recomengine.infra.metrics import FALLBACKS
from recomengine.recommendations import lost_trails
from recomengine.settings import Settings
from tests.support.apps import Tenant, client_of, running
from tests.support.lists import answer, ids, post_event
from tests.support.relay import Relay
from tests.support.shops import build, until


@pytest.fixture
def exclude_purchased() -> str:
    return "always"


def counted() -> float:
    return FALLBACKS.labels("recents")._value.get()


async def offered(client: httpx.AsyncClient, tenant: Tenant, user: str) -> set[str]:
    return set(ids(await answer(client, tenant, userId=user, limit=100)))


async def away(*_: Any) -> Sequence[Trail]:
    raise ConnectionRefusedError("the database is away")


async def test_what_redis_has_lost_comes_from_the_database_until_the_next_build(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await post_event(client, tenant, "purchase", "ann", "boot2")
    before = counted()
    assert "boot2" not in await offered(client, tenant, "ann")
    assert counted() == before, "Redis has it"

    await context.redis.call(("FLUSHDB",))
    assert "boot2" not in await offered(client, tenant, "ann")
    assert counted() == before + 1
    await post_event(client, tenant, "purchase", "ann", "mug2")
    assert not {"boot2", "mug2"} & await offered(client, tenant, "ann")
    assert counted() == before + 2, "the new trail alone does not have both"

    await build(context, tenant.id)
    before = counted()
    assert not {"boot2", "mug2"} & await offered(client, tenant, "ann")
    assert counted() == before, "the model has them"


async def test_what_redis_did_not_hear_of_while_it_was_away_comes_from_the_database(
    settings: Settings, redis_url: str, client: httpx.AsyncClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.infra.redis.BREAK_S", 0.05)
    async with (
        Relay(redis_url) as relay,
        running(replace(settings, redis_url=relay.url)) as app,
        client_of(app) as writing,
    ):
        await relay.cut()
        await post_event(writing, tenant, "purchase", "ann", "boot2")
        assert "boot2" in await offered(client, tenant, "ann"), "Redis does not know yet that it has missed something"
        await relay.mend()
        number = iter(range(1_000_000))

        async def told() -> bool:
            await post_event(writing, tenant, "view", "ben", f"unknown{next(number)}")
            return "boot2" not in await offered(client, tenant, "ann")

        await until(told)


@pytest.fixture
async def locked(
    database_url: str, client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> AsyncIterator[Transaction]:
    """Ann bought boot2, which Redis has lost and PostgreSQL gives to nobody before this transaction ends."""
    assert await offered(client, tenant, "ann")
    await post_event(client, tenant, "purchase", "ann", "boot2")
    await context.redis.call(("FLUSHDB",))
    connection = await asyncpg.connect(database_url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("LOCK TABLE user_aliases")
    yield transaction
    await connection.close()


async def test_a_database_that_takes_too_long_is_not_waited_for(
    client: httpx.AsyncClient, tenant: Tenant, locked: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_trails, "LIMIT_S", 0.05)
    before = FALLBACKS.labels("trails")._value.get()
    assert "boot2" in await offered(client, tenant, "ann")
    assert FALLBACKS.labels("trails")._value.get() == before + 1
    await locked.rollback()
    monkeypatch.undo()
    assert "boot2" not in await offered(client, tenant, "ann")


async def test_one_request_that_waits_long_makes_no_other_wait(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, locked: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_trails, "LIMIT_S", 60.0)
    monkeypatch.setattr(lost_trails, "DOUBT_S", 0.0)
    waiting = asyncio.create_task(offered(client, tenant, "ann"))

    async def waits() -> bool:
        return len(context.recommender._lost_trails._asked_at) == 1

    await until(waits)
    assert await offered(client, tenant, "ben")
    assert not waiting.done()
    await locked.rollback()
    assert "boot2" not in await waiting


async def test_without_the_database_the_answer_comes_from_what_is_left(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    await offered(client, tenant, "ann")
    await context.redis.call(("FLUSHDB",))
    await post_event(client, tenant, "purchase", "ann", "boot2")
    monkeypatch.setattr("recomengine.recommendations.lost_trails.recent_from_database", away)
    found = await offered(client, tenant, "ann")
    assert found
    assert "boot2" not in found


async def test_without_redis_and_the_database_the_answer_comes_from_memory(
    without_redis: Starlette, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.recommendations.lost_trails.recent_from_database", away)
    async with client_of(without_redis) as client:
        assert await offered(client, tenant, "ann")
