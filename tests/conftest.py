"""Real servers for the tests: one private PostgreSQL and Valkey a run, a migrated database, tenants of their own a
test.
"""

import io
import logging
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import hypothesis
import msgspec
import pytest
import structlog
from starlette.applications import Starlette

from recomengine.context import Context
from recomengine.infra import database, redis
from recomengine.infra.logs import configure_logs
from recomengine.settings import Settings
from recomengine.shop import RateLimits, TenantConfig
from recomengine.tenants.service import create_tenant
from tests.support.apps import DEAD_REDIS, SECRET, Log, MakeTenant, Servers, Tenant, client_of, private_servers, running
from tests.support.people import Person, forget_attempts
from tests.support.processes import PATIENCE_S

# A busy machine is no failure: neither is a property slow, nor are servers away that share it.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")
redis.TIMEOUT_S, database.HANGS_AFTER_S = 5.0, 20.0


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with private_servers(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture(scope="session")
def database_url(servers: Servers) -> str:
    return servers.database_url


@pytest.fixture(scope="session")
def redis_url(servers: Servers) -> str:
    return servers.redis_url


@pytest.fixture
def settings(servers: Servers, tmp_path: Path) -> Settings:
    return Settings(
        database_url=servers.database_url, redis_url=servers.redis_url, data_dir=tmp_path,
        jwt_secret=SECRET, api_key_hmac_secret=SECRET, internal_api_key=SECRET, log_level="error",
    )  # fmt: skip


@pytest.fixture(scope="session")
def other_process(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server process of its own on the same database and Redis."""
    environment = {
        "DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url,
        "DATA_DIR": str(tmp_path_factory.mktemp("other")), "JWT_SECRET": SECRET, "API_KEY_HMAC_SECRET": SECRET,
        "INTERNAL_API_KEY": SECRET, "LOG_LEVEL": "error",
    }  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as listener:  # what comes before it serves waits here
        command = [
            "-m",
            "uvicorn",
            "--factory",
            "recomengine.app:create_app_from_environment",
            "--fd",
            str(listener.fileno()),
        ]
        process = subprocess.Popen(
            [sys.executable, *command, "--log-level", "error"],
            env={**os.environ, **environment},
            pass_fds=[listener.fileno()],
        )
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[Starlette]:
    """A running app of its own; `app.state.context` is what it holds open."""
    async with running(settings) as app:
        yield app


@pytest.fixture
async def neighbour(settings: Settings) -> AsyncIterator[Starlette]:
    """A second app on the same servers, as another process has one."""
    async with running(settings) as app:
        yield app


@pytest.fixture
async def without_redis(settings: Settings) -> AsyncIterator[Starlette]:
    """An app on the same database whose Redis is dead."""
    async with running(msgspec.structs.replace(settings, redis_url=DEAD_REDIS)) as app:
        yield app


@pytest.fixture
def context(app: Starlette) -> Context:
    context: Context = app.state.context
    return context


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def nobody_has_tried(context: Context) -> None:
    """Counts of attempts to sign in begin anew."""
    await forget_attempts(context)


@pytest.fixture
async def ann(client: httpx.AsyncClient, nobody_has_tried: None) -> Person:
    """An admin who has signed up."""
    person = Person(client)
    assert (await person.sign_up(name="Ann")).status_code == 201
    return person


@pytest.fixture
async def bob(client: httpx.AsyncClient, nobody_has_tried: None) -> Person:
    """Another admin, who must not see what is Ann's."""
    person = Person(client)
    assert (await person.sign_up(name="Bob")).status_code == 201
    return person


@pytest.fixture
def make_tenant(context: Context) -> MakeTenant:
    """`await make_tenant(default_strategy=…, …)`: a new tenant and its keys; no rate limits unless asked for."""

    async def make(**config: object) -> Tenant:
        checked = msgspec.structs.replace(TenantConfig(rate_limits=RateLimits(0, 0)), **config)
        made = await create_tenant(context.pool, context.settings.api_key_hmac_secret, "Test shop", checked)
        return Tenant(made.tenant_id, made.keys.read, made.keys.read_write, made.keys.publish)

    return make


@pytest.fixture
async def tenant(make_tenant: MakeTenant) -> Tenant:
    """A new one, with nothing in it."""
    return await make_tenant()


@pytest.fixture
def log() -> Iterator[Log]:
    """`log(level, form)` configures it; what it returns is what will be logged."""
    root = logging.getLogger()
    handlers, kept = root.handlers, structlog.get_config()

    def start(level: str, form: str) -> io.StringIO:
        with pytest.MonkeyPatch.context() as patched:
            stream = io.StringIO()
            patched.setattr(sys, "stderr", stream)
            configure_logs(level, form)
        return stream

    yield start
    root.handlers = handlers
    structlog.configure(**kept)


@pytest.fixture
async def former_month(database_url: str) -> AsyncIterator[datetime]:
    """The month before this one has a partition; its last millisecond is the fixture."""
    this = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    former = this.replace(year=this.year - (this.month == 1), month=(this.month - 2) % 12 + 1)
    table = former.strftime("events_%Y_%m")
    owner = await asyncpg.connect(database_url)
    await owner.execute(
        f"CREATE TABLE {table} PARTITION OF events FOR VALUES FROM ('{former:%Y-%m-%d}Z') TO ('{this:%Y-%m-%d}Z')"
    )
    await owner.execute(f"CREATE UNIQUE INDEX {table}_id_key ON {table} (id)")
    yield former
    await owner.execute(f"DROP TABLE {table}")
    await owner.close()
