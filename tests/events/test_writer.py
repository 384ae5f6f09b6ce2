"""The group-commit writer: concurrent callers share a statement, each hears of its own events, and nothing is lost or
doubled.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from recomengine.context import Context
from recomengine.events import queries, writer
from recomengine.events.preparing import Source, prepare
from recomengine.events.schemas import Event
from recomengine.events.writer import UNSTORABLE, EventWriter
from recomengine.shop import TenantConfig
from recomengine.web.problems import Invalid, Unavailable
from tests.support.apps import Tenant
from tests.support.shops import until
from tests.support.stored import START_MS, stored, view


def events(tenant: Tenant, *numbers: int) -> list[Event]:
    source = Source(tenant.id, TenantConfig(), int(time.time() * 1000), live=True)
    return [prepare(msgspec.json.encode(view(timestamp=START_MS + number)), source) for number in numbers]


class Statements:
    """The batches that reach the database; each waits until `free` is set."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.free = asyncio.Event()
        self._store = queries.store_events

    async def store(self, pool: Any, tenants: Sequence[UUID], columns: Sequence[Sequence[Any]]) -> Any:
        self.sizes.append(len(columns[0]))
        await self.free.wait()
        return await self._store(pool, tenants, columns)

    def under_way(self, count: int) -> Callable[[], Awaitable[bool]]:
        async def reached() -> bool:
            return len(self.sizes) == count

        return reached


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[Statements]:
    statements = Statements()
    monkeypatch.setattr(queries, "store_events", statements.store)
    yield statements
    statements.free.set()


async def test_what_waits_goes_together_and_each_caller_hears_of_its_own(
    context: Context, tenant: Tenant, statements: Statements, database_url: str
) -> None:
    def call(*numbers: int) -> list[asyncio.Task[list[bool]]]:
        return [asyncio.create_task(context.events.store(events(tenant, each, each + 1))) for each in numbers]

    callers = call(*range(10))
    await until(statements.under_way(1))
    for number in range(10, 50):
        callers += call(number)
        await asyncio.sleep(0)
    statements.free.set()
    answers = await asyncio.gather(*callers)

    assert statements.sizes == [11, 41], "who comes in one turn of the loop shares a statement, and who waits for one"
    assert sum(map(sum, answers)) == 51 == len(await stored(database_url, tenant.id))
    assert all(len(answer) == 2 for answer in answers)


async def test_a_single_event_waits_for_no_large_batch_and_large_ones_for_no_small_one(
    context: Context, tenant: Tenant, statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SMALL", 5)
    wanted = [range(5), [100], range(10, 15), [101], range(20, 25)]
    callers = []
    for number, numbers in enumerate(wanted):
        callers.append(asyncio.create_task(context.events.store(events(tenant, *numbers))))
        await until(statements.under_way(min(number + 1, writer.MAX_IN_FLIGHT)))
    assert statements.sizes == [5, 1, 5]

    statements.free.set()
    assert sum(map(sum, await asyncio.gather(*callers))) == 17
    assert statements.sizes == [5, 1, 5, 6]


async def test_no_statement_is_larger_than_the_bound(
    context: Context, tenant: Tenant, statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_BATCH", 5)
    statements.free.set()
    await asyncio.gather(*(context.events.store(events(tenant, number, number + 100)) for number in range(20)))
    assert max(statements.sizes) <= 5


async def test_too_much_waiting_is_refused_and_goes_in_later(
    context: Context, tenant: Tenant, statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MAX_PENDING", 3)
    first = asyncio.create_task(context.events.store(events(tenant, 1, 2)))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as caught:
        await context.events.store(events(tenant, 3, 4))
    assert caught.value.problem_code == "overloaded"
    assert caught.value.headers["Retry-After"]
    statements.free.set()
    assert await first == [True, True]
    assert await context.events.store(events(tenant, 3, 4)) == [True, True]


async def test_one_callers_poison_harms_nobody_else(
    context: Context, tenant: Tenant, statements: Statements, database_url: str
) -> None:
    """A value that passed every check and that the database refuses all the same."""
    poison = events(tenant, 13)
    poison[0].metadata = '{"n": "\\u0000"}'
    callers = [asyncio.create_task(context.events.store(events(tenant, number))) for number in range(4)]
    callers.insert(2, asyncio.create_task(context.events.store(poison)))
    statements.free.set()
    answers = await asyncio.gather(*callers, return_exceptions=True)
    refused = answers.pop(2)
    assert isinstance(refused, Invalid)
    assert UNSTORABLE in refused.detail
    assert answers == [[True]] * 4
    assert len(await stored(database_url, tenant.id)) == 4
    assert context.events._pending == 0


@pytest.mark.parametrize(
    "error", [ConnectionResetError, TimeoutError, asyncpg.AdminShutdownError, asyncpg.InterfaceError]
)
async def test_while_the_database_is_away_callers_are_told_to_come_back(
    error: type[Exception], context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise error("away")

    with monkeypatch.context() as patch:
        patch.setattr(queries, "store_events", away)
        with pytest.raises(Unavailable) as caught:
            await context.events.store(events(tenant, 1))
    assert caught.value.problem_code == "database_unavailable"
    assert await context.events.store(events(tenant, 1)) == [True]


async def test_closing_stores_what_was_accepted_and_takes_no_more(
    context: Context, tenant: Tenant, statements: Statements, database_url: str
) -> None:
    own = EventWriter(context.pool, context.redis)
    accepted = [asyncio.create_task(own.store(events(tenant, number))) for number in range(20)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(own.close())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await own.store(events(tenant, 99))
    statements.free.set()
    await closing
    assert await asyncio.gather(*accepted) == [[True]] * 20
    assert len(await stored(database_url, tenant.id)) == 20


async def test_a_caller_that_left_takes_nothing_with_it(
    context: Context, tenant: Tenant, statements: Statements, database_url: str
) -> None:
    left = asyncio.create_task(context.events.store(events(tenant, 1)))
    stays = asyncio.create_task(context.events.store(events(tenant, 2)))
    await asyncio.sleep(0)
    left.cancel()
    statements.free.set()
    assert await stays == [True]

    async def both_are_stored() -> bool:
        return len(await stored(database_url, tenant.id)) == 2

    await until(both_are_stored)
    assert context.events._pending == 0
