"""What the worker does for a tenant, and dead jobs tried again."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import httpx
import pytest
from playwright.sync_api import expect

from recomengine.models.service import REFRESH_JOB
from tests.support.browsers import check_looks
from tests.support.dashboards import Account, Dashboard, Demo
from tests.support.databases import fetchval

DEAD = """
WITH made AS (
    INSERT INTO pgqueuer (priority, created, updated, heartbeat, execute_after, status, entrypoint, payload, attempts)
    VALUES (0, now(), now(), now(), now(), 'failed', $2, $3, 7) RETURNING id
)
SELECT record_job(id, $1, $2, 'dead', 7, 'No space left on device', NULL) FROM made
"""


@pytest.fixture
def tenant(ann: Account, demo: Demo, http: httpx.Client) -> str:
    """One with a job that is dead."""
    tenant = str(ann.call(demo, http, "POST", "/api/v1/tenants", {"name": "Boots & more"})["data"]["id"])
    url = json.loads((demo.data_dir / "servers.json").read_text(encoding="utf-8"))["database_url"]
    made = fetchval(url, DEAD, UUID(tenant), REFRESH_JOB, UUID(tenant).bytes)
    with ThreadPoolExecutor(1) as elsewhere:  # in this thread the browser's loop runs
        elsewhere.submit(asyncio.run, made).result()
    return tenant


def test_a_dead_job_is_found_with_its_error_and_tried_again(ann_tab: Dashboard, tenant: str) -> None:
    page = ann_tab.open(f"/dashboard/tenants/{tenant}/jobs?status=dead", title="Jobs")
    row = page.get_by_role("row", name=REFRESH_JOB.replace("_", " "))
    expect(row).to_contain_text("No space left on device")
    check_looks(page, "jobs-dead")
    row.get_by_role("button", name="again").click()
    expect(page.get_by_text("The job waits for its next try.")).to_be_visible()
    expect(page.get_by_text("No dead jobs")).to_be_visible()
    page.get_by_label("Status").select_option("")
    expect(row).not_to_contain_text("dead")
    expect(row.get_by_role("button")).to_have_count(0)


def test_the_page_of_jobs_looks_right(dashboard: Dashboard) -> None:
    page = dashboard.open("jobs")
    expect(page.get_by_role("row", name="refresh model")).not_to_have_count(0)
    check_looks(page, "jobs")
