"""Migrations: each once, in order, whole or not at all; and what the schema promises of every table."""

import asyncio
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from recomengine.infra import migrations
from recomengine.infra.database import SERVING_ROLE
from recomengine.infra.migrations import MigrationError, migrate, migrations_dir, pending, read_migrations
from tests.support.databases import execute, fetch, fetchval, fresh_database

NAMES = [migration.name for migration in read_migrations()]
EXISTS = "SELECT to_regclass($1) IS NOT NULL"
DECLARED = re.compile(r"\((tenant_id|id) = ANY \(\( SELECT declared_tenants\(\) AS declared_tenants\)::uuid\[\]\)\)")
TABLES = """
    SELECT c.oid, c.relname, c.relowner::regrole::text AS owner, c.relrowsecurity, c.relispartition,
           EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id') AS of_a_tenant
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname NOT LIKE 'pgqueuer%'"""


@pytest.fixture
def empty_url(database_url: str) -> Iterator[str]:
    with fresh_database(database_url) as url:
        yield url


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the migration files, to add to."""
    copy = tmp_path / "migrations"
    shutil.copytree(migrations_dir(), copy)
    monkeypatch.setattr(migrations, "migrations_dir", lambda: copy)
    return copy


async def serving(url: str, *tenants: object) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection as the serving role that has declared `tenants`."""
    settings = {"role": SERVING_ROLE, "app.tenants": "{" + ",".join(map(str, tenants)) + "}"}
    return await asyncpg.connect(url, server_settings=settings)


async def test_several_at_once_apply_each_file_once(empty_url: str) -> None:
    applied = await asyncio.gather(*(migrate(empty_url) for _ in range(4)))

    assert sorted(applied) == [[], [], [], NAMES]
    assert [row["name"] for row in await fetch(empty_url, "SELECT name FROM schema_migrations ORDER BY name")] == NAMES
    assert await migrate(empty_url) == []


async def test_a_file_changed_after_it_was_applied_is_refused(empty_url: str, files: Path) -> None:
    await migrate(empty_url)
    with (files / f"{NAMES[0]}.sql").open("a") as file:
        file.write("-- an afterthought\n")

    with pytest.raises(MigrationError, match=rf"{NAMES[0]} was changed after it was applied\. Restore the file"):
        await migrate(empty_url)


async def test_a_database_of_a_newer_version_is_refused(empty_url: str) -> None:
    await migrate(empty_url)
    await execute(empty_url, "INSERT INTO schema_migrations (name, digest) VALUES ('9999_from_the_future', '')")

    with pytest.raises(MigrationError, match="9999_from_the_future, which this version does not know"):
        await migrate(empty_url)


