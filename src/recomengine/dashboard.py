"""The dashboard over HTTP: the landing page, the one document of the app at each of its addresses, and their files.

Addresses are named one by one, so that what the API does not know stays a problem in JSON.
"""

import gzip

from starlette.routing import Route

from recomengine.web.assets import asset_of, bundle, hashed_route, page_route

FILES = "/app"
ENTRY = ("/login", "/signup", "/forgot-password", "/reset-password", "/invitation")
"""Pages of whoever is not signed in."""
LANDING, APP = "landing.html", "index.html"


def dashboard_routes() -> list[Route]:
    built = bundle("app")
    return [
        page_route("/", built[LANDING]),
        *(page_route(path, built[APP]) for path in (*ENTRY, "/dashboard", "/dashboard/{path:path}")),
        hashed_route(FILES, {name: file for name, file in built.items() if not name.endswith(".html")}),
    ]


def landing_route(publish_key: str) -> Route:
    """The landing page with lists of a shop: `publish_key` is given to every visitor."""
    page = bundle("app")[LANDING].forms["identity"].replace(b'data-key=""', f'data-key="{publish_key}"'.encode())
    return page_route("/", asset_of(page, "text/html", {"gzip": gzip.compress(page, mtime=0)}))
