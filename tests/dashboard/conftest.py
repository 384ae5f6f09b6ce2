"""The dashboard in a real Chromium, on one sample shop for all tests of this folder.

`dashboard` is a tab of the sample shop's owner: `dashboard.open("keys")` goes to a page of the shop,
`dashboard.open("/dashboard")` to any. `check_looks(page, "keys")` of tests/support/browsers.py checks it light and
dark, wide and narrow. What a test changes it does to a tenant of its own (`ann`, `ann_tab`), or takes back. No test
here is a coroutine.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tests.support.browsers import CONTEXT, running_chromium, running_playwright
from tests.support.dashboards import Account, Dashboard, Demo, new_account, running_demo, sign_in
from tests.support.live_shops import patient_client
from tests.support.processes import PATIENCE_S, reachable_dir


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with running_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with running_chromium(playwright) as browser:
        yield browser


@pytest.fixture(scope="package")
def browser_context_args() -> dict[str, Any]:
    return CONTEXT


@pytest.fixture
def context(new_context: Callable[..., BrowserContext]) -> BrowserContext:
    """The browser's; the tests of the rest have another `context`."""
    context = new_context()
    context.set_default_timeout(PATIENCE_S * 1000)
    return context


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running_demo(lambda: reachable_dir(tmp_path_factory, "demo")) as demo:
        yield demo


@pytest.fixture(scope="package")
def http() -> Iterator[httpx.Client]:
    with patient_client() as client:
        yield client


@pytest.fixture
def dashboard(demo: Demo, context: BrowserContext, page: Page) -> Dashboard:
    """A tab of the owner of the sample shop."""
    sign_in(context, demo, demo.email, demo.password)
    return Dashboard(demo, page)


@pytest.fixture
def ann(demo: Demo, http: httpx.Client) -> Account:
    """Somebody with an account and no tenant yet."""
    return new_account(demo, http)


@pytest.fixture
def ann_tab(demo: Demo, new_context: Callable[..., BrowserContext], ann: Account) -> Dashboard:
    """Ann's own browser."""
    context = new_context()
    context.set_default_timeout(PATIENCE_S * 1000)
    sign_in(context, demo, ann.email, ann.password)
    return Dashboard(demo, context.new_page())


@pytest.fixture(autouse=True)
def complaints(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Errors that nobody caught and refusals of the page's policy, in any tab of the test: there must be none."""
    heard: list[str] = []

    def listen(page: Page) -> None:
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on(
            "console", lambda message: heard.append(message.text) if "Content Security Policy" in message.text else None
        )

    context: BrowserContext = request.getfixturevalue("context")
    context.on("page", listen)
    yield heard
    assert heard == []
