"""A private running system for a benchmark: `recomengine up` in a temporary data dir on a free port."""

import gzip
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

READY_S = 600
REFRESH_S = 1800
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Shop(NamedTuple):
    """One tenant of a running system."""

    host: str
    port: int
    tenant_id: str
    key: str

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        encoding: str | None = None,
        content_type: str = "application/json",
    ) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": content_type}
        if encoding:
            headers["Content-Encoding"] = encoding
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://{self.host}:{self.port}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=1800) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read()[:300]!r}") from error

    def upload(self, path: str, ndjson: bytes) -> Any:
        return self.call("POST", path, gzip.compress(ndjson, 1), encoding="gzip", content_type="application/x-ndjson")[
            "data"
        ]

    def refresh(self) -> dict[str, Any]:
        """Build the model and wait for it; what GET …/model says of it."""
        path = f"/api/v1/tenants/{self.tenant_id}/model"
        old = self.call("GET", path)["data"].get("version")
        self.call("POST", f"{path}/refresh", {})
        end = time.monotonic() + REFRESH_S
        while time.monotonic() < end:
            model: dict[str, Any] = self.call("GET", path)["data"]
            if model["status"] == "failed":
                raise RuntimeError(f"the refresh failed: {model}")
            if model["status"] == "ready" and model.get("version") != old:
                return model
            time.sleep(0.1)
        raise RuntimeError(f"no model after {REFRESH_S} s")


class System(NamedTuple):
    process: "subprocess.Popen[bytes]"
    data_dir: Path
    host: str
    port: int

    def shop(self, name: str, *, limit: int = 0, owner: str | None = None, **environ: str) -> Shop:
        """owner: the address of an admin."""
        command = [
            *_command(),
            "tenant",
            "create",
            name,
            "--json",
            "--reads-per-minute",
            str(limit),
            "--writes-per-minute",
            str(limit),
            *(() if owner is None else ("--owner", owner)),
        ]
        environment = {**os.environ, "DATA_DIR": str(self.data_dir), **environ}
        made = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)
        return Shop(self.host, self.port, made["tenantId"], made["keys"]["readWrite"])


def postgres_cpu_s(system: System) -> float:
    """Of the server's processes that there are and, by their parent, those that ended."""
    server = (system.data_dir / "servers" / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0]
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended just now
        if stat.parent.name == server:
            ticks += sum(map(int, fields[11:15]))
        elif fields[1] == server:
            ticks += sum(map(int, fields[11:13]))
    return ticks / TICKS_A_SECOND


@contextmanager
def running_system(*, processes: int = 1) -> Iterator[System]:
    """Start the system, wait until it is ready, stop it and remove its data at the end."""
    data_dir = Path(tempfile.mkdtemp(prefix="recomengine-bench-"))
    data_dir.chmod(0o755)
    process = start(data_dir, port := free_port(), processes)
    try:
        yield System(process, data_dir, "127.0.0.1", port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        shutil.rmtree(data_dir, ignore_errors=True)


def start(
    data_dir: Path, port: int, processes: int = 1, command: str = "up", prefix: Sequence[str] = ()
) -> "subprocess.Popen[bytes]":
    words = [
        *prefix,
        *_command(),
        command,
        "--port",
        str(port),
        "--data-dir",
        str(data_dir),
        "--processes",
        str(processes),
    ]
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    with (data_dir / "bench.log").open("ab") as log:
        process = subprocess.Popen(
            words, stdout=log, stderr=log, env={**environment, "LOG_LEVEL": "warning"}, start_new_session=True
        )
    try:
        wait_ready(process, port, data_dir)
    except RuntimeError:
        process.terminate()
        process.wait()
        raise
    return process


def wait_ready(process: "subprocess.Popen[bytes]", port: int, data_dir: Path) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(
                f"the system ended with {process.returncode}: {(data_dir / 'bench.log').read_text()[-2000:]}"
            )
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2) as answer:
                if json.loads(answer.read())["status"] == "ready":
                    return
        except (OSError, ValueError):
            time.sleep(0.1)
        else:
            time.sleep(0.1)
    raise RuntimeError(f"not ready after {READY_S} s: {(data_dir / 'bench.log').read_text()[-2000:]}")


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """With a server and its child processes stopped: it hangs, its connections stay open, and nothing answers."""
    held: list[int] = []
    try:
        while new := {pid, *children(pid)}.difference(held):
            for process in sorted(new, key=lambda each: each != pid):  # the parent first: it starts no more of them
                os.kill(process, signal.SIGSTOP)
                held.append(process)
        yield
    finally:
        for process in held:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def children(pid: int) -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it is over
            if int(stat.read_text(encoding="utf-8").rpartition(")")[2].split()[1]) == pid:
                found.add(int(stat.parent.name))
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _command() -> list[str]:
    return [sys.executable, "-m", "recomengine"]
