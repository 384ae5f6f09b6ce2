"""The SDK's renderer by itself, on a page of a test."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.support.browsers import node_program
from tests.support.sites import Site

SDK = Path(__file__).resolve().parents[2] / "sdk"
Json = dict[str, Any]
LAYOUTS = ("grid", "carousel", "list")
STRICT = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; img-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
}
"""Headers that allow no inline style, and no HTML made by script."""


@cache
def renderer_script() -> str:
    """`Renderer.skeleton`, `show` and `hide`, from the sources as they are."""
    command = [node_program(), "bundle.mjs", "renderer.ts", "Renderer"]
    return subprocess.run(command, cwd=SDK, check=True, capture_output=True, text=True).stdout


def widget(layout: str = "grid", **fields: Any) -> Json:
    usual = {"columns": 4, "theme": {}, "maxItems": 8, "showPrice": True, "ctaText": "View product", "currency": "USD"}
    return {"placementId": "home", "layout": layout, "title": "Picked for you", "strategy": None, **usual, **fields}


def item(number: int, **fields: Any) -> Json:
    line = {"name": f"Waxed canvas rucksack {number}", "url": f"/products/{number}", "imageUrl": f"/i/{number}.svg"}
    reason = "Because you viewed Enamel Mug, Set of Two"
    return {"productId": f"p{number}", **line, "price": 20 + number, "currency": "USD", "reason": reason, **fields}


def items(count: int, **fields: Any) -> list[Json]:
    return [item(number, **fields) for number in range(count)]


def open_stage(page: Page, site: Site, headers: Json | None = None, marks: str = "", css: str = "") -> None:
    """A page with an empty #host between two paragraphs; marks: attributes of its html element."""
    site.file("/renderer.js", renderer_script(), "text/javascript")
    site.file("/stage.css", f"body {{ margin: 16px; font: 16px/1.5 sans-serif }} {css}", "text/css")
    head = '<title>A shop</title><link rel="stylesheet" href="/stage.css"><script src="/renderer.js"></script>'
    body = '<main><h1>A shop</h1><div id="host"></div><p id="below">What comes after it</p></main>'
    opening = f'<html lang="en" {marks}>' if "lang=" not in marks else f"<html {marks}>"
    page.goto(site.page(f"<!doctype html>{opening}<head>{head}</head><body>{body}</body></html>", headers))


def skeleton(page: Page, widget: Json, options: Json | None = None) -> None:
    page.evaluate("([widget, options]) => Renderer.skeleton(host, widget, options)", [widget, options or {}])


def show(page: Page, widget: Json, items: list[Json], options: Json | None = None) -> None:
    page.evaluate("given => { Renderer.show(host, ...given) }", [widget, items, options or {}])
