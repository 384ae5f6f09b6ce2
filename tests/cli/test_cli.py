"""The commands as their users type them; `import`, `up` and `demo` have tests of their own."""

import asyncio
import json
import signal
import subprocess
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from recomengine.api_keys.secrets import digest
from recomengine.app import all_routes
from recomengine.web.openapi import document
from tests.cli.lines import event, is_one_line, ndjson
from tests.support.apps import SECRET, Servers
from tests.support.commands import Command
from tests.support.databases import execute, fetch, fetchval, fresh_database
from tests.support.processes import COMMAND, PATIENCE_S, environment


def test_tenant_create_prints_json_with_keys_that_work(command: Command, tenant: str, database: str) -> None:
    ran = command(
        "tenant", "create", "Boots & Co", "--origin", "https://boots.example", "--reads-per-minute", "0", "--json"
    )

    made = json.loads(ran.out)
    config = json.loads(
        asyncio.run(fetchval(database, "SELECT config FROM tenants WHERE id = $1", UUID(made["tenantId"])))
    )
    permissions = {
        name: asyncio.run(
            fetchval(database, "SELECT permissions FROM api_keys WHERE key_hash = $1", digest(key, SECRET))
        )
        for name, key in made["keys"].items()
    }
    assert (ran.code, ran.err) == (0, "")
    assert permissions == {"read": "read", "readWrite": "read-write", "publish": "publish"}
    assert config["allowedOrigins"] == ["https://boots.example"]
    assert config["rateLimits"] == {"readPerMinute": 0, "writePerMinute": 500}


def test_tenant_create_gives_the_shop_to_an_account(command: Command, tenant: str, database: str) -> None:
    asyncio.run(
        execute(
            database, "INSERT INTO admins (email, password_hash) VALUES ('ann@example.com', 'x') ON CONFLICT DO NOTHING"
        )
    )
    made = json.loads(command("tenant", "create", "Shop", "--owner", "Ann@example.com", "--json").out)
    owned = (
        "SELECT a.email FROM members m JOIN admins a ON a.id = m.admin_id WHERE m.tenant_id = $1 AND m.role = 'owner'"
    )
    owner = asyncio.run(fetchval(database, owned, UUID(made["tenantId"])))
    assert owner == "ann@example.com"
    refused = command("tenant", "create", "Shop", "--owner", "nobody@example.com")
    assert (refused.code, "no account" in refused.err) == (1, True)


def test_tenant_create_prints_text_for_people(command: Command, tenant: str) -> None:
    ran = command("tenant", "create", "Shop")

    words = [line.split() for line in ran.out.splitlines()]
    assert [line[0] for line in words] == ["tenant", "read", "readWrite", "publish"]
    assert UUID(words[0][1])
    assert words[3][1].startswith("rk_pub_")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["", "--json"], "$.name"),
        (["x" * 201], "$.name"),
        (["two\nlines"], "$.name"),
        (["Shop", "--origin", "https://Boots.example/"], "Write https://boots.example"),
    ],
)
def test_tenant_create_refuses_what_it_cannot_keep(
    command: Command, tenant: str, arguments: list[str], message: str
) -> None:
    ran = command("tenant", "create", *arguments)

    assert (ran.code, ran.out) == (1, "")
    assert message in ran.err
    assert is_one_line(ran.err)


def test_tenant_create_needs_the_secret_that_keys_are_digested_with(command: Command, tenant: str) -> None:
    ran = command("tenant", "create", "Shop", api_key_hmac_secret="")

    assert ran.code == 1
    assert (
        ran.err
        == "error: API_KEY_HMAC_SECRET is not set. Set it to a random value, e.g. from `openssl rand -hex 32`.\n"
    )


def test_openapi_prints_the_document_that_the_server_gives(command: Command) -> None:
    ran = command("openapi")

    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out) == json.loads(msgspec.json.encode(document(all_routes())))


def test_refresh_waits_until_the_worker_has_published_the_model(
    command: Command, tenant: str, database: str, servers: Servers, tmp_path: Path
) -> None:
    command(
        "import",
        "catalog",
        "-",
        "--tenant",
        tenant,
        stdin=ndjson(*({"productId": f"p-{number}", "name": "Thing"} for number in range(5))),
    )
    command("import", "events", "-", "--tenant", tenant, stdin=ndjson(*(event(number) for number in range(50))))
    settings = {"DATABASE_URL": database, "REDIS_URL": servers.redis_url, "DATA_DIR": str(tmp_path / "data")}
    worker = subprocess.Popen([*COMMAND, "worker"], env=environment(settings), stdin=subprocess.DEVNULL)
    try:
        ran = command("refresh", "--tenant", tenant, "--wait")
    finally:
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(PATIENCE_S)

    assert ran.code == 0, ran.err
    assert ": 50 events, 7 users, 5 items, " in ran.out
    assert code == 0
    assert (
        asyncio.run(fetchval(database, "SELECT status FROM models WHERE tenant_id = $1 ORDER BY id DESC", UUID(tenant)))
        == "ready"
    )


