"""What requests note of an integration: counted by day in the database, within its bounds, whatever fails meanwhile."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from recomengine.context import Context
from recomengine.infra.metrics import NOTES_DROPPED
from recomengine.integration.notes import KEPT_DAYS, MAX_KEPT, MAX_SUBJECTS, OTHERS, RECEIPTS, Notes, forget_notes
from recomengine.settings import Settings
from tests.support.apps import MakeTenant, Tenant, bearer, running
from tests.support.databases import execute, fetch, fetchval
from tests.support.stored import view


@pytest.fixture
async def tenant(make_tenant: MakeTenant) -> Tenant:
    return await make_tenant(allowed_origins=("https://shop.example",))


async def noted(context: Context, database_url: str, tenant: Tenant) -> dict[str, dict[str, int]]:
    """Counts by kind and subject."""
    await context.notes.flush()
    rows = await fetch(
        database_url, "SELECT kind, subject, count FROM integration_notes WHERE tenant_id = $1 ORDER BY 1, 2", tenant.id
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["kind"], {})[row["subject"]] = row["count"]
    return found


def dropped(reason: str) -> float:
    return NOTES_DROPPED.labels(reason)._value.get()


async def test_what_is_noted_again_on_one_day_is_one_row_with_its_last_moment(
    context: Context, tenant: Tenant, database_url: str
) -> None:
    before = datetime.now(UTC)
    context.notes.count(str(tenant.id), "sdk", "js/1.0.0")
    await context.notes.flush()
    context.notes.count(str(tenant.id), "sdk", "js/1.0.0", 4)

    assert await noted(context, database_url, tenant) == {"sdk": {"js/1.0.0": 5}}
    [row] = await fetch(database_url, "SELECT * FROM integration_notes WHERE tenant_id = $1", tenant.id)
    assert (row["day"], row["last_at"] >= before) == (row["last_at"].date(), True)


async def test_a_subject_is_cut_and_freed_of_control_characters(
    context: Context, tenant: Tenant, database_url: str
) -> None:
    for subject in ("a\0b\nc\ud800d", "x" * 500, "", "\x07"):
        context.notes.count(str(tenant.id), "origin_refused", subject)

    assert await noted(context, database_url, tenant) == {"origin_refused": {"(none)": 2, "abcd": 1, "x" * 128: 1}}


async def test_subjects_beyond_the_bound_of_a_day_are_counted_as_others_whoever_writes_them(
    context: Context, tenant: Tenant, database_url: str
) -> None:
    first, second = Notes(context.pool, context.redis), Notes(context.pool, context.redis)
    for number in range(150):
        first.count(str(tenant.id), "origin_refused", f"https://first-{number}.example")
        second.count(str(tenant.id), "origin_refused", f"https://second-{number}.example", 2)
    first.count(str(tenant.id), "sdk", "js/1.0.0")
    await first.flush()
    await second.flush()

    found = await noted(context, database_url, tenant)
    assert found["sdk"] == {"js/1.0.0": 1}
    assert found["origin_refused"].pop(OTHERS) == 200
    assert len(found["origin_refused"]) == MAX_SUBJECTS
    assert sum(found["origin_refused"].values()) == 250


async def test_a_flood_of_subjects_takes_no_more_memory_than_the_bound_and_no_room_from_others(
    context: Context, make_tenant: MakeTenant, database_url: str
) -> None:
    loud, quiet = await make_tenant(), await make_tenant()
    for number in range(MAX_KEPT + 1):
        context.notes.count(str(loud.id), "origin_refused", f"https://{number}.example")
    context.notes.count(str(quiet.id), "sdk", "js/1.0.0")

    assert (await noted(context, database_url, quiet)) == {"sdk": {"js/1.0.0": 1}}
    assert (await noted(context, database_url, loud))["origin_refused"][OTHERS] == MAX_KEPT + 1 - MAX_SUBJECTS


async def test_what_memory_has_no_room_for_is_dropped_and_counted(context: Context) -> None:
    notes, before = Notes(context.pool, context.redis), dropped("full")
    for number in range(MAX_KEPT):
        notes.count(f"tenant-{number}", "sdk", "js/1.0.0")
    notes.count("tenant-0", "sdk", "js/1.0.0")
    assert dropped("full") == before

    notes.count("one-more", "sdk", "js/1.0.0", 3)
    assert dropped("full") == before + 3


async def test_without_the_database_notes_wait_for_it_within_their_bound(
    context: Context, tenant: Tenant, settings: Settings, database_url: str
) -> None:
    async with running(settings) as app:
        cut = Notes(app.state.context.pool, app.state.context.redis)
    cut.count(str(tenant.id), "sdk", "js/1.0.0", 2)  # its pool is closed
    await cut.flush()
    cut.count(str(tenant.id), "sdk", "js/1.0.0")
    assert await noted(context, database_url, tenant) == {}

    cut._pool = context.pool
    await cut.flush()
    assert await noted(context, database_url, tenant) == {"sdk": {"js/1.0.0": 3}}

    cut._pool, before = app.state.context.pool, dropped("database")
    cut.count(str(tenant.id), "sdk", "js/2.0.0", 5)
    counts, cut._counts, cut._kept = cut._counts, {}, MAX_KEPT
    cut._take_back(counts)
    assert dropped("database") == before + 5


async def test_notes_are_written_when_the_process_ends(
    settings: Settings, make_tenant: MakeTenant, database_url: str
) -> None:
    tenant = await make_tenant()
    async with running(settings) as app:
        app.state.context.notes.count(str(tenant.id), "sdk", "js/1.0.0")

    assert await fetchval(database_url, "SELECT count FROM integration_notes WHERE tenant_id = $1", tenant.id) == 1


async def test_notes_of_a_tenant_that_was_purged_meanwhile_keep_no_others_from_being_written(
    context: Context, tenant: Tenant, database_url: str
) -> None:
    context.notes.count("3f1c2d4e-5a6b-4c7d-8e9f-0a1b2c3d4e5f", "sdk", "js/1.0.0")
    context.notes.count(str(tenant.id), "sdk", "js/1.0.0")

    assert await noted(context, database_url, tenant) == {"sdk": {"js/1.0.0": 1}}


async def test_notes_past_their_time_are_dropped(context: Context, tenant: Tenant, database_url: str) -> None:
    today = datetime.now(UTC).date()
    for day in (today, today - timedelta(days=KEPT_DAYS), today - timedelta(days=KEPT_DAYS + 1)):
        await execute(
            database_url,
            "INSERT INTO integration_notes (tenant_id, day, kind, subject, count, last_at) "
            "VALUES ($1, $2, 'sdk', 'js/1.0.0', 1, now())",
            tenant.id, day,
        )  # fmt: skip

    assert await forget_notes(context.pool) >= 1

    rows = await fetch(database_url, "SELECT day FROM integration_notes WHERE tenant_id = $1 ORDER BY day", tenant.id)
    assert [row["day"] for row in rows] == [today - timedelta(days=KEPT_DAYS), today]


async def test_the_last_receipts_of_a_tenant_are_kept_the_newest_first(
    context: Context, tenant: Tenant, make_tenant: MakeTenant
) -> None:
    other = await make_tenant()
    for number in range(RECEIPTS + 20):
        context.notes.receipt(str(tenant.id), "segment", "Order Completed", f"m-{number}\n", "accepted")
    context.notes.receipt(str(other.id), "segment", "Product Viewed", "m", "rejected")
    await context.notes.flush()

    receipts = await context.notes.receipts(tenant.id)
    assert [receipt.message_id for receipt in receipts] == [f"m-{number}" for number in range(RECEIPTS + 19, 19, -1)]
    assert (receipts[0].source, receipts[0].event, receipts[0].outcome) == ("segment", "Order Completed", "accepted")
    assert [receipt.outcome for receipt in await context.notes.receipts(other.id)] == ["rejected"]


async def test_receipts_without_redis_are_dropped_and_counted(without_redis: Any, tenant: Tenant) -> None:
    notes, before = without_redis.state.context.notes, dropped("redis")
    notes.receipt(str(tenant.id), "segment", "Product Viewed", "m", "accepted")
    await notes.flush()
    assert dropped("redis") == before + 1


async def test_a_refused_origin_of_a_known_key_is_noted(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, database_url: str
) -> None:
    """Of a request and of a preflight that shows its key; not of an unknown key, nor of an origin that is allowed."""
    asked = {"Access-Control-Request-Method": "POST"}
    for origin in ("https://shop.example", "https://wrong.example"):
        headers = {"Origin": origin} | bearer(tenant.publish)
        await client.post("/api/v1/events", json=view(), headers=headers)
        await client.options(f"/api/v1/events?key={tenant.publish}", headers={"Origin": origin} | asked)
    await client.options("/api/v1/events?key=rk_pub_nobody", headers={"Origin": "https://nobody.example"} | asked)

    found = await noted(context, database_url, tenant)
    assert found["origin_refused"] == {"https://wrong.example": 2}


async def test_why_events_are_rejected_is_noted_and_nothing_that_they_hold(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, database_url: str
) -> None:
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    secret = {"ann@example.com": "a\0b"}
    bad: list[Any] = [
        view(timestamp=ahead), view(timestamp=1_700_000_000), {"eventType": "view", "userId": "ann"},
        view(metadata={"price": "9.99"}), view(metadata=secret), view(metadata={"price": secret}),
        view(**secret),
    ]  # fmt: skip
    await client.post("/api/v1/events/batch", json={"events": [view(), *bad]}, headers=bearer(tenant.read_write))
    for event in bad[:3]:
        await client.post("/api/v1/events", json=event, headers=bearer(tenant.read_write))
    await client.post(
        "/api/v1/events", content=b"{", headers=bearer(tenant.read_write) | {"Content-Type": "text/plain"}
    )

    assert (await noted(context, database_url, tenant))["event_rejected"] == {
        "invalid": 1, "invalid $.metadata": 1, "invalid $.metadata.price": 2, "invalid $.productId": 2,
        "invalid $.timestamp": 2, "malformed_body": 1, "timestamp_in_seconds $.timestamp": 2,
    }  # fmt: skip


async def test_an_sdk_says_in_a_batch_which_it_is_and_what_failed_in_it(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, database_url: str
) -> None:
    body = {
        "key": tenant.publish, "events": [view(), view()],
        "client": {"name": "js", "version": "1.2.3", "errors": {"timeout": 2, "storage_blocked": 1}},
    }  # fmt: skip
    headers = {"Content-Type": "text/plain", "Origin": "https://shop.example"}
    answer = await client.post("/api/v1/events/batch", content=msgspec.json.encode(body), headers=headers)

    assert answer.status_code == 202
    assert await noted(context, database_url, tenant) == {
        "event_received": {"accepted": 1, "duplicate": 1}, "sdk": {"js/1.2.3": 1},
        "sdk_error": {"storage_blocked": 1, "timeout": 2},
    }  # fmt: skip


@pytest.mark.parametrize(
    "client_member",
    [
        {"name": "js"}, {"name": "", "version": "1"}, {"name": "x" * 33, "version": "1"},
        {"name": "js", "version": "1" * 33}, {"name": "js", "version": "1", "errors": {"timeout": 0}},
        {"name": "js", "version": "1", "errors": {f"code-{number}": 1 for number in range(21)}},
        {"name": "js", "version": "1", "more": 1},
    ],
)  # fmt: skip
async def test_what_an_sdk_says_of_itself_has_bounds(
    client_member: dict[str, Any], client: httpx.AsyncClient, tenant: Tenant
) -> None:
    body = {"events": [view()], "client": client_member}
    answer = await client.post("/api/v1/events/batch", json=body, headers=bearer(tenant.read_write))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"].startswith("$.client")


async def test_lists_are_counted_by_placement(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, database_url: str
) -> None:
    for query in ({"placementId": "home"}, {"placementId": "home", "userId": "ann"}, {}):
        await client.get("/api/v1/recommendations", params=query, headers=bearer(tenant.read))

    assert (await noted(context, database_url, tenant))["list_asked"] == {"(none)": 1, "home": 2}
