"""Applications of a single page, and pages that stay for hours."""

from playwright.sync_api import BrowserContext, Page, expect

from tests.support.gateways import PAGE, Gateway
from tests.support.live_shops import CARDS, LiveShop, placement
from tests.support.processes import wait_until
from tests.support.sites import Site

RENDERS = 1000
WARM_UP = 100
KEPT_BYTES_A_RENDER = 200
"""Below any card or listener that stays; above what the engine's own caches move by."""
RENDER = "async times => { for (let i = 0; i < times; i++) await RecomEngine.render(here, { placementId: 'home' }) }"


def heap_bytes(context: BrowserContext, page: Page) -> float:
    session = context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used


def nodes(context: BrowserContext, page: Page) -> dict[str, int]:
    session = context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    counted: dict[str, int] = session.send("Memory.getDOMCounters")
    session.detach()
    return counted


def test_a_thousand_renders_leave_nothing_behind(
    page: Page, context: BrowserContext, site: Site, shop: LiveShop, shopper: str
) -> None:
    page.goto(site.page(shop.script(user_id=shopper, auto="false") + "<div id=here></div>"))
    page.wait_for_function("window.RecomEngine && RecomEngine.version")
    page.route(f"**{PAGE}", lambda route: route.fulfill(response=answer))
    with page.expect_response(f"**{PAGE}") as first:
        page.unroute(f"**{PAGE}")
        page.evaluate(RENDER, 1)
    answer = first.value.body()
    page.evaluate(
        "body => { window.fetch = async () => new Response(body) }", answer.decode()
    )  # the network's own buffers are not what is measured
    page.evaluate(RENDER, WARM_UP)
    bytes_before, nodes_before = heap_bytes(context, page), nodes(context, page)
    page.evaluate(RENDER, RENDERS)
    bytes_after, nodes_after = heap_bytes(context, page), nodes(context, page)
    assert bytes_after - bytes_before < RENDERS * KEPT_BYTES_A_RENDER
    assert nodes_after["nodes"] <= nodes_before["nodes"] * 2
    assert nodes_after["jsEventListeners"] <= nodes_before["jsEventListeners"] * 2


def test_placements_that_an_application_adds_are_shown_and_those_it_removes_are_forgotten(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, shopper: str
) -> None:
    main = f"<main id=view>{placement('home', limit='4')}</main>"
    page.goto(site.page(shop.script(gateway.url, user_id=shopper) + main))
    expect(page.locator(CARDS)).to_have_count(4)
    page.evaluate(
        "html => { history.pushState({}, '', '/boot1'); view.innerHTML = html }",
        placement("product", product_id="boot1", limit="3"),
    )
    expect(page.locator(CARDS)).to_have_count(3)
    asked = [one.json["placements"] for one in gateway.requests(PAGE)]
    assert [[place["placementId"] for place in places] for places in asked] == [["home"], ["product"]]
    assert asked[1][0]["productIds"] == ["boot1"]


def test_a_placement_that_names_another_product_is_shown_anew(
    page: Page, site: Site, shop: LiveShop, gateway: Gateway, shopper: str
) -> None:
    page.goto(site.page(shop.script(gateway.url, user_id=shopper) + placement("product", product_id="boot1")))
    expect(page.locator(CARDS)).to_have_count(8)
    page.evaluate("document.querySelector('[data-recomengine-placement]').dataset.productId = 'mug1'")
    wait_until(lambda: len(gateway.requests(PAGE)) == 2)
    assert gateway.requests(PAGE)[1].json["placements"][0]["productIds"] == ["mug1"]
