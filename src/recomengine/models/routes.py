"""The model of a tenant over HTTP: have it built, ask how it stands."""

from typing import TYPE_CHECKING
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from recomengine.auth.actor import audit
from recomengine.auth.guard import is_from_admin
from recomengine.models import service
from recomengine.models.schemas import ModelStatus, Queued
from recomengine.web.codec import data_response
from recomengine.web.guard import Permission
from recomengine.web.limits import Kind
from recomengine.web.operations import Credential, Data, Operation
from recomengine.web.problems import NotFound

if TYPE_CHECKING:
    from recomengine.context import Context


async def refresh(request: Request) -> Response:
    context: Context = request.app.state.context
    tenant_id = await _allowed(request, "write")
    queued = await service.request_refresh(context.pool, tenant_id)
    return data_response(Queued("queued", not queued), 202)


async def model(request: Request) -> Response:
    context: Context = request.app.state.context
    return data_response(await service.status(context.pool, await _allowed(request, "read")))


async def _allowed(request: Request, limit: Kind) -> UUID:
    """The tenant of the path, for its read-write key or an admin whose it is; a stranger's is not found."""
    context: Context = request.app.state.context
    if is_from_admin(request):
        owner = await context.admins.owner(request)
        if limit == "write":
            async with context.pool.acquire() as connection:
                await audit(connection, owner, "model.refreshed", owner.tenant_id)
        return owner.tenant_id
    caller = await context.guard.caller(request, Permission.WRITE)
    await context.limits.charge(request, caller, limit)
    if request.path_params["tenant_id"] != caller.tenant:
        raise NotFound("There is no such tenant for this key. Check the id.")
    return caller.tenant_id


PATH = "/api/v1/tenants/{tenant_id}/model"
EITHER = (Credential.ADMIN, Permission.WRITE)

routes = [
    Operation("POST", f"{PATH}/refresh", refresh, "Have the model built now", {202: Data[Queued]}, needs=EITHER),
    Operation("GET", PATH, model, "See how the model stands", {200: Data[ModelStatus]}, needs=EITHER),
]
