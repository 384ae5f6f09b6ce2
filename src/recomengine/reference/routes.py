"""The API's description: /openapi.json, and the pages that are made from it. Built when first asked for, the same for everybody."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from recomengine.reference.pages import problems_page, reference_page
from recomengine.web.middleware import PAGE_POLICY
from recomengine.web.openapi import document

HEADERS = {"Cache-Control": "public, max-age=300", "Content-Security-Policy": PAGE_POLICY}
STYLE = "/docs/reference.css"


def reference_routes(routes: Sequence[BaseRoute]) -> list[BaseRoute]:
    """The pages that describe `routes`."""
    described = cache(lambda: document(routes))
    return [
        _page("/openapi.json", lambda: msgspec.json.encode(described()), "application/json"),
        _page("/docs", lambda: reference_page(described()), "text/html"),
        _page("/docs/problems", problems_page, "text/html"),
        _page(STYLE, files("recomengine.reference").joinpath("reference.css").read_bytes, "text/css"),
    ]


def _page(path: str, make: Callable[[], str | bytes], media_type: str) -> Route:
    made = cache(make)

    async def answer(_request: Request) -> Response:
        return Response(await asyncio.to_thread(made), headers=HEADERS, media_type=media_type)  # making it takes a tenth of a second

    return Route(path, answer, methods=["GET"], include_in_schema=False)
