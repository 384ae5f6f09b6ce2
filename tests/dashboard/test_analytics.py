"""Analytics: the figures of the sample shop and what narrows them, the CSV, and a shop without events."""

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import expect

from tests.support.browsers import check_looks
from tests.support.dashboards import Account, Dashboard, Demo


def test_figures_can_be_narrowed_and_the_address_keeps_how(dashboard: Dashboard) -> None:
    page = dashboard.open("analytics", title="Analytics")
    expect(page.get_by_text("Attributed revenue", exact=True).first).to_be_visible()
    expect(page.get_by_role("region", name="Top products").get_by_role("row")).to_have_count(21)
    expect(page.get_by_text("Added it to the cart")).to_be_visible()
    expect(page.get_by_label("Today so far")).to_contain_text("Purchases")
    before = page.locator("dl dd").first.text_content()

    page.get_by_label("Placement", exact=True).select_option("home")
    expect(page).to_have_url(re.compile(r"placement=home"))
    expect(page.get_by_text("Of all placements and strategies")).to_be_visible()
    expect(page.locator("dl dd").first).not_to_have_text(str(before))
    page.get_by_label("Figure", exact=True).select_option("clicks")
    page.get_by_label("Split", exact=True).select_option("strategy")
    page.reload()
    expect(page.get_by_label("Figure", exact=True)).to_have_value("clicks")
    expect(page.get_by_label("Split", exact=True)).to_have_value("strategy")
    expect(page.get_by_label("Placement", exact=True)).to_have_value("home")


def test_the_figures_come_as_a_csv_with_the_token(dashboard: Dashboard) -> None:
    page = dashboard.open("analytics?days=7")
    with page.expect_download() as begun:
        page.get_by_role("button", name="Download CSV").click()
    lines = Path(begun.value.path()).read_text(encoding="utf-8").splitlines()
    assert begun.value.suggested_filename == "analytics.csv"
    assert lines[0].startswith("date,placementId,strategy,impressions")
    assert len(lines) > 1


@pytest.mark.parametrize("search", ["", "?group=placementId&metric=clicks"])
def test_analytics_look_right(dashboard: Dashboard, search: str) -> None:
    page = dashboard.open(f"analytics{search}")
    expect(page.get_by_text("Added it to the cart")).to_be_visible()
    expect(page.locator(".uplot")).to_have_count(1)
    check_looks(page, f"analytics{'-split' if search else ''}")


def test_a_shop_without_events_shows_no_empty_charts_but_what_to_do(
    demo: Demo, http: httpx.Client, ann: Account, ann_tab: Dashboard
) -> None:
    made = ann.call(demo, http, "POST", "/api/v1/tenants", {"name": "New shop"})
    page = ann_tab.open(f"/dashboard/tenants/{made['data']['id']}/analytics")
    expect(page.get_by_text("No events in this period")).to_be_visible()
    expect(page.get_by_role("link", name="How to send events")).to_be_visible()
    expect(page.locator(".uplot")).to_have_count(0)
    check_looks(page, "analytics-empty")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_period_ends_with_the_shops_own_today(
    zone: str, demo: Demo, http: httpx.Client, ann: Account, ann_tab: Dashboard
) -> None:
    """These two zones are 25 hours apart: at no moment is it the same day in both."""
    made = ann.call(demo, http, "POST", "/api/v1/tenants", {"name": "Far away", "config": {"timezone": zone}})
    before = today_in(zone)
    with ann_tab.page.expect_request(re.compile(r"/analytics/overview\?")) as asked:
        ann_tab.open(f"/dashboard/tenants/{made['data']['id']}/analytics?days=7")
    (shown,) = parse_qs(urlsplit(asked.value.url).query)["to"]
    assert before <= shown <= today_in(zone)


def today_in(zone: str) -> str:
    return datetime.now(UTC).astimezone(ZoneInfo(zone)).date().isoformat()
