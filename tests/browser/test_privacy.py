"""Where the shopper says no, nothing of them is stored and nothing leaves: by what the network saw."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.gateways import BATCH, PAGE, Gateway
from tests.support.live_shops import CARDS, LiveShop, placement
from tests.support.sites import Site

GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })"
DO_ALL = """() => {
    RecomEngine.track('view', { productId: 'boot1' })
    RecomEngine.identify('somebody-' + Math.random())
    document.querySelector('[data-recomengine-placement] li').click()
    RecomEngine.track('purchase', { productId: 'boot1', price: 1, orderId: 'one' })
}"""
STORED = "() => [...Object.keys(localStorage), ...Object.keys(sessionStorage), ...document.cookie.split(';')].join('')"


def do_all(page: Page) -> None:
    """All that would be told, and enough time for it to leave: by the page's clock, and by the page's end."""
    expect(page.locator(CARDS)).to_have_count(8)
    page.evaluate(DO_ALL)
    page.clock.run_for(30_000)


def told_nothing(gateway: Gateway) -> bool:
    """Only lists were asked for, for nobody in particular."""
    lists = gateway.requests(PAGE)
    return len(gateway.requests("/api/")) == len(lists) and not any(
        "userId" in one.json or "sessionId" in one.json for one in lists
    )


def viewers(gateway: Gateway) -> dict[str, str]:
    """Of each product that was viewed, by whom."""
    return {event["productId"]: event["userId"] for event in gateway.events() if event["eventType"] == "view"}


@pytest.mark.parametrize("how", ["Global Privacy Control", "consent off by the tag", "consent off by the page"])
def test_nothing_of_a_shopper_who_says_no_is_stored_or_leaves(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, how: str
) -> None:
    page.clock.install()
    if how == "Global Privacy Control":
        page.add_init_script(GPC)
    attributes = {"consent": "false"} if how == "consent off by the tag" else {}
    stub = "<script>window.RecomEngine = { q: [['setConsent', false]] }</script>" if how.endswith("page") else ""
    page.goto(site.page(stub + shop.script(gateway.url, session_id="s1", **attributes) + placement("home")))
    do_all(page)
    assert page.evaluate(STORED) == ""
    page.goto("about:blank")
    assert told_nothing(gateway)


def test_consent_that_is_withdrawn_takes_back_what_waits_and_what_is_stored(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway
) -> None:
    page.clock.install()
    page.goto(site.page(shop.script(gateway.url) + placement("home")))
    expect(page.locator(CARDS)).to_have_count(8)
    page.evaluate("RecomEngine.track('view', { productId: 'boot1' })")
    assert page.evaluate(STORED)
    page.evaluate("RecomEngine.setConsent(false)")
    do_all(page)
    assert page.evaluate(STORED) == ""
    page.goto("about:blank")
    assert gateway.requests(BATCH) == []


def test_consent_that_is_given_later_begins_there(page: Page, site: Site, shop: LiveShop, gateway: Gateway) -> None:
    page.goto(site.page(shop.script(gateway.url, consent="false") + placement("home")))
    expect(page.locator(CARDS)).to_have_count(8)
    page.evaluate("RecomEngine.track('view', { productId: 'boot1' })")
    page.evaluate("RecomEngine.setConsent(true)")
    page.evaluate("RecomEngine.track('view', { productId: 'mug1' })")
    page.goto("about:blank")
    gateway.await_events("view")
    assert set(viewers(gateway)) == {"mug1"}


def test_after_reset_the_shopper_is_another_one_and_what_waited_is_gone(
    page: Page, context: BrowserContext, site: Site, shop: LiveShop, gateway: Gateway
) -> None:
    page.clock.install()
    page.goto(site.page(shop.script(gateway.url) + placement("home")))
    expect(page.locator(CARDS)).to_have_count(8)
    page.evaluate("RecomEngine.track('view', { productId: 'boot1' })")
    page.clock.run_for(6_000)
    gateway.await_events("view")
    first = viewers(gateway)["boot1"]
    page.evaluate("RecomEngine.track('view', { productId: 'boot2' }); RecomEngine.reset()")
    assert first not in page.evaluate("() => JSON.stringify([localStorage, sessionStorage])")
    page.clock.run_for(30_000)
    assert "boot2" not in viewers(gateway)
    page.evaluate("RecomEngine.track('view', { productId: 'boot3' })")
    page.clock.run_for(6_000)
    gateway.await_events("view", "view")
    assert viewers(gateway) == {"boot1": first, "boot3": viewers(gateway)["boot3"]}
    assert viewers(gateway)["boot3"] != first
