"""Segment's own library for Python, unmodified, sends to a server of ours over a socket as it does to Segment."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from segment.analytics import request
from segment.analytics.client import Client
from segment.analytics.request import APIError

from tests.segment.messages import events
from tests.support.apps import Tenant, bearer
from tests.support.processes import PATIENCE_S

ORDER = {
    "order_id": "50314",
    "currency": "USD",
    "products": [
        {"product_id": "507", "sku": "G-32", "price": 19, "quantity": 1},
        {"product_id": "505", "price": "3.00", "quantity": 2},
    ],
}


@pytest.fixture(autouse=True)
def closed_connections() -> Iterator[None]:
    """The library keeps its connections for the life of the process."""
    yield
    request._session.close()


def shop_with(library: Client) -> None:
    """A shopper comes, looks, signs in, buys and gives something back."""
    library.page(anonymous_id="anon", name="Home", properties={"url": "https://shop.example/"})
    library.track(anonymous_id="anon", event="Product Viewed", properties={"product_id": "507"})
    library.identify("dee", anonymous_id="anon", traits={"plan": "gold", "address": {"city": "Oslo"}})
    library.alias("old-dee", "dee")
    library.group("dee", "club", {"size": 3})
    library.screen("dee", name="Cart")
    library.track("dee", "Order Completed", ORDER, timestamp=datetime(2026, 1, 5, 10, tzinfo=UTC))
    library.track("dee", "Newsletter Opened", {"issue": 4})
    library.flush() if library.consumers else None
    library.track("dee", "Order Refunded", {"order_id": "50314"})


async def send(**options: Any) -> None:
    """In a thread, as the library waits for its answers."""

    def run() -> None:
        library = Client(on_error=fail, timeout=PATIENCE_S, **options)
        shop_with(library)
        if library.consumers:
            library.shutdown()

    failures: list[Exception] = []

    def fail(error: Exception, _batch: object) -> None:
        failures.append(error)

    await asyncio.to_thread(run)
    assert not failures


@pytest.mark.parametrize("kind", ["publish", "read_write"])
@pytest.mark.parametrize("options", [
    {"sync_mode": True}, {"sync_mode": True, "gzip": True}, {"gzip": False}, {"gzip": True, "thread": 2},
], ids=str)  # fmt: skip
async def test_what_the_library_sends_is_stored(
    options: dict[str, Any], kind: str, other_process: str, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    await send(write_key=getattr(tenant, kind), host=other_process, **options)

    found = [(event["type"], event["user"], event["product"]) for event in await events(database_url, tenant)]
    assert found == [
        ("purchase", "dee", "505"), ("return", "dee", "505"), ("purchase", "dee", "507"), ("return", "dee", "507"),
        ("view", "anon", "507"),
    ]  # fmt: skip
    person = (await client.get("/api/v1/users/dee", headers=bearer(tenant.read_write))).json()["data"]
    assert sorted(person["aliases"]) == ["anon", "old-dee"]
    assert person["properties"] == {"plan": "gold"}


async def test_a_wrong_key_is_told_to_the_library(other_process: str) -> None:
    library = Client("rk_pub_unknown", host=other_process, sync_mode=True, timeout=PATIENCE_S)
    with pytest.raises(APIError, match="401"):
        await asyncio.to_thread(library.track, "dee", "Product Viewed", {"product_id": "507"})
