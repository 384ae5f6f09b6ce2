"""Workers as processes: ended in order, and killed."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.jobs import faults, torture
from recomengine.infra.migrations import migrate
from recomengine.jobs.worker import CANCEL_S, DRAIN_S
from recomengine.settings import Settings
from tests.support.apps import Servers
from tests.support.databases import fetch, fresh_database
from tests.support.processes import PATIENCE_S, environment, wait_until

KILLING_S = 6.0


@pytest.fixture
def database(servers: Servers) -> Iterator[str]:
    with fresh_database(servers.database_url) as url:
        asyncio.run(migrate(url))
        yield url


def in_queue(url: str) -> list[tuple[str, bool]]:
    """The jobs' states, and whether somebody has them."""
    return [
        tuple(row) for row in asyncio.run(fetch(url, "SELECT status::text, queue_manager_id IS NOT NULL FROM pgqueuer"))
    ]


def test_on_sigterm_a_worker_gives_back_what_it_cannot_end_and_is_gone(
    database: str, servers: Servers, tmp_path: Path
) -> None:
    settings = {"DATABASE_URL": database, "REDIS_URL": servers.redis_url, "DATA_DIR": str(tmp_path)}
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.jobs.stubborn_worker"], env=environment(settings), stdin=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: in_queue(database) == [("picked", True)])
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(PATIENCE_S)
    finally:
        worker.kill()
        worker.wait(PATIENCE_S)
    assert code == 0
    assert DRAIN_S + CANCEL_S < 10, "what it waits for, of the ten seconds that it has"
    assert in_queue(database) == [("queued", False)]
    assert [tuple(row) for row in asyncio.run(fetch(database, "SELECT status, attempts FROM jobs"))] == [("waiting", 0)]


def test_every_effect_happens_once_though_workers_are_killed(database: str, servers: Servers) -> None:
    figures = asyncio.run(torture(Settings(database_url=database, redis_url=servers.redis_url), KILLING_S))
    assert faults(figures) == [], figures
    assert figures["worker_ends"] >= 9  # the poison alone ends as many
    assert sum(kind["queued"] for kind in figures["kinds"].values()) > 6 * KILLING_S
