"""Months of events past their time: detached, written to the archive, verified, dropped; and brought back.

An event is at every moment in the table `events`, in a detached table, or in a published month of the archive: each
step begins when what the one before it made is there for good. A job that is killed is taken up where the tables stand:
a detached table is the truth for as long as it exists, and what it has in the archive is made again from it.

A month stays until what is computed from its events is complete: each shop's figures, and those of experiments that ran
then.
"""

import asyncio
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import asyncpg
import structlog

from recomengine.archive import queries
from recomengine.archive.parquet import GROUP, GROUP_CHARACTERS, Writer, as_records, examine, groups_of
from recomengine.archive.queries import Owner
from recomengine.archive.store import ArchiveStore, Month
from recomengine.experiments.service import BEFORE
from recomengine.infra.data_dir import make_private
from recomengine.infra.database import Connection
from recomengine.settings import Settings, SettingsError

RESTORED_FOR = timedelta(days=30)
"""How long a month that was brought back stays."""

log = structlog.get_logger()


class ArchiveDamaged(Exception):
    """A file is not what was written; the message says how they differ."""


class Listed(NamedTuple):
    """A month of the archive; restored_until: None unless it is back in the database."""

    month: Month
    restored_until: datetime | None


def store_of(settings: Settings) -> ArchiveStore:
    make_private(settings.data_dir)
    return ArchiveStore(settings.archive_store_url)


def _room(settings: Settings) -> "tempfile.TemporaryDirectory[str]":
    """A folder for files under way, on the disk of DATA_DIR: that of temporary files may be memory."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="archive-", dir=settings.data_dir)


async def archive_due(settings: Settings) -> list[Month]:
    """Archive every month that is past its time, and finish what was begun; none while another one is at it."""
    store, retention = await asyncio.to_thread(store_of, settings), timedelta(days=settings.event_retention_days)
    async with queries.owner(settings.owner_url) as connection:
        if not await queries.try_lock(connection):
            return []
        await queries.drop_staging(connection)
        tables = await queries.event_tables(connection)
        due = [table for table in tables if is_due(table, datetime.now(UTC), retention)]
        with _room(settings) as folder:
            return [
                await _archive(connection, store, table, Path(folder))
                for table in due
                if await _is_free(connection, table)
            ]


def is_due(table: asyncpg.Record, now: datetime, retention: timedelta) -> bool:
    """Whether the newest event that the month can hold is past its time, or the month was begun with."""
    if table["state"] != "attached":
        return True
    if table["restored_until"] is not None and table["restored_until"] > now:
        return False
    return _end_of(table["month"]) + retention <= now


async def _is_free(connection: Owner, table: asyncpg.Record) -> bool:
    """Whether nobody needs the month's events any more."""
    if table["state"] != "attached":
        return True
    holding = await queries.holding(connection, table["name"], _end_of(table["month"]) + BEFORE)
    if holding:
        tenants = [str(tenant_id) for tenant_id in holding]
        log.warning(
            "month not archived: figures or experiments still need it", month=f"{table['month']:%Y-%m}", tenants=tenants
        )
    return not holding


def _end_of(month: date) -> datetime:
    years, months = divmod(month.month, 12)
    return datetime(month.year + years, months + 1, 1, tzinfo=UTC)


async def _archive(connection: Owner, store: ArchiveStore, table: asyncpg.Record, folder: Path) -> Month:
    month, name = table["month"], table["name"]
    if table["state"] == "attached":
        await queries.note_archived(connection, month, name)
        await queries.detach(connection, name)
    elif table["state"] == "detaching":
        await queries.finish_detaching(connection, name)
    archived = await _write(connection, store, month, name, folder)
    await asyncio.to_thread(store.publish, archived)
    await queries.drop(connection, month, name)
    log.info("events archived", month=archived.month, events=archived.events, bytes=archived.bytes)
    return archived


async def _write(connection: Owner, store: ArchiveStore, month: date, name: str, folder: Path) -> Month:
    """The table in the archive store, and read back from there."""
    written, back = folder / "written.parquet", folder / "back.parquet"
    writer = Writer(written)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await queries.count_rows(connection, name)
        async for group in queries.read_rows(connection, name, GROUP, GROUP_CHARACTERS):
            await asyncio.to_thread(writer.add, group)
    await asyncio.to_thread(writer.close)
    file = await asyncio.to_thread(store.put, f"{month:%Y-%m}", written)
    await asyncio.to_thread(store.fetch, file, back)
    archived = Month(f"{month:%Y-%m}", file, rows, writer.digest, written.stat().st_size, datetime.now(UTC).isoformat())
    await asyncio.to_thread(_verify, archived, back)
    return archived


def _verify(month: Month, file: Path) -> None:
    events, digest = examine(file)
    if (events, digest) != (month.events, month.digest):
        raise ArchiveDamaged(
            f"{month.file} of the archive holds {events} events with digest {digest}, expected {month.events} with "
            f"{month.digest}. "
            "Nothing was deleted, nothing restored. Check the store's disk."
        )


async def hold_months(connection: Connection) -> list[str] | None:
    """Keep every month where it is while the connection is open; which are half archived or half brought back. None:
    one is on its way.
    """
    return await queries.half_done(connection) if await queries.try_lock(connection) else None


async def list_months(settings: Settings) -> list[Listed]:
    store = await asyncio.to_thread(store_of, settings)
    async with queries.owner(settings.owner_url) as connection:
        restored = {
            f"{table['month']:%Y-%m}": table["restored_until"] for table in await queries.event_tables(connection)
        }
    return [Listed(month, restored.get(month.month)) for month in await asyncio.to_thread(store.months)]


async def restore_month(settings: Settings, month: date) -> Listed:
    """Bring a month back as a partition, without erased shoppers and deleted tenants. A month that is back already is
    left as it is.
    """
    store, name = await asyncio.to_thread(store_of, settings), f"events_{month:%Y_%m}"
    archived = await asyncio.to_thread(store.find, f"{month:%Y-%m}")
    async with queries.owner(settings.owner_url) as connection:
        if not await queries.try_lock(connection):
            raise SettingsError("Another archive command is at work. Try again when it is done.")
        there = {table["name"]: table for table in await queries.event_tables(connection)}.get(name)
        if there is not None and there["state"] == "attached":
            return Listed(archived, there["restored_until"])
        if there is not None:
            raise SettingsError(
                f"Month {month:%Y-%m} is half archived. Finish it with `recomengine archive run`, then restore it."
            )
        until = datetime.now(UTC) + RESTORED_FOR
        with _room(settings) as folder:
            await _load(connection, store, archived, Path(folder), f"restoring_{month:%Y_%m}", name)
        await queries.attach(connection, f"restoring_{month:%Y_%m}", name, month, until)
    log.info("events restored", month=archived.month, until=until.isoformat())
    return Listed(archived, until)


async def _load(connection: Owner, store: ArchiveStore, archived: Month, folder: Path, staging: str, name: str) -> None:
    file = folder / "restored.parquet"
    await asyncio.to_thread(store.fetch, archived.file, file)
    await asyncio.to_thread(_verify, archived, file)
    await queries.drop_staging(connection)
    await queries.create_staging(connection, staging, name)
    groups = groups_of(file)
    while columns := await asyncio.to_thread(next, groups, None):
        await queries.load_rows(connection, staging, as_records(columns))
