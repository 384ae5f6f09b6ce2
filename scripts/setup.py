"""`make setup`: .venv with the pinned packages and the compiled project, by steps that are left out when nothing
changed.

A step is done when its stamp in .venv names the digest of all that it depends on. Runs on a bare Python >= 3.11; as
root on Debian it installs what Python itself lacks (venv, headers, a compiler), for others it says what to install.
`--to-run` leaves out what only tests and benchmarks need: the browser. `--lock` pins requirements/*.txt anew.
"""

import hashlib
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"runtime": [], "dev": ["--group", "dev"]}
BOOTSTRAP = ROOT / "requirements" / "bootstrap.txt"
CLIENT = ROOT / "sdk" / "python"
CORE = ROOT / "src" / "recomengine" / "_core"
SITE = ROOT / "src" / "recomengine" / "site"
SDK = ROOT / "sdk"
DASHBOARD = ROOT / "dashboard"
NODE = SITE / "node.py"
BROWSER_PACKAGES = [ROOT / "tests" / "browser" / name for name in ("package.json", "package-lock.json", ".npmrc")]
CHROMIUM = ROOT / "scripts" / "chromium.py"
DEBIAN = ["python3-venv", "python3-dev", "gcc", "libc6-dev"]


def main() -> None:
    started = time.perf_counter()
    if "--lock" in sys.argv:
        lock()
        return
    check_tools()
    lines = [
        step("environment", [BOOTSTRAP], make_environment),
        step("packages", [BOOTSTRAP, ROOT / "requirements" / "dev.txt"], install_packages),
        step(
            "kernels",
            [ROOT / "setup.py", ROOT / "requirements" / "dev.txt", *sources()],
            install_project,
            description(),
        ),
        step("Python client", [CLIENT / "pyproject.toml", ROOT / "requirements" / "dev.txt"], install_client),
        step("browser SDK", sdk_files(), build_sdk),
        step("dashboard", dashboard_files(), build_dashboard),
        step("files for browsers", [SITE / "build.py", *static_files(), *sdk_files(), *dashboard_files()], build_site),
    ]
    if "--to-run" not in sys.argv:
        lines.append(step("browser for the tests", [*BROWSER_PACKAGES, CHROMIUM], install_browser))
    print(f"setup: {'done' if any(lines) else 'nothing to do'}, {time.perf_counter() - started:.1f} s")


def sources() -> list[Path]:
    return sorted(file for end in ("pyx", "pxd", "h") for file in CORE.glob(f"*.{end}"))


def description() -> str:
    """What pyproject.toml says of the package; its settings of tests and linters change nothing that is compiled."""
    import tomllib  # an older Python has none, and is told so before this

    said = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return f"{said['build-system']} {said['project']} {said['tool']['setuptools']}"


def static_files() -> list[Path]:
    return sorted(file for file in (SITE / "static").rglob("*") if file.is_file())


def sdk_files() -> list[Path]:
    pinned = [SDK / "package-lock.json", SDK / ".npmrc", SDK / "tsconfig.json", ROOT / "requirements" / "dev.txt"]
    return [NODE, SDK / "build.py", *sorted(SDK.glob("*.mjs")), *pinned, *sorted((SDK / "src").iterdir())]


def dashboard_files() -> list[Path]:
    """The types of the API are not among them: a browser gets none."""
    beside = [file for pattern in ("*.mjs", "*.ts", "*.html", "*.py") for file in sorted(DASHBOARD.glob(pattern))]
    pinned = [DASHBOARD / "package-lock.json", DASHBOARD / ".npmrc", ROOT / "requirements" / "dev.txt"]
    source = sorted(file for file in (DASHBOARD / "src").rglob("*") if file.is_file() and file.name != "schema.d.ts")
    return [NODE, *beside, *pinned, *source]


def step(name: str, inputs: list[Path], work: Callable[[], None], more: str = "") -> str | None:
    """Run `work` unless its stamp says that it was done with these inputs, this Python and this place."""
    digest = hashlib.sha256(f"{sys.version} {ROOT}{more}".encode())
    for file in inputs:
        digest.update(file.read_bytes())
    stamp = VENV / f".{name.replace(' ', '-')}.stamp"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == digest.hexdigest():
        return None
    started = time.perf_counter()
    print(f"setup: {name} …", flush=True)
    work()
    stamp.write_text(digest.hexdigest())
    print(f"setup: {name}, {time.perf_counter() - started:.1f} s", flush=True)
    return name


