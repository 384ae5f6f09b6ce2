"""Months of events past their time: in the archive, whole, and back again; at no moment is an event nowhere."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pyarrow.parquet as pq
import pytest

from recomengine.archive import queries, service
from recomengine.archive.parquet import GROUP, examine
from recomengine.archive.service import ArchiveDamaged, archive_due, is_due, list_months, restore_month
from recomengine.archive.store import ArchiveStore, MonthMissing
from recomengine.events.identity import shopper_digest
from recomengine.infra.migrations import migrate
from recomengine.settings import Settings, SettingsError
from tests.support.databases import execute, fetch, fetchval, fresh_database
from tests.support.processes import PATIENCE_S
from tests.support.shops import until

SHOP, OTHER = UUID(int=1), UUID(int=2)
OLD, OLDER = date(2025, 3, 1), date(2025, 2, 1)
MAKE_MONTH = """
CREATE TABLE events_2025_{month} PARTITION OF events FOR VALUES FROM ('2025-{month}-01Z') TO ('2025-{next}-01Z');
CREATE UNIQUE INDEX events_2025_{month}_id_key ON events_2025_{month} (id);
"""
INSERT = """
INSERT INTO events (id, tenant_id, event_type, user_id, product_id, session_id, client_event_id, metadata, timestamp,
    created_at)
SELECT gen_random_uuid(), CASE WHEN n % 5 = 0 THEN $2::uuid ELSE $1::uuid END,
    (ARRAY['view', 'search', 'purchase'])[1 + n % 3],
       (ARRAY['ann', 'bob', 'Zoë \U0001f600'])[1 + n % 3], CASE WHEN n % 3 <> 1 THEN 'p' || n END,
       CASE WHEN n % 2 = 0 THEN 's1' END, CASE WHEN n % 7 = 0 THEN 'c' || n END,
       CASE WHEN n % 4 = 0 THEN '{"price": 1.50, "own": ["ü", null]}'::jsonb END,
       CASE WHEN n = 1 THEN timestamptz '0001-01-01 00:00:00Z' ELSE $3::timestamptz + n * interval '61.000001 s' END,
           $3::timestamptz + n * interval '1.000001 s'
