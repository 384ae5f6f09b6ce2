"""The log: nothing in it that opens a door or names a shopper, whatever is sent and whatever fails; and whose request a
line tells of.
"""

import asyncio
import base64
import json
import logging
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest
import structlog
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recomengine.infra.logs import HIDDEN, hide_secrets, said
from recomengine.web.protocol import BoundedHttp
from tests.support.apps import SECRET, Log, MakeTenant, Tenant, bearer
from tests.support.processes import PATIENCE_S

PASSWORD = "Vv7-unguessable-horse"
ADDRESS = "ann.nobody+shop@example.com"
SHOPPER = "shopper-4711-of-nobody"
COOKIE = "c00kie5ecretValue"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0NzExIn0.c2lnbmF0dXJlLW9mLW5vYm9keQ"
BASIC = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()


async def fail(request: Request) -> Response:
    """Every way in which what was sent gets into an exception."""
    body, key = (await request.body()).decode(), request.headers.get("x-api-key", "")
    try:
        raise KeyError(body)
    except KeyError as cause:
        raise RuntimeError(f"{body} {key} {dict(request.headers)} {request.url}") from cause


async def fail_in_sql(request: Request) -> Response:
    pool = request.app.state.context.pool
    how, text = request.path_params["how"], (await request.body()).decode()
    if how == "client":
        await pool.execute("SELECT $1::int", text)
    elif how == "server":
        await pool.execute(f"SELECT '{json.loads(text)['password']}'::int")
    raise asyncpg.UniqueViolationError(f"duplicate key\nDETAIL: Key (email)=({ADDRESS}) exists, password={PASSWORD}")


async def fail_later(request: Request) -> Response:
    async def forgotten(text: str) -> None:
        raise ValueError(f"Bearer {TOKEN} {request.headers.get('x-api-key')}")

    await asyncio.wait({asyncio.ensure_future(forgotten(PASSWORD))})
    return Response()


@pytest.fixture
async def url(app: Starlette) -> AsyncIterator[str]:
    """The app behind a real server, with endpoints that fail."""
    app.router.routes += [
        Route("/fail", fail, methods=["POST"]),
        Route("/sql/{how}", fail_in_sql, methods=["POST"]),
        Route("/later", fail_later),
    ]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app, http=BoundedHttp, lifespan="off", log_config=None, access_log=False, server_header=False
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([listener]))
        yield "http://{}:{}".format(*listener.getsockname())
        server.should_exit = True
        await serving


async def send_secrets(url: str, tenant: Tenant) -> None:
    """Requests good, bad and failing with every secret in every place."""
    person = {"email": ADDRESS, "password": PASSWORD, "name": "Ann"}
    event = {
        "eventType": "view",
        "userId": SHOPPER,
        "productId": "boot",
        "key": tenant.publish,
        "metadata": {"query": ADDRESS},
    }
    cookies = f"refresh_token={COOKIE}; csrf_token={COOKIE}"
    carried = [
        bearer(tenant.read_write), bearer(TOKEN), bearer(tenant.read[:-1] + "_"), {"Authorization": f"Basic {BASIC}"},
        {"X-API-Key": tenant.read_write}, {"X-API-Key": PASSWORD}, {"Cookie": cookies, "X-CSRF-Token": COOKIE},
        {"X-Request-ID": TOKEN},
        {"X-Request-ID": tenant.read_write},
        {"Referer": f"{url}/?key={tenant.read_write}&password={PASSWORD}", "Origin": f"https://ann:{PASSWORD}@shop.example"},
    ]  # fmt: skip
    queries = [
        f"key={tenant.read_write}&userId={SHOPPER}",
        f"key={tenant.publish}&password={PASSWORD}&email={ADDRESS}&token={TOKEN}",
    ]
    bodies = [
        json.dumps(person),
        json.dumps(event),
        f'{{"email": "{ADDRESS}", "password": "{PASSWORD}"',
        f"\x00{PASSWORD}",
        json.dumps([person]),
    ]
    posts = [
        "/api/v1/auth/signup", "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/forgot-password",
        "/api/v1/auth/reset-password", "/api/v1/events", "/api/v1/catalog/batch", "/api/v1/recommendations", "/fail",
        "/sql/client", "/sql/server", "/sql/unique",
    ]  # fmt: skip
    gets = [
        "/api/v1/recommendations", "/later", f"/{PASSWORD}/{TOKEN}", f"/api/v1/catalog/{ADDRESS}", "/api/v1/auth/me",
        "/internal/metrics",
    ]  # fmt: skip
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
        for position, path in enumerate(posts):
            for number, body in enumerate(bodies):
                headers = {"Content-Type": "application/json"} | carried[(position + number) % len(carried)]
                await client.post(f"{path}?{queries[number % 2]}", content=body, headers=headers)
        for number, headers in enumerate(carried):
            for path in gets:
                await client.get(f"{path}?{queries[number % 2]}", headers=headers)
        assert (await client.post("/api/v1/events", json=event, headers=bearer(tenant.read_write))).status_code in (
            200,
            202,
        )
    await _send_raw(url, f"GET /?password={PASSWORD} HTTP/1.1\r\nX-API-Key {tenant.read_write}\r\n\r\n")
    await _send_raw(url, f"{PASSWORD} {TOKEN}\r\n\r\n")