def test_refresh_without_wait_queues_the_build_and_returns(command: Command, tenant: str, database: str) -> None:
    assert command("refresh", "--tenant", tenant).code == 0

    assert asyncio.run(fetchval(database, "SELECT count(*) FROM pgqueuer WHERE payload = $1", UUID(tenant).bytes)) == 1


def test_migrate_says_what_it_applied(command: Command, servers: Servers) -> None:
    with fresh_database(servers.database_url) as empty:
        first, again = (command("migrate", database_url=empty) for _ in range(2))

    assert (first.code, again.code) == (0, 0)
    assert first.out.startswith("applied 0001_schema")
    assert again.out == "nothing to apply\n"


def test_commands_on_a_database_without_the_schema_say_what_to_do(command: Command, servers: Servers) -> None:
    with fresh_database(servers.database_url) as empty:
        ran = command("tenant", "create", "Shop", database_url=empty)

    assert ran.code == 1
    assert is_one_line(ran.err)
    assert "Run `recomengine migrate`" in ran.err


def test_a_backup_restores_into_an_empty_database(
    command: Command, tenant: str, servers: Servers, tmp_path: Path
) -> None:
    taken = command("backup", str(tmp_path / "backup"))
    with fresh_database(servers.database_url) as empty:
        restored, again = (command("restore", str(tmp_path / "backup"), database_url=empty) for _ in range(2))
        names = [
            row["name"] for row in asyncio.run(fetch(empty, "SELECT name FROM tenants WHERE id = $1", UUID(tenant)))
        ]

    assert (taken.code, restored.code, names) == (0, 0, ["Shop"]), taken.err + restored.err
    assert " UTC\n" in taken.out
    assert ", verified; " in restored.out
    assert (again.code, "The database is not empty" in again.err) == (1, True)


def test_a_backup_from_nowhere_and_one_to_nowhere_are_refused(command: Command, tenant: str, tmp_path: Path) -> None:
    for ran, message in (
        (command("restore", str(tmp_path)), "is no backup: it has no manifest.json"),
        (command("backup", str(tmp_path)), "exists. Name a directory that does not"),
        (command("backup", str(tmp_path / "none" / "backup")), "is no directory. Make it first"),
    ):
        assert (ran.code, ran.out) == (1, "")
        assert message in " ".join(ran.err.split())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"database_url": ""},
            "No server: set DATABASE_URL and REDIS_URL, or start `recomengine up` with the data dir",
        ),
        ({"database_url": "postgresql://127.0.0.1:1/none"}, "PostgreSQL or Redis cannot be reached: "),
        ({"database_url": "postgresql:///none?host=/nowhere"}, "PostgreSQL or Redis cannot be reached: "),
        ({"database_url": "nonsense"}, "PostgreSQL refuses: "),
        ({"port": "70000"}, "A setting cannot be used: "),
        ({"port": "0"}, "A setting cannot be used: "),
        ({"log_level": "loud"}, "A setting cannot be used: "),
        ({"data_dir": "/dev/null/data", "database_url": ""}, "/dev/null/data"),
    ],
)
@pytest.mark.parametrize("arguments", [["tenant", "create", "Shop"], ["refresh", "--tenant", str(UUID(int=0))]])
def test_errors_are_one_line_and_exit_1(
    command: Command, settings: dict[str, str], message: str, arguments: list[str]
) -> None:
    ran = command(*arguments, **settings)

    assert (ran.code, ran.out) == (1, "")
    assert message in ran.err
    assert is_one_line(ran.err)


def test_a_missing_database_and_a_wrong_role_are_one_line(command: Command, servers: Servers) -> None:
    for database_url in (
        servers.database_url.replace("/recomengine?", "/no_such?"),
        servers.database_url.replace("user=postgres", "user=nobody"),
    ):
        ran = command("migrate", database_url=database_url)

        assert ran.code == 1
        assert "PostgreSQL refuses: " in ran.err
        assert is_one_line(ran.err)


@pytest.mark.parametrize("arguments", [["serve"], ["worker"], ["migrate"]])
def test_roles_need_their_servers_and_secrets(command: Command, arguments: list[str]) -> None:
    ran = command(*arguments, database_url="", redis_url="", jwt_secret="", internal_api_key="")

    assert ran.code == 1
    assert is_one_line(ran.err)
    assert "is not set" in ran.err


def test_the_module_is_the_command() -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    assert done.returncode == 0
    for name in (
        "up",
        "demo",
        "serve",
        "worker",
        "migrate",
        "doctor",
        "backup",
        "restore",
        "tenant",
        "jobs",
        "import",
        "refresh",
    ):
        assert f" {name} " in done.stdout
