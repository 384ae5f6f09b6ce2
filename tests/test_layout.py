"""The tests' own order: what several files share lies in tests/support."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
NOBODYS = {
    ".".join(("tests", *file.relative_to(ROOT).with_suffix("").parts))
    for file in FILES
    if file.name.startswith(("test_", "conftest"))
}
"""Modules that nobody imports from."""


def imported(source: str, package: str) -> Iterator[str]:
    """Each module that `source`, a file of `package`, may import or take something from."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            yield module
            yield from (f"{module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_nobody_imports_from_a_test_file_or_a_conftest(file: Path) -> None:
    package = ".".join(("tests", *file.relative_to(ROOT).parent.parts))
    assert not NOBODYS & set(imported(file.read_text(encoding="utf-8"), package))


@pytest.mark.parametrize("line", [
    "import tests.web.test_limits", "import tests.conftest", "from tests import conftest",
    "from tests.web import test_limits", "from tests.web.test_limits import LIMIT",
    "from tests.conftest import servers", "from .test_limits import LIMIT", "from . import test_limits",
    "from .. import conftest", "from ..conftest import servers",
])  # fmt: skip
def test_every_way_to_import_them_is_seen(line: str) -> None:
    assert NOBODYS & set(imported(line, "tests.web"))


def test_every_module_of_the_shared_ones_is_told() -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / "support" / "__init__.py").read_text(encoding="utf-8"))) or ""
    told = {line.split()[0] for line in docstring.splitlines()[2:]}
    assert told == {file.stem for file in (ROOT / "support").glob("*.py")} - {"__init__"}
