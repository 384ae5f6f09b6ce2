"""A page that is left and comes back from the back/forward cache, by its own scripts, so that any browser can do it."""

from collections import Counter

from tests.support.gateways import PAGE, Gateway
from tests.support.live_shops import LiveShop, placement
from tests.support.sites import Site

CARDS = 4
LEAVE_AND_LOOK = """<script>
    window.RecomEngine = { q: [['on', 'render', function () {
        if (performance.getEntriesByType('navigation')[0].type === 'back_forward') return
        RecomEngine.track('view', { productId: 'boot1' })
        var leave = function () { setTimeout(function () { location.href = 'AWAY' }) }
        document.readyState === 'complete' ? leave() : addEventListener('load', leave) // before, it leaves no way back
    }]] }
    addEventListener('pageshow', function (shown) {
        if (performance.getEntriesByType('navigation')[0].type !== 'back_forward' && !shown.persisted) return
        RecomEngine.q || RecomEngine.track('search', { query: 'back', isPersisted: shown.persisted })
        document.querySelector('[data-recomengine-placement]').scrollIntoView()
    })
</script>"""
BACK = "<script>addEventListener('load', function () { setTimeout(function () { history.back() }, 100) })</script>"


def lay_out(shop: LiveShop, site: Site, gateway: Gateway, shopper: str) -> str:
    """Put the pages there; the URL of the first, whose list is seen only after it came back."""
    script = shop.script(gateway.url, user_id=shopper)
    away = site.page(f"<p>Elsewhere</p>{BACK}")
    below = f'<div style="height: 3000px"></div>{placement("home", limit=str(CARDS))}<div style="height: 3000px"></div>'
    return site.page(LEAVE_AND_LOOK.replace("AWAY", away) + below + script)


def check(shop: LiveShop, gateway: Gateway, shopper: str) -> None:
    """The same page came back, and its list and its queue went on: each event arrived and was stored once."""
    gateway.await_events("view", "search", *["impression"] * CARDS)
    assert len(gateway.requests(PAGE)) == 1
    [search] = [event for event in shop.events(shopper) if event["eventType"] == "search"]
    assert search["metadata"]["isPersisted"] is True
    assert Counter(event["eventType"] for event in shop.events(shopper)) == {
        "view": 1, "search": 1, "impression": CARDS,
    }  # fmt: skip
