"""Servers and apps of a test, their clients, and tenants."""

import asyncio
import io
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg
import httpx
from starlette.applications import Starlette

from recomengine.app import create_app
from recomengine.infra import embedded
from recomengine.infra.migrations import migrate
from recomengine.settings import Settings
from tests.support.processes import PATIENCE_S, opened, wait_until

SECRET = "0123456789abcdef0123456789abcdef"
DEAD_REDIS = "redis://127.0.0.1:1/0"


class Servers(NamedTuple):
    database_url: str
    redis_url: str
    postgres_pid: int


class Tenant(NamedTuple):
    id: UUID
    read: str
    read_write: str
    publish: str


MakeTenant = Callable[..., Awaitable[Tenant]]
Log = Callable[[str, str], io.StringIO]


@contextmanager
def private_servers(folder: Path) -> Iterator[Servers]:
    private = embedded.prepare(opened(folder), postgres=True, redis=True)
    with private.log.open("ab") as log:
        processes = [
            subprocess.Popen(
                server.command, stdout=log, stderr=log, **embedded.spawn_options(private.user, server.orphan_signal)
            )
            for server in private.servers
        ]
    try:
        wait_until(lambda: _migrated(private.database_url))
        yield Servers(private.database_url, private.redis_url, processes[0].pid)
    finally:
        for process, server in zip(processes, private.servers, strict=True):
            process.send_signal(server.stop_signal)
            process.wait(PATIENCE_S)


def _migrated(url: str) -> bool:
    try:
        asyncio.run(migrate(url))
    except (OSError, asyncpg.CannotConnectNowError):
        return False  # PostgreSQL is not up yet
    return True


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Starlette]:
    """A running app with a pool and connections of its own."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


def client_of(app: Starlette, address: str = "192.0.2.1") -> httpx.AsyncClient:
    """An HTTP client of `app` in this process."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
