"""A server process that is killed and started again while its clients go on."""

import signal
import socket
import subprocess
import sys
from collections.abc import Mapping

from tests.support.processes import PATIENCE_S


class Server:
    def __init__(self, listener: socket.socket, environment: Mapping[str, str]) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.database_url = environment["DATABASE_URL"]
        self._listener = listener
        self._environment = environment
        self.starts = 0

    def start(self) -> None:
        """What comes before it serves waits in the listener."""
        descriptor = self._listener.fileno()
        command = [sys.executable, "-m", "uvicorn", "--factory", "recomengine.app:create_app_from_environment"]
        self._process = subprocess.Popen(
            [*command, "--fd", str(descriptor), "--log-level", "error"], env=dict(self._environment),
            pass_fds=[descriptor],
        )  # fmt: skip
        self.starts += 1

    def kill(self) -> None:
        """As a power cut would: it gets to run not another line."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE_S)
