"""SQL of the integration's notes, and of what the events tell of it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
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

# Of the events since $2 a sample: the newest $4 of each of $3 slices of that time, so that no busy hour stands for all.
# A bound on created_at would spare a look at older partitions, and lead the planner to an index that costs more.
OF_SAMPLE = """
slices AS (
    SELECT $2::timestamptz + n * (now() - $2::timestamptz) / $3::int AS begins,
        $2::timestamptz + (n + 1) * (now() - $2::timestamptz) / $3::int
            + CASE WHEN n = $3::int - 1 THEN interval '5 minutes' ELSE interval '0' END AS ends
    FROM generate_series(0, $3::int - 1) AS n
), sample AS MATERIALIZED (
    SELECT e.* FROM slices s CROSS JOIN LATERAL (
        SELECT coalesce(client_event_id, id::text) AS shown_id, event_type, user_id, product_id, session_id, metadata,
            extract(epoch FROM created_at - timestamp)::float8 AS lag_s
        FROM events
        WHERE tenant_id = $1 AND timestamp >= s.begins AND timestamp < s.ends
        ORDER BY timestamp DESC LIMIT $4
    ) AS e
)"""
SAMPLE_COUNTS = """WITH OF_SAMPLE
SELECT count(*) AS events,
    count(*) FILTER (WHERE event_type = 'click') AS clicks,
    count(*) FILTER (WHERE event_type = 'click' AND metadata ->> 'recommendationId' IS NULL) AS unattributed,
    count(*) FILTER (WHERE event_type = 'click' AND metadata ->> 'placementId' IS NULL) AS unplaced,
    (array_agg(shown_id) FILTER (WHERE event_type = 'click' AND metadata ->> 'recommendationId' IS NULL))[:5]
        AS unattributed_ids,
    count(*) FILTER (WHERE lag_s < -2) AS ahead,
    count(*) FILTER (WHERE metadata ? '$clientTimestamp') AS corrected,
    count(*) FILTER (WHERE lag_s BETWEEN 600 AND 51000) AS late,
    count(*) FILTER (WHERE lag_s BETWEEN 600 AND 51000 AND abs(mod(lag_s::int + 1800, 3600) - 1800) <= 60)
        AS whole_hours,
    coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY lag_s), 0) AS median_lag_s,
    count(*) FILTER (WHERE metadata ->> 'bot' = 'true' OR user_id IN (
        SELECT r.user_id FROM robots r WHERE r.tenant_id = $1 AND r.status <> 'cleared')) AS of_robots,
    (SELECT coalesce(jsonb_object_agg(event_type, n), '{}') FROM (
        SELECT event_type, count(*) AS n FROM sample GROUP BY event_type) AS t) AS types
FROM sample
""".replace("OF_SAMPLE", OF_SAMPLE)
# The planner cannot know how many rows a sample has, takes it for a few, and would compare each with each product.
JOIN_BY_HASH = "SELECT set_config('enable_nestloop', 'off', true)"
SAMPLE_PRODUCTS = """WITH OF_SAMPLE, items AS MATERIALIZED (
    SELECT product_id, price, currency FROM catalog_items
    WHERE tenant_id = $1 AND deleted_at IS NULL
      AND product_id = ANY (ARRAY(SELECT DISTINCT product_id FROM sample WHERE product_id IS NOT NULL))
), found AS (
    SELECT s.product_id, i.product_id IS NOT NULL AS known,
        CASE WHEN coalesce(s.metadata ->> 'currency', $5) = coalesce(i.currency, $5)
             THEN (s.metadata ->> 'price')::numeric / nullif(i.price, 0) END AS ratio
    FROM sample s LEFT JOIN items i USING (product_id)
    WHERE s.product_id IS NOT NULL
)
SELECT count(*) AS events, count(*) FILTER (WHERE NOT known) AS unknown, count(ratio) AS priced,
    count(*) FILTER (WHERE ratio NOT BETWEEN 0.5 AND 2) AS differing,
    count(*) FILTER (WHERE ratio BETWEEN 99 AND 101) AS hundredfold,
    ARRAY(SELECT product_id FROM found WHERE NOT known GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 5) AS unknown_ids,
    ARRAY(SELECT product_id FROM found WHERE ratio NOT BETWEEN 0.5 AND 2
          GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 5) AS differing_ids
