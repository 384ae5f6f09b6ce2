"""The same event is stored once, however it arrives twice."""

import asyncio
from datetime import datetime
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
from msgspec.structs import replace
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.events.identity import named_id, natural_id, untimed_id
from recomengine.events.preparing import Source, prepare
from recomengine.events.writer import EventWriter
from recomengine.infra.metrics import FALLBACKS
from recomengine.settings import Settings
from recomengine.shop import TenantConfig
from tests.support.apps import Tenant, bearer, client_of, running
from tests.support.databases import fetch
from tests.support.processes import PATIENCE_S
from tests.support.relay import Relay
from tests.support.shops import until
from tests.support.stored import START_MS, now_ms, stored, view

HOLD = """
INSERT INTO events (id, tenant_id, event_type, user_id, timestamp, created_at)
    VALUES ($1, $2, 'view', 'holder', now(), clock_timestamp())
"""
WAITING = """
SELECT FROM pg_stat_activity
WHERE query LIKE '%store_events%' AND wait_event_type = 'Lock' AND datname = current_database()
"""
JSON_LINES = {"Content-Type": "application/x-ndjson"}


async def statuses(client: httpx.AsyncClient, tenant: Tenant, count: int, event: dict[str, object]) -> list[int]:
    """The answers' codes to the same event, sent `count` times at once."""
    sent = [client.post("/api/v1/events", json=event, headers=bearer(tenant.read_write)) for _ in range(count)]
    return sorted(answer.status_code for answer in await asyncio.gather(*sent))


