"""Tenants over HTTP, for the admins who own them."""

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from recomengine.auth.actor import Owner
from recomengine.auth.idempotency import check_key, digest_of
from recomengine.settings import Settings
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
    actor = await context.admins.actor(request)
    body = await read_body(request, limit=MAX_BODY_BYTES)
    given = decode(_tenant, body)
    service.check_config(given.config, TenantConfig(), _most(context.settings), "$.config")
    key, digest = check_key(request.headers.get("idempotency-key")), digest_of(request.method, request.url.path, body)
    made = await service.create_for(context.pool, actor, given, key, digest)
    return data_response(as_tenant(made), 201)


async def list_own(request: Request) -> Response:
    context: Context = request.app.state.context
    actor = await context.admins.actor(request)
    page = read_query(request, Page)
    rows, cursor = cut(await service.own_tenants(context.pool, actor.admin, page.cursor, page.limit + 1), page.limit)
    return list_response([as_tenant(row) for row in rows], cursor)


async def read(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    return data_response(as_tenant(await service.read_one(context.pool, owner.tenant_id)))


async def change(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    given = decode(_patch, await read_body(request, limit=MAX_BODY_BYTES))
    action = "tenant.renamed" if given.config is UNSET else "tenant.changed"
    most = _most(context.settings)
    return await _change(context, owner, action, lambda row: service.changed(row, given, most))


async def configure(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    given = decode(_object, await read_body(request, limit=MAX_BODY_BYTES))
    most = _most(context.settings)
    return await _change(context, owner, "tenant.configured", lambda row: {"config": service.merged_config(row["config"], given, most, "$")})


async def activate(request: Request) -> Response:
    return await _become(request, "active", "tenant.activated")


async def suspend(request: Request) -> Response:
    return await _become(request, "suspended", "tenant.suspended")


async def delete(request: Request) -> Response:
    await _become(request, "deleted", "tenant.deleted")
    return Response(status_code=204)


async def _become(request: Request, status: str, action: str) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    return await _change(context, owner, action, lambda _: {"status": status})


async def _change(context: "Context", owner: Owner, action: str, what: service.Change) -> Response:
    return data_response(as_tenant(await service.change(context.pool, context.bus, owner, action, what)))


def _most(settings: Settings) -> RateLimits:
    """What the operator lets admins set."""
    return RateLimits(settings.max_reads_per_minute, settings.max_writes_per_minute)


async def audit_log(request: Request) -> Response:
    """What the admin did, and what was done to their tenants, the newest first."""
    context: Context = request.app.state.context
    actor = await context.admins.actor(request)
    page = read_query(request, AuditPage)
    rows, cursor = cut(await queries.read_audit(context.pool, actor.admin.id, page.tenant_id, page.cursor, page.limit + 1), page.limit)
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
