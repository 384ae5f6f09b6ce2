"""What /internal/metrics shows: the names and types that were promised, right figures, bounded labels."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recomengine.infra import metrics
from recomengine.infra.metric_files import Window
from tests.support.apps import SECRET, MakeTenant, bearer, client_of
from tests.support.databases import execute
from tests.support.histograms import consistent
from tests.support.stored import view

PROMISED = {
    "http_requests_total": "counter", "http_request_duration_ms": "histogram",
    "recommendation_cache_hit_ratio": "gauge", "event_ingestion_throughput": "counter",
    "recommendation_latency_ms": "histogram", "active_experiments": "gauge", "error_rate": "gauge",
    "http_request_duration_seconds": "histogram", "recommendation_latency_seconds": "histogram",
    "process_cpu_seconds_total": "counter", "process_resident_memory_bytes": "gauge",
    "process_start_time_seconds": "gauge", "process_open_fds": "gauge", "database_pool_connections": "gauge",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _window(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests did in the last five minutes is not ours."""
    monkeypatch.setattr(metrics, "WINDOW", Window(None))


async def scrape(client: httpx.AsyncClient) -> str:
    answer = await client.get("/internal/metrics", headers=bearer(SECRET))
    assert answer.status_code == 200
    return answer.text


async def samples(client: httpx.AsyncClient, name: str, **labels: str) -> float:
    """The sum of the samples of this name that bear these labels."""
    families = text_string_to_metric_families(await scrape(client))
    found = [
        sample.value
        for each in families
        for sample in each.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return sum(found)


async def test_the_text_parses_and_holds_what_was_promised(client: httpx.AsyncClient, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant()
    await client.get("/api/v1/recommendations", headers=bearer(tenant.read))
    await client.post("/api/v1/events", json=view("ann", "boot"), headers=bearer(tenant.read_write))
    text = await scrape(client)
    types = dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE "))
    assert {name: types.get(name) for name in PROMISED} == PROMISED
    families = list(text_string_to_metric_families(text))
    assert len({each.name for each in families}) == len(families)
    assert all(each.documentation and each.type in ("counter", "gauge", "histogram") for each in families)
    histograms = [each for each in families if each.type == "histogram"]
    assert len(histograms) == 5
    assert all(consistent(each) for each in histograms)


async def test_stored_events_are_counted_once_and_recommendations_by_where_they_came_from(
    client: httpx.AsyncClient, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    stored, computed = (
        await samples(client, "event_ingestion_throughput_total"),
        await samples(client, "recommendation_latency_ms_count"),
    )
    event = view("ann", "boot") | {"eventId": "once"}
    for _ in range(3):
        await client.post("/api/v1/events", json=event, headers=bearer(tenant.read_write))
    for _ in range(4):
        answer = await client.get("/api/v1/recommendations?userId=ann", headers=bearer(tenant.read))
    assert answer.json()["meta"]["cached"] is True
    assert await samples(client, "event_ingestion_throughput_total") == stored + 1
    assert await samples(client, "recommendation_latency_ms_count") == computed + 1
    assert await samples(client, "recommendation_cache_hit_ratio") == 0.75


async def fail(_request: Request) -> Response:
    raise RuntimeError


async def test_the_error_rate_is_the_share_of_5xx(app: Starlette, client: httpx.AsyncClient) -> None:
    assert await samples(client, "error_rate") == 0.0
    app.router.routes.append(Route("/fail", fail))
    for path in ("/fail", "/health", "/nowhere", "/fail"):
        await client.get(path)
    assert await samples(client, "error_rate") == pytest.approx(2 / 5)


async def test_running_experiments_of_all_tenants_are_counted(
    client: httpx.AsyncClient, make_tenant: MakeTenant, database_url: str
) -> None:
    before = await samples(client, "active_experiments")
    for status in ("running", "running", "paused", "draft", "completed"):
        await execute(
            database_url,
            """INSERT INTO experiments (tenant_id, name, control_strategy, variant_strategy, traffic_split, metric,
                status)
               VALUES ($1, $2, 'auto', 'trending', 50, 'ctr', $3)""",
            (await make_tenant()).id, uuid4().hex, status,
        )  # fmt: skip
    assert await samples(client, "active_experiments") == before + 2


async def test_without_the_database_the_other_metrics_are_shown(app: Starlette, client: httpx.AsyncClient) -> None:
    await app.state.context.pool.close()
    text = await scrape(client)
    assert "active_experiments" not in text
    assert "error_rate 0.0" in text


@pytest.fixture
async def raw(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


async def test_no_label_holds_what_a_client_sends(raw: httpx.AsyncClient, make_tenant: MakeTenant) -> None:
    tenant, mark = await make_tenant(), f"mark{uuid4().hex}"
    for method in ("GET", "BREW", mark.upper()):
        for path in (
            f"/api/v1/catalog/{mark}",
            f"/{mark}",
            f"/api/v1/tenants/{mark}",
            f"/api/v1/recommendations?userId={mark}",
            "/health",
        ):
            await raw.request(method, path, headers=bearer(tenant.read))
    text = (await scrape(raw)).lower()
    assert mark not in text
    assert str(tenant.id) not in text
    assert 'method="brew"' not in text
    assert 'method="other",path="/health",status="405"' in text
