"""The place of a widget on a page is kept from the first paint on, by the CSS that the API gives a shop."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsers import CONTEXT
from tests.support.gateways import AWAY, PAGE, Gateway
from tests.support.live_shops import CARDS, LiveShop, placement
from tests.support.shifts import WATCH, moved
from tests.support.sites import Site

HEIGHT = "getComputedStyle(document.querySelector('[data-recomengine-placement]')).height"
WIDGETS: dict[str, dict[str, Any]] = {
    "usual": {},
    "grid": {"columns": 3, "maxItems": 7, "title": "For you", "ctaText": "Buy", "theme": {"gap": 8}},
    "wide": {"columns": 6, "maxItems": 12, "showPrice": False},
    "list": {"layout": "list", "maxItems": 5, "title": "For you"},
    "carousel": {"layout": "carousel", "columns": 5, "ctaText": "Buy", "title": "For you"},
    "bare": {"layout": "carousel", "maxItems": 2},
}


@pytest.fixture(scope="module")
def styles(shop: LiveShop) -> str:
    """Of all WIDGETS, but for the one by default."""
    for name, fields in WIDGETS.items():
        if fields:
            shop.admin("POST", f"/api/v1/tenants/{shop.tenant_id}/widgets", {"placementId": f"kept {name}", **fields})
    return f"<style>{shop.widget_styles()}</style>"


@pytest.mark.parametrize("width", [320, 360, 620, 800, 1280])
@pytest.mark.parametrize("name", WIDGETS)
def test_the_place_that_is_kept_is_as_high_as_the_list(
    browser: Browser, site: Site, shop: LiveShop, styles: str, name: str, width: int
) -> None:
    context = browser.new_context(**{**CONTEXT, "viewport": {"width": width, "height": 800}})
    page = context.new_page()
    page.goto(site.page(styles + placement(f"kept {name}") + shop.script(extra="", auto="false")))
    kept = float(page.evaluate(HEIGHT).removesuffix("px"))
    page.evaluate("RecomEngine.render()")
    expect(page.locator(CARDS).first).to_be_visible()
    drawn = float(page.evaluate(HEIGHT).removesuffix("px"))
    context.close()
    assert kept == pytest.approx(drawn, abs=0.5)


@pytest.mark.parametrize("shadow", ["false", "true"])
def test_with_it_nothing_moves_while_a_page_is_loaded(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, styles: str, shadow: str
) -> None:
    gateway.hold("/")  # the script comes after the first paint
    html = styles + WATCH + shop.script(gateway.url, shadow=shadow) + placement("kept carousel") + "<p>Below</p>"
    page.goto(site.page(html), wait_until="commit")
    expect(page.get_by_text("Below")).to_be_attached()
    moved(page)
    gateway.mend()
    expect(page.locator(CARDS)).to_have_count(8)
    assert moved(page) == 0


def test_a_place_whose_list_does_not_come_goes(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, styles: str
) -> None:
    gateway.say(PAGE, AWAY)
    page.goto(site.page(styles + shop.script(gateway.url) + placement("kept list") + "<p>Below</p>"))
    expect(page.locator("[data-recomengine-placement]")).to_be_hidden()


def test_a_place_whose_script_does_not_come_goes_by_itself(page: Page, site: Site, styles: str) -> None:
    page.goto(site.page(styles + placement("kept list")))
    assert page.evaluate(HEIGHT) != "0px"
    page.evaluate("document.getAnimations().forEach(one => one.finish())")
    assert page.evaluate(HEIGHT) == "0px"
