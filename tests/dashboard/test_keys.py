"""API keys in the dashboard: made and shown once, rotated, revoked by typing their name."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.browsers import check_looks
from tests.support.dashboards import Account, Dashboard, Demo

TENANTS = "/api/v1/tenants"


@pytest.fixture
def tenant(ann: Account, demo: Demo, http: httpx.Client) -> str:
    return str(ann.call(demo, http, "POST", TENANTS, {"name": "Boots & more"})["data"]["id"])


def shown_key(page: Page) -> str:
    key = page.get_by_role("dialog").get_by_label("Key", exact=True).inner_text()
    page.get_by_role("button", name="I have copied it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    return key


def status_with(demo: Demo, http: httpx.Client, key: str) -> int:
    return http.get(f"{demo.url}/api/v1/catalog", headers={"Authorization": f"Bearer {key}"}).status_code


def choose(page: Page, name: str, item: str) -> None:
    page.get_by_role("button", name=f"Actions for the key {name}").click()
    page.get_by_role("menuitem", name=item).click()


def test_a_key_is_shown_once_and_works(ann_tab: Dashboard, tenant: str, demo: Demo, http: httpx.Client) -> None:
    page = ann_tab.open(f"/dashboard/tenants/{tenant}/keys", title="Keys")
    page.get_by_role("button", name="Create a key").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("server")
    dialog.get_by_label("Permission").select_option("read")
    expect(dialog.get_by_label("Origins")).to_have_count(0)
    dialog.get_by_role("button", name="Create the key").click()
    key = shown_key(page)
    assert status_with(demo, http, key) == 200
    expect(page.get_by_role("row", name="server")).to_be_visible()
    page.reload()
    expect(page.get_by_role("row", name="server")).to_be_visible()
    assert key not in page.content()


def test_origins_that_no_browser_sends_are_refused_at_their_field(
    ann_tab: Dashboard, ann: Account, tenant: str, demo: Demo, http: httpx.Client
) -> None:
    page = ann_tab.open(f"/dashboard/tenants/{tenant}/keys")
    page.get_by_role("button", name="Create a key").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("pages")
    dialog.get_by_label("Origins").fill("shop.example")
    dialog.get_by_role("button", name="Create the key").click()
    expect(dialog.get_by_label("Origins")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Origins").fill("https://shop.example")
    dialog.get_by_role("button", name="Create the key").click()
    shown_key(page)
    (made,) = ann.call(demo, http, "GET", f"{TENANTS}/{tenant}/api-keys")["data"]
    assert made["origins"] == ["https://shop.example"]


def test_a_key_is_rotated_and_then_revoked_by_typing_its_name(
    ann_tab: Dashboard, ann: Account, tenant: str, demo: Demo, http: httpx.Client
) -> None:
    body = {"name": "server", "permissions": "read"}
    old = ann.call(demo, http, "POST", f"{TENANTS}/{tenant}/api-keys", body)["data"]["key"]
    page = ann_tab.open(f"/dashboard/tenants/{tenant}/keys")
    choose(page, "server", "Rotate")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("The old key works on for").fill("1")
    dialog.get_by_role("button", name="Rotate the key").click()
    new = shown_key(page)
    assert (status_with(demo, http, old), status_with(demo, http, new)) == (200, 200)
    expect(page.get_by_text("ends in", exact=False)).to_be_visible()

    current = page.get_by_role("row").filter(has_not_text="ends in").filter(has_text=new[:8])
    current.get_by_role("button", name="Actions for the key server").click()
    page.get_by_role("menuitem", name="Revoke").click()
    asked = page.get_by_role("alertdialog")
    expect(asked.get_by_role("button", name="Revoke the key")).to_be_disabled()
    asked.get_by_label("to confirm", exact=False).fill("server")
    asked.get_by_role("button", name="Revoke the key").click()
    expect(page.get_by_role("row").filter(has_text="revoked")).to_have_count(1)
    assert status_with(demo, http, new) == 401


def test_the_page_of_keys_looks_right(dashboard: Dashboard) -> None:
    page = dashboard.open("keys")
    check_looks(page, "keys")
    page.get_by_role("button", name="Create a key").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check_looks(page, "keys-create")
