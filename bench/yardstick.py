"""What the figures are compared with: bare Starlette routes behind the same server and the same load. One answers
bytes; one awaits an INSERT of the event that it is sent, and one a COPY of the batch.
"""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench.server import free_port

BYTES, DATABASE, TENANT = "BENCH_BYTES", "BENCH_DATABASE", "BENCH_TENANT"
"""The variables that name a folder of answers, the database and the tenant of the events."""
POOL = 10
INSERT = """
INSERT INTO events (id, tenant_id, event_type, user_id, product_id, client_event_id, timestamp, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
COLUMNS = ("id", "tenant_id", "event_type", "user_id", "product_id", "client_event_id", "timestamp", "created_at")


async def _reply(_request: Request) -> JSONResponse:
    return JSONResponse({"data": [{"productId": f"product-{i}", "score": i / 8} for i in range(8)]})


def _answer_with(body: bytes) -> Any:
    async def answer(_request: Request) -> Response:
        return Response(body, media_type="application/json")

    return answer


async def _insert(request: Request) -> Response:
    row = _row(msgspec.json.decode(await request.body()))
    async with request.app.state.pool.acquire() as connection:
        await connection.execute(INSERT, *row)
    return Response(b'{"data":{"status":"accepted"}}', 202, media_type="application/json")


async def _copy(request: Request) -> Response:
    rows = [_row(event) for event in msgspec.json.decode(await request.body())["events"]]
    async with request.app.state.pool.acquire() as connection:
        await connection.copy_records_to_table("events", records=rows, columns=COLUMNS)
    return Response(b'{"data":{"accepted":%d}}' % len(rows), 202, media_type="application/json")


def _row(event: dict[str, Any]) -> tuple[Any, ...]:
    tenant, now = UUID(os.environ[TENANT]), datetime.now(UTC)
    return uuid4(), tenant, event["eventType"], event["userId"], event["productId"], event["eventId"], now, now


@asynccontextmanager
async def _open_pool(app: Starlette) -> AsyncIterator[None]:
    if DATABASE not in os.environ:
        yield
        return
    async with asyncpg.create_pool(os.environ[DATABASE], min_size=POOL, max_size=POOL) as app.state.pool:
        yield


@contextmanager
def bare_starlette(**environ: str) -> Iterator[tuple[str, int]]:
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.yardstick", str(port)], env={**os.environ, **environ})
    try:
        _wait(port)
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait(10)


def _wait(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the yardstick did not start within 20 s")


def _routes() -> list[Route]:
    """`/NAME` answers what the file of that name in the folder BYTES holds."""
    folder = os.environ.get(BYTES)
    answers = sorted(Path(folder).iterdir()) if folder else []
    return [
        Route("/", _reply),
        *[Route(f"/{file.name}", _answer_with(file.read_bytes())) for file in answers],
        Route("/insert", _insert, methods=["POST"]),
        Route("/copy", _copy, methods=["POST"]),
    ]


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=_routes(), lifespan=_open_pool),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
