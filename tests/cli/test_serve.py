"""`recomengine serve` as a real process, without a supervisor of ours."""

import signal
import subprocess
from pathlib import Path

import httpx

from tests.support.apps import SECRET, Servers
from tests.support.processes import COMMAND, PATIENCE_S, environment, free_port, wait_until

SLOWER_THAN_UVICORN_EXPECTS_S = 6
SLOW_START = f"""
import sys, time
if "--multiprocessing-fork" in sys.argv:
    time.sleep({SLOWER_THAN_UVICORN_EXPECTS_S})
"""


def test_several_processes_come_up_on_a_slow_machine_and_end_well(servers: Servers, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SLOW_START, encoding="utf-8")
    port = free_port()
    settings = {
        "DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, "DATA_DIR": str(tmp_path),
        "PORT": str(port), "LOG_LEVEL": "error", "JWT_SECRET": SECRET, "API_KEY_HMAC_SECRET": SECRET,
        "INTERNAL_API_KEY": SECRET, "PYTHONPATH": str(tmp_path),
    }  # fmt: skip
    process = subprocess.Popen(
        [*COMMAND, "serve", "--processes", "2"], env=environment({}) | settings, stdin=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: _answers(port))
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait(PATIENCE_S)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=20).status_code == 200
    except httpx.TransportError:
        return False
