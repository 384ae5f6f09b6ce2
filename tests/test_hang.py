"""PostgreSQL hangs: stopped, with all its processes, so that its connections stay open and nothing answers.

Everything here must end while it is still stopped; how soon is measured by bench/hang.py.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import asyncpg
import httpx
import pytest

from bench.server import stopped
from recomengine.api_keys import service
from recomengine.api_keys.secrets import digest, make_key
from recomengine.context import Context
from recomengine.infra.database import DATABASE_AWAY, BoundedPool, Watchdog, open_pool, tenant_transaction
from recomengine.infra.metrics import FALLBACKS
from tests.support.apps import SECRET, MakeTenant, Servers, Tenant, bearer, private_servers
from tests.support.databases import fetch, fetchval
from tests.support.people import Person
from tests.support.shops import build, fill_catalog, product, send, until

PATH = "/api/v1/recommendations"
SHOP = [product(f"boot{number}", category="Boots", price=10 * number + 5) for number in range(12)]
WITHIN_S = 25
"""Less than the time-out of a statement, which must not be what ends the wait."""
REVOKE = "UPDATE api_keys SET revoked_at = now() WHERE tenant_id = $1 AND key_hash = $2"
STORED = """
SELECT client_event_id, count(*) AS stored
FROM events WHERE tenant_id = $1 AND client_event_id IS NOT NULL GROUP BY 1
"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Of this file alone, since everybody else would wait too."""
    with private_servers(tmp_path_factory.mktemp("hang")) as servers:
        yield servers


@pytest.fixture
async def tenant(context: Context, client: httpx.AsyncClient, make_tenant: MakeTenant) -> Tenant:
    """A shop whose catalog, model and keys this process knows, and of whose shoppers Redis has lost all."""
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, SHOP)
    views = [
        {"eventType": "view", "userId": f"u{shopper}", "productId": f"boot{shopper % 12}"} for shopper in range(40)
    ]
    await send(context, tenant.id, views)
    await build(context, tenant.id)
    for key in (tenant.read, tenant.read_write):
        assert await status(client.get(PATH, headers=bearer(key))) == 200
    await context.redis.call(("FLUSHDB",))

    async def listens() -> bool:
        return context.bus.connected

    await until(listens)
    return tenant


@asynccontextmanager
async def hanging(servers: Servers) -> AsyncIterator[None]:
    """While PostgreSQL hangs; what is done here must end before it goes on."""
    with stopped(servers.postgres_pid):
        async with asyncio.timeout(WITHIN_S):
            yield


async def status(asked: Awaitable[httpx.Response]) -> int:
    return (await asked).status_code


async def statuses(*asked: Awaitable[httpx.Response]) -> Counter[int]:
    return Counter([answer.status_code for answer in await asyncio.gather(*asked)])


async def noticed(context: Context) -> None:
    async def hangs() -> bool:
        return context.pool.hangs

    await until(hangs)


def view(number: int) -> dict[str, Any]:
    return {"eventType": "view", "userId": f"n{number}", "productId": "boot1", "eventId": f"e{number}"}


