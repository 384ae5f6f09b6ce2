"""Preflights: a browser asks before it sends a key in a header or JSON to another origin, and may remember the answer.

A preflight shows no header's value, so only a key in the URL can be held to its origins here. Without one the answer
allows to ask: the request itself is judged by the guard, and only pages of allowed origins may read its answer. No
answer lets cookies through, and nothing but what publish keys can do may be asked.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from recomengine.infra.database import DATABASE_AWAY
from recomengine.web.guard import Guard
from recomengine.web.problems import Forbidden, RateLimited, problem_response

PATHS = ("/api/", "/v1/")
MAX_AGE_S = 7200
"""The longest that Chromium remembers."""
ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, X-API-Key, X-Request-ID, AnonymousId, X-Retry-Count"
    ),
    "Access-Control-Max-Age": str(MAX_AGE_S),
}
"""The last two headers are of RudderStack's and Segment's libraries for browsers."""


class Preflights:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "OPTIONS" or not scope["path"].startswith(PATHS):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if "origin" not in request.headers or "access-control-request-method" not in request.headers:
            await self._app(scope, receive, send)
            return
        response = await _answer(request, request.app.state.context.guard)
        await response(scope, receive, send)


async def _answer(request: Request, guard: Guard) -> Response:
    origin, key = request.headers["origin"], request.query_params.get("key")
    try:
        if key is not None:
            guard.refuse_failing(request, key)
        allowed = key is None or await guard.allows(key, origin)
    except RateLimited as refused:
        return problem_response(request, refused)
    except DATABASE_AWAY:
        allowed = True  # the request itself is judged again
    if not allowed:
        detail = (
            "The page's origin is not among those of the key, or the key is unknown. Add it to the key or the tenant."
        )
        forbidden = Forbidden(detail, code="origin_not_allowed")
        return problem_response(
            request, await guard.failures.charge(request, forbidden, request.app.state.context.limits)
        )
    request.scope["allowed_origin"] = origin
    return Response(status_code=204, headers=ALLOWED)
