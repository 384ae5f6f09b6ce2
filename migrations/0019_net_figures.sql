-- Why: figures are of shoppers, net of what they sent back: returns are deducted, the ids of one shopper are one, and
-- robots are left out.
SET LOCAL lock_timeout = '5s';

-- Returns by their time; few, as those of events_returns_idx.
CREATE INDEX events_returned_at_idx ON events (tenant_id, timestamp) WHERE event_type = 'return';

ALTER TABLE analytics_hourly
    ADD COLUMN returns bigint NOT NULL DEFAULT 0,
    ADD COLUMN returned_revenue numeric(38, 2) NOT NULL DEFAULT 0,
    ADD COLUMN unmatched_returns bigint NOT NULL DEFAULT 0;
ALTER TABLE analytics_daily
    ADD COLUMN returns bigint NOT NULL DEFAULT 0,
    ADD COLUMN returned_revenue numeric(38, 2) NOT NULL DEFAULT 0,
    ADD COLUMN unmatched_returns bigint NOT NULL DEFAULT 0;
-- left_out: the ids that the figures were computed without.
ALTER TABLE analytics_state ADD COLUMN left_out text[] NOT NULL DEFAULT '{}';
-- Shoppers who joined ids before now: their figures are computed anew, as with another configuration.
UPDATE analytics_state s SET settings = s.settings || '{"currency": ""}'
WHERE EXISTS (SELECT FROM user_aliases a WHERE a.tenant_id = s.tenant_id);

-- The ids whose events count for no figure: robots that nobody cleared, and what is joined with them.
CREATE FUNCTION analytics_left_out(p_tenant uuid) RETURNS TABLE (id text) LANGUAGE sql STABLE AS $$
    WITH people AS (
        SELECT coalesce(a.user_id, r.user_id) AS person
        FROM robots r LEFT JOIN user_aliases a ON a.tenant_id = p_tenant AND a.anonymous_id = r.user_id
        WHERE r.tenant_id = p_tenant AND r.status <> 'cleared'
    )
    SELECT p.person FROM people p
    UNION
    SELECT a.anonymous_id FROM people p JOIN user_aliases a ON a.tenant_id = p_tenant AND a.user_id = p.person
$$;

