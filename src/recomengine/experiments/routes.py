"""Experiments over HTTP, for the admins who own the tenant."""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from recomengine.auth.guard import NOBODYS
from recomengine.auth.idempotency import check_key, digest_of
from recomengine.experiments import service
from recomengine.experiments.schemas import Experiment, ExperimentIn, ExperimentPage, ExperimentPatch, Power, PowerQuery, Results, as_experiment
from recomengine.web.codec import data_response, decode, list_response, read_body
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.paging import cut, read_query
from recomengine.web.problems import Conflict

if TYPE_CHECKING:
    from recomengine.context import Context

PATH = "/api/v1/tenants/{tenant_id}/experiments"
MAX_BODY_BYTES = 64 * 1024

_experiment, _patch = msgspec.json.Decoder(ExperimentIn), msgspec.json.Decoder(ExperimentPatch)


async def create(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    body = await read_body(request, limit=MAX_BODY_BYTES)
    given = decode(_experiment, body)
    key, digest = check_key(request.headers.get("idempotency-key")), digest_of(request.method, request.url.path, body)
    return data_response(await service.create(context.pool, owner, given, key, digest), 201)


async def list_experiments(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    page = read_query(request, ExperimentPage)
    found = await service.experiments_of(context.pool, owner.tenant_id, page.cursor, page.limit + 1, page.status)
    rows, cursor = cut(found, page.limit)
    return list_response([as_experiment(row) for row in rows], cursor)


async def read(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    return data_response(await service.one(context.pool, owner.tenant_id, _experiment_id(request)))


async def change(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    patch = decode(_patch, await read_body(request, limit=MAX_BODY_BYTES))
    return data_response(await service.change(context.pool, owner, _experiment_id(request), patch))


async def delete(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    await service.delete(context.pool, owner, _experiment_id(request))
    return Response(status_code=204)


async def start(request: Request) -> Response:
    return await _move(request, "start")


async def pause(request: Request) -> Response:
    return await _move(request, "pause")


async def resume(request: Request) -> Response:
    return await _move(request, "resume")


async def complete(request: Request) -> Response:
    return await _move(request, "complete")


async def _move(request: Request, step: str) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    return data_response(await service.move(context.pool, context.bus, owner, _experiment_id(request), step))


async def results(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    return data_response(await service.results(context.pool, owner.tenant_id, _experiment_id(request)))


async def power(request: Request) -> Response:
    context: Context = request.app.state.context
    owner = await context.admins.owner(request)
    return data_response(await service.power(context.pool, owner.tenant_id, _experiment_id(request), read_query(request, PowerQuery)))


def _experiment_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["experiment_id"])
    except ValueError:
        return NOBODYS


ONE, ADMIN, ONCE = f"{PATH}/{{experiment_id}}", (Credential.ADMIN,), ("Idempotency-Key",)
EXPERIMENT = {200: Data[Experiment]}
CLASH = (Conflict,)

routes = [
    Operation("POST", PATH, create, "Make an experiment", {201: Data[Experiment]}, needs=ADMIN, body=_experiment, headers=ONCE, problems=CLASH),
    Operation("GET", PATH, list_experiments, "List experiments", {200: Listed[Experiment]}, needs=ADMIN, query=ExperimentPage),
    Operation("GET", ONE, read, "Read an experiment", EXPERIMENT, needs=ADMIN),
    Operation("PATCH", ONE, change, "Change an experiment", EXPERIMENT, needs=ADMIN, body=_patch, problems=CLASH),
    Operation("DELETE", ONE, delete, "Delete an experiment", {204: None}, needs=ADMIN, problems=CLASH),
    Operation("POST", f"{ONE}/start", start, "Start an experiment", EXPERIMENT, needs=ADMIN, problems=CLASH),
    Operation("POST", f"{ONE}/pause", pause, "Pause an experiment", EXPERIMENT, needs=ADMIN, problems=CLASH),
    Operation("POST", f"{ONE}/resume", resume, "Resume an experiment", EXPERIMENT, needs=ADMIN, problems=CLASH),
    Operation("POST", f"{ONE}/complete", complete, "Complete an experiment", EXPERIMENT, needs=ADMIN, problems=CLASH),
    Operation("GET", f"{ONE}/results", results, "Read what an experiment shows", {200: Data[Results]}, needs=ADMIN),
    Operation("GET", f"{ONE}/power", power, "Ask how long a lift takes to find", {200: Data[Power]}, needs=ADMIN, query=PowerQuery),
]
