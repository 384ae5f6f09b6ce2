"""Pages that are strict, old, broken or in the way: the widgets still stand there, or step aside without a word."""

import base64
import hashlib
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.gateways import AWAY, BATCH, PAGE, Gateway, Nonsense
from tests.support.live_shops import CARDS, LiveShop, placement
from tests.support.processes import PATIENCE_S, wait_until
from tests.support.sites import Site

OVERWRITTEN = {
    "Array.prototype.map": "Array.prototype.map = () => { throw new Error('overwritten') }",
    "Array.prototype.toJSON": "Array.prototype.toJSON = function () { return String(this) }",
    "JSON.stringify": "JSON.stringify = () => { throw new Error('overwritten') }",
    "JSON": "window.JSON = { parse() { throw new Error('overwritten') } }",
    "fetch, passed on": "const real = fetch; window.fetch = function (...given) { return real.apply(this, given) }",
    "Promise, by a polyfill": "window.Promise = class extends Promise {}",
    "Object.prototype": "Object.prototype.extend = function () { throw new Error('overwritten') }",
}
LACKING = {
    "sendBeacon": "delete Navigator.prototype.sendBeacon",
    "crypto.randomUUID": "delete Crypto.prototype.randomUUID",
    "MutationObserver that sees": "window.MutationObserver = class { observe() {} disconnect() {} }",
    "a language that Intl knows": """
        const refuse = (real) => function (tag, options) {
          if (tag && /posix/.test(tag)) throw new RangeError('Incorrect locale information provided')
          return new real(tag, options)
        }
        Intl.NumberFormat = refuse(Intl.NumberFormat)
        Object.defineProperty(Navigator.prototype, 'language', { get: () => 'en-US@posix' })
        Object.defineProperty(Navigator.prototype, 'languages', { get: () => ['en-US@posix'] })
    """,
}
BLOCKED_STORAGE = """
    for (const name of ['localStorage', 'sessionStorage'])
      Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError') } })
    Object.defineProperty(Document.prototype, 'cookie', { get() { throw new DOMException('denied', 'SecurityError') } })
"""


HIDDEN = "[data-recomengine-placement][hidden]"


@pytest.fixture
def home(shop: LiveShop, gateway: Gateway, shopper: str) -> str:
    """A home page as merchants write it."""
    return shop.script(gateway.url, user_id=shopper) + placement("home") + "<p id=rest>the rest of the page</p>"


def test_the_widget_stands_under_a_policy_without_inline_styles_with_integrity_and_trusted_types(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, shopper: str, complaints: list[str]
) -> None:
    code = httpx.get(f"{shop.url}/sdk/v1/recomengine.js", timeout=PATIENCE_S).content
    digest = "sha384-" + base64.b64encode(hashlib.sha384(code).digest()).decode()
    script = shop.script(gateway.url, extra=f'async integrity="{digest}" crossorigin="anonymous"', user_id=shopper)
    policy = (
        f"default-src 'none'; script-src {gateway.url}; connect-src {gateway.url}; img-src 'self'; style-src 'self';"
        " require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'; form-action 'none'"
    )
    page.goto(site.page(script + placement("home") + placement("row", layout="carousel"),
                        {"Content-Security-Policy": policy}))  # fmt: skip
    expect(page.locator(CARDS)).to_have_count(16)
    gateway.await_events(*["impression"] * 4)
    assert complaints == []


def test_a_script_with_a_byte_changed_is_refused_by_its_integrity_and_the_page_is_whole(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway
) -> None:
    digest = "sha384-" + base64.b64encode(hashlib.sha384(b"another").digest()).decode()
    script = shop.script(gateway.url, extra=f'async integrity="{digest}" crossorigin="anonymous"')
    page.goto(site.page(script + placement("home") + "<p id=rest>rest</p>"))
    expect(page.locator("#rest")).to_be_visible()
    assert not page.evaluate("'RecomEngine' in window")


@pytest.mark.parametrize("name", OVERWRITTEN)
def test_what_pages_overwrite_is_not_needed(
    page: Page, site: Site, gateway: Gateway, home: str, complaints: list[str], name: str
) -> None:
    page.goto(site.page(f"<script>{OVERWRITTEN[name]}</script>{home}"))
    expect(page.locator(CARDS)).to_have_count(8)
    gateway.await_events(*["impression"] * 4)
    assert complaints == []


@pytest.mark.parametrize("name", LACKING)
def test_what_browsers_lack_is_made_up_for(
    page: Page, site: Site, gateway: Gateway, home: str, complaints: list[str], name: str
) -> None:
    page.goto(site.page(f"<script>{LACKING[name]}</script>{home}"))
    expect(page.locator(CARDS)).to_have_count(8)
    gateway.await_events(*["impression"] * 4)
    assert complaints == []


def test_without_intersection_observers_lists_are_shown_and_clicks_are_counted(
    page: Page, site: Site, gateway: Gateway, home: str, complaints: list[str]
) -> None:
    page.goto(site.page(f"<script>delete window.IntersectionObserver</script>{home}"))
    expect(page.locator(CARDS)).to_have_count(8)
    page.locator(CARDS).first.dispatch_event("click")
    gateway.await_events("click")
    assert complaints == []


def test_a_fetch_that_throws_hides_the_widget_and_nothing_else(
    page: Page, site: Site, home: str, complaints: list[str]
) -> None:
    page.goto(site.page(f"<script>window.fetch = () => {{ throw new TypeError('overwritten') }}</script>{home}"))
    expect(page.locator(HIDDEN)).to_have_count(1)
    expect(page.locator("#rest")).to_be_visible()
    assert complaints == []


