"""The way from a first visit to an attributed purchase, walked by the pages themselves, so that any browser can: it is
only shown the first page.
"""

from collections import Counter

from tests.support.gateways import Gateway
from tests.support.lists import SHOP
from tests.support.live_shops import LiveShop, placement
from tests.support.processes import wait_until
from tests.support.sites import Site

CARDS = 4
STUB = "<script>window.RecomEngine = { q: [] }</script>"
LOOK_AND_CLICK = f"""<script>
    var seen = 0
    RecomEngine.q.push(['on', 'event', function (happening) {{
        if (happening.eventType === 'impression' && ++seen === {CARDS})
            document.querySelector('[data-recomengine-placement] a[href]').click()
    }}])
</script>"""


def lay_out(shop: LiveShop, site: Site, gateway: Gateway, shopper: str) -> str:
    """Put the pages there: home, whose first product is opened once all were seen, and each product's, where it is
    bought; the URL of the first.
    """
    script = shop.script(gateway.url, user_id=shopper)
    for product in SHOP:
        order = {"productId": product["productId"], "price": product["price"], "orderId": f"order-{shopper}"}
        buy = f"<script>RecomEngine.q.push(['track', 'purchase', {order | {'currency': 'USD'}}])</script>"
        site.file(f"/{product['productId']}", f"<!doctype html><title>It</title>{STUB}{buy}{script}", "text/html")
    return site.page(STUB + LOOK_AND_CLICK + placement("home", limit=str(CARDS)) + script)


def check(shop: LiveShop, gateway: Gateway, shopper: str) -> None:
    """The path was walked to its end, each event stored once, and the purchase attributed to the click."""
    gateway.await_events(*["impression"] * CARDS, "click", "purchase")
    stored = shop.events(shopper)
    assert Counter(event["eventType"] for event in stored) == {"impression": CARDS, "click": 1, "purchase": 1}
    by_type = {event["eventType"]: event for event in stored}
    assert by_type["purchase"]["productId"] == by_type["click"]["productId"]
    assert by_type["click"]["metadata"]["recommendationId"] == by_type["impression"]["metadata"]["recommendationId"]
    wait_until(lambda: shop.overview()["attributedConversions"] >= 1)
