import re
from collections.abc import AsyncIterator
from xml.etree import ElementTree

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from recomengine.demo.catalog import demo_products
from recomengine.demo.routes import demo_routes
from recomengine.web.assets import bundle
from recomengine.web.problems import Problem, problem_response

KEY = "rk_pub_demo"


def on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(request, error)


@pytest.fixture
async def shop() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=demo_routes(KEY), exception_handlers={Problem: on_problem})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as client:
        yield client


@pytest.mark.parametrize("path", ["/demo", "/demo/", "/demo/cart", "/demo/products/curlew-two-person-tent"])
async def test_every_page_is_the_same_document(shop: httpx.AsyncClient, path: str) -> None:
    answer = await shop.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; script-src 'self';" in answer.headers["content-security-policy"]
    assert answer.content == bundle("storefront")["storefront.html"].forms["identity"]


@pytest.mark.parametrize(
    ("path", "media_type"), [("/demo/storefront.css", "text/css"), ("/demo/storefront.js", "text/javascript")]
)
async def test_style_and_script_are_served_with_their_type(shop: httpx.AsyncClient, path: str, media_type: str) -> None:
    answer = await shop.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)
    assert "max-age" in answer.headers["cache-control"]


async def test_config_gives_the_key_the_products_and_shoppers_to_shop_as(shop: httpx.AsyncClient) -> None:
    answer = await shop.get("/demo/config.json")

    config = answer.json()
    assert config["key"] == KEY
    assert config["products"] == demo_products()
    assert config["shoppers"][0] == {"userId": "shopper-0001", "taste": "Weekend camper"}


async def test_pictures_are_cached_svgs(shop: httpx.AsyncClient) -> None:
    answer = await shop.get(demo_products()[0]["imageUrl"])

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "max-age=86400" in answer.headers["cache-control"]
    ElementTree.fromstring(answer.content)


async def test_picture_of_an_unknown_product_is_not_found(shop: httpx.AsyncClient) -> None:
    answer = await shop.get("/demo/pictures/no-such-thing.svg")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline() -> None:
    storefront = bundle("storefront")
    page, style, script = (
        storefront[f"storefront.{kind}"].forms["identity"].decode() for kind in ("html", "css", "js")
    )

    assert not re.search(r"""(?:src|href)="(?:https?:)?//""", page)
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*\ssrc=)", page)
    assert "url(" not in style
    assert "innerHTML" not in script
