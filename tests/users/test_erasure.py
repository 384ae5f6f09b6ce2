"""A shopper's data is given out whole, and erased wherever it is; nothing erased comes back, and the shopper may."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.events.feed import feed_key, parse_entry
from recomengine.events.trail import trail_key
from recomengine.infra.database import tenant_transaction
from recomengine.infra.metrics import FALLBACKS
from recomengine.models import service as models
from recomengine.models.event_log import EventLogs
from recomengine.models.store import ModelStore
from recomengine.tenants.copies import remove_copies
from recomengine.users import queries, service
from tests.support.apps import MakeTenant, Tenant, bearer, client_of
from tests.support.databases import execute, fetch, fetchval
from tests.support.lists import SHOP, answer, history, ids, post_event
from tests.support.shops import build, fill_catalog, logs_of, send, store_of, until
from tests.support.stored import START_MS, stored, view

ANN = "ann [*]?^-\\ : émile/1"
PATH = "/api/v1/users/ann%20%5B*%5D%3F%5E-%5C%20%3A%20%C3%A9mile%2F1"


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    tenant = await make_tenant(exclude_purchased="always")
    await fill_catalog(context, tenant.id, SHOP)
    await send(context, tenant.id, history())
    return tenant


async def erase(client: httpx.AsyncClient, tenant: Tenant, path: str = PATH) -> dict[str, Any]:
    answered = await client.delete(path, headers=bearer(tenant.read_write))
    assert answered.status_code == 200, answered.text
    receipt: dict[str, Any] = answered.json()["data"]
    return receipt


async def keys_with(context: Context, tenant: Tenant, text: str) -> list[bytes]:
    """All that Redis has of a tenant in which a text stands, in a name or in a value."""
    found, cursor = [], 0
    while True:
        ((cursor, keys),) = await context.redis.call(("SCAN", cursor, "MATCH", f"*{tenant.id}*", "COUNT", 1000))
        for key in keys:
            (kind,) = await context.redis.call(("TYPE", key))
            read = {
                b"list": ("LRANGE", key, 0, -1),
                b"stream": ("XRANGE", key, "-", "+"),
                b"string": ("GET", key),
                b"hash": ("HGETALL", key),
            }[kind]
            (value,) = await context.redis.call(read)
            if text.encode() in key or text in _text(value):
                found.append(key)
        if int(cursor) == 0:
            return found


def _text(value: Any) -> str:
    return (
        value.decode(errors="replace")
        if isinstance(value, bytes)
        else " ".join(map(_text, value))
        if isinstance(value, list)
        else str(value)
    )


def files_with(context: Context, text: str) -> list[str]:
    return sorted(
        str(path)
        for path in context.settings.data_dir.rglob("*")
        if path.is_file() and text.encode() in path.read_bytes()
    )


async def test_all_that_is_stored_of_a_shopper_is_given_out(client: httpx.AsyncClient, tenant: Tenant) -> None:
    first = view(
        ANN,
        "boot1",
        eventId="mine",
        sessionId="s1",
        timestamp="2026-01-02T03:04:05.678Z",
        metadata={"price": 1.5, "own": [1]},
    )
    assert (await client.post("/api/v1/events", json=first, headers=bearer(tenant.read_write))).status_code == 202
    second = {"eventType": "search", "userId": "anon", "metadata": {"query": "boots"}}
    await client.post("/api/v1/events", json=second, headers=bearer(tenant.read_write))
    await client.post("/api/v1/events", json=view("other", "boot1"), headers=bearer(tenant.read_write))
    assert (
        await client.post(f"{PATH}/aliases", json={"anonymousId": "anon"}, headers=bearer(tenant.read_write))
    ).status_code == 201

    for path in (PATH, "/api/v1/users/anon"):
        answered = await client.get(path, headers=bearer(tenant.read_write))
        assert answered.status_code == 200
        data = answered.json()["data"]
        assert (data["userId"], data["aliases"], len(data["events"])) == (ANN, ["anon"], 2)
        by_type = {event["eventType"]: event for event in data["events"]}
        assert by_type["view"] | {"receivedAt": None} == {
            "eventId": "mine", "eventType": "view", "productId": "boot1", "timestamp": "2026-01-02T03:04:05.678000Z",
            "sessionId": "s1", "metadata": {"price": 1.5, "own": [1]}, "userId": ANN, "receivedAt": None,
        }  # fmt: skip
        assert (by_type["search"]["userId"], by_type["search"]["productId"], by_type["search"]["metadata"]) == (
            "anon",
            None,
            {"query": "boots"},
        )


async def test_an_export_says_which_months_of_the_archive_it_did_not_look_into(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    noted = (
        "INSERT INTO archived_events (tenant_id, month, newest) "
        "VALUES ($1, '2026-02-01', now()), ($1, '2026-01-01', now())"
    )
    await send(context, tenant.id, [view("ann", "boot1")])
    assert (await client.get("/api/v1/users/ann", headers=bearer(tenant.read_write))).json()["data"][
        "archivedMonths"
    ] == []
    await execute(context.settings.database_url, noted, tenant.id)
    answered = await client.get("/api/v1/users/ann", headers=bearer(tenant.read_write))
    assert answered.json()["data"]["archivedMonths"] == ["2026-01", "2026-02"]
    missing = await client.get("/api/v1/users/bob", headers=bearer(tenant.read_write))
    assert (missing.status_code, missing.json()["detail"].endswith("searched: 2026-01, 2026-02.")) == (404, True)


async def test_pages_of_an_export_hold_every_event_once(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "EVENTS_A_PAGE", 3)
    at_once = [view("ann", "boot1", timestamp=START_MS + at) for at in range(8)]
    await send(context, tenant.id, at_once)
    found, params = [], {}
    for _ in range(3):
        page = (await client.get("/api/v1/users/ann", params=params, headers=bearer(tenant.read_write))).json()
        found += [event["eventId"] for event in page["data"]["events"]]
        params = {"cursor": page["meta"]["nextCursor"]}
    assert params == {"cursor": None}
    assert len(set(found)) == len(found) == 8


@pytest.mark.parametrize(
    "cursor", ["x", "2026-01-01T00:00:00_8", "2026-01-01T00:00:00_00000000-0000-0000-0000-000000000000"]
)
async def test_a_cursor_that_is_none_of_ours_is_refused(client: httpx.AsyncClient, tenant: Tenant, cursor: str) -> None:
    refused = await client.get("/api/v1/users/ann", params={"cursor": cursor}, headers=bearer(tenant.read_write))
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "$.cursor")


async def test_of_a_shopper_without_data_there_is_nothing_to_give_out(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    assert (await client.get("/api/v1/users/nobody", headers=bearer(tenant.read_write))).status_code == 404


async def test_an_erased_shopper_is_nowhere_any_more(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, database_url: str
) -> None:
    await post_event(client, tenant, "purchase", ANN, "boot1")
    await post_event(client, tenant, "view", "anon-ann", "boot2")
    await client.post(f"{PATH}/aliases", json={"anonymousId": "anon-ann"}, headers=bearer(tenant.read_write))
    await post_event(client, tenant, "view", "other", "boot2")
    await build(context, tenant.id)
    for params in ({}, {"limit": 3}, {"strategy": "trending"}):
        await answer(client, tenant, userId=ANN, **params)
    others = len(await stored(database_url, tenant.id)) - 2
    assert await keys_with(context, tenant, "ann [*]")
    assert await keys_with(context, tenant, "anon-ann")
    for text in (ANN, "anon-ann"):
        assert len(files_with(context, text)) >= 2, "the log of events and the model"

    receipt = await erase(client, tenant)

    assert receipt["erased"] == {
        "events": 2,
        "aliases": 1,
        "redis": {"recentEvents": 2, "feedEvents": 2, "cachedLists": 3},
    }
    assert (receipt["userId"], receipt["aliases"]) == (ANN, ["anon-ann"])
    assert [each["where"] for each in receipt["follows"]] == ["redis", "models", "archives"]
    assert abs(datetime.fromisoformat(receipt["erasedAt"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert len(await stored(database_url, tenant.id)) == others
    for text in ("ann [*]", "anon-ann"):
        assert await keys_with(context, tenant, text) == []
    assert (await client.get(PATH, headers=bearer(tenant.read_write))).status_code == 404
    assert await fetchval(database_url, "SELECT count(*) FROM pgqueuer WHERE payload = $1", tenant.id.bytes) == 1, (
        "a build is queued"
    )
    await build(context, tenant.id)
    for text in (ANN, "anon-ann"):
        assert files_with(context, text) == [], "of log and models, old ones among them"
    assert len(logs_of(context).read(tenant.id).histories.users) == 25


async def test_events_from_before_blanks_were_cut_off_are_given_out_and_erased_by_the_id_as_it_was(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    for user in ("ann", "bob"):
        await post_event(client, tenant, "view", user, "boot1")
    renamed = "UPDATE events SET user_id = ' bob' WHERE tenant_id = $1 AND user_id = 'bob'"
    await execute(database_url, renamed, tenant.id)
    found = await client.get("/api/v1/users/%20bob", headers=bearer(tenant.read_write))
    assert [event["userId"] for event in found.json()["data"]["events"]] == [" bob"]
    assert (await erase(client, tenant, "/api/v1/users/%20bob"))["erased"]["events"] == 1
    assert (await erase(client, tenant, "/api/v1/users/%20ann"))["erased"]["events"] == 1


async def test_an_event_that_comes_later_is_a_new_one_even_the_same(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    event = view("ann", "boot1", timestamp="2026-01-02T03:04:05Z")
    statuses = []
    for _ in range(2):
        statuses += [
            (await client.post("/api/v1/events", json=event, headers=bearer(tenant.read_write))).status_code
            for _ in range(2)
        ]
        await erase(client, tenant, "/api/v1/users/ann")
    assert statuses == [202, 200, 202, 200]
    await client.post("/api/v1/events", json=event, headers=bearer(tenant.read_write))
    await build(context, tenant.id)
    model = await context.models.get(tenant.id)
    assert model is not None
    assert len(model.history("ann").items) == 1


async def test_what_was_folded_from_the_feed_is_folded_anew_without_the_erased(
    client: httpx.AsyncClient, neighbour: Starlette, context: Context, tenant: Tenant
) -> None:
    await build(context, tenant.id)
    async with client_of(neighbour) as other:
        for process in (client, other):
            assert "boot5" not in ids(await answer(process, tenant, productId="mug7", limit=3))
        for product_id in ("mug7", "boot5"):
            for number in range(4):
                await post_event(client, tenant, "view", f"twin-{number}", product_id, sessionId=f"t-{number}")
        for process in (client, other):

            async def offered(process: httpx.AsyncClient = process) -> bool:
                return "boot5" in ids(await answer(process, tenant, productId="mug7", limit=3))

            await until(offered)
        for number in range(4):
            await erase(client, tenant, f"/api/v1/users/twin-{number}")
        for process in (client, other):

            async def gone(process: httpx.AsyncClient = process) -> bool:
                return "boot5" not in ids(await answer(process, tenant, productId="mug7", limit=3))

            await until(gone)


async def test_an_erasure_without_redis_is_finished_by_the_worker(
    client: httpx.AsyncClient, without_redis: Starlette, context: Context, tenant: Tenant, database_url: str
) -> None:
    await post_event(client, tenant, "view", "ann-away", "boot1")
    before = FALLBACKS.labels("erasure")._value.get()
    async with client_of(without_redis) as other:
        receipt = await erase(other, tenant, "/api/v1/users/ann-away")
    assert (receipt["erased"]["events"], receipt["erased"]["redis"]) == (1, None)
    assert FALLBACKS.labels("erasure")._value.get() == before + 1
    assert len(await keys_with(context, tenant, "ann-away")) == 2, "trail and feed"

    await service.finish_erasures(context.pool, context.redis, context.bus)

    assert await keys_with(context, tenant, "ann-away") == []
    assert await unfinished(database_url, tenant) == [["ann-away"]], "it has not settled yet"


async def test_which_ids_were_joined_is_forgotten_and_joined_again_it_stays(
    client: httpx.AsyncClient, without_redis: Starlette, context: Context, tenant: Tenant
) -> None:
    async def join() -> None:
        path, body = "/api/v1/users/ann-away/aliases", {"anonymousId": "anon-away"}
        assert (await client.post(path, json=body, headers=bearer(tenant.read_write))).status_code == 201

    await join()
    async with client_of(without_redis) as other:
        assert (await erase(other, tenant, "/api/v1/users/anon-away"))["aliases"] == ["anon-away"]
    assert len(await keys_with(context, tenant, "anon-away")) == 2, "under both ids"
    await service.finish_erasures(context.pool, context.redis, context.bus)
    assert await keys_with(context, tenant, "anon-away") == []
    await join()
    await service.finish_erasures(context.pool, context.redis, context.bus)
    assert len(await keys_with(context, tenant, "anon-away")) == 2


async def unfinished(database_url: str, tenant: Tenant) -> list[Any]:
    return [
        row["unfinished"]
        for row in await fetch(
            database_url, "SELECT unfinished FROM erasures WHERE tenant_id = $1 ORDER BY number", tenant.id
        )
    ]


async def settle(database_url: str, tenant: Tenant) -> None:
    """As if the erasures had been made two minutes earlier."""
    await execute(
        database_url, "UPDATE erasures SET before = before - interval '2 minutes' WHERE tenant_id = $1", tenant.id
    )


async def test_an_event_that_reaches_redis_after_its_erasure_is_found_there_and_what_came_later_stays(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, database_url: str
) -> None:
    await post_event(client, tenant, "view", "ann", "boot1")
    trail, feed = trail_key(str(tenant.id), "ann"), feed_key(str(tenant.id))
    (late_trail,), (late_feed,) = (
        (await context.redis.call(("LRANGE", trail, 0, -1)))[0],
        (await context.redis.call(("XRANGE", feed, "-", "+")))[0],
    )
    await erase(client, tenant, "/api/v1/users/ann")
    await post_event(client, tenant, "view", "ann", "boot2")
    await context.redis.call(("LPUSH", trail, late_trail), ("XADD", feed, "*", *late_feed[1]))  # its writer was slow

    await service.finish_erasures(context.pool, context.redis, context.bus)

    (entries,), (fed,) = (
        await context.redis.call(("LRANGE", trail, 0, -1)),
        await context.redis.call(("XRANGE", feed, "-", "+")),
    )
    assert len(entries) == len(fed) == 1
    assert b"boot2" in entries[0]
    assert parse_entry(fed[0][1][1]).product_id == "boot2"


async def test_the_ids_are_forgotten_once_redis_has_settled_and_the_model_is_built_without_them(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, database_url: str
) -> None:
    await build(context, tenant.id)
    await post_event(client, tenant, "view", "ann", "boot1")
    await erase(client, tenant, "/api/v1/users/ann")
    await execute(database_url, "DELETE FROM pgqueuer")  # the build that was queued is lost
    await settle(database_url, tenant)

    await service.finish_erasures(context.pool, context.redis, context.bus)
    assert await unfinished(database_url, tenant) == [["ann"]]
    assert await fetchval(database_url, "SELECT count(*) FROM pgqueuer WHERE payload = $1", tenant.id.bytes) == 1, (
        "it is queued again"
    )
    await build(context, tenant.id)
    assert await service.finish_erasures(context.pool, context.redis, context.bus) >= 1

    assert await unfinished(database_url, tenant) == [None]
    assert "ann" not in str(await fetch(database_url, "SELECT * FROM erasures WHERE tenant_id = $1", tenant.id))


async def test_what_ails_redis_keeps_an_erasure_unfinished(
    context: Context, without_redis: Starlette, tenant: Tenant, database_url: str
) -> None:
    await service.erase(context.pool, context.redis, context.bus, tenant.id, "ann")
    await settle(database_url, tenant)
    away: Context = without_redis.state.context
    await service.finish_erasures(away.pool, away.redis, away.bus)
    assert await unfinished(database_url, tenant) == [["ann"]]


async def test_an_erasure_waits_for_batches_in_flight_and_holds_up_none_after(
    context: Context, tenant: Tenant, database_url: str
) -> None:
    """An event that was acknowledged before the erasure is erased, though its batch was under way; writers go on while
    rows are deleted.
    """
    connection = await context.pool.acquire()
    batch = connection.transaction()
    await batch.start()
    await connection.execute(
        "SELECT pg_advisory_xact_lock_shared(7202, (extract(epoch FROM date_trunc('month', now(), 'UTC')) / "
        "86400)::int)"
    )
    erasing = asyncio.create_task(service.erase(context.pool, context.redis, context.bus, tenant.id, "ann"))

    async def waits() -> bool:
        return bool(
            await fetchval(
                database_url,
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = 7202",
            )
        )

    await until(waits)
    await batch.rollback()
    await context.pool.release(connection)
    await erasing
    async with tenant_transaction(context.pool, tenant.id) as connection:
        await queries.lock_people(connection, tenant.id)
        await queries.watermark(connection)
        assert (
            await fetchval(database_url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 7202")
            == 0
        )
        await send(context, tenant.id, [view("ann", "boot1")])
    assert [event["user_id"] for event in await stored(database_url, tenant.id)].count("ann") == 1


async def test_a_machine_that_builds_no_more_forgets_the_erased_in_its_log_and_in_its_copies(
    context: Context, tenant: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, logs = ModelStore("memory:///", tmp_path / "copies"), EventLogs(tmp_path / "logs")
    old = await models.refresh(context.pool, store, logs, context.bus, tenant.id)
    kept = logs.read(tenant.id)
    await service.erase(context.pool, context.redis, context.bus, tenant.id, "u3")
    await build(context, tenant.id)  # on another machine
    assert [path.name for path in (tmp_path / "copies" / str(tenant.id)).iterdir()] == [old]
    (tmp_path / "copies" / str(tenant.id) / ".fetch.1").mkdir()

    assert await remove_copies(context.pool, store, logs) == 1

    assert [path.name for path in (tmp_path / "copies" / str(tenant.id)).iterdir()] == [".fetch.1"]
    now = logs.read(tenant.id)
    assert (now.erasures, now.through, set(kept.histories.users) - set(now.histories.users)) == (
        1,
        kept.through,
        {"u3"},
    )
    assert len(now.histories.items) == len(kept.histories.items) - 12
    assert await remove_copies(context.pool, store, logs) == 0
    await service.erase(context.pool, context.redis, context.bus, tenant.id, "u4")
    (tmp_path / "logs" / f"{tenant.id}.npz").write_bytes(b"u4, and no log any more")
    await remove_copies(context.pool, store, logs)
    assert logs.kept() == [], "what cannot be read cannot be kept"


async def test_a_model_with_an_erased_shopper_is_replaced_even_by_a_worse_one_and_no_older_one_is_kept(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worse(*_: Any) -> None:
        raise models.WorseThanServed("worse")

    for _ in range(3):
        await build(context, tenant.id)
    monkeypatch.setattr(models, "check_not_worse", worse)
    monkeypatch.setattr(models, "still_holds", lambda *_: False)
    with pytest.raises(models.WorseThanServed):
        await build(context, tenant.id)
    await erase(client, tenant, "/api/v1/users/u3")

    version = await build(context, tenant.id)

    folder = context.settings.data_dir / "models" / str(tenant.id)
    assert [path.name for path in folder.iterdir()] == [version]
    assert store_of(context).open(tenant.id, version)[1]["erasures"] == 1
    with pytest.raises(models.WorseThanServed):
        await build(context, tenant.id)
