"""Each check, provoked as integrators do it, and healed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from recomengine.integration.of_senders import events
from recomengine.integration.queries import Sampling
from recomengine.shop import EVENT_TRAITS
from tests.support.apps import bearer
from tests.support.integrations import IntegratedShop
from tests.support.shops import fill_catalog, product
from tests.support.stored import now_ms, view

GOOD_PURCHASE = {"price": 20, "currency": "USD", "orderId": "order-1"}
OF_LIST = {"placementId": "home", "recommendationId": "list-1"}


def event(event_type: str, metadata: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"eventType": event_type, "userId": "ann", "productId": "boot", "metadata": metadata or {}, **fields}


def at(ago: timedelta, **fields: Any) -> dict[str, Any]:
    return view(timestamp=now_ms() - int(ago.total_seconds() * 1000), **fields)


async def test_nothing_is_amiss_with_a_shop_that_does_everything_right(shop: IntegratedShop) -> None:
    await shop.send(view(sessionId="s", metadata={"price": 20}), 20, client={"name": "js", "version": "1.0.0"})
    await shop.ask(20, placementId="home")
    for event_type, metadata in {
        "add_to_cart": {"price": 20}, "purchase": GOOD_PURCHASE, "impression": OF_LIST, "click": OF_LIST
    }.items():  # fmt: skip
        await shop.send(event(event_type, metadata, sessionId="s"))
    await shop.sql("INSERT INTO models (tenant_id, version, status, finished_at) VALUES ($1, 'v', 'ready', now())")
    shop.context.notes.count(str(shop.tenant.id), "segment_event", "Product Viewed")
    examined = await shop.examined()

    amiss = {each["check"]: each["status"] for each in examined["findings"] if each["status"] != "ok"}
    assert amiss == {}
    assert examined["status"] == "ok"
    assert {each["remedy"] for each in examined["findings"]} == {""}


async def test_a_shop_that_sends_nothing_is_told_so_and_nothing_else_of_its_events(empty_shop: IntegratedShop) -> None:
    examined = await empty_shop.examined()

    status = {each["check"]: each["status"] for each in examined["findings"]}
    assert (examined["status"], status.pop("events"), status.pop("catalog")) == ("problem", "problem", "problem")
    assert (status.pop("origins"), status.pop("keys")) == ("ok", "ok")
    assert set(status.values()) == {"unknown"}


async def test_events_that_have_ceased_to_come_are_found(shop: IntegratedShop) -> None:
    assert (await shop.found("events"))["summary"] == "No event has ever come."
    await shop.send(view())
    assert await shop.status("events") == "ok"

    facts = await shop.facts(Sampling(shop.tenant.id, datetime.now(UTC) - timedelta(days=7), 14, 1000))
    later = facts.feeds["now"] + timedelta(days=3)
    facts = msgspec.structs.replace(facts, feeds=dict(facts.feeds) | {"now": later})
    assert (events(facts).status, events(facts).summary) == ("warning", "The newest event came 3 days ago.")
    assert events(msgspec.structs.replace(facts, events={"events": 0})).status == "problem"


async def test_a_type_of_event_that_never_comes_is_found(shop: IntegratedShop) -> None:
    await shop.send(view(), 20)
    found = await shop.found("event_types")
    assert (found["status"], found["examples"], found["values"]) == (
        "problem",
        ["add_to_cart", "purchase"],
        {"view": 20},
    )

    await shop.send(event("purchase", GOOD_PURCHASE))
    assert await shop.status("event_types") == "warning"
    await shop.send(event("add_to_cart"))
    assert await shop.status("event_types") == "ok"


async def test_a_catalog_that_is_empty_or_old_is_found(empty_shop: IntegratedShop) -> None:
    shop = empty_shop
    assert await shop.status("catalog") == "problem"
    await fill_catalog(shop.context, shop.tenant.id, [product("boot")])
    assert await shop.status("catalog") == "ok"

    await shop.sql("UPDATE catalog_items SET updated_at = now() - interval '8 days' WHERE tenant_id = $1")
    assert await shop.status("catalog") == "warning"
    await fill_catalog(shop.context, shop.tenant.id, [product("boot", price=3)])
    assert await shop.status("catalog") == "ok"


async def test_a_model_that_is_missing_failed_or_old_is_found(shop: IntegratedShop) -> None:
    built = "INSERT INTO models (tenant_id, version, status, finished_at) VALUES ($1, $2, $3, now() - $4::interval)"
    await shop.send(view())
    assert await shop.status("model") == "warning"
    await shop.sql(built, "v1", "failed", timedelta())
    assert await shop.status("model") == "problem"
    await shop.sql(built, "v2", "ready", timedelta(days=3))
    assert await shop.status("model") == "warning"
    await shop.sql(built, "v3", "failed", timedelta())
    assert await shop.status("model") == "problem"
    await shop.sql(built, "v4", "ready", timedelta())
    assert await shop.status("model") == "ok"


async def test_products_that_the_catalog_lacks_are_found_and_named(shop: IntegratedShop) -> None:
    await shop.send(view(), 6)
    await shop.send(view(product="SKU-1"), 3)
    await shop.send(view(product="SKU-2"))
    found = await shop.found("unknown_products")
    assert (found["status"], found["share"], found["examples"]) == ("problem", 0.4, ["SKU-1", "SKU-2"])
    assert found["values"] == {"amiss": 4, "of": 10}

    await fill_catalog(shop.context, shop.tenant.id, [product("SKU-1"), product("SKU-2")])
    assert await shop.status("unknown_products") == "ok"
    await shop.client.delete("/api/v1/catalog/SKU-1", headers=bearer(shop.tenant.read_write))
    assert await shop.status("unknown_products") == "problem"


async def test_prices_in_cents_are_found_and_named_as_such(shop: IntegratedShop) -> None:
    await shop.send(view(metadata={"price": 2000}), 2)
    await shop.send(view(metadata={"price": 2000, "currency": "EUR"}), 2)  # in which the catalog has none
    await shop.send(view(metadata={"price": 19.99}), 2)
    found = await shop.found("prices")
    assert (found["status"], found["share"], found["examples"]) == ("problem", 0.5, ["boot"])
    assert "not cents" in found["remedy"]

    await fill_catalog(shop.context, shop.tenant.id, [product("boot", price=2000)])
    await shop.send(view(metadata={"price": 2000}), 40)
    assert await shop.status("prices") == "ok"


@pytest.mark.parametrize(
    ("check", "lacking", "status"),
    [
        ("order_ids", {"orderId": None}, "problem"), ("currencies", {"currency": None}, "warning"),
        ("currencies", {"currency": "EUR"}, "problem"), ("purchase_prices", {"price": None}, "problem"),
        ("purchase_prices", {"price": 0}, "problem"),
    ],
)  # fmt: skip
async def test_purchases_that_lack_what_figures_need_are_found(
    check: str, lacking: dict[str, Any], status: str, shop: IntegratedShop
) -> None:
    await shop.send(event("purchase", GOOD_PURCHASE | lacking, eventId="bought-1"))
    found = await shop.found(check)
    assert (found["status"], found["share"], found["examples"]) == (status, 1.0, ["bought-1"])

    await shop.send(event("purchase", GOOD_PURCHASE), 60)
    assert (await shop.found(check))["values"]["of"] == 61
    assert await shop.status(check) == "ok"


async def test_clicks_that_name_no_list_are_found(shop: IntegratedShop) -> None:
    await shop.send(event("click", {"placementId": "home"}, eventId="clicked-1"))
    found = await shop.found("click_attribution")
    assert (found["status"], found["examples"], found["values"]["withoutPlacementId"]) == ("problem", ["clicked-1"], 0)

    await shop.send(event("click", OF_LIST), 20)
    assert await shop.status("click_attribution") == "ok"


async def test_lists_that_are_asked_for_and_never_seen_are_found(shop: IntegratedShop) -> None:
    await shop.ask(19, placementId="home")
    assert await shop.status("impressions") == "ok"  # a developer's page loads
    await shop.ask(1, placementId="home")
    await shop.send(event("impression", {"placementId": "Home"}))
    found = await shop.found("impressions")
    assert (found["status"], found["examples"]) == ("problem", ["home"])
    assert "Impressions come of Home" in found["remedy"]

    await shop.send(event("impression", {"placementId": "home"}))
    assert await shop.status("impressions") == "ok"


async def test_placements_that_are_clicked_unseen_or_seen_and_never_clicked_are_found(shop: IntegratedShop) -> None:
    await shop.send(event("click", OF_LIST), 5)
    found = await shop.found("placement_clicks")
    assert (found["status"], found["examples"]) == ("problem", ["home"])
    await shop.send(event("impression", OF_LIST), 5)
    assert await shop.status("placement_clicks") == "ok"

    await shop.sql(
        "INSERT INTO analytics_daily (tenant_id, date, placement_id, impressions) VALUES ($1, now(), 'cart', 1000)"
    )
    found = await shop.found("placement_clicks")
    assert (found["status"], found["examples"]) == ("problem", ["cart"])
    await shop.send(event("click", {"placementId": "cart"}))
    assert await shop.status("placement_clicks") == "ok"


async def test_lists_asked_for_without_a_placement_are_found(shop: IntegratedShop) -> None:
    await shop.ask()
    assert await shop.status("placement_ids") == "problem"
    await shop.ask(10, placementId="home")
    assert await shop.status("placement_ids") == "ok"


async def test_local_time_sent_as_utc_is_found(shop: IntegratedShop) -> None:
    await shop.send(at(timedelta(hours=2)), 20)
    found = await shop.found("clocks")
    assert (found["status"], found["values"]["lateByWholeHours"]) == ("problem", 20)
    assert "local time" in found["remedy"]

    await shop.send(at(timedelta(minutes=95)), 60)  # a queue that was sent late
    assert await shop.status("clocks") == "ok"


async def test_a_clock_that_is_ahead_is_found(shop: IntegratedShop) -> None:
    await shop.send(at(-timedelta(minutes=2)), 2)
    assert await shop.status("clocks") == "problem"
    await shop.send(view(), 250)
    assert await shop.status("clocks") == "ok"


async def test_events_refused_for_their_time_are_found(shop: IntegratedShop) -> None:
    await shop.send(view(timestamp=1_700_000_000))
    await shop.send(at(-timedelta(hours=1)))
    found = await shop.found("clocks")
    assert (found["status"], found["values"]["refused"]) == ("problem", 2)
    await shop.send(view(), 250)
    assert await shop.status("clocks") == "ok"


async def test_clocks_that_most_batches_correct_are_found(shop: IntegratedShop) -> None:
    behind = now_ms() - 600_000
    await shop.send(view(timestamp=behind), 2, sentAt=behind)
    found = await shop.found("clocks")
    assert (found["status"], found["values"]["corrected"]) == ("warning", 2)
    await shop.send(view(), 3)
    assert await shop.status("clocks") == "ok"


async def test_refused_origins_of_the_shop_itself_are_a_problem_until_they_are_allowed(shop: IntegratedShop) -> None:
    async def visit(origin: str) -> None:
        headers = bearer(shop.tenant.publish) | {"Origin": origin}
        assert (await shop.client.post("/api/v1/events", json=view(), headers=headers)).status_code == 403

    await visit("https://copy.example.net")
    found = await shop.found("origins")
    assert (found["status"], found["examples"]) == ("warning", ["https://copy.example.net"])
    await visit("https://m.shop.example")
    found = await shop.found("origins")
    assert (found["status"], found["examples"]) == ("problem", ["https://m.shop.example", "https://copy.example.net"])

    allowed = '{"allowedOrigins": ["https://m.shop.example", "https://copy.example.net"]}'
    await shop.sql("UPDATE tenants SET config = $2::text::jsonb WHERE id = $1", allowed)
    assert await shop.status("origins") == "ok"


async def test_rejected_events_are_found_by_reason(shop: IntegratedShop) -> None:
    await shop.send({"eventType": "view", "userId": "ann"}, 2)
    await shop.send(view(), 8)
    found = await shop.found("rejected_events")
    assert (found["status"], found["share"], found["examples"]) == ("problem", 0.2, ["invalid $.productId"])
    await shop.send(view(), 500)
    assert await shop.status("rejected_events") == "ok"


async def test_events_that_come_again_and_again_are_found(shop: IntegratedShop) -> None:
    await shop.send(view(eventId="same"), 4)
    found = await shop.found("duplicates")
    assert (found["status"], found["share"]) == ("problem", 0.75)
    await shop.send(view(), 100)
    assert await shop.status("duplicates") == "ok"


async def test_an_old_sdk_in_use_is_found(shop: IntegratedShop) -> None:
    await shop.send(view(), client={"name": "js", "version": "1.9.2"})
    await shop.send(view(), client={"name": "python", "version": "0.1.0"})
    assert await shop.status("sdk_versions") == "ok"
    await shop.send(view(), client={"name": "js", "version": "1.10.0"})
    found = await shop.found("sdk_versions")
    assert (found["status"], found["examples"]) == ("warning", ["js/1.9.2"])

    await shop.sql("UPDATE integration_notes SET last_at = now() - interval '25 hours' WHERE tenant_id = $1 AND "
                   "subject = 'js/1.9.2'")  # fmt: skip
    assert await shop.status("sdk_versions") == "ok"


async def test_errors_in_sdks_are_found_by_code(shop: IntegratedShop) -> None:
    client = {"name": "js", "version": "1.0.0"}
    await shop.send(view(), client=client | {"errors": {"timeout": 1}})
    found = await shop.found("sdk_errors")
    assert (found["status"], found["examples"], found["values"]["timeout"]) == ("problem", ["timeout"], 1)
    for _ in range(50):
        await shop.send(view(), client=client)
    assert await shop.status("sdk_errors") == "ok"


async def test_shoppers_who_sign_in_without_being_joined_are_found(shop: IntegratedShop) -> None:
    for user in ("anon_1", "ann"):
        await shop.send(view(user, sessionId="visit"))
    found = await shop.found("identities")
    assert (found["status"], found["share"], found["values"]["anonymousShare"]) == ("problem", 1.0, "50 %")

    joined = await shop.client.post(
        "/api/v1/users/ann/aliases", json={"anonymousId": "anon_1"}, headers=bearer(shop.tenant.read_write)
    )
    assert joined.status_code == 201
    found = await shop.found("identities")
    assert (found["status"], found["values"]["sessionsOfSeveralIds"]) == ("ok", 1)


async def test_a_word_in_place_of_an_id_is_found(shop: IntegratedShop) -> None:
    await shop.send(view("undefined"))
    await shop.send(view())
    found = await shop.found("shared_ids")
    assert (found["status"], found["share"], found["examples"]) == ("problem", 0.5, ["undefined"])

    await shop.client.delete("/api/v1/users/undefined", headers=bearer(shop.tenant.read_write))
    assert await shop.status("shared_ids") == "ok"


async def test_an_id_that_many_share_is_found_and_not_shown(shop: IntegratedShop) -> None:
    await shop.send(view("till"), 100)
    found = await shop.found("shared_ids")
    assert (found["status"], found["examples"]) == ("problem", [])
    for user in range(5):
        await shop.send(view(f"shopper-{user}"), 90)
    assert await shop.status("shared_ids") == "ok"


async def test_a_large_share_of_robots_is_found(shop: IntegratedShop) -> None:
    await shop.send(view("crawler"))
    await shop.send(view("ann"))
    await shop.sql("INSERT INTO robots (tenant_id, user_id, status, reason) VALUES ($1, 'crawler', 'suspected', '')")
    assert (await shop.found("robots"))["share"] == 0.5
    assert await shop.status("robots") == "warning"

    await shop.sql("UPDATE robots SET status = 'cleared' WHERE tenant_id = $1")
    assert await shop.status("robots") == "ok"
    await shop.send(event("view", {"bot": True}), 2)
    assert await shop.status("robots") == "warning"


async def test_foreign_events_that_mean_nothing_are_found_with_the_last_receipts(shop: IntegratedShop) -> None:
    notes, tenant = shop.context.notes, str(shop.tenant.id)
    notes.count(tenant, "segment_unknown", "Newsletter Opened")
    notes.receipt(tenant, "segment", "Newsletter Opened", "m-1", "unknown")
    examined = await shop.examined()
    found = next(each for each in examined["findings"] if each["check"] == "segment")
    assert (found["status"], found["examples"]) == ("warning", ["Newsletter Opened"])
    [receipt] = examined["receipts"]
    assert (receipt["source"], receipt["event"], receipt["messageId"], receipt["outcome"]) == (
        "segment", "Newsletter Opened", "m-1", "unknown"
    )  # fmt: skip

    notes.count(tenant, "segment_event", "Product Viewed", 2)
    assert await shop.status("segment") == "ok"


async def test_keys_that_nobody_needs_or_that_end_in_use_are_found(shop: IntegratedShop) -> None:
    async def change(what: str) -> None:
        await shop.sql(f"UPDATE api_keys SET {what} WHERE tenant_id = $1 AND permissions = 'read'")

    assert await shop.status("keys") == "ok"
    await change("created_at = now() - interval '8 days', last_used_at = NULL")
    found = await shop.found("keys")
    assert (found["status"], found["values"]) == ("warning", {"neverUsed": 1, "idle": 0})
    await change("last_used_at = now() - interval '61 days'")
    assert (await shop.found("keys"))["values"] == {"neverUsed": 0, "idle": 1}

    await change("last_used_at = now(), revoked_at = now() + interval '3 hours'")
    found = await shop.found("keys")
    assert (found["status"], len(found["examples"])) == ("problem", 1)
    await change("revoked_at = now()")
    assert await shop.status("keys") == "ok"


async def test_no_answer_names_a_shopper(shop: IntegratedShop) -> None:
    secret = "ann@example.com"
    for event_type in EVENT_TRAITS:
        await shop.send(event(event_type, userId=secret, sessionId=secret, productId="gone"), 30)
    await shop.send(view(secret, "", metadata={secret: 1}), 3)
    await shop.send(view(secret, metadata={"price": secret}), 3)

    assert secret not in str(await shop.examined())