-- What each of some returns takes off which purchase: a row for each purchase, number from 1; one without a purchase
-- where there is nothing to take. known: whether any purchase is there that it may belong to. A return is of its order's
-- lines of the product. Where it names no order, or one that did not buy the product, it is of what its shopper bought
-- of the product until then, less what was returned by order.
-- Either way purchases are used up in the order of time, each down to nothing and no further: each is an interval of the
-- money spent so far, each return one of the money asked for so far, and what the two have in common is what the return
-- takes off the purchase. Of a shopper's, what came too early for any purchase is asked for in vain: with
-- x = purchases - returns so far, that is -min(x) of all times until then. A return without a price is worth what its pieces cost on average.
-- Money in another currency than the shop's is none.
-- Without nested loops: the planner takes returns for few, and would compare each with each.
CREATE FUNCTION analytics_returned(p_tenant uuid, p_returns uuid[], p_currency text) RETURNS TABLE (
    return_id uuid, returned_at timestamptz, product_id text, line_id uuid, amount numeric, number bigint, known boolean
) LANGUAGE sql STABLE SET enable_nestloop = off SET jit = off AS $$
    WITH left_out AS MATERIALIZED (
        SELECT l.id FROM analytics_left_out(p_tenant) l
    ), asked AS MATERIALIZED (
        SELECT r.id, r.timestamp, r.product_id, nullif(r.metadata ->> 'orderId', '') AS order_id,
               coalesce((SELECT a.user_id FROM user_aliases a
                         WHERE a.tenant_id = p_tenant AND a.anonymous_id = r.user_id), r.user_id) AS person
        FROM events r WHERE r.tenant_id = p_tenant AND r.id = ANY (p_returns)
    ), pools AS (
        SELECT q.person, q.product_id FROM asked q GROUP BY 1, 2
    ), of_shoppers AS MATERIALIZED (
        SELECT e.id, e.product_id, e.order_id
        FROM (
            SELECT p.person AS user_id, p.product_id FROM pools p
            UNION ALL
            SELECT a.anonymous_id, p.product_id
            FROM pools p JOIN user_aliases a ON a.tenant_id = p_tenant AND a.user_id = p.person
        ) k CROSS JOIN LATERAL (
            SELECT i.id, i.product_id, nullif(i.metadata ->> 'orderId', '') AS order_id FROM events i
            WHERE i.tenant_id = p_tenant AND i.user_id = k.user_id AND i.event_type IN ('purchase', 'return')
              AND i.product_id = k.product_id
            OFFSET 0
        ) e
    ), concerned AS (
        SELECT o.id FROM of_shoppers o
        UNION
        SELECT e.id
        FROM (
            SELECT q.order_id, q.product_id FROM asked q UNION SELECT o.order_id, o.product_id FROM of_shoppers o
        ) o CROSS JOIN LATERAL (
            SELECT i.id FROM events i
            WHERE i.tenant_id = p_tenant AND i.order_id = o.order_id AND i.product_id = o.product_id
              AND i.event_type = 'purchase'
            UNION ALL
            SELECT i.id FROM events i
            WHERE i.tenant_id = p_tenant AND i.metadata ->> 'orderId' = o.order_id AND i.product_id = o.product_id
              AND i.event_type = 'return'
        ) e
    ), steps AS MATERIALIZED (
        SELECT e.id, e.timestamp, e.event_type = 'purchase' AS bought, e.product_id,
               nullif(e.metadata ->> 'orderId', '') AS order_id,
               coalesce((SELECT a.user_id FROM user_aliases a
                         WHERE a.tenant_id = p_tenant AND a.anonymous_id = e.user_id), e.user_id) AS person,
               coalesce(e.metadata ->> 'currency', p_currency) = p_currency AS own,
               coalesce((e.metadata ->> 'quantity')::numeric, 1) AS quantity,
               round((e.metadata ->> 'price')::numeric * coalesce((e.metadata ->> 'quantity')::numeric, 1), 2) AS said
        FROM events e
        WHERE e.tenant_id = p_tenant AND e.id = ANY (ARRAY(SELECT c.id FROM concerned c))
          AND e.timestamp >= '1900-01-01Z' -- what is dated earlier is in no figure
          AND e.user_id NOT IN (SELECT l.id FROM left_out l) AND (e.metadata ->> 'bot') IS DISTINCT FROM 'true'
    ), lines AS MATERIALIZED (
        SELECT l.*, sum(l.worth) OVER (PARTITION BY l.order_id, l.product_id ORDER BY l.timestamp, l.id) AS until
        FROM (SELECT s.*, CASE WHEN s.own THEN coalesce(s.said, 0) ELSE 0 END AS worth FROM steps s WHERE s.bought) l
    ), orders AS MATERIALIZED (
        SELECT l.order_id, l.product_id, sum(l.worth) AS worth, sum(l.quantity) FILTER (WHERE l.own) AS quantity
        FROM lines l WHERE l.order_id IS NOT NULL GROUP BY 1, 2
    ), returns AS MATERIALIZED (
        SELECT s.*, o.worth AS order_worth,
               CASE WHEN NOT s.own THEN 0
                    ELSE coalesce(s.said, round(o.worth * s.quantity / o.quantity, 2), 0) END AS value
        FROM steps s LEFT JOIN orders o USING (order_id, product_id) WHERE NOT s.bought
    ), by_order AS MATERIALIZED (
        SELECT r.id AS return_id, l.id AS line_id,
               least(r.until, l.until) - greatest(r.until - r.value, l.until - l.worth) AS amount
        FROM (
            SELECT r.*, sum(r.value) OVER (PARTITION BY r.order_id, r.product_id ORDER BY r.timestamp, r.id) AS until
            FROM returns r WHERE r.order_worth IS NOT NULL
        ) r JOIN lines l USING (order_id, product_id)
        WHERE least(r.until, l.until) > greatest(r.until - r.value, l.until - l.worth)
    ), walk AS (
        SELECT w.id, w.timestamp, w.bought, w.person, w.product_id,
               count(*) FILTER (WHERE w.bought) OVER so_far > 0 AS known,
               CASE WHEN w.bought THEN w.worth - w.taken WHEN NOT w.own THEN 0
                    ELSE -coalesce(w.said, round(w.quantity * sum(w.worth) OVER so_far
                                   / sum(w.quantity) FILTER (WHERE w.bought AND w.own) OVER so_far, 2), 0) END AS change
        FROM (
            SELECT l.id, l.timestamp, l.bought, l.person, l.product_id, l.own, l.quantity, l.said, l.worth,
                   coalesce(b.taken, 0) AS taken
            FROM lines l LEFT JOIN (
                SELECT b.line_id, sum(b.amount) AS taken FROM by_order b GROUP BY 1
            ) b ON b.line_id = l.id
            UNION ALL
            SELECT r.id, r.timestamp, r.bought, r.person, r.product_id, r.own, r.quantity, r.said, 0, 0
            FROM returns r WHERE r.order_worth IS NULL
        ) w
        WINDOW so_far AS (PARTITION BY w.person, w.product_id ORDER BY w.timestamp, NOT w.bought, w.id)
    ), reached AS (
        SELECT w.*, sum(w.change) OVER so_far AS x FROM walk w
        WINDOW so_far AS (PARTITION BY w.person, w.product_id ORDER BY w.timestamp, NOT w.bought, w.id)
    ), missed AS (
        SELECT r.*, greatest(0, -min(r.x) OVER so_far) AS missed FROM reached r
        WINDOW so_far AS (PARTITION BY r.person, r.product_id ORDER BY r.timestamp, NOT r.bought, r.id)
    ), pooled AS MATERIALIZED (
        SELECT m.id, m.bought, m.person, m.product_id, m.known,
               CASE WHEN m.bought THEN m.change
                    ELSE lag(m.missed, 1, 0::numeric) OVER so_far - m.change - m.missed END AS amount,
               CASE WHEN m.bought THEN sum(m.change) FILTER (WHERE m.bought) OVER so_far
                    ELSE -sum(m.change) FILTER (WHERE NOT m.bought) OVER so_far - m.missed END AS until
        FROM missed m
        WINDOW so_far AS (PARTITION BY m.person, m.product_id ORDER BY m.timestamp, NOT m.bought, m.id)
    ), found AS (
        SELECT b.return_id, b.line_id, b.amount FROM by_order b
        UNION ALL
        SELECT r.id, l.id, least(r.until, l.until) - greatest(r.until - r.amount, l.until - l.amount)
        FROM pooled r JOIN pooled l USING (person, product_id)
        WHERE NOT r.bought AND l.bought
          AND least(r.until, l.until) > greatest(r.until - r.amount, l.until - l.amount)
    )
    SELECT q.id, q.timestamp, q.product_id, f.line_id, coalesce(f.amount, 0),
           row_number() OVER (PARTITION BY q.id ORDER BY l.timestamp, l.id), p.known IS NOT FALSE
    FROM asked q LEFT JOIN found f ON f.return_id = q.id LEFT JOIN lines l ON l.id = f.line_id
    LEFT JOIN pooled p ON p.id = q.id
