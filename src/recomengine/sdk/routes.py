"""The browser SDK over HTTP: its files, for pages of any origin, and the tag that loads it."""

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from recomengine.auth.actor import Member
from recomengine.sdk.kept import kept_script
from recomengine.sdk.snippet import PATH, Snippet, snippet
from recomengine.shop import Role
from recomengine.web.assets import Asset, Policy, bundle, bundle_route
from recomengine.web.codec import data_response
from recomengine.web.door import Call
from recomengine.web.operations import Credential, Data, Operation

if TYPE_CHECKING:
    from recomengine.context import Context


async def get_snippet(context: "Context", call: Call[Member, None]) -> Response:
    """The script's tag with a publish key of its own, which is made by the first request and shown by each. Its pages
    are those of the tenant's allowedOrigins.
    """
    settings = context.settings
    made = await snippet(
        context.pool, settings.api_key_hmac_secret, settings.base_url, call.by.tenant_id, member=call.by
    )
    response = data_response(made)
    response.headers["Cache-Control"] = "no-store"
    return response


routes = [
    Operation(
        "GET", "/api/v1/tenants/{tenant_id}/snippet", get_snippet, "Get the tag for the shop's pages",
        {200: Data[Snippet]}, needs=(Credential.ADMIN,), role=Role.DEVELOPER,
    ),
]  # fmt: skip


def sdk_routes() -> list[BaseRoute]:
    """Of files, which the OpenAPI document leaves out."""
    return [bundle_route(PATH, bundle("sdk"), Policy.FOREIGN, _of_another_version)]


def _of_another_version(request: Request, name: str) -> Asset | None:
    context: Context = request.app.state.context
    return kept_script(context.settings.data_dir, name)
