"""The demo shop over HTTP: one page for every address, its style and script, its settings and its pictures."""

from importlib.resources import files

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recomengine.demo.catalog import Product, demo_products
from recomengine.demo.pictures import picture
from recomengine.demo.simulation import regulars
from recomengine.web.middleware import PAGE_POLICY
from recomengine.web.problems import NotFound

PAGES = ("/demo", "/demo/", "/demo/cart", "/demo/products/{id}")

_PAGE_HEADERS = {"Cache-Control": "no-cache", "Content-Security-Policy": PAGE_POLICY}
_ASSET_HEADERS = {"Cache-Control": "public, max-age=300"}
_PICTURE_HEADERS = {"Cache-Control": "public, max-age=86400", "Content-Security-Policy": "default-src 'none'"}
_CONFIG_HEADERS = {"Cache-Control": "no-store"}

_encode = msgspec.json.Encoder().encode


def demo_routes(publish_key: str) -> list[Route]:
    """The storefront calls the API of the same origin with `publish_key`, which every visitor can read."""
    products = demo_products()
    return [
        *(_file(path, "storefront.html", "text/html", _PAGE_HEADERS) for path in PAGES),
        _file("/demo/storefront.css", "storefront.css", "text/css", _ASSET_HEADERS),
        _file("/demo/storefront.js", "storefront.js", "text/javascript", _ASSET_HEADERS),
        _fixed("/demo/config.json", _config(publish_key, products), "application/json", _CONFIG_HEADERS),
        _pictures(products),
    ]


def _config(publish_key: str, products: list[Product]) -> bytes:
    shoppers = [{"userId": shopper, "taste": taste} for shopper, taste in regulars()]
    return _encode({"key": publish_key, "shoppers": shoppers, "products": products})


def _file(path: str, name: str, media_type: str, headers: dict[str, str]) -> Route:
    return _fixed(path, files("recomengine.demo").joinpath(name).read_bytes(), media_type, headers)


def _fixed(path: str, body: bytes, media_type: str, headers: dict[str, str]) -> Route:
    async def answer(_request: Request) -> Response:
        return Response(body, headers=headers, media_type=media_type)

    return Route(path, answer, methods=["GET"], include_in_schema=False)


def _pictures(products: list[Product]) -> Route:
    by_id = {product["productId"]: product for product in products}

    async def answer(request: Request) -> Response:
        product = by_id.get(request.path_params["id"])
        if product is None:
            raise NotFound(f"The demo shop has no product {request.path_params['id']}.")
        return Response(picture(product), headers=_PICTURE_HEADERS, media_type="image/svg+xml")

    return Route("/demo/pictures/{id}.svg", answer, methods=["GET"], include_in_schema=False)
