"""`recomengine up` as its users run it: real processes, killed in every way."""

import asyncio
import json
import os
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis

from tests.support.apps import SECRET, Servers, bearer
from tests.support.databases import fetch, fetchval, fresh_database
from tests.support.processes import (
    PATIENCE_S,
    Up,
    free_port,
    make_tenant,
    reachable_dir,
    run,
    start_up,
    stop,
    wait_until,
)

SENDERS = 8
ENOUGH = 300

Shop = dict[str, Any]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One system for the tests that leave it running: two API processes."""
    up = start_up(reachable_dir(tmp_path_factory, "up"), "--processes", "2")
    yield up
    stop(up)


@pytest.fixture(scope="module")
def shop(up: Up) -> Shop:
    return make_tenant(up.data_dir)


@pytest.fixture
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reachable_dir(tmp_path_factory, "data")


def send(url: str, shop: Shop, event_id: str) -> str:
    """Send one event; accepted or duplicate."""
    event = {"eventType": "view", "userId": "ann", "productId": "boot", "eventId": event_id}
    answer = httpx.post(
        f"{url}/api/v1/events", json=event, headers=bearer(shop["keys"]["readWrite"]), timeout=PATIENCE_S
    )
    assert answer.status_code in (200, 202), answer.text
    return str(answer.json()["data"]["status"])


@contextmanager
def load(url: str, shop: Shop) -> Iterator[set[str]]:
    """Events from SENDERS connections until the server is gone; yields the acknowledged ids once there are ENOUGH."""
    acknowledged: set[str] = set()
    enough = threading.Event()

    def sender(name: int) -> None:
        with httpx.Client(base_url=url, headers=bearer(shop["keys"]["readWrite"]), timeout=PATIENCE_S) as client:
            for number in count():
                event = {
                    "eventType": "view",
                    "userId": f"user-{name}",
                    "productId": "boot",
                    "eventId": f"{name}-{number}",
                }
                try:
                    answer = client.post("/api/v1/events", json=event)
                except httpx.TransportError:
                    return
                if answer.status_code == 202:
                    acknowledged.add(event["eventId"])
                    if len(acknowledged) >= ENOUGH:
                        enough.set()

    with ThreadPoolExecutor(SENDERS) as pool:
        senders = [pool.submit(sender, name) for name in range(SENDERS)]
        assert enough.wait(PATIENCE_S)
        yield acknowledged
    for done in senders:
        done.result()


def stored(database_url: str, shop: Shop) -> Counter[str]:
    rows = asyncio.run(fetch(database_url, "SELECT client_event_id FROM events WHERE tenant_id = $1", shop["tenantId"]))
    return Counter(row[0] for row in rows)


def test_private_servers_are_durable_and_on_unix_sockets_only(up: Up) -> None:
    def shown(name: str) -> str:
        return str(asyncio.run(fetchval(up.servers["database_url"], f"SHOW {name}")))

    durable = {name: shown(name) for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")}
    with Redis.from_url(up.servers["redis_url"], decode_responses=True) as redis:
        valkey = {name: redis.config_get(name)[name] for name in ("appendonly", "port")}

    assert set(durable.values()) == {"on"}
    assert shown("listen_addresses") == ""
    assert valkey == {"appendonly": "yes", "port": "0"}


def test_secrets_are_made_once_and_private(up: Up) -> None:
    file = up.data_dir / "secrets.json"

    assert file.stat().st_mode & 0o777 == 0o600
    assert all(len(secret) == 64 for secret in json.loads(file.read_text()).values())


@pytest.mark.parametrize(
    ("words", "number"),
    [("recomengine serve", 2), ("recomengine worker", 1), ("bin/postgres -D", 1), ("valkey-server", 1)],
)
def test_a_killed_child_is_started_again_requests_wait_for_it_and_nothing_acknowledged_is_lost(
    up: Up, shop: Shop, words: str, number: int
) -> None:
    assert send(up.url, shop, words) == "accepted"
    killed = up.processes(words)
    assert len(killed) == number

    for pid in killed:
        os.kill(pid, signal.SIGKILL)

    assert httpx.get(f"{up.url}/health", timeout=PATIENCE_S).status_code == 200
    wait_until(lambda: len(up.processes(words) - killed) == number and up.ready())
    assert send(up.url, shop, words) == "duplicate"


def test_a_second_up_on_the_same_data_dir_is_refused(up: Up) -> None:
    done = run("up", "--port", str(free_port()), "--data-dir", str(up.data_dir))

    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == f"error: {up.data_dir} is in use by another `recomengine up`. Stop it, or choose another --data-dir.\n"
    )
    assert up.ready()


def test_a_port_in_use_is_refused(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("up", "--port", str(port), "--data-dir", str(data_dir))

    assert done.returncode == 1
    assert (
        done.stderr
        == f"error: Cannot listen on 127.0.0.1:{port}: Address already in use. Choose another with --port or PORT.\n"
    )
    assert not (data_dir / "servers").exists()


def test_a_placeholder_secret_is_refused_before_anything_starts(data_dir: Path) -> None:
    done = run("up", "--port", str(free_port()), "--data-dir", str(data_dir), JWT_SECRET="changeme")

    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "JWT_SECRET is a placeholder" in done.stderr


def test_another_instance_runs_beside_it_survives_kill_9_of_everything_and_ends_quietly_on_ctrl_c(
    up: Up, shop: Shop, data_dir: Path
) -> None:
    other = start_up(data_dir)
    try:
        theirs = make_tenant(data_dir)
        with load(other.url, theirs) as acknowledged:
            other.kill_all()
        assert up.ready()

        other = start_up(data_dir, port=other.port)
        there = stored(other.servers["database_url"], theirs)
        assert acknowledged <= there.keys()
        assert set(there.values()) == {1}
        assert send(other.url, theirs, next(iter(acknowledged))) == "duplicate"
        assert not acknowledged & stored(up.servers["database_url"], shop).keys()

        os.killpg(other.process.pid, signal.SIGINT)
        assert other.process.wait(PATIENCE_S) == 0
    finally:
        stop(other)
    assert "Traceback" not in other.log.read_text()
    assert "starting it again" not in other.log.read_text()


def test_given_servers_are_used_and_sigterm_ends_it_in_order_with_every_acknowledged_event_stored(
    servers: Servers, data_dir: Path
) -> None:
    with fresh_database(servers.database_url) as database_url:
        up = start_up(data_dir, DATABASE_URL=database_url, REDIS_URL=servers.redis_url, JWT_SECRET=SECRET)
        try:
            assert up.processes("postgres -D") | up.processes("valkey-server") == set()
            shop = make_tenant(data_dir)
            with load(up.url, shop) as acknowledged:
                up.process.send_signal(signal.SIGTERM)
                code = up.process.wait(PATIENCE_S)
        finally:
            stop(up)
        there = stored(database_url, shop)

    assert code == 0
    assert acknowledged <= there.keys()
    assert set(there.values()) == {1}
    assert not (data_dir / "servers.json").exists()


def test_children_of_a_supervisor_that_is_killed_alone_do_not_stay_behind(up: Up) -> None:
    """The last one: it ends what the tests above share."""
    assert up.processes("recomengine") > {up.process.pid}

    up.process.kill()

    up.process.wait(PATIENCE_S)
    up.await_end()
