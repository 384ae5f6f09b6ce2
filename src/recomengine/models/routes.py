"""The model of a tenant over HTTP: have it built, ask how it stands."""

from typing import TYPE_CHECKING
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recomengine.models import service
from recomengine.web.caller import Caller
from recomengine.web.codec import data_response
from recomengine.web.guard import Permission
from recomengine.web.problems import NotFound

if TYPE_CHECKING:
    from recomengine.context import Context


async def refresh(request: Request) -> Response:
    context: Context = request.app.state.context
    caller = await context.guard.caller(request, Permission.WRITE)
    await context.limits.charge(request, caller, "write")
    tenant_id = _own_tenant(request, caller)
    queued = await service.request_refresh(context.pool, tenant_id)
    return data_response({"status": "queued", "alreadyQueued": not queued}, 202)


async def model(request: Request) -> Response:
    context: Context = request.app.state.context
    caller = await context.guard.caller(request, Permission.WRITE)
    await context.limits.charge(request, caller, "read")
    return data_response(await service.status(context.pool, _own_tenant(request, caller)))


def _own_tenant(request: Request, caller: Caller) -> UUID:
    """The tenant of the path, which must be the key's own; a stranger's is not found."""
    if request.path_params["tenant_id"] != caller.tenant:
        raise NotFound("There is no such tenant for this key. Check the id.")
    return caller.tenant_id


routes = [
    Route("/api/v1/tenants/{tenant_id}/model/refresh", refresh, methods=["POST"]),
    Route("/api/v1/tenants/{tenant_id}/model", model, methods=["GET"]),
]
