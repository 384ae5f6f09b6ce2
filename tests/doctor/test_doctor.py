"""The doctor passes a sound system, and names each thing that is amiss together with its remedy."""

import asyncio
import json
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from redis.asyncio import Redis

from recomengine.doctor import Check, examine
from recomengine.doctor.check import clock
from recomengine.doctor.redis import memory
from recomengine.infra.migrations import migrate, read_migrations
from recomengine.settings import Settings
from tests.support.apps import SECRET, Servers
from tests.support.databases import Roles, execute, separated_database
from tests.support.processes import run

NAMES = [
    "secrets", "proxies", "postgresql", "roles", "partitions", "postgresql clock", "jobs", "redis", "redis memory",
    "redis clock", "model store", "disk", "mail", "core",
]  # fmt: skip


@pytest.fixture(scope="module")
def roles(servers: Servers) -> Iterator[Roles]:
    with separated_database(servers.database_url) as made:
        yield made


@pytest.fixture
def sound(roles: Roles, settings: Settings) -> Settings:
    asyncio.run(migrate(roles.owner))
    return msgspec.structs.replace(settings, database_url=roles.serving)


def found(settings: Settings, **changes: object) -> dict[str, Check]:
    return {check.name: check for check in asyncio.run(examine(msgspec.structs.replace(settings, **changes)))}


def amiss(settings: Settings, **changes: object) -> dict[str, str]:
    return {
        name: f"{check.detail} {check.remedy}" for name, check in found(settings, **changes).items() if not check.ok
    }


def environment(settings: Settings) -> dict[str, str]:
    return {name.upper(): str(value) for name, value in msgspec.structs.asdict(settings).items() if value != ""}


def test_nothing_is_amiss_with_a_sound_system_and_its_serving_login(sound: Settings) -> None:
    checks = found(sound)

    assert list(checks) == NAMES
    assert {check.detail for check in checks.values() if not check.ok} == set()
    assert "which owns nothing" in checks["roles"].detail


def test_the_owners_login_is_named_as_such(sound: Settings, roles: Roles) -> None:
    assert "which owns the tables" in found(sound, database_url=roles.owner)["roles"].detail


def test_a_serving_role_that_row_level_security_does_not_bind_is_amiss(sound: Settings, servers: Servers) -> None:
    asyncio.run(execute(servers.database_url, "ALTER ROLE recomengine_app BYPASSRLS"))
    try:
        assert amiss(sound) == {
            "roles": "recomengine_app is not bound by row-level security. "
            "ALTER ROLE recomengine_app NOSUPERUSER NOBYPASSRLS;"
        }
    finally:
        asyncio.run(execute(servers.database_url, "ALTER ROLE recomengine_app NOBYPASSRLS"))


def test_a_serving_role_that_owns_a_table_is_amiss(sound: Settings, roles: Roles, servers: Servers) -> None:
    url = servers.database_url.replace("/recomengine?", f"/{roles.owner.split('?')[0].rsplit('/', 1)[1]}?")
    asyncio.run(execute(url, "CREATE TABLE theirs (); ALTER TABLE theirs OWNER TO recomengine_app"))
    try:
        assert "REASSIGN OWNED BY recomengine_app" in amiss(sound)["roles"]
    finally:
        asyncio.run(execute(url, "DROP TABLE theirs"))


def test_a_login_outside_the_serving_role_is_told_what_to_grant(
    sound: Settings, roles: Roles, servers: Servers
) -> None:
    login = roles.serving.rsplit("=", 1)[1]
    asyncio.run(execute(servers.database_url, f"REVOKE recomengine_app FROM {login}"))
    try:
        assert "GRANT recomengine_app TO the login" in amiss(sound)["postgresql"]
        assert f"GRANT recomengine_app TO {login};" in amiss(sound)["roles"]
    finally:
        asyncio.run(execute(servers.database_url, f"GRANT recomengine_app TO {login}"))


def test_a_database_without_the_schema_lacks_migrations_and_partitions(settings: Settings, servers: Servers) -> None:
    with separated_database(servers.database_url) as empty:
        wrong = amiss(settings, database_url=empty.owner)

    assert (
        f"lacks {', '.join(migration.name for migration in read_migrations())}. Run `recomengine migrate`"
        in wrong["postgresql"]
    )
    assert "Start a worker" in wrong["partitions"]


