"""The dashboard's weight, and how soon its landing page and its page for signing in stand in headless Chromium.

`initial_js_bytes`: the scripts of the first load, gzipped. `paint_ms`: the largest contentful paint, from the request
of the page, without a cache, each load a visitor of their own. `script_bytes`: what a page loads of scripts before
anybody does anything on it, as it came.
"""

import gzip
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from bench.results import write_result
from recomengine.site.build import SITE
from tests.support.browsers import CONTEXT, launch_options, node_program
from tests.support.processes import start_up, stop

LOADS, WARM_UP = 20, 2
PAGES = {"landing": "/", "sign in": "/login"}
MARKS = {"initial_js_bytes": 110_000}
APP = SITE / "built" / "app"
PAINT = """() => new Promise(done => new PerformanceObserver(
    list => done(list.getEntries().at(-1).startTime)).observe({ type: 'largest-contentful-paint', buffered: true }))"""
SCRIPTS = """() => performance.getEntriesByType('resource')
    .filter(one => one.name.endsWith('.js')).reduce((sum, one) => sum + one.encodedBodySize, 0)"""


def main() -> dict[str, Any]:
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = node_program()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # under root the servers run as another user
        up = start_up(Path(folder))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(**launch_options())
                figures: dict[str, Any] = {"browser": browser.version, "initial_js_bytes": initial_bytes()}
                figures |= {name: measure(browser, up.url + path) for name, path in PAGES.items()}
                browser.close()
        finally:
            stop(up)
    figures["marks"] = MARKS
    print(figures)
    print(f"written to {write_result('dashboard', figures)}")
    return figures


def initial_bytes() -> int:
    page = (APP / "index.html").read_text(encoding="utf-8")
    files = [APP / name for name in re.findall(r'(?:src|href)="/app/([^"]+\.js)"', page)]
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files)


def measure(browser: Browser, url: str) -> dict[str, float]:
    paints, scripts = [], 0.0
    for _ in range(WARM_UP + LOADS):
        context = browser.new_context(**CONTEXT)
        page = context.new_page()
        page.goto(url)
        page.wait_for_load_state("networkidle")
        paints.append(page.evaluate(PAINT))
        scripts = page.evaluate(SCRIPTS)
        context.close()
    kept = np.array(paints[WARM_UP:])
    return {
        "paint_p50_ms": round(float(np.median(kept)), 1),
        "paint_p95_ms": round(float(np.percentile(kept, 95)), 1),
        "script_bytes": scripts,
    }


if __name__ == "__main__":
    main()
