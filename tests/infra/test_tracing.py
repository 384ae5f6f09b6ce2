"""Traces as a collector receives them, and their absence: without a collector nothing of OpenTelemetry is even
loaded.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import asyncpg
import pytest
from msgspec.structs import replace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recomengine.infra import tracing
from recomengine.infra.tracing import VARIABLE
from recomengine.settings import Settings
from recomengine.shop import RateLimits, TenantConfig
from recomengine.tenants.schemas import CreatedTenant
from recomengine.tenants.service import create_tenant
from tests.support.apps import DEAD_REDIS, SECRET, Servers, bearer, client_of, running
from tests.support.processes import PATIENCE_S
from tests.support.shops import fill_catalog, product
from tests.support.stored import view

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SHOPPER = "shopper-4711"


class Collector(NamedTuple):
    url: str
    received: list[ExportTraceServiceRequest]

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.received
            for of in request.resource_spans
            for scope in of.scope_spans
            for span in scope.spans
        ]

    def span(self, name: str) -> Span:
        (found,) = [span for span in self.spans if span.name == name]
        return found


def attributes(span: Span) -> dict[str, Any]:
    return {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in span.attributes}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """An OTLP collector over HTTP, to which this process is told to send."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert (self.path, self.headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
            received.append(ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv(VARIABLE, url)
        yield Collector(url, received)
        server.shutdown()
        thread.join()


async def fail(request: Request) -> Response:
    try:
        await request.app.state.context.pool.execute("SELECT 1 / $1::int", 0)
    except asyncpg.DivisionByZeroError as error:
        raise RuntimeError(f"secret of the inside {SECRET}") from error
    return Response()


async def make_shop(app: Starlette) -> CreatedTenant:
    context = app.state.context
    made = await create_tenant(context.pool, SECRET, "Test shop", TenantConfig(rate_limits=RateLimits(0, 0)))
    await fill_catalog(context, made.tenant_id, [product("boot", price=1)])
    return made


async def test_a_request_its_statements_its_commands_and_its_kernel_are_one_trace(
    collector: Collector, settings: Settings
) -> None:
    async with running(settings) as app, client_of(app) as client:
        shop = await make_shop(app)
        headers = bearer(shop.keys.read_write) | {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "r-1"}
        path = f"/api/v1/recommendations?userId={SHOPPER}&productId=boot"
        assert (await client.get(path, headers=headers)).status_code == 200
        assert (await client.post("/api/v1/events", json=view(SHOPPER, "boot"), headers=headers)).status_code == 202
        assert (await client.get(f"/{SHOPPER}", headers=headers)).status_code == 404
    request = collector.span("GET /api/v1/recommendations")
    assert (request.trace_id.hex(), request.parent_span_id.hex(), request.kind) == (
        TRACE,
        PARENT,
        Span.SPAN_KIND_SERVER,
    )
    assert attributes(request) == {
        "http.request.method": "GET", "http.route": "/api/v1/recommendations", "http.response.status_code": 200,
        "recomengine.request_id": "r-1", "recomengine.tenant": str(shop.tenant_id),
        "recomengine.key_prefix": "_".join(shop.keys.read_write.split("_")[:3]),
    }  # fmt: skip
    below = {span.name: span for span in collector.spans if span.parent_span_id == request.span_id}
    assert below.keys() >= {"MGET LRANGE", "api_keys.FIND_KEY", "rank", "SET"}
    for span in below.values():
        assert request.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
    assert attributes(below["api_keys.FIND_KEY"]) == {
        "db.system.name": "postgresql",
        "db.query.summary": "api_keys.FIND_KEY",
    }
    assert attributes(below["MGET LRANGE"]) == {
        "db.system.name": "redis",
        "db.operation.name": "MGET LRANGE",
        "db.operation.batch.size": 2,
    }
    event = collector.span("POST /api/v1/events")
    assert "events.STORE_EVENTS" in {span.name for span in collector.spans if span.parent_span_id == event.span_id}
    assert attributes(collector.span("GET unmatched"))["http.response.status_code"] == 404
    resource = {
        each.key: each.value.string_value for each in collector.received[0].resource_spans[0].resource.attributes
    }
    assert resource["service.name"] == "recomengine"


async def test_no_span_holds_a_value_that_was_sent(collector: Collector, settings: Settings) -> None:
    async with running(settings) as app, client_of(app) as client:
        app.router.routes.append(Route("/fail", fail))
        shop = await make_shop(app)
        for key in (shop.keys.read_write, shop.keys.publish):
            await client.get(f"/api/v1/recommendations?userId={SHOPPER}&key={key}")
            await client.get(
                f"/api/v1/catalog/{SHOPPER}", headers={"X-API-Key": key, "Cookie": f"refresh_token={SHOPPER}"}
            )
            await client.post("/api/v1/events", json=view(SHOPPER, SHOPPER) | {"key": key})
        await client.post("/api/v1/auth/login", json={"email": f"{SHOPPER}@example.com", "password": SHOPPER})
        assert (await client.get(f"/fail?userId={SHOPPER}")).status_code == 500
    text = "".join(map(str, collector.received))
    secrets = (
        SHOPPER,
        SECRET,
        *(part for key in (shop.keys.read_write, shop.keys.publish) for part in key.split("_")[3:]),
    )
    assert [secret for secret in secrets if secret in text] == []


async def test_what_fails_is_marked_by_its_kind_alone(collector: Collector, settings: Settings) -> None:
    async with running(replace(settings, redis_url=DEAD_REDIS)) as app, client_of(app) as client:
        app.router.routes.append(Route("/fail", fail))
        shop = await make_shop(app)
        assert (await client.get("/fail")).status_code == 500
        assert (await client.get("/api/v1/recommendations", headers=bearer(shop.keys.read))).status_code == 200
    failed = collector.span("GET /fail")
    assert (failed.status.code, failed.status.message, attributes(failed)["error.type"]) == (
        Status.STATUS_CODE_ERROR,
        "",
        "500",
    )
    (statement,) = [span for span in collector.spans if span.parent_span_id == failed.span_id]
    assert (statement.name, statement.status.code, attributes(statement)["error.type"]) == (
        "SELECT", Status.STATUS_CODE_ERROR, "DivisionByZeroError",
    )  # fmt: skip
    assert not any(span.events for span in collector.spans)
    lost = [span for span in collector.spans if span.name == "MGET"]
    assert {attributes(span)["error.type"] for span in lost} == {"RedisUnavailable"}
    assert collector.span("GET /api/v1/recommendations").status.code == Status.STATUS_CODE_UNSET


async def test_a_collector_that_does_not_answer_holds_nobody_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "http://127.0.0.1:1")
    monkeypatch.setattr(tracing, "STOP_S", 0.1)
    async with running(settings) as app, client_of(app) as client:
        assert (await client.get("/health")).status_code == 200
    with tracing.span("after the end") as span:
        assert span is None