async def test_known_keys_and_shoppers_never_seen_before_are_served(
    client: httpx.AsyncClient, context: Context, servers: Servers, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LIFETIME_S", 0.0)  # so that each request has a key to look up again
    shopper, lost = count(), FALLBACKS.labels("trails")._value.get()

    async def ask(key: str) -> int:
        return await status(client.get(PATH, params={"userId": f"new{next(shopper)}"}, headers=bearer(key)))

    async with hanging(servers):
        found = Counter(
            await asyncio.gather(*(ask(key) for key in (tenant.read, tenant.read_write) for _ in range(100)))
        )
        await noticed(context)
        found.update(await asyncio.gather(*(ask(tenant.read) for _ in range(100))))
    assert found == {200: 300}
    assert FALLBACKS.labels("trails")._value.get() - lost == 300, (
        "each list was made without what PostgreSQL knows, and counted"
    )


async def test_a_key_in_use_is_looked_up_again_in_the_background_once_at_a_time(
    client: httpx.AsyncClient, context: Context, servers: Servers, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LIFETIME_S", 0.0)
    async with hanging(servers):
        asked = await statuses(*(client.get(PATH, headers=bearer(tenant.read)) for _ in range(50)))
        under_way = len(context.guard._keys._look_ups)  # type: ignore[attr-defined]
    assert asked == {200: 50}
    assert under_way == 1


async def test_keys_never_seen_are_refused_soon_and_do_not_pile_up(
    client: httpx.AsyncClient, context: Context, servers: Servers, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_LOOK_UPS", 50)
    strangers = [make_key("read", SECRET).key for _ in range(200)]

    def ask() -> Awaitable[Counter[int]]:
        return statuses(*(client.get(PATH, headers=bearer(key)) for key in strangers))

    async def all_given_up() -> bool:
        return not context.guard._keys._look_ups  # type: ignore[attr-defined]

    async with hanging(servers):
        asking = asyncio.ensure_future(ask())
        most = 0
        while not asking.done():
            most = max(most, len(context.guard._keys._look_ups))  # type: ignore[attr-defined]
            known = await status(client.get(PATH, params={"userId": "new"}, headers=bearer(tenant.read)))
            assert known == 200
        assert await asking == {503: 200}
        assert 0 < most <= 50
        await until(all_given_up)
        answer = await client.get(PATH, headers=bearer(strangers[0]))
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
    monkeypatch.undo()

    async def answered() -> bool:
        return await ask() == {401: 200}

    await until(answered)


async def test_a_key_revoked_just_before_is_refused_as_soon_as_the_database_can_be_asked(
    client: httpx.AsyncClient, context: Context, servers: Servers, tenant: Tenant
) -> None:
    async with tenant_transaction(context.pool, tenant.id) as connection:
        await connection.execute(REVOKE, tenant.id, digest(tenant.read, SECRET))
    context.guard._keys._doubt_all()  # type: ignore[attr-defined]  # as when the bus comes back
    async with hanging(servers):
        assert await status(client.get(PATH, headers=bearer(tenant.read))) == 200, "nobody can say that it is revoked"

    async def refused() -> bool:
        return await status(client.get(PATH, headers=bearer(tenant.read))) == 401

    await until(refused)
    assert await status(client.get(PATH, headers=bearer(tenant.read_write))) == 200


async def test_a_key_whose_change_was_announced_is_not_taken_from_memory(
    client: httpx.AsyncClient, context: Context, servers: Servers, tenant: Tenant
) -> None:
    async with hanging(servers):
        await context.bus.publish("key", tenant.id)

        async def refused() -> bool:
            return await status(client.get(PATH, headers=bearer(tenant.read))) == 503

        await until(refused)


async def test_events_are_refused_and_sent_again_are_stored_once(
    client: httpx.AsyncClient, context: Context, servers: Servers, tenant: Tenant
) -> None:
    headers, number = bearer(tenant.read_write), count()

    def one(event: dict[str, Any]) -> Awaitable[httpx.Response]:
        return client.post("/api/v1/events", json=event, headers=headers)

    def batch(events: list[dict[str, Any]]) -> Awaitable[httpx.Response]:
        return client.post("/api/v1/events/batch", json={"events": events}, headers=headers)

    sent = [view(next(number)) for _ in range(60)]
    async with hanging(servers):
        first = await asyncio.gather(*map(one, sent[:40]), *(batch(sent[at : at + 10]) for at in (40, 50)))
        await noticed(context)
        again = await one(sent[0])
        assert context.events._pending == 0
    for answer in (*first, again):
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert int(answer.headers["retry-after"]) >= 1

    async def accepted() -> bool:
        return set(await statuses(*map(one, sent[:40]))) <= {200, 202}

    await until(accepted)
    assert (await batch(sent[40:])).json()["data"]["rejected"] == 0
    rows = await fetch(servers.database_url, STORED, tenant.id)
    assert {row["client_event_id"]: row["stored"] for row in rows} == {event["eventId"]: 1 for event in sent}


async def test_an_event_that_is_acknowledged_is_in_the_database(
    client: httpx.AsyncClient, servers: Servers, tenant: Tenant
) -> None:
    acknowledged, number, go_on = set[str](), count(), True

    async def keep_sending() -> None:
        while go_on:
            event = view(next(number))
            if await status(client.post("/api/v1/events", json=event, headers=bearer(tenant.read_write))) in (200, 202):
                acknowledged.add(event["eventId"])

    async def goes_on() -> bool:
        return len(acknowledged) > before

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(keep_sending())
        for _ in range(2):
            before = len(acknowledged)
            await until(goes_on)
            with stopped(servers.postgres_pid):
                assert (
                    await status(
                        client.post("/api/v1/events", json=view(next(number)), headers=bearer(tenant.read_write))
                    )
                    == 503
                )
            before = len(acknowledged)
            await until(goes_on)
        go_on = False
    stored = {row["client_event_id"]: row["stored"] for row in await fetch(servers.database_url, STORED, tenant.id)}
    assert acknowledged <= set(stored)
    assert set(stored.values()) == {1}


async def test_it_is_alive_and_not_ready_even_with_all_connections_taken(
    client: httpx.AsyncClient, context: Context, servers: Servers
) -> None:
    held = [await context.pool.acquire() for _ in range(context.pool.get_max_size())]
    async with hanging(servers):
        found = await asyncio.gather(*(client.get("/ready") for _ in range(20)), client.get("/health"))
        await noticed(context)
        later = await client.get("/ready")
    assert Counter(answer.status_code for answer in (*found, later)) == {503: 21, 200: 1}
    assert later.json()["status"] == "not_ready"

    async def ready() -> bool:
        return await status(client.get("/ready")) == 200

    await until(ready)
    for connection in held:
        await context.pool.release(connection)


async def test_what_an_admin_asks_for_is_refused_and_works_again(
    client: httpx.AsyncClient, context: Context, servers: Servers
) -> None:
    person = Person(client)
    await person.sign_up()
    tenant_id = await person.make_tenant()
    paths = [f"/api/v1/tenants/{tenant_id}", "/api/v1/tenants", f"/api/v1/tenants/{tenant_id}/api-keys"]
    async with hanging(servers):
        for _ in range(2):
            answers = await asyncio.gather(*(person.call("GET", path) for path in paths * 5))
            assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
                (503, "database_unavailable")
            }
            await noticed(context)

    async def works() -> bool:
        return await statuses(*(person.call("GET", path) for path in paths * 5)) == {200: 15}

    await until(works)


async def test_what_changes_afterwards_is_seen(
    client: httpx.AsyncClient, context: Context, servers: Servers, tenant: Tenant
) -> None:
    async with hanging(servers):
        await noticed(context)

    async def changed() -> bool:
        path = "/api/v1/catalog/glove"
        body = {"name": "A glove", "price": 5}
        return await status(client.put(path, json=body, headers=bearer(tenant.read_write))) in (200, 201)

    async def offered() -> bool:
        answer = await client.get(PATH, params={"limit": 50, "userId": "new"}, headers=bearer(tenant.read))
        return "glove" in [item["productId"] for item in answer.json()["data"]]

    await until(changed)
    await until(offered)


async def test_a_pool_whose_connections_are_all_taken_is_no_hang(servers: Servers) -> None:
    pool = await open_pool(servers.database_url, min_size=1, max_size=2)
    watchdog = Watchdog(servers.database_url, pool)
    held = [await pool.acquire() for _ in range(2)]
    await watchdog.ask()
    assert not pool.hangs
    for connection in held:
        await pool.release(connection)
    await watchdog.close()
    await pool.close()


async def test_a_server_that_cannot_be_reached_is_no_hang_and_ends_none(servers: Servers) -> None:
    pool = await open_pool(servers.database_url, min_size=1, max_size=1)
    watchdog = Watchdog("postgresql://postgres@127.0.0.1:1/none", pool)
    for hangs in (False, True):
        pool.hangs = hangs
        with pytest.raises(OSError, match="Connect call failed"):
            await watchdog.ask()
        assert pool.hangs == hangs
    await watchdog.close()
    await pool.close()


async def test_a_refused_watchdog_has_its_answer(servers: Servers) -> None:
    pool = await open_pool(servers.database_url, min_size=1, max_size=1)
    watchdog = Watchdog(servers.database_url.replace("/recomengine?", "/none?"), pool)
    pool.hangs = True
    await watchdog.ask()
    assert not pool.hangs
    await pool.close()


async def test_a_statement_over_its_limit_costs_its_connection_and_no_other(servers: Servers) -> None:
    pool: BoundedPool = await open_pool(servers.database_url, min_size=1, max_size=1)
    with pytest.raises(DATABASE_AWAY):
        async with tenant_transaction(pool, limit_s=0.05) as connection:
            await connection.execute("SELECT pg_sleep(60)")
    assert await pool.fetchval("SELECT 1") == 1
    with pytest.raises(asyncpg.DivisionByZeroError):
        async with tenant_transaction(pool, limit_s=60) as connection:
            await connection.execute("SELECT 1 / 0")
    assert await fetchval(servers.database_url, "SELECT 1") == 1
    await pool.close()
