"""The client against a server process of its own, as a shop has it: over a socket, in another process."""

import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from recomengine_client import AsyncClient, Client, Patience
from tests.client.server import Server
from tests.support.apps import SECRET, Servers, Tenant
from tests.support.processes import PATIENCE_S

PATIENCE = Patience(attempts=None, attempt_s=PATIENCE_S, total_s=PATIENCE_S, first_wait_s=0.01, longest_wait_s=0.1)


@pytest.fixture
def sync(other_process: str, tenant: Tenant) -> Iterator[Client]:
    with Client(other_process, tenant.read_write, patience=PATIENCE) as client:
        yield client


@pytest.fixture
async def awaiting(other_process: str, tenant: Tenant) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(other_process, tenant.read_write, patience=PATIENCE) as client:
        yield client


@pytest.fixture
def server(servers: Servers, tmp_path: Path) -> Iterator[Server]:
    """A server process that a test may kill and start again at the same address."""
    environment = os.environ | {
        "DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, "DATA_DIR": str(tmp_path),
        "JWT_SECRET": SECRET, "API_KEY_HMAC_SECRET": SECRET, "INTERNAL_API_KEY": SECRET, "LOG_LEVEL": "error",
    }  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(listener, environment)
        server.start()
        try:
            yield server
        finally:
            server.kill()
