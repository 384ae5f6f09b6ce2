"""The sample shop over HTTP: its pages, their files and pictures, and the way from where they stood before."""

import gzip
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from recomengine.demo.catalog import demo_products
from recomengine.demo.pages import Page, Storefront
from recomengine.demo.pictures import picture
from recomengine.web.assets import ASK_AGAIN, Policy, asset_of, bundle, bundle_route, serve_asset
from recomengine.web.problems import NotFound

PICTURE_CACHING = "public, max-age=86400"
SHOPPER_COOKIE = "wayfern-shopper"
MOST_WORDS = 80
"""Characters of a search."""

Make = Callable[[Request], Page | None]


def demo_routes(publish_key: str) -> list[Route]:
    """The pages give `publish_key` to the SDK, and so to every visitor."""
    files = bundle("shop")
    shop = Storefront(files, publish_key, demo_products())
    pages: dict[str, Make] = {
        "/shop": lambda request: shop.home(),
        "/shop/": lambda request: shop.home(),
        "/shop/categories/{department}": lambda request: shop.shelf(*_shelf_of(request)),
        "/shop/categories/{department}/{aisle}": lambda request: shop.shelf(*_shelf_of(request)),
        "/shop/products/{id}": lambda request: shop.product(request.path_params["id"]),
        "/shop/search": lambda request: shop.search(_words_of(request)),
        "/shop/cart": lambda request: shop.plain("cart", "Your cart at Wayfern"),
        "/shop/checkout": lambda request: shop.plain("checkout", "Checkout at Wayfern"),
        "/shop/thank-you": lambda request: shop.plain("thanks", "Thank you, from Wayfern"),
    }
    return [
        _pictures(shop),
        bundle_route("/shop/files", {name: file for name, file in files.items() if not name.endswith(".html")}),
        *(_page_route(path, make, shop) for path, make in pages.items()),
        _page_route("/shop/{rest:path}", lambda request: None, shop),
        *(Route(path, _moved, methods=["GET"], include_in_schema=False) for path in ("/demo", "/demo/{rest:path}")),
    ]


def _page_route(path: str, make: Make, shop: Storefront) -> Route:
    async def answer(request: Request) -> Response:
        page = make(request) or shop.plain("missing", "Not found at Wayfern")
        whole = shop.whole(page, request.cookies.get(SHOPPER_COOKIE))
        asset = asset_of(whole, "text/html", {"gzip": gzip.compress(whole, 6, mtime=0)})
        response = serve_asset(request, asset, ASK_AGAIN, Policy.PAGE)
        if not page.found and response.status_code == 200:
            response.status_code = 404
        return response

    return Route(path, answer, methods=["GET"], include_in_schema=False)


def _shelf_of(request: Request) -> tuple[str, str]:
    return request.url.path, request.query_params.get("sort", "")


def _words_of(request: Request) -> str:
    return " ".join(request.query_params.get("q", "")[:MOST_WORDS].split())


async def _moved(request: Request) -> Response:
    """The shop stood at /demo once, and addresses in older data dirs still say so."""
    return RedirectResponse(f"/shop/{request.path_params.get('rest', '')}".rstrip("/"), 301)


def _pictures(shop: Storefront) -> Route:
    async def answer(request: Request) -> Response:
        product = shop.products.get(request.path_params["id"])
        if product is None:
            raise NotFound(f"The sample shop has no product {request.path_params['id']}.")
        return serve_asset(request, asset_of(picture(product), "image/svg+xml"), PICTURE_CACHING, Policy.FOREIGN)

    return Route("/shop/pictures/{id}.svg", answer, methods=["GET"], include_in_schema=False)
