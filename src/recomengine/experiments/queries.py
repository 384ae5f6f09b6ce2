"""SQL of the experiments: what they are, and the sums over their shoppers that results and power are made from."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from recomengine.experiments.schemas import Arm, Experiment, ExperimentIn, Traffic
from recomengine.infra.database import Connection, Pool

EARLIEST, LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)

INSERT_EXPERIMENT = """
INSERT INTO experiments (tenant_id, id, name, kind, placement_id, control_strategy, variant_strategy, traffic_split,
    metric)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
ONE_EXPERIMENT = """
SELECT id, name, kind, placement_id, control_strategy, variant_strategy, traffic_split, metric, status, started_at,
    completed_at, created_at, updated_at
FROM experiments WHERE tenant_id = $1 AND id = $2
"""
LOCK_EXPERIMENT = ONE_EXPERIMENT + "FOR UPDATE"
EXPERIMENTS_OF = """
SELECT id, name, kind, placement_id, control_strategy, variant_strategy, traffic_split, metric, status, started_at,
    completed_at, created_at, updated_at
FROM experiments
WHERE tenant_id = $1 AND ($4::text IS NULL OR status = $4)
  AND ($2::uuid IS NULL OR (created_at, id) < (SELECT a.created_at, a.id FROM experiments a WHERE a.tenant_id = $1
      AND a.id = $2))
ORDER BY created_at DESC, id DESC LIMIT $3
"""
UPDATE_EXPERIMENT = """
UPDATE experiments SET name = $3, kind = $4, placement_id = $5, control_strategy = $6, variant_strategy = $7,
    traffic_split = $8, metric = $9, updated_at = now()
WHERE tenant_id = $1 AND id = $2
"""
# Of what was stored before completed_at, all is committed and visible then: events_watermark waits for the batches in
# flight.
SET_STATUS = """
UPDATE experiments SET status = $3, updated_at = now(),
    started_at = CASE WHEN $3 = 'running' THEN coalesce(started_at, clock_timestamp()) ELSE started_at END,
    completed_at = CASE WHEN $3 = 'completed' THEN events_watermark() END
WHERE tenant_id = $1 AND id = $2
"""
DELETE_RESULTS = "DELETE FROM experiment_results WHERE tenant_id = $1 AND experiment_id = $2"
DELETE_EXPERIMENT = "DELETE FROM experiments WHERE tenant_id = $1 AND id = $2"
KEEP_RESULT = """
INSERT INTO experiment_results (tenant_id, experiment_id, variant, impressions, clicks, conversions, revenue,
    sample_size, sums, computed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
"""
KEPT_RESULTS = "SELECT variant, sums, computed_at FROM experiment_results WHERE tenant_id = $1 AND experiment_id = $2"

TO_COMPLETE = "SELECT tenant_id, id FROM experiments_to_complete($1)"

HASH_JOINS_ONLY = "SET LOCAL enable_nestloop = off"
"""The planner takes the shoppers for few, and would walk through the events once for each."""

# What returns stored from $2 until before $3, and dated from $4 until before $5, take off which purchase.
RETURNED = """
SELECT r.line_id, sum(r.amount) AS amount
FROM analytics_returned($1, ARRAY(
    SELECT id FROM events
    WHERE tenant_id = $1 AND event_type = 'return' AND created_at >= $2 AND created_at < $3
      AND timestamp >= $4 AND timestamp < $5
      AND user_id NOT IN (SELECT id FROM analytics_left_out($1)) AND (metadata ->> 'bot') IS DISTINCT FROM 'true'
), (SELECT coalesce(config ->> 'currency', 'USD') FROM tenants WHERE id = $1)) AS r
WHERE r.line_id IS NOT NULL GROUP BY 1
"""

