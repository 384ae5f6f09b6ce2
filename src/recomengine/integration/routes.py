"""How a tenant's integration does, over HTTP."""

from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from recomengine.auth.actor import Member
from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisUnavailable
from recomengine.integration.schemas import Integration, IntegrationQuery, Setup
from recomengine.integration.service import examine
from recomengine.integration.setup import setup_of
from recomengine.shop import Permission
from recomengine.web.caller import Caller
from recomengine.web.codec import data_response
from recomengine.web.door import Call
from recomengine.web.operations import Credential, Data, Operation
from recomengine.web.paging import read_query

if TYPE_CHECKING:
    from recomengine.context import Context


async def integration(context: "Context", call: Call[Member | Caller, None]) -> Response:
    """What comes wrong of what the shop sends and asks, the worst first, with examples and what to do. Shares are of a
    sample of up to 14,000 events spread over the time, and of the newest 5,000 purchases. docs/integration-doctor.md
    explains each check."""
    query = read_query(call.request, IntegrationQuery)
    await context.notes.flush()
    examined = await examine(context.analytics_pool, call.by.tenant_id, query.days)
    try:
        receipts = await context.notes.receipts(call.by.tenant_id)
    except RedisUnavailable:
        FALLBACKS.labels("receipts").inc()
        return data_response(examined)
    return data_response(msgspec.structs.replace(examined, receipts=receipts))


async def setup(context: "Context", call: Call[Member, None]) -> Response:
    """A checklist: what is done, since when, and what comes next. It is cheap enough to be asked every other second by
    whoever waits for the first event."""
    await context.notes.flush()
    return data_response(await setup_of(context.pool, call.by.tenant_id))


routes = [
    Operation(
        "GET", "/api/v1/tenants/{tenant_id}/integration", integration, "See how the integration does",
        {200: Data[Integration]}, needs=(Credential.ADMIN, Permission.WRITE), query=IntegrationQuery,
    ),
    Operation(
        "GET", "/api/v1/tenants/{tenant_id}/setup", setup, "See how far the set-up has come", {200: Data[Setup]},
        needs=(Credential.ADMIN,),
    ),
]  # fmt: skip
