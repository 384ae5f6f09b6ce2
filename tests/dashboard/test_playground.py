"""The playground: lists by several strategies side by side, compared, with filters in the address, and as a request."""

import re

from playwright.sync_api import expect

from tests.support.browsers import check_looks
from tests.support.dashboards import Dashboard

STRATEGIES = ("Automatic", "Collaborative", "Content-based", "Trending", "Bought together")


def test_strategies_stand_side_by_side_and_are_compared(dashboard: Dashboard) -> None:
    page = dashboard.open("playground", title="Playground")
    page.get_by_label("Shopper", exact=True).fill("shopper-0001")
    page.get_by_text("Placement and filters").click()
    page.get_by_label("Products in a list").fill("5")
    page.get_by_role("button", name="Make the lists").click()

    expect(page).to_have_url(re.compile(r"user=shopper-0001&limit=5"))
    expect(page.get_by_text("Made of the shopper’s history")).to_be_visible()
    for strategy in STRATEGIES:
        expect(page.get_by_role("region", name=strategy).get_by_role("listitem")).to_have_count(5)
    page.get_by_label("Compare with").select_option("Automatic")
    trending = page.get_by_role("region", name="Trending")
    expect(trending.get_by_text(re.compile("only here|place"))).to_have_count(5)
    expect(page.get_by_role("region", name="Automatic").get_by_text("only here")).to_have_count(0)
    check_looks(page, "playground")


def test_a_question_is_an_address_and_a_request(dashboard: Dashboard) -> None:
    page = dashboard.open("playground?products=badger-walking-shoes&max=100&strategies=content_based,auto")
    expect(page.get_by_label("Highest price")).to_have_value("100")
    expect(page.get_by_label("Trending")).not_to_be_checked()
    lists = page.get_by_role("region", name=re.compile("Automatic|Content-based"))
    expect(lists).to_have_count(2)
    expect(page.get_by_text("Made of the page’s products")).to_be_visible()

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("region", name="Content-based").get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "strategy=content_based" in copied
    assert "productId=badger-walking-shoes" in copied
    assert "maxPrice=100" in copied
    assert copied.endswith('-H "Authorization: Bearer $RECOMENGINE_KEY"')


def test_what_cannot_be_asked_is_said_at_its_field(dashboard: Dashboard) -> None:
    page = dashboard.open("playground?limit=7")
    page.get_by_label("Products in a list").fill("1000")
    page.get_by_role("button", name="Make the lists").click()
    expect(page.get_by_text("Ask for 100 at most.")).to_be_visible()
