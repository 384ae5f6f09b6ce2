import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from xml.etree import ElementTree

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from recomengine.demo.catalog import demo_products
from recomengine.demo.routes import SHOPPER_COOKIE, demo_routes
from recomengine.demo.simulation import regulars
from recomengine.web.assets import bundle
from recomengine.web.problems import Problem, problem_response

KEY = "rk_pub_demo"
PAGES = [
    "/shop", "/shop/", "/shop/categories/outdoor", "/shop/categories/packs-travel/duffels?sort=low",
    "/shop/products/curlew-two-person-tent", "/shop/search?q=tea", "/shop/cart", "/shop/checkout", "/shop/thank-you",
]  # fmt: skip


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, attribute: str, tag: str | None = None) -> list[str]:
        return [given[attribute] for name, given in self.found if attribute in given and tag in (None, name)]


def on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(request, error)


@pytest.fixture
async def shop() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=demo_routes(KEY), exception_handlers={Problem: on_problem})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://shop") as client:
        yield client


async def tags_of(shop: httpx.AsyncClient, path: str) -> Tags:
    return Tags((await shop.get(path)).text)


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_runs_only_what_is_ours_and_nothing_inline(shop: httpx.AsyncClient, path: str) -> None:
    answer = await shop.get(path)
    tags = Tags(answer.text)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; script-src 'self';" in answer.headers["content-security-policy"]
    assert all(each.startswith(("/", "#")) for name in ("src", "href", "action") for each in tags.all(name))
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", answer.text)
    assert "$" not in re.sub(r"\$\d", "", answer.text)


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_pastes_in_the_sdk_with_the_publish_key(shop: httpx.AsyncClient, path: str) -> None:
    tags = await tags_of(shop, path)

    assert tags.all("data-key") == [KEY]
    assert "/sdk/v1/recomengine.js" in tags.all("src", "script")
    assert tags.all("data-recomengine-placement") or tags.all("data-placement") or "checkout" in path


@pytest.mark.parametrize("path", PAGES)
async def test_every_file_and_page_that_a_page_names_is_there(shop: httpx.AsyncClient, path: str) -> None:
    tags = await tags_of(shop, path)
    named = {*tags.all("href"), *tags.all("src")} - {"/sdk/v1/recomengine.js", "/docs"}

    for address in named:
        assert address.startswith("#") or (await shop.get(address)).status_code == 200, address


async def test_a_shelf_holds_its_products_in_the_order_that_was_asked_for(shop: httpx.AsyncClient) -> None:
    mugs = sorted(
        (each for each in demo_products() if each["category"] == "Kitchen > Mugs"), key=lambda each: each["price"]
    )
    links = (await tags_of(shop, "/shop/categories/kitchen/mugs?sort=low")).all("href", "a")

    assert [link for link in links if "/products/" in link] == [mug["url"] for mug in mugs]
    everything = (await tags_of(shop, "/shop/categories/kitchen?sort=nonsense")).all("href", "a")
    assert {mug["url"] for mug in mugs} < set(everything)


async def test_every_product_has_a_page_with_its_price_and_its_like_to_be_asked_for(shop: httpx.AsyncClient) -> None:
    for product in demo_products():
        answer = await shop.get(product["url"])
        assert answer.status_code == 200
        assert f"${product['price']:,.2f}" in answer.text
        assert Tags(answer.text).all("data-product-id") == [product["productId"]] * 2


async def test_a_search_finds_what_holds_every_word_and_shows_the_words_as_they_are(shop: httpx.AsyncClient) -> None:
    found = [link for link in (await tags_of(shop, "/shop/search?q=copper+SAUCEPAN")).all("href", "a") if "/p" in link]
    hostile = await shop.get("/shop/search", params={"q": "<img src=x onerror=alert(1)>"})

    assert [link for link in found if "/products/" in link] == ["/shop/products/copper-saucepan"]
    assert "<img src=x" not in hostile.text
    assert "&lt;img src=x" in hostile.text
    assert (await shop.get("/shop/search")).status_code == 200


async def test_a_known_shopper_is_told_to_the_sdk_and_an_unknown_one_is_a_new_visitor(shop: httpx.AsyncClient) -> None:
    user, taste = regulars()[3]
    known = await shop.get("/shop", headers={"Cookie": f"{SHOPPER_COOKIE}={user}"})
    stranger = await shop.get("/shop", headers={"Cookie": f'{SHOPPER_COOKIE}=somebody"else'})

    assert Tags(known.text).all("data-user-id") == [user]
    assert f'<option value="{user}" selected>{taste}</option>' in known.text
    assert Tags(stranger.text).all("data-user-id") == []
    assert known.headers["etag"] != stranger.headers["etag"]


@pytest.mark.parametrize("path", ["/shop/nothing", "/shop/products/nothing", "/shop/categories/nothing/mugs"])
async def test_a_page_that_is_not_there_says_so_as_a_page(shop: httpx.AsyncClient, path: str) -> None:
    answer = await shop.get(path)

    assert answer.status_code == 404
    assert "Not on our shelves" in answer.text


@pytest.mark.parametrize(
    ("path", "now"),
    [
        ("/demo", "/shop"), ("/demo/", "/shop"), ("/demo/cart", "/shop/cart"),
        ("/demo/products/hip-flask", "/shop/products/hip-flask"),
        ("/demo/pictures/hip-flask.svg", "/shop/pictures/hip-flask.svg"),
        ("/demo//elsewhere.example", "/shop//elsewhere.example"),
    ],
)  # fmt: skip
async def test_where_the_shop_stood_before_leads_to_where_it_is(shop: httpx.AsyncClient, path: str, now: str) -> None:
    answer = await shop.get(path)

    assert (answer.status_code, answer.headers["location"]) == (301, now)


async def test_pictures_are_cached_svgs(shop: httpx.AsyncClient) -> None:
    answer = await shop.get(demo_products()[0]["imageUrl"])

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "max-age=86400" in answer.headers["cache-control"]
    ElementTree.fromstring(answer.content)


async def test_picture_of_an_unknown_product_is_not_found(shop: httpx.AsyncClient) -> None:
    answer = await shop.get("/shop/pictures/no-such-thing.svg")

    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_no_script_makes_html_of_text_and_no_style_loads_anything() -> None:
    for name, file in bundle("shop").items():
        text = file.forms["identity"].decode()
        if name.endswith(".js"):
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(|\.style\b", text)
        elif name.endswith(".css"):
            assert "url(" not in text
