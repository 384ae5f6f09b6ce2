"""Segment's own library for browsers, unmodified, on a merchant's page: what it says of a shopper is stored here."""

from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
import pytest
from playwright.sync_api import Page, Request

from tests.support.browsers import PACKAGES
from tests.support.live_shops import LiveShop
from tests.support.processes import wait_until
from tests.support.sites import Site

LIBRARY = PACKAGES / "@segment" / "analytics-next" / "dist" / "umd" / "index.js"
LOAD = """
<script src="{script}"></script>
<script>
  const settings = {settings}
  window.analytics = AnalyticsNext.AnalyticsBrowser.load(settings[0], settings[1])
</script>
"""
SHOP_WITH = """async shopper => {
    await analytics.page('Home')
    await analytics.track('Product Viewed', { product_id: 'boot1', price: 15, currency: 'USD' })
    await analytics.identify(shopper, { plan: 'gold', address: { city: 'Oslo' } })
    await analytics.track('Order Completed', { order_id: `order of ${shopper}`, currency: 'USD', products: [
        { product_id: 'boot1', price: '15.00', quantity: 2, variant: 'M' }, { product_id: 'sock1', price: 15 },
    ] })
    await analytics.track('Newsletter Opened', { issue: 4 })
    return (await analytics.user()).anonymousId()
}"""
STRATEGIES: dict[str, dict[str, Any]] = {"each call": {}, "batches": {"deliveryStrategy": {"strategy": "batching"}}}


def lay_out(site: Site, shop: LiveShop, more: dict[str, Any]) -> str:
    """The URL of a page that loads the library with our address in place of Segment's, and asks nobody for settings."""
    script = site.file("/analytics.js", LIBRARY.read_text(encoding="utf-8"), "text/javascript")
    cdn = {"integrations": {"Segment.io": {"apiKey": shop.publish}}}
    ours = {"apiHost": f"{urlsplit(shop.url).netloc}/v1", "protocol": "http", **more}
    settings = [{"writeKey": shop.publish, "cdnSettings": cdn}, {"integrations": {"Segment.io": ours}}]
    return site.page(LOAD.format(script=script, settings=msgspec.json.encode(settings).decode()))


def described(shop: LiveShop, shopper: str) -> dict[str, Any]:
    """What is stored of the shopper; nothing as yet is an empty object."""
    headers = {"Authorization": f"Bearer {shop.read_write}"}
    found: dict[str, Any] = httpx.get(f"{shop.url}/api/v1/users/{shopper}", headers=headers).json().get("data", {})
    return found


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_analytics_js_says_is_stored_and_nothing_goes_elsewhere(
    page: Page, site: Site, shop: LiveShop, shopper: str, complaints: list[str], strategy: str
) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.clock.install()
    page.goto(lay_out(site, shop, STRATEGIES[strategy]))
    anonymous_id = page.evaluate(SHOP_WITH, shopper)
    page.clock.run_for(31_000)  # past the wait of a batch, and of what the library counts of itself
    wait_until(lambda: len(described(shop, shopper).get("events", ())) == 3 and described(shop, shopper)["properties"])

    found = described(shop, shopper)
    events = {(event["eventType"], event["productId"], event["userId"]) for event in found["events"]}
    assert events == {
        ("view", "boot1", anonymous_id), ("purchase", "boot1", shopper), ("purchase", "sock1", shopper),
    }  # fmt: skip
    assert (found["aliases"], found["properties"]) == ([anonymous_id], {"plan": "gold"})
    [boots] = [event["metadata"] for event in found["events"] if event["metadata"].get("variantId") == "M"]
    assert (boots["orderId"], boots["price"], boots["quantity"]) == (f"order of {shopper}", 15, 2)
    sent = [urlsplit(request.url) for request in asked]
    assert {f"{url.scheme}://{url.netloc}" for url in sent} == {site.origin, shop.url}
    short = {"p", "t", "i"} if strategy == "each call" else {"b"}
    assert {url.path for url in sent if url.netloc == urlsplit(shop.url).netloc} == {
        f"/v1/{each}" for each in {*short, "m"}
    }
    assert complaints == []
