"""How the script comes into a page, and what it asks of the network."""

from playwright.sync_api import BrowserContext, Page, expect

from tests.support.gateways import PAGE, Gateway
from tests.support.live_shops import CARDS, LiveShop, placement
from tests.support.processes import wait_until
from tests.support.sites import Site

STUB = "<script>window.RecomEngine = { q: [] }</script>"


def test_several_placements_are_one_request_and_no_preflight(
    page: Page, context: BrowserContext, site: Site, shop: LiveShop, gateway: Gateway, shopper: str
) -> None:
    places = "".join(placement(name, limit="4") for name in ("home", "new", "row"))
    page.goto(site.page(shop.script(gateway.url, user_id=shopper) + places))
    expect(page.locator(CARDS)).to_have_count(12)
    gateway.await_events(*["impression"] * 4)
    asked = gateway.requests(PAGE)
    assert len(asked) == 1
    assert [one["placementId"] for one in asked[0].json["placements"]] == ["home", "new", "row"]
    assert gateway.requests("/", "OPTIONS") == []


def test_what_is_called_before_the_script_is_there_is_done_when_it_is(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, shopper: str
) -> None:
    calls = "<script>RecomEngine.q.push(['track', 'view', { productId: 'boot1' }])</script>"
    page.goto(site.page(STUB + calls + shop.script(gateway.url, user_id=shopper)))
    wait_until(lambda: bool(gateway.events()))
    assert [event["productId"] for event in gateway.await_events("view")] == ["boot1"]


def test_the_only_name_in_the_page_is_its_own(page: Page, site: Site, shop: LiveShop, gateway: Gateway) -> None:
    names = "Object.getOwnPropertyNames(window)"
    page.goto(site.page(f"<script>window.before = {names}</script>{shop.script(gateway.url)}{placement('home')}"))
    expect(page.locator(CARDS)).to_have_count(8)
    assert page.evaluate(f"{names}.filter(name => !before.includes(name) && name !== 'before')") == ["RecomEngine"]


def test_nothing_on_the_page_moves_when_the_list_takes_the_place_of_its_skeleton(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway
) -> None:
    watch = """<script>window.moved = 0; new PerformanceObserver(list => {
        for (const entry of list.getEntries()) window.moved += entry.value
    }).observe({ type: 'layout-shift', buffered: true })</script>"""
    gateway.hold(PAGE)
    page.goto(site.page(watch + shop.script(gateway.url) + placement("home") + "<p>Below</p>"))
    expect(page.locator("[data-recomengine-placement] [aria-busy=true]")).to_be_visible()
    page.evaluate("moved = 0")
    gateway.mend()
    expect(page.locator(CARDS)).to_have_count(8)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("moved") == 0