FROM generate_series(1, $4) AS n
"""
ONE = """
INSERT INTO events (id, tenant_id, event_type, user_id, timestamp, created_at)
VALUES ($1, $2, 'search', 'ann', now(), now())
"""
EVERYTHING = "SELECT t::text FROM events t ORDER BY 1"


@pytest.fixture
def url(database_url: str) -> Iterator[str]:
    """A database with two shops, two months of events past their time, and the running month."""
    with fresh_database(database_url) as url:
        asyncio.run(fill(url))
        yield url


async def fill(url: str) -> None:
    await migrate(url)
    await execute(url, "INSERT INTO tenants (id, name) VALUES ($1, 'Shop'), ($2, 'Other')", SHOP, OTHER)
    await execute(url, "INSERT INTO analytics_state (tenant_id, through) VALUES ($1, now()), ($2, now())", SHOP, OTHER)
    for month, following in (("02", "03"), ("03", "04")):
        await execute(url, MAKE_MONTH.format(month=month, next=following))
    for month in (OLDER, OLD):
        await execute(url, INSERT, SHOP, OTHER, datetime(month.year, month.month, 3, tzinfo=UTC), 60)
    await execute(
        url, INSERT, SHOP, OTHER, datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0), 20
    )


@pytest.fixture
def settings(url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=url, data_dir=tmp_path / "data")


async def texts(url: str) -> list[str]:
    return [row[0] for row in await fetch(url, EVERYTHING)]


async def tables(url: str) -> dict[str, str]:
    """Tables of months that are past their time, and how they stand."""
    async with queries.owner(url) as connection:
        return {
            row["name"]: row["state"] for row in await queries.event_tables(connection) if row["name"] < "events_2026"
        }


async def test_months_past_their_time_are_in_the_archive_whole_and_no_longer_in_the_database(
    settings: Settings, url: str
) -> None:
    before = await texts(url)

    done = await archive_due(settings)

    assert [(month.month, month.events) for month in done] == [("2025-02", 60), ("2025-03", 60)]
    assert len(await texts(url)) == 20
    assert await tables(url) == {}
    assert await archive_due(settings) == []
    assert [listed.month for listed in await list_months(settings)] == done
    assert sorted(path.name for path in (settings.data_dir / "archive").iterdir()) == [
        "2025-02",
        "2025-02.json",
        "2025-03",
        "2025-03.json",
    ]
    for month in (OLDER, OLD):
        await restore_month(settings, month)
    assert await texts(url) == before, "to the last character"
    assert await tables(url) == {"events_2025_02": "attached", "events_2025_03": "attached"}


async def test_a_month_is_a_compressed_parquet_file_that_others_can_read(settings: Settings) -> None:
    month = (await archive_due(settings))[0]

    file = pq.ParquetFile(settings.data_dir / "archive" / month.file)

    assert file.metadata.num_rows == 60
    assert {file.metadata.row_group(0).column(at).compression for at in range(file.metadata.num_columns)} == {"ZSTD"}
    row = file.read().to_pylist()[27]
    assert (row["event_type"], row["user_id"], row["product_id"], row["client_event_id"]) == (
        "search",
        "bob",
        None,
        "c28",
    )
    assert (json.loads(row["metadata"]), row["tenant_id"]) == ({"price": 1.5, "own": ["ü", None]}, SHOP.bytes)
    assert row["created_at"] == datetime(2025, 2, 3, 0, 0, 28, 28, tzinfo=UTC)


async def test_a_month_of_several_groups_comes_back_whole(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "GROUP", 7)
    before = await texts(url)
    month = (await archive_due(settings))[1]
    assert pq.ParquetFile(settings.data_dir / "archive" / month.file).metadata.num_row_groups == 9
    for each in (OLDER, OLD):
        await restore_month(settings, each)
    assert await texts(url) == before
    assert GROUP > 7


async def test_an_empty_month_goes_and_comes_back(settings: Settings, url: str) -> None:
    await execute(url, "DELETE FROM events WHERE created_at < '2025-03-01Z'")
    before = await texts(url)
    assert [month.events for month in await archive_due(settings)] == [0, 60]
    for each in (OLDER, OLD):
        await restore_month(settings, each)
    assert await texts(url) == before


@pytest.mark.parametrize(("state", "restored_for", "days_after_its_end", "due"), [
    ("attached", None, 89, False), ("attached", None, 90, True), ("attached", 1, 300, False),
    ("attached", -1, 300, True),
    ("detaching", None, 0, True), ("detached", 1, 0, True),
])  # fmt: skip
def test_a_month_is_due_when_its_newest_possible_event_is_past_its_time(
    state: str, restored_for: int | None, days_after_its_end: int, due: bool
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days_after_its_end)
    until = None if restored_for is None else now + timedelta(days=restored_for)
    table: Any = {"month": date(2025, 12, 1), "state": state, "restored_until": until}
    assert is_due(table, now, timedelta(days=90)) is due
    if state == "attached" and due and until is None:
        assert not is_due(table, now - timedelta(microseconds=1), timedelta(days=90))


async def test_what_is_younger_than_the_setting_stays(settings: Settings, url: str) -> None:
    days = (datetime.now(UTC) - datetime(2025, 3, 10, tzinfo=UTC)).days
    younger = Settings(database_url=url, data_dir=settings.data_dir, event_retention_days=days)
    assert [month.month for month in await archive_due(younger)] == ["2025-02"]


UNSETTLED = """
UPDATE analytics_state SET through = '2025-03-03 00:00:59Z'
WHERE tenant_id = '00000000-0000-0000-0000-000000000002'
"""
RUNNING = """
INSERT INTO experiments (tenant_id, name, control_strategy, variant_strategy, traffic_split, metric, status, started_at)
VALUES ('00000000-0000-0000-0000-000000000002', 'Test', 'auto', 'trending', 50, 'ctr', 'running', '2025-04-28Z')
"""


@pytest.mark.parametrize(("needs", "ends"), [
    (UNSETTLED, "UPDATE analytics_state SET through = '2025-03-04Z'"),
    (UNSETTLED, "UPDATE tenants SET status = 'deleted'"),
    ("DELETE FROM analytics_state WHERE tenant_id = '00000000-0000-0000-0000-000000000002'",
    "INSERT INTO analytics_state (tenant_id, through) "
     "VALUES ('00000000-0000-0000-0000-000000000002', now())"),
    (RUNNING, "UPDATE experiments SET started_at = '2025-04-29Z'"),
    (RUNNING.replace("running", "completed"), "INSERT INTO experiment_results (tenant_id, experiment_id, variant) "
     "SELECT tenant_id, id, 'control' FROM experiments"),
])  # fmt: skip
async def test_a_month_stays_while_figures_or_experiments_need_it(
    needs: str, ends: str, settings: Settings, url: str
) -> None:
    await execute(url, needs)
    if "experiments" not in needs:
        await execute(url, "DELETE FROM events WHERE created_at < '2025-03-01Z'")  # the month that is settled goes
    else:
        await execute(url, "DELETE FROM events WHERE tenant_id = $1 AND created_at < '2025-03-01Z'", OTHER)
    assert [month.month for month in await archive_due(settings)] == ["2025-02"]
    await execute(url, ends)
    assert [month.month for month in await archive_due(settings)] == ["2025-03"]


async def test_settling_under_way_is_waited_for_so_that_it_sees_all_events_or_the_note(
    settings: Settings, url: str
) -> None:
    settling = await asyncpg.connect(url)
    transaction = settling.transaction()
    await transaction.start()
    await settling.execute(
        "INSERT INTO analytics_state (tenant_id) VALUES ($1) ON CONFLICT (tenant_id) DO NOTHING", SHOP
    )
    archiving = asyncio.create_task(archive_due(settings))

    async def waits() -> bool:
        return bool(
            await fetchval(
                url, "SELECT count(*) FROM pg_locks WHERE relation = 'analytics_state'::regclass AND NOT granted"
            )
        )

    await until(waits)
    assert await settling.fetchval("SELECT count(*) FROM events WHERE created_at < '2025-04-01Z'") == 120
    await transaction.commit()
    await settling.close()
    assert len(await archiving) == 2


async def test_what_is_archived_is_noted_for_each_shop_until_it_is_back(settings: Settings, url: str) -> None:
    await execute(url, "UPDATE analytics_state SET through = '2025-03-01Z' WHERE tenant_id = $1", OTHER)
    await archive_due(settings)
    noted = "SELECT tenant_id, month, newest FROM archived_events ORDER BY 1"
    newest = {SHOP: timedelta(seconds=59 * 61.000001), OTHER: timedelta(seconds=60 * 61.000001)}
    rows = [(shop, OLDER, datetime(2025, 2, 3, tzinfo=UTC) + newest[shop]) for shop in (SHOP, OTHER)]
    assert [tuple(row) for row in await fetch(url, noted)] == rows
    await restore_month(settings, OLDER)
    assert await fetch(url, noted) == []


STEPS = {
    "before the month is detached": ("queries", "detach", "before"),
    "once it is detached": ("queries", "detach", "after"),
    "while it is read": ("Writer", "add", "after"),
    "once the file is written": ("Writer", "close", "after"),
    "once the file is in the store": ("store", "put", "after"),
    "once it is read back": ("store", "fetch", "after"),
    "once it is verified": ("service", "_verify", "after"),
    "once the month is published": ("store", "publish", "after"),
    "before the table is dropped": ("queries", "drop", "before"),
    "once it is dropped": ("queries", "drop", "after"),
}
KILLED = """
import asyncio, os, signal, sys
from recomengine.archive import queries, service
from recomengine.archive.parquet import Writer
from recomengine.archive.store import ArchiveStore
from recomengine.settings import load_settings
from tests.support.processes import PATIENCE_S
owner, name, when = sys.argv[1:]
owner = {"queries": queries, "service": service, "Writer": Writer, "store": ArchiveStore}[owner]
real = getattr(owner, name)
def die(): os.kill(os.getpid(), signal.SIGKILL)
async def awaited(*args):
    if when == "before": die()
    await real(*args)
    die()
