"""The tests' own order: what several files share lies in tests/support."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
FILES = sorted(ROOT.rglob("*.py"))


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_nobody_imports_from_a_test_file_or_a_conftest(file: Path) -> None:
    for name in imported(file):
        parts = name.split(".")
        assert parts[0] != "tests" or not any(part.startswith(("test_", "conftest")) for part in parts[1:-1]), name


def test_every_module_of_the_shared_ones_is_told() -> None:
    told = {line.split()[0] for line in (ast.get_docstring(ast.parse((ROOT / "support/__init__.py").read_text())) or "").splitlines()[2:]}
    assert told == {file.stem for file in (ROOT / "support").glob("*.py")} - {"__init__"}
