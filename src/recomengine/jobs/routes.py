"""A tenant's jobs over HTTP, for the admin whose it is."""

from typing import TYPE_CHECKING

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from recomengine.auth.actor import Member, audit
from recomengine.infra.database import tenant_transaction
from recomengine.jobs import queries, service
from recomengine.jobs.schemas import Job, JobId, JobsPage, as_job
from recomengine.shop import Role
from recomengine.web.codec import data_response, list_response
from recomengine.web.door import Call
from recomengine.web.operations import Credential, Data, Listed, Operation
from recomengine.web.paging import cut, read_query
from recomengine.web.problems import Conflict, NotFound

if TYPE_CHECKING:
    from recomengine.context import Context

PATH = "/api/v1/tenants/{tenant_id}/jobs"


async def list_jobs(context: "Context", call: Call[Member, None]) -> Response:
    """The newest first."""
    member = call.by
    page = read_query(call.request, JobsPage)
    async with tenant_transaction(context.pool, member.tenant_id) as connection:
        rows, cursor = cut(
            await queries.list_jobs(connection, member.tenant_id, page.status, page.cursor, page.limit + 1), page.limit
        )
    return list_response([as_job(row) for row in rows], cursor)


async def retry(context: "Context", call: Call[Member, None]) -> Response:
    member = call.by
    job_id = _job_id(call.request)
    async with tenant_transaction(context.pool, member.tenant_id) as connection:
        job = await service.retry_of_tenant(connection, member.tenant_id, job_id)
        await audit(connection, member, "job.retried", job_id, None, {"name": job["name"]})
    return data_response(as_job(job), 202)


def _job_id(request: Request) -> int:
    try:
        return msgspec.convert(request.path_params["job_id"], JobId, strict=False)
    except msgspec.ValidationError:
        raise NotFound("There is no such job of this tenant. Check the id.") from None


ADMIN = (Credential.ADMIN,)

routes = [
    Operation("GET", PATH, list_jobs, "List background jobs", {200: Listed[Job]}, needs=ADMIN, query=JobsPage),
    Operation(
        "POST",
        f"{PATH}/{{job_id}}/retry",
        retry,
        "Try a dead job again",
        {202: Data[Job]},
        needs=ADMIN,
        role=Role.DEVELOPER,
        ids={"job_id": JobId},
        problems=(Conflict,),
    ),
]
