"""What stands around every page: the session in all tabs, a server that is away, what is missing, palette and theme."""

import re

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from tests.support.bad_input import is_problem
from tests.support.browsers import check_looks
from tests.support.dashboards import PASSWORD, Account, Dashboard, Demo

REFRESH = "**/api/v1/auth/refresh"


def open_palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Find")).to_be_focused()


def end_session(dashboard: Dashboard, http: httpx.Client, bearer: str) -> None:
    """As another device does that signs this one out."""
    answer = http.post(f"{dashboard.demo.url}/api/v1/auth/logout", headers={"Authorization": bearer})
    assert answer.status_code == 204


def bearer_of(page: Page) -> str:
    """The access token, which only the page's memory has."""
    with page.expect_request(lambda request: "authorization" in request.headers) as asked:
        page.reload()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return asked.value.headers["authorization"]


def test_the_access_token_is_kept_in_memory_alone(dashboard: Dashboard) -> None:
    page = dashboard.open("/dashboard")
    token = bearer_of(page).removeprefix("Bearer ")
    kept = page.evaluate("JSON.stringify([localStorage, sessionStorage]) + document.cookie")
    assert token not in kept


def test_tabs_whose_token_runs_out_together_never_send_one_refresh_token_twice(
    dashboard: Dashboard, context: BrowserContext
) -> None:
    tabs = [dashboard.page, context.new_page()]
    for tab in tabs:
        tab.goto(f"{dashboard.demo.url}/dashboard")
        expect(tab.get_by_role("link", name="Sample shop")).to_be_visible()
    renewals: list[Request] = []
    context.on("request", lambda request: renewals.append(request) if "/auth/refresh" in request.url else None)
    held: list[Route] = []
    tenant = re.compile(rf"/api/v1/tenants/{dashboard.demo.tenant_id}$")
    for tab in tabs:
        tab.route(tenant, lambda route: held.append(route), times=1)
        with tab.expect_request(tenant):
            tab.get_by_role("main").get_by_role("link", name="Sample shop").click()
    for route in held:
        route.continue_(headers={**route.request.headers, "authorization": "Bearer one.that.ran-out"})
    for tab in tabs:
        expect(tab.get_by_role("heading", level=1)).to_have_text("Sample shop")
        expect(tab.get_by_role("dialog")).to_have_count(0)
    assert len(held) == 2
    assert len({request.all_headers()["cookie"] for request in renewals}) == len(renewals) > 0
    for tab in tabs:
        tab.reload()
        expect(tab.get_by_role("heading", level=1)).to_have_text("Sample shop")


def test_many_tabs_that_open_at_once_all_come_in(dashboard: Dashboard, context: BrowserContext) -> None:
    tabs = [dashboard.page, *(context.new_page() for _ in range(4))]
    for tab in tabs:
        tab.goto(f"{dashboard.demo.url}/docs")
    for tab in tabs:
        tab.evaluate("setTimeout(() => location.assign('/dashboard'), 0)")
    for tab in tabs:
        expect(tab.get_by_role("heading", level=1)).to_have_text("Overview")


def test_a_request_of_an_ended_session_goes_on_once_the_password_is_in(
    ann_tab: Dashboard, ann: Account, http: httpx.Client, demo: Demo
) -> None:
    made = ann.call(demo, http, "POST", "/api/v1/tenants", {"name": "Ann’s shop"})
    page = ann_tab.open("/dashboard")
    end_session(ann_tab, http, bearer_of(page))
    page.get_by_role("main").get_by_role("link", name="Ann’s shop").click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_contain_text(ann.email)
    check_looks(page, "session-ended")
    dialog.get_by_label("Password").fill("not the password")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The address or the password is wrong")
    page.keyboard.press("Escape")
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_have_count(0)
    expect(page).to_have_url(re.compile(made["data"]["id"]))
    expect(page.get_by_role("heading", level=1)).to_have_text("Ann’s shop")


