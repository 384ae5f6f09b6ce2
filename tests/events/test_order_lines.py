"""A line of an order counts once, whenever and by whomever it is told again; what a duplicate changes is told."""

import json
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.events.identity import order_line_id
from tests.support.apps import Tenant, bearer, client_of
from tests.support.processes import PATIENCE_S
from tests.support.stored import START_MS, bought, stored, view

DAY_MS = 86_400_000


async def post(client: httpx.AsyncClient, tenant: Tenant, event: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/api/v1/events", json=event, headers=bearer(tenant.read_write))
    assert answer.status_code in (200, 202), answer.text
    data: dict[str, Any] = answer.json()["data"]
    assert answer.status_code == (202 if data["status"] == "accepted" else 200)
    return data


async def outcomes(client: httpx.AsyncClient, tenant: Tenant, events: list[dict[str, Any]]) -> list[Any]:
    """Of a batch: `accepted`, or the members in which a duplicate differs."""
    answer = await client.post("/api/v1/events/batch", json={"events": events}, headers=bearer(tenant.read_write))
    results = answer.json()["data"]["results"]
    return [each.get("differs", []) if each["status"] == "duplicate" else each["status"] for each in results]


async def test_the_page_of_thanks_that_is_shown_again_is_a_duplicate(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    first = await post(client, tenant, bought("o-1", timestamp=START_MS))
    again = await post(client, tenant, bought("o-1", timestamp=START_MS + 90_000))
    assert again == {"eventId": first["eventId"], "status": "duplicate"}
    now = await post(client, tenant, bought("o-1"))
    assert now == {"eventId": first["eventId"], "status": "duplicate"}
    assert len(await stored(database_url, tenant.id)) == 1


async def test_a_line_told_by_page_server_and_file_counts_once(
    client: httpx.AsyncClient, other_process: str, without_redis: Starlette, tenant: Tenant, database_url: str
) -> None:
    assert (await post(client, tenant, bought("o-1", user="anon-4", timestamp=START_MS)))["status"] == "accepted"
    async with (
        httpx.AsyncClient(base_url=other_process, timeout=PATIENCE_S) as other,
        client_of(without_redis) as blind,
    ):
        for each in (other, blind):
            told = await post(each, tenant, bought("o-1", user="ann", timestamp=START_MS + DAY_MS))
            assert (told["status"], told["differs"]) == ("duplicate", ["userId", "timestamp"])
    line = json.dumps(bought("o-1", user="anon-4"))
    headers = bearer(tenant.read_write) | {"Content-Type": "application/x-ndjson"}
    answer = await client.post("/api/v1/events/import", content=line, headers=headers)
    assert answer.json()["data"] == {"accepted": 0, "duplicates": 1, "rejected": 0, "errors": []}
    assert len(await stored(database_url, tenant.id)) == 1


async def test_a_line_of_a_former_month_is_known_in_this_one(
    client: httpx.AsyncClient, tenant: Tenant, former_month: datetime, database_url: str
) -> None:
    identity = order_line_id(tenant.id.bytes, "purchase", "o-1", "boot", ("", "20", "1"))
    owner = await asyncpg.connect(database_url)
    await owner.execute(
        """INSERT INTO events (id, tenant_id, event_type, user_id, product_id, metadata, timestamp, created_at)
           VALUES ($1, $2, 'purchase', 'ann', 'boot', '{"orderId": "o-1", "price": 20}', $3, $3)""",
        identity, tenant.id, former_month,
    )  # fmt: skip
    await owner.close()
    assert (await post(client, tenant, bought("o-1")))["status"] == "duplicate"
    assert await outcomes(client, tenant, [view(), bought("o-1"), bought("o-2")]) == ["accepted", [], "accepted"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"variantId": "m"}, {"variantId": "l"}),
        ({"variant": "M"}, {"variant": "L"}),
        ({"quantity": 1}, {"quantity": 2}),
        ({"price": 20}, {"price": 18}),
        ({"lineId": "1"}, {"lineId": "2"}),
        ({"order": "o-1"}, {"order": "o-2"}),
        ({"product": "boot"}, {"product": "clog"}),
        ({"event_type": "purchase"}, {"event_type": "return"}),
    ],
)
async def test_two_lines_are_two(
    one: dict[str, Any], other: dict[str, Any], client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    lines = [bought(each.pop("order", "o-1"), timestamp=START_MS, **each) for each in (dict(one), dict(other))]
    assert await outcomes(client, tenant, lines) == ["accepted", "accepted"]
    assert await outcomes(client, tenant, lines) == [[], []]
    assert len(await stored(database_url, tenant.id)) == 2


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        ({"quantity": 1}, {}, []),
        ({"quantity": 2}, {"quantity": 2.0}, []),
        ({"price": 5.06}, {"price": 5.0600000000000005}, []),
        ({"lineId": "1", "price": 20}, {"lineId": "1", "price": 18, "quantity": 2}, ["price", "quantity"]),
        ({"currency": "EUR"}, {"currency": "USD"}, ["currency"]),
        ({"size": "M"}, {"size": "L"}, ["size"]),
        ({"experimentId": "e", "variant": "control"}, {"experimentId": "e", "variant": "variant"}, ["variant"]),
        ({"user": "anon-1"}, {"user": "ann"}, ["userId"]),
        ({"timestamp": START_MS}, {"timestamp": START_MS + DAY_MS}, ["timestamp"]),
    ],
)
async def test_one_line_told_twice_is_one_and_what_differs_is_named(
    one: dict[str, Any], other: dict[str, Any], differs: list[str], client: httpx.AsyncClient, tenant: Tenant
) -> None:
    assert (await post(client, tenant, bought("o-1", **one)))["status"] == "accepted"
    for _ in range(2):
        assert (await post(client, tenant, bought("o-1", **other))).get("differs", []) == differs
    assert await outcomes(client, tenant, [bought("o-1", **other), bought("o-1", **one)]) == [differs, []]


