"""Widgets: made with a live preview, changed, deleted and brought back."""

import re

import httpx
from playwright.sync_api import Page, expect

from tests.support.browsers import check_looks
from tests.support.dashboards import Dashboard, Demo


def titles(demo: Demo, http: httpx.Client, placement: str) -> str | None:
    found = http.get(f"{demo.url}/api/v1/widgets/{placement}", params={"key": demo.publish})
    return found.json()["data"]["title"] if found.status_code == 200 else None


def open_new(dashboard: Dashboard, placement: str) -> Page:
    page = dashboard.open("widgets", title="Widgets")
    page.get_by_role("link", name="New widget").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New widget")
    page.get_by_role("textbox", name="Placement").fill(placement)
    return page


def test_a_widget_is_seen_before_it_is_saved_then_deleted_and_brought_back(
    dashboard: Dashboard, demo: Demo, http: httpx.Client
) -> None:
    page = open_new(dashboard, "footer")
    shown = page.frame_locator("iframe[title='Preview of the widget']")
    page.get_by_role("textbox", name="Title").fill("Seen nowhere else")
    page.get_by_label("Layout").select_option(label="Carousel")
    page.get_by_role("textbox", name="Products").fill("3")
    expect(shown.get_by_role("heading", name="Seen nowhere else")).to_be_visible()
    expect(shown.get_by_role("listitem")).to_have_count(3)
    assert titles(demo, http, "footer") is None, "a preview saves nothing"

    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Widget of footer")
    expect(page.get_by_text('<div data-recomengine-placement="footer"></div>')).to_be_visible()
    assert titles(demo, http, "footer") == "Seen nowhere else"

    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Widgets")
    expect(page.get_by_role("link", name="footer")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="footer")).to_be_visible()
    assert titles(demo, http, "footer") == "Seen nowhere else"

    page.get_by_role("button", name="Actions of footer").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("link", name="footer")).to_have_count(0)


def test_colors_that_cannot_be_read_are_told_of_and_taken_from_the_picture_at_once(dashboard: Dashboard) -> None:
    page = open_new(dashboard, "header")
    page.get_by_label("Background", exact=True).fill("#101820")
    expect(page.get_by_text("The text becomes black or white")).to_be_visible()
    card = page.frame_locator("iframe[title='Preview of the widget']").get_by_role("listitem").first
    expect(card).to_have_css("background-color", "rgb(16, 24, 32)")
    expect(card).to_have_css("color", "rgb(255, 255, 255)")
    page.get_by_label("Text", exact=True).fill("#333333")
    expect(page.get_by_text("Hard to read")).to_be_visible()
    expect(card).to_have_css("color", "rgb(51, 51, 51)")


def test_what_is_wrong_is_told_at_its_field_and_by_whom_the_placement_is_taken(dashboard: Dashboard) -> None:
    page = open_new(dashboard, "home")
    page.get_by_role("textbox", name="Columns").fill("9")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("At most 6.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Columns")).to_have_attribute("aria-invalid", "true")
    page.get_by_role("textbox", name="Columns").fill("5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("This placement has a widget already")


def test_the_pages_of_widgets_look_right(dashboard: Dashboard) -> None:
    page = dashboard.open("widgets", title="Widgets")
    check_looks(page, "widgets")
    page.get_by_role("link", name="home", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Widget of home")
    expect(page).to_have_url(re.compile("/widgets/[0-9a-f-]{36}"))
    frame = page.frame_locator("iframe[title='Preview of the widget']")
    expect(frame.get_by_role("listitem").first).to_be_visible()
    check_looks(page, "widget")
