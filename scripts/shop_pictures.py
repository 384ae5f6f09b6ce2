"""docs/images/shop/*.png anew: `.venv/bin/python -m scripts.shop_pictures URL`, of a running `recomengine demo`, after
the look of the sample shop changed.

Each page as a new visitor has it who buys a tent, on a phone and on a desk, light and dark.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from recomengine.demo.catalog import demo_products
from recomengine.demo.pictures import picture
from tests.support.browsers import CONTEXT, launch_options, node_program

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "shop"
PRODUCTS = {product["productId"]: product for product in demo_products()}
WINDOWS = {360: 740, 1280: 860}
SCHEMES = ("light", "dark")
LONGEST_PX = {360: 2200, 1280: 1500}
SHOWN_FOR_MS = 6_000
"""Until cards have counted as seen, and the next batch of events has left."""


def main() -> None:
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = node_program()
    OUT.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        for width in WINDOWS:
            for scheme in SCHEMES:
                visit(browser, sys.argv[1].rstrip("/"), width, scheme)
        browser.close()


def visit(browser: Browser, url: str, width: int, scheme: Any) -> None:
    window: Any = {"width": width, "height": WINDOWS[width]}
    context = browser.new_context(**CONTEXT | {"viewport": window, "color_scheme": scheme, "reduced_motion": "reduce"})
    page = context.new_page()
    page.route("**/pictures/*.svg", flat)

    def take(name: str, *, whole: bool = True) -> None:
        ready(page)
        longest = page.evaluate("document.documentElement.scrollHeight") if whole else window["height"]
        clip: Any = {"x": 0, "y": 0, "width": width, "height": min(longest, LONGEST_PX[width])}
        page.screenshot(path=OUT / f"{name}-{width}-{scheme}.png", full_page=whole, clip=clip)

    page.goto(f"{url}/shop")
    take("home")
    page.goto(f"{url}/shop/categories/outdoor/tents")
    take("category")
    page.goto(f"{url}/shop/search?q=copper")
    take("search")
    page.goto(f"{url}/shop/cart")
    take("cart-empty")
    page.goto(f"{url}/shop/products/curlew-two-person-tent")
    take("product")
    page.get_by_role("button", name="Add to cart").click()
    page.keyboard.press("Control+.")
    page.wait_for_timeout(SHOWN_FOR_MS)
    expect(page.locator(".receipt").first).not_to_have_text("waiting")
    take("behind", whole=False)
    page.keyboard.press("Control+.")
    page.goto(f"{url}/shop/cart")
    take("cart")
    page.get_by_role("link", name="Check out").click()
    take("checkout")
    page.get_by_role("button", name="Place the order").click()
    page.wait_for_url("**/thank-you")
    take("thank-you")
    page.goto(f"{url}/shop")
    take("home-after")
    context.close()


def ready(page: Page) -> None:
    """Lists are there in place of their skeletons, and all pictures are drawn."""
    page.wait_for_load_state("networkidle")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.evaluate(
        """async () => {
            for (const image of document.images) image.loading = 'eager'
            await Promise.all([...document.images].map(image => image.decode()))
            await new Promise(requestAnimationFrame)
        }"""
    )


def flat(route: Route) -> None:
    """A product's picture on one colour: gradients make the files three times as large."""
    product = PRODUCTS[route.request.url.rpartition("/")[2].removesuffix(".svg")]
    drawn = picture(product).decode()
    ground = re.findall(r'stop-color="(#\w+)"', drawn)[-1]
    route.fulfill(body=drawn.replace("url(#g)", ground), content_type="image/svg+xml")


if __name__ == "__main__":
    main()
