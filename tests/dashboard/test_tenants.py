"""The overview, the table of tenants and a tenant's settings."""

import re
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.browsers import check_looks
from tests.support.dashboards import Account, Dashboard, Demo

TENANTS = "/api/v1/tenants"


def tenant_of(ann: Account, demo: Demo, http: httpx.Client, name: str = "Boots & more") -> str:
    return str(ann.call(demo, http, "POST", TENANTS, {"name": name})["data"]["id"])


def choose(page: Page, menu: str, item: str) -> None:
    page.get_by_role("button", name=menu).click()
    page.get_by_role("menuitem", name=item).click()


def test_a_new_account_makes_its_first_tenant_and_sees_it_at_a_glance(ann_tab: Dashboard) -> None:
    page = ann_tab.open("/dashboard", title="Overview")
    page.get_by_role("button", name="Create a tenant").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Name").fill("Boots & more")
    dialog.get_by_label("Currency").fill("eur")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("Enter three capital letters")).to_be_visible()
    dialog.get_by_label("Currency").fill("EUR")
    dialog.get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile("/dashboard/tenants/[0-9a-f-]{36}$"))
    ann_tab.open("/dashboard")
    line = page.get_by_role("row", name="Boots & more")
    expect(line).to_contain_text("none yet")
    expect(line).to_contain_text("not yet")


def test_the_overview_has_figures_of_the_period_in_the_address(dashboard: Dashboard) -> None:
    page = dashboard.open("/dashboard")
    line = page.get_by_role("row", name="Sample shop")
    expect(line).to_contain_text(re.compile(r"\d+ (second|minute|hour|day)s? ago|just now|yesterday"))
    page.get_by_label("Period").select_option("7")
    expect(page).to_have_url(re.compile("days=7"))
    page.reload()
    expect(page.get_by_label("Period")).to_have_value("7")
    page.get_by_role("switch", name="Compare").uncheck()
    expect(line).not_to_contain_text("none before")


def test_a_tenant_is_found_suspended_and_activated_again(
    ann_tab: Dashboard, ann: Account, demo: Demo, http: httpx.Client
) -> None:
    tenant = tenant_of(ann, demo, http)
    tenant_of(ann, demo, http, "Socks")
    page = ann_tab.open("/dashboard/tenants", title="Tenants")
    page.get_by_label("Search tenants").fill("boots")
    expect(page.get_by_role("link", name="Socks")).to_have_count(0)
    expect(page).to_have_url(re.compile("q=boots"))
    page.get_by_role("button", name="Suspend Boots & more").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Suspend").click()
    expect(page.get_by_role("row", name="Boots & more")).to_contain_text("suspended")
    assert ann.call(demo, http, "GET", f"{TENANTS}/{tenant}")["data"]["status"] == "suspended"
    page.get_by_role("button", name="Activate Boots & more").click()
    expect(page.get_by_role("row", name="Boots & more")).to_contain_text("active")


def test_settings_are_saved_and_what_the_server_refuses_stands_at_its_field(
    ann_tab: Dashboard, ann: Account, demo: Demo, http: httpx.Client
) -> None:
    tenant = tenant_of(ann, demo, http)
    page = ann_tab.open(f"/dashboard/tenants/{tenant}/settings", title="Settings")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.get_by_label("Allowed origins").fill("https://Boots.example/")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("https://boots.example", exact=False).last).to_be_visible()
    expect(page.get_by_label("Allowed origins")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Allowed origins").fill("https://boots.example\nhttps://www.boots.example")
    page.get_by_label("Currency").fill("EUR")
    page.get_by_label("Attribution window").fill("24")
    page.get_by_label("Default strategy").select_option("trending")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The settings are saved.", exact=False)).to_be_visible()
    config = ann.call(demo, http, "GET", f"{TENANTS}/{tenant}")["data"]["config"]
    assert config["allowedOrigins"] == ["https://boots.example", "https://www.boots.example"]
    assert (config["currency"], config["attributionWindowHours"], config["defaultStrategy"]) == ("EUR", 24, "trending")


def test_a_tenant_is_deleted_by_whoever_types_its_name(
    ann_tab: Dashboard, ann: Account, demo: Demo, http: httpx.Client
) -> None:
    name = f"Shop {uuid4().hex[:6]}"
    tenant = tenant_of(ann, demo, http, name)
    page = ann_tab.open(f"/dashboard/tenants/{tenant}/settings")
    page.get_by_role("button", name="Delete the tenant").click()
    dialog = page.get_by_role("alertdialog")
    expect(dialog.get_by_role("button", name="Delete the tenant")).to_be_disabled()
    dialog.get_by_label("to confirm", exact=False).fill(name)
    dialog.get_by_role("button", name="Delete the tenant").click()
    expect(page).to_have_url(f"{demo.url}/dashboard/tenants")
    expect(page.get_by_role("link", name=name)).to_have_count(0)
    assert ann.call(demo, http, "GET", TENANTS)["data"] == []


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/tenants", "settings"])
def test_the_pages_of_tenants_look_right(dashboard: Dashboard, path: str) -> None:
    page = dashboard.open(path)
    check_looks(page, {"/dashboard": "overview", "/dashboard/tenants": "tenants"}.get(path, "tenant-settings"))
