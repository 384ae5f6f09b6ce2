"""The package as others get it, and its documents."""

import ast
import gzip
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from recomengine import shop
from recomengine.catalog.schemas import ItemIn, ItemPatch
from recomengine.events.schemas import EventIn
from recomengine.recommendations import schemas as recommendations
from recomengine_client import Event, Product, ProductPatch, Query, __version__, schemas
from tests.support.apps import Tenant
from tests.support.processes import PATIENCE_S

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "sdk" / "python"
DOCUMENT = (ROOT / "docs" / "python-client.md").read_text(encoding="utf-8")
README = (CLIENT / "README.md").read_text(encoding="utf-8")
URLS = re.compile(r"http://127\.0\.0\.1:5008|https://recommendations\.example\.com")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)


def names(struct: type[msgspec.Struct]) -> set[str]:
    return set(struct.__struct_encode_fields__)


@pytest.mark.parametrize("file", sorted(CLIENT.rglob("src/**/*.py")), ids=lambda file: file.name)
def test_it_needs_httpx_msgspec_and_nothing_of_the_server(file: Path) -> None:
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    packages = {name.partition(".")[0] for name in found}
    assert packages <= sys.stdlib_module_names | {"httpx", "msgspec", "recomengine_client"}


def test_its_wheel_has_its_types_its_command_and_its_version(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(CLIENT, source, ignore=shutil.ignore_patterns("*.egg-info", "build"))
    command = [sys.executable, "-m", "uv", "build", "--no-build-isolation", "--quiet", "--wheel", str(source)]
    subprocess.run([*command, "--out-dir", str(tmp_path)], check=True)
    [wheel] = tmp_path.glob("*.whl")
    assert wheel.name.startswith(f"recomengine_client-{__version__}-py3-none-any")
    with zipfile.ZipFile(wheel) as packed:
        inside = set(packed.namelist())
        entry = next(name for name in inside if name.endswith("entry_points.txt"))
        assert b"recomengine-client = recomengine_client.command:main" in packed.read(entry)
    ours = {f"recomengine_client/{file.name}" for file in (CLIENT / "src" / "recomengine_client").glob("*.py")}
    assert inside >= ours | {"recomengine_client/py.typed"}


def test_it_says_what_the_server_understands() -> None:
    assert names(Event) == names(EventIn) - {"key"}
    assert names(Product) == names(ItemIn)
    assert names(ProductPatch) == names(ItemPatch)
    assert names(Query) == names(recommendations.Query) - {"key"}
    assert set(get_args(schemas.EventType)) == set(get_args(shop.EventType))
    assert set(get_args(schemas.Strategy)) == set(get_args(shop.Strategy))
    assert names(schemas.ListMeta) <= names(recommendations.ListMeta)
    assert names(schemas.Recommendation) <= names(recommendations.Recommendation)


@pytest.mark.parametrize("text", [DOCUMENT, README], ids=["docs", "README"])
def test_the_examples_work_as_pasted(text: str, other_process: str, tenant: Tenant, tmp_path: Path) -> None:
    program = tmp_path / "pasted.py"
    pasted = URLS.sub(other_process, "\n".join(blocks(text, "python"))).replace("rk_live_…", tenant.read_write)
    program.write_text(pasted, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program)], capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    if text is DOCUMENT:
        assert "5000 0 1\n" in done.stdout
        assert "422 invalid $.limit" in done.stdout
        assert "['browser-7f3a']" in done.stdout


@pytest.mark.parametrize("text", [DOCUMENT, README], ids=["docs", "README"])
def test_the_commands_work_as_pasted(text: str, other_process: str, tenant: Tenant, tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("id,Title\nboots,Leather boots\n", encoding="utf-8")
    for name in ("events-2025.ndjson", "orders.ndjson"):
        (tmp_path / name).write_text('{"eventType": "view", "userId": "ann", "productId": "boots"}\n', encoding="utf-8")
    table = b"eventType,userId,productId\nview,bob,boots\n"
    (tmp_path / "events-2024.csv.gz").write_bytes(gzip.compress(table))
    pasted = URLS.sub(other_process, "\n".join(each for each in blocks(text, "sh") if "push" in each))
    environ = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                            "XDG_STATE_HOME": str(tmp_path / "state")}  # fmt: skip
    done = subprocess.run(
        ["sh", "-e"], input=pasted.replace("rk_live_…", tenant.read_write), capture_output=True, text=True,
        check=False, timeout=PATIENCE_S, env=environ, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "stored" in done.stdout