def test_blocked_storage_costs_neither_the_widget_nor_its_impressions(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, complaints: list[str]
) -> None:
    page.goto(site.page(f"<script>{BLOCKED_STORAGE}</script>{shop.script(gateway.url)}{placement('home')}"))
    expect(page.locator(CARDS)).to_have_count(8)
    shoppers = {event["userId"] for event in gateway.await_events(*["impression"] * 4)}
    assert len(shoppers) == 1  # anonymous, and the same for the whole page
    assert complaints == []


def test_a_page_without_https_has_an_anonymous_shopper_too(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, complaints: list[str]
) -> None:
    url = site.page(shop.script(gateway.url) + placement("home"))
    page.goto(url.replace(site.origin, site.insecure_origin))
    expect(page.locator(CARDS)).to_have_count(8)
    assert gateway.await_events("impression")[0]["userId"]
    assert complaints == []


def test_two_copies_on_a_page_show_and_count_once(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, shopper: str, complaints: list[str]
) -> None:
    script = shop.script(gateway.url, user_id=shopper)
    page.goto(site.page(script + placement("home", limit="4") + script))
    expect(page.locator(CARDS)).to_have_count(4)
    events = gateway.await_events(*["impression"] * 4)
    page.goto("about:blank")
    assert len(gateway.requests(PAGE)) == 1
    assert len({event["productId"] for event in events}) == len(events) == 4
    assert complaints == []


NONSENSE = {
    "away": AWAY,
    "HTML in place of JSON": Nonsense(b"<!doctype html><title>502 Bad Gateway</title>", "text/html"),
    "JSON cut short": Nonsense(b'{"data": [{"placementId": "home", "wid'),
    "null": Nonsense(b"null"),
    "a list": Nonsense(b"[1, 2]"),
    "data that is no list": Nonsense(b'{"data": {"home": 1}}'),
    "lists that are none": Nonsense(b'{"data": [{"placementId": "home", "data": "boot", "meta": 1, "widget": 2}]}'),
    "a problem": Nonsense(b'{"status": 503, "title": "Overloaded"}', "application/problem+json", 503),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_an_api_that_is_away_or_answers_nonsense_hides_the_widget_and_throws_nothing(
    page: Page, site: Site, gateway: Gateway, home: str, name: str
) -> None:
    thrown: list[str] = []
    page.on("pageerror", lambda error: thrown.append(str(error)))
    gateway.say(PAGE, NONSENSE[name])
    gateway.say(BATCH, NONSENSE[name])
    page.goto(site.page(home + "<script>window.kept = 1</script>"))
    expect(page.locator(HIDDEN)).to_have_count(1)
    expect(page.locator("#rest")).to_be_visible()
    page.evaluate("RecomEngine.track('view', { productId: 'boot1' })")
    assert page.evaluate("RecomEngine.recommend({ placementId: 'home' }).then(() => window.kept)") == 1
    assert thrown == []


def test_an_api_that_does_not_answer_in_time_hides_the_widget_and_a_late_list_does_not_push_in(
    new_context: Callable[[], BrowserContext], site: Site, gateway: Gateway, home: str
) -> None:
    page = new_context().new_page()  # with the SDK's own time-outs
    gateway.hold(PAGE)
    page.goto(site.page(home))
    expect(page.locator(HIDDEN)).to_have_count(1)
    gateway.mend()
    wait_until(lambda: len(gateway.answered) == len(gateway.sent))
    page.evaluate("fetch('/').then(() => new Promise(requestAnimationFrame))")
    expect(page.locator(HIDDEN)).to_have_count(1)
    expect(page.locator(CARDS)).to_have_count(0)


def test_a_card_far_down_a_long_page_is_no_impression_until_it_is_scrolled_to(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, shopper: str
) -> None:
    far = f'<div style="height: 10000px"></div>{placement("footer", limit="2")}<div style="height: 800px"></div>'
    page.goto(site.page(shop.script(gateway.url, user_id=shopper) + placement("home", limit="2") + far))
    expect(page.locator(CARDS)).to_have_count(4)
    first = gateway.await_events(*["impression"] * 2)
    assert {event["metadata"]["placementId"] for event in first} == {"home"}
    page.locator('[data-recomengine-placement="footer"]').scroll_into_view_if_needed()
    events = gateway.await_events(*["impression"] * 4)
    assert sorted(event["metadata"]["placementId"] for event in events) == ["footer", "footer", "home", "home"]


def test_a_slow_processor_shows_and_counts_all_the_same(
    page: Page, context: BrowserContext, site: Site, gateway: Gateway, home: str, complaints: list[str]
) -> None:
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(site.page(home))
    expect(page.locator(CARDS)).to_have_count(8)
    gateway.await_events(*["impression"] * 4)
    assert complaints == []


def test_names_and_links_of_products_are_text_and_never_code(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, shopper: str
) -> None:
    item = {"productId": "x", "name": "<img src=/none onerror='window.ran=1'>", "url": "javascript:window.ran=1",
            "imageUrl": "javascript:window.ran=1", "reason": "<script>window.ran=1</script>"}  # fmt: skip
    given = f"items => items.slice(0, 1).map(item => Object.assign({{}}, item, {item}))"
    page.goto(site.page(shop.script(gateway.url, user_id=shopper, auto="false") + "<div id=here></div>"))
    page.wait_for_function("window.RecomEngine && RecomEngine.version")
    page.evaluate(f"RecomEngine.render(here, {{ placementId: 'home', transformItems: {given} }})")
    expect(page.locator("#here")).to_contain_text("onerror")
    page.locator("#here li").first.click()
    assert page.evaluate("window.ran") is None
    assert page.locator("#here img[onerror], #here script, #here [href^=javascript]").count() == 0
