"""What reaches the database of what shoppers see and do: each once, with the marks of the list it came from."""

from collections import Counter
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.gateways import AWAY, BATCH, Gateway, Nonsense
from tests.support.live_shops import CARDS, LiveShop, placement
from tests.support.processes import wait_until
from tests.support.sites import Site

TURN = """hidden => {
    Object.defineProperty(document, 'visibilityState', { get: () => hidden ? 'hidden' : 'visible', configurable: true })
    Object.defineProperty(document, 'hidden', { get: () => hidden, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))
}"""
"""Take the tab out of view, or into it."""


RECKONED = """() => new Promise(told => {
    new IntersectionObserver((_, all) => { all.disconnect(); told() }).observe(document.body)
})"""
"""Once the browser has told what is in view."""


@pytest.fixture
def home(site: Site, shop: LiveShop, gateway: Gateway, shopper: str) -> str:
    """The URL of a page with four products in view."""
    return site.page(shop.script(gateway.url, user_id=shopper) + placement("home", limit="4"))


def shown(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator(CARDS)).to_have_count(4)


def kinds(events: list[dict[str, Any]]) -> Counter[str]:
    return Counter(event["eventType"] for event in events)


def ready(page: Page) -> None:
    page.wait_for_function("window.RecomEngine && RecomEngine.version")


def test_an_impression_reaches_the_database_once_and_names_its_list(
    page: Page, shop: LiveShop, gateway: Gateway, home: str, shopper: str
) -> None:
    shown(page, home)
    page.evaluate("for (let i = 0; i < 20; i++) { scrollTo(0, i); dispatchEvent(new Event('resize')) }")
    gateway.await_events(*["impression"] * 4)
    page.goto("about:blank")
    stored = shop.events(shopper)
    assert kinds(stored) == {"impression": 4}
    assert len({event["productId"] for event in stored}) == 4
    for event in stored:
        metadata = event["metadata"]
        assert metadata["placementId"] == "home"
        assert metadata["recommendationId"]
        assert metadata["strategy"]


def test_a_card_is_seen_only_when_half_of_it_was_in_view_for_a_second_on_end(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, shopper: str
) -> None:
    """By the page's own clock, which stands still until it is moved."""
    page.clock.install()
    page.goto(site.page(
        shop.script(gateway.url, user_id=shopper) + '<div style="height: 2000px"></div>' + placement("low", limit="1")
        + '<div style="height: 2000px"></div>'
    ))  # fmt: skip
    page.clock.run_for(100)
    expect(page.locator(CARDS)).to_have_count(1)
    card = page.locator("[data-recomengine-placement] li")
    ready(page)
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 60)
    page.evaluate("window.seen = 0; RecomEngine.on('event', () => window.seen++)")

    def bring(share: float) -> None:
        """Have this share of the card in view, and the browser tell of it."""
        page.evaluate(
            "([card, share]) => { const box = card.getBoundingClientRect();"
            " scrollBy(0, box.top - innerHeight + box.height * share) }",
            [card.element_handle(), share],
        )
        page.evaluate(
            "card => new Promise(told => new IntersectionObserver((_, all) => { all.disconnect(); told() })"
            ".observe(card))",
            card.element_handle(),
        )

    bring(0.4)
    page.clock.run_for(3000)
    assert page.evaluate("seen") == 0  # less than half
    bring(0.6)
    page.clock.run_for(900)
    bring(0.1)
    page.clock.run_for(3000)
    assert page.evaluate("seen") == 0  # less than a second
    bring(0.6)
    page.clock.run_for(900)
    assert page.evaluate("seen") == 0
    page.clock.run_for(200)
    assert page.evaluate("seen") == 1
    bring(0.1)
    bring(0.9)
    page.clock.run_for(3000)
    assert page.evaluate("seen") == 1  # once for each list


def test_the_second_begins_anew_when_the_tab_was_out_of_view_meanwhile(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, shopper: str
) -> None:
    page.clock.install()
    page.goto(site.page(shop.script(gateway.url, user_id=shopper) + placement("home", limit="1")))
    page.clock.run_for(100)
    expect(page.locator(CARDS)).to_have_count(1)
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + 60)
    page.evaluate("RecomEngine.on('event', () => window.seen++)")
    page.evaluate("window.seen = 0; RecomEngine.render('home', { limit: 2 })")
    expect(page.locator(CARDS)).to_have_count(2)
    page.evaluate(RECKONED)

    for hidden in (True, False):
        page.clock.run_for(300)
        page.evaluate(TURN, hidden)
    page.clock.run_for(900)
    assert page.evaluate("seen") == 0
    page.clock.run_for(1100)
    assert page.evaluate("seen") == 2


