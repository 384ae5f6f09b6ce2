"""Checks of what events hold: products, prices, orders, clocks, ids."""

from collections.abc import Mapping
from typing import Any

from recomengine.integration.facts import Facts
from recomengine.integration.judging import Levels, by_share, found, percent, worst
from recomengine.integration.schemas import Check, Finding, Status

UNKNOWN_PRODUCTS, PRICES = Levels(0.02, 0.1), Levels(0.05, 0.2)
ORDER_IDS, CURRENCIES, FOREIGN_MONEY = Levels(0.02, 0.5), Levels(0.05), Levels(0.02, 0.2)
PURCHASE_PRICES, ATTRIBUTION = Levels(0.02, 0.2), Levels(0.1, 0.5)
AHEAD, CORRECTED, WHOLE_HOURS = Levels(0.01, 0.2), Levels(0.5), Levels(0.3, 0.6)
UNJOINED, PLACEHOLDERS, BUSIEST, ROBOTS = Levels(0.05, 0.25), Levels(0.001, 0.02), Levels(0.2, 0.5), Levels(0.3)
ENOUGH = 20
"""Events, fewer of which tell nothing of a pattern."""
WANTED = {"view": "product pages", "add_to_cart": "the cart", "purchase": "the checkout"}


def event_types(facts: Facts) -> Finding:
    types: dict[str, int] = facts.events["types"]
    if facts.events["events"] < ENOUGH:
        return found("event_types", "unknown", "Too few events came to tell which types are missing.", "")
    bought = facts.purchases["purchases"]
    missing = [kind for kind in WANTED if not types.get(kind) and not (kind == "purchase" and bought)]
    status: Status = "problem" if {"view", "purchase"} & set(missing) else "warning" if missing else "ok"
    said = f"No event of type {', '.join(missing)} came." if missing else "Views, carts and purchases all come."
    where = " and ".join(WANTED[kind] for kind in missing)
    remedy = f"Send them from {where}: lists learn from views and purchases, and figures count purchases."
    return found("event_types", status, said, remedy, missing, **types)


def unknown_products(facts: Facts) -> Finding:
    remedy = (
        "Compare the examples with the catalog's productId: events mostly name a variant, an SKU or an internal number "
        "where the feed names the product, or the feed lacks products. What the catalog lacks is never recommended."
    )
    summary = "Events on products that the catalog lacks"
    return _of_rows("unknown_products", UNKNOWN_PRODUCTS, facts.products, "unknown", "events", summary, remedy)


def prices(facts: Facts) -> Finding:
    of = facts.products
    cents = of["hundredfold"] * 2 > of["differing"] > 0
    remedy = (
        "The events' prices are a hundred times the catalog's: send units of money, not cents."
        if cents
        else "Send the price of one piece in metadata.price, not the line's or the order's total, in the currency and "
        "with or without tax as the catalog has it."
    )
    summary = "Events whose price is more than twice or less than half of the catalog's"
    return _of_rows("prices", PRICES, of, "differing", "priced", summary, remedy, hundredfold=of["hundredfold"])


def order_ids(facts: Facts) -> Finding:
    remedy = (
        "Send the shop's order number as metadata.orderId, the same for all lines of an order. Without it a repeated "
        "page counts twice, what is bought together is not learned, and returns cannot be matched."
    )
    summary = "Purchases without an orderId"
    return _of_rows("order_ids", ORDER_IDS, facts.purchases, "orderless", "purchases", summary, remedy)


def currencies(facts: Facts) -> Finding:
    of, own = facts.purchases, facts.config.currency
    if of["foreign_money"] and FOREIGN_MONEY.judge(of["foreign_money"] / of["purchases"]) != "ok":
        return by_share(
            "currencies", FOREIGN_MONEY, of["foreign_money"], of["purchases"],
            f"Purchases in another currency than the shop's, {own}",
            f"They are in no revenue figure. Convert them to {own} before sending, or correct the shop's currency.",
            of["foreign_money_ids"], withoutCurrency=of["without_currency"],
        )  # fmt: skip
    return by_share(
        "currencies", CURRENCIES, of["without_currency"], of["purchases"], "Purchases without a currency",
        f"Send metadata.currency. Without it the price counts as {own}, whatever was paid.",
        of["without_currency_ids"], otherCurrency=of["foreign_money"],
    )  # fmt: skip


