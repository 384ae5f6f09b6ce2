"""Tenants over HTTP, for the admins who own them."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from recomengine.auth.admin import admin_of_tenant, signed_in
from recomengine.auth.idempotency import key_of
from recomengine.auth.schemas import Admin
from recomengine.shop import RateLimits, TenantConfig
from recomengine.tenants import queries, service
from recomengine.tenants.schemas import AuditLine, AuditPage, Tenant, TenantIn, TenantPatch, as_audit_line, as_tenant
from recomengine.web.codec import data_response, decode, list_response, read_body
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.paging import Page, cut, read_query
from recomengine.web.problems import Conflict

if TYPE_CHECKING:
    from recomengine.context import Context

PATH = "/api/v1/tenants"
MAX_BODY_BYTES = 64 * 1024

_tenant, _patch, _object = msgspec.json.Decoder(TenantIn), msgspec.json.Decoder(TenantPatch), msgspec.json.Decoder(dict[str, Any])


async def create(request: Request) -> Response:
    context: Context = request.app.state.context
    admin = await signed_in(request)
    body = await read_body(request, limit=MAX_BODY_BYTES)
    given = decode(_tenant, body)
    service.check_config(given.config, TenantConfig(), _most(request), "$.config")
    made = await service.create_for(context.pool, request, admin, given, body, key_of(request))
    return data_response(as_tenant(made), 201)


async def list_own(request: Request) -> Response:
    context: Context = request.app.state.context
    admin = await signed_in(request)
    page = read_query(request, Page)
    rows, cursor = cut(await service.own_tenants(context.pool, admin, page.cursor, page.limit + 1), page.limit)
    return list_response([as_tenant(row) for row in rows], cursor)


async def read(request: Request) -> Response:
    context: Context = request.app.state.context
    _, tenant_id = await admin_of_tenant(request)
    return data_response(as_tenant(await service.read_one(context.pool, tenant_id)))


async def change(request: Request) -> Response:
    admin, tenant_id = await admin_of_tenant(request)
    given = decode(_patch, await read_body(request, limit=MAX_BODY_BYTES))
    action = "tenant.renamed" if given.config is UNSET else "tenant.changed"
    most = _most(request)
    return await _change(request, admin, tenant_id, action, lambda row: service.changed(row, given, most))


async def configure(request: Request) -> Response:
    admin, tenant_id = await admin_of_tenant(request)
    given = decode(_object, await read_body(request, limit=MAX_BODY_BYTES))
    most = _most(request)
    return await _change(
        request, admin, tenant_id, "tenant.configured", lambda row: {"config": service.merged_config(row["config"], given, most, "$")}
    )


async def activate(request: Request) -> Response:
    return await _become(request, "active", "tenant.activated")


async def suspend(request: Request) -> Response:
    return await _become(request, "suspended", "tenant.suspended")


async def delete(request: Request) -> Response:
    await _become(request, "deleted", "tenant.deleted")
    return Response(status_code=204)


async def _become(request: Request, status: str, action: str) -> Response:
    admin, tenant_id = await admin_of_tenant(request)
    return await _change(request, admin, tenant_id, action, lambda _: {"status": status})


async def _change(request: Request, admin: Admin, tenant_id: UUID, action: str, what: service.Change) -> Response:
    context: Context = request.app.state.context
    return data_response(as_tenant(await service.change(context.pool, context.bus, request, admin, tenant_id, action, what)))


def _most(request: Request) -> RateLimits:
    """What the operator lets admins set."""
    settings = request.app.state.context.settings
    return RateLimits(settings.max_reads_per_minute, settings.max_writes_per_minute)


async def audit_log(request: Request) -> Response:
    """What the admin did, and what was done to their tenants, the newest first."""
    context: Context = request.app.state.context
    admin = await signed_in(request)
    page = read_query(request, AuditPage)
    rows, cursor = cut(await queries.read_audit(context.pool, admin.id, page.tenant_id, page.cursor, page.limit + 1), page.limit)
    return list_response([as_audit_line(row) for row in rows], cursor)


ONE, TENANT = f"{PATH}/{{tenant_id}}", {200: Data[Tenant]}
ADMIN, ONCE = (Credential.ADMIN,), ("Idempotency-Key",)

routes = [
    Operation("POST", PATH, create, "Make a tenant", {201: Data[Tenant]}, needs=ADMIN, body=_tenant, headers=ONCE, problems=(Conflict,)),
    Operation("GET", PATH, list_own, "List your tenants", {200: Listed[Tenant]}, needs=ADMIN, query=Page),
    Operation("GET", ONE, read, "Read a tenant", TENANT, needs=ADMIN),
    Operation("PATCH", ONE, change, "Rename or configure a tenant", TENANT, needs=ADMIN, body=_patch),
    Operation("DELETE", ONE, delete, "Delete a tenant", {204: None}, needs=ADMIN),
    Operation("POST", f"{ONE}/activate", activate, "Activate a tenant", TENANT, needs=ADMIN),
    Operation("POST", f"{ONE}/suspend", suspend, "Suspend a tenant", TENANT, needs=ADMIN),
    Operation("PATCH", f"{ONE}/config", configure, "Configure a tenant", TENANT, needs=ADMIN, body=TenantConfig),
    Operation("GET", "/api/v1/audit-log", audit_log, "Read the audit log", {200: Listed[AuditLine]}, needs=ADMIN, query=AuditPage),
]
