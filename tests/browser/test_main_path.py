"""From a first visit to an attributed purchase, as `other_engines.py` walks it in Firefox and WebKit."""

from playwright.sync_api import Page

from tests.support.gateways import Gateway
from tests.support.live_shops import LiveShop
from tests.support.main_path import check, lay_out
from tests.support.sites import Site


def test_the_main_path_is_walked_in_chromium(
    page: Page, shop: LiveShop, site: Site, gateway: Gateway, shopper: str, complaints: list[str]
) -> None:
    page.goto(lay_out(shop, site, gateway, shopper))
    check(shop, gateway, shopper)
    assert complaints == []