async def test_what_differs_within_one_batch_is_named(client: httpx.AsyncClient, tenant: Tenant) -> None:
    lines = [bought("o-1", lineId="7", price=price) for price in (20, 18, 20)]
    assert await outcomes(client, tenant, lines) == ["accepted", ["price"], []]


@pytest.mark.parametrize("forgets", [False, True])
async def test_a_name_that_was_given_to_two_events_is_told(
    forgets: bool, client: httpx.AsyncClient, context: Context, tenant: Tenant, database_url: str
) -> None:
    assert (await post(client, tenant, view(eventId="e-1", timestamp=START_MS)))["status"] == "accepted"
    if forgets:
        await context.redis.call(("FLUSHDB",))
    other = view(user="bob", product="clog", eventId="e-1", timestamp=START_MS + 1, metadata={"query": "x"})
    told = await post(client, tenant, other | {"eventType": "click"})
    assert told["differs"] == ["eventType", "userId", "productId", "timestamp", "query"]
    assert "differs" not in await post(client, tenant, view(eventId="e-1"))
    [row] = await stored(database_url, tenant.id)
    assert (row["event_type"], row["user_id"], row["timestamp_ms"]) == ("view", "ann", START_MS)


async def test_an_events_own_name_goes_before_its_order(client: httpx.AsyncClient, tenant: Tenant) -> None:
    lines = [bought("o-1", eventId="a"), bought("o-1", eventId="b"), bought("o-1", eventId="a")]
    assert await outcomes(client, tenant, lines) == ["accepted", "accepted", []]


async def test_purchases_without_an_order_are_told_apart_by_shopper_and_moment(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    events = [
        bought(None, timestamp=START_MS),
        bought(None, timestamp=START_MS + 1),
        bought("", timestamp=START_MS + 2),
        bought(None, user="bob", timestamp=START_MS),
        bought(None, timestamp=START_MS, price=19),
    ]
    assert await outcomes(client, tenant, events) == ["accepted"] * 4 + [["price"]]


async def test_an_import_says_which_lines_were_there_with_other_content(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    events = [bought("o-1", lineId="1"), bought("o-1", lineId="1", price=18), bought("o-1", lineId="1"), view(" ann ")]
    body = "\n".join(map(json.dumps, events))
    headers = bearer(tenant.read_write) | {"Content-Type": "application/x-ndjson"}
    answer = await client.post("/api/v1/events/import", content=body, headers=headers)
    data = answer.json()["data"]
    assert (data["accepted"], data["duplicates"], data["differing"], data["trimmed"]) == (2, 2, 1, 1)
    assert data["notes"] == [
        {"line": 2, "message": "was there with other content and stays as it was; it differs in price"},
        {"line": 4, "message": "blanks around userId were cut off"},
    ]
