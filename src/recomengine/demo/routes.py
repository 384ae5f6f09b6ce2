"""The demo shop over HTTP: one page for every address, its style and script, its settings and its pictures."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recomengine.demo.catalog import Product, demo_products
from recomengine.demo.pictures import picture
from recomengine.demo.simulation import regulars
from recomengine.web.assets import Policy, asset_of, bundle, bundle_route, page_route, serve_asset
from recomengine.web.problems import NotFound

PAGES = ("/demo", "/demo/", "/demo/cart", "/demo/products/{id}")
PICTURE_CACHING = "public, max-age=86400"

_encode = msgspec.json.Encoder().encode


def demo_routes(publish_key: str) -> list[Route]:
    """The storefront calls the API of the same origin with `publish_key`, which every visitor can read."""
    products, storefront = demo_products(), bundle("storefront")
    return [
        *(page_route(path, storefront["storefront.html"]) for path in PAGES),
        _config_route(publish_key, products),
        _pictures(products),
        bundle_route("/demo", {name: asset for name, asset in storefront.items() if not name.endswith(".html")}),
    ]


def _config_route(publish_key: str, products: list[Product]) -> Route:
    shoppers = [{"userId": shopper, "taste": taste} for shopper, taste in regulars()]
    config = _encode({"key": publish_key, "shoppers": shoppers, "products": products})

    async def answer(_request: Request) -> Response:
        return Response(config, media_type="application/json")

    return Route("/demo/config.json", answer, methods=["GET"], include_in_schema=False)


def _pictures(products: list[Product]) -> Route:
    by_id = {product["productId"]: product for product in products}

    async def answer(request: Request) -> Response:
        product = by_id.get(request.path_params["id"])
        if product is None:
            raise NotFound(f"The demo shop has no product {request.path_params['id']}.")
        return serve_asset(request, asset_of(picture(product), "image/svg+xml"), PICTURE_CACHING, Policy.OWN)

    return Route("/demo/pictures/{id}.svg", answer, methods=["GET"], include_in_schema=False)
