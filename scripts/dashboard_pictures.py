"""docs/images/dashboard/*.png anew: `.venv/bin/python -m scripts.dashboard_pictures URL DATA_DIR`, of a running
`recomengine demo` and its DATA_DIR, after the look of the dashboard changed.

Each page as the sample shop's owner has it, on a phone and on a desk, light and dark.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from recomengine.demo.prepare import DEMO_FILE
from scripts.shop_pictures import SCHEMES, WINDOWS, flat, ready
from tests.support.browsers import CONTEXT, launch_options, node_program

OUT = Path(__file__).resolve().parents[1] / "docs" / "images" / "dashboard"
OF_NOBODY = {"landing": "/", "login": "/login", "signup": "/signup", "forgot-password": "/forgot-password"}
OF_ADMIN = {"overview": "/dashboard", "tenants": "/dashboard/tenants", "account": "/dashboard/settings"}
OF_TENANT = {
    "home": "", "analytics": "/analytics", "experiments": "/experiments", "widgets": "/widgets", "catalog": "/catalog",
    "product": "/catalog/hip-flask", "imports": "/imports", "shoppers": "/shoppers",
    "shopper": "/shoppers/shopper-0001", "playground": "/playground?user=shopper-0001", "events": "/events",
    "models": "/models", "replay": "/models/replay", "integration": "/integration", "jobs": "/jobs", "keys": "/keys",
    "settings": "/settings", "audit": "/audit",
}  # fmt: skip


def main() -> None:
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = node_program()
    OUT.mkdir(parents=True, exist_ok=True)
    url, made = sys.argv[1].rstrip("/"), json.loads((Path(sys.argv[2]) / DEMO_FILE).read_text(encoding="utf-8"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        for width in WINDOWS:
            for scheme in SCHEMES:
                visit(browser, url, made, width, scheme)
        browser.close()


def visit(browser: Browser, url: str, made: dict[str, Any], width: int, scheme: Any) -> None:
    window: Any = {"width": width, "height": WINDOWS[width]}
    context = browser.new_context(**CONTEXT | {"viewport": window, "color_scheme": scheme, "reduced_motion": "reduce"})
    page = context.new_page()
    page.route("**/pictures/*.svg", flat)
    tenant = f"/dashboard/tenants/{made['tenantId']}"
    for name, path in OF_NOBODY.items():
        take(page, url + path, f"{name}-{width}-{scheme}")
    sign_in(page, url, made)
    for name, path in (OF_ADMIN | {name: tenant + path for name, path in OF_TENANT.items()}).items():
        take(page, url + path, f"{name}-{width}-{scheme}")
    context.close()


def sign_in(page: Page, url: str, made: dict[str, Any]) -> None:
    page.goto(f"{url}/login")
    page.get_by_label("E-mail").fill(made["email"])
    page.get_by_label("Password", exact=True).fill(made["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/dashboard")


def take(page: Page, url: str, name: str) -> None:
    page.goto(url)
    expect(page.locator("h1").first).to_be_visible()
    ready(page)
    page.screenshot(path=OUT / f"{name}.png")


if __name__ == "__main__":
    main()
