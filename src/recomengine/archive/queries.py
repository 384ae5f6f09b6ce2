"""SQL of the archive. It runs as the owner of the tables, on a connection of its own: the serving role may do none of
it.

What names a partition cannot be a parameter; PostgreSQL itself puts the quoted name into such a statement (`format`).
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection
from recomengine.settings import SettingsError

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

IS_OWNER = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'events'::regclass"
TRY_LOCK = "SELECT pg_try_advisory_lock(7212, 0)"
LOCK_ERASURES = "SELECT pg_advisory_xact_lock(7211, 0)"
EVENT_TABLES = """
SELECT to_date(c.relname, '"events_"YYYY_MM') AS month, c.relname AS name,
       CASE WHEN i.inhrelid IS NULL THEN 'detached' WHEN i.inhdetachpending THEN 'detaching'
           ELSE 'attached' END AS state, r.until AS restored_until
FROM pg_class c
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
LEFT JOIN restored_months r ON r.month = to_date(c.relname, '"events_"YYYY_MM')
WHERE c.relkind = 'r' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'events'::regclass)
  AND c.relname ~ '^events_[0-9]{4}_(0[1-9]|1[0-2])$'
ORDER BY 1
"""
STAGING_TABLES = """
SELECT c.relname AS name FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'events'::regclass)
  AND c.relname ~ '^restoring_[0-9]{4}_[0-9]{2}$'
"""
# Tenants with events in the month whose figures do not hold all of them yet, or whose experiments still need them. $2:
# experiments that were started before then do.
HOLDING = """
SELECT format($sql$
    SELECT e.tenant_id
    FROM (SELECT tenant_id, max(created_at) AS stored FROM %I GROUP BY tenant_id) e
    JOIN tenants t ON t.id = e.tenant_id AND t.status <> 'deleted'
    LEFT JOIN analytics_state s ON s.tenant_id = e.tenant_id
    WHERE s.through IS NULL OR s.through <= e.stored OR EXISTS (
        SELECT FROM experiments x
        WHERE x.tenant_id = e.tenant_id AND x.started_at < %L AND (x.status <> 'completed' OR NOT EXISTS (
            SELECT FROM experiment_results r WHERE r.tenant_id = x.tenant_id AND r.experiment_id = x.id)))
$sql$, $1::text, $2::timestamptz)
"""
NOTE_ARCHIVED = """
SELECT format($sql$
    INSERT INTO archived_events (tenant_id, month, newest)
    SELECT e.tenant_id, %L, max(e.timestamp) FROM %I e JOIN tenants t ON t.id = e.tenant_id GROUP BY e.tenant_id
    ON CONFLICT ON CONSTRAINT archived_events_pkey DO UPDATE SET newest = excluded.newest
$sql$, $2::date, $1::text)
"""
LOCK_SETTLING = "LOCK TABLE analytics_state IN SHARE ROW EXCLUSIVE MODE"
FORGET_ARCHIVED = "DELETE FROM archived_events WHERE month = $1"
DETACH = "SELECT format('ALTER TABLE events DETACH PARTITION %I CONCURRENTLY', $1::text)"
FINISH_DETACHING = "SELECT format('ALTER TABLE events DETACH PARTITION %I FINALIZE', $1::text)"
COUNT_ROWS = "SELECT format('SELECT count(*) FROM %I', $1::text)"
READ_ROWS = """
SELECT format($sql$
    SELECT uuid_send(id), uuid_send(tenant_id), event_type, user_id, product_id, session_id, client_event_id,
           readable_json(metadata)::text AS metadata,
           (extract(epoch FROM timestamp) * 1000000)::bigint, (extract(epoch FROM created_at) * 1000000)::bigint
    FROM %I
$sql$, $1::text)
"""
DROP = "SELECT format('DROP TABLE %I', $1::text)"
FORGET_RESTORED = "DELETE FROM restored_months WHERE month = $1"
CREATE_STAGING = "SELECT format('CREATE TABLE %I (LIKE events INCLUDING ALL)', $1::text)"
CREATE_UNIQUE = "SELECT format('CREATE UNIQUE INDEX %I ON %I (id)', $2::text || '_id_key', $1::text)"
DROP_ERASED = """
SELECT format($sql$
    DELETE FROM %I AS r USING (SELECT tenant_id, unnest(digests) AS digest, before FROM erasures) AS e
    WHERE r.tenant_id = e.tenant_id AND r.created_at < e.before
      AND sha256(uuid_send(r.tenant_id) || convert_to(r.user_id, 'UTF8')) = e.digest
$sql$, $1::text)
"""
DROP_OF_GONE_TENANTS = (
    "SELECT format('DELETE FROM %I AS r WHERE NOT EXISTS (SELECT FROM tenants t WHERE t.id = r.tenant_id)', $1::text)"
)
DROP_STORED_AGAIN = """
SELECT format('DELETE FROM %I AS r WHERE EXISTS (SELECT FROM events e WHERE e.tenant_id = r.tenant_id
    AND e.id = r.id)', $1::text)
"""
RENAME = "SELECT format('ALTER TABLE %I RENAME TO %I', $1::text, $2::text)"
ATTACH = """
SELECT format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES
    FROM (%L) TO (%L)', $1::text, $2::timestamptz, $2::timestamptz + interval '1 month')