FROM found
""".replace("OF_SAMPLE", OF_SAMPLE)
# A session in which one shopper went by several ids that are not joined is one of a shopper who signed in. $5: words
# that programs write in place of an id.
SAMPLE_PEOPLE = """WITH OF_SAMPLE, several AS MATERIALIZED (
    SELECT session_id, array_agg(DISTINCT user_id) AS ids FROM sample WHERE session_id IS NOT NULL
    GROUP BY session_id HAVING min(user_id) <> max(user_id)
), visits AS (
    SELECT (SELECT count(DISTINCT coalesce(
            (SELECT a.user_id FROM user_aliases a WHERE a.tenant_id = $1 AND a.anonymous_id = id LIMIT 1), id))
        FROM unnest(ids) AS id) AS shoppers
    FROM several
)
SELECT (SELECT count(*) FROM sample) AS events,
    (SELECT count(*) FROM sample WHERE starts_with(user_id, 'anon_')) AS anonymous,
    (SELECT count(*) FROM sample WHERE lower(user_id) = ANY ($5::text[])) AS placeholders,
    ARRAY(SELECT lower(user_id) FROM sample WHERE lower(user_id) = ANY ($5::text[])
          GROUP BY 1 ORDER BY count(*) DESC LIMIT 5) AS words,
    coalesce((SELECT count(*) FROM sample GROUP BY user_id ORDER BY 1 DESC LIMIT 1), 0) AS of_busiest,
    (SELECT count(DISTINCT session_id) FROM sample) AS sessions, (SELECT count(*) FROM several) AS several,
    (SELECT count(*) FROM visits WHERE shoppers > 1) AS unjoined
""".replace("OF_SAMPLE", OF_SAMPLE)
# Impressions and clicks by placement: of all by the figures, and of what they do not count yet by the sample.
PLACEMENTS = """WITH OF_SAMPLE, counted AS (
    SELECT placement_id, sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks
    FROM analytics_daily WHERE tenant_id = $1 AND date > $2::date GROUP BY 1
    UNION ALL
    SELECT coalesce(metadata ->> 'placementId', ''), count(*) FILTER (WHERE event_type = 'impression'),
        count(*) FILTER (WHERE event_type = 'click')
    FROM sample WHERE event_type IN ('impression', 'click') GROUP BY 1
)
SELECT placement_id, max(impressions) AS impressions, max(clicks) AS clicks FROM counted
GROUP BY 1 ORDER BY 2 DESC, 3 DESC, 1 LIMIT $5
""".replace("OF_SAMPLE", OF_SAMPLE)
# The newest $3 purchases since $2; $4 is the shop's currency.
PURCHASES = """
WITH bought AS MATERIALIZED (
    SELECT coalesce(client_event_id, id::text) AS shown_id, order_id, metadata ->> 'currency' AS currency,
        (metadata ->> 'price')::numeric AS price
    FROM events
    WHERE tenant_id = $1 AND event_type = 'purchase' AND timestamp >= $2
    ORDER BY timestamp DESC LIMIT $3
)
SELECT count(*) AS purchases, count(*) FILTER (WHERE order_id IS NULL) AS orderless,
    count(*) FILTER (WHERE currency IS NULL) AS without_currency,
    count(*) FILTER (WHERE currency <> $4) AS foreign_money,
    count(*) FILTER (WHERE coalesce(price, 0) = 0) AS priceless,
    (array_agg(shown_id) FILTER (WHERE order_id IS NULL))[:5] AS orderless_ids,
    (array_agg(shown_id) FILTER (WHERE currency IS NULL))[:5] AS without_currency_ids,
    (array_agg(shown_id) FILTER (WHERE currency <> $4))[:5] AS foreign_money_ids,
    (array_agg(shown_id) FILTER (WHERE coalesce(price, 0) = 0))[:5] AS priceless_ids
FROM bought
"""
FEEDS = """
SELECT now() AS now,
    (SELECT updated_at FROM catalog_items WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1) AS catalog_at,
    EXISTS (SELECT FROM catalog_items WHERE tenant_id = $1 AND deleted_at IS NULL AND available) AS has_products,
    (SELECT created_at FROM events WHERE tenant_id = $1 ORDER BY timestamp DESC LIMIT 1) AS event_at,
    (SELECT finished_at FROM models WHERE tenant_id = $1 AND status = 'ready' ORDER BY id DESC LIMIT 1) AS model_at,
    (SELECT status FROM models WHERE tenant_id = $1 AND status <> 'building' ORDER BY id DESC LIMIT 1) AS last_build