# What was stored from $3 until before $4 counts. One pass over the events that carry the experiment gives each
# person's exposure. The hash of the id that was seen first says the variant ($5: the traffic split); before ids were
# joined, each one's own did. Who was exposed to both counts with the one that came first. What a person bought since
# then counts whatever it carries, unless it carries this experiment with another variant than these. x is of the time
# from $9 until $3. $6: the metric; $7, $8: the variants' strategies; $10, $11 and, for x, $12, $13: what was returned
# of which purchase.
MEASURE = """
WITH left_out AS MATERIALIZED (
    SELECT id FROM analytics_left_out($1)
), said AS MATERIALIZED (
    SELECT user_id, metadata ->> 'variant' AS variant, count(*) AS events,
           count(*) FILTER (WHERE event_type = 'impression') AS impressions,
           count(*) FILTER (WHERE event_type = 'click') AS clicks,
           min(timestamp) FILTER (WHERE event_type = 'impression') AS exposed_at,
           coalesce(bool_or(metadata ->> 'strategy' <> CASE metadata ->> 'variant' WHEN 'control' THEN $7 ELSE $8 END)
                    FILTER (WHERE event_type = 'impression'), false) AS fell_back
    FROM events
    WHERE tenant_id = $1 AND created_at >= $3 AND created_at < $4 AND event_type IN ('impression', 'click', 'purchase')
      AND metadata ->> 'experimentId' = $2
      AND user_id NOT IN (SELECT id FROM left_out) AND (metadata ->> 'bot') IS DISTINCT FROM 'true'
    GROUP BY 1, 2
), placed AS MATERIALIZED (
    SELECT s.*, coalesce(j.user_id, s.user_id) AS person, a.arm,
           coalesce(s.variant IN (a.arm, a.own), false) AS rightly
    FROM said s LEFT JOIN joined_ids j ON j.tenant_id = $1 AND j.id = s.user_id CROSS JOIN LATERAL (
        SELECT CASE WHEN experiment_bucket(coalesce(j.first_seen_id, s.user_id), $2) < $5
                   THEN 'control' ELSE 'variant' END AS arm,
               CASE WHEN j.id IS NULL THEN NULL
                    WHEN experiment_bucket(s.user_id, $2) < $5 THEN 'control' ELSE 'variant' END AS own
        OFFSET 0
    ) a
), exposed AS MATERIALIZED (
    SELECT DISTINCT ON (person) person, variant AS arm, min(exposed_at) AS exposed_at, sum(impressions) AS impressions,
           sum(clicks) AS clicks, NOT bool_or(fell_back) AS error_free,
           count(*) OVER (PARTITION BY person) > 1 AS both_arms
    FROM placed WHERE rightly GROUP BY person, variant HAVING sum(impressions) > 0
    ORDER BY person, min(exposed_at), variant
), shop AS (
    SELECT coalesce(config ->> 'currency', 'USD') AS currency FROM tenants WHERE id = $1
), bought AS (
    SELECT x.person, count(*) AS purchases,
           coalesce(sum(round((e.metadata ->> 'price')::numeric * coalesce((e.metadata ->> 'quantity')::numeric, 1), 2)
                        - coalesce(r.amount, 0))
                    FILTER (WHERE coalesce(e.metadata ->> 'currency', shop.currency) = shop.currency), 0) AS revenue,
           count(*) FILTER (WHERE e.metadata ->> 'currency' <> shop.currency) AS foreign_currency
    FROM shop CROSS JOIN events e
    LEFT JOIN joined_ids j ON j.tenant_id = $1 AND j.id = e.user_id
    JOIN exposed x ON x.person = coalesce(j.user_id, e.user_id)
    LEFT JOIN placed p ON p.user_id = e.user_id AND e.metadata ->> 'experimentId' = $2
        AND p.variant IS NOT DISTINCT FROM e.metadata ->> 'variant'
    LEFT JOIN unnest($10::uuid[], $11::numeric[]) AS r (line_id, amount) ON r.line_id = e.id
    WHERE e.tenant_id = $1 AND e.event_type = 'purchase' AND e.created_at >= $3 AND e.created_at < $4
      AND e.timestamp >= x.exposed_at AND p.rightly IS NOT FALSE AND (e.metadata ->> 'bot') IS DISTINCT FROM 'true'
    GROUP BY 1
), before AS (
    SELECT x.person,
           CASE $6 WHEN 'ctr' THEN count(*) FILTER (WHERE e.event_type = 'click')
                   WHEN 'conversion_rate' THEN bool_or(e.event_type = 'purchase')::int
                   ELSE coalesce(sum(round((e.metadata ->> 'price')::numeric
                                           * coalesce((e.metadata ->> 'quantity')::numeric, 1), 2)
                                     - coalesce(r.amount, 0))
                                 FILTER (WHERE e.event_type = 'purchase'
                                     AND coalesce(e.metadata ->> 'currency', shop.currency) = shop.currency), 0)
           END::numeric AS x
    FROM shop CROSS JOIN events e
    LEFT JOIN joined_ids j ON j.tenant_id = $1 AND j.id = e.user_id
    JOIN exposed x ON x.person = coalesce(j.user_id, e.user_id)
    LEFT JOIN unnest($12::uuid[], $13::numeric[]) AS r (line_id, amount) ON r.line_id = e.id
    WHERE e.tenant_id = $1 AND e.event_type IN ('click', 'purchase')
      AND e.created_at >= $9::timestamptz - interval '1 day' AND e.created_at < $4
      AND e.timestamp >= $9 AND e.timestamp < $3 AND (e.metadata ->> 'bot') IS DISTINCT FROM 'true'
    GROUP BY 1
), shoppers AS (
    SELECT x.arm, x.impressions, x.clicks, x.error_free, x.both_arms, coalesce(b.purchases, 0) AS purchases,
           coalesce(b.revenue, 0) AS revenue, coalesce(b.foreign_currency, 0) AS foreign_currency,
           CASE $6 WHEN 'ctr' THEN x.clicks WHEN 'conversion_rate' THEN (b.purchases IS NOT NULL)::int
               ELSE coalesce(b.revenue, 0) END::numeric AS y,
           CASE $6 WHEN 'ctr' THEN x.impressions ELSE 1 END::numeric AS d, coalesce(p.x, 0) AS x
    FROM exposed x LEFT JOIN bought b USING (person) LEFT JOIN before p USING (person)
), wrong AS (
    SELECT arm, sum(events) AS mismatched FROM placed WHERE NOT rightly GROUP BY 1
)
SELECT v.variant, count(s.arm) AS users, coalesce(sum(s.impressions), 0)::bigint AS impressions,
    coalesce(sum(s.clicks), 0)::bigint AS clicks,
       count(*) FILTER (WHERE s.purchases > 0) AS conversions, coalesce(sum(s.purchases), 0)::bigint AS purchases,
       coalesce(sum(s.revenue), 0) AS revenue, coalesce(sum(s.revenue * s.revenue), 0) AS revenue_squares,
       count(*) FILTER (WHERE s.error_free) AS error_free, count(*) FILTER (WHERE s.both_arms) AS both_arms,
       coalesce(sum(s.foreign_currency), 0)::bigint AS "foreign",
       coalesce(min(w.mismatched), 0)::bigint AS mismatched,
       coalesce(sum(s.y), 0) AS y, coalesce(sum(s.d), 0) AS d, coalesce(sum(s.y * s.y), 0) AS yy,
       coalesce(sum(s.y * s.d), 0) AS yd, coalesce(sum(s.d * s.d), 0) AS dd, coalesce(sum(s.x), 0) AS x,
       coalesce(sum(s.x * s.x), 0) AS xx, coalesce(sum(s.x * s.y), 0) AS xy, coalesce(sum(s.x * s.d), 0) AS xd
FROM (VALUES ('control'), ('variant')) AS v (variant)
LEFT JOIN shoppers s ON s.arm = v.variant
LEFT JOIN wrong w ON w.arm = v.variant
GROUP BY 1 ORDER BY 1
"""