"""
NOTE_RESTORED = "INSERT INTO restored_months (month, until) VALUES ($1, $2)"

AT_ONCE = 1000
"""Rows that one answer of PostgreSQL holds."""
COLUMNS = (
    "id",
    "tenant_id",
    "event_type",
    "user_id",
    "product_id",
    "session_id",
    "client_event_id",
    "metadata",
    "timestamp",
    "created_at",
)


@asynccontextmanager
async def owner(database_url: str) -> AsyncIterator[Owner]:
    """A connection as the owner of the tables; raises SettingsError where it is another login."""
    connection = await asyncpg.connect(
        database_url, server_settings={"timezone": "UTC", "application_name": "recomengine archive"}
    )
    try:
        if not await connection.fetchval(IS_OWNER):
            raise SettingsError(
                "This login does not own the table events, which archiving needs. Set OWNER_DATABASE_URL to the login "
                "that migrates."
            )
        yield connection
    finally:
        await connection.close()


async def try_lock(connection: Connection) -> bool:
    """Be the only one who moves months, until the connection ends."""
    return bool(await connection.fetchval(TRY_LOCK))


async def event_tables(connection: Connection) -> list[asyncpg.Record]:
    """Every month's table, the oldest first: attached, detaching or detached; restored_until where it was brought
    back.
    """
    return await connection.fetch(EVENT_TABLES)


async def holding(connection: Owner, name: str, started_before: datetime) -> list[UUID]:
    """The tenants for whom the month must stay; see HOLDING."""
    return [
        row["tenant_id"] for row in await connection.fetch(await connection.fetchval(HOLDING, name, started_before))
    ]


async def note_archived(connection: Owner, month: date, name: str) -> None:
    """From now on no figure that the month's events have a part in is computed anew; what computes figures now is
    waited for.
    """
    async with connection.transaction():
        await connection.execute(LOCK_SETTLING)
        await connection.execute(await connection.fetchval(NOTE_ARCHIVED, name, month))


async def half_done(connection: Connection) -> list[str]:
    """Tables of months that are neither a partition nor gone."""
    half = [table["name"] for table in await event_tables(connection) if table["state"] != "attached"]
    return half + [row["name"] for row in await connection.fetch(STAGING_TABLES)]


async def detach(connection: Owner, name: str) -> None:
    await connection.execute(await connection.fetchval(DETACH, name))


async def finish_detaching(connection: Owner, name: str) -> None:
    await connection.execute(await connection.fetchval(FINISH_DETACHING, name))


async def count_rows(connection: Owner, name: str) -> int:
    return int(await connection.fetchval(await connection.fetchval(COUNT_ROWS, name)))


async def read_rows(
    connection: Owner, name: str, most_rows: int, most_characters: int
) -> AsyncIterator[Sequence[asyncpg.Record]]:
    """All rows in groups of so many, fewer where their metadata is long; ids as 16 bytes, times in microseconds. Within
    a transaction.
    """
    cursor = await connection.cursor(await connection.fetchval(READ_ROWS, name))
    group: list[asyncpg.Record] = []
    characters = 0
    while rows := await cursor.fetch(min(AT_ONCE, most_rows - len(group))):
        group += rows
        characters += sum(len(row["metadata"] or "") for row in rows)
        if len(group) == most_rows or characters > most_characters:
            yield group
            group, characters = [], 0
    if group:
        yield group


async def drop(connection: Owner, month: date, name: str) -> None:
    async with connection.transaction():
        await connection.execute(await connection.fetchval(DROP, name))
        await connection.execute(FORGET_RESTORED, month)


async def drop_staging(connection: Owner) -> None:
    """What restores left that did not end."""
    for row in await connection.fetch(STAGING_TABLES):
        await connection.execute(await connection.fetchval(DROP, row["name"]))


async def create_staging(connection: Owner, staging: str, name: str) -> None:
    """A table that can become the partition `name`."""
    await connection.execute(await connection.fetchval(CREATE_STAGING, staging))
    await connection.execute(await connection.fetchval(CREATE_UNIQUE, staging, name))


async def load_rows(connection: Owner, staging: str, records: Sequence[Sequence[Any]]) -> None:
    """records: times in microseconds since 2000; as a datetime the first moment of the year 1 would become
    -infinity.
    """
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", encoder=lambda time: (time,), decoder=lambda time: time[0], format="tuple"
    )
    try:
        await connection.copy_records_to_table(staging, records=records, columns=COLUMNS)
    finally:
        await connection.reset_type_codec("timestamptz", schema="pg_catalog")


async def attach(connection: Owner, staging: str, name: str, month: date, until: datetime) -> None:
    """Make the staging table a partition, without what must not come back. Erasures wait meanwhile, so that none is
    missed.
    """
    async with connection.transaction():
        await connection.execute(LOCK_ERASURES)
        for statement in (DROP_ERASED, DROP_OF_GONE_TENANTS, DROP_STORED_AGAIN):
            await connection.execute(await connection.fetchval(statement, staging))
        await connection.execute(await connection.fetchval(RENAME, staging, name))
        begin = datetime(month.year, month.month, 1, tzinfo=UTC)
        await connection.execute(await connection.fetchval(ATTACH, name, begin))
        await connection.execute(NOTE_RESTORED, month, until)
        await connection.execute(FORGET_ARCHIVED, month)
