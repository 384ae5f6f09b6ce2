"""A tenant's home: the set-up up to the first live event, and how the shop does once that is done."""

import re

import httpx
from playwright.sync_api import Page, expect

from tests.support.browsers import check_looks
from tests.support.dashboards import PASSWORD, Account, Dashboard, Demo
from tests.support.stored import view


def make_shop(demo: Demo, http: httpx.Client, ann: Account) -> str:
    made = ann.call(demo, http, "POST", "/api/v1/tenants", {"name": "Boots and more"})
    return str(made["data"]["id"])


def key_of(code: str | None) -> str:
    found = re.search(r'data-key="([^"]+)"', code or "")
    assert found is not None, code
    return found[1]


def post_event(demo: Demo, http: httpx.Client, key: str, **more: str) -> httpx.Response:
    return http.post(f"{demo.url}/api/v1/events", json=view() | more, headers={"Authorization": f"Bearer {key}"})


def test_from_signing_up_to_the_first_event_that_the_page_tells_of_by_itself(
    demo: Demo, page: Page, http: httpx.Client, ann: Account
) -> None:
    page.goto(f"{demo.url}/signup")
    page.get_by_label("Name", exact=True).fill("Ann")
    page.get_by_label("E-mail", exact=True).fill(f"first-{ann.email}")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    with page.expect_response("**/auth/signup") as answer:
        page.get_by_role("button", name="Make the account").click()
    token = answer.value.json()["data"]["accessToken"]
    tenant_id = make_shop(demo, http, Account(ann.email, PASSWORD, token))

    page.goto(f"{demo.url}/dashboard/tenants/{tenant_id}")
    steps = page.get_by_role("list", name="Steps").get_by_role("listitem")
    expect(page.get_by_text("Waiting for your first event…")).to_be_visible()
    page.get_by_role("button", name="Make the snippet").click()
    snippet = page.get_by_role("region", name="The snippet")
    expect(snippet).to_contain_text("recomengine.js")
    expect(steps.filter(has_text="Make a key")).to_contain_text("(done)")

    assert post_event(demo, http, key_of(snippet.text_content()), eventType="look").status_code == 422
    expect(page.get_by_role("alert")).to_contain_text("1 event was rejected")
    assert post_event(demo, http, key_of(snippet.text_content())).status_code == 202
    expect(page.get_by_text("Waiting for your first event…")).to_have_count(0)
    expect(steps.filter(has_text="Send the first event")).to_contain_text("(done)")
    newest = page.locator("section", has_text="Newest event")
    expect(newest).to_contain_text("view")
    expect(newest).to_contain_text("The catalog has no such product")


def test_a_shop_that_is_set_up_is_shown_at_a_glance(dashboard: Dashboard) -> None:
    page = dashboard.open(title="Sample shop")
    expect(page.get_by_text("Through recommendations")).to_be_visible()
    expect(page.get_by_text("All five steps are done")).to_be_visible()
    check_looks(page, "home")
    page.get_by_role("main").get_by_role("link", name="Models").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")


def test_the_set_up_looks_right_before_anything_is_done(
    demo: Demo, http: httpx.Client, ann: Account, ann_tab: Dashboard
) -> None:
    page = ann_tab.open(f"/dashboard/tenants/{make_shop(demo, http, ann)}", title="Boots and more")
    expect(page.get_by_text("Waiting for your first event…")).to_be_visible()
    check_looks(page, "setup")
