"""`recomengine backup` and `recomengine restore`: every table of the schema in one snapshot, and back into an empty
database.

Both work as the owner of the tables, over the protocol alone: no pg_dump, whose version would have to fit the server's.
The schema is not in a backup. Restoring makes it with the migrations that the backup names, loads in one transaction,
compares rows and checksums, and then applies the newer migrations.

Not in a backup: the queue (jobs are made again), models (built again, unless the model store holds them), Redis (no
truth), and the secrets.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import asyncpg
import structlog

import recomengine
from recomengine.archive.service import hold_months
from recomengine.backup import queries
from recomengine.backup.archive import (
    FORMAT,
    BackupError,
    Manifest,
    TableFile,
    new_archive,
    open_table,
    read_manifest,
    read_table,
    write_manifest,
)
from recomengine.infra.database import Connection
from recomengine.infra.logs import said
from recomengine.infra.migrations import applied, migrate, pending
from recomengine.infra.redis import RedisClient, RedisUnavailable
from recomengine.models.event_log import EventLogs
from recomengine.models.service import forget_missing
from recomengine.models.store import ModelStore
from recomengine.settings import Settings

SESSION = {
    "timezone": "UTC", "application_name": "recomengine backup", "row_security": "off", "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0", "DateStyle": "ISO", "IntervalStyle": "postgres", "bytea_output": "hex",
    "extra_float_digits": "1",
}  # fmt: skip
"""row_security off: who is not the owner gets an error, not the rows that policies leave. The rest: values read the
same everywhere.
"""

NEW_DATABASE = (
    "Restore into one just made with CREATE DATABASE: its schema is made as the backup needs it, "
    "and then brought up to date."
)
REDIS_KEYS = "reco:*"

Report = Callable[[str], None]
log = structlog.get_logger()


class Restored(NamedTuple):
    rows: int
    tables: int
    models_missing: int


async def back_up(settings: Settings, folder: Path, report: Report) -> Manifest:
    """Write everything to the new directory `folder`; `report` hears of each table."""
    async with _owner(settings.database_url) as connection:
        if missing := await pending(connection):
            raise BackupError(f"The database lacks {', '.join(missing)}. Run `recomengine migrate` first.")
        await _no_month_on_its_way(connection)
        with new_archive(folder) as new:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                taken_at = datetime.now(UTC)
                ledger = await applied(connection)
                tables = [
                    await _copy_out(connection, table, new, report) for table in await queries.list_tables(connection)
                ]
                sequences = await queries.list_sequences(connection)  # not of the snapshot, but never behind it
            server = connection.get_server_version()
            manifest = Manifest(
                FORMAT,
                recomengine.__version__,
                f"{server.major}.{server.minor}",
                taken_at,
                ledger,
                tables,
                dict(sequences),
            )
            write_manifest(new, manifest)
    return manifest


async def restore(settings: Settings, folder: Path, report: Report) -> Restored:
    """Load the backup `folder` into the empty database; all of it or nothing."""
    manifest = read_manifest(folder)
    async with _owner(settings.database_url) as connection:
        await _migrate_to(connection, settings.database_url, manifest)
        async with connection.transaction():
            await _load(connection, manifest, folder, report)
            tenants = await queries.list_tenants(connection)
            store = ModelStore(settings.model_store_url, settings.data_dir / "models-cache")
            missing = await forget_missing(connection, store, tenants)
        await connection.execute("ANALYZE")
    await migrate(settings.database_url)
    await _forget_later_life(settings, tenants)
    return Restored(sum(table.rows for table in manifest.tables), len(manifest.tables), missing)


async def _no_month_on_its_way(connection: Connection) -> None:
    """Archiving waits while this connection is open; what it left half done is no table of the schema."""
    half = await hold_months(connection)
    if half is None:
        raise BackupError("A month of events is being archived or brought back. Take the backup when that is done.")
    if half:
        raise BackupError(
            f"{', '.join(half)} is half archived or half brought back. Finish it with `recomengine archive run` first."
        )


async def _copy_out(connection: Connection, table: queries.Table, folder: Path, report: Report) -> TableFile:
    with open_table(folder, table.name) as writer:
        await connection.copy_from_table(table.name, columns=table.columns, output=writer.write)
        sha256 = writer.finish()
    rows, checksum = await queries.sum_of(connection, table)
    report(f"{table.name}: {rows:,} rows")
    return TableFile(table.name, table.columns, rows, checksum, sha256, table.bound, table.parent)


async def _migrate_to(connection: Connection, database_url: str, manifest: Manifest) -> None:
    """Bring an empty database to the schema of the backup. Raises BackupError where it is not empty or past that
    schema.
    """
    for table in await queries.list_tables(connection):
        if await queries.has_rows(connection, table):
            raise BackupError(f"The database is not empty: {table.name} has rows. {NEW_DATABASE}")
    await migrate(database_url, through=max(manifest.migrations))
    there = await applied(connection)
    if newer := sorted(there.keys() - manifest.migrations.keys()):
        raise BackupError(f"The database has migration {newer[-1]}, which is newer than the backup. {NEW_DATABASE}")
    if there != manifest.migrations:
        raise BackupError(
            f"The migrations of the backup are not those of this version. Restore with the version {manifest.program}."
        )


async def _load(connection: Connection, manifest: Manifest, folder: Path, report: Report) -> None:
    there = {table.name for table in await queries.list_tables(connection)}
    for saved in manifest.tables:
        if saved.name not in there and saved.parent and saved.bound:
            await queries.attach(connection, saved.name, saved.parent, saved.bound)
    tables = {table.name: table for table in await queries.list_tables(connection)}
    for saved in manifest.tables:
        if saved.name not in tables:
            raise BackupError(f"The schema has no table {saved.name}. Restore with the version {manifest.program}.")
        await connection.copy_to_table(saved.name, columns=saved.columns, source=read_table(folder, saved))
        found = await queries.sum_of(connection, tables[saved.name])
        if found != (saved.rows, saved.checksum):
            raise BackupError(
                f"{saved.name} has {found.rows} rows with another checksum than the {saved.rows} of the backup. "
                f"Nothing was restored."
            )
        report(f"{saved.name}: {saved.rows:,} rows")
    for name, last_value in manifest.sequences.items():
        await queries.set_sequence(connection, name, last_value)


async def _forget_later_life(settings: Settings, tenants: Sequence[UUID]) -> None:
    """Drop what Redis and this machine's disk know of events that came after the backup: Redis would call them stored,
    were they sent again.
    """
    logs = EventLogs(settings.data_dir / "event-logs")
    for tenant_id in tenants:
        await asyncio.to_thread(logs.remove, tenant_id)
    if not settings.redis_url:
        return
    redis = RedisClient(settings.redis_url)
    try:
        await redis.forget(REDIS_KEYS)
    except RedisUnavailable as error:
        log.warning("Redis is away: empty it with FLUSHDB before shops send events again", error=said(error))
    finally:
        await redis.close()


@asynccontextmanager
async def _owner(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url, server_settings=SESSION)
    try:
        yield connection
    except asyncpg.InsufficientPrivilegeError as error:
        raise BackupError(
            f"The role of DATABASE_URL does not own the tables: {error}. Use the role that runs `recomengine migrate`."
        ) from error
    finally:
        await connection.close()
