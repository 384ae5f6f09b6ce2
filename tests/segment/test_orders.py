"""What comes back, and what an order becomes: by its products where they are named, else by what is stored of it."""

from collections import Counter

import httpx
import pytest

from tests.segment.messages import Json, events, take, track
from tests.support.apps import MakeTenant, Tenant


@pytest.fixture
async def tenant(client: httpx.AsyncClient, make_tenant: MakeTenant) -> Tenant:
    """A shop with the order 7: two boots and a mug."""
    tenant = await make_tenant()
    await take(client, tenant, track("Order Completed", ORDER, messageId="m-7"))
    return tenant


BOOTS, MUG = {"product_id": "boot", "price": 20, "quantity": 2}, {"product_id": "mug", "price": 5}
ORDER = {"order_id": "7", "currency": "USD", "products": [BOOTS, MUG]}


async def left(database_url: str, tenant: Tenant) -> dict[str, float]:
    """How many of each product were bought and not returned."""
    counts: Counter[str] = Counter()
    for event in await events(database_url, tenant):
        sign = {"purchase": 1, "return": -1}[event["type"]]
        counts[event["product"]] += sign * event.get("quantity", 1)
    return dict(counts)


async def returned(database_url: str, tenant: Tenant) -> list[Json]:
    return [event for event in await events(database_url, tenant) if event["type"] == "return"]


@pytest.mark.parametrize("event", ["Order Refunded", "Order Cancelled", "Order Canceled"])
async def test_products_that_are_named_come_back(
    event: str, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    back = {"order_id": "7", "products": [{"product_id": "boot", "price": "-20.00", "quantity": -1}]}
    await take(client, tenant, track(event, back))
    assert await returned(database_url, tenant) == [
        {"type": "return", "user": "ann", "product": "boot", "orderId": "7", "price": 20, "quantity": 1}
    ]


@pytest.mark.parametrize("event", ["Order Refunded", "Order Cancelled"])
async def test_without_products_all_of_the_order_comes_back(
    event: str, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    await take(client, tenant, track(event, {"order_id": "7"}, messageId="back"))
    assert await left(database_url, tenant) == {"boot": 0, "mug": 0}


async def test_only_what_is_left_comes_back(client: httpx.AsyncClient, tenant: Tenant, database_url: str) -> None:
    one = {"order_id": "7", "products": [{"product_id": "boot", "quantity": 1}]}
    await take(client, tenant, track("Order Refunded", one, messageId="one"))
    for message_id in ("rest", "rest", "later"):
        await take(client, tenant, track("Order Cancelled", {"order_id": "7"}, messageId=message_id))
    assert await left(database_url, tenant) == {"boot": 0, "mug": 0}
    assert [event["quantity"] for event in await returned(database_url, tenant)] == [1, 1, 1]


async def test_two_returns_of_one_piece_each_are_two(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    one = {"order_id": "7", "products": [{"product_id": "boot", "price": 20, "quantity": 1}]}
    for message_id in ("monday", "tuesday", "tuesday"):
        await take(client, tenant, track("Order Refunded", one, messageId=message_id))
    assert await left(database_url, tenant) == {"boot": 0, "mug": 1}


async def test_an_order_and_its_cancellation_may_come_in_one_batch(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    order = {"order_id": "8", "products": [{"product_id": "pan", "price": 9}]}
    await take(client, tenant, track("Order Completed", order), track("Order Cancelled", {"order_id": "8"}))
    assert (await left(database_url, tenant))["pan"] == 0


@pytest.mark.parametrize("properties", [{"order_id": "404"}, {}])
async def test_nothing_of_an_unknown_order_comes_back(
    properties: Json, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    await take(client, tenant, track("Order Cancelled", properties))
    assert await returned(database_url, tenant) == []


async def test_an_order_becomes_what_an_update_says(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    now = [{"product_id": "boot", "price": 20, "quantity": 3}, {"product_id": "pan", "price": 9, "quantity": 2}]
    for message_id in ("update", "update", "from the page"):
        await take(client, tenant, track("Order Updated", ORDER | {"products": now}, messageId=message_id))
        assert await left(database_url, tenant) == {"boot": 3, "mug": 0, "pan": 2}
    assert len(await events(database_url, tenant)) == 5
    await take(client, tenant, track("Order Updated", ORDER, messageId="back"))
    assert await left(database_url, tenant) == {"boot": 2, "mug": 1, "pan": 0}


async def test_an_update_of_an_order_that_nobody_told_of_is_the_order(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    order = {"order_id": "8", "products": [{"product_id": "pan", "price": 9}]}
    await take(client, tenant, track("Order Updated", order, messageId="update"))
    await take(client, tenant, track("Order Completed", order, messageId="order"))
    assert (await left(database_url, tenant))["pan"] == 1


@pytest.mark.parametrize("quantity", [-1, 1.5, "many"])
async def test_an_update_that_cannot_be_read_changes_nothing(
    quantity: object, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    products = [{"product_id": "pan", "quantity": quantity}]
    await take(client, tenant, track("Order Updated", {"order_id": "7", "products": products}))
    assert await left(database_url, tenant) == {"boot": 2, "mug": 1}
