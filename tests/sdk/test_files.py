"""The SDK's files as they are built and served."""

import gzip

import httpx
import pytest

from recomengine.web.assets import bundle

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