def test_a_session_that_ends_in_mid_form_loses_no_input(
    ann_tab: Dashboard, ann: Account, http: httpx.Client, demo: Demo
) -> None:
    page = ann_tab.open("/dashboard")
    bearer = bearer_of(page)
    page.get_by_role("button", name="Create a tenant").click()
    form = page.get_by_role("dialog", name="Create a tenant")
    form.get_by_label("Name").fill("A shop typed with care")
    end_session(ann_tab, http, bearer)
    form.get_by_role("button", name="Create").click()
    again = page.get_by_role("dialog", name="Your session has ended")
    again.get_by_label("Password").fill(PASSWORD)
    again.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/dashboard/tenants/[0-9a-f-]{36}$"))
    bearer = bearer_of(page)
    made = http.get(f"{demo.url}/api/v1/tenants", headers={"Authorization": bearer}).json()
    assert [tenant["name"] for tenant in made["data"]] == ["A shop typed with care"]


def test_a_server_that_is_away_is_said_and_asked_again(dashboard: Dashboard, context: BrowserContext) -> None:
    page = dashboard.open("/dashboard")
    page.reload()
    expect(page.get_by_role("link", name="Sample shop")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Sample shop").hover()
    page.route("**/api/v1/tenants/**", lambda route: route.abort("connectionrefused"))
    page.get_by_role("main").get_by_role("link", name="Sample shop").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The server is away")
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    page.unroute("**/api/v1/tenants/**")
    alert.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sample shop")


def test_an_address_of_nothing_says_so_within_the_dashboard(dashboard: Dashboard) -> None:
    page = dashboard.open("/dashboard/nothing/here", title="Page not found")
    check_looks(page, "not-found")
    dashboard.open("/dashboard/tenants/00000000-0000-4000-8000-000000000000", title="Page not found")
    page.get_by_role("link", name="Go to all tenants").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


@pytest.mark.parametrize("path", [
    "/api/v1/nothing", "/api", "/v1/nothing", "/sdk/v1/nothing.js", "/docs/nothing", "/app/assets/nothing.js",
    "/app/index.html", "/login/nothing", "/dashboards", "/nothing",
])  # fmt: skip
def test_no_other_address_answers_with_the_page(demo: Demo, http: httpx.Client, path: str) -> None:
    is_problem(http.get(demo.url + path), 404)


def test_files_never_change_and_pages_are_asked_for_again(demo: Demo, http: httpx.Client) -> None:
    page = http.get(f"{demo.url}/dashboard/tenants/any")
    assert (page.headers["content-type"], page.headers["cache-control"]) == ("text/html; charset=utf-8", "no-cache")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for file in re.findall(r'(?:src|href)="(/app/[^"]+)"', page.text):
        answer = http.get(demo.url + file)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_the_palette_finds_pages_tenants_and_actions(dashboard: Dashboard) -> None:
    page = dashboard.open("/dashboard")
    open_palette(page)
    check_looks(page, "palette")
    page.keyboard.type("sample")
    found = page.get_by_role("listbox", name="Found").get_by_role("option")
    expect(found).to_have_text(["Sample shopTenant"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sample shop")
    open_palette(page)
    page.keyboard.type("dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    open_palette(page)
    page.keyboard.type("no such thing")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name=re.compile("switch the tenant")).click()
    expect(page.get_by_role("dialog", name="Switch the tenant")).to_be_visible()


def test_the_chosen_theme_is_painted_before_anything_else(dashboard: Dashboard) -> None:
    page = dashboard.open("/dashboard")
    canvas = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(canvas)
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate(canvas)
    assert dark != light
    page.route(re.compile(r"/app/assets/index-.*\.js"), lambda route: route.abort())
    page.reload()
    assert page.evaluate(canvas) == dark
    page.unroute_all()
    page.reload()
    page.get_by_role("button", name="As the system").click()
    assert page.evaluate(canvas) == light


def test_a_navigation_moves_the_focus_to_the_heading_and_is_announced(dashboard: Dashboard) -> None:
    page = dashboard.open("/dashboard")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.get_by_role("main").get_by_role("link", name="Sample shop").click()
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page.get_by_text("Sample shop · RecomEngine")).to_be_attached()


def test_on_a_narrow_screen_the_pages_are_in_a_drawer(dashboard: Dashboard) -> None:
    page = dashboard.open("/dashboard")
    check_looks(page, "overview-shell")
    page.set_viewport_size({"width": 360, "height": 800})
    page.get_by_role("button", name="Open the menu").click()
    menu = page.get_by_role("dialog", name="Menu")
    check_looks(page, "drawer")
    page.set_viewport_size({"width": 360, "height": 800})
    menu.get_by_role("link", name="Tenants").click()
    expect(menu).to_be_hidden()
