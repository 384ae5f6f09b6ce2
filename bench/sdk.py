"""The browser SDK: its size, and what it costs a page in headless Chromium.

`after_response_ms`: from the last byte of the list to widgets that can be used; `from_script_ms`: from the last byte of
the script, so with the request. `work_ms`: script, style and layout on the main thread for a list of 12 cards, with the
processor slowed down four times. `layout_shift`: the largest of any load, with a text below the widget. Each load is a
visitor of their own, without a cache.
"""

import gzip
import os
import tempfile
from pathlib import Path
from typing import Any

import brotli
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from bench.results import write_result
from recomengine.site.build import SITE
from tests.support.browsers import CONTEXT, launch_options, node_program
from tests.support.live_shops import LiveShop, patient_client, placement
from tests.support.processes import start_up, stop
from tests.support.sites import Site, serving_site

LOADS, WARM_UP = 40, 5
CARDS, SLOW_DOWN = 12, 4
FILES = ("recomengine.js", "recomengine.mjs")
MARKS = {"gzip_bytes": 5120, "after_response_p95_ms": 200, "work_ms": 16, "layout_shift": 0}
WATCH = """<script>
    var moved = 0, usable = 0, RecomEngine = { q: [['on', 'render', function () {
        setTimeout(function () { usable = performance.now() })
    }]] }
    new PerformanceObserver(function (list) {
        list.getEntries().forEach(function (entry) { moved += entry.value })
    }).observe({ type: 'layout-shift', buffered: true })
</script>"""
ARRIVED = """name => performance.getEntriesByType('resource').find(one => one.name.includes(name)).responseEnd"""
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
WORK = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")


def main() -> dict[str, Any]:
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = node_program()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # under root the servers run as another user
        up = start_up(Path(folder))
        try:
            with serving_site() as site, patient_client() as client, sync_playwright() as playwright:
                shop = LiveShop.open(up, client, [site.origin])
                browser = playwright.chromium.launch(**launch_options())
                figures = {"browser": browser.version, "size": size(), "marks": MARKS} | measure(browser, site, shop)
                browser.close()
        finally:
            stop(up)
    print(figures)
    print(f"written to {write_result('sdk', figures)}")
    return figures


def size() -> dict[str, dict[str, int]]:
    sizes = {}
    for name in FILES:
        plain = (SITE / "built" / "sdk" / name).read_bytes()
        packed = {"gzip_bytes": len(gzip.compress(plain, 9)), "brotli_bytes": len(brotli.compress(plain))}
        sizes[name] = {"bytes": len(plain), **packed}
    return sizes


def measure(browser: Browser, site: Site, shop: LiveShop) -> dict[str, Any]:
    below = "<p>Below</p>"
    loaded = site.page(WATCH + shop.script() + placement("home", limit=str(CARDS)) + below)
    rendered = site.page(shop.script(auto="false") + "<div id=here></div>" + below)
    loads = [load(browser, loaded) for _ in range(WARM_UP + LOADS)][WARM_UP:]
    after, since, moved = (list(column) for column in zip(*loads, strict=True))
    work = [work_of(browser, rendered) for _ in range(WARM_UP + LOADS)][WARM_UP:]
    return {
        "loads": LOADS, "cards": CARDS, "after_response_ms": spread(after), "from_script_ms": spread(since),
        "slow_down": SLOW_DOWN, "work_ms": spread(work), "layout_shift": max(moved),
    }  # fmt: skip


def load(browser: Browser, url: str) -> tuple[float, float, float]:
    """A first visit: ms to usable widgets since the list and since the script were there, and the layout shift."""
    context = browser.new_context(**CONTEXT)
    page = context.new_page()
    page.goto(url)
    page.wait_for_function("usable > 0")
    page.evaluate(SETTLED)
    usable, moved = page.evaluate("[usable, moved]")
    listed, script = (page.evaluate(ARRIVED, name) for name in ("/widgets/page", "recomengine.js"))
    context.close()
    return usable - listed, usable - script, moved


def work_of(browser: Browser, url: str) -> float:
    """ms on the main thread from asking for the list to the widget as it is painted."""
    context = browser.new_context(**CONTEXT)
    page = context.new_page()
    page.goto(url)
    page.wait_for_function("window.RecomEngine && RecomEngine.version")
    session = context.new_cdp_session(page)
    session.send("Performance.enable")
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_DOWN})
    before = busy_s(page)
    page.evaluate(f"() => RecomEngine.render(here, {{ placementId: 'home', limit: {CARDS} }})")
    page.evaluate(SETTLED)
    spent = busy_s(page) - before
    context.close()
    return spent * 1000


def busy_s(page: Page) -> float:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    told = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    session.detach()
    return float(sum(told[name] for name in WORK))


def spread(values: list[float]) -> dict[str, float]:
    return {f"p{share}": round(float(np.percentile(values, share)), 2) for share in (50, 95)}
