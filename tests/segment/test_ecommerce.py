"""Events of the e-commerce spec become the shop's own, in every spelling that libraries and people have for them."""

import json

import httpx
import pytest

from recomengine.context import Context
from tests.segment.messages import Json, events, take, track
from tests.support.apps import Tenant
from tests.support.stored import now_ms, stored


@pytest.mark.parametrize(
    ("event", "event_type"),
    [
        ("Product Viewed", "view"), ("Viewed Product", "view"), ("product_viewed", "view"),
        ("Product Clicked", "click"), ("Product Added", "add_to_cart"), ("Added Product", "add_to_cart"),
        ("Wishlist Product Added to Cart", "add_to_cart"), ("Checkout Started", "add_to_cart"),
        ("Product Removed", "remove_from_cart"), ("Product Added to Wishlist", "wishlist"),
        ("Product Disliked", "dislike"), ("disliked_product", "dislike"),
        ("Added to Wishlist", "wishlist"), ("Product List Viewed", "impression"), ("Order Completed", "purchase"),
    ],
)  # fmt: skip
async def test_each_event_is_what_a_shopper_did_with_the_product(
    event: str, event_type: str, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    await take(client, tenant, track(event, {"product_id": "boot"}))
    assert await events(database_url, tenant) == [{"type": event_type, "user": "ann", "product": "boot"}]


@pytest.mark.parametrize(
    "properties",
    [
        {"product_id": "boot", "price": 19.5, "quantity": 2, "currency": "EUR", "variant": "blue"},
        {"productId": "boot", "price": "19.50", "quantity": "2", "currency": "eur", "variantId": "blue"},
        {"sku": "boot", "price": "€19,50", "quantity": 2.0, "variant": "blue"},
        {
            "id": "boot",
            "sku": "",
            "product_id": None,
            "Price": 19.5,
            "Quantity": "2",
            "Currency": "€",
            "variant": "blue",
        },
    ],
)
async def test_properties_are_known_in_every_spelling(
    properties: Json, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    await take(client, tenant, track("Product Added", properties))
    [event] = await events(database_url, tenant)
    assert event == {
        "type": "add_to_cart", "user": "ann", "product": "boot", "price": 19.5, "quantity": 2, "currency": "EUR",
        "variantId": "blue",
    }  # fmt: skip


async def test_ids_may_be_numbers(client: httpx.AsyncClient, tenant: Tenant, database_url: str) -> None:
    await take(client, tenant, track("Product Viewed", {"product_id": 507}, userId=42))
    assert await events(database_url, tenant) == [{"type": "view", "user": "42", "product": "507"}]


async def test_an_order_is_a_line_a_product(client: httpx.AsyncClient, tenant: Tenant, database_url: str) -> None:
    products = [{"product_id": "507", "sku": "G-32", "price": 19, "quantity": 1, "variant": "M"},
                {"product_id": "505", "price": "3.00", "quantity": 2}]  # fmt: skip
    await take(client, tenant, track("Order Completed", {"order_id": "50314", "currency": "USD", "products": products}))
    assert await events(database_url, tenant) == [
        {"type": "purchase", "user": "ann", "product": "505", "orderId": "50314", "price": 3, "quantity": 2,
         "currency": "USD"},
        {"type": "purchase", "user": "ann", "product": "507", "orderId": "50314", "price": 19, "quantity": 1,
         "currency": "USD", "variantId": "M"},
    ]  # fmt: skip


async def test_an_order_told_by_the_page_and_the_server_counts_once(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    order = {"order_id": "7", "products": [{"product_id": "boot", "price": 20, "quantity": 1}]}
    await take(client, tenant, track("Order Completed", order, messageId="page", userId=None, anonymousId="anon"))
    await take(client, tenant, track("Order Completed", order, messageId="server"))
    assert len(await events(database_url, tenant)) == 1


async def test_lines_that_look_alike_are_as_many_as_there_are_and_the_same_when_they_come_again(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    line = {"product_id": "boot", "price": 20, "quantity": 1}
    for message_id in ("first", "again"):
        await take(
            client, tenant, track("Order Completed", {"order_id": "7", "products": [line, line]}, messageId=message_id)
        )
    assert [event.get("lineId") for event in await events(database_url, tenant)] == [None, "2"]


async def test_a_message_that_comes_again_is_the_same_events(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    seen = track("Product List Viewed", {"list_id": "home", "products": [{"id": "a"}, {"id": "b"}]}, messageId="m-1")
    viewed = track("Product Viewed", {"product_id": "a"}, messageId="m-2")
    await take(client, tenant, seen, viewed)
    await take(client, tenant, seen)
    await take(client, tenant, viewed, seen)
    rows = await stored(database_url, tenant.id)
    assert sorted(row["client_event_id"] for row in rows) == ["m-1:0", "m-1:1", "m-2"]
    assert {json.loads(row["metadata"])["placementId"] for row in rows if row["event_type"] == "impression"} == {"home"}


async def test_a_message_id_longer_than_an_event_id_stands_for_itself_all_the_same(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    for message_id in ("m" * 200, "m" * 201, "m" * 200):
        await take(client, tenant, track("Product Viewed", {"product_id": "a"}, messageId=message_id))
    assert len(await stored(database_url, tenant.id)) == 2


async def test_a_search_is_its_words(client: httpx.AsyncClient, tenant: Tenant, database_url: str) -> None:
    await take(client, tenant, track("Products Searched", {"query": "red boots"}))
    assert await events(database_url, tenant) == [
        {"type": "search", "user": "ann", "product": None, "query": "red boots"}
    ]


async def test_what_led_to_a_click_is_kept(client: httpx.AsyncClient, tenant: Tenant, database_url: str) -> None:
    led = {"recommendationId": "r", "placementId": "home", "strategy": "auto", "experimentId": "e"}
    await take(client, tenant, track("Product Clicked", {"product_id": "a", **led, "variant": "control"}))
    [event] = await events(database_url, tenant)
    assert event == {"type": "click", "user": "ann", "product": "a", **led, "variant": "control"}


async def test_the_library_says_what_program_and_visit_it_was(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    context = {"userAgent": "Crawler/1.0", "sessionId": 1768469400, "page": {"url": "https://shop.example/?email=a"}}
    await take(client, tenant, track("Product Viewed", {"product_id": "a"}, context=context))
    [row] = await stored(database_url, tenant.id)
    assert (row["session_id"], json.loads(row["metadata"])) == ("1768469400", {"userAgent": "Crawler/1.0"})


async def test_a_wrong_clock_is_corrected_by_when_the_message_was_sent(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    at, ahead_ms = now_ms(), 2 * 3_600_000
    times = {"originalTimestamp": at - 60_000 + ahead_ms, "sentAt": at + ahead_ms}
    await take(client, tenant, track("Product Viewed", {"product_id": "a"}, **times))
    [row] = await stored(database_url, tenant.id)
    assert at - 60_000 <= row["timestamp_ms"] <= now_ms() - 60_000
    assert json.loads(row["metadata"])["$clientTimestamp"] == times["originalTimestamp"]


async def test_a_time_that_a_service_has_corrected_is_not_corrected_again(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    times = {
        "timestamp": "2026-01-05T10:00:00.000Z",
        "sentAt": "2026-01-05T10:00:01Z",
        "receivedAt": "2026-01-05T10:00:02Z",
    }
    await take(client, tenant, track("Product Viewed", {"product_id": "a"}, **times))
    [row] = await stored(database_url, tenant.id)
    assert row["timestamp_ms"] == 1_767_607_200_000


async def test_what_is_imported_is_of_the_past(client: httpx.AsyncClient, tenant: Tenant, context: Context) -> None:
    old = track("Product Viewed", {"product_id": "a"}, timestamp="2025-01-05T10:00:00Z", messageId="m")
    await take(client, tenant, old, path="import")
    [trail] = await context.redis.call(("EXISTS", f"reco:recent:{{{tenant.id}}}:ann"))
    assert trail == 0


@pytest.mark.parametrize(
    "event", ["Cart Viewed", "Product Removed from Wishlist", "Coupon Applied", "Signed Up", "", None]
)
async def test_other_events_are_taken_and_nothing_is_stored_of_them(
    event: str, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    await take(client, tenant, track(event, {"product_id": "a"}), track("Product Viewed", {"product_id": "b"}))
    assert [each["product"] for each in await events(database_url, tenant)] == ["b"]


@pytest.mark.parametrize(
    "wrong",
    [
        {}, {"product_id": ["a"]}, {"product_id": "a" * 129}, {"product_id": "a", "price": "cheap"},
        {"product_id": "a", "price": -1}, {"product_id": "a", "price": True}, {"product_id": "a", "quantity": 0},
        {"product_id": "a", "quantity": "1.5"}, {"product_id": "a", "currency": "Taler"},
        {"product_id": "a", "price": "1e400"}, {"product_id": "a", "order_id": {}}, {"products": []},
    ],
)  # fmt: skip
async def test_what_is_wrong_with_one_message_stops_no_other(
    wrong: Json, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    await take(client, tenant, track("Product Viewed", wrong), track("Product Viewed", {"product_id": "b"}))
    assert [each["product"] for each in await events(database_url, tenant)] == ["b"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"userId": None}, {"userId": True}, {"userId": "  "}, {"userId": "a\nb"}, {"timestamp": "yesterday"},
        {"timestamp": now_ms() + 3_600_000}, {"timestamp": 1_767_607_200}, {"type": "trace"}, {"type": None},
        {"writeKey": "rk_pub_other"}, {"event": 4.5},
    ],
)  # fmt: skip
async def test_a_message_that_is_wrong_itself_stops_no_other(
    wrong: Json, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    bad = track("Product Viewed", {"product_id": "a"}) | wrong
    await take(client, tenant, bad, track("Product Viewed", {"product_id": "b"}, writeKey=tenant.read_write))
    assert [each["product"] for each in await events(database_url, tenant)] == ["b"]


async def test_a_bad_line_of_an_order_stops_no_other(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    products = [{"product_id": "a", "price": "?"}, 5, {"product_id": "b", "price": 1}]
    await take(client, tenant, track("Order Completed", {"order_id": "7", "products": products}))
    assert [each["product"] for each in await events(database_url, tenant)] == ["b"]
