"""docs/images/sdk/*.png anew: `.venv/bin/python -m scripts.sdk_pictures`, after the look of the SDK's lists changed.

Each layout on a phone and on a desk, light and dark; from right to left; under way; with fields missing; with a theme.
The products are the sample shop's.
"""

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, Route, sync_playwright

from recomengine.demo.catalog import demo_products
from recomengine.demo.pictures import picture
from tests.support.browsers import launch_options, node_program
from tests.support.rendering import LAYOUTS, Json, renderer_script, widget

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "sdk"
SHOP = "http://shop.test/"
PRODUCTS = {product["productId"]: product for product in demo_products()}
PHONE, DESK = 360, 1280
CHOSEN, STEP = 8, 31
LONGEST_PX = 1040
WHOLE_CARDS = """longest => {
    const ends = [...document.querySelectorAll('.re-card')].map(card => card.getBoundingClientRect().bottom + 12)
    return Math.ceil(Math.max(...ends.filter(end => end <= longest)))
}"""
PAGE = """<!doctype html><html lang="{language}" dir="{direction}"><meta name="viewport" content="width=device-width">
<style>:root {{ color-scheme: light dark }} body {{ margin: 16px; font: 16px/1.5 "Open Sans", sans-serif }}</style>
<div id="host"></div></html>"""


class View(NamedTuple):
    name: str
    widget: Json
    items: list[Json]
    width: int = DESK
    scheme: Any = "light"
    direction: str = "ltr"
    language: str = "en"
    call: str = "show"


def main() -> None:
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = node_program()
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        for view in views():
            take(browser, view)
        browser.close()


def views() -> list[View]:
    lines = [line(product, number) for number, product in enumerate(list(PRODUCTS.values())[::STEP][:CHOSEN])]
    seen = [
        View(f"{layout}-{width}-{scheme}", widget(layout), lines, width, scheme)
        for layout in LAYOUTS
        for width in (PHONE, DESK)
        for scheme in ("light", "dark")
    ]
    hebrew = {"title": "נבחר עבורך", "ctaText": "לצפייה"}
    seen += [
        View(f"{layout}-rtl", widget(layout, **hebrew), lines, direction="rtl", language="he") for layout in LAYOUTS
    ]
    theme = {"primaryColor": "#0f766e", "borderColor": "#99d5cf", "borderRadius": 4, "gap": 24, "fontFamily": "serif"}
    return [
        *seen,
        View("theme", widget("carousel", columns=3, theme=theme, ctaText="Add to basket"), lines),
        View("skeleton", widget("grid", maxItems=4), [], call="skeleton"),
        View("missing-fields", widget("grid", title="New in this shop"), bare(lines)),
    ]


def line(product: Json, number: int) -> Json:
    seed = list(PRODUCTS.values())[number * 17 % len(PRODUCTS)]["name"]
    reason = ("Popular in this shop", f"Because you viewed {seed}", f"Often bought together with {seed}")[number % 3]
    kept = {field: product[field] for field in ("productId", "name", "url", "imageUrl", "price", "currency")}
    return {**kept, "reason": reason}


def bare(lines: list[Json]) -> list[Json]:
    lacking: list[Json] = [
        {"imageUrl": None}, {"price": None}, {"url": None, "reason": ""},
        {"imageUrl": "/gone.png", "currency": "tokens"},
    ]  # fmt: skip
    return [{**line, **missing} for line, missing in zip(lines, lacking, strict=False)]


def take(browser: Browser, view: View) -> None:
    context = browser.new_context(viewport={"width": view.width, "height": LONGEST_PX}, color_scheme=view.scheme)
    page = context.new_page()
    page.route("**/*", lambda route: answer(route, view))
    page.goto(SHOP)
    page.add_script_tag(content=renderer_script())
    page.evaluate(
        "([call, ...given]) => { Renderer[call](host, ...given) }",
        ["skeleton", view.widget, {}] if view.call == "skeleton" else ["show", view.widget, view.items, {}],
    )
    wait_for_pictures(page)
    height = page.evaluate(WHOLE_CARDS, LONGEST_PX)
    page.set_viewport_size({"width": view.width, "height": height})
    page.screenshot(path=OUT / f"{view.name}.png")
    context.close()


def answer(route: Route, view: View) -> None:
    found = re.search(r"/pictures/(.+)\.svg$", route.request.url)
    if found:
        # Of one colour each: gradients make the files three times as large.
        flat = re.sub(rb'fill="url\(#\w+\)"', b'fill="#eceae4"', picture(PRODUCTS[found[1]]))
        route.fulfill(body=flat, content_type="image/svg+xml")
    elif route.request.url == SHOP:
        page = PAGE.format(language=view.language, direction=view.direction)
        route.fulfill(body=page, content_type="text/html; charset=utf-8")
    else:
        route.fulfill(status=404)


def wait_for_pictures(page: Page) -> None:
    page.evaluate(
        """async () => {
            for (const image of document.images) image.loading = 'eager'
            await Promise.all([...document.images].map(image => image.decode().catch(() => image.src)))
            await new Promise(requestAnimationFrame)
        }"""
    )


if __name__ == "__main__":
    main()
