"""What wraps every request: its id, its headers, its metrics, and the last resort for errors."""

import asyncio
import json
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from recomengine.infra.metrics import REGISTRY
from tests.support.apps import Log, MakeTenant, bearer
from tests.support.processes import PATIENCE_S


async def fail(_request: Request) -> Response:
    raise RuntimeError("secret of the inside")


async def fail_midway(_request: Request) -> Response:
    async def body() -> AsyncIterator[bytes]:
        yield b"begun"
        raise RuntimeError("secret of the inside")

    return StreamingResponse(body())


async def lose_database(request: Request) -> Response:
    raise {
        "refused": ConnectionRefusedError, "slow": TimeoutError, "stopping": asyncpg.AdminShutdownError,
        "full": asyncpg.TooManyConnectionsError, "closed": asyncpg.InterfaceError,
        "standby": asyncpg.ReadOnlySQLTransactionError,
    }[request.path_params["how"]]("gone")  # fmt: skip


@pytest.fixture
def app_that_fails(app: Starlette) -> Starlette:
    app.router.routes += [Route("/fail", fail), Route("/midway", fail_midway), Route("/lose/{how}", lose_database)]
    return app


@pytest.mark.parametrize("given", ["a", "req-1.2_3", "x" * 128])
async def test_a_good_request_id_is_kept(given: str, client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] == given
    assert answer.json()["requestId"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\tb", "ü", "<script>", "a;b"])
async def test_a_bad_or_absent_request_id_is_replaced(given: str, client: httpx.AsyncClient) -> None:
    answer = await client.get("/health", headers={"X-Request-ID": given.encode()})
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-request-id"] != (await client.get("/health")).headers["x-request-id"]


async def test_a_failure_is_a_problem_without_its_inside(
    app_that_fails: Starlette, client: httpx.AsyncClient, log: Log
) -> None:
    logged = log("info", "json")
    answer = await client.get("/fail", headers={"X-Request-ID": "r-1"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert (body["code"], body["requestId"], body["instance"]) == ("internal_error", "r-1", "/fail")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    failed, request = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert (failed["event"], failed["error"], failed["level"], failed["request_id"]) == (
        "request failed",
        "RuntimeError",
        "error",
        "r-1",
    )
    assert (request["event"], request["status"], request["path"], request["request_id"]) == (
        "request",
        500,
        "/fail",
        "r-1",
    )
    assert "secret" not in logged.getvalue()


async def test_a_failure_after_the_first_bytes_ends_the_connection(app_that_fails: Starlette) -> None:
    transport = httpx.ASGITransport(app=app_that_fails)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        with pytest.raises(RuntimeError):
            await client.get("/midway")


@pytest.mark.parametrize("how", ["refused", "slow", "stopping", "full", "closed", "standby"])
async def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(
    how: str, app_that_fails: Starlette, client: httpx.AsyncClient
) -> None:
    answer = await client.get(f"/lose/{how}")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["retry-after"]) >= 1


def requests_counted(**labels: str) -> float:
    return REGISTRY.get_sample_value("http_requests_total", labels) or 0.0


async def test_metrics_carry_the_route_and_never_the_path(client: httpx.AsyncClient) -> None:
    known = {"method": "GET", "path": "/api/v1/catalog/{product_id:path}", "status": "401"}
    unknown = {"method": "any", "path": "unmatched", "status": "404"}
    before = requests_counted(**known), requests_counted(**unknown)
    await client.get("/api/v1/catalog/secret-product")
    await client.request("BREW", "/secret-place")
    assert (requests_counted(**known), requests_counted(**unknown)) == (before[0] + 1, before[1] + 1)


async def test_a_client_that_leaves_is_counted_and_is_no_failure_of_ours(
    app: Starlette, make_tenant: MakeTenant
) -> None:
    labels = {"method": "POST", "path": "/api/v1/events", "status": "499"}
    before = requests_counted(**labels)
    headers = [
        (b"authorization", f"Bearer {(await make_tenant()).read_write}".encode()),
        (b"content-type", b"application/json"),
    ]
    scope = {
        "type": "http", "method": "POST", "path": "/api/v1/events", "raw_path": b"", "query_string": b"",
        "headers": headers, "client": ("192.0.2.1", 1), "scheme": "http", "server": ("test", 80), "http_version": "1.1",
        "root_path": "",
    }  # fmt: skip
    sent: list[object] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    async with asyncio.timeout(PATIENCE_S):
        await app(scope, receive, send)  # type: ignore[arg-type]
    assert requests_counted(**labels) == before + 1
    assert sent == []


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/v1/events", "POST"),
        ("GET", "/api/v1/events/batch", "POST"),
        ("DELETE", "/api/v1/catalog", "GET, HEAD, POST"),
        ("PUT", "/api/v1/recommendations", "GET, HEAD, POST"),
        ("POST", "/api/v1/catalog/x", "DELETE, GET, HEAD, PATCH, PUT"),
        ("POST", "/health", "GET, HEAD"),
    ],
)
async def test_a_method_that_is_not_offered_is_told_which_are(
    method: str, path: str, allowed: str, client: httpx.AsyncClient
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"], answer.headers["allow"]) == (405, "method_not_allowed", allowed)


@pytest.mark.parametrize("host", ["[", "a:b:c", "x" * 3000])
async def test_a_broken_host_header_breaks_nothing(host: str, client: httpx.AsyncClient) -> None:
    assert (await client.get("/nowhere", headers={"Host": host})).status_code == 404
    assert (await client.post("/api/v1/events/", headers={"Host": host})).status_code == 404


async def test_pages_of_an_allowed_origin_may_read_the_answer_and_no_others(
    client: httpx.AsyncClient, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant(allowed_origins=("https://shop.example",))
    for origin, key, readable in (
        ("https://shop.example", tenant.publish, True),
        ("https://thief.example", tenant.publish, False),
        ("https://shop.example", tenant.read, False),
    ):
        answer = await client.get("/api/v1/recommendations", headers=bearer(key) | {"Origin": origin})
        assert answer.headers.get("access-control-allow-origin") == (origin if readable else None)
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_problem_form_is_that_of_rfc_9457(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/recommendations")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    body = answer.json()
    assert {name: type(value) for name, value in body.items()} == {
        "type": str, "title": str, "status": int, "detail": str, "instance": str, "code": str, "requestId": str,
    }  # fmt: skip
    assert (body["status"], body["instance"], body["requestId"]) == (
        401,
        "/api/v1/recommendations",
        answer.headers["x-request-id"],
    )
