"""Events over HTTP: what is taken, what is answered, what is then in the database."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from recomengine.context import Context
from recomengine.infra.metrics import REDIS_FAILURES
from tests.support.apps import MakeTenant, Tenant, bearer
from tests.support.shops import fill_catalog, product
from tests.support.stored import START_MS, now_ms, stored, view

EVENT_TYPES = ["impression", "click", "view", "add_to_cart", "remove_from_cart", "wishlist", "purchase", "search"]


async def post(client: httpx.AsyncClient, tenant: Tenant, body: object, path: str = "/api/v1/events") -> httpx.Response:
    return await client.post(path, json=body, headers=bearer(tenant.read_write))


@pytest.mark.parametrize("event_type", EVENT_TYPES)
async def test_an_event_that_was_answered_202_is_in_the_database(
    event_type: str, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    answer = await post(
        client, tenant, {"eventType": event_type, "userId": "ann", "productId": "boot", "sessionId": "s1"}
    )

    assert answer.status_code == 202
    assert answer.headers["content-type"] == "application/json"
    data = answer.json()["data"]
    assert data == {"eventId": str(UUID(data["eventId"])), "status": "accepted"}
    [row] = await stored(database_url, tenant.id)
    assert str(row["id"]) == data["eventId"]
    assert (row["event_type"], row["user_id"], row["product_id"], row["session_id"]) == (
        event_type,
        "ann",
        "boot",
        "s1",
    )
    assert abs(row["timestamp_ms"] - now_ms()) < 60_000


async def test_a_commit_is_on_disk_before_it_is_answered(context: Context) -> None:
    settings = [
        await context.pool.fetchval(f"SHOW {name}") for name in ("synchronous_commit", "fsync", "full_page_writes")
    ]
    assert settings == ["on", "on", "on"]


@pytest.mark.parametrize(
    ("timestamp", "ms"),
    [
        (1_700_000_000_123, 1_700_000_000_123),
        ("2023-11-14T22:13:20.123Z", 1_700_000_000_123),
        ("2023-11-15T00:13:20.123+02:00", 1_700_000_000_123),
        ("2023-11-14T22:13:20.123999Z", 1_700_000_000_123),
        (100_000_000_000, 100_000_000_000),
        ("1969-12-31T23:59:59.999Z", -1),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
    ],
)
async def test_a_time_is_taken_to_the_millisecond_in_either_form(
    timestamp: int | str, ms: int, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    assert (await post(client, tenant, view(timestamp=timestamp))).status_code == 202
    [row] = await stored(database_url, tenant.id)
    assert row["timestamp_ms"] == ms
    assert (await post(client, tenant, view(timestamp=timestamp))).json()["data"]["status"] == "duplicate"


async def test_every_millisecond_is_the_same_in_both_forms(client: httpx.AsyncClient, tenant: Tenant) -> None:
    """Fractions of a second have no exact floating-point form."""
    start = 1_700_000_000_000
    forms = [
        datetime.fromtimestamp((start + ms) // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ms:03d}Z"
        for ms in range(1000)
    ]
    one = await post(
        client, tenant, {"events": [view(timestamp=start + ms) for ms in range(1000)]}, "/api/v1/events/batch"
    )
    two = await post(client, tenant, {"events": [view(timestamp=form) for form in forms]}, "/api/v1/events/batch")
    assert one.json()["data"]["accepted"] == 1000
    assert two.json()["data"]["duplicates"] == 1000


async def test_a_time_within_five_minutes_ahead_is_taken_and_a_later_one_is_not(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    assert (await post(client, tenant, view(timestamp=now_ms() + 4 * 60_000))).status_code == 202
    late = await post(client, tenant, view(timestamp=now_ms() + 6 * 60_000))
    assert (late.status_code, late.json()["errors"][0]["path"]) == (422, "$.timestamp")
    assert len(await stored(database_url, tenant.id)) == 1


async def test_metadata_is_stored_as_it_came(client: httpx.AsyncClient, tenant: Tenant, database_url: str) -> None:
    metadata = {
        "price": 19.99, "currency": "EUR", "quantity": 2, "orderId": "o-1", "placementId": "home", "strategy": "auto",
        "recommendationId": "r", "experimentId": "e", "variant": "control", "query": "boots",
        "own": {"deep": [1, None, "ü", 10**30]},
    }  # fmt: skip
    assert (await post(client, tenant, view(metadata=metadata))).status_code == 202
    [row] = await stored(database_url, tenant.id)
    assert json.loads(row["metadata"]) == metadata


async def test_a_clients_own_event_id_is_answered(client: httpx.AsyncClient, tenant: Tenant) -> None:
    first, again = [await post(client, tenant, view(eventId="e-1")) for _ in range(2)]
    assert (first.status_code, first.json()["data"]) == (202, {"eventId": "e-1", "status": "accepted"})
    assert (again.status_code, again.json()["data"]) == (200, {"eventId": "e-1", "status": "duplicate"})


async def test_a_batch_is_answered_item_by_item_in_order(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    timed = view(timestamp=1_700_000_000_000)
    events = [
        timed,
        view(user=""),
        timed,
        view(eventId="mine"),
        {"eventType": "search", "userId": "ann"},
        "no event",
        view(eventId="mine"),
    ]

    answer = await post(client, tenant, {"events": events}, "/api/v1/events/batch")

    assert answer.status_code == 202
    data = answer.json()["data"]
    assert (data["accepted"], data["duplicates"], data["rejected"]) == (3, 2, 2)
    assert [result["index"] for result in data["results"]] == list(range(7))
    assert [result["status"] for result in data["results"]] == [
        "accepted", "rejected", "duplicate", "accepted", "accepted", "rejected", "duplicate",
    ]  # fmt: skip
    assert data["results"][1]["error"]["path"] == "$.userId"
    assert data["results"][1]["error"]["code"] == "invalid"
    assert "eventId" not in data["results"][1]
    assert data["results"][3]["eventId"] == "mine"
    assert data["results"][0]["eventId"] == data["results"][2]["eventId"]
    assert len(await stored(database_url, tenant.id)) == 3


async def test_a_batch_of_a_thousand_goes_in_and_a_larger_one_does_not(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    events = [view(timestamp=START_MS + number) for number in range(1001)]
    full = await post(client, tenant, {"events": events[:1000]}, "/api/v1/events/batch")
    assert full.json()["data"]["accepted"] == 1000
    for size in (0, 1001):
        refused = await post(client, tenant, {"events": events[:size]}, "/api/v1/events/batch")
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "$.events")
    assert len(await stored(database_url, tenant.id)) == 1000


async def test_browsers_send_the_publish_key_in_the_body_as_plain_text(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    one = json.dumps({"key": tenant.publish, **view()})
    many = json.dumps({"key": tenant.publish, "events": [view(user="bob")]})
    for path, body in (("/api/v1/events", one), ("/api/v1/events/batch", many)):
        answer = await client.post(path, content=body, headers={"Content-Type": "text/plain;charset=UTF-8"})
        assert answer.status_code == 202
    assert [row["user_id"] for row in await stored(database_url, tenant.id)] == ["ann", "bob"]


@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/events/batch"])
async def test_a_secret_key_in_the_body_is_refused(
    path: str, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    body = view(key=tenant.read_write) if path.endswith("events") else {"key": tenant.read_write, "events": [view()]}
    for headers in ({}, bearer(tenant.read_write), bearer(tenant.publish)):
        answer = await client.post(path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "key_in_url"), headers
    assert await stored(database_url, tenant.id) == []


@pytest.mark.parametrize(
    ("path", "permission"), [("", "read"), ("/batch", "read"), ("/import", "read"), ("/import", "publish")]
)
async def test_keys_without_the_permission_store_nothing(
    path: str, permission: str, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    body: dict[str, Any] = {"events": [view()]} if path == "/batch" else view()
    headers = bearer(getattr(tenant, permission)) | {
        "Content-Type": "application/x-ndjson" if path == "/import" else "application/json"
    }
    answer = await client.post(f"/api/v1/events{path}", content=json.dumps(body), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_permission")
    assert await stored(database_url, tenant.id) == []


async def test_two_tenants_send_the_same_event_and_each_has_its_own(
    client: httpx.AsyncClient, tenant: Tenant, make_tenant: MakeTenant, database_url: str
) -> None:
    stranger = await make_tenant()
    event = view(timestamp=1_700_000_000_000, eventId="same")
    answers = [await post(client, each, event) for each in (tenant, stranger)]
    assert [answer.status_code for answer in answers] == [202, 202]
    for each in (tenant, stranger):
        assert len(await stored(database_url, each.id)) == 1


async def test_todays_counters_count_each_event_once(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    sold = {
        "eventType": "purchase",
        "userId": "ann",
        "productId": "boot",
        "eventId": "o1",
        "metadata": {"price": 19.99, "quantity": 3},
    }
    for _ in range(2):
        await post(client, tenant, sold)
    await post(client, tenant, view())
    await post(client, tenant, {"eventType": "click", "userId": "ann", "productId": "boot"})
    await post(client, tenant, {"eventType": "click", "userId": "ann", "productId": "boot", "timestamp": START_MS})

    keys = [
        f"reco:counter:{{{tenant.id}}}:{datetime.now(UTC).date()}:{name}"
        for name in ("conversions", "revenue", "clicks", "impressions")
    ]
    assert await context.redis.call(*(("GET", key) for key in keys)) == [b"1", b"5997", b"1", None]


async def test_names_that_look_like_redis_keys_are_no_keys(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, database_url: str
) -> None:
    """A shopper called `recent` and one called `auto` have lists and trails of their own."""
    await fill_catalog(context, tenant.id, [product("boot"), product("clog")])
    names = [
        "recent",
        "auto",
        "dedup",
        "counter",
        "recent:auto",
        "{" + str(tenant.id) + "}",
        "a:b:c",
        "*",
        "\u00fc\U0001f600",
    ]
    before = REDIS_FAILURES._value.get()
    for _ in range(2):
        for name in names:
            assert (await post(client, tenant, view(user=name, timestamp=now_ms()))).status_code in (200, 202)
            answer = await client.get("/api/v1/recommendations", params={"userId": name}, headers=bearer(tenant.read))
            assert answer.status_code == 200
            assert answer.json()["data"]
    assert REDIS_FAILURES._value.get() == before