@pytest.mark.parametrize(
    ("changes", "name", "message"),
    [
        ({"jwt_secret": ""}, "secrets", "JWT_SECRET is not set. Set it"),
        ({"api_key_hmac_secret": "changeme"}, "secrets", "API_KEY_HMAC_SECRET is a placeholder. Set it"),
        ({"trusted_proxies": "*"}, "proxies", "Name the addresses or networks"),
        ({"database_url": ""}, "postgresql", "DATABASE_URL is not set"),
        ({"database_url": "nonsense"}, "postgresql", "Check DATABASE_URL"),
        ({"database_url": "postgresql://127.0.0.1:1/none"}, "postgresql", "Check DATABASE_URL"),
        ({"database_url": "postgresql:///none?host=/nowhere"}, "postgresql", "Check DATABASE_URL"),
        ({"redis_url": ""}, "redis", "REDIS_URL is not set"),
        ({"redis_url": "nonsense"}, "redis", "Expected redis://"),
        ({"redis_url": "redis://127.0.0.1:1"}, "redis", "Check REDIS_URL"),
        ({"redis_url": "unix:///nowhere"}, "redis", "Requests are still served"),
        ({"model_store": "file:///etc/passwd/models"}, "model store", "set MODEL_STORE"),
        ({"model_store": "nonsense://x"}, "model store", "set MODEL_STORE"),
        ({"smtp_url": "http://x"}, "mail", "Expected smtp://"),
        ({"smtp_url": "smtp://127.0.0.1:1"}, "mail", "Check host, port, user and password in SMTP_URL"),
    ],
)
def test_each_thing_amiss_is_named_with_its_remedy(
    sound: Settings, changes: dict[str, str], name: str, message: str
) -> None:
    wrong = amiss(sound, **changes)

    assert list(wrong) == [name]
    assert message in wrong[name]


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        ("recomengine.doctor.machine.MIN_FREE_BYTES", "Make room"),
        ("recomengine.infra.disk.FULL_BELOW_BYTES", "The disk is full. "),
    ],
    ids=["nearly", "quite"],
)
def test_a_full_disk_is_amiss(sound: Settings, monkeypatch: pytest.MonkeyPatch, bound: str, words: str) -> None:
    monkeypatch.setattr(bound, 1 << 62)
    assert words in amiss(sound)["disk"]


def test_a_redis_that_refuses_writes_when_full_or_has_no_bound_is_amiss(sound: Settings, redis_url: str) -> None:
    async def with_config(**values: str) -> Check:
        redis = Redis.from_url(redis_url)
        before = {name: (await redis.config_get(name))[name] for name in ("maxmemory", "maxmemory-policy")}
        try:
            for name, value in values.items():
                await redis.config_set(name.replace("_", "-"), value)
            return memory(await redis.info())
        finally:
            for name, value in before.items():
                await redis.config_set(name, value)
            await redis.aclose()

    bounded, unbounded, refusing = (
        asyncio.run(with_config(**values))
        for values in ({"maxmemory": "1gb"}, {"maxmemory": "0"}, {"maxmemory_policy": "noeviction"})
    )
    assert bounded.ok
    assert "without a bound. Set maxmemory" in f"{unbounded.detail} {unbounded.remedy}"
    assert "Set maxmemory-policy volatile-lru" in refusing.remedy


@pytest.mark.parametrize(
    ("theirs", "ok", "detail"),
    [
        (101.0, True, "0.0 s"),
        (103.5, True, "1.5 s ahead"),
        (104.5, False, "2.5 s ahead"),
        (90.0, False, "10.0 s behind"),
    ],
)
def test_clocks_are_compared_within_what_the_round_trip_leaves_open(theirs: float, ok: bool, detail: str) -> None:
    check = clock("redis", theirs, 100.0, 102.0)

    assert (check.name, check.ok, detail in check.detail) == ("redis clock", ok, True)
    assert bool(check.remedy) is not ok


class Smtp(socketserver.StreamRequestHandler):
    """Takes a greeting, and nothing else."""

    def handle(self) -> None:
        self.wfile.write(b"220 test\r\n")
        while line := self.rfile.readline():
            self.wfile.write(b"250 ok\r\n" if line[:4].upper() in (b"EHLO", b"NOOP") else b"221 bye\r\n")


def test_a_mail_server_is_greeted_and_gets_no_mail(sound: Settings) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            check = found(sound, smtp_url=f"smtp://127.0.0.1:{server.server_address[1]}")["mail"]
        finally:
            server.shutdown()
            thread.join()

    assert check.ok, check.detail


def test_the_command_prints_lines_or_json_and_exits_by_what_it_found(sound: Settings, tmp_path: Path) -> None:
    good, bad = (
        run("doctor", *flags, **environment(sound) | more)
        for flags, more in (([], {}), (["--json"], {"JWT_SECRET": ""}))
    )

    assert good.returncode == 0, good.stdout
    assert [line.split(":")[0] for line in good.stdout.splitlines()] == [f"ok   {name}" for name in NAMES]
    report = json.loads(bad.stdout)
    assert (bad.returncode, report["ok"], [check["name"] for check in report["checks"]]) == (1, False, NAMES)
    assert SECRET not in bad.stdout
