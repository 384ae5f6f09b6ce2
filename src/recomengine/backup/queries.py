"""SQL of backups. It runs as the owner of the tables, on every table of the schema, so statements are made by the
server.
"""

from collections.abc import Mapping
from graphlib import TopologicalSorter
from typing import NamedTuple
from uuid import UUID

from recomengine.infra.database import Connection

# Tables that hold rows, partitions one by one, without the ledger of migrations (migrate writes it) and the queue (its
# jobs are made again). Generated columns are left out: the server computes them.
LIST_TABLES = """
SELECT c.relname AS name,
       array_agg(a.attname::text ORDER BY a.attnum) AS columns,
       pg_get_expr(c.relpartbound, c.oid) AS bound,
       (SELECT p.relname FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = c.oid) AS parent,
       ARRAY(SELECT DISTINCT r.relname::text FROM pg_constraint f JOIN pg_class r ON r.oid = f.confrelid
             WHERE f.conrelid = c.oid AND f.contype = 'f' AND r.oid <> c.oid) AS needs,
       format('SELECT count(*), coalesce(sum(hashtextextended(ROW(%s)::text, 0)), 0)::text FROM ONLY %I',
              string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), c.relname) AS digest,
       format('SELECT EXISTS (SELECT FROM ONLY %I)', c.relname) AS filled
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
WHERE n.nspname = current_schema() AND c.relkind = 'r' AND c.relname NOT IN ('schema_migrations', 'jobs')
    AND c.relname NOT LIKE 'pgqueuer%'
GROUP BY c.oid, c.relname, c.relpartbound
ORDER BY c.relname
"""
LIST_SEQUENCES = """
SELECT sequencename AS name, last_value FROM pg_sequences
WHERE schemaname = current_schema() AND last_value IS NOT NULL AND sequencename NOT LIKE 'pgqueuer%' ORDER BY 1
"""
SET_SEQUENCE = "SELECT setval($1::text::regclass, $2)"

# A partition of the events and its unique index, as ensure_event_partitions makes them.
ATTACH = """
SELECT format('CREATE TABLE %1$I PARTITION OF %2$I %4$s; CREATE UNIQUE INDEX %3$I
    ON %1$I (id)', $1::text, $2::text, $1::text || '_id_key', $3::text)
"""
LIST_TENANTS = "SELECT id FROM tenants ORDER BY id"


class Table(NamedTuple):
    """bound, parent: of a partition. needs: tables that its foreign keys name. digest: the statement for (rows,
    checksum); filled: for whether there is a row."""

    name: str
    columns: list[str]
    bound: str | None
    parent: str | None
    needs: list[str]
    digest: str
    filled: str


class Sum(NamedTuple):
    """What a table holds, in whatever order."""

    rows: int
    checksum: str


async def list_tables(connection: Connection) -> list[Table]:
    """Each after those that its foreign keys name."""
    tables = {row["name"]: Table(**row) for row in await connection.fetch(LIST_TABLES)}
    return [
        tables[name] for name in TopologicalSorter({name: table.needs for name, table in tables.items()}).static_order()
    ]


async def sum_of(connection: Connection, table: Table) -> Sum:
    row = await connection.fetchrow(table.digest)
    assert row is not None
    return Sum(row[0], row[1])


async def has_rows(connection: Connection, table: Table) -> bool:
    return bool(await connection.fetchval(table.filled))


async def attach(connection: Connection, partition: str, parent: str, bound: str) -> None:
    await connection.execute(await connection.fetchval(ATTACH, partition, parent, bound))


async def list_sequences(connection: Connection) -> Mapping[str, int]:
    return {row["name"]: row["last_value"] for row in await connection.fetch(LIST_SEQUENCES)}


async def set_sequence(connection: Connection, name: str, last_value: int) -> None:
    await connection.execute(SET_SEQUENCE, name, last_value)


async def list_tenants(connection: Connection) -> list[UUID]:
    return [row["id"] for row in await connection.fetch(LIST_TENANTS)]
