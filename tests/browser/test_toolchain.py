"""What the tests of pages stand on."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.browsers import PACKAGES
from tests.support.live_shops import LiveShop
from tests.support.sites import Site


def test_a_page_of_the_site_runs_its_scripts_under_the_headers_it_is_given(page: Page, site: Site) -> None:
    html = "<p id=seen></p><script>document.getElementById('seen').textContent = 'ran'</script>"
    page.goto(site.page(html))
    expect(page.locator("#seen")).to_have_text("ran")
    page.goto(site.page(html, {"Content-Security-Policy": "script-src 'none'"}))
    expect(page.locator("#seen")).to_have_text("")


def test_a_named_host_is_no_secure_context_and_the_sites_address_is_one(page: Page, site: Site) -> None:
    url = site.page("<p></p>")
    page.goto(url)
    assert page.evaluate("isSecureContext")
    page.goto(url.replace(site.origin, site.insecure_origin))
    assert not page.evaluate("isSecureContext || 'randomUUID' in crypto")


def test_the_browser_speaks_a_language_that_intl_knows(page: Page) -> None:
    assert page.evaluate("Intl.NumberFormat(navigator.language).resolvedOptions().locale") == "en-US"


def test_a_page_of_the_site_may_ask_the_shop_with_the_publish_key(page: Page, site: Site, shop: LiveShop) -> None:
    page.goto(site.page("<p></p>"))
    url = f"{shop.url}/api/v1/recommendations?userId=ann&key={shop.publish}"
    found = page.evaluate("url => fetch(url).then(answer => answer.json())", url)
    assert len(found["data"]) == 8
    assert found["meta"]["modelVersion"]


@pytest.mark.parametrize("name", ["axe-core/axe.min.js", "@segment/analytics-next/dist/umd/standalone.js"])
def test_packages_of_others_are_there(name: str) -> None:
    assert (PACKAGES / name).stat().st_size
