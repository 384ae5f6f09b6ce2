"""`recomengine up`: the private servers, the API and the worker as children of one process.

A child that ends is started again after a pause that grows with quick failures. On SIGTERM or SIGINT the API and the
worker finish first, then the servers stop; everything has STOP_S.
"""

import asyncio
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from recomengine.infra import embedded
from recomengine.infra.data_dir import SERVERS_FILE, with_secrets, write_private
from recomengine.infra.migrations import migrate
from recomengine.settings import Settings, SettingsError

READY_S = 60.0
STOP_S = 9.0
PROBE_S = 0.05
BACKOFF_S = (0.2, 5.0)

log = structlog.get_logger()
Prepare = Callable[[Settings], Awaitable[str]]
"""Work between the migrations and the first request; what it returns is printed once the API answers."""


@dataclass
class Child:
    """One supervised process."""

    name: str
    command: Sequence[str]
    stop_signal: signal.Signals
    options: dict[str, Any] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    stopping: bool = False

    async def keep(self) -> None:
        """Run it, and run it again whenever it ends, until `stop`."""
        pause = BACKOFF_S[0]
        while not self.stopping:
            started = asyncio.get_running_loop().time()
            self.process = await asyncio.create_subprocess_exec(*self.command, **self.options)
            code = await self.process.wait()
            if self.stopping:
                return
            lived = asyncio.get_running_loop().time() - started
            pause = BACKOFF_S[0] if lived > 10 else min(BACKOFF_S[1], pause * 2)
            log.warning("child ended, starting it again", child=self.name, code=code, pause_s=pause)
            await asyncio.sleep(pause)

    async def stop(self, patience_s: float) -> None:
        self.stopping = True
        if self.process is None or self.process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self.process.send_signal(self.stop_signal)
        try:
            async with asyncio.timeout(patience_s):
                await self.process.wait()
        except TimeoutError:
            log.warning("child did not stop in time and is killed", child=self.name)
            self.process.kill()
            await self.process.wait()


async def run_up(settings: Settings, *, processes: int = 1, demo: bool = False, prepare: Prepare | None = None) -> None:
    """Start everything, call `prepare` once the database is migrated, and serve until a signal."""
    _check_port(settings)
    lock = _lock(settings.data_dir)
    settings = with_secrets(settings)
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    servers_file = settings.data_dir / SERVERS_FILE
    children: list[Child] = []
    keepers: list[asyncio.Task[None]] = []

    def start(child: Child) -> None:
        children.append(child)
        keeper = asyncio.create_task(child.keep())
        keeper.add_done_callback(lambda _: stop.set())  # a child that cannot even be started ends it all
        keepers.append(keeper)

    try:
        private = await asyncio.to_thread(
            embedded.prepare, settings.data_dir, postgres=not settings.database_url, redis=not settings.redis_url
        )
        for server in private.servers:
            start(_server_child(server, private))
        settings = msgspec.structs.replace(
            settings, database_url=settings.database_url or private.database_url, redis_url=settings.redis_url or private.redis_url
        )
        await _unless(stop, _ready(settings))
        if not stop.is_set():
            write_private(servers_file, {"database_url": settings.database_url, "redis_url": settings.redis_url})
            await _unless(stop, _start_rest(settings, start, processes, demo, prepare))
        await stop.wait()
    finally:
        await _stop_all(children, keepers)
        servers_file.unlink(missing_ok=True)
        os.close(lock)


async def _start_rest(settings: Settings, start: Callable[[Child], None], processes: int, demo: bool, prepare: Prepare | None) -> None:
    await migrate(settings.database_url)
    greeting = await prepare(settings) if prepare else f"RecomEngine runs on {settings.base_url}   (Ctrl-C stops it)"
    environment = {**os.environ, **_environment(settings)}
    serve = ["serve", "--processes", str(processes), *(["--demo"] if demo else [])]
    for name, arguments in (("serve", serve), ("worker", ["worker"])):
        start(_own_child(name, arguments, environment))
    await _serving(settings)
    print(greeting, flush=True)


async def _serving(settings: Settings) -> None:
    """Wait until the API takes connections."""
    async with asyncio.timeout(READY_S):
        while True:
            try:
                _, writer = await asyncio.open_connection(settings.host, settings.port)
            except OSError:
                await asyncio.sleep(PROBE_S)
            else:
                writer.close()
                return


async def _unless(stop: asyncio.Event, work: Any) -> None:
    """Do `work`, but leave it when `stop` is set first."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    else:
        task.result()


async def _stop_all(children: Sequence[Child], keepers: "Sequence[asyncio.Task[None]]") -> None:
    """Our own processes first, together, then the servers."""
    own = [child for child in children if child.name in ("serve", "worker")]
    servers = [child for child in children if child not in own]
    for child in servers:
        child.stopping = True
    await asyncio.gather(*(child.stop(STOP_S - 2) for child in own))
    await asyncio.gather(*(child.stop(STOP_S) for child in servers))
    failed = [keeper for keeper in keepers if keeper.done() and keeper.exception()]
    for keeper in keepers:
        keeper.cancel()
    await asyncio.gather(*keepers, return_exceptions=True)
    for keeper in failed:
        keeper.result()


def _server_child(server: embedded.Server, private: embedded.Embedded) -> Child:
    output = os.open(private.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    options = embedded.spawn_options(private.user, server.orphan_signal) | {"stdout": output, "stderr": output, "stdin": asyncio.subprocess.DEVNULL}
    return Child(server.name, server.command, server.stop_signal, options)


def _own_child(name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Child:
    command = [sys.executable, "-m", "recomengine", *arguments]
    options = {"env": environment, "preexec_fn": embedded.die_with_parent(signal.SIGTERM), "stdin": asyncio.subprocess.DEVNULL}
    return Child(name, command, signal.SIGTERM, options)


def _environment(settings: Settings) -> dict[str, str]:
    """`settings` as the variables that a child reads."""
    values = msgspec.structs.asdict(settings) | {"model_store": settings.model_store_url, "data_dir": settings.data_dir.resolve()}
    return {name.upper(): str(value) for name, value in values.items() if value != ""}


async def _ready(settings: Settings) -> None:
    """Wait until both servers answer."""
    try:
        async with asyncio.timeout(READY_S):
            while not await _database_answers(settings.database_url):
                await asyncio.sleep(PROBE_S)
            while not await _redis_answers(settings.redis_url):
                await asyncio.sleep(PROBE_S)
    except TimeoutError:
        log_file = settings.data_dir / "servers.log"
        raise SettingsError(f"PostgreSQL or Redis does not answer after {READY_S:.0f} s. See {log_file}.") from None


async def _database_answers(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError):
        return False
    await connection.close()
    return True


async def _redis_answers(url: str) -> bool:
    redis = Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2)
    try:
        return bool(await redis.ping())
    except RedisError:
        return False
    finally:
        await redis.aclose()


def _check_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SettingsError(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. Choose another with --port or PORT.") from error


def _lock(data_dir: Path) -> int:
    """Hold the data dir for ourselves; the lock goes with the process."""
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise SettingsError(f"{data_dir} is in use by another `recomengine up`. Stop it, or choose another --data-dir.") from None
    return descriptor
