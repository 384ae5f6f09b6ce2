"""Shoppers are found by the beginning of their id, and one of them shows what they did and what they get now."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.support.apps import bearer
from tests.support.browsers import check_looks
from tests.support.dashboards import Account, Dashboard, Demo


def test_a_shopper_is_found_and_shows_history_and_lists(dashboard: Dashboard) -> None:
    page = dashboard.open("shoppers", title="Shoppers")
    page.get_by_label("Find a shopper by the beginning of the id").fill("shopper-000")
    expect(page).to_have_url(re.compile(r"\?startsWith=shopper-000$"))
    page.get_by_role("link", name="shopper-0001", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("shopper-0001")
    expect(page.get_by_role("region", name="Automatic").get_by_role("listitem")).to_have_count(5)
    days = page.get_by_role("heading", name="History").locator("xpath=ancestor::section").get_by_role("region")
    expect(days.first.get_by_role("listitem").first).to_be_visible()
    page.get_by_role("link", name="Open in the playground").click()
    expect(page.get_by_label("Shopper", exact=True)).to_have_value("shopper-0001")


@pytest.fixture
def tenant(demo: Demo, http: httpx.Client, ann: Account) -> str:
    """Of Ann's, with a shopper `buyer/1` whom `anon-1` is joined with."""
    path = f"/api/v1/tenants/{ann.call(demo, http, 'POST', '/api/v1/tenants', {'name': 'A shop'})['data']['id']}"
    made = ann.call(demo, http, "POST", f"{path}/api-keys", {"name": "server", "permissions": "read-write"})
    headers = bearer(made["data"]["key"])
    for user in ("buyer/1", "anon-1"):
        event = {"eventType": "view", "userId": user, "productId": "boot"}
        assert http.post(f"{demo.url}/api/v1/events", json=event, headers=headers).is_success
    joined = http.post(f"{demo.url}/api/v1/users/buyer%2F1/aliases", json={"anonymousId": "anon-1"}, headers=headers)
    assert joined.is_success
    return path.removeprefix("/api/v1")


def test_a_mark_of_a_robot_is_set_and_taken_away(ann_tab: Dashboard, tenant: str) -> None:
    page = ann_tab.open(f"/dashboard{tenant}/shoppers")
    page.get_by_role("link", name="buyer/1").first.click()
    expect(page.get_by_text("Also known as")).to_be_visible()
    expect(page.get_by_text("anon-1")).to_be_visible()
    page.get_by_role("button", name="Mark as a robot").click()
    expect(page.get_by_text("confirmed")).to_be_visible()
    page.get_by_role("button", name="Not a robot").click()
    expect(page.get_by_text("cleared")).to_be_visible()
    expect(page.get_by_role("button", name="Mark as a robot")).to_be_visible()


def test_nobody_says_so(dashboard: Dashboard) -> None:
    page = dashboard.open("shoppers/nobody-at-all", title="nobody-at-all")
    expect(page.get_by_text("Nothing is known of this shopper")).to_be_visible()


def test_the_shoppers_pages_look_right(dashboard: Dashboard) -> None:
    check_looks(dashboard.open("shoppers"), "shoppers")
    page = dashboard.open("shoppers/shopper-0001")
    expect(page.get_by_role("region", name="Automatic")).to_be_visible()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    check_looks(page, "shopper")
