"""Events as they come in: live, paused, filtered, each as it is stored; and those that were refused, with why."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.support.apps import bearer
from tests.support.browsers import check_looks
from tests.support.dashboards import Account, Dashboard, Demo


class Shop:
    """A tenant of Ann's that events can be sent to."""

    def __init__(self, demo: Demo, http: httpx.Client, tenant_id: str, key: str) -> None:
        self.path = f"/dashboard/tenants/{tenant_id}"
        self._send = lambda body: http.post(f"{demo.url}/api/v1/events", json=body, headers=bearer(key))

    def send(self, user: str, event_type: str = "view", **more: Any) -> httpx.Response:
        return self._send({"eventType": event_type, "userId": user, "productId": "boot", **more})


@pytest.fixture
def shop(demo: Demo, http: httpx.Client, ann: Account) -> Shop:
    tenant_id = ann.call(demo, http, "POST", "/api/v1/tenants", {"name": "A shop"})["data"]["id"]
    key = {"name": "server", "permissions": "read-write"}
    made = ann.call(demo, http, "POST", f"/api/v1/tenants/{tenant_id}/api-keys", key)
    return Shop(demo, http, tenant_id, made["data"]["key"])


def test_events_appear_as_they_come_in_unless_paused(ann_tab: Dashboard, shop: Shop) -> None:
    page = ann_tab.open(f"{shop.path}/events", title="Events")
    expect(page.get_by_text("No events yet")).to_be_visible()
    shop.send("first")
    expect(page.get_by_role("link", name="first")).to_be_visible()

    page.get_by_role("button", name="Pause").click()
    shop.send("second", metadata={"placementId": "home"})
    expect(page.get_by_text("Paused")).to_be_visible()
    expect(page.get_by_role("link", name="second")).to_have_count(0)
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("link", name="second").first).to_be_visible()

    page.get_by_role("row").filter(has_text="second").get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_contain_text('"placementId": "home"')
    page.keyboard.press("Escape")
    page.get_by_label("Shopper’s id").fill("first")
    expect(page.get_by_role("link", name="second")).to_have_count(0)
    expect(page.get_by_role("link", name="first").first).to_be_visible()


def test_what_was_refused_is_shown_with_the_reason(ann_tab: Dashboard, shop: Shop) -> None:
    assert shop.send("ann", "vieww").status_code == 422
    page = ann_tab.open(f"{shop.path}/events?tab=rejected")
    expect(page.get_by_role("region", name="Rejected events")).to_contain_text("Did you mean view?")
    page.get_by_role("region", name="Rejected events").get_by_role("button").click()
    expect(page.get_by_role("dialog")).to_contain_text('"userId": "ann"')
    page.keyboard.press("Escape")
    check_looks(page, "rejected")


def test_the_page_of_events_looks_right(dashboard: Dashboard) -> None:
    page = dashboard.open("events")
    expect(page.get_by_role("region", name="Events", exact=True)).to_be_visible()
    check_looks(page, "events")
