"""A tenant's jobs over HTTP."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from recomengine.context import Context
from recomengine.infra.queue import enqueue
from recomengine.jobs.registry import Job, Run, Tools
from tests.support.apps import SECRET
from tests.support.people import Person
from tests.support.shops import until
from tests.support.workers import a_worker, in_queue

NAME = "sort_socks"


@pytest.fixture(autouse=True)
async def empty_queue(context: Context) -> None:
    await context.pool.execute("DELETE FROM pgqueuer")


async def fail(_tools: Tools, _run: Run) -> None:
    raise RuntimeError("no socks")


async def succeed(_tools: Tools, _run: Run) -> None:
    return


async def jobs_of(person: Person, tenant_id: str, query: str = "") -> list[dict[str, Any]]:
    answer = await person.call("GET", f"/api/v1/tenants/{tenant_id}/jobs{query}")
    assert answer.status_code == 200, answer.text
    jobs: list[dict[str, Any]] = answer.json()["data"]
    return jobs


async def worked(context: Context, person: Person, tenant_id: str, work: Any, status: str) -> None:
    """Have what waits done so, until all of the tenant's jobs stand like this."""
    async with a_worker(context, [Job(NAME, work, of_tenant=True, attempts=1)]):

        async def so() -> bool:
            return {job["status"] for job in await jobs_of(person, tenant_id)} == {status}

        await until(so)


async def queue(context: Context, tenant_id: str, number: int = 0) -> int:
    job_id = await enqueue(context.pool, NAME, UUID(tenant_id), key=f"{tenant_id}-{number}")
    assert job_id is not None
    return job_id


async def test_a_dead_job_is_shown_with_its_error_tried_again_and_written_into_the_audit_log(
    context: Context, ann: Person
) -> None:
    tenant_id = await ann.make_tenant()
    job_id = await queue(context, tenant_id)
    (waiting,) = await jobs_of(ann, tenant_id)
    assert (waiting["id"], waiting["name"], waiting["status"], waiting["attempts"], waiting["startedAt"]) == (
        job_id,
        NAME,
        "waiting",
        0,
        None,
    )
    await worked(context, ann, tenant_id, fail, "dead")
    (dead,) = await jobs_of(ann, tenant_id, "?status=dead")
    assert set(dead) == {"id", "name", "status", "attempts", "error", "queuedAt", "nextTryAt", "startedAt", "endedAt"}
    assert (dead["attempts"], dead["error"], dead["nextTryAt"]) == (1, "RuntimeError: no socks", None)
    assert dead["queuedAt"] <= dead["startedAt"] <= dead["endedAt"]

    again = await ann.call("POST", f"/api/v1/tenants/{tenant_id}/jobs/{job_id}/retry")
    assert (again.status_code, again.json()["data"]["status"], again.json()["data"]["attempts"]) == (202, "waiting", 0)
    await worked(context, ann, tenant_id, succeed, "succeeded")
    (done,) = await jobs_of(ann, tenant_id)
    assert (done["attempts"], done["error"]) == (1, None)
    actions = (await ann.call("GET", f"/api/v1/audit-log?tenantId={tenant_id}")).json()["data"]
    assert (actions[0]["action"], actions[0]["subject"]) == ("job.retried", str(job_id))


async def test_only_dead_jobs_are_tried_again_by_hand(context: Context, ann: Person) -> None:
    tenant_id = await ann.make_tenant()
    job_id = await queue(context, tenant_id)
    refused = await ann.call("POST", f"/api/v1/tenants/{tenant_id}/jobs/{job_id}/retry")
    assert (refused.status_code, "got one that is waiting" in refused.json()["detail"]) == (409, True)
    await worked(context, ann, tenant_id, fail, "dead")
    await queue(context, tenant_id)  # another in its place
    refused = await ann.call("POST", f"/api/v1/tenants/{tenant_id}/jobs/{job_id}/retry")
    assert (refused.status_code, "is not needed" in refused.json()["detail"]) == (409, True)


@pytest.mark.parametrize("job_id", ["1", "0", "-1", "x", "99999999999999999999", "1.5"])
async def test_a_job_that_is_not_there_is_not_found(job_id: str, ann: Person) -> None:
    tenant_id = await ann.make_tenant()
    assert (await ann.call("POST", f"/api/v1/tenants/{tenant_id}/jobs/{job_id}/retry")).status_code == 404


async def test_nobody_sees_or_retries_a_strangers_job(context: Context, ann: Person, bob: Person) -> None:
    tenant_id, own = await ann.make_tenant(), await bob.make_tenant()
    job_id = await queue(context, tenant_id)
    await worked(context, ann, tenant_id, fail, "dead")
    for tenant in (tenant_id, own):
        refused = await bob.call("POST", f"/api/v1/tenants/{tenant}/jobs/{job_id}/retry")
        assert refused.status_code == 404
    assert (await bob.call("GET", f"/api/v1/tenants/{tenant_id}/jobs")).status_code == 404
    assert await jobs_of(bob, own) == []
    assert await in_queue(context.pool, NAME) == ["failed"]


async def test_the_list_comes_in_pages_newest_first(context: Context, ann: Person) -> None:
    tenant_id = await ann.make_tenant()
    ids = [await queue(context, tenant_id, number) for number in range(5)]
    found, cursor = [], ""
    for _ in range(3):
        page = (await ann.call("GET", f"/api/v1/tenants/{tenant_id}/jobs?limit=2{cursor}")).json()
        found += [job["id"] for job in page["data"]]
        cursor = f"&cursor={page['meta']['nextCursor']}"
    assert found == ids[::-1]
    assert page["meta"]["nextCursor"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=x", "cursor=0", "status=lost", "page=2"])
async def test_a_bad_query_is_refused(query: str, ann: Person) -> None:
    tenant_id = await ann.make_tenant()
    refused = await ann.call("GET", f"/api/v1/tenants/{tenant_id}/jobs?{query}")
    assert refused.status_code == 422
    assert refused.json()["errors"]


async def test_metrics_count_what_waits_and_what_is_dead(
    context: Context, ann: Person, client: httpx.AsyncClient
) -> None:
    tenant_id = await ann.make_tenant()
    await queue(context, tenant_id)

    async def counted() -> list[str]:
        text = (await client.get("/internal/metrics", headers={"Authorization": f"Bearer {SECRET}"})).text
        return [line for line in text.splitlines() if line.startswith("jobs_") and NAME in line]

    assert await counted() == [f'jobs_waiting{{kind="{NAME}"}} 1.0', f'jobs_dead{{kind="{NAME}"}} 0.0']
    await worked(context, ann, tenant_id, fail, "dead")
    assert await counted() == [f'jobs_waiting{{kind="{NAME}"}} 0.0', f'jobs_dead{{kind="{NAME}"}} 1.0']
    await context.pool.execute("DELETE FROM pgqueuer")
    assert await counted() == []
