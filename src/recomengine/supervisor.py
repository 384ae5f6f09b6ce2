"""`recomengine up`: the private servers, the API and the worker as children of one process.

A child that ends is started again after a pause that grows with quick failures. The supervisor holds the listening
socket and hands it to the API processes, so a connection that comes while one restarts waits instead of being refused.
On SIGTERM or SIGINT the API and the worker finish first, then the servers stop; everything together has STOP_S.
"""

import asyncio
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import structlog

from recomengine.infra import embedded
from recomengine.infra.data_dir import SERVERS_FILE, make_private, with_secrets, write_private
from recomengine.infra.metric_files import VARIABLE, fresh_directory
from recomengine.infra.migrations import migrate
from recomengine.infra.redis import RedisUnavailable, ask_once
from recomengine.settings import Settings, SettingsError

READY_S = 60.0
STOP_S = 9.5
STOP_OWN_S = 7.0
STOP_SERVERS_S = 1.5
BACKLOG = 2048
PROBE_S = 0.05
PROBE = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
BACKOFF_S = (0.2, 5.0)

log = structlog.get_logger()
Prepare = Callable[[Settings], Awaitable[str]]
"""Work between the migrations and the first request; what it returns is said once the API answers."""
Say = Callable[[str], None]


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


class Children:
    """The servers, and our own processes that need them."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._servers: list[Child] = []
        self._own: list[Child] = []
        self._keepers: list[asyncio.Task[None]] = []

    def start(self, child: Child, *, server: bool = False) -> None:
        (self._servers if server else self._own).append(child)
        keeper = asyncio.create_task(child.keep())
        keeper.add_done_callback(lambda _: self._stop.set())  # a child that cannot even be started ends it all
        self._keepers.append(keeper)

    async def stop(self) -> None:
        """Our own processes first, together, then the servers. Raises what kept a child from being started."""
        loop = asyncio.get_running_loop()
        end = loop.time() + STOP_S
        for child in self._servers:
            child.stopping = True
        await asyncio.gather(*(child.stop(STOP_OWN_S) for child in self._own))
        await asyncio.gather(*(child.stop(max(STOP_SERVERS_S, end - loop.time())) for child in self._servers))
        failed = [keeper for keeper in self._keepers if keeper.done() and keeper.exception()]
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for keeper in failed:
            keeper.result()


async def run_up(
    settings: Settings, say: Say, *, processes: int = 1, demo: bool = False, prepare: Prepare | None = None
) -> None:
    """Start everything, call `prepare` once the database is migrated, and serve until a signal."""
    with ExitStack() as held:
        held.callback(os.close, _lock(settings.data_dir))
        listener = held.enter_context(_listen(settings))
        make_private(settings.data_dir)
        settings = with_secrets(settings)
        settings.require_secrets()
        if (directory := held.enter_context(fresh_directory(settings.data_dir))) is not None:
            os.environ[VARIABLE] = str(directory)  # our children count together
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        servers_file = settings.data_dir / SERVERS_FILE
        held.callback(servers_file.unlink, missing_ok=True)
        children = Children(stop)
        try:
            settings = await _start_servers(settings, children)
            await _unless(stop, _ready(settings))
            if not stop.is_set():
                write_private(servers_file, {"database_url": settings.database_url, "redis_url": settings.redis_url})
                await _unless(stop, _start_own(settings, children, listener, say, processes, demo, prepare))
            await stop.wait()
        finally:
            listener.close()
            await children.stop()


async def _start_servers(settings: Settings, children: Children) -> Settings:
    """`settings` with the URLs of the private servers where it had none."""
    private = await asyncio.to_thread(
        embedded.prepare, settings.data_dir, postgres=not settings.database_url, redis=not settings.redis_url
    )
    for server in private.servers:
        children.start(_server_child(server, private), server=True)
    return msgspec.structs.replace(
        settings,
        database_url=settings.database_url or private.database_url,
        redis_url=settings.redis_url or private.redis_url,
    )


async def _start_own(
    settings: Settings,
    children: Children,
    listener: socket.socket,
    say: Say,
    processes: int,
    demo: bool,
    prepare: Prepare | None,
) -> None:
    await migrate(settings.database_url)
    greeting = await prepare(settings) if prepare else f"RecomEngine runs on {settings.base_url}   (Ctrl-C stops it)"
    environment = {**os.environ, **_environment(settings)}
    serve = ["serve", "--fd", str(listener.fileno()), *(["--demo"] if demo else [])]
    for _ in range(processes):
        children.start(_own_child("serve", serve, environment, listener))
    children.start(_own_child("worker", ["worker"], environment))
    await _serving(listener)
    say(greeting)
    if not settings.smtp_url:
        say(f"Mails to admins are kept in {settings.data_dir / 'outbox'}; SMTP_URL sends them.")


async def _serving(listener: socket.socket) -> None:
    """Wait until the API answers. The connection waits in the listener's queue until a process takes it."""
    try:
        async with asyncio.timeout(READY_S):
            while not await _answers(listener):
                await asyncio.sleep(PROBE_S)
    except TimeoutError:
        raise SettingsError(f"The API does not answer after {READY_S:.0f} s. See the messages above.") from None


async def _answers(listener: socket.socket) -> bool:
    address = listener.getsockname()
    try:
        reader, writer = await asyncio.open_connection(address[0], address[1])
        writer.write(PROBE)
        answer = await reader.readline()
    except OSError:
        return False
    writer.close()
    return b" 200 " in answer


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


def _server_child(server: embedded.Server, private: embedded.Embedded) -> Child:
    output = os.open(private.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.fchmod(output, 0o600)  # an older one's as well
    options = embedded.spawn_options(private.user, server.orphan_signal) | {
        "stdout": output,
        "stderr": output,
        "stdin": asyncio.subprocess.DEVNULL,
    }
    return Child(server.name, server.command, server.stop_signal, options)


def _own_child(
    name: str, arguments: Sequence[str], environment: Mapping[str, str], listener: socket.socket | None = None
) -> Child:
    command = [sys.executable, "-m", "recomengine", *arguments]
    options = {
        "env": environment, "preexec_fn": embedded.die_with_parent(signal.SIGTERM), "stdin": asyncio.subprocess.DEVNULL,
        "pass_fds": () if listener is None else (listener.fileno(),),
    }  # fmt: skip
    return Child(name, command, signal.SIGTERM, options)


def _environment(settings: Settings) -> dict[str, str]:
    """`settings` as the variables that a child reads."""
    values = msgspec.structs.asdict(settings) | {
        "model_store": settings.model_store_url,
        "data_dir": settings.data_dir.resolve(),
    }
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
        return False  # anything else, such as a wrong password, will not mend itself
    await connection.close()
    return True


async def _redis_answers(url: str) -> bool:
    try:
        return bool(await ask_once(url, ("PING",), 2.0) == b"PONG")
    except ValueError as error:
        raise SettingsError(f"REDIS_URL cannot be used: {error}") from error
    except (OSError, RedisUnavailable):
        return False


def _listen(settings: Settings) -> socket.socket:
    """The listening socket: the port is ours from here on, and the API processes inherit it."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with ExitStack() as opened:
            listener = opened.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
            opened.pop_all()
    except OSError as error:
        raise SettingsError(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. Choose another with --port or PORT."
        ) from error
    return listener


def _lock(data_dir: Path) -> int:
    """Hold the data dir for ourselves; the lock goes with the process."""
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise SettingsError(
            f"{data_dir} is in use by another `recomengine up`. Stop it, or choose another --data-dir."
        ) from None
    return descriptor
