"""The browser SDK: its size, and what it costs a page in headless Chromium.

`after_response_ms`: from the last byte of the list to widgets that can be used; `from_script_ms`: from the last byte of
the script, so with the request. Each load is a visitor of their own, without a cache.

`work_ms`: what the main thread does for a list of 12 cards on a processor four times slower, from the last byte of the
list to its paint: the processor time of all its tasks in a trace (script, style, layout, paint, the requests of 12
pictures), times four. Processor time, since the emulated slow-down stands still in wall time, of which a busy machine
gives it too little. `first`: in a process that has shown nothing but an empty page, so with the first use of fonts,
styles and images; `again`: on the same page once more. `waiting`: before the list, while the network has the turn.
`browser_alone`: the same cards as HTML by itself, without the SDK. `seen_ms`: what the method sees of a busy loop of 20
ms.

`layout_shift`: the largest of any first load, with a text below the widget, by layout and width: with the CSS that
keeps the widgets' places, and without.
"""

import json
import os
import tempfile
from gzip import compress
from pathlib import Path
from typing import Any

import brotli
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from bench.results import write_result
from recomengine.site.build import SITE
from tests.support.browsers import CONTEXT, PAINTED, launch_options, node_program
from tests.support.live_shops import LiveShop, patient_client, placement
from tests.support.processes import start_up, stop
from tests.support.shifts import WATCH, moved
from tests.support.sites import Site, serving_site

LOADS, WARM_UP, LISTS, SHIFTS = 40, 5, 20, 3
CARDS, SLOW_DOWN, BUSY_MS = 12, 4, 20
LAYOUTS, WIDTHS_PX = ("grid", "list", "carousel"), (1280, 360)
FILES = ("recomengine.js", "recomengine.mjs")
MARKS = {"gzip_bytes": 5120, "after_response_p95_ms": 200, "work_ms": 16, "layout_shift": 0}
USABLE = """<script>
    var usable = 0, RecomEngine = { q: [['on', 'render', function () {
        setTimeout(function () { usable = performance.now() })
    }]] }
</script>"""
ARRIVED = """name => performance.getEntriesByType('resource').findLast(one => one.name.includes(name)).responseEnd"""
RENDER = f"""busy => new Promise(done => {{
    const number = document.querySelectorAll('section').length
    const host = document.body.appendChild(document.createElement('div'))
    RecomEngine.render(host, {{ placementId: 'list ' + number, limit: {CARDS} }}).then(() => {{
        const end = performance.now() + busy
        while (performance.now() < end);
        requestAnimationFrame(() => setTimeout(() => {{ performance.mark('painted'); done() }}))
    }})
}})"""
BY_ITSELF = """html => new Promise(done => setTimeout(() => {
    performance.mark('begun')
    document.body.appendChild(document.createElement('div')).innerHTML = html
    requestAnimationFrame(() => setTimeout(() => { performance.mark('painted'); done() }))
}, 100))"""
STYLE = "sheets => sheets.map(sheet => Array.from(sheet.cssRules, rule => rule.cssText).join('\\n')).join('\\n')"
TRACED = ["disabled-by-default-devtools.timeline", "blink.user_timing"]


def main() -> dict[str, Any]:
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = node_program()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # under root the servers run as another user
        up = start_up(Path(folder))
        try:
            with serving_site() as site, patient_client() as client, sync_playwright() as playwright:
                shop = LiveShop.open(up, client, [site.origin])
                browser = playwright.chromium.launch(**launch_options())
                figures = {
                    "browser": browser.version, "size": size(), "marks": MARKS, **times(browser, site, shop),
                    "work_ms": work(browser, site, shop), "layout_shift": shifts(browser, site, shop),
                }  # fmt: skip
                browser.close()
        finally:
            stop(up)
    print(json.dumps(figures, indent=1))
    print(f"written to {write_result('sdk', figures)}")
    return figures


def size() -> dict[str, dict[str, int]]:
    sizes = {}
    for name in FILES:
        plain = (SITE / "built" / "sdk" / name).read_bytes()
        packed = {"gzip_bytes": len(compress(plain, 9)), "brotli_bytes": len(brotli.compress(plain))}
        sizes[name] = {"bytes": len(plain), **packed}
    return sizes


def times(browser: Browser, site: Site, shop: LiveShop) -> dict[str, Any]:
    url = site.page(USABLE + shop.script() + placement("home", limit=str(CARDS)))
    loads = [load(browser, url) for _ in range(WARM_UP + LOADS)][WARM_UP:]
    after, since = (list(column) for column in zip(*loads, strict=True))
    return {"loads": LOADS, "cards": CARDS, "after_response_ms": spread(after), "from_script_ms": spread(since)}