# Interleaving: every shopper sees both, an event names whose pick its product was, and a purchase is credited to the
# pick that the shopper clicked last before it. y counts the shoppers who clicked more of one captain's picks than of
# the other's. $5, $6: what was returned of which purchase.
MEASURE_INTERLEAVED = """
WITH left_out AS MATERIALIZED (
    SELECT id FROM analytics_left_out($1)
), marked AS MATERIALIZED (
    SELECT coalesce(j.user_id, e.user_id) AS person, e.event_type, e.product_id, e.timestamp,
           e.metadata ->> 'variant' AS team
    FROM events e LEFT JOIN joined_ids j ON j.tenant_id = $1 AND j.id = e.user_id
    WHERE e.tenant_id = $1 AND e.created_at >= $3 AND e.created_at < $4 AND e.event_type IN ('impression', 'click')
      AND e.metadata ->> 'experimentId' = $2
      AND e.user_id NOT IN (SELECT id FROM left_out) AND (e.metadata ->> 'bot') IS DISTINCT FROM 'true'
), shoppers AS MATERIALIZED (
    SELECT person, count(*) FILTER (WHERE event_type = 'click' AND team = 'control') AS control,
           count(*) FILTER (WHERE event_type = 'click' AND team = 'variant') AS variant
    FROM marked GROUP BY 1 HAVING bool_or(event_type = 'impression' AND team IN ('control', 'variant'))
), shop AS (
    SELECT coalesce(config ->> 'currency', 'USD') AS currency FROM tenants WHERE id = $1
), credited AS (
    SELECT DISTINCT ON (e.id) m.team, m.person, e.metadata ->> 'currency' <> shop.currency AS foreign_currency,
           CASE WHEN coalesce(e.metadata ->> 'currency', shop.currency) = shop.currency
                THEN round((e.metadata ->> 'price')::numeric * coalesce((e.metadata ->> 'quantity')::numeric, 1), 2)
                     - coalesce(r.amount, 0) END AS revenue
    FROM shop CROSS JOIN events e
    LEFT JOIN joined_ids j ON j.tenant_id = $1 AND j.id = e.user_id
    JOIN marked m ON m.person = coalesce(j.user_id, e.user_id) AND m.product_id = e.product_id
    JOIN shoppers s ON s.person = m.person
    LEFT JOIN unnest($5::uuid[], $6::numeric[]) AS r (line_id, amount) ON r.line_id = e.id
    WHERE m.event_type = 'click' AND m.team IN ('control', 'variant') AND e.tenant_id = $1 AND e.event_type = 'purchase'
      AND e.created_at >= $3 AND e.created_at < $4 AND e.timestamp >= m.timestamp
      AND (e.metadata ->> 'bot') IS DISTINCT FROM 'true'
    ORDER BY e.id, m.timestamp DESC, m.team
), bought AS (
    SELECT team, person, count(*) AS purchases, coalesce(sum(revenue), 0) AS revenue,
        count(*) FILTER (WHERE foreign_currency) AS foreign_currency
    FROM credited GROUP BY 1, 2
), shown AS (
    SELECT m.team, count(*) FILTER (WHERE m.event_type = 'impression') AS impressions,
        count(*) FILTER (WHERE m.event_type = 'click') AS clicks
    FROM marked m JOIN shoppers s USING (person) GROUP BY 1
)
SELECT v.variant, (SELECT count(*) FROM shoppers) AS users, coalesce(w.impressions, 0) AS impressions,
    coalesce(w.clicks, 0) AS clicks,
       count(b.person) AS conversions, coalesce(sum(b.purchases), 0)::bigint AS purchases,
       coalesce(sum(b.revenue), 0) AS revenue, coalesce(sum(b.revenue * b.revenue), 0) AS revenue_squares,
       (SELECT count(*) FROM shoppers) AS error_free, coalesce(sum(b.foreign_currency), 0)::bigint AS "foreign",
       (SELECT count(*) FROM marked WHERE v.variant = 'control' AND (team IS NULL
           OR team NOT IN ('control', 'variant'))) AS mismatched,
       t.y, t.d, t.y AS yy, t.y AS yd, t.d AS dd
FROM (VALUES ('control'), ('variant')) AS v (variant)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE CASE v.variant WHEN 'control' THEN s.control > s.variant
        ELSE s.variant > s.control END)::numeric AS y,
           count(*) FILTER (WHERE s.control <> s.variant)::numeric AS d
    FROM shoppers s
) AS t
LEFT JOIN shown w ON w.team = v.variant
LEFT JOIN bought b ON b.team = v.variant
GROUP BY v.variant, w.impressions, w.clicks, t.y, t.d ORDER BY 1
"""

