"""The doctor of an integration: what is amiss comes first, with what to do."""

import re

import httpx
from playwright.sync_api import expect

from tests.support.browsers import check_looks
from tests.support.dashboards import Account, Dashboard, Demo


def test_what_is_amiss_stands_first_with_what_to_do(
    demo: Demo, http: httpx.Client, ann: Account, ann_tab: Dashboard
) -> None:
    tenant_id = ann.call(demo, http, "POST", "/api/v1/tenants", {"name": "New"})["data"]["id"]
    page = ann_tab.open(f"/dashboard/tenants/{tenant_id}/integration", title="Integration")
    todo = page.locator("section", has=page.get_by_role("heading", name="To be done", exact=True))
    expect(todo).to_contain_text("No event has ever come.")
    expect(todo).to_contain_text("What to do:")
    expect(page.get_by_text(re.compile(r"\d+ problems? .*in \d+ checks"))).to_be_visible()


def test_the_sample_shop_is_examined_for_the_days_of_the_address(dashboard: Dashboard) -> None:
    page = dashboard.open("integration?days=30", title="Integration")
    expect(page.get_by_label("Period")).to_have_value("30")
    page.get_by_label("Period").select_option(label="Last day")
    expect(page).to_have_url(re.compile("days=1$"))
    expect(page.get_by_text("Checked just now")).to_be_visible()
    page.get_by_text("checks that are fine").click()
    expect(page.get_by_role("heading", name="Products that the catalog lacks")).to_be_visible()
    expect(page.get_by_role("heading", name="Receipts")).to_be_visible()
    check_looks(page, "integration")