@pytest.mark.parametrize("name", [None, "e-1"])
async def test_in_concurrent_requests(
    name: str | None, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    assert await statuses(client, tenant, 20, view(timestamp=now_ms(), eventId=name)) == [200] * 19 + [202]
    assert len(await stored(database_url, tenant.id)) == 1


async def test_in_concurrent_batches_that_overlap(client: httpx.AsyncClient, tenant: Tenant, database_url: str) -> None:
    events = [view(timestamp=START_MS + number) for number in range(300)]
    batches = [{"events": events[start : start + 200]} for start in (0, 50, 100, 0)]
    sent = [client.post("/api/v1/events/batch", json=batch, headers=bearer(tenant.read_write)) for batch in batches]
    counts = [answer.json()["data"] for answer in await asyncio.gather(*sent)]
    assert sum(count["accepted"] for count in counts) == 300
    assert sum(count["duplicates"] for count in counts) == 500
    assert len(await stored(database_url, tenant.id)) == 300


async def test_in_two_batches_in_opposite_orders_while_a_third_holds_the_middle(
    context: Context, tenant: Tenant, database_url: str
) -> None:
    """Each batch gets to the middle event and waits there; neither may hold then what the other still needs."""
    source = Source(tenant.id, TenantConfig(), now_ms(), live=True)
    bodies = [msgspec.json.encode(view(timestamp=START_MS + number)) for number in range(3)]
    first, middle, last = [prepare(body, source) for body in bodies]
    holder = await asyncpg.connect(database_url)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute(HOLD, middle.id, tenant.id)
    batches = [[first, middle, last], [last, middle, first]]
    sent = [asyncio.create_task(EventWriter(context.pool, context.redis).store(batch)) for batch in batches]

    async def both_wait() -> bool:
        return len(await fetch(database_url, WAITING)) == 2

    await until(both_wait)
    await transaction.rollback()
    await holder.close()

    results = await asyncio.gather(*sent)
    assert all(new != other for new, other in zip(results[0], reversed(results[1]), strict=True)), (
        "each is new to one of them"
    )
    assert len(await stored(database_url, tenant.id)) == 3


async def test_in_two_processes_at_once(
    client: httpx.AsyncClient, other_process: str, tenant: Tenant, database_url: str
) -> None:
    async with httpx.AsyncClient(base_url=other_process, timeout=PATIENCE_S) as other:
        for number in range(10):
            event = view(timestamp=now_ms(), product=f"p{number}")
            both = await asyncio.gather(statuses(client, tenant, 3, event), statuses(other, tenant, 3, event))
            assert sorted(both[0] + both[1]) == [200] * 5 + [202]
    assert len(await stored(database_url, tenant.id)) == 10


async def test_in_two_processes_of_which_one_has_no_redis(
    client: httpx.AsyncClient, without_redis: Starlette, tenant: Tenant, database_url: str
) -> None:
    before = FALLBACKS.labels("dedup")._value.get()
    event = view(timestamp=now_ms())
    async with client_of(without_redis) as blind:
        assert await statuses(blind, tenant, 1, event) == [202]
        assert await statuses(client, tenant, 1, event) == [200]
        assert await statuses(blind, tenant, 1, event) == [200]
    assert len(await stored(database_url, tenant.id)) == 1
    assert FALLBACKS.labels("dedup")._value.get() == before + 2


async def test_after_redis_has_lost_everything(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, database_url: str
) -> None:
    event = view(timestamp=now_ms(), eventId="e-1")
    assert await statuses(client, tenant, 1, event) == [202]
    await context.redis.call(("FLUSHDB",))
    assert await statuses(client, tenant, 1, event) == [200]
    assert len(await stored(database_url, tenant.id)) == 1


async def test_while_redis_comes_and_goes(
    settings: Settings, tenant: Tenant, redis_url: str, database_url: str
) -> None:
    async with (
        Relay(redis_url) as relay,
        running(replace(settings, redis_url=relay.url)) as app,
        client_of(app) as client,
    ):
        for number in range(3):
            event = view(timestamp=now_ms(), product=f"p{number}")
            assert await statuses(client, tenant, 2, event) == [200, 202]
            await relay.cut()
            assert await statuses(client, tenant, 2, event) == [200, 200]
            assert await statuses(client, tenant, 2, view(timestamp=now_ms(), product=f"q{number}")) == [200, 202]
            await relay.mend()
    assert len(await stored(database_url, tenant.id)) == 6


async def test_after_a_restart(settings: Settings, tenant: Tenant, database_url: str) -> None:
    event = view(timestamp=now_ms())
    for expected in ([200, 202], [200, 200]):
        async with running(settings) as app, client_of(app) as client:
            assert await statuses(client, tenant, 2, event) == expected
    assert len(await stored(database_url, tenant.id)) == 1


async def store_then(
    database_url: str, tenant: Tenant, identity: UUID, moment: datetime, timestamp_ms: int, name: str | None
) -> None:
    """Put the view of ann's into the month of `moment`, as if it had been sent then."""
    owner = await asyncpg.connect(database_url)
    await owner.execute(
        """INSERT INTO events (id, tenant_id, event_type, user_id, product_id, client_event_id, timestamp, created_at)
           VALUES ($1, $2, 'view', 'ann', 'boot', $3, timestamptz 'epoch' + $4 * interval '1 millisecond', $5)""",
        identity, tenant.id, name, timestamp_ms, moment,
    )  # fmt: skip
    await owner.close()


async def test_across_the_border_of_a_month(
    client: httpx.AsyncClient, tenant: Tenant, former_month: datetime, database_url: str
) -> None:
    ms = int(former_month.timestamp() * 1000)
    moment = former_month.replace(minute=1)
    await store_then(database_url, tenant, natural_id(tenant.id.bytes, "ann", "view", "boot", ms), moment, ms, None)
    await store_then(database_url, tenant, named_id(tenant.id.bytes, "e-1"), moment, ms, "e-1")

    assert await statuses(client, tenant, 2, view(timestamp=ms)) == [200, 200]
    assert await statuses(client, tenant, 2, view(eventId="e-1")) == [200, 200]
    assert await statuses(client, tenant, 2, view(timestamp=ms + 1)) == [200, 202]
    batch = {"events": [view(timestamp=ms), view(timestamp=ms + 2), view(eventId="e-1")]}
    answer = await client.post("/api/v1/events/batch", json=batch, headers=bearer(tenant.read_write))
    assert [result["status"] for result in answer.json()["data"]["results"]] == ["duplicate", "accepted", "duplicate"]
    assert len(await stored(database_url, tenant.id)) == 4


async def test_an_imported_line_without_a_time_is_the_same_in_every_month(
    client: httpx.AsyncClient, tenant: Tenant, former_month: datetime, database_url: str
) -> None:
    identity = untimed_id(tenant.id.bytes, "ann", "view", "boot")
    moment = former_month.replace(minute=1)
    await store_then(database_url, tenant, identity, moment, int(moment.timestamp() * 1000), str(identity))
    line = b'{"eventType":"view","userId":"ann","productId":"boot"}'
    answer = await client.post("/api/v1/events/import", content=line, headers=bearer(tenant.read_write) | JSON_LINES)
    assert answer.json()["data"] == {"accepted": 0, "duplicates": 1, "rejected": 0, "errors": []}
    assert len(await stored(database_url, tenant.id)) == 1
