"""Applies the numbered SQL files of migrations/ in order, each once, under an advisory lock.

A file runs in one transaction of its own. A file that was applied and later changed is refused: a migration is
history. pgqueuer's tables are installed by its own installer after the files.
"""

import hashlib
from importlib import resources
from pathlib import Path
from typing import NamedTuple

import asyncpg
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

from recomengine.infra.database import Connection

LOCK = 7200

CREATE_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text CONSTRAINT schema_migrations_pkey PRIMARY KEY,
    digest text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""
LIST_APPLIED = "SELECT name, digest FROM schema_migrations ORDER BY name"
RECORD_APPLIED = "INSERT INTO schema_migrations (name, digest) VALUES ($1, $2)"
GRANT_QUEUE = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'S') AND c.relname LIKE 'pgqueuer%' LOOP
        EXECUTE format('GRANT ALL ON %s TO recomengine_app', name);
    END LOOP;
END
$$"""


class MigrationError(Exception):
    """The database and the migration files disagree; the message says how to go on."""


class Migration(NamedTuple):
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_dir() -> Path:
    """migrations/ of the checkout, or the copy inside an installed wheel."""
    packaged = Path(str(resources.files("recomengine"))) / "migrations"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "migrations"


def read_migrations() -> list[Migration]:
    files = sorted(migrations_dir().glob("[0-9][0-9][0-9][0-9]_*.sql"))
    if not files:
        raise MigrationError(f"No migration files in {migrations_dir()}: the installation is incomplete.")
    return [Migration(file.stem, file.read_text(encoding="utf-8")) for file in files]


async def migrate(database_url: str, *, through: str | None = None) -> list[str]:
    """Bring the database up to date, or to where the migration `through` left it; the names of the migrations applied
    now.
    """
    connection = await asyncpg.connect(
        database_url, server_settings={"timezone": "UTC", "application_name": "recomengine migrate"}
    )
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        await connection.execute(CREATE_LEDGER)
        newly_applied = await _apply(connection, read_migrations(), through)
        await _install_queue(connection)
        return newly_applied
    finally:
        await connection.close()


async def _apply(
    connection: "asyncpg.Connection[asyncpg.Record]", migrations: list[Migration], through: str | None
) -> list[str]:
    done = await applied(connection)
    known = {migration.name for migration in migrations}
    if through is not None and through not in known:
        raise MigrationError(
            f"The backup has migration {through}, which this version does not know. Restore with the version that made "
            f"it."
        )
    unknown = sorted(done.keys() - known)
    if unknown:
        raise MigrationError(
            f"The database has migration {unknown[-1]}, which this version does not know. Run the version that applied "
            f"it, or a newer one."
        )
    newly_applied = []
    for migration in migrations:
        if migration.name not in done and (through is None or migration.name <= through):
            async with connection.transaction():
                await connection.execute(migration.sql)
                await connection.execute(RECORD_APPLIED, migration.name, migration.digest)
            newly_applied.append(migration.name)
        elif done.get(migration.name, migration.digest) != migration.digest:
            raise MigrationError(
                f"Migration {migration.name} was changed after it was applied. Restore the file and put the change "
                f"into a new one."
            )
    return newly_applied


async def _install_queue(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    queries = Queries(AsyncpgDriver(connection))
    if await queries.has_table("pgqueuer"):
        await queries.upgrade()
    else:
        await queries.install()
    await connection.execute(GRANT_QUEUE)


async def pending(connection: Connection) -> list[str]:
    """Names of the migrations that the database lacks."""
    if not await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL"):
        return [migration.name for migration in read_migrations()]
    done = {row["name"] for row in await connection.fetch(LIST_APPLIED)}
    return [migration.name for migration in read_migrations() if migration.name not in done]


async def applied(connection: Connection) -> dict[str, str]:
    """The migrations that the database has, and their digests."""
    return {row["name"]: row["digest"] for row in await connection.fetch(LIST_APPLIED)}
