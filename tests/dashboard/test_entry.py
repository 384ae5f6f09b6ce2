"""The way in: signing up, signing in and its errors, a forgotten password."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.support.browsers import check_looks
from tests.support.dashboards import PASSWORD, Account, Dashboard, Demo
from tests.support.people import text_of
from tests.support.processes import wait_until

NEW_PASSWORD = "a quite different one"


def fill(page: Page, **fields: str) -> None:
    for label, value in fields.items():
        page.get_by_label(label.replace("_", "-"), exact=True).fill(value)


def reset_link(demo: Demo, email: str) -> str:
    """Of the mail that `email` got last; waits for one."""

    def mails() -> list[str]:
        texts = map(text_of, sorted((demo.data_dir / "outbox").glob("*.eml")))
        return [text for text in texts if email in text]

    wait_until(lambda: bool(mails()))
    found = re.search(r"https?://\S+/reset-password\S+", mails()[-1])
    assert found is not None
    return found[0]


def test_who_signs_up_comes_to_an_empty_dashboard(demo: Demo, page: Page, ann: Account) -> None:
    email = f"new-{ann.email}"
    page.goto(f"{demo.url}/signup")
    fill(page, Name="Ann", E_mail=ann.email, Password="short")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Use at least 10 characters.")).to_be_visible()
    fill(page, Password="password123")
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_text("Is among the passwords that are tried first everywhere")).to_be_visible()
    fill(page, Password=PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("alert")).to_contain_text("There is an account with this address")
    fill(page, E_mail=email)
    page.get_by_role("button", name="Make the account").click()

    expect(page).to_have_url(f"{demo.url}/dashboard")
    expect(page.get_by_text(email).first).to_be_visible()
    expect(page.get_by_text("Sample shop")).to_have_count(0)


def test_who_signs_in_comes_to_the_page_that_was_asked_for(demo: Demo, page: Page, ann: Account) -> None:
    page.goto(f"{demo.url}/dashboard/settings?tab=sessions")
    expect(page).to_have_title("Sign in · RecomEngine")
    fill(page, E_mail=ann.email, Password="not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("The address or the password is wrong")
    expect(page.get_by_label("E-mail")).to_have_value(ann.email)
    fill(page, Password=PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile("/dashboard/settings"))


def test_nobody_is_sent_on_to_a_page_of_another_site(demo: Demo, page: Page, ann: Account) -> None:
    page.goto(f"{demo.url}/login?next=//evil.test/dashboard")
    fill(page, E_mail=ann.email, Password=PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{demo.url}/dashboard")


def test_the_link_in_the_mail_sets_a_new_password_once(demo: Demo, page: Page, ann: Account) -> None:
    page.goto(f"{demo.url}/login")
    page.get_by_role("link", name="Forgot your password?").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Forgot your password?")
    fill(page, E_mail=ann.email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("status")).to_contain_text(ann.email)

    link = reset_link(demo, ann.email)
    with page.expect_request(lambda request: request.resource_type == "document") as asked:
        page.goto(link)
    assert link.partition("#")[2] not in asked.value.url  # what stands behind # is sent to no server
    page.get_by_label("New password").fill(NEW_PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page).to_have_url(f"{demo.url}/login")
    fill(page, E_mail=ann.email, Password=NEW_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{demo.url}/dashboard")

    page.goto("about:blank")
    page.goto(link)
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not work any more")


def test_signing_out_ends_the_session_in_every_tab(ann_tab: Dashboard) -> None:
    page = ann_tab.open("/dashboard")
    other = page.context.new_page()
    other.goto(page.url)
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{ann_tab.demo.url}/login")
    expect(other).to_have_url(f"{ann_tab.demo.url}/login")
    page.goto(f"{ann_tab.demo.url}/dashboard")
    expect(page).to_have_title("Sign in · RecomEngine")


@pytest.mark.parametrize("name", ["", "login", "signup", "forgot-password", "reset-password", "reset-password#token"])
def test_the_pages_before_the_dashboard_look_right(demo: Demo, page: Page, name: str) -> None:
    page.goto(f"{demo.url}/{name}")
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    check_looks(page, name.replace("#", "-") or "landing")


def test_a_long_reason_is_cut_and_does_not_widen_the_landing_page(demo: Demo, page: Page) -> None:
    found = {"data": [{"productId": "boot", "name": "Boot " * 30, "reason": "Bought with a boot " * 10}]}
    page.route("**/api/v1/recommendations?**", lambda route: route.fulfill(json=found))
    page.goto(f"{demo.url}/")
    expect(page.get_by_role("region", name="Live on the sample shop").get_by_role("listitem")).to_have_count(3)
    check_looks(page, "landing-long")


def test_the_landing_page_can_be_read_without_a_script(demo: Demo, http: httpx.Client) -> None:
    answer = http.get(f"{demo.url}/")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "Product recommendations for online shops" in answer.text
    assert 'href="/login"' in answer.text