$$;

-- As in 0004_analytics.sql, of shoppers (every joined id is its user's), without what is left out, and with returns: one
-- is deducted at its own time, where the purchases that it takes money off are credited. No two sets that grow with the
-- slices are joined: the planner takes both for few.
DROP FUNCTION analytics_facts(uuid, timestamptz[], timestamptz[], text, int, text);
CREATE FUNCTION analytics_facts(
    p_tenant uuid, p_starts timestamptz[], p_ends timestamptz[], p_zone text, p_window_hours int, p_currency text
) RETURNS TABLE (
    date date, hour timestamptz, product_id text, placement_id text, strategy text, impressions int, clicks int,
    conversions int, revenue numeric, attributed_conversions int, attributed_revenue numeric, orders int,
    other_currency int, returns int, returned_revenue numeric, unmatched_returns int
) LANGUAGE sql STABLE AS $$
    WITH left_out AS MATERIALIZED (
        SELECT l.id FROM analytics_left_out(p_tenant) l
    ), slices AS MATERIALIZED (
        SELECT s.starts, s.ends FROM unnest(p_starts, p_ends) AS s (starts, ends)
    ), sent_back AS MATERIALIZED (
        SELECT e.id FROM slices s CROSS JOIN LATERAL (
            SELECT i.id FROM events i
            WHERE i.tenant_id = p_tenant AND i.timestamp >= s.starts AND i.timestamp < s.ends
              AND i.event_type = 'return' AND i.user_id NOT IN (SELECT l.id FROM left_out l)
              AND (i.metadata ->> 'bot') IS DISTINCT FROM 'true'
            OFFSET 0
        ) e
    ), returned AS MATERIALIZED (
        SELECT r.* FROM analytics_returned(p_tenant, ARRAY(SELECT b.id FROM sent_back b), p_currency) r
        WHERE EXISTS (SELECT FROM sent_back)
    ), bought AS MATERIALIZED (
        SELECT e.id, e.timestamp, e.product_id, e.order_id, e.returned_at, e.deducted, e.number,
               coalesce((SELECT a.user_id FROM user_aliases a
                         WHERE a.tenant_id = p_tenant AND a.anonymous_id = e.user_id), e.user_id) AS person,
               coalesce(e.metadata ->> 'currency', p_currency) = p_currency AS own,
               coalesce(round((e.metadata ->> 'price')::numeric
                              * coalesce((e.metadata ->> 'quantity')::numeric, 1), 2), 0) AS amount
        FROM (
            SELECT b.*, NULL::timestamptz AS returned_at, NULL::numeric AS deducted, NULL::bigint AS number
            FROM slices s CROSS JOIN LATERAL (
                SELECT * FROM events i
                WHERE i.tenant_id = p_tenant AND i.timestamp >= s.starts AND i.timestamp < s.ends
                  AND i.event_type = 'purchase' AND i.user_id NOT IN (SELECT l.id FROM left_out l)
                  AND (i.metadata ->> 'bot') IS DISTINCT FROM 'true'
                OFFSET 0
            ) b
            UNION ALL
            SELECT l.*, r.returned_at, r.amount, r.number FROM returned r CROSS JOIN LATERAL (
                SELECT * FROM events i WHERE i.tenant_id = p_tenant AND i.id = r.line_id OFFSET 0
            ) l
        ) e
    ), reach AS MATERIALIZED (
        SELECT b.person, b.product_id, min(b.timestamp) - make_interval(hours => p_window_hours) AS since,
               max(b.timestamp) AS until
        FROM bought b GROUP BY b.person, b.product_id
    ), steps AS (
        SELECT b.*, true AS bought, '' AS placement_id, '' AS strategy FROM bought b
        UNION ALL
        SELECT c.id, c.timestamp, c.product_id, NULL, NULL, NULL, NULL, r.person, NULL, NULL, false,
               coalesce(c.metadata ->> 'placementId', ''), coalesce(c.metadata ->> 'strategy', '')
        FROM (
            SELECT r.*, r.person AS user_id FROM reach r
            UNION ALL
            SELECT r.*, a.anonymous_id FROM reach r
            JOIN user_aliases a ON a.tenant_id = p_tenant AND a.user_id = r.person
        ) r CROSS JOIN LATERAL (
            SELECT * FROM events i
            WHERE i.tenant_id = p_tenant AND i.user_id = r.user_id AND i.product_id = r.product_id
              AND i.event_type = 'click' AND i.timestamp >= r.since AND i.timestamp <= r.until
              AND (i.metadata ->> 'bot') IS DISTINCT FROM 'true'
            OFFSET 0
        ) c
        WHERE c.metadata ->> 'recommendationId' <> '' OR c.metadata ->> 'placementId' <> ''
    ), numbered AS (
        SELECT s.*, count(*) FILTER (WHERE NOT s.bought) OVER w AS click
        FROM steps s
        WINDOW w AS (PARTITION BY s.person, s.product_id ORDER BY s.timestamp, s.bought, s.id ROWS UNBOUNDED PRECEDING)
    ), newest AS (
        SELECT n.*, first_value(n.timestamp) OVER w AS clicked_at, first_value(n.placement_id) OVER w AS clicked_in,
               first_value(n.strategy) OVER w AS clicked_by
        FROM numbered n
        WINDOW w AS (PARTITION BY n.person, n.product_id, n.click ORDER BY n.timestamp, n.bought, n.id)
    ), credited AS MATERIALIZED (
        SELECT n.id, n.timestamp, n.product_id, n.order_id, n.own, n.amount, n.returned_at, n.deducted, n.number,
               x.credit, CASE WHEN x.credit THEN n.clicked_in ELSE '' END AS placement_id,
               CASE WHEN x.credit THEN n.clicked_by ELSE '' END AS strategy
        FROM newest n CROSS JOIN LATERAL (
            SELECT n.click > 0 AND n.clicked_at >= n.timestamp - make_interval(hours => p_window_hours) AS credit
        ) x
        WHERE n.bought
    ), first_lines AS (
        SELECT l.id
        FROM (
            SELECT DISTINCT b.order_id FROM bought b
            WHERE b.own AND b.order_id IS NOT NULL AND b.returned_at IS NULL
        ) o CROSS JOIN LATERAL (
            SELECT i.id FROM events i
            WHERE i.tenant_id = p_tenant AND i.order_id = o.order_id
              AND coalesce(i.metadata ->> 'currency', p_currency) = p_currency
              AND i.user_id NOT IN (SELECT l.id FROM left_out l) AND (i.metadata ->> 'bot') IS DISTINCT FROM 'true'
            ORDER BY i.timestamp, i.id LIMIT 1
        ) l
    ), facts AS (
        SELECT e.timestamp, e.product_id, coalesce(e.metadata ->> 'placementId', '') AS placement_id,
               coalesce(e.metadata ->> 'strategy', '') AS strategy, (e.event_type = 'impression')::int AS impressions,
               (e.event_type = 'click')::int AS clicks, 0 AS conversions, NULL::numeric AS revenue,
               0 AS attributed_conversions, NULL::numeric AS attributed_revenue, 0 AS orders, 0 AS other_currency,
               0 AS returns, NULL::numeric AS returned_revenue, 0 AS unmatched_returns
        FROM slices s CROSS JOIN LATERAL (
            SELECT * FROM events i
            WHERE i.tenant_id = p_tenant AND i.timestamp >= s.starts AND i.timestamp < s.ends
              AND i.event_type IN ('impression', 'click') AND i.user_id NOT IN (SELECT l.id FROM left_out l)
              AND (i.metadata ->> 'bot') IS DISTINCT FROM 'true'
            OFFSET 0
        ) e
        UNION ALL
        SELECT c.timestamp, c.product_id, c.placement_id, c.strategy, 0, 0, 1,
               CASE WHEN c.own THEN c.amount END, c.credit::int, CASE WHEN c.own AND c.credit THEN c.amount END,
               (c.own AND (c.order_id IS NULL OR c.id IN (SELECT f.id FROM first_lines f)))::int, (NOT c.own)::int,
               0, NULL, 0
        FROM credited c WHERE c.returned_at IS NULL
        UNION ALL
        SELECT c.returned_at, c.product_id, c.placement_id, c.strategy, 0, 0, 0,
               -c.deducted, 0, CASE WHEN c.credit THEN -c.deducted END, 0, 0, (c.number = 1)::int, c.deducted, 0
        FROM credited c WHERE c.returned_at IS NOT NULL
        UNION ALL
        SELECT r.returned_at, r.product_id, '', '', 0, 0, 0, NULL, 0, NULL, 0, 0, 1, NULL, (NOT r.known)::int
        FROM returned r WHERE r.line_id IS NULL
    )
    SELECT (f.timestamp AT TIME ZONE p_zone)::date, analytics_hour(f.timestamp, p_zone), f.product_id, f.placement_id,
           f.strategy, f.impressions, f.clicks, f.conversions, f.revenue, f.attributed_conversions, f.attributed_revenue,
           f.orders, f.other_currency, f.returns, f.returned_revenue, f.unmatched_returns
    FROM facts f
$$;

-- As in 0004_analytics.sql. News also are all events of an id that is left out since, or no longer. What they change:
-- their own hours; of a click, the hours of the purchases of the same shopper that it may be credited with, and of ids
-- joined or parted since, those of purchases with such a click; of a line of an order, those of the order's later lines;
-- and for all these purchases, and for returns, those of returns of the product that may take from the same ones: by
-- whoever has a part in the order.
DROP FUNCTION analytics_touched(uuid, timestamptz, timestamptz, text, int);
CREATE FUNCTION analytics_touched(
    p_tenant uuid, p_since timestamptz, p_from timestamptz, p_zone text, p_window_hours int, p_left_out text[]
) RETURNS TABLE (date date, hour timestamptz) LANGUAGE sql STABLE AS $$
    WITH turned AS MATERIALIZED (
        SELECT coalesce(l.id, o.id) AS id
        FROM analytics_left_out(p_tenant) l FULL JOIN unnest(p_left_out) AS o (id) ON o.id = l.id
        WHERE l.id IS NULL OR o.id IS NULL
    ), news AS MATERIALIZED (
        SELECT e.event_type, e.user_id, e.product_id, e.timestamp,
               CASE WHEN e.event_type IN ('purchase', 'return') THEN nullif(e.metadata ->> 'orderId', '') END AS order_id,
               e.event_type = 'click' AND (e.metadata ->> 'recommendationId' <> '' OR e.metadata ->> 'placementId' <> '')
                   AS recommended
        FROM (
            SELECT * FROM events i WHERE i.tenant_id = p_tenant AND i.created_at >= p_since
            UNION ALL
            SELECT o.* FROM turned t CROSS JOIN LATERAL (
                SELECT * FROM events i WHERE i.tenant_id = p_tenant AND i.user_id = t.id AND i.created_at < p_since
                OFFSET 0
            ) o
        ) e
        WHERE e.timestamp >= p_from AND e.event_type IN ('impression', 'click', 'purchase', 'return')
          AND (e.metadata ->> 'bot') IS DISTINCT FROM 'true'
    ), changes AS MATERIALIZED (
        SELECT c.anonymous_id, c.user_id, row_number() OVER () AS number
        FROM alias_changes c WHERE c.tenant_id = p_tenant AND c.at >= p_since
    ), kin AS MATERIALIZED (
        SELECT c.number, i.id FROM changes c CROSS JOIN LATERAL (
            WITH people AS (
                SELECT coalesce(a.user_id, n.id) AS person
                FROM unnest(ARRAY[c.anonymous_id, c.user_id]) AS n (id)
                LEFT JOIN user_aliases a ON a.tenant_id = p_tenant AND a.anonymous_id = n.id
            )
            SELECT p.person AS id FROM people p
            UNION
            SELECT a.anonymous_id FROM people p JOIN user_aliases a ON a.tenant_id = p_tenant AND a.user_id = p.person
            UNION
            SELECT unnest(ARRAY[c.anonymous_id, c.user_id])
        ) i
    ), clicks AS (
        SELECT coalesce((SELECT a.user_id FROM user_aliases a
                         WHERE a.tenant_id = p_tenant AND a.anonymous_id = n.user_id), n.user_id) AS person,
               n.product_id, n.timestamp
        FROM news n WHERE n.recommended
    ), credited AS MATERIALIZED (
        SELECT b.user_id, b.product_id, b.order_id, b.timestamp
        FROM (
            SELECT c.person AS user_id, c.product_id, c.timestamp FROM clicks c
            UNION ALL
            SELECT a.anonymous_id, c.product_id, c.timestamp
            FROM clicks c JOIN user_aliases a ON a.tenant_id = p_tenant AND a.user_id = c.person
            UNION ALL
            SELECT k.id, c.product_id, c.timestamp
            FROM kin k JOIN kin other ON other.number = k.number AND other.id <> k.id CROSS JOIN LATERAL (
                SELECT i.product_id, i.timestamp FROM events i
                WHERE i.tenant_id = p_tenant AND i.user_id = other.id AND i.event_type = 'click'
                  AND (i.metadata ->> 'recommendationId' <> '' OR i.metadata ->> 'placementId' <> '')
                OFFSET 0
            ) c
        ) c CROSS JOIN LATERAL (
            SELECT i.user_id, i.product_id, i.order_id, i.timestamp FROM events i
            WHERE i.tenant_id = p_tenant AND i.user_id = c.user_id AND i.event_type = 'purchase'
              AND i.product_id = c.product_id AND i.timestamp >= c.timestamp
              AND i.timestamp <= c.timestamp + make_interval(hours => p_window_hours)
            OFFSET 0
        ) b
    ), moved AS MATERIALIZED (
        SELECT n.user_id, n.product_id, n.order_id FROM news n WHERE n.event_type IN ('purchase', 'return')
        UNION
        SELECT c.user_id, c.product_id, c.order_id FROM credited c
    ), sharing AS (
        SELECT m.user_id, m.product_id FROM moved m
        UNION
        SELECT o.user_id, m.product_id FROM moved m CROSS JOIN LATERAL (
            SELECT i.user_id FROM events i
            WHERE i.tenant_id = p_tenant AND i.order_id = m.order_id AND i.product_id = m.product_id
              AND i.event_type = 'purchase'
            UNION ALL
            SELECT i.user_id FROM events i
            WHERE i.tenant_id = p_tenant AND i.metadata ->> 'orderId' = m.order_id AND i.product_id = m.product_id
              AND i.event_type = 'return'
            OFFSET 0
        ) o
        UNION
        SELECT k.id, NULL FROM kin k
    ), people AS (
        SELECT DISTINCT coalesce((SELECT a.user_id FROM user_aliases a
                                  WHERE a.tenant_id = p_tenant AND a.anonymous_id = s.user_id), s.user_id) AS person,
               s.product_id
        FROM sharing s
    ), touched AS (
        SELECT n.timestamp FROM news n
        UNION ALL
        SELECT c.timestamp FROM credited c
        UNION ALL
        SELECT l.timestamp
        FROM news n CROSS JOIN LATERAL (
            SELECT i.timestamp FROM events i
            WHERE i.tenant_id = p_tenant AND i.order_id = n.order_id AND i.timestamp >= n.timestamp
            OFFSET 0
        ) l
        WHERE n.event_type = 'purchase' AND n.order_id IS NOT NULL
        UNION ALL
        SELECT r.timestamp
        FROM (
            SELECT p.person AS user_id, p.product_id FROM people p
            UNION ALL
            SELECT a.anonymous_id, p.product_id
            FROM people p JOIN user_aliases a ON a.tenant_id = p_tenant AND a.user_id = p.person
        ) p CROSS JOIN LATERAL (
            SELECT i.timestamp FROM events i
            WHERE i.tenant_id = p_tenant AND i.user_id = p.user_id AND i.event_type = 'return'
              AND (p.product_id IS NULL OR i.product_id = p.product_id)
            OFFSET 0
        ) r
        WHERE EXISTS (SELECT FROM events i WHERE i.tenant_id = p_tenant AND i.event_type = 'return')
    )
    SELECT DISTINCT (t.timestamp AT TIME ZONE p_zone)::date, analytics_hour(t.timestamp, p_zone)
    FROM touched t WHERE t.timestamp >= p_from
$$;

-- As in 0011_archived_figures.sql, and tenants whose ids were joined or parted since, or of whom others are left out.
CREATE OR REPLACE FUNCTION analytics_due(p_since timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH newest AS (
        SELECT e.tenant_id, max(e.created_at) AS created_at FROM events e WHERE e.created_at >= p_since GROUP BY e.tenant_id
    )
    SELECT t.id
    FROM tenants t
    LEFT JOIN analytics_state s ON s.tenant_id = t.id
    LEFT JOIN newest n ON n.tenant_id = t.id
    WHERE t.status <> 'deleted' AND (
        p_since IS NULL OR s.through IS NULL OR n.created_at >= s.through OR NOT t.config @> s.settings
        OR EXISTS (SELECT FROM alias_changes c WHERE c.tenant_id = t.id AND c.at >= s.through)
        OR s.left_out IS DISTINCT FROM ARRAY(SELECT l.id FROM analytics_left_out(t.id) l ORDER BY l.id COLLATE "C"))
$$;