async def _send_raw(url: str, text: str) -> None:
    reader, writer = await asyncio.open_connection(*url.removeprefix("http://").split(":"))
    writer.write(text.encode())
    assert b" 400 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


def secrets_in(text: str, tenant: Tenant) -> list[str]:
    hidden = [PASSWORD, ADDRESS, SHOPPER, COOKIE, TOKEN, BASIC, SECRET]
    hidden += [
        part
        for key in (tenant.read, tenant.read_write, tenant.publish)
        for part in (key, key.split("_")[3], key.split("_")[4])
    ]
    return [secret for secret in hidden if secret in text]


@pytest.mark.parametrize(
    ("level", "form"),
    [("debug", "json"), ("info", "json"), ("warning", "console"), ("error", "json"), ("debug", "console")],
)
async def test_no_secret_and_no_shopper_is_logged(
    level: str, form: str, url: str, make_tenant: MakeTenant, log: Log
) -> None:
    tenant = await make_tenant()
    logged = log(level, form)
    await send_secrets(url, tenant)
    text = logged.getvalue()
    assert "request failed" in text
    assert "RuntimeError at " in text
    assert "KeyError at " in text
    assert secrets_in(text, tenant) == []


async def test_a_line_tells_whose_request_it_is(url: str, make_tenant: MakeTenant, log: Log) -> None:
    tenant, other = await make_tenant(), await make_tenant()
    logged = log("debug", "json")
    async with httpx.AsyncClient(base_url=url) as client:
        await client.get("/api/v1/recommendations", headers=bearer(tenant.read) | {"X-Request-ID": "one"})
        await client.get(f"/api/v1/recommendations?key={tenant.read}", headers={"X-Request-ID": "two"})
        await client.get("/health", headers={"X-Request-ID": "three"})
        beside = bearer(other.publish) | {"X-Request-ID": "four"}
        await client.get(f"/api/v1/recommendations?key={tenant.read}", headers=beside)
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    of = {name: [line for line in lines if line.get("request_id") == name] for name in ("one", "two", "three", "four")}
    whose = {"tenant": str(tenant.id), "key_prefix": "_".join(tenant.read.split("_")[:3])}
    request = {"event": "request", "level": "debug", "method": "GET", "path": "/api/v1/recommendations", "status": 200}
    assert len(of["one"]) == 1
    assert of["one"][0].items() >= (request | whose).items()
    for name in ("two", "four"):
        assert [line["event"] for line in of[name]] == ["secret key in a URL or body: treat it as leaked", "request"]
        assert all(line.items() >= whose.items() for line in of[name])
    assert "tenant" not in of["three"][0]
    assert all({"timestamp", "level", "event"} <= line.keys() for line in lines)


