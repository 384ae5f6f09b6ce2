"""The documents in the repository: what they lead to and what they name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\((?!https?://|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")


def headings(document: Path) -> set[str]:
    """As the anchors that a heading gets."""
    found = re.findall(r"(?m)^#+ (.+)$", document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    for path, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        target = document.parent / path if path else document
        assert target.exists(), path
        assert not anchor or anchor in headings(target), f"{path}#{anchor}"


def test_every_test_that_the_security_document_names_is_there() -> None:
    lines = (ROOT / "docs/security.md").read_text(encoding="utf-8").splitlines()
    rows = lines[lines.index("| What | How | Outcome | Held by |") + 2 :]
    for row in rows[: rows.index("")]:
        names = re.findall(r"`(tests/[^`]+)`", row.split("|")[4])
        assert names, f"nothing holds {row}"
        assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_landing_page_gives_figures_of_the_readme_alone() -> None:
    words = (ROOT / "dashboard" / "src" / "features" / "landing" / "words.ts").read_text(encoding="utf-8")
    figures = re.findall(r"value: '([^']+)'", words)
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("Budgets are p95.")[2]
    assert figures
    assert [figure for figure in figures if f"| {figure} |" not in table] == []


NAMED = re.compile(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|pyi|pyx|pxd|h|sql|toml|json|yml|yaml|js|css|html))(?:: ([\w.]+))?`")
MADE = {"manifest.json", "migrations/NNNN_name.sql"}
"""What the system writes while it runs, and a name that stands for many."""
FOLDERS = ("src", "sdk/python/src", "tests", "bench", "scripts", "migrations", "docs", "deploy", "examples", ".ci")


def files() -> list[Path]:
    below = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [*below, *(path for path in ROOT.iterdir() if path.is_file())]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_every_file_and_name_in_it_that_a_document_names_is_there(document: Path) -> None:
    """A file may be named by the end of its path; a name in it stands behind a colon."""
    there = files()
    for name, member in NAMED.findall(document.read_text(encoding="utf-8")):
        found = [path for path in there if path.as_posix().endswith(f"/{name}")]
        assert found or name in MADE, name
        last = member.rpartition(".")[2]
        assert not member or any(last in path.read_text(encoding="utf-8") for path in found), f"{name}: {member}"


def test_every_test_that_the_compatibility_document_names_is_there() -> None:
    text = (ROOT / "docs/compatibility.md").read_text(encoding="utf-8")
    rows = text.partition("| Situation | What we do | Held by |\n")[2].splitlines()[1:]
    for row in rows:
        named = re.findall(r"`(tests/[^`:]+)(?:::(\w+))?`", row.split("|")[3])
        assert named, f"nothing holds {row}"
        for path, name in named:
            assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), f"{path}::{name}"