# A placement's shoppers (all placements': $2 is null) since $3, as MEASURE sums an arm's. $4: the metric; $5, $6: what
# was returned of which purchase.
TRAFFIC = """
WITH left_out AS MATERIALIZED (
    SELECT id FROM analytics_left_out($1)
), seen AS MATERIALIZED (
    SELECT coalesce(j.user_id, e.user_id) AS person,
           min(e.timestamp) FILTER (WHERE e.event_type = 'impression') AS seen_at,
           count(*) FILTER (WHERE e.event_type = 'impression') AS impressions,
           count(*) FILTER (WHERE e.event_type = 'click') AS clicks
    FROM events e LEFT JOIN joined_ids j ON j.tenant_id = $1 AND j.id = e.user_id
    WHERE e.tenant_id = $1 AND e.created_at >= $3 AND e.timestamp >= $3 AND e.event_type IN ('impression', 'click')
      AND ($2::text IS NULL OR e.metadata ->> 'placementId' = $2)
      AND e.user_id NOT IN (SELECT id FROM left_out) AND (e.metadata ->> 'bot') IS DISTINCT FROM 'true'
    GROUP BY 1 HAVING bool_or(e.event_type = 'impression')
), shop AS (
    SELECT coalesce(config ->> 'currency', 'USD') AS currency FROM tenants WHERE id = $1
), bought AS (
    SELECT s.person,
           coalesce(sum(round((e.metadata ->> 'price')::numeric * coalesce((e.metadata ->> 'quantity')::numeric, 1), 2)
                        - coalesce(r.amount, 0))
                    FILTER (WHERE coalesce(e.metadata ->> 'currency', shop.currency) = shop.currency), 0) AS revenue
    FROM shop CROSS JOIN events e
    LEFT JOIN joined_ids j ON j.tenant_id = $1 AND j.id = e.user_id
    JOIN seen s ON s.person = coalesce(j.user_id, e.user_id)
    LEFT JOIN unnest($5::uuid[], $6::numeric[]) AS r (line_id, amount) ON r.line_id = e.id
    WHERE e.tenant_id = $1 AND e.event_type = 'purchase' AND e.created_at >= $3 AND e.timestamp >= s.seen_at
      AND (e.metadata ->> 'bot') IS DISTINCT FROM 'true'
    GROUP BY 1
), shoppers AS (
    SELECT s.seen_at, s.clicks,
           CASE $4 WHEN 'ctr' THEN s.clicks WHEN 'conversion_rate' THEN (b.person IS NOT NULL)::int
               ELSE coalesce(b.revenue, 0) END::numeric AS y,
           CASE $4 WHEN 'ctr' THEN s.impressions ELSE 1 END::numeric AS d
    FROM seen s LEFT JOIN bought b USING (person)
)
SELECT count(*) AS users, count(*) FILTER (WHERE clicks > 0) AS clickers,
       coalesce(extract(epoch FROM now() - min(seen_at)) / 86400, 0)::float8 AS days,
       coalesce(sum(y), 0) AS y, coalesce(sum(d), 0) AS d, coalesce(sum(y * y), 0) AS yy, coalesce(sum(y * d), 0) AS yd,
           coalesce(sum(d * d), 0) AS dd
FROM shoppers
"""


