-- Why: of an order that came with its n lines at once, each line's later lines were looked up, n² / 2 in all: 47
-- million rows for 460,000 lines.
-- The lines from an order's first new one on are all that there is to find, so each order is looked up once. Their time is
-- compared in a way that no index answers: only the one of orders can be taken, whatever the statistics say.
SET LOCAL lock_timeout = '5s';

-- As in 0019_net_figures.sql.
CREATE OR REPLACE FUNCTION analytics_touched(
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
        FROM (
            SELECT n.order_id, min(n.timestamp) AS first FROM news n
            WHERE n.event_type = 'purchase' AND n.order_id IS NOT NULL GROUP BY n.order_id
        ) o CROSS JOIN LATERAL (
            SELECT i.timestamp FROM events i
            WHERE i.tenant_id = p_tenant AND i.order_id = o.order_id AND i.timestamp - o.first >= interval '0'
            OFFSET 0
        ) l
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
