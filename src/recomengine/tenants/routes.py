"""Tenants over HTTP, for the admins who are members of them."""

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET
from starlette.responses import Response

from recomengine.auth.actor import Actor, Member
from recomengine.auth.sent import Sent, repeatable, sent_body
from recomengine.settings import Settings
from recomengine.shop import RateLimits, Role, TenantConfig
from recomengine.tenants import queries, service
from recomengine.tenants.schemas import AuditLine, AuditPage, Tenant, TenantIn, TenantPatch, as_audit_line, as_tenant
from recomengine.web.codec import Body, data_response, decode, json_body, list_response
from recomengine.web.door import Call
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.paging import Page, cut, read_query
from recomengine.web.problems import Conflict

if TYPE_CHECKING:
    from recomengine.context import Context

PATH = "/api/v1/tenants"
MAX_BODY_BYTES = 64 * 1024

_tenant = sent_body(msgspec.json.Decoder(TenantIn), MAX_BODY_BYTES)
_patch = json_body(msgspec.json.Decoder(TenantPatch), MAX_BODY_BYTES)
_config = Body(TenantConfig, MAX_BODY_BYTES, partial(decode, msgspec.json.Decoder(dict[str, Any])))


async def create(context: "Context", call: Call[Actor, Sent[TenantIn]]) -> Response:
    given = call.body.given
    service.check_config(given.config, TenantConfig(), _most(context.settings), "$.config")
    made = await service.create_for(context.pool, call.by, given, repeatable(call.request, call.body))
    return data_response(as_tenant(made, Role.OWNER), 201)


async def list_own(context: "Context", call: Call[Actor, None]) -> Response:
    page = read_query(call.request, Page)
    rows, cursor = cut(await service.own_tenants(context.pool, call.by.admin, page.cursor, page.limit + 1), page.limit)
    return list_response([as_tenant(row, Role(row["role"])) for row in rows], cursor)


async def read(context: "Context", call: Call[Member, None]) -> Response:
    return data_response(as_tenant(await service.read_one(context.pool, call.by.tenant_id), call.by.role))


async def change(context: "Context", call: Call[Member, TenantPatch]) -> Response:
    given = call.body
    action = "tenant.renamed" if given.config is UNSET else "tenant.changed"
    most = _most(context.settings)
    return await _change(context, call.by, action, lambda row: service.changed(row, given, most))


async def configure(context: "Context", call: Call[Member, dict[str, Any]]) -> Response:
    most = _most(context.settings)
    return await _change(
        context,
        call.by,
        "tenant.configured",
        lambda row: {"config": service.merged_config(row["config"], call.body, most, "$")},
    )


async def activate(context: "Context", call: Call[Member, None]) -> Response:
    return await _become(context, call.by, "active", "tenant.activated")


async def suspend(context: "Context", call: Call[Member, None]) -> Response:
    return await _become(context, call.by, "suspended", "tenant.suspended")


async def delete(context: "Context", call: Call[Member, None]) -> Response:
    await _become(context, call.by, "deleted", "tenant.deleted")
    return Response(status_code=204)


async def _become(context: "Context", member: Member, status: str, action: str) -> Response:
    return await _change(context, member, action, lambda _: {"status": status})


async def _change(context: "Context", member: Member, action: str, what: service.Change) -> Response:
    return data_response(as_tenant(await service.change(context.pool, context.bus, member, action, what), member.role))


def _most(settings: Settings) -> RateLimits:
    """What the operator lets admins set."""
    return RateLimits(settings.max_reads_per_minute, settings.max_writes_per_minute)


async def audit_log(context: "Context", call: Call[Actor, None]) -> Response:
    """What the admin did, and what was done to their tenants, the newest first."""
    page = read_query(call.request, AuditPage)
    found = await queries.read_audit(
        context.pool, call.by.admin.id, page.tenant_id, page.cursor, page.limit + 1, page.admin_id, page.action
    )
    rows, cursor = cut(found, page.limit)
    return list_response([as_audit_line(row) for row in rows], cursor)


ONE, TENANT = f"{PATH}/{{tenant_id}}", {200: Data[Tenant]}
ADMIN, ONCE = (Credential.ADMIN,), ("Idempotency-Key",)

routes = [
    Operation(
        "POST",
        PATH,
        create,
        "Make a tenant",
        {201: Data[Tenant]},
        needs=ADMIN,
        body=_tenant,
        headers=ONCE,
        problems=(Conflict,),
    ),
    Operation("GET", PATH, list_own, "List your tenants", {200: Listed[Tenant]}, needs=ADMIN, query=Page),
    Operation("GET", ONE, read, "Read a tenant", TENANT, needs=ADMIN),
    Operation("PATCH", ONE, change, "Rename or configure a tenant", TENANT, needs=ADMIN, role=Role.OWNER, body=_patch),
    Operation("DELETE", ONE, delete, "Delete a tenant", {204: None}, needs=ADMIN, role=Role.OWNER),
    Operation("POST", f"{ONE}/activate", activate, "Activate a tenant", TENANT, needs=ADMIN, role=Role.OWNER),
    Operation("POST", f"{ONE}/suspend", suspend, "Suspend a tenant", TENANT, needs=ADMIN, role=Role.OWNER),
    Operation(
        "PATCH", f"{ONE}/config", configure, "Configure a tenant", TENANT, needs=ADMIN, role=Role.OWNER, body=_config
    ),
    Operation(
        "GET",
        "/api/v1/audit-log",
        audit_log,
        "Read the audit log",
        {200: Listed[AuditLine]},
        needs=ADMIN,
        query=AuditPage,
    ),
]
