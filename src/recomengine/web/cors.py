"""Preflights of browsers, for what a publish key may do.

A preflight carries no key, so it cannot be told which tenant's page asks; it only promises that asking is possible. The
answer itself is readable for the page only when the key's or tenant's origins hold the page's (web/guard.py).
"""

from starlette.responses import Response
from starlette.types import Scope

PATHS = ("/api/v1/recommendations", "/api/v1/recommendations/batch", "/api/v1/events", "/api/v1/events/batch")
MAX_AGE_S = 86_400
ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-API-Key, X-Request-ID",
    "Access-Control-Max-Age": str(MAX_AGE_S),
    "Vary": "Origin",
}


def preflight(scope: Scope) -> Response | None:
    """The answer to a preflight; None for any other request."""
    if scope["method"] != "OPTIONS" or scope["path"] not in PATHS:
        return None
    headers = dict(scope["headers"])
    origin = headers.get(b"origin")
    if origin is None or b"access-control-request-method" not in headers:
        return None
    return Response(status_code=204, headers={"Access-Control-Allow-Origin": origin.decode("latin-1"), **ALLOWED})
