"""Pages in a real Chromium, a running system with a shop, and the merchant's own site on another origin.

The fixtures of Playwright, for a whole session in pytest-playwright, end with this folder (see `running_playwright`).
For the same reason no test in it is a coroutine.
"""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tests.support.browsers import CONTEXT, running_chromium, running_playwright
from tests.support.gateways import Gateway, passing_to
from tests.support.live_shops import LiveShop, patient_client
from tests.support.processes import PATIENCE_S, Up, reachable_dir, start_up, stop
from tests.support.sites import Site, serving_site

PATIENT = """{
    const real = setTimeout
    window.setTimeout = (work, ms, ...given) => real(work, ms === 2000 || ms === 10000 ? 600000 : ms, ...given)
}"""
"""The SDK gives up on lists after 2 s and on receipts after 10 s, within which a busy machine need not answer."""


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
    """The browser's; the tests of the rest have another `context`. No time-out of the SDK's ends a request."""
    context = new_context()
    context.add_init_script(PATIENT)
    context.set_default_timeout(PATIENCE_S * 1000)
    return context


@pytest.fixture(scope="package")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One system for all tests of pages."""
    up = start_up(reachable_dir(tmp_path_factory, "up"))
    yield up
    stop(up)


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    with serving_site() as site:
        yield site


@pytest.fixture(scope="package")
def shop(up: Up, site: Site) -> Iterator[LiveShop]:
    """A shop whose pages are those of `site`."""
    with patient_client() as client:
        yield LiveShop.open(up, client, [site.origin, site.insecure_origin])


@pytest.fixture
def gateway(shop: LiveShop) -> Iterator[Gateway]:
    """The API as the pages of one test reach it."""
    with passing_to(shop.url) as gateway:
        yield gateway


@pytest.fixture
def shopper() -> str:
    """Nobody has met them."""
    return f"shopper-{uuid4().hex}"


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the page was bothered with: errors that nobody caught, refusals of its policy, errors on its console."""
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    return heard
