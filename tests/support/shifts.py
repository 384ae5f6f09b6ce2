"""How far things on a page were moved, as browsers count it (Cumulative Layout Shift without its windows)."""

from playwright.sync_api import Page

from tests.support.browsers import PAINTED

WATCH = """<script>
    var moves = 0
    new PerformanceObserver(function (list) {
        list.getEntries().forEach(function (entry) { moves += entry.value })
    }).observe({ type: 'layout-shift', buffered: true })
</script>"""
"""Stands at the beginning of a page."""


def moved(page: Page) -> float:
    """Of a page with WATCH, up to what is painted now."""
    page.evaluate(PAINTED)
    total: float = page.evaluate("moves")
    return total