def test_a_click_and_its_purchase_are_attributed_to_the_list_from_end_to_end(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, home: str, shopper: str
) -> None:
    before = shop.overview()
    shown(page, home)
    card = page.locator(CARDS).first
    path = card.get_attribute("href") or ""
    product_id = path.rsplit("/", 1)[1]
    checkout = f"""RecomEngine.track('purchase', {{ productId: '{product_id}', price: 25.5, quantity: 2,
                   currency: 'USD', orderId: 'order-{shopper}' }})"""
    stub = "<script>window.RecomEngine = window.RecomEngine || { q: [] };</script>"
    site.file(f"/{product_id}", f"<!doctype html><title>It</title>{stub}{shop.script(gateway.url, user_id=shopper)}",
              "text/html")  # fmt: skip
    card.click()
    page.wait_for_url(f"**/{product_id}")
    ready(page)
    page.evaluate(checkout)
    gateway.await_events("click", "purchase")
    assert kinds(shop.events(shopper))["purchase"] == kinds(shop.events(shopper))["click"] == 1
    wait_until(lambda: shop.overview()["attributedConversions"] == before["attributedConversions"] + 1)
    after = shop.overview()
    assert after["clicks"] == before["clicks"] + 1
    assert float(after["attributedRevenue"]) == float(before["attributedRevenue"]) + 51.0


def test_events_leave_in_batches_of_at_most_fifty_one_request_at_a_time(
    page: Page, shop: LiveShop, site: Site, gateway: Gateway, shopper: str
) -> None:
    gateway.hold(BATCH)
    page.goto(site.page(shop.script(gateway.url, user_id=shopper)))
    ready(page)
    page.evaluate("for (let i = 0; i < 120; i++) RecomEngine.track('view', { productId: `boot${i % 8}`, n: i })")
    wait_until(lambda: bool(gateway.requests(BATCH)))
    page.evaluate("for (let i = 0; i < 30; i++) RecomEngine.track('view', { productId: 'mug1', n: 120 + i })")
    assert len(gateway.requests(BATCH)) == 1
    gateway.mend()
    wait_until(lambda: len(gateway.events()) == 150)
    sizes = [len(batch.json["events"]) for batch in gateway.requests(BATCH)]
    assert max(sizes) <= 50
    assert all(batch.headers["Content-Type"].startswith("text/plain") for batch in gateway.requests(BATCH))
    wait_until(lambda: len(shop.events(shopper)) == 150)


def test_events_of_a_page_that_is_hidden_leave_at_once(
    page: Page, shop: LiveShop, site: Site, gateway: Gateway, shopper: str
) -> None:
    page.clock.install()  # so that nothing leaves because time passes
    page.goto(site.page(shop.script(gateway.url, user_id=shopper)))
    ready(page)
    page.evaluate("RecomEngine.track('view', { productId: 'boot1' })")
    assert gateway.events() == []
    page.evaluate(TURN, True)
    gateway.await_events("view")
    assert kinds(shop.events(shopper)) == {"view": 1}


def test_a_page_that_was_frozen_out_of_view_goes_on_when_it_comes_back(
    page: Page, context: BrowserContext, shop: LiveShop, site: Site, gateway: Gateway, shopper: str
) -> None:
    """As in the back/forward cache, which headless shells have not: its timers stand still meanwhile."""
    below = f'<div style="height: 2000px"></div>{placement("home", limit="4")}'
    page.goto(site.page(shop.script(gateway.url, user_id=shopper) + below))
    expect(page.locator(CARDS)).to_have_count(4)
    page.evaluate("RecomEngine.track('view', { productId: 'boot1' })")
    page.evaluate(TURN, True)
    session = context.new_cdp_session(page)
    for state in ("frozen", "active"):
        session.send("Page.setWebLifecycleState", {"state": state})
    page.evaluate(TURN, False)
    page.evaluate("document.querySelector('[data-recomengine-placement]').scrollIntoView()")
    gateway.await_events("view", *["impression"] * 4)
    assert kinds(shop.events(shopper)) == {"view": 1, "impression": 4}


