"""Preflights, and what every answer forbids a browser to do with it."""

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.web.cors import PATHS
from tests.conftest import MakeTenant, client_of

ORIGIN = "https://shop.example"


def asking(origin: str = ORIGIN, method: str = "POST") -> dict[str, str]:
    return {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}


@pytest.mark.parametrize("path", PATHS)
async def test_a_preflight_is_answered_and_may_be_kept(path: str, client: httpx.AsyncClient) -> None:
    answer = await client.options(path, headers=asking())
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert {"GET", "POST"} == set(answer.headers["access-control-allow-methods"].split(", "))
    assert {"authorization", "content-type", "x-api-key"} <= set(answer.headers["access-control-allow-headers"].lower().split(", "))
    assert int(answer.headers["access-control-max-age"]) >= 3600
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/api/v1/catalog", "/api/v1/events/import", "/api/v1/tenants", "/api/v1/auth/login", "/nowhere"])
async def test_what_a_publish_key_may_not_do_has_no_preflight(path: str, client: httpx.AsyncClient) -> None:
    answer = await client.options(path, headers=asking())
    assert answer.status_code in (404, 405)
    assert "access-control-allow-origin" not in answer.headers


async def test_options_without_a_question_is_no_preflight(client: httpx.AsyncClient) -> None:
    assert (await client.options(PATHS[0], headers={"Origin": ORIGIN})).status_code == 405
    assert (await client.options(PATHS[0])).status_code == 405


async def test_only_a_page_of_the_tenant_reads_the_answer(client: httpx.AsyncClient, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant(allowed_origins=(ORIGIN,))
    for origin, status in ((ORIGIN, 200), ("https://other.example", 403)):
        answer = await client.get("/api/v1/recommendations", params={"key": tenant.publish}, headers={"Origin": origin})
        assert answer.status_code == status
        assert answer.headers.get("access-control-allow-origin") == (ORIGIN if status == 200 else None)


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/api/v1/recommendations"])
async def test_every_answer_forbids_to_guess_frame_or_run_it(path: str, client: httpx.AsyncClient) -> None:
    headers = (await client.get(path)).headers
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers.get_list("content-security-policy") == ["default-src 'none'; frame-ancestors 'none'"]
    assert "strict-transport-security" not in headers


async def test_over_tls_a_browser_is_told_to_stay_there(app: Starlette) -> None:
    async with client_of(app) as client:
        client.base_url = httpx.URL("https://test")
        assert (await client.get("/health")).headers["strict-transport-security"] == "max-age=31536000"
