"""Liveness, readiness and metrics: what operators and their machines ask."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
from msgspec.structs import replace
from starlette.applications import Starlette

from recomengine.infra import disk
from recomengine.settings import Settings
from tests.support.apps import SECRET, client_of, running


async def test_a_living_process_says_so(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_process_whose_servers_answer_is_ready(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "checks": {"postgresql": "ok", "redis": "ok", "disk": "ok"}},
    )


async def test_without_redis_it_is_degraded_and_still_serves(without_redis: Starlette) -> None:
    async with client_of(without_redis) as client:
        answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["status"], answer.json()["checks"]["postgresql"]) == (
        200,
        "degraded",
        "ok",
    )
    assert answer.json()["checks"]["redis"].startswith("unreachable")


async def test_on_a_full_disk_it_is_degraded_says_what_to_do_and_still_serves(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "FULL_BELOW_BYTES", 1 << 62)
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["status"], answer.json()["checks"]["postgresql"]) == (
        200,
        "degraded",
        "ok",
    )
    assert re.fullmatch(
        r"full: \d+ MiB free in DATA_DIR, less than \d+ MiB\. Delete or move files .*", answer.json()["checks"]["disk"]
    )


async def test_a_missing_migration_makes_it_not_ready(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def missing(_connection: object) -> list[str]:
        return ["0002_more"]

    monkeypatch.setattr("recomengine.health.routes.pending", missing)
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "not_ready")
    assert "0002_more" in answer.json()["checks"]["postgresql"]


@pytest.fixture
async def without_database(settings: Settings) -> AsyncIterator[Starlette]:
    """An app whose pool was closed under it, as if the database had gone."""
    async with running(replace(settings)) as app:
        await app.state.context.pool.close()
        yield app


async def test_without_the_database_it_lives_and_is_not_ready(without_database: Starlette) -> None:
    async with client_of(without_database) as client:
        ready, alive = await client.get("/ready"), await client.get("/health")
    assert (ready.status_code, ready.json()["status"], ready.json()["checks"]["redis"]) == (503, "not_ready", "ok")
    assert alive.status_code == 200


async def test_metrics_are_prometheus_text_behind_the_internal_key(client: httpx.AsyncClient) -> None:
    answer = await client.get("/internal/metrics", headers={"Authorization": f"Bearer {SECRET}"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    for name in (
        "http_requests_total",
        "http_request_duration_ms_bucket",
        "recommendation_latency_ms_bucket",
        "fallbacks_total",
        "models_loaded",
    ):
        assert name in answer.text


async def test_metrics_without_the_database_leave_out_what_is_counted_there(without_database: Starlette) -> None:
    async with client_of(without_database) as client:
        answer = await client.get("/internal/metrics", headers={"Authorization": f"Bearer {SECRET}"})
    assert answer.status_code == 200
    assert "models_loaded" in answer.text
    assert "jobs_dead{" not in answer.text


@pytest.mark.parametrize(
    "given",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {SECRET}", SECRET, f"Bearer {SECRET}x", "Bearer \u00fc"],
)
async def test_metrics_are_for_nobody_else(given: str | None, client: httpx.AsyncClient) -> None:
    headers = {} if given is None else {"Authorization": given.encode("latin-1")}
    answer = await client.get("/internal/metrics", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert "http_requests_total" not in answer.text


async def test_without_an_internal_key_nobody_reads_metrics(settings: Settings) -> None:
    async with running(replace(settings, internal_api_key="")) as app, client_of(app) as client:
        assert (await client.get("/internal/metrics", headers={"Authorization": "Bearer "})).status_code == 401