"""
# Asked every two seconds while somebody waits for the first event: each is one look into an index.
PROGRESS = """
SELECT
    (SELECT created_at FROM api_keys WHERE tenant_id = $1 AND (revoked_at IS NULL OR revoked_at > now())
     ORDER BY created_at LIMIT 1) AS key_at,
    (SELECT created_at FROM events WHERE tenant_id = $1 ORDER BY timestamp LIMIT 1) AS event_at,
    (SELECT created_at FROM catalog_items WHERE tenant_id = $1 AND deleted_at IS NULL AND available
     ORDER BY number LIMIT 1) AS catalog_at,
    (SELECT finished_at FROM models WHERE tenant_id = $1 AND status = 'ready' ORDER BY id DESC LIMIT 1) AS model_at,
    (SELECT status FROM models WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1) AS last_build,
    greatest(
        (SELECT max(last_at) FROM integration_notes
         WHERE tenant_id = $1 AND kind = 'list_asked' AND NOT subject = ANY ($2::text[])),
        (SELECT max(date)::timestamp AT TIME ZONE 'UTC' FROM analytics_daily
         WHERE tenant_id = $1 AND placement_id <> '' AND impressions > 0)) AS widget_at
"""
NEWEST_EVENT = """
SELECT e.event_type, e.product_id, e.created_at, e.timestamp,
    e.product_id IS NULL OR EXISTS (SELECT FROM catalog_items i
        WHERE i.tenant_id = $1 AND i.product_id = e.product_id AND i.deleted_at IS NULL) AS product_known
FROM events e WHERE e.tenant_id = $1 ORDER BY e.timestamp DESC LIMIT 1
"""
REFUSED = """
SELECT kind, subject, count, last_at FROM integration_notes
WHERE tenant_id = $1 AND day >= $2 AND kind IN ('event_rejected', 'origin_refused') AND last_at > now() - $3::interval
ORDER BY last_at DESC, kind, subject LIMIT $4
"""
KEYS_IN_FORCE = """
SELECT name, permissions, origins, created_at, last_used_at, revoked_at FROM api_keys
WHERE tenant_id = $1 AND (revoked_at IS NULL OR revoked_at > now()) ORDER BY created_at DESC, id LIMIT $2
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


class Sampling(NamedTuple):
    """Which events: of the tenant, since when, of so many slices of the time the newest so many of each."""

    tenant_id: UUID
    since: datetime
    slices: int
    of_slice: int


async def sample_counts(connection: Connection, sampling: Sampling) -> asyncpg.Record:
    return await _one(connection, SAMPLE_COUNTS, *sampling)


async def sample_products(connection: Connection, sampling: Sampling, currency: str) -> asyncpg.Record:
    """currency: of prices that name none. To be asked last in its transaction, whose plans it changes."""
    await connection.execute(JOIN_BY_HASH)
    return await _one(connection, SAMPLE_PRODUCTS, *sampling, currency)


async def sample_people(connection: Connection, sampling: Sampling, placeholders: Sequence[str]) -> asyncpg.Record:
    return await _one(connection, SAMPLE_PEOPLE, *sampling, placeholders)


async def placements(connection: Connection, sampling: Sampling, limit: int) -> list[asyncpg.Record]:
    """Those with the most impressions first."""
    return await connection.fetch(PLACEMENTS, *sampling, limit)


async def purchases(
    connection: Connection, tenant_id: UUID, since: datetime, limit: int, currency: str
) -> asyncpg.Record:
    return await _one(connection, PURCHASES, tenant_id, since, limit, currency)


async def feeds(connection: Connection, tenant_id: UUID) -> asyncpg.Record:
    return await _one(connection, FEEDS, tenant_id)


async def keys_in_force(connection: Connection, tenant_id: UUID, limit: int) -> list[asyncpg.Record]:
    return await connection.fetch(KEYS_IN_FORCE, tenant_id, limit)


async def progress(connection: Connection, tenant_id: UUID, no_placements: Sequence[str]) -> asyncpg.Record:
    """When each step of the set-up was done; no_placements: what stands in notes for lists without one."""
    return await _one(connection, PROGRESS, tenant_id, no_placements)


async def newest_event(connection: Connection, tenant_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(NEWEST_EVENT, tenant_id)


async def refused(
    connection: Connection, tenant_id: UUID, since: date, age: timedelta, limit: int
) -> list[asyncpg.Record]:
    """What was refused in a time that began on the day `since` or later, the newest first."""
    return await connection.fetch(REFUSED, tenant_id, since, age, limit)


async def _one(connection: Connection, statement: str, *arguments: Any) -> asyncpg.Record:
    row = await connection.fetchrow(statement, *arguments)
    assert row is not None  # an aggregate is one row
    return row
