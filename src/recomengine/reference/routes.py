"""The API's description: /openapi.json, and the pages that are made from it. Made when first asked for, the same for
everybody.
"""

from collections.abc import Sequence
from functools import cache

import msgspec
from starlette.routing import BaseRoute

from recomengine.reference.pages import problems_page, reference_page
from recomengine.web.assets import Policy, bundle, bundle_route, made_route
from recomengine.web.openapi import document


def reference_routes(routes: Sequence[BaseRoute]) -> list[BaseRoute]:
    """The pages that describe `routes`."""
    described = cache(lambda: document(routes))
    return [
        made_route("/openapi.json", lambda: msgspec.json.encode(described()), "application/json"),
        made_route("/docs", lambda: reference_page(described()).encode(), "text/html", Policy.PAGE),
        made_route("/docs/problems", lambda: problems_page().encode(), "text/html", Policy.PAGE),
        bundle_route("/docs", bundle("reference")),
    ]