async def insert_experiment(connection: Connection, tenant_id: UUID, experiment_id: UUID, given: ExperimentIn) -> None:
    await connection.execute(
        INSERT_EXPERIMENT, tenant_id, experiment_id, given.name, given.kind, given.placement_id, given.control_strategy,
        given.variant_strategy, given.traffic_split, given.metric,
    )  # fmt: skip


async def one_experiment(connection: Connection, tenant_id: UUID, experiment_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(ONE_EXPERIMENT, tenant_id, experiment_id)


async def lock_experiment(connection: Connection, tenant_id: UUID, experiment_id: UUID) -> asyncpg.Record | None:
    return await connection.fetchrow(LOCK_EXPERIMENT, tenant_id, experiment_id)


async def experiments_of(
    connection: Connection, tenant_id: UUID, after: UUID | None, limit: int, status: str | None
) -> list[asyncpg.Record]:
    """The newest first."""
    return await connection.fetch(EXPERIMENTS_OF, tenant_id, after, limit, status)


async def update_experiment(connection: Connection, tenant_id: UUID, experiment_id: UUID, new: ExperimentIn) -> None:
    await connection.execute(
        UPDATE_EXPERIMENT, tenant_id, experiment_id, new.name, new.kind, new.placement_id, new.control_strategy,
        new.variant_strategy, new.traffic_split, new.metric,
    )  # fmt: skip


async def set_status(connection: Connection, tenant_id: UUID, experiment_id: UUID, status: str) -> None:
    await connection.execute(SET_STATUS, tenant_id, experiment_id, status)


async def to_complete(pool: Pool, before: datetime) -> list[tuple[UUID, UUID]]:
    """(tenant, experiment) of those that were started before then and still run, and of completed ones whose figures
    are not kept.
    """
    return [(row["tenant_id"], row["id"]) for row in await pool.fetch(TO_COMPLETE, before)]


async def delete_experiment(connection: Connection, tenant_id: UUID, experiment_id: UUID) -> None:
    await connection.execute(DELETE_RESULTS, tenant_id, experiment_id)
    await connection.execute(DELETE_EXPERIMENT, tenant_id, experiment_id)


async def measure(
    connection: Connection, tenant_id: UUID, experiment: Experiment, since: datetime, until: datetime, before: datetime
) -> dict[str, Arm]:
    """Both variants' sums over what was stored from `since` until `until`; before: where the time before the experiment
    begins.
    """
    named = str(experiment.id)
    during = await returned(connection, tenant_id, since, until)
    earlier = await returned(connection, tenant_id, before - timedelta(days=1), until, before, since)
    await connection.execute(HASH_JOINS_ONLY)
    if experiment.kind == "interleaving":
        rows = await connection.fetch(MEASURE_INTERLEAVED, tenant_id, named, since, until, *during)
    else:
        rows = await connection.fetch(
            MEASURE, tenant_id, named, since, until, experiment.traffic_split, experiment.metric,
            experiment.control_strategy, experiment.variant_strategy, before, *during, *earlier,
        )  # fmt: skip
    return {row["variant"]: msgspec.convert(dict(row), Arm) for row in rows}


async def returned(
    connection: Connection,
    tenant_id: UUID,
    since: datetime,
    until: datetime = LATEST,
    dated_since: datetime = EARLIEST,
    dated_until: datetime = LATEST,
) -> tuple[list[UUID], list[Decimal]]:
    """(purchases, what was taken off each) by returns that were stored, and are dated, between these moments."""
    rows = await connection.fetch(RETURNED, tenant_id, since, until, dated_since, dated_until)
    return [row["line_id"] for row in rows], [row["amount"] for row in rows]


async def traffic(
    connection: Connection, tenant_id: UUID, placement_id: str | None, since: datetime, metric: str
) -> Traffic:
    taken_off = await returned(connection, tenant_id, since)
    await connection.execute(HASH_JOINS_ONLY)
    row = await connection.fetchrow(TRAFFIC, tenant_id, placement_id, since, metric, *taken_off)
    assert row is not None  # sums over all rows
    return msgspec.convert(dict(row), Traffic)


async def keep_result(
    connection: Connection, tenant_id: UUID, experiment_id: UUID, variant: str, arm: Arm, computed_at: datetime
) -> None:
    """Once; what was kept before stays."""
    sums: Any = msgspec.to_builtins(arm)
    await connection.execute(
        KEEP_RESULT,
        tenant_id,
        experiment_id,
        variant,
        arm.impressions,
        arm.clicks,
        arm.conversions,
        arm.revenue,
        arm.users,
        sums,
        computed_at,
    )


async def kept_results(
    connection: Connection, tenant_id: UUID, experiment_id: UUID
) -> tuple[dict[str, Arm], datetime] | None:
    """As the completed experiment had them, and since when; None when they are not kept yet."""
    rows = await connection.fetch(KEPT_RESULTS, tenant_id, experiment_id)
    if not rows:
        return None
    return {row["variant"]: msgspec.convert(row["sums"], Arm) for row in rows}, rows[0]["computed_at"]
