"""The model of a tenant over HTTP: have it built, ask how it stands."""

from typing import TYPE_CHECKING

from starlette.responses import Response

from recomengine.auth.actor import Owner, audit
from recomengine.models import service
from recomengine.models.schemas import ModelStatus, Queued
from recomengine.shop import Permission, Role
from recomengine.web.caller import Caller
from recomengine.web.codec import data_response
from recomengine.web.door import Call
from recomengine.web.operations import Credential, Data, Operation

if TYPE_CHECKING:
    from recomengine.context import Context


async def refresh(context: "Context", call: Call[Owner | Caller, None]) -> Response:
    if isinstance(call.by, Owner):
        async with context.pool.acquire() as connection:
            await audit(connection, call.by, "model.refreshed", call.by.tenant_id)
    queued = await service.request_refresh(context.pool, call.by.tenant_id)
    return data_response(Queued("queued", not queued), 202)


async def model(context: "Context", call: Call[Owner | Caller, None]) -> Response:
    return data_response(await service.status(context.pool, call.by.tenant_id))


PATH = "/api/v1/tenants/{tenant_id}/model"
EITHER = (Credential.ADMIN, Permission.WRITE)

routes = [
    Operation(
        "POST",
        f"{PATH}/refresh",
        refresh,
        "Have the model built now",
        {202: Data[Queued]},
        needs=EITHER,
        role=Role.DEVELOPER,
    ),
    Operation("GET", PATH, model, "See how the model stands", {200: Data[ModelStatus]}, needs=EITHER),
]
