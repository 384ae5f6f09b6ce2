"""The preview of a widget in a real browser, as its headers have it and in a frame, where it never sees them."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import FrameLocator, Page, expect

from recomengine.web.middleware import PAGE_POLICY
from tests.support.live_shops import CARDS, LiveShop
from tests.support.sites import Site

WIDGET: dict[str, Any] = {
    "placementId": "home", "layout": "list", "maxItems": 5, "title": "Not saved yet", "strategy": "trending",
    "theme": {"primaryColor": "#0a7d5a", "fontFamily": "Inter, sans-serif"},
}  # fmt: skip
FRAME = """html => {
    const frame = document.createElement('iframe')
    frame.sandbox = 'allow-scripts'
    frame.srcdoc = html
    document.body.append(frame)
}"""


@pytest.fixture
def asked(page: Page) -> list[str]:
    """The paths that are asked for, pages and pictures aside."""
    paths: list[str] = []
    page.on(
        "request",
        lambda request: (
            None
            if request.resource_type in ("document", "image") or request.url.startswith("data:")
            else paths.append(httpx.URL(request.url).path)
        ),
    )
    return paths


def brought_over(preview: httpx.Response, shop: LiveShop) -> str:
    """The page as another origin can show it."""
    return preview.text.replace('src="/sdk/', f'src="{shop.url}/sdk/')


def expect_widget(shown: Page | FrameLocator) -> None:
    expect(shown.locator(CARDS)).to_have_count(5)
    expect(shown.get_by_text(WIDGET["title"])).to_be_visible()


def is_sdk_alone(asked: list[str]) -> bool:
    return len(asked) == 1 and asked[0].startswith("/sdk/v1/recomengine.")


def test_the_sdk_draws_the_unsaved_widget_and_asks_for_nothing(
    page: Page, shop: LiveShop, site: Site, asked: list[str], complaints: list[str]
) -> None:
    preview = shop.preview(WIDGET)
    policy = {"Content-Security-Policy": preview.headers["Content-Security-Policy"]}
    page.goto(site.page(brought_over(preview, shop), policy))
    expect_widget(page)
    assert page.evaluate("origin") == "null"
    assert is_sdk_alone(asked)
    assert complaints == []


def test_a_frame_of_a_page_of_ours_shows_it_and_keeps_to_both_policies(
    page: Page, shop: LiveShop, site: Site, asked: list[str], complaints: list[str]
) -> None:
    ours = PAGE_POLICY.replace("script-src 'self'", f"script-src {shop.url}")
    ours = ours.replace("connect-src 'self'", "connect-src 'self' data:")
    page.goto(site.page("", {"Content-Security-Policy": ours}))
    page.evaluate(FRAME, brought_over(shop.preview(WIDGET), shop))
    expect_widget(page.frame_locator("iframe"))
    assert is_sdk_alone(asked)
    assert complaints == []