def purchase_prices(facts: Facts) -> Finding:
    remedy = "Send metadata.price, the price of one piece, and metadata.quantity: revenue is their product."
    summary = "Purchases without a price, or of 0"
    return _of_rows("purchase_prices", PURCHASE_PRICES, facts.purchases, "priceless", "purchases", summary, remedy)


def click_attribution(facts: Facts) -> Finding:
    of = facts.events
    remedy = (
        "Send meta.recommendationId, placementId and strategy of the list with each click on one of its products. A "
        "click on anything else is a view: send it as one."
    )
    return _of_rows(
        "click_attribution", ATTRIBUTION, of, "unattributed", "clicks", "Clicks without a recommendationId", remedy,
        withoutPlacementId=of["unplaced"],
    )  # fmt: skip


def clocks(facts: Facts) -> Finding:
    of, late = facts.events, facts.events["late"]
    refused = sum(
        note.times for reason, note in facts.noted("event_rejected").items() if reason.endswith("$.timestamp")
    )
    values = {
        "ahead": of["ahead"], "corrected": of["corrected"], "late": late, "lateByWholeHours": of["whole_hours"],
        "refused": refused, "medianDelaySeconds": round(of["median_lag_s"], 1),
    }  # fmt: skip
    if not of["events"] and not refused:
        return found("clocks", "unknown", "No events came that would tell.", "")
    if late >= ENOUGH and (status := WHOLE_HOURS.judge(of["whole_hours"] / late)) != "ok":
        return found(
            "clocks", status, f"{of['whole_hours']:,} of {late:,} late events are late by whole hours.",
            "The sender writes local time as if it were UTC. Send the zone's offset, or milliseconds since 1970.",
            **values,
        )  # fmt: skip
    if refused:
        status = AHEAD.judge(refused / (refused + of["events"]))
        remedy = "Correct the sender's clock, send sentAt with batches, and times as RFC 3339 or in milliseconds."
        return found("clocks", status, f"{refused:,} events were refused for their timestamps.", remedy, **values)
    status = worst([AHEAD.judge(of["ahead"] / of["events"]), CORRECTED.judge(of["corrected"] / of["events"])])
    said = (
        f"{percent(of['ahead'] / of['events'])} of the events lie ahead of their arrival; "
        f"{percent(of['corrected'] / of['events'])} were corrected by sentAt."
    )
    remedy = "Have the sender ask a time server, or send sentAt with batches: then clocks are corrected."
    return found("clocks", status, said, remedy, **values)


def identities(facts: Facts) -> Finding:
    of = facts.people
    anonymous = percent(of["anonymous"] / of["events"]) if of["events"] else "0 %"
    remedy = (
        "Shoppers sign in, and what they did before is somebody else's. Call identify(userId) of the SDK at sign-in, "
        "or POST /api/v1/users/{userId}/aliases."
    )
    return by_share(
        "identities", UNJOINED, of["unjoined"], of["sessions"], "Sessions under several userIds that are not joined",
        remedy, sessionsOfSeveralIds=of["several"], anonymousShare=anonymous,
    )  # fmt: skip


def shared_ids(facts: Facts) -> Finding:
    of = facts.people
    remedy = (
        "Many shoppers go by one userId, and get one list. Where nobody is signed in send an id that is the browser's "
        "own, as the SDK does, never a word or an empty variable."
    )
    if of["placeholders"]:
        return by_share(
            "shared_ids", PLACEHOLDERS, of["placeholders"], of["events"],
            "Events whose userId is a word in place of an id", remedy, of["words"],
        )  # fmt: skip
    amiss = of["of_busiest"] if of["events"] >= 100 else 0
    return by_share("shared_ids", BUSIEST, amiss, of["events"], "Events of the busiest userId", remedy)


def robots(facts: Facts) -> Finding:
    remedy = (
        "They are left out of models and figures. See GET /api/v1/tenants/{tenantId}/robots, and stop sending what "
        "monitors and crawlers do."
    )
    return by_share("robots", ROBOTS, facts.events["of_robots"], facts.events["events"], "Events of robots", remedy)


def _of_rows(
    check: Check,
    levels: Levels,
    of: Mapping[str, Any],
    amiss: str,
    among: str,
    summary: str,
    remedy: str,
    **values: Any,
) -> Finding:
    """By the share of those that a query counted as `amiss`, with the examples that it has of them."""
    return by_share(check, levels, of[amiss], of[among], summary, remedy, of[f"{amiss}_ids"], **values)


CHECKS = (
    event_types, unknown_products, prices, order_ids, currencies, purchase_prices, click_attribution, clocks,
    identities, shared_ids, robots,
)  # fmt: skip
