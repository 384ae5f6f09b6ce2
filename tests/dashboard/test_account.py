"""The account: its name, its password, its sessions; and the audit log of a tenant."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.support.browsers import check_looks
from tests.support.dashboards import PASSWORD, Account, Dashboard, Demo

NEW_PASSWORD = "a quite different one"


def test_an_account_is_renamed_everywhere_on_the_page(ann_tab: Dashboard, ann: Account) -> None:
    page = ann_tab.open("/dashboard/settings", title="Account")
    expect(page.get_by_label("E-mail")).to_have_value(ann.email)
    page.get_by_label("Name").fill("Anna")
    page.get_by_role("button", name="Save the name").click()
    expect(page.get_by_text("Your name is saved.")).to_be_visible()
    expect(page.get_by_role("link", name="Anna")).to_be_visible()


def test_a_changed_password_ends_other_sessions_and_keeps_this_one(
    ann_tab: Dashboard, ann: Account, demo: Demo, http: httpx.Client
) -> None:
    page = ann_tab.open("/dashboard/settings")
    expect(page.get_by_role("region", name="Sessions").get_by_role("row")).to_have_count(3)  # with the head
    page.get_by_label("Current password").fill("not the password")
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("Is not the password of this account", exact=False)).to_be_visible()
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("The password is changed.", exact=False)).to_be_visible()
    expect(page.get_by_label("New password")).to_have_value("")
    expect(page.get_by_role("region", name="Sessions").get_by_role("row")).to_have_count(2)
    answer = http.get(f"{demo.url}/api/v1/auth/me", headers={"Authorization": f"Bearer {ann.token}"})
    assert answer.status_code == 401
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Account")


def test_a_session_elsewhere_is_ended(ann_tab: Dashboard, ann: Account, demo: Demo, http: httpx.Client) -> None:
    page = ann_tab.open("/dashboard/settings")
    sessions = page.get_by_role("region", name="Sessions")
    expect(sessions.get_by_text("this one")).to_have_count(1)
    sessions.get_by_role("button", name=re.compile("Sign out of")).click()
    expect(sessions.get_by_role("row")).to_have_count(2)
    answer = http.get(f"{demo.url}/api/v1/auth/me", headers={"Authorization": f"Bearer {ann.token}"})
    assert answer.status_code == 401


def test_the_audit_log_says_who_did_what_and_is_filtered_by_the_address(
    ann_tab: Dashboard, ann: Account, demo: Demo, http: httpx.Client
) -> None:
    tenant = ann.call(demo, http, "POST", "/api/v1/tenants", {"name": "Boots & more"})["data"]["id"]
    body = {"name": "server", "permissions": "read"}
    ann.call(demo, http, "POST", f"/api/v1/tenants/{tenant}/api-keys", body)
    page = ann_tab.open(f"/dashboard/tenants/{tenant}/audit", title="Audit log")
    expect(page.get_by_role("row", name="Tenant created")).to_contain_text(ann.email)
    page.get_by_label("Kind of action").select_option("key")
    expect(page.get_by_role("row", name="Tenant created")).to_have_count(0)
    expect(page).to_have_url(re.compile("action=key"))
    page.get_by_role("row", name="Key created").get_by_text("Details").click()
    expect(page.get_by_text('"name": "server"')).to_be_visible()
    page.get_by_label("Kind of action").select_option("experiment")
    expect(page.get_by_text("Nothing found")).to_be_visible()


@pytest.mark.parametrize("path", ["/dashboard/settings", "audit"])
def test_the_pages_of_account_and_audit_log_look_right(dashboard: Dashboard, path: str) -> None:
    check_looks(dashboard.open(path), path.rpartition("/")[2].replace("settings", "account"))