async def test_a_failing_file_leaves_nothing_and_is_applied_once_it_is_mended(empty_url: str, files: Path) -> None:
    late = files / "0900_late.sql"
    late.write_text("CREATE TABLE half (id int CONSTRAINT half_pkey PRIMARY KEY); SELECT 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_url)
    assert await fetchval(empty_url, EXISTS, "tenants")
    assert not await fetchval(empty_url, EXISTS, "half")

    late.write_text("CREATE TABLE half (id int CONSTRAINT half_pkey PRIMARY KEY);")

    assert await migrate(empty_url) == ["0900_late"]
    assert await fetchval(empty_url, EXISTS, "half")


async def test_pending_files_are_named_in_order(empty_url: str, files: Path) -> None:
    connection = await asyncpg.connect(empty_url)
    try:
        assert await pending(connection) == NAMES
        await migrate(empty_url)
        assert await pending(connection) == []
        (files / "0900_late.sql").write_text("SELECT 1;")
        assert await pending(connection) == ["0900_late"]
    finally:
        await connection.close()


async def test_an_installation_without_files_is_refused(empty_url: str, files: Path) -> None:
    shutil.rmtree(files)

    with pytest.raises(MigrationError, match="the installation is incomplete"):
        await migrate(empty_url)


async def test_a_role_that_is_no_superuser_can_migrate(empty_url: str) -> None:
    """As at a hosted PostgreSQL: it owns the database and may make roles."""
    owner, name = f"owner_{uuid4().hex}", empty_url.partition(":///")[2].partition("?")[0]
    await execute(empty_url, f"CREATE ROLE {owner} LOGIN CREATEROLE; ALTER DATABASE {name} OWNER TO {owner}")
    await execute(empty_url, f"GRANT {SERVING_ROLE} TO {owner} WITH ADMIN TRUE")
    try:
        assert await migrate(empty_url.replace("user=postgres", f"user={owner}")) == NAMES
    finally:
        await execute(
            empty_url, f"DROP OWNED BY {owner} CASCADE; ALTER DATABASE {name} OWNER TO postgres; DROP ROLE {owner}"
        )


async def test_every_tenants_table_has_the_policy_and_is_reached_by_the_serving_role_through_it_only(
    database_url: str,
) -> None:
    tables = await fetch(database_url, TABLES)
    policies = await fetch(
        database_url,
        """SELECT polrelid, polcmd, polpermissive, polroles = ARRAY[$1::regrole::oid] AS serving_only,
                  pg_get_expr(polqual, polrelid) AS sees, pg_get_expr(polwithcheck, polrelid) AS writes
                      FROM pg_policy""",
        SERVING_ROLE,
    )
    guarded = [
        table
        for table in tables
        if (table["of_a_tenant"] or table["relname"] == "tenants") and not table["relispartition"]
    ]

    assert len(guarded) >= 10
    for table in guarded:
        own = [policy for policy in policies if policy["polrelid"] == table["oid"]]
        assert table["relrowsecurity"], table["relname"]
        assert [(policy["polcmd"], policy["polpermissive"], policy["serving_only"]) for policy in own] == [
            (b"*", True, True)
        ], table["relname"]
        assert DECLARED.fullmatch(own[0]["sees"]), own[0]["sees"]
        assert own[0]["writes"] in (None, own[0]["sees"])


async def test_the_serving_role_owns_nothing_and_is_granted_no_partition(database_url: str) -> None:
    tables = await fetch(database_url, TABLES)
    grants = await fetch(
        database_url, "SELECT table_name FROM information_schema.role_table_grants WHERE grantee = $1", SERVING_ROLE
    )
    role = (
        await fetch(
            database_url,
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = $1",
            SERVING_ROLE,
        )
    )[0]
    member_of = await fetch(database_url, "SELECT roleid FROM pg_auth_members WHERE member = $1::regrole", SERVING_ROLE)

    assert not any(role.values())
    assert member_of == []
    assert SERVING_ROLE not in {table["owner"] for table in tables}
    assert not {grant["table_name"] for grant in grants} & {
        table["relname"] for table in tables if table["relispartition"]
    }


@pytest.mark.parametrize(
    "sql",
    ["ALTER TABLE events DISABLE ROW LEVEL SECURITY", "ALTER TABLE events OWNER TO CURRENT_USER",
    "DROP POLICY tenants_declared ON tenants",
     "SELECT * FROM events_{month}", "TRUNCATE events",
     "SELECT set_config('row_security', 'off', false); SELECT * FROM catalog_items",
     "CREATE TABLE public.mine (id int)", "DELETE FROM schema_migrations"],
)  # fmt: skip
async def test_the_serving_role_cannot_get_round_the_policies(database_url: str, sql: str) -> None:
    connection = await serving(database_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(sql.format(month=datetime.now(UTC).strftime("%Y_%m")))
    finally:
        await connection.close()


async def test_no_row_can_be_written_or_moved_into_another_tenant(database_url: str) -> None:
    mine, other = uuid4(), uuid4()
    await execute(database_url, "INSERT INTO tenants (id, name) VALUES ($1, 'mine'), ($2, 'other')", mine, other)
    connection = await serving(database_url, mine)
    try:
        await connection.execute("INSERT INTO catalog_state (tenant_id) VALUES ($1)", mine)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute("INSERT INTO catalog_state (tenant_id) VALUES ($1)", other)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.execute("UPDATE catalog_state SET tenant_id = $1", other)
        assert await connection.execute("UPDATE tenants SET name = 'stolen' WHERE id = $1", other) == "UPDATE 0"
        assert [row["id"] for row in await connection.fetch("SELECT id FROM tenants")] == [mine]
    finally:
        await connection.close()


def test_every_constraint_is_named_in_the_files() -> None:
    constraint = re.compile(r"(?<!\w)(PRIMARY KEY|FOREIGN KEY|UNIQUE|CHECK|REFERENCES|EXCLUDE)(?!\w)")
    named = re.compile(r"CONSTRAINT \w+ (\w+ )?$|CREATE $|FOREIGN KEY \([^)]*\) $")
    for migration in read_migrations():
        text = re.sub(r"\s+", " ", re.sub(r"--.*", "", migration.sql))
        for found in constraint.finditer(text):
            assert named.search(text[: found.start()]), (
                f"{migration.name}: {text[max(0, found.start() - 60) : found.end() + 20]}"
            )


async def test_no_constraint_has_a_name_that_postgresql_made_up(database_url: str) -> None:
    made_up = await fetch(
        database_url,
        """SELECT conrelid::regclass, conname FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
           WHERE n.nspname = 'public' AND contype IN ('c', 'x') AND conrelid::regclass::text NOT LIKE '%pgqueuer%'
             AND conname ~ '_(check|excl)[0-9]*$'""",
    )
    assert made_up == []


async def test_every_foreign_key_is_served_by_an_index(database_url: str) -> None:
    slow = await fetch(
        database_url,
        """SELECT conrelid::regclass, conname FROM pg_constraint k
           WHERE contype = 'f' AND NOT EXISTS (
               SELECT FROM pg_index i WHERE i.indrelid = k.conrelid
                   AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)""",
    )
    assert slow == []


async def test_partitions_of_events_are_made_ahead_once_each_with_its_unique_index(empty_url: str) -> None:
    await migrate(empty_url)
    now = datetime.now(UTC)
    months = [divmod(now.year * 12 + now.month - 1 + step, 12) for step in range(5)]
    expected = [f"events_{year}_{month + 1:02}" for year, month in months]
    partitions = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass ORDER BY 1"

    assert [row[0] for row in await fetch(empty_url, partitions)] == expected[:3]
    assert await asyncio.gather(*(fetchval(empty_url, "SELECT ensure_event_partitions(4)") for _ in range(3))) in (
        [2, 0, 0],
        [0, 2, 0],
        [0, 0, 2],
    )
    assert [row[0] for row in await fetch(empty_url, partitions)] == expected
    unique = await fetch(
        empty_url, "SELECT tablename FROM pg_indexes WHERE indexdef ~ 'UNIQUE INDEX events_.*_id_key .* \\(id\\)$'"
    )
    assert sorted(row[0] for row in unique) == expected
