"""Experiments over HTTP, for the admins who own the tenant."""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from recomengine.auth.actor import Member
from recomengine.auth.guard import NOBODYS
from recomengine.auth.sent import Sent, repeatable, sent_body
from recomengine.experiments import service
from recomengine.experiments.looks import looks
from recomengine.experiments.schemas import (
    DailyLook,
    Experiment,
    ExperimentIn,
    ExperimentPage,
    ExperimentPatch,
    Power,
    PowerQuery,
    Results,
    as_experiment,
)
from recomengine.shop import Role
from recomengine.web.codec import data_response, json_body, list_response
from recomengine.web.door import Call
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.paging import cut, read_query
from recomengine.web.problems import Conflict

if TYPE_CHECKING:
    from recomengine.context import Context

PATH = "/api/v1/tenants/{tenant_id}/experiments"
MAX_BODY_BYTES = 64 * 1024

_experiment = sent_body(msgspec.json.Decoder(ExperimentIn), MAX_BODY_BYTES)
_patch = json_body(msgspec.json.Decoder(ExperimentPatch), MAX_BODY_BYTES)


async def create(context: "Context", call: Call[Member, Sent[ExperimentIn]]) -> Response:
    made = await service.create(context.pool, call.by, call.body.given, repeatable(call.request, call.body))
    return data_response(made, 201)


async def list_experiments(context: "Context", call: Call[Member, None]) -> Response:
    page = read_query(call.request, ExperimentPage)
    found = await service.experiments_of(context.pool, call.by.tenant_id, page.cursor, page.limit + 1, page.status)
    rows, cursor = cut(found, page.limit)
    return list_response([as_experiment(row) for row in rows], cursor)


async def read(context: "Context", call: Call[Member, None]) -> Response:
    return data_response(await service.one(context.pool, call.by.tenant_id, _experiment_id(call.request)))


async def change(context: "Context", call: Call[Member, ExperimentPatch]) -> Response:
    return data_response(await service.change(context.pool, call.by, _experiment_id(call.request), call.body))


async def delete(context: "Context", call: Call[Member, None]) -> Response:
    await service.delete(context.pool, call.by, _experiment_id(call.request))
    return Response(status_code=204)


async def start(context: "Context", call: Call[Member, None]) -> Response:
    return await _move(context, call, "start")


async def pause(context: "Context", call: Call[Member, None]) -> Response:
    return await _move(context, call, "pause")


async def resume(context: "Context", call: Call[Member, None]) -> Response:
    return await _move(context, call, "resume")


async def complete(context: "Context", call: Call[Member, None]) -> Response:
    return await _move(context, call, "complete")


async def _move(context: "Context", call: Call[Member, None], step: str) -> Response:
    return data_response(await service.move(context.pool, context.bus, call.by, _experiment_id(call.request), step))


async def results(context: "Context", call: Call[Member, None]) -> Response:
    return data_response(await service.results(context.pool, call.by.tenant_id, _experiment_id(call.request)))


async def results_by_day(context: "Context", call: Call[Member, None]) -> Response:
    """What a look at the end of each day would have shown, the oldest first; at most 10 of them."""
    return data_response(await looks(context.analytics_pool, call.by.tenant_id, _experiment_id(call.request)))


async def power(context: "Context", call: Call[Member, None]) -> Response:
    return data_response(
        await service.power(
            context.pool, call.by.tenant_id, _experiment_id(call.request), read_query(call.request, PowerQuery)
        )
    )


def _experiment_id(request: Request) -> UUID:
    try:
        return UUID(request.path_params["experiment_id"])
    except ValueError:
        return NOBODYS


ONE, ADMIN, ONCE = f"{PATH}/{{experiment_id}}", (Credential.ADMIN,), ("Idempotency-Key",)
EXPERIMENT = {200: Data[Experiment]}
CLASH, DEVELOPER = (Conflict,), Role.DEVELOPER

routes = [
    Operation(
        "POST",
        PATH,
        create,
        "Make an experiment",
        {201: Data[Experiment]},
        needs=ADMIN,
        role=DEVELOPER,
        body=_experiment,
        headers=ONCE,
        problems=CLASH,
    ),
    Operation(
        "GET", PATH, list_experiments, "List experiments", {200: Listed[Experiment]}, needs=ADMIN, query=ExperimentPage
    ),
    Operation("GET", ONE, read, "Read an experiment", EXPERIMENT, needs=ADMIN),
    Operation(
        "PATCH",
        ONE,
        change,
        "Change an experiment",
        EXPERIMENT,
        needs=ADMIN,
        role=DEVELOPER,
        body=_patch,
        problems=CLASH,
    ),
    Operation("DELETE", ONE, delete, "Delete an experiment", {204: None}, needs=ADMIN, role=DEVELOPER, problems=CLASH),
    Operation(
        "POST", f"{ONE}/start", start, "Start an experiment", EXPERIMENT, needs=ADMIN, role=DEVELOPER, problems=CLASH
    ),
    Operation(
        "POST", f"{ONE}/pause", pause, "Pause an experiment", EXPERIMENT, needs=ADMIN, role=DEVELOPER, problems=CLASH
    ),
    Operation(
        "POST", f"{ONE}/resume", resume, "Resume an experiment", EXPERIMENT, needs=ADMIN, role=DEVELOPER, problems=CLASH
    ),
    Operation(
        "POST",
        f"{ONE}/complete",
        complete,
        "Complete an experiment",
        EXPERIMENT,
        needs=ADMIN,
        role=DEVELOPER,
        problems=CLASH,
    ),
    Operation("GET", f"{ONE}/results", results, "Read what an experiment shows", {200: Data[Results]}, needs=ADMIN),
    Operation(
        "GET",
        f"{ONE}/results/by-day",
        results_by_day,
        "Read what an experiment showed day by day",
        {200: Data[list[DailyLook]]},
        needs=ADMIN,
    ),
    Operation(
        "GET",
        f"{ONE}/power",
        power,
        "Ask how long a lift takes to find",
        {200: Data[Power]},
        needs=ADMIN,
        query=PowerQuery,
    ),
]