def called(*args):
    real(*args)
    die()
setattr(owner, name, awaited if asyncio.iscoroutinefunction(real) else called)
asyncio.run(service.archive_due(load_settings()))
"""


def kill_at(settings: Settings, step: str) -> None:
    environment = os.environ | {"DATABASE_URL": settings.database_url, "DATA_DIR": str(settings.data_dir)}
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *STEPS[step]], env=environment, timeout=PATIENCE_S, check=False
    )
    assert ended.returncode == -signal.SIGKILL


async def everywhere(settings: Settings) -> set[bytes]:
    """Ids of the events that are in `events`, in a detached table, or in a month of the archive that is published and
    as it was written.
    """
    url = settings.database_url
    found = {row[0].bytes for row in await fetch(url, "SELECT id FROM events")}
    for name, state in (await tables(url)).items():
        if state != "attached":
            found |= {row[0].bytes for row in await fetch(url, f"SELECT id FROM {name}")}
    store = ArchiveStore(settings.archive_store_url)
    for month in store.months():
        file = settings.data_dir / "archive" / month.file
        assert examine(file) == (month.events, month.digest)
        found |= set(pq.read_table(file, columns=["id"]).column(0).to_pylist())
    return found


@pytest.mark.parametrize("step", STEPS)
async def test_a_job_killed_at_any_step_loses_nothing_and_the_next_one_ends_it(
    step: str, settings: Settings, url: str
) -> None:
    before, ids = await texts(url), await everywhere(settings)
    assert len(ids) == 140

    await asyncio.to_thread(kill_at, settings, step)

    assert await everywhere(settings) == ids
    await archive_due(settings)
    assert await tables(url) == {}
    assert await everywhere(settings) == ids
    assert [listed.month.events for listed in await list_months(settings)] == [60, 60]
    assert len(list((settings.data_dir / "archive").rglob("*.parquet"))) == 2, "nothing of the killed one is left"
    for month in (OLDER, OLD):
        await restore_month(settings, month)
    assert await texts(url) == before


async def test_a_detaching_that_was_broken_off_in_the_middle_is_ended(settings: Settings, url: str) -> None:
    """A reader of the month keeps the second half of DETACH waiting; the job dies there."""
    reader = await asyncpg.connect(url)
    transaction = reader.transaction()
    await transaction.start()
    await reader.fetch("SELECT count(*) FROM events")
    dying = asyncio.create_task(archive_due(settings))

    async def is_detaching() -> bool:
        return (await tables(url))["events_2025_02"] == "detaching"

    await until(is_detaching)
    await execute(
        url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE events DETACH%'"
    )
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await dying
    await transaction.rollback()
    await reader.close()

    assert [month.events for month in await archive_due(settings)] == [60, 60]


def spoil(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    put = ArchiveStore.put

    def spoiled(self: ArchiveStore, month: str, file: Path) -> str:
        change(file)
        return put(self, month, file)

    monkeypatch.setattr(ArchiveStore, "put", spoiled)


def drop_a_row(file: Path) -> None:
    pq.write_table(pq.read_table(file).slice(1), file)


def change_a_letter(file: Path) -> None:
    table = pq.read_table(file)
    users = table.column("user_id").to_pylist()
    pq.write_table(table.set_column(3, table.schema.field(3), [["bnn", *users[1:]]]), file)


@pytest.mark.parametrize("change", [drop_a_row, change_a_letter])
async def test_a_file_that_is_not_what_the_table_holds_deletes_nothing(
    change: Any, settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        spoil(patch, change)
        with pytest.raises(ArchiveDamaged, match="Nothing was deleted"):
            await archive_due(settings)
    assert await tables(url) == {"events_2025_02": "detached", "events_2025_03": "attached"}
    assert await list_months(settings) == []
    assert [month.events for month in await archive_due(settings)] == [60, 60]


async def test_an_archive_that_was_damaged_since_restores_nothing(settings: Settings, url: str) -> None:
    month = (await archive_due(settings))[0]
    change_a_letter(settings.data_dir / "archive" / month.file)
    with pytest.raises(ArchiveDamaged):
        await restore_month(settings, OLDER)
    assert await tables(url) == {}


async def test_a_restored_month_stays_for_thirty_days_and_then_goes_again(settings: Settings, url: str) -> None:
    await archive_due(settings)
    first = await restore_month(settings, OLD)
    assert first.restored_until is not None
    assert abs(first.restored_until - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)
    assert await restore_month(settings, OLD) == first, "again changes nothing"
    assert [listed.restored_until for listed in await list_months(settings)] == [None, first.restored_until]
    assert await archive_due(settings) == []
    await execute(url, "UPDATE restored_months SET until = now()")

    assert [month.month for month in await archive_due(settings)] == ["2025-03"]

    assert len(await list_months(settings)) == 2
    assert await fetchval(url, "SELECT count(*) FROM restored_months") == 0
    assert len(list((settings.data_dir / "archive").rglob("*.parquet"))) == 2


async def test_nothing_erased_comes_back_and_an_archive_made_anew_no_longer_holds_it(
    settings: Settings, url: str
) -> None:
    await archive_due(settings)
    await execute(
        url, "INSERT INTO erasures (tenant_id, number, digests, before, events) "
        "VALUES ($1, 1, $2, '2025-03-03 00:00:30Z', 0)",
        SHOP,
        [shopper_digest(SHOP.bytes, "ann"), shopper_digest(SHOP.bytes, "Zoë \U0001f600")],
    )  # fmt: skip

    await restore_month(settings, OLD)

    rows = await fetch(url, "SELECT tenant_id, user_id, created_at FROM events WHERE created_at < '2025-04-01Z'")
    erased_at = datetime(2025, 3, 3, 0, 0, 30, tzinfo=UTC)
    of_shop = [row for row in rows if row["tenant_id"] == SHOP]
    assert {row["user_id"] for row in of_shop if row["created_at"] < erased_at} == {"bob"}
    assert {row["user_id"] for row in of_shop if row["created_at"] >= erased_at} == {"ann", "bob", "Zoë \U0001f600"}, (
        "they came back"
    )
    assert {row["user_id"] for row in rows if row["tenant_id"] == OTHER} == {"ann", "bob", "Zoë \U0001f600"}, (
        "another shop's namesakes"
    )
    await execute(url, "UPDATE restored_months SET until = now()")
    month = (await archive_due(settings))[0]
    assert month.events == len(rows) < 60
    assert examine(settings.data_dir / "archive" / month.file)[0] == len(rows)


async def test_an_erasure_waits_for_a_restore_under_way_so_that_it_misses_nothing(settings: Settings, url: str) -> None:
    await archive_due(settings)
    async with queries.owner(url) as connection, connection.transaction():
        await connection.execute(queries.LOCK_ERASURES)
        with pytest.raises(asyncpg.LockNotAvailableError):
            await execute(url, "SET lock_timeout = '50ms'; SELECT pg_advisory_xact_lock_shared(7211, 0)")


async def test_events_of_tenants_that_are_gone_and_of_those_that_were_sent_again_stay_away(
    settings: Settings, url: str
) -> None:
    again = await fetchval(url, "SELECT id FROM events_2025_03 WHERE tenant_id = $1", SHOP)
    await archive_due(settings)
    await execute(url, "DELETE FROM events WHERE tenant_id = $1", OTHER)
    await execute(url, "DELETE FROM analytics_state WHERE tenant_id = $1", OTHER)
    await execute(url, "DELETE FROM tenants WHERE id = $1", OTHER)
    await execute(url, ONE, again, SHOP)
    await restore_month(settings, OLD)
    assert await fetchval(url, "SELECT count(*) FROM events WHERE tenant_id = $1", OTHER) == 0
    assert await fetchval(url, "SELECT count(*) FROM events WHERE id = $1", again) == 1


async def test_a_restore_that_was_killed_leaves_the_month_in_the_archive_and_its_table_is_cleared_away(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    before = await texts(url)
    await archive_due(settings)
    with monkeypatch.context() as patch:
        patch.setattr(queries, "attach", dies)
        with pytest.raises(KeyboardInterrupt):
            await restore_month(settings, OLD)
    there = "SELECT to_regclass('restoring_2025_03') IS NOT NULL"
    assert await fetchval(url, there)
    assert await archive_due(settings) == []
    assert not await fetchval(url, there)
    for month in (OLDER, OLD):
        await restore_month(settings, month)
    assert await texts(url) == before


async def test_one_at_a_time(settings: Settings, url: str) -> None:
    async with queries.owner(url) as connection:
        assert await queries.try_lock(connection)
        assert await archive_due(settings) == []
        assert len(await tables(url)) == 2
    await archive_due(settings)
    async with queries.owner(url) as connection:
        assert await queries.try_lock(connection)
        with pytest.raises(SettingsError, match="Another archive command"):
            await restore_month(settings, OLD)


async def test_a_month_that_is_half_archived_is_finished_before_it_is_restored(settings: Settings, url: str) -> None:
    await asyncio.to_thread(kill_at, settings, "once the month is published")
    with pytest.raises(SettingsError, match="archive run"):
        await restore_month(settings, OLDER)


async def test_a_month_that_the_archive_lacks_is_said_to_be_missing(settings: Settings) -> None:
    with pytest.raises(MonthMissing, match="no month 2025-03"):
        await restore_month(settings, OLD)


async def test_events_go_on_being_stored_and_found_while_a_month_is_archived(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = queries.count_rows

    async def meanwhile(connection: Any, name: str) -> int:
        await execute(url, "SET lock_timeout = '1s'; SET statement_timeout = '5s'; SELECT count(*) FROM events")
        await execute(url, ONE, uuid4(), SHOP)
        return await real(connection, name)

    monkeypatch.setattr(queries, "count_rows", meanwhile)
    await archive_due(settings)
    assert len(await texts(url)) == 22


async def test_the_serving_role_may_neither_detach_nor_drop_nor_read_what_was_detached(
    settings: Settings, url: str
) -> None:
    await asyncio.to_thread(kill_at, settings, "once it is detached")
    serving = await asyncpg.connect(url, server_settings={"role": "recomengine_app"})
    try:
        for statement in (
            "SELECT * FROM events_2025_02", "DROP TABLE events_2025_02",
            "ALTER TABLE events DETACH PARTITION events_2025_03 CONCURRENTLY", "DELETE FROM restored_months",
            "SELECT * FROM restored_months",
        ):  # fmt: skip
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await serving.execute(statement)
    finally:
        await serving.close()


async def test_numbers_that_are_short_to_write_and_endless_to_read_are_archived_as_their_nearest(
    settings: Settings, url: str
) -> None:
    """From before numbers were checked."""
    tiny = "UPDATE events SET metadata = $1::text::jsonb WHERE created_at < '2025-03-01' AND event_type = 'view'"
    await execute(url, tiny, f'{{"n": [{", ".join(["1e-16000"] * 900)}], "m": {"9" * 309}, "k": 1.50}}')
    month = (await archive_due(settings))[0]
    rows = pq.ParquetFile(settings.data_dir / "archive" / month.file).read().to_pylist()
    archived = {row["metadata"] for row in rows if row["event_type"] == "view"}
    assert [orjson.loads(each) for each in archived] == [{"n": [0] * 900, "m": sys.float_info.max, "k": 1.5}]
    assert all(len(each) < 10_000 for each in archived)
    await restore_month(settings, OLDER)
    back = await fetch(url, "SELECT metadata::text FROM events WHERE event_type = 'view' AND created_at < '2025-03-01'")
    assert {row["metadata"] for row in back} == archived


async def test_a_group_ends_where_its_metadata_is_long(
    settings: Settings, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "GROUP_CHARACTERS", 1000)
    monkeypatch.setattr(queries, "AT_ONCE", 4)
    before = await texts(url)
    await execute(
        url, "UPDATE events SET metadata = jsonb_build_object('x', repeat('y', 400)) WHERE created_at < '2025-03-01'"
    )
    long = await texts(url)
    month = (await archive_due(settings))[0]
    assert pq.ParquetFile(settings.data_dir / "archive" / month.file).metadata.num_row_groups == 15
    for each in (OLDER, OLD):
        await restore_month(settings, each)
    assert await texts(url) == long != before
