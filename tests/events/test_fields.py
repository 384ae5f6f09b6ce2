"""What single fields may hold, and the words of what they may not."""

import json
from typing import Any

import httpx
import pytest

from recomengine.context import Context
from recomengine.events.counters import counter_key, today
from recomengine.events.feed import feed_key
from recomengine.events.trail import trail_key
from tests.support.apps import Tenant, bearer
from tests.support.stored import bought, now_ms, stored, view


async def post(client: httpx.AsyncClient, tenant: Tenant, event: dict[str, Any]) -> httpx.Response:
    return await client.post("/api/v1/events", json=event, headers=bearer(tenant.read_write))


async def test_blanks_around_ids_are_cut_off_and_said(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    ms = now_ms()
    padded = view(" ann", "boot ", sessionId="\u00a0s 1 ", timestamp=ms)
    data = (await post(client, tenant, padded)).json()["data"]
    assert (data["status"], data["trimmed"]) == ("accepted", ["userId", "productId", "sessionId"])
    clean = (await post(client, tenant, view(sessionId="s 1", timestamp=ms))).json()["data"]
    assert clean == {"eventId": data["eventId"], "status": "duplicate"}
    batch = {"events": [view(" bob "), view("bob", "clog")]}
    answer = await client.post("/api/v1/events/batch", json=batch, headers=bearer(tenant.read_write))
    assert [each.get("trimmed") for each in answer.json()["data"]["results"]] == [["userId"], None]
    rows = await stored(database_url, tenant.id)
    assert [(row["user_id"], row["product_id"]) for row in rows[:1]] == [("ann", "boot")]
    assert {row["user_id"] for row in rows} == {"ann", "bob"}


@pytest.mark.parametrize("field", ["userId", "productId", "sessionId"])
async def test_an_id_of_blanks_is_none(field: str, client: httpx.AsyncClient, tenant: Tenant) -> None:
    answer = await post(client, tenant, view() | {field: "  "})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, f"$.{field}")
    assert "blanks" in answer.json()["detail"]


@pytest.mark.parametrize(("quantity", "kept"), [(4, 4), (4.0, 4), (1e3, 1000)])
async def test_a_whole_quantity_may_be_written_with_a_point(
    quantity: float, kept: int, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    assert (await post(client, tenant, bought("o-1", quantity=quantity))).status_code == 202
    [row] = await stored(database_url, tenant.id)
    assert json.loads(row["metadata"])["quantity"] == kept


@pytest.mark.parametrize("quantity", [0, 1.5, -6, 1_000_001, 10**30])
@pytest.mark.parametrize("event_type", ["purchase", "return"])
async def test_another_quantity_is_refused_in_words(
    event_type: str, quantity: float, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    answer = await post(client, tenant, bought("o-1", event_type=event_type, quantity=quantity))
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "$.metadata.quantity")
    assert f"got {quantity:.12g}" in answer.json()["detail"]
    assert ("type return" in answer.json()["detail"]) == (quantity < 0)


async def test_a_price_below_nothing_is_refused_with_how_to_send_returns(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    answer = await post(client, tenant, bought("o-1", price=-11.06))
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "$.metadata.price")
    assert "got -11.06" in answer.json()["detail"]
    assert "type return" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("event_type", "meant"),
    [("Purchase", "purchase"), ("addtocart", "add_to_cart"), ("Remove From Cart", "remove_from_cart"), (7, "")],
)
async def test_an_unknown_type_is_told_with_those_that_there_are(
    event_type: Any, meant: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    answer = await post(client, tenant, view() | {"eventType": event_type})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "$.eventType")
    detail = answer.json()["detail"]
    assert "wishlist, purchase, search, return, dislike" in detail
    assert detail.endswith(f"got {json.dumps(event_type)}. Did you mean {meant}?" if meant else "got 7")


@pytest.mark.parametrize("time", ["2026-01-15 09:30", "15.01.2026", "2026-01-15T09:30:00", "1768469400000", 1.5, True])
async def test_a_time_that_cannot_be_read_is_told_with_the_forms_that_can(
    time: Any, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    one = await post(client, tenant, view(timestamp=time))
    batch = {"events": [view(), view(timestamp=time)], "sentAt": time}
    many = await client.post("/api/v1/events/batch", json=batch, headers=bearer(tenant.read_write))
    for answer, path in ((one, "$.timestamp"), (many, "$.sentAt")):
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)
        forms = "RFC 3339 with zone, such as 2026-01-15T09:30:00Z, or milliseconds since 1970"
        assert answer.json()["detail"].endswith(f"expected {forms}; got {json.dumps(time)}")


async def test_what_a_bot_did_is_stored_and_tells_nobody_anything(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, database_url: str
) -> None:
    for event_type in ("purchase", "click"):
        event = bought("o-1", event_type=event_type, bot=True)
        assert (await post(client, tenant, event)).status_code == 202
    assert len(await stored(database_url, tenant.id)) == 2
    name, day = str(tenant.id), today("UTC", now_ms()).date
    keys = [trail_key(name, "ann"), feed_key(name), *(counter_key(name, day, each) for each in ("clicks", "revenue"))]
    assert await context.redis.call(*(("EXISTS", key) for key in keys)) == [0] * len(keys)
    refused = await post(client, tenant, view(metadata={"bot": "yes"}))
    assert refused.json()["errors"][0]["path"] == "$.metadata.bot"


async def test_a_return_of_today_is_taken_off_todays_revenue(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await post(client, tenant, bought("o-1", quantity=3))
    await post(client, tenant, bought("o-1", event_type="return", quantity=2))
    await post(client, tenant, bought("o-1", event_type="return", quantity=2))
    day = today("UTC", now_ms()).date
    keys = [counter_key(str(tenant.id), day, name) for name in ("conversions", "revenue")]
    assert await context.redis.call(*(("GET", key) for key in keys)) == [b"1", b"2000"]