def load(browser: Browser, url: str) -> tuple[float, float]:
    """A first visit: ms to usable widgets since the list and since the script were there."""
    page = browser.new_context(**CONTEXT).new_page()
    page.goto(url)
    page.wait_for_function("usable > 0")
    usable = page.evaluate("usable")
    listed, script = (page.evaluate(ARRIVED, name) for name in ("/widgets/page", "recomengine.js"))
    page.context.close()
    return usable - listed, usable - script


def work(browser: Browser, site: Site, shop: LiveShop) -> dict[str, Any]:
    url = site.page(shop.script(auto="false"))
    first, waiting, again, seen, alone = [], [], [], [], []
    for _ in range(WARM_UP + LISTS):
        page = browser.new_context(**CONTEXT).new_page()
        page.goto(url)
        page.wait_for_function("window.RecomEngine && RecomEngine.version")
        for spent, busy_ms in ((first, 0), (again, 0), (seen, BUSY_MS)):
            before, after = traced(page, RENDER, busy_ms)
            spent.append(after)
            waiting += [before] if spent is first else []
        cards = page.evaluate("document.querySelector('section').outerHTML")
        css = page.evaluate(STYLE, page.evaluate_handle("document.adoptedStyleSheets"))
        page.context.close()
        alone.append(by_itself(browser, site.page(f"<style>{css}</style>"), cards))
    busy = np.array(seen[WARM_UP:]) - np.array(again[WARM_UP:])
    figures = {"first": first, "again": again, "waiting": waiting, "browser_alone": alone}
    spreads = {name: spread([ms * SLOW_DOWN for ms in spent[WARM_UP:]]) for name, spent in figures.items()}
    return {"lists": LISTS, "slow_down": SLOW_DOWN, **spreads, "busy_ms": BUSY_MS, "seen_ms": spread(list(busy))}


def by_itself(browser: Browser, url: str, cards: str) -> float:
    page = browser.new_context(**CONTEXT).new_page()
    page.goto(url)
    _, spent = traced(page, BY_ITSELF, cards)
    page.context.close()
    return spent


def traced(page: Page, call: str, given: object) -> tuple[float, float]:
    """Processor time of the main thread until the list arrived, or `begun`, and from then to `painted`; in ms."""
    page.evaluate(PAINTED)
    browser = page.context.browser
    assert browser is not None
    browser.start_tracing(categories=TRACED)
    page.evaluate(call, given)
    painted_ms = page.evaluate("performance.getEntriesByName('painted').at(-1).startTime")
    if call is BY_ITSELF:
        begun_ms = page.evaluate("performance.getEntriesByName('begun')[0].startTime")
    else:
        begun_ms = page.evaluate(ARRIVED, "/widgets/page")
    events = json.loads(browser.stop_tracing())["traceEvents"]
    end = [event for event in events if event["name"] == "painted"][-1]
    begin_us = end["ts"] - (painted_ms - begun_ms) * 1000
    before = after = 0.0
    for event in events:
        if event["name"] != "RunTask" or (event["pid"], event["tid"]) != (end["pid"], end["tid"]):
            continue
        if event["ts"] + event.get("dur", 0) <= begin_us:
            before += event.get("tdur", 0)
        elif event["ts"] < end["ts"]:
            after += event.get("tdur", 0)
    return before / 1000, after / 1000


def shifts(browser: Browser, site: Site, shop: LiveShop) -> dict[str, dict[str, float]]:
    for layout in LAYOUTS:
        look = {"placementId": layout, "layout": layout, "maxItems": CARDS, "title": "For you", "ctaText": "Buy"}
        shop.admin("POST", f"/api/v1/tenants/{shop.tenant_id}/widgets", look)
    kept = f"<style>{shop.widget_styles()}</style>"
    found: dict[str, dict[str, float]] = {"with_css": {}, "without": {}}
    for name, css in (("with_css", kept), ("without", "")):
        for layout in LAYOUTS:
            url = site.page(WATCH + USABLE + css + shop.script() + placement(layout) + "<p>Below</p>")
            for width in WIDTHS_PX:
                found[name][f"{layout}_{width}"] = max(shift(browser, url, width) for _ in range(SHIFTS))
    return found


def shift(browser: Browser, url: str, width_px: int) -> float:
    """Of a first visit whose first paint comes before the script."""
    page = browser.new_context(**{**CONTEXT, "viewport": {"width": width_px, "height": 800}}).new_page()
    page.route("**/recomengine.js", lambda route: (page.evaluate(PAINTED), route.continue_()))
    page.goto(url)
    page.wait_for_function("usable > 0")
    found = moved(page)
    page.context.close()
    return round(found, 6)


def spread(values: list[float]) -> dict[str, float]:
    return {f"p{share}": round(float(np.percentile(values, share)), 2) for share in (50, 95)}
