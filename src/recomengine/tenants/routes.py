"""Tenants over HTTP, for the admins who own them."""

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recomengine.auth import queries as accounts
from recomengine.auth.admin import admin_of_tenant, signed_in
from recomengine.auth.idempotency import key_of
from recomengine.tenants import service
from recomengine.tenants.schemas import TenantIn, TenantPatch, as_tenant
from recomengine.web.codec import data_response, decode, list_response, read_body
from recomengine.web.problems import invalid

if TYPE_CHECKING:
    from recomengine.context import Context

PATH = "/api/v1/tenants"
MAX_BODY_BYTES = 64 * 1024
MAX_LINES, LINES = 100, 50

_tenant, _patch, _object = msgspec.json.Decoder(TenantIn), msgspec.json.Decoder(TenantPatch), msgspec.json.Decoder(dict[str, Any])


async def create(request: Request) -> Response:
    context: Context = request.app.state.context
    admin = await signed_in(request)
    body = await read_body(request, limit=MAX_BODY_BYTES)
    given = decode(_tenant, body)
    service.check_config(given.config)
    made = await service.create_for(context.pool, request, admin, given, body, key_of(request))
    return data_response(as_tenant(made), 201)


async def list_own(request: Request) -> Response:
    context: Context = request.app.state.context
    admin = await signed_in(request)
    return list_response([as_tenant(row) for row in await service.own_tenants(context.pool, admin)], None)


async def read(request: Request) -> Response:
    context: Context = request.app.state.context
    _, tenant_id = await admin_of_tenant(request)
    return data_response(as_tenant(await service.read_one(context.pool, tenant_id)))


async def rename(request: Request) -> Response:
    given = decode(_patch, await read_body(request, limit=MAX_BODY_BYTES))
    return await _change(request, "tenant.renamed", lambda row: {"name": given.name})


async def configure(request: Request) -> Response:
    given = decode(_object, await read_body(request, limit=MAX_BODY_BYTES))
    return await _change(request, "tenant.configured", lambda row: {"config": service.merged_config(row["config"], given)})


async def activate(request: Request) -> Response:
    return await _change(request, "tenant.activated", lambda row: {"status": "active"})


async def suspend(request: Request) -> Response:
    return await _change(request, "tenant.suspended", lambda row: {"status": "suspended"})


async def delete(request: Request) -> Response:
    await _change(request, "tenant.deleted", lambda row: {"status": "deleted"})
    return Response(status_code=204)


async def _change(request: Request, action: str, what: service.Change) -> Response:
    context: Context = request.app.state.context
    admin, tenant_id = await admin_of_tenant(request)
    return data_response(as_tenant(await service.change(context.pool, context.bus, request, admin, tenant_id, action, what)))


async def audit_log(request: Request) -> Response:
    """What the admin did, and what was done to their tenants, the newest first."""
    context: Context = request.app.state.context
    admin = await signed_in(request)
    limit, before = _number(request, "limit", MAX_LINES) or LINES, _number(request, "cursor", 2**63 - 1)
    rows = await accounts.read_audit(context.pool, admin.id, before, limit)
    lines = [
        {
            "id": row["id"], "at": row["at"], "adminId": row["admin_id"], "tenantId": row["about_tenant"], "action": row["action"],
            "subject": row["subject"], "address": row["address"], "before": row["before"], "after": row["after"],
        }
        for row in rows
    ]  # fmt: skip
    return list_response(lines, str(rows[-1]["id"]) if len(rows) == limit else None)


def _number(request: Request, name: str, most: int) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise invalid(f"$.{name}", f"expected a number from 1 to {most}, got {text[:40]!r}")
    return int(text)


routes = [
    Route(PATH, create, methods=["POST"]),
    Route(PATH, list_own, methods=["GET"]),
    Route(f"{PATH}/{{tenant_id}}", read, methods=["GET"]),
    Route(f"{PATH}/{{tenant_id}}", rename, methods=["PATCH"]),
    Route(f"{PATH}/{{tenant_id}}", delete, methods=["DELETE"]),
    Route(f"{PATH}/{{tenant_id}}/activate", activate, methods=["POST"]),
    Route(f"{PATH}/{{tenant_id}}/suspend", suspend, methods=["POST"]),
    Route(f"{PATH}/{{tenant_id}}/config", configure, methods=["PATCH"]),
    Route("/api/v1/audit-log", audit_log, methods=["GET"]),
]