def test_events_of_a_page_that_is_left_arrive_after_it_is_gone(
    page: Page, shop: LiveShop, site: Site, gateway: Gateway, shopper: str
) -> None:
    page.goto(site.page(shop.script(gateway.url, user_id=shopper)))
    ready(page)
    page.evaluate("""() => { RecomEngine.track('view', { productId: 'boot1' }); location.href = 'about:blank' }""")
    gateway.await_events("view")
    wait_until(lambda: kinds(shop.events(shopper)) == {"view": 1})


def test_a_request_that_is_under_way_when_the_page_is_left_holds_nothing_back_on_the_next(
    page: Page, shop: LiveShop, site: Site, gateway: Gateway, shopper: str
) -> None:
    page.clock.install()  # so that nothing leaves because time passes
    pages = [site.page(shop.script(gateway.url, user_id=shopper)) for _ in range(2)]
    gateway.hold(BATCH)
    for url, product_id in zip(pages, ("boot1", "mug1"), strict=True):
        page.goto(url)
        ready(page)
        page.evaluate("id => RecomEngine.track('view', { productId: id })", product_id)
        sent = len(gateway.requests(BATCH))
        page.evaluate(TURN, True)
        wait_until(lambda: len(gateway.requests(BATCH)) > sent)  # noqa: B023 - called before it changes
    assert "mug1" in {event["productId"] for event in gateway.events()}


@pytest.mark.parametrize("failure", [AWAY, Nonsense(b"overloaded", "text/plain", 503)], ids=["away", "overloaded"])
def test_events_are_tried_again_on_the_next_page_with_the_same_ids_until_the_api_is_back(
    page: Page, shop: LiveShop, gateway: Gateway, home: str, shopper: str, failure: Nonsense
) -> None:
    gateway.say(BATCH, failure)
    page.goto(home)
    ready(page)
    page.evaluate("RecomEngine.track('view', { productId: 'boot1' }); RecomEngine.track('view', { productId: 'mug1' })")
    page.goto("about:blank")
    wait_until(lambda: bool(gateway.requests(BATCH)))
    tried = {event["eventId"] for event in gateway.events() if event["eventType"] == "view"}
    assert shop.events(shopper) == []
    gateway.mend()
    page.goto(home)
    wait_until(lambda: kinds(shop.events(shopper))["view"] == 2)
    again = {event["eventId"] for event in gateway.events() if event["eventType"] == "view"}
    assert again == tried
    assert len(tried) == 2


def test_an_event_whose_receipt_was_lost_is_sent_again_and_stored_once(
    page: Page, shop: LiveShop, gateway: Gateway, home: str, shopper: str
) -> None:
    gateway.lose_answers(BATCH)
    page.goto(home)
    ready(page)
    page.evaluate("RecomEngine.track('view', { productId: 'boot1' })")
    page.goto("about:blank")
    wait_until(lambda: kinds(shop.events(shopper))["view"] == 1)
    gateway.mend()
    page.goto(home)
    gateway.await_events("view")
    page.goto("about:blank")
    assert kinds(gateway.events())["view"] >= 2
    assert kinds(shop.events(shopper))["view"] == 1


def test_a_shopper_who_signs_in_keeps_what_they_did_before(
    page: Page, context: BrowserContext, shop: LiveShop, site: Site, gateway: Gateway, shopper: str
) -> None:
    url = site.page(shop.script(gateway.url))
    page.goto(url)
    ready(page)
    page.evaluate("RecomEngine.track('view', { productId: 'boot1' })")
    anonymous = gateway.await_events("view")[0]["userId"]
    assert anonymous != shopper
    page.evaluate("id => RecomEngine.identify(id)", shopper)
    page.evaluate("RecomEngine.track('view', { productId: 'mug1' })")
    wait_until(lambda: {event["productId"] for event in shop.events(shopper)} == {"boot1", "mug1"})
    assert shop.call("GET", f"/api/v1/users/{shopper}")["data"]["aliases"]


def test_another_page_load_is_the_same_anonymous_shopper(
    page: Page, shop: LiveShop, site: Site, gateway: Gateway
) -> None:
    url = site.page(shop.script(gateway.url))
    for _ in range(2):
        page.goto(url)
        ready(page)
        page.evaluate("RecomEngine.track('view', { productId: 'boot1' })")
    page.goto("about:blank")
    assert len({event["userId"] for event in gateway.await_events("view", "view")}) == 1
