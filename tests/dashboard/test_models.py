"""What a model has learned, how it is built anew, and the replay of what shoppers would have got."""

import csv
import re

import httpx
from playwright.sync_api import expect

from tests.support.browsers import check_looks
from tests.support.dashboards import Account, Dashboard, Demo


def test_each_context_says_in_words_and_pictures_what_counts_there(dashboard: Dashboard) -> None:
    page = dashboard.open("models", title="Models")
    page.get_by_role("tab", name="Product page", exact=True).click()
    expect(page).to_have_url(re.compile(r"context=product"))
    panel = page.get_by_role("tabpanel")
    expect(panel).to_contain_text(re.compile(r"On product pages, .+ counts most \(\d+%\)"))
    expect(panel.get_by_role("list", name="Figures of the strategies").get_by_role("listitem").first).to_contain_text(
        re.compile(r"Auto.*\d\.\d{3} to \d\.\d{3}")
    )
    expect(panel.get_by_role("list", name="Auto ahead of each source")).to_be_visible()
    expect(page.get_by_role("region", name="Builds")).to_contain_text("served")
    check_looks(page, "models")


def test_a_build_is_asked_for_watched_and_its_model_shown(
    demo: Demo, http: httpx.Client, ann: Account, ann_tab: Dashboard
) -> None:
    tenant_id = ann.call(demo, http, "POST", "/api/v1/tenants", {"name": "New"})["data"]["id"]
    page = ann_tab.open(f"/dashboard/tenants/{tenant_id}/models", title="Models")
    expect(page.get_by_text("No model yet")).to_be_visible()
    check_looks(page, "models-none")
    page.get_by_role("button", name="Build now").click()
    expect(page.get_by_role("button", name="Building")).to_be_visible()
    expect(page.get_by_text("A new model is served")).to_be_visible()
    expect(page.get_by_role("region", name="Builds")).to_contain_text("served")
    expect(page.get_by_role("tabpanel")).to_contain_text("this is what works in most shops")
    page.get_by_role("main").get_by_role("link", name="Replay").click()
    expect(page.get_by_text("No replay yet")).to_be_visible()


def test_the_replay_shows_each_moment_and_how_often_lists_were_right(dashboard: Dashboard) -> None:
    page = dashboard.open("models/replay", title="Replay")
    expect(page.get_by_text(re.compile(r"In \d+% of \d+ moments"))).to_be_visible()
    moments = page.get_by_role("article")
    expect(moments.first).to_contain_text("Would have got")
    check_looks(page, "replay")
    page.get_by_label("Where").select_option(label="Cart")
    page.get_by_label("Right or missed").select_option(label="Right")
    expect(page).to_have_url(re.compile("context=cart.*show=right"))
    expect(moments.filter(has_text="right")).to_have_count(moments.count())
    expect(moments.first.get_by_role("heading", name="On the page")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download CSV").click()
    assert saved.value.suggested_filename == "replay.csv"
    with saved.value.path().open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file))[:2] == ["context", "userId"]
