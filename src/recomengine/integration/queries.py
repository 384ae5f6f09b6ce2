"""SQL of the integration's notes, and of what the events tell of it."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from recomengine.infra.database import Connection, Pool

# Processes write one after the other, so that a day's subjects stay within their bound ($7) whoever writes. Known ones
# are added up; of the new ones the most frequent are taken while there is room, and the rest goes to $8. A tenant that
# was purged meanwhile has no notes.
LOCK_NOTES = "SELECT pg_advisory_xact_lock(7221, 0)"
ADD_NOTES = """
WITH given AS (
    SELECT g.* FROM unnest($1::uuid[], $2::date[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[])
        AS g (tenant_id, day, kind, subject, count, last_at)
    JOIN tenants t ON t.id = g.tenant_id
), placed AS (
    SELECT g.*, old.subject IS NOT NULL AS known,
        row_number() OVER (PARTITION BY g.tenant_id, g.day, g.kind, old.subject IS NULL, g.subject = $8
                           ORDER BY g.count DESC, g.subject)
        + (SELECT count(*) FROM integration_notes n
           WHERE n.tenant_id = g.tenant_id AND n.day = g.day AND n.kind = g.kind AND n.subject <> $8) AS place
    FROM given g LEFT JOIN integration_notes old
        ON old.tenant_id = g.tenant_id AND old.day = g.day AND old.kind = g.kind AND old.subject = g.subject
)
INSERT INTO integration_notes AS note (tenant_id, day, kind, subject, count, last_at)
SELECT tenant_id, day, kind, CASE WHEN known OR place <= $7 THEN subject ELSE $8 END, sum(count), max(last_at)
FROM placed GROUP BY 1, 2, 3, 4
ON CONFLICT ON CONSTRAINT integration_notes_pkey
DO UPDATE SET count = note.count + excluded.count, last_at = greatest(note.last_at, excluded.last_at)
"""
FORGET_NOTES = "SELECT forget_integration_notes($1)"
NOTES_OF = """
SELECT kind, subject, sum(count)::bigint AS count, max(last_at) AS last_at FROM integration_notes
WHERE tenant_id = $1 AND day >= $2 GROUP BY kind, subject ORDER BY kind, count DESC, subject
"""


async def add_notes(connection: Connection, columns: Sequence[Sequence[Any]], subjects: int, others: str) -> None:
    """columns: tenants, days, kinds, subjects, counts, when last."""
    await connection.execute(LOCK_NOTES)
    await connection.execute(ADD_NOTES, *columns, subjects, others)


async def notes_of(connection: Connection, tenant_id: UUID, since: date) -> list[asyncpg.Record]:
    """By kind, the most frequent first."""
    return await connection.fetch(NOTES_OF, tenant_id, since)


async def forget_notes(pool: Pool, before: date) -> int:
    return int(await pool.fetchval(FORGET_NOTES, before))