UNTRACED = """
import asyncio, sys
from recomengine import cli
from recomengine.settings import load_settings
from tests.support.apps import client_of, running
from tests.support.processes import PATIENCE_S

async def serve() -> None:
    async with running(load_settings()) as app, client_of(app) as client:
        assert (await client.get("/ready")).json()["status"] == "ready"
        assert (await client.get("/api/v1/recommendations")).status_code == 401

asyncio.run(serve())
print([name for name in sys.modules if name.partition(".")[0] in ("opentelemetry", "google", "requests", "urllib3")])
"""


@pytest.mark.parametrize(
    ("variable", "loaded"), [({}, False), ({VARIABLE: ""}, False), ({VARIABLE: "http://127.0.0.1:1"}, True)]
)
def test_without_a_collector_nothing_of_opentelemetry_is_imported(
    variable: dict[str, str], loaded: bool, servers: Servers
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")} | {
        "DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, "JWT_SECRET": SECRET,
        "API_KEY_HMAC_SECRET": SECRET,
    }  # fmt: skip
    command = [sys.executable, "-c", UNTRACED]
    done = subprocess.run(
        command, env=environment | variable, capture_output=True, text=True, check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    names = done.stdout.splitlines()[-1]
    assert ("'opentelemetry'" in names) is loaded
    assert loaded or names == "[]"
