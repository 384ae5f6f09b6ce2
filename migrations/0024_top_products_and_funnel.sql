-- Why: top products of months come from few rows, sums over blocks of days and today's hours; and the funnel of
-- recommendations.
SET LOCAL lock_timeout = '5s';

-- Sums over 2, 4, 8, … days of analytics_products, from a date whose number of days since year 1 is a multiple of that:
-- any range is made of few.
CREATE TABLE analytics_product_blocks (
    tenant_id uuid NOT NULL CONSTRAINT analytics_product_blocks_tenant_id_fkey REFERENCES tenants (id) ON DELETE CASCADE,
    days int NOT NULL,
    date date NOT NULL,
    product_id text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    conversions bigint NOT NULL,
    revenue numeric(38, 2) NOT NULL,
    attributed_conversions bigint NOT NULL,
    attributed_revenue numeric(38, 2) NOT NULL,
    CONSTRAINT analytics_product_blocks_pkey PRIMARY KEY (tenant_id, days, date, product_id)
);
-- Of days that are not over, which analytics_products does not hold yet.
CREATE TABLE analytics_product_hours (
    tenant_id uuid NOT NULL CONSTRAINT analytics_product_hours_tenant_id_fkey REFERENCES tenants (id) ON DELETE CASCADE,
    date date NOT NULL,
    hour timestamptz NOT NULL,
    product_id text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    conversions bigint NOT NULL,
    revenue numeric(38, 2) NOT NULL,
    attributed_conversions bigint NOT NULL,
    attributed_revenue numeric(38, 2) NOT NULL,
    CONSTRAINT analytics_product_hours_pkey PRIMARY KEY (tenant_id, date, hour, product_id)
);
-- Up to when the blocks are there; until they are, and the hours with them, they are read by nobody.
ALTER TABLE analytics_state ADD COLUMN blocks_through date;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['analytics_product_blocks', 'analytics_product_hours'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY %I ON %I TO recomengine_app USING (tenant_id = ANY ((SELECT declared_tenants())::uuid[]))', t || '_of_declared_tenants', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO recomengine_app', t);
    END LOOP;
END
$$;

-- Of a stretch of time: impressions, and clicks in recommendations, of a placement and a strategy (null: of any), and what
-- such clicks led to, credited as analytics_facts credits purchases; events, and shoppers with one or more of them.
CREATE FUNCTION analytics_funnel(
    p_tenant uuid, p_from timestamptz, p_to timestamptz, p_window_hours int, p_placement text, p_strategy text
) RETURNS TABLE (event_type text, events bigint, shoppers bigint) LANGUAGE sql STABLE AS $$
    WITH left_out AS MATERIALIZED (
        SELECT l.id FROM analytics_left_out(p_tenant) l
    ), found AS (
        SELECT e.event_type, e.product_id, e.timestamp, e.metadata, coalesce(a.user_id, e.user_id) AS person
        FROM events e LEFT JOIN user_aliases a ON a.tenant_id = p_tenant AND a.anonymous_id = e.user_id
        WHERE e.tenant_id = p_tenant AND e.timestamp >= p_from AND e.timestamp < p_to
          AND e.event_type IN ('impression', 'click', 'add_to_cart', 'purchase')
          AND e.user_id NOT IN (SELECT l.id FROM left_out l) AND (e.metadata ->> 'bot') IS DISTINCT FROM 'true'
    ), steps AS (
        SELECT f.event_type, f.person FROM found f
        WHERE (f.event_type = 'impression' OR f.event_type = 'click'
                  AND (f.metadata ->> 'recommendationId' <> '' OR f.metadata ->> 'placementId' <> ''))
          AND (p_placement IS NULL OR coalesce(f.metadata ->> 'placementId', '') = p_placement)
          AND (p_strategy IS NULL OR coalesce(f.metadata ->> 'strategy', '') = p_strategy)
        UNION ALL
        SELECT f.event_type, f.person FROM found f CROSS JOIN LATERAL (
            SELECT c.metadata
            FROM (
                SELECT f.person AS user_id
                UNION ALL
                SELECT a.anonymous_id FROM user_aliases a WHERE a.tenant_id = p_tenant AND a.user_id = f.person
            ) k CROSS JOIN LATERAL (
                SELECT i.id, i.timestamp, i.metadata FROM events i
                WHERE i.tenant_id = p_tenant AND i.user_id = k.user_id AND i.product_id = f.product_id
                  AND i.event_type = 'click' AND i.timestamp <= f.timestamp
                  AND i.timestamp >= f.timestamp - make_interval(hours => p_window_hours)
                  AND (i.metadata ->> 'bot') IS DISTINCT FROM 'true'
                  AND (i.metadata ->> 'recommendationId' <> '' OR i.metadata ->> 'placementId' <> '')
                OFFSET 0
            ) c
            ORDER BY c.timestamp DESC, c.id DESC LIMIT 1
        ) c
        WHERE f.event_type IN ('add_to_cart', 'purchase')
          AND (p_placement IS NULL OR coalesce(c.metadata ->> 'placementId', '') = p_placement)
          AND (p_strategy IS NULL OR coalesce(c.metadata ->> 'strategy', '') = p_strategy)
    ), by_shopper AS (
        SELECT s.event_type, s.person, count(*) AS events FROM steps s GROUP BY s.event_type, s.person
    )
    SELECT b.event_type, sum(b.events)::bigint, count(*) FROM by_shopper b GROUP BY b.event_type
$$;