def make_environment() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(VENV)])
    run(
        [
            str(PYTHON),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            str(BOOTSTRAP),
        ]
    )


def install_packages() -> None:
    run([str(PYTHON), "-m", "uv", "pip", "sync", "--quiet", "--require-hashes", str(ROOT / "requirements" / "dev.txt")])


def install_project() -> None:
    install(ROOT)


def install_client() -> None:
    install(CLIENT)


def install(folder: Path) -> None:
    command = [
        "-m",
        "uv",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--reinstall",
        "--editable",
        str(folder),
    ]
    run([str(PYTHON), *command])


def build_sdk() -> None:
    run([str(PYTHON), str(SDK / "build.py")])


def build_dashboard() -> None:
    run([str(PYTHON), str(DASHBOARD / "build.py")])


def build_site() -> None:
    run([str(PYTHON), "-m", "recomengine.site.build"])


def install_browser() -> None:
    """Into .venv/browser: a Chromium, and the packages that the tests of pages load into it."""
    target = VENV / "browser"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for file in BROWSER_PACKAGES:
        shutil.copy(file, target)
    npm_ci(target)
    if (sys.platform, platform.machine()) == ("linux", "x86_64"):
        package = target / "node_modules" / "@sparticuz" / "chromium"
        run([str(PYTHON), str(CHROMIUM), str(package), str(target / "chromium")])
    elif not os.environ.get("CHROMIUM"):
        print("setup: where this fails, set CHROMIUM to the path of an installed Chromium or Chrome", flush=True)
        run([str(PYTHON), "-m", "playwright", "install", "chromium"])


def npm_ci(folder: Path) -> None:
    """What the lock file in `folder` names; with a cache of its own, as the user may have no home."""
    with tempfile.TemporaryDirectory() as cache:
        run([str(VENV / "bin" / "npm"), "ci", "--prefix", str(folder), "--cache", cache, "--loglevel", "error"])


def check_tools() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this is where an older one is told so
        sys.exit(
            f"setup: Python 3.11 or newer is needed, this is {sys.version.split()[0]}. Call `make PYTHON=python3.12 …`."
        )
    missing = [name for name, there in tools().items() if not there]
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"setup: installing {', '.join(DEBIAN)} with apt-get …", flush=True)
        run(["apt-get", "update", "-qq"])
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *DEBIAN])
        missing = [name for name, there in tools().items() if not there]
    if missing:
        remedy = f"On Debian or Ubuntu: sudo apt-get install {' '.join(DEBIAN)}. On macOS: xcode-select --install"
        sys.exit(f"setup: missing {', '.join(missing)}. {remedy}")


def tools() -> dict[str, bool]:
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    pip = subprocess.run([sys.executable, "-c", "import venv, ensurepip"], capture_output=True, check=False)
    compiler = os.environ.get("CC", "cc").split()[0]
    return {
        "Python's venv": pip.returncode == 0,
        "Python's headers": headers.exists(),
        "a C compiler": shutil.which(compiler) is not None,
    }


def lock() -> None:
    """Names, versions and hashes for every platform; no addresses, so any index and any mirror will do."""
    compile_ = [
        str(PYTHON), "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11",
        "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
    ]  # fmt: skip
    for name, options in LOCKS.items():
        run([*compile_, *options, "pyproject.toml", "-o", f"requirements/{name}.txt"])
    entry = re.search(r"^uv==.*?(?=^\S|\Z)", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE | re.DOTALL)
    assert entry is not None
    BOOTSTRAP.write_text(entry[0])


def run(command: list[str]) -> None:
    """uv and Node trust the certificates that this machine trusts (pip does by itself), so that a company's proxy is no
    obstacle.
    """
    trust = {"UV_SYSTEM_CERTS": "1", "NODE_USE_SYSTEM_CA": "1"}
    certificates = trust if ssl.create_default_context().get_ca_certs() else {}
    try:
        subprocess.run(command, check=True, cwd=ROOT, env=certificates | os.environ)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        sys.exit(f"setup: {' '.join(command[:6])} … failed: {error}. See the messages above.")


if __name__ == "__main__":
    main()
