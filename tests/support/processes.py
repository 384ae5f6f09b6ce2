"""The command line as real processes: one command, and `recomengine up` in a data dir of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from recomengine.settings import Settings

PATIENCE_S = 600
"""The last resort of every wait in the tests: only what hangs reaches it. How long things take, `bench` measures."""
POLL_S = 0.02
COMMAND = (sys.executable, "-m", "recomengine")


class Up(NamedTuple):
    """A running `recomengine up`, the leader of a session of its own."""

    process: "subprocess.Popen[bytes]"
    data_dir: Path
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def servers(self) -> dict[str, str]:
        """The URLs of its PostgreSQL and Redis, as it leaves them in the data dir."""
        urls: dict[str, str] = json.loads((self.data_dir / "servers.json").read_text(encoding="utf-8"))
        return urls

    def processes(self, words: str) -> set[int]:
        """The numbers of its processes whose command line has `words`."""
        return {pid for pid, command in _session(self.process.pid).items() if words in command}

    def ready(self) -> bool:
        try:
            return bool(httpx.get(f"{self.url}/ready", timeout=20).json()["status"] == "ready")
        except httpx.TransportError:
            return False

    def kill_all(self) -> None:
        """As a power cut would: nothing of it gets to run another line."""
        for pid in _session(self.process.pid):
            os.kill(pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        self.await_end()

    def await_end(self) -> None:
        """Wait until no process of it is left."""
        wait_until(lambda: not _session(self.process.pid))


def start_up(data_dir: Path, *flags: str, port: int | None = None, command: str = "up", **environ: str) -> Up:
    """Start it, or `demo`, which is `up` with a shop, and wait until it is ready and has said so."""
    port = free_port() if port is None else port
    log = data_dir / "test.log"
    start = log.stat().st_size if log.exists() else 0
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*COMMAND, command, "--port", str(port), "--data-dir", str(data_dir), *flags], stdin=subprocess.DEVNULL,
            stdout=output, stderr=output, env=environment(environ), start_new_session=True,
        )  # fmt: skip
    up = Up(process, data_dir, port, log)
    try:
        wait_until(lambda: process.poll() is not None or b"RecomEngine runs on" in log.read_bytes()[start:])
        assert process.poll() is None
        wait_until(up.ready)
    except AssertionError as error:
        stop(up)
        raise AssertionError(f"`up` did not start: {log.read_text(encoding='utf-8')}") from error
    return up


def stop(up: Up) -> None:
    if up.process.poll() is None:
        up.process.send_signal(signal.SIGTERM)
        up.process.wait(PATIENCE_S)
    up.await_end()


def run(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """One command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env=environment(environ),
    )


def environment(values: Mapping[str, str]) -> dict[str, str]:
    """This process's, with `values` in place of every setting that it may have."""
    names = {field.name.upper() for field in msgspec.structs.fields(Settings)}
    return {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in names} | dict(values)


def make_tenant(data_dir: Path) -> dict[str, Any]:
    """A tenant of the system that runs in `data_dir`, without limits: its id and keys."""
    done = run(
        "tenant",
        "create",
        "Test shop",
        "--reads-per-minute",
        "0",
        "--writes-per-minute",
        "0",
        "--json",
        DATA_DIR=str(data_dir),
    )
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def reachable_dir(factory: pytest.TempPathFactory, name: str) -> Path:
    """A temporary folder that, under root, the servers' own user can reach."""
    return opened(factory.mktemp(name))


def opened(folder: Path) -> Path:
    """A temporary folder with those above it, of the process, the run and pytest, for the servers' own user."""
    for path in (folder, *folder.parents[:3]):
        if not path.stat().st_mode & 0o001:
            path.chmod(0o755)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(true: Callable[[], bool]) -> None:
    """Ask again until it is so: for what no signal tells of, such as the state of another process."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, f"not within {PATIENCE_S} s"
        time.sleep(POLL_S)


def _session(leader: int) -> dict[int, str]:
    """The living processes of a session, and their command lines."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(folder.name)) == leader and (command := (folder / "cmdline").read_bytes()):
                found[int(folder.name)] = command.replace(b"\0", b" ").decode(errors="replace")
        except (OSError, ValueError):
            continue
    return found
