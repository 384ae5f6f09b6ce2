"""The model of a tenant over HTTP: have it built, ask how it stands."""

from typing import TYPE_CHECKING

from starlette.responses import Response

from recomengine.auth.actor import Member, audit
from recomengine.models import service
from recomengine.models.replay import as_csv, replay_of_tenant
from recomengine.models.schemas import ModelStatus, ModelVersion, Queued, Replay
from recomengine.shop import Permission, Role
from recomengine.web.caller import Caller
from recomengine.web.codec import data_response
from recomengine.web.door import Call
from recomengine.web.operations import Credential, Data, Operation

if TYPE_CHECKING:
    from recomengine.context import Context


async def refresh(context: "Context", call: Call[Member | Caller, None]) -> Response:
    if isinstance(call.by, Member):
        async with context.pool.acquire() as connection:
            await audit(connection, call.by, "model.refreshed", call.by.tenant_id)
    queued = await service.request_refresh(context.pool, call.by.tenant_id)
    return data_response(Queued("queued", not queued), 202)


async def model(context: "Context", call: Call[Member | Caller, None]) -> Response:
    return data_response(await service.status(context.pool, call.by.tenant_id))


async def versions(context: "Context", call: Call[Member, None]) -> Response:
    """The newest first. A failed build stands beside the model that is served, with what went wrong."""
    return data_response(await service.versions(context.pool, call.by.tenant_id))


async def replay(context: "Context", call: Call[Member, None]) -> Response:
    """Moments that the last learning held back: what the shopper had done, what the list would have been, ranked by
    weights that have not seen the moment, and what the shopper then took. Shoppers who were erased since are left
    out."""
    return data_response(await _replay(context, call.by))


async def replay_csv(context: "Context", call: Call[Member, None]) -> Response:
    """A line a moment. Several ids in one cell stand in lines of their own."""
    return Response(
        as_csv(await _replay(context, call.by)), media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="replay.csv"'},
    )  # fmt: skip


async def _replay(context: "Context", member: Member) -> Replay:
    return await replay_of_tenant(context.pool, context.store, member.tenant_id)


PATH = "/api/v1/tenants/{tenant_id}/model"
EITHER, ADMIN = (Credential.ADMIN, Permission.WRITE), (Credential.ADMIN,)

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
    Operation("GET", f"{PATH}s", versions, "List the model's builds", {200: Data[list[ModelVersion]]}, needs=ADMIN),
    Operation("GET", f"{PATH}/replay", replay, "See what lists would have been", {200: Data[Replay]}, needs=ADMIN),
    Operation(
        "GET", f"{PATH}/replay.csv", replay_csv, "Download what lists would have been", {200: "text/csv"}, needs=ADMIN
    ),
]  # fmt: skip
