"""`make test-browsers`: the main path in the engines of this machine that set-up does not bring, Firefox and WebKit.

No driver is needed: the browser is shown the first page, and the API and the database say how it went.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.support.gateways import Gateway
from tests.support.live_shops import LiveShop
from tests.support.main_path import check, lay_out
from tests.support.processes import PATIENCE_S
from tests.support.sites import Site

INSTALL = "apt-get install --no-install-recommends firefox-esr libwebkit2gtk-4.1-0 webkit2gtk-driver xvfb"
FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
WEBKIT = next(
    (str(found) for libraries in ("/usr/lib", "/usr/libexec") for found in Path(libraries).rglob("MiniBrowser")), None
)
ALONE = """
user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 1);
user_pref("network.proxy.ssl", "127.0.0.1");
user_pref("network.proxy.ssl_port", 1);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
"""
"""What Firefox would ask of its makers reaches nobody; this machine is reached without a proxy."""


@contextmanager
def running(command: Sequence[str], folder: Path, **environ: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder), **environ},
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def firefox(url: str, folder: Path) -> AbstractContextManager[object]:
    (folder / "user.js").write_text(ALONE, encoding="utf-8")
    return running([FIREFOX or "", "--headless", "--no-remote", "--profile", str(folder), url], folder)


@contextmanager
def webkit(url: str, folder: Path) -> Iterator[object]:
    """On a screen that nobody sees."""
    screen = ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    with running(screen, folder) as shown:
        assert shown.stdout is not None
        number = shown.stdout.readline().decode().strip()
        with running([WEBKIT or "", "--private", url], folder, DISPLAY=f":{number}") as browser:
            yield browser


INSTALLED = [
    engine for engine, there in ((firefox, FIREFOX), (webkit, WEBKIT and shutil.which("Xvfb"))) if there is not None
]


def test_another_engine_is_installed() -> None:
    assert INSTALLED, f"there is neither Firefox nor WebKit with Xvfb. As root: {INSTALL}"


@pytest.mark.parametrize("engine", INSTALLED)
def test_the_main_path_is_walked(
    engine: Callable[[str, Path], AbstractContextManager[object]],
    shop: LiveShop, site: Site, gateway: Gateway, shopper: str, tmp_path: Path,
) -> None:  # fmt: skip
    with engine(lay_out(shop, site, gateway, shopper), tmp_path):
        check(shop, gateway, shopper)
    print(gateway.requests("/sdk/", "GET")[0].headers["User-Agent"])
