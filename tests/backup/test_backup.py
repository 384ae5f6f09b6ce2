"""A backup holds every row of one moment; restoring gives them back, or leaves the database as it was."""

import asyncio
import json
import shutil
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import numpy as np
import pytest
from redis.asyncio import Redis

from recomengine.archive import queries as months
from recomengine.backup.archive import BackupError, read_manifest
from recomengine.backup.service import back_up, restore
from recomengine.infra.database import open_pool, tenant_transaction
from recomengine.infra.migrations import migrate, read_migrations
from recomengine.models.event_log import EventLogs
from recomengine.models.store import ModelStore
from recomengine.settings import Settings
from tests.support.databases import Roles, execute, fetch, fetchval, separated_database

TENANTS = 3
EVENTS = 40
FORMER_MONTH = datetime(2024, 2, 10, tzinfo=UTC)

TABLES = """
    SELECT c.relname AS name, c.oid::regclass::text AS quoted FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname NOT LIKE 'pgqueuer%'
        AND c.relname <> 'schema_migrations'"""


@pytest.fixture(scope="module")
def source(database_url: str) -> Iterator[Roles]:
    with separated_database(database_url) as roles:
        asyncio.run(migrate(roles.owner))
        asyncio.run(fill(roles.owner))
        yield roles


@pytest.fixture(scope="module")
def taken(source: Roles, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of `source`."""
    folder = tmp_path_factory.mktemp("taken") / "backup"
    asyncio.run(back_up(settings_of(source.owner, folder.parent), folder, say))
    return folder


@pytest.fixture
def folder(taken: Path, tmp_path: Path) -> Path:
    """A copy of it, to do harm to."""
    return Path(shutil.copytree(taken, tmp_path / "backup"))


@pytest.fixture
def empty(database_url: str) -> Iterator[Roles]:
    with separated_database(database_url) as roles:
        yield roles


async def fill(url: str) -> None:
    """Tenants with keys, products, events of this month and of one long past, accounts, an audit log, builds."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "CREATE TABLE events_2024_02 PARTITION OF events FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 "
            "00:00+00');CREATE UNIQUE INDEX events_2024_02_id_key ON events_2024_02 (id)"
        )
        admin = await connection.fetchval(
            "INSERT INTO admins (email, password_hash) VALUES ('ann@example.com', 'x') RETURNING id"
        )
        for number in range(TENANTS):
            tenant = await connection.fetchval(
                "INSERT INTO tenants (name, owner_id, config) VALUES ($1, $2, $3) RETURNING id",
                f"Shop {number}\t\\N '\"",
                admin,
                '{"currency": "EUR"}',
            )
            key = (
                "INSERT INTO api_keys (tenant_id, name, key_hash, key_prefix, permissions) "
                "VALUES ($1, 'k', $2, 'p', 'read')"
            )
            await connection.execute(key, tenant, uuid4().bytes * 2)
            await connection.execute("INSERT INTO catalog_state VALUES ($1, 7, 2)", tenant)
            await connection.executemany(
                "INSERT INTO catalog_items (tenant_id, product_id, number, name, price, version) VALUES ($1, $2, $3, "
                "$4, 9.90, 1)",
                [(tenant, f"p{n}", n, f"Größe {n}\n\\.\n") for n in range(2)],
            )
            await connection.executemany(
                "INSERT INTO events VALUES ($1, $2, 'view', $3, 'p1', NULL, NULL, $4, $5, $5)",
                [(uuid4(), tenant, f"u{n}", '{"price": 9.9}' if n % 2 else None, moment + timedelta(minutes=n))
                 for moment in (FORMER_MONTH, datetime.now(UTC) - timedelta(seconds=1)) for n in range(EVENTS // 2)],
            )  # fmt: skip
            await connection.execute(
                "INSERT INTO models (tenant_id, version, status) VALUES ($1, 'v1', 'ready')", tenant
            )
            line = (
                "INSERT INTO audit_log (admin_id, about_tenant, action, subject, address) VALUES ($1, $2, 'a', 's', '')"
            )
            await connection.execute(line, admin, tenant)
    finally:
        await connection.close()


async def contents(url: str) -> dict[str, list[str]]:
    """Every row of every table, as text, in an order of its own."""
    return {
        row["name"]: [line[0] for line in await fetch(url, f"SELECT t::text FROM {row['quoted']} t ORDER BY 1")]
        for row in await fetch(url, TABLES)
    }


def settings_of(url: str, tmp_path: Path, redis_url: str = "") -> Settings:
    return Settings(database_url=url, redis_url=redis_url, data_dir=tmp_path / "data")


def say(_line: str) -> None:
    """The reports are of no interest here."""


def hold_models(url: str, tmp_path: Path) -> None:
    """Have the store hold the builds that the ledger names."""
    store = ModelStore(settings_of(url, tmp_path).model_store_url, tmp_path)
    for row in asyncio.run(fetch(url, "SELECT tenant_id, version FROM models")):
        store.publish(row["tenant_id"], row["version"], {"a": np.zeros(1)}, {})


def test_every_row_of_every_table_comes_back(source: Roles, folder: Path, empty: Roles, tmp_path: Path) -> None:
    hold_models(source.owner, tmp_path)

    done = asyncio.run(restore(settings_of(empty.owner, tmp_path), folder, say))

    before, after = asyncio.run(contents(source.owner)), asyncio.run(contents(empty.owner))
    assert {name: rows for name, rows in after.items() if rows} == {name: rows for name, rows in before.items() if rows}
    assert done.rows == sum(map(len, before.values()))
    assert done.models_missing == 0
    assert len(after["events_2024_02"]) == TENANTS * EVENTS // 2


def test_the_restored_database_serves_each_tenant_its_own_rows_and_goes_on_counting(
    folder: Path, empty: Roles, tmp_path: Path
) -> None:
    asyncio.run(restore(settings_of(empty.owner, tmp_path), folder, say))

    async def served() -> tuple[int, list[int], int]:
        pool = await open_pool(empty.serving, min_size=1, max_size=1)
        try:
            tenants = [UUID(str(row[0])) for row in await fetch(empty.owner, "SELECT id FROM tenants")]
            undeclared = await pool.fetchval("SELECT count(*) FROM events")
            counts = []
            for tenant in tenants:
                async with tenant_transaction(pool, tenant) as connection:
                    counts.append(await connection.fetchval("SELECT count(*) FROM events"))
                    await connection.execute(
                        "INSERT INTO models (tenant_id, version, status) VALUES ($1, 'v2', 'building')", tenant
                    )
        finally:
            await pool.close()
        return undeclared, counts, await fetchval(empty.owner, "SELECT min(id) FROM models")

    undeclared, counts, first_new = asyncio.run(served())
    assert (undeclared, counts) == (0, [EVENTS] * TENANTS)
    assert first_new > TENANTS  # builds that the store lacks are gone, their numbers are not given again


def test_numbers_that_no_reader_takes_come_back_to_the_last_digit(source: Roles, empty: Roles, tmp_path: Path) -> None:
    """From before numbers were checked: a backup changes nothing."""
    number = "UPDATE catalog_items SET attributes = $1::text::jsonb WHERE product_id = 'p0'"
    asyncio.run(execute(source.owner, number, f'{{"n": [{", ".join(["1e-16000"] * 900)}], "m": {"9" * 309}}}'))
    try:
        asyncio.run(back_up(settings_of(source.owner, tmp_path), tmp_path / "backup", say))
        before = asyncio.run(contents(source.owner))
    finally:
        asyncio.run(execute(source.owner, number, "{}"))
    asyncio.run(restore(settings_of(empty.owner, tmp_path), tmp_path / "backup", say))
    assert asyncio.run(contents(empty.owner))["catalog_items"] == before["catalog_items"]


def test_models_that_the_store_lacks_are_left_to_be_built(folder: Path, empty: Roles, tmp_path: Path) -> None:
    done = asyncio.run(restore(settings_of(empty.owner, tmp_path), folder, say))

    assert done.models_missing == TENANTS
    assert asyncio.run(fetchval(empty.owner, "SELECT count(*) FROM tenants_due(now() - interval '1 day')")) == TENANTS


def test_a_database_with_rows_is_refused_and_left_alone(folder: Path, empty: Roles, tmp_path: Path) -> None:
    asyncio.run(migrate(empty.owner))
    asyncio.run(execute(empty.owner, "INSERT INTO tenants (name) VALUES ('Here first')"))

    with pytest.raises(BackupError, match=r"not empty: tenants has rows\. Restore into one just made"):
        asyncio.run(restore(settings_of(empty.owner, tmp_path), folder, say))

    assert asyncio.run(fetchval(empty.owner, "SELECT count(*) FROM tenants")) == 1


def test_an_empty_migrated_database_is_taken(folder: Path, empty: Roles, tmp_path: Path) -> None:
    asyncio.run(migrate(empty.owner))

    asyncio.run(restore(settings_of(empty.owner, tmp_path), folder, say))

    assert asyncio.run(fetchval(empty.owner, "SELECT count(*) FROM tenants")) == TENANTS


@pytest.mark.parametrize("harm", ["bytes", "missing", "checksum", "rows"])
def test_a_damaged_backup_restores_nothing(folder: Path, empty: Roles, tmp_path: Path, harm: str) -> None:
    file, manifest = folder / "tenants.copy.zst", folder / "manifest.json"
    values: dict[str, Any] = json.loads(manifest.read_text())
    tenants = next(table for table in values["tables"] if table["name"] == "tenants")
    if harm == "bytes":
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.write_bytes(data)
    elif harm == "missing":
        file.unlink()
    else:
        tenants[harm] = {"checksum": "1", "rows": TENANTS + 1}[harm]
        manifest.write_text(json.dumps(values))

    with pytest.raises(BackupError, match=r"missing|damaged|another checksum"):
        asyncio.run(restore(settings_of(empty.owner, tmp_path), folder, say))

    assert all(not rows for rows in asyncio.run(contents(empty.owner)).values())


def test_a_backup_of_an_older_schema_is_brought_up_to_date(
    folder: Path, empty: Roles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = read_migrations()
    newer = newest[0]._replace(name="9999_later", sql="ALTER TABLE tenants ADD COLUMN later int DEFAULT 5")
    monkeypatch.setattr("recomengine.infra.migrations.read_migrations", lambda: [*newest, newer])

    asyncio.run(restore(settings_of(empty.owner, tmp_path), folder, say))

    assert asyncio.run(fetchval(empty.owner, "SELECT sum(later) FROM tenants")) == 5 * TENANTS


def test_a_backup_of_a_newer_version_is_refused(folder: Path, empty: Roles, tmp_path: Path) -> None:
    manifest = read_manifest(folder)
    manifest.migrations["9999_from_the_future"] = ""
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))

    with pytest.raises(
        Exception, match="The backup has migration 9999_from_the_future, which this version does not know"
    ):
        asyncio.run(restore(settings_of(empty.owner, tmp_path), folder, say))


@pytest.mark.parametrize("work", ["backup", "restore"])
def test_the_serving_role_can_do_neither(source: Roles, folder: Path, empty: Roles, tmp_path: Path, work: str) -> None:
    asyncio.run(migrate(empty.owner))
    settings = settings_of(source.serving if work == "backup" else empty.serving, tmp_path)

    with pytest.raises(BackupError, match=r"does not own the tables: .* Use the role that runs `recomengine migrate`"):
        asyncio.run(back_up(settings, tmp_path / "b", say) if work == "backup" else restore(settings, folder, say))

    assert not (tmp_path / "b").exists()
    assert not list(tmp_path.glob(".*.partial"))


def test_a_backup_is_for_its_owner_alone_and_never_written_over(source: Roles, folder: Path, tmp_path: Path) -> None:

    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    with pytest.raises(BackupError, match="exists"):
        asyncio.run(back_up(settings_of(source.owner, tmp_path), folder, say))


def test_what_redis_and_the_disk_know_of_later_events_is_forgotten(
    source: Roles, folder: Path, empty: Roles, tmp_path: Path, redis_url: str
) -> None:
    settings = settings_of(empty.owner, tmp_path, redis_url)
    tenant = asyncio.run(fetchval(source.owner, "SELECT id FROM tenants LIMIT 1"))
    logs = settings.data_dir / "event-logs"
    logs.mkdir(parents=True)
    (logs / f"{tenant}.npz").write_bytes(b"")

    async def restore_beside_redis() -> tuple[int, int]:
        redis = Redis.from_url(redis_url)
        try:
            await redis.mset({f"reco:dedup:{{{tenant}}}:1": "1", f"stranger:{tenant}": "1"})
            await restore(settings, folder, say)
            return await redis.exists(f"reco:dedup:{{{tenant}}}:1"), await redis.delete(f"stranger:{tenant}")
        finally:
            await redis.aclose()

    assert asyncio.run(restore_beside_redis()) == (0, 1)
    assert EventLogs(logs).kept() == []


def test_a_backup_is_of_one_moment(source: Roles, empty: Roles, tmp_path: Path) -> None:
    """A tenant made once the backup is under way is in none of its tables. Last here, since it writes to `source`."""
    before = asyncio.run(contents(source.owner))

    copied: list[str] = []

    def write_once(line: str) -> None:
        if not copied:
            with ThreadPoolExecutor(1) as thread:
                late = "INSERT INTO tenants (name) VALUES ('Late'); UPDATE catalog_items SET price = 1"
                thread.submit(asyncio.run, execute(source.owner, late)).result()
        copied.append(line.split(":")[0])

    asyncio.run(back_up(settings_of(source.owner, tmp_path), tmp_path / "b", write_once))
    assert "tenants" not in copied[:1]
    hold_models(source.owner, tmp_path)
    asyncio.run(restore(settings_of(empty.owner, tmp_path), tmp_path / "b", say))

    after = asyncio.run(contents(empty.owner))
    assert after["tenants"] == before["tenants"]
    assert after["catalog_items"] == before["catalog_items"]


@pytest.mark.parametrize("half", ["events_2023_01", "restoring_2023_01"])
def test_a_month_on_its_way_is_waited_for(half: str, source: Roles, tmp_path: Path) -> None:
    settings = settings_of(source.owner, tmp_path)
    asyncio.run(execute(source.owner, f"CREATE TABLE {half} (LIKE events)"))
    with pytest.raises(BackupError, match=rf"{half} is half .*archive run"):
        asyncio.run(back_up(settings, tmp_path / "backup", say))
    asyncio.run(execute(source.owner, f"DROP TABLE {half}"))

    async def while_archiving() -> None:
        async with months.owner(source.owner) as connection:
            assert await months.try_lock(connection)
            with pytest.raises(BackupError, match="being archived"):
                await back_up(settings, tmp_path / "backup", say)

    asyncio.run(while_archiving())
    assert not (tmp_path / "backup").exists()
