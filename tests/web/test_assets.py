"""Files for browsers: what of them is kept for how long, who may use them, and in which form they come."""

import gzip
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import brotli
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from recomengine.site.build import SITE, build
from recomengine.web.assets import Asset, Policy, asset_of, bundle, bundle_route, hashed_route, made_route, page_route
from recomengine.web.middleware import RequestLayer
from recomengine.web.problems import Problem, problem_response

SCRIPT = b"export const answer = 42;\n" * 100
FORMS = {"br": brotli.compress(SCRIPT), "gzip": gzip.compress(SCRIPT, mtime=0)}
ASSET = asset_of(SCRIPT, "text/javascript", FORMS)
PLAIN = asset_of(b"tiny", "text/plain")
PAGE = asset_of(b"<!doctype html>", "text/html")


def on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(request, error)


@pytest.fixture
async def made() -> list[str]:
    return []


@pytest.fixture
async def site(made: list[str]) -> AsyncIterator[httpx.AsyncClient]:
    def make() -> bytes:
        made.append("made")
        return SCRIPT

    assets = {"app.js": ASSET, "deep/er/note.txt": PLAIN}
    routes = [
        page_route("/", PAGE), bundle_route("/own", assets), bundle_route("/sdk", assets, Policy.FOREIGN),
        hashed_route("/app", {"app-3f2a.js": ASSET}),
        made_route("/made", make, "text/html", Policy.PAGE),
    ]  # fmt: skip
    app = RequestLayer(Starlette(routes=routes, exception_handlers={Problem: on_problem}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://site") as client:
        yield client


@pytest.mark.parametrize(
    ("accepted", "form"),
    [
        ("gzip, deflate, br, zstd", "br"), ("gzip", "gzip"), ("br;q=0, gzip;q=0.5", "gzip"),
        ("br; q=0, gzip; q=0.000", "identity"),
        ("*", "br"), ("*;q=0", "identity"), ("*, br;q=0", "gzip"), ("BR", "br"), ("deflate", "identity"),
        ("", "identity"), (";;,,q=", "identity"),
    ],
)  # fmt: skip
async def test_a_file_comes_in_the_smallest_form_that_the_browser_takes(
    site: httpx.AsyncClient, accepted: str, form: str
) -> None:
    async with site.stream("GET", "/own/app.js", headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])

    assert answer.headers.get("content-encoding", "identity") == form
    assert raw == ASSET.forms[form]
    assert answer.headers["content-length"] == str(len(raw))
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_a_file_without_smaller_forms_comes_as_it_is(site: httpx.AsyncClient) -> None:
    answer = await site.get("/own/deep/er/note.txt")

    assert (answer.content, answer.headers["content-type"]) == (b"tiny", "text/plain; charset=utf-8")
    assert "content-encoding" not in answer.headers


async def test_under_its_own_name_a_file_is_asked_for_again_soon_and_under_its_hash_never(
    site: httpx.AsyncClient,
) -> None:
    own, hashed = await site.get("/own/app.js"), await site.get(f"/own/{ASSET.hashed('app.js')}")

    assert own.headers["cache-control"] == "public, max-age=300"
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert own.content == hashed.content == SCRIPT


async def test_a_file_whose_builder_named_it_by_its_content_never_changes(site: httpx.AsyncClient) -> None:
    answer = await site.get("/app/app-3f2a.js")

    assert (answer.headers["cache-control"], answer.content) == ("public, max-age=31536000, immutable", SCRIPT)
    assert (await site.get(f"/app/{ASSET.hashed('app-3f2a.js')}")).status_code == 404


def test_other_content_has_another_hash() -> None:
    assert ASSET.hashed("deep/app.js") == f"deep/app.{ASSET.digest}.js"
    assert asset_of(SCRIPT + b" ", "text/javascript").digest != ASSET.digest


async def test_a_form_that_the_browser_has_is_not_sent_again(site: httpx.AsyncClient) -> None:
    packed = await site.get("/own/app.js", headers={"Accept-Encoding": "br"})
    plain = await site.get("/own/app.js", headers={"Accept-Encoding": ""})

    tag = packed.headers["etag"]
    assert tag != plain.headers["etag"]
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await site.get("/own/app.js", headers={"Accept-Encoding": "br", "If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == "public, max-age=300"
    assert (await site.get("/own/app.js", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_a_file_for_foreign_pages_may_be_read_from_any_origin_and_ours_may_not(site: httpx.AsyncClient) -> None:
    foreign, own = await site.get("/sdk/app.js"), await site.get("/own/app.js")

    assert foreign.headers["cross-origin-resource-policy"] == "cross-origin"
    assert foreign.headers["access-control-allow-origin"] == "*"
    assert own.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in own.headers
    assert foreign.headers["x-content-type-options"] == own.headers["x-content-type-options"] == "nosniff"


async def test_a_page_runs_only_what_is_ours_and_is_asked_for_again(site: httpx.AsyncClient) -> None:
    page, script = await site.get("/"), await site.get("/own/app.js")

    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["cross-origin-resource-policy"] == "same-origin"
    assert script.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


async def test_what_is_made_is_made_once(site: httpx.AsyncClient, made: list[str]) -> None:
    first, second = await site.get("/made"), await site.get("/made", headers={"Accept-Encoding": "identity"})

    assert first.content == second.content == SCRIPT
    assert (first.headers["content-encoding"], "content-encoding" in second.headers) == ("gzip", False)
    assert made == ["made"]


@pytest.mark.parametrize("name", ["", "app.css", "deep", "app.0123456789abcdef.js", "app.js.br", "%2e%2e/app.js"])
async def test_a_file_that_is_not_in_the_bundle_is_a_problem(site: httpx.AsyncClient, name: str) -> None:
    answer = await site.get(f"/own/{name}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_head_answers_as_get_without_the_body(site: httpx.AsyncClient) -> None:
    answer = await site.head("/own/app.js", headers={"Accept-Encoding": "gzip"})

    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", str(len(FORMS["gzip"])))


def test_integrity_is_what_browsers_compute() -> None:
    of_abc = (
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"  # FIPS 180-4
    )
    assert asset_of(b"abc", "text/plain").integrity == "sha384-" + b64encode(bytes.fromhex(of_abc)).decode()


def test_a_build_replaces_what_is_stale_and_keeps_no_form_that_saves_nothing(tmp_path: Path) -> None:
    static, built = tmp_path / "static" / "shop", tmp_path / "built" / "shop"
    foreign = tmp_path / "built" / "bundler" / "app.js"
    for folder in (static, built, foreign.parent):
        folder.mkdir(parents=True)
    (static / "app.js").write_bytes(SCRIPT)
    (static / "noise.png").write_bytes(Random(1).randbytes(4096))
    (built / "gone.js.br").write_bytes(b"old")
    foreign.write_bytes(SCRIPT)

    build(tmp_path)
    build(tmp_path)

    assert {file.name for file in built.iterdir()} == {"app.js", "app.js.br", "app.js.gz", "noise.png"}
    assert brotli.decompress((built / "app.js.br").read_bytes()) == SCRIPT
    assert gzip.decompress((foreign.parent / "app.js.gz").read_bytes()) == SCRIPT


def test_what_is_served_is_what_lies_in_the_tree_and_each_form_unpacks_to_it() -> None:
    unpack: dict[str, Callable[[bytes], bytes]] = {"br": brotli.decompress, "gzip": gzip.decompress}
    for folder in (SITE / "static").iterdir():
        assets: dict[str, Asset] = bundle(folder.name)
        assert set(assets) == {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
        for name, asset in assets.items():
            assert asset.forms["identity"] == (folder / name).read_bytes(), (
                f"{name} was changed after the last `make setup`"
            )
            assert {"br", "gzip"} < set(asset.forms)
            assert all(
                unpack[form](packed) == asset.forms["identity"]
                for form, packed in asset.forms.items()
                if form != "identity"
            )
