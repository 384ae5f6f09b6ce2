"""What a browser may ask from another origin, and what every answer tells it about itself."""

import httpx
import pytest

from tests.support.apps import MakeTenant, bearer

SHOP, THIEF = "https://shop.example", "https://thief.example"


def asking(origin: str) -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-api-key",
    }


async def test_a_preflight_is_answered_and_may_be_remembered(client: httpx.AsyncClient) -> None:
    answer = await client.options("/api/v1/events", headers=asking(SHOP))
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == SHOP
    assert answer.headers["access-control-allow-methods"] == "GET, POST"
    assert {"authorization", "content-type", "x-api-key"} <= set(
        answer.headers["access-control-allow-headers"].lower().split(", ")
    )
    assert int(answer.headers["access-control-max-age"]) == 7200
    assert "origin" in answer.headers["vary"].lower()
    assert "access-control-allow-credentials" not in answer.headers


async def test_a_key_in_the_url_is_held_to_its_origins(client: httpx.AsyncClient, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant(allowed_origins=(SHOP,))
    for key, origin, status in (
        (tenant.publish, SHOP, 204), (tenant.publish, THIEF, 403), (tenant.read_write, SHOP, 403),
        ("rk_pub_unknown", SHOP, 403),
    ):  # fmt: skip
        answer = await client.options("/api/v1/recommendations", params={"key": key}, headers=asking(origin))
        assert answer.status_code == status
        assert answer.headers.get("access-control-allow-origin") == (SHOP if status == 204 else None)


async def test_options_that_no_browser_sent_are_no_preflight(client: httpx.AsyncClient) -> None:
    assert (await client.options("/api/v1/events")).status_code == 405
    assert (await client.options("/health", headers=asking(SHOP))).status_code == 405


async def test_a_page_may_read_a_refusal_of_its_own_request(client: httpx.AsyncClient, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant(allowed_origins=(SHOP,))
    answer = await client.get("/api/v1/recommendations?limit=0", headers=bearer(tenant.publish) | {"Origin": SHOP})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (422, SHOP)
    assert "Retry-After" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("path", ["/health", "/nowhere", "/api/v1/recommendations"])
async def test_every_answer_carries_the_security_headers(path: str, client: httpx.AsyncClient) -> None:
    headers = (await client.get(path)).headers
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers


async def test_over_https_browsers_are_told_to_stay_there(client: httpx.AsyncClient) -> None:
    assert "max-age=" in (await client.get("https://test/health")).headers["strict-transport-security"]