def test_what_libraries_log_is_a_line_of_ours_without_secrets(log: Log) -> None:
    logged = log("info", "json")
    try:
        raise ValueError(PASSWORD)
    except ValueError:
        logging.getLogger("uvicorn.error").exception(
            "broken by %s, Bearer %s, https://ann:%s@shop.example/?key=%s", ADDRESS, TOKEN, PASSWORD, COOKIE
        )
    logging.getLogger("uvicorn.error").info("not told")
    (line,) = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert line["event"] == f"broken by {HIDDEN}, Bearer {HIDDEN}, https://{HIDDEN}@shop.example/?key={HIDDEN}"
    assert (line["level"], line["logger"], line["error"]) == ("error", "uvicorn.error", "ValueError")
    assert [place.partition(" at ")[0] for place in line["traceback"]] == ["ValueError"]


def test_fields_with_secret_names_are_hidden_at_every_depth(log: Log) -> None:
    logged = log("info", "json")
    nested = {
        "password": "a1", "apiKey": "a2", "items": [{"Set-Cookie": "a3", "kept": "b1"}], "refreshToken": "a4",
        "key": "a5", "x-hmac-key": "a9", "key_prefix": "b2", ADDRESS: "by address",
    }  # fmt: skip
    structlog.get_logger().info(
        "told",
        token="a6",
        email="a7",
        authorization="a8",
        more=nested,
        count=3,
        path="/a/{key_id}",
        kept={"x": (1, None)},
    )
    line = json.loads(logged.getvalue())
    assert not [
        secret
        for secret in ("a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9")
        if f'"{secret}"' in logged.getvalue()
    ]
    assert ADDRESS not in logged.getvalue()
    assert (line["more"]["items"][0]["kept"], line["more"]["key_prefix"], line["count"], line["path"]) == (
        "b1",
        "b2",
        3,
        "/a/{key_id}",
    )


@given(st.text("abcdefghijkABCDEFGHIJK0123456789", min_size=6, max_size=20), st.text(" \t,;:'\"()[]{}=&", max_size=3))
def test_credentials_are_found_in_any_surroundings(secret: str, edge: str) -> None:
    secret = f"zz{secret}"
    key = f"rk_live_0123abcd_{secret * 4}_{secret}"
    for shown in (
        key,
        f"bearer {secret}",
        f"Basic {secret}==",
        f"redis://:{secret}@host:1/0",
        f"?key={secret}",
        f"{secret}@example.com",
    ):
        line = str(hide_secrets(None, "info", {"event": f"{edge}{shown}{edge}", "more": [{"what": shown}]}))
        assert secret not in line
        assert (shown != key) or "rk_live_0123abcd_" in line


def test_an_exception_is_told_without_the_values_it_quotes() -> None:
    assert (
        said(ConnectionRefusedError(111, "Connect call failed"))
        == "ConnectionRefusedError: [Errno 111] Connect call failed"
    )
    assert said(asyncpg.AdminShutdownError("terminating\nmore")) == "AdminShutdownError: terminating"
    assert said(asyncpg.UniqueViolationError(ADDRESS)) == "UniqueViolationError"
    assert said(ValueError(PASSWORD)) == "ValueError"


LOGGER = """
import structlog
from recomengine.infra.logs import configure_logs
from recomengine.infra.metrics import LOG_LINES_LOST
configure_logs("info", "json")
for _ in range(3):
    structlog.get_logger().warning("a line")
print(LOG_LINES_LOST._value.get())
"""


def test_a_line_that_has_no_room_is_counted_and_fails_nobody() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", LOGGER], stdout=subprocess.PIPE, stderr=full, text=True, check=False
        )
    assert done.stdout == "3.0\n"
