"""The SDK's files as they are built and served."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from recomengine.context import Context
from recomengine.sdk.kept import keep_scripts, kept_script
from recomengine.web.assets import asset_of, bundle

MOST_BYTES = 5120


def test_the_script_stays_within_what_a_page_is_asked_to_load() -> None:
    script = bundle("sdk")["recomengine.js"].forms["identity"]

    assert len(gzip.compress(script, 9, mtime=0)) <= MOST_BYTES


@pytest.mark.parametrize("name", ["recomengine.js", "recomengine.mjs"])
async def test_a_page_of_any_origin_may_load_it_and_check_its_integrity(client: httpx.AsyncClient, name: str) -> None:
    asset = bundle("sdk")[name]
    for path, caching in ((name, "public, max-age=300"), (asset.hashed(name), "public, max-age=31536000, immutable")):
        answer = await client.get(f"/sdk/v1/{path}", headers={"Origin": "https://shop.example"})

        assert (answer.status_code, answer.content) == (200, asset.forms["identity"])
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["cache-control"] == caching
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize("form", ["br", "gzip"])
async def test_it_comes_packed(client: httpx.AsyncClient, form: str) -> None:
    answer = await client.get("/sdk/v1/recomengine.js", headers={"Accept-Encoding": form})

    assert answer.headers["content-encoding"] == form
    assert answer.content == bundle("sdk")["recomengine.js"].forms["identity"]


@pytest.mark.parametrize("name", ["recomengine.d.ts", "recomengine.d.mts"])
async def test_its_types_come_beside_it(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/sdk/v1/{name}")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")


@pytest.fixture
def of_last_year(context: Context) -> Iterator[tuple[str, bytes]]:
    """The script that another version left: its name and content."""
    content = b"/* of another version */"
    name = asset_of(content, "text/javascript").hashed("recomengine.js")
    file = context.settings.data_dir / "sdk" / name
    file.write_bytes(content)
    yield name, content
    file.unlink()


async def test_a_script_of_another_version_is_served_by_its_hash_for_good(
    client: httpx.AsyncClient, of_last_year: tuple[str, bytes]
) -> None:
    name, content = of_last_year
    answer = await client.get(f"/sdk/v1/{name}", headers={"Origin": "https://shop.example"})

    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-encoding"] == "gzip"


async def test_what_is_not_what_its_name_says_is_not_served(
    client: httpx.AsyncClient, context: Context, of_last_year: tuple[str, bytes]
) -> None:
    (context.settings.data_dir / "sdk" / of_last_year[0]).write_bytes(b"/* changed */")
    for name in (of_last_year[0], "recomengine.0123456789abcdef.js", "..%2fsecrets.json", "%2e%2e/secrets.json"):
        assert (await client.get(f"/sdk/v1/{name}")).status_code == 404


async def test_a_version_leaves_its_scripts_for_later_ones(context: Context, tmp_path: Path) -> None:
    names = {bundle("sdk")[name].hashed(name) for name in ("recomengine.js", "recomengine.mjs")}
    assert names <= {file.name for file in (context.settings.data_dir / "sdk").iterdir()}

    for _ in range(2):
        keep_scripts(tmp_path)
    assert {file.name for file in (tmp_path / "sdk").iterdir()} == names
    for name in names:
        kept = kept_script(tmp_path, name)
        assert kept is not None
        assert kept.integrity in {asset.integrity for asset in bundle("sdk").values()}


def test_a_data_dir_that_takes_no_file_keeps_nobody_from_starting(tmp_path: Path) -> None:
    (tmp_path / "sdk").write_text("in the way")

    keep_scripts(tmp_path)

    assert (tmp_path / "sdk").read_text() == "in the way"
