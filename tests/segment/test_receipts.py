"""What became of each message is counted, and shown for the last of them."""

from datetime import UTC, datetime

import httpx
import pytest

from recomengine.context import Context
from recomengine.infra.database import tenant_transaction
from recomengine.integration.queries import notes_of
from tests.segment.messages import Json, take, track
from tests.support.apps import Tenant

ORDER = {"order_id": "7", "products": [{"product_id": "a", "price": 20}, {"product_id": "b", "price": "?"}]}
UNKNOWN_ORDER = "there is no such order here. Send Order Completed first, or the products that come back"


async def outcomes(context: Context, tenant: Tenant) -> dict[str, str]:
    """By the messages' ids."""
    await context.notes.flush()
    receipts = await context.notes.receipts(tenant.id)
    assert {receipt.source for receipt in receipts} <= {"segment"}
    return {receipt.message_id: receipt.outcome for receipt in reversed(receipts)}


async def counts(context: Context, tenant: Tenant) -> dict[tuple[str, str], int]:
    await context.notes.flush()
    async with tenant_transaction(context.pool, tenant.id) as connection:
        rows = await notes_of(connection, tenant.id, datetime.now(UTC).date())
    return {(row["kind"], row["subject"]): row["count"] for row in rows}


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        (track("Product Viewed", {"product_id": "a"}), "1 stored"),
        (track("Cart Viewed"), "nothing to store"),
        ({"type": "page", "userId": "ann"}, "nothing to store"),
        (track("Lesson Started"), "unknown event: nothing is stored"),
        (
            track("Product Viewed", {"product_id": "a"}, sentAt="noon"),
            "1 stored; sentAt cannot be read, so no clock is corrected",
        ),
        (
            track("Product Viewed"),
            "1 rejected: $.productId: expected products, each with its product_id, or one product_id; got none",
        ),
        (
            track("Order Completed", ORDER),
            "1 stored; 1 rejected: products[1]: $.metadata.price: expected a number such as 12.50, got '?'",
        ),
        (track("Order Cancelled", {"order_id": "404"}), f"1 rejected: $.metadata.orderId: {UNKNOWN_ORDER}"),
        ({"type": "alias", "userId": "ann", "previousId": "anon"}, "ids joined"),
        (
            {"type": "identify", "userId": "ann", "traits": {"plan": "gold", "tags": []}},
            "1 traits; 1 traits are no plain values or too many, and are not kept",
        ),
    ],
    ids=lambda value: str(value.get("event", value["type"])) if isinstance(value, dict) else "",
)
async def test_a_receipt_says_what_became_of_a_message(
    message: Json, outcome: str, client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await take(client, tenant, message | {"messageId": "m"})
    assert await outcomes(context, tenant) == {"m": outcome[:128]}


async def test_what_was_there_before_is_told_as_such(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    for price in (20, 20, 30):
        viewed = track("Product Viewed", {"product_id": "a", "price": price}, messageId="m")
        await take(client, tenant, viewed)
    await context.notes.flush()
    told = [receipt.outcome for receipt in reversed(await context.notes.receipts(tenant.id))]
    assert told == ["1 stored", "1 duplicate", "1 duplicate; stored before with another price, which stays"]


async def test_known_and_unknown_events_and_what_was_wrong_are_counted(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await take(
        client, tenant, track("product_viewed", {"sku": "a"}), track("Viewed Product", {"id": "b"}),
        track("Lesson Started"), track("Order Completed", ORDER), {"type": "page"}, {},
    )  # fmt: skip
    assert await counts(context, tenant) == {
        ("segment_event", "Product Viewed"): 2, ("segment_event", "Order Completed"): 1, ("segment_event", "page"): 1,
        ("segment_unknown", "(no type)"): 1, ("segment_unknown", "Lesson Started"): 1,
        ("event_received", "accepted"): 3, ("event_rejected", "invalid $.metadata.price"): 1,
        ("event_rejected", "invalid"): 1,
    }  # fmt: skip


async def test_an_id_that_is_anothers_is_told(client: httpx.AsyncClient, context: Context, tenant: Tenant) -> None:
    for user in ("ann", "bob"):
        await take(client, tenant, {"type": "identify", "userId": user, "anonymousId": "anon", "messageId": user})
    told = await outcomes(context, tenant)
    assert told["ann"] == "ids joined"
    assert told["bob"].startswith("1 rejected: The anonymousId is an alias of another user.")
    assert (await counts(context, tenant))["event_rejected", "alias_taken"] == 1
