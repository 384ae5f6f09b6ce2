-- Why: a shop's figures by hour, day and product, computed from its events; and a summary of all shops, made anew each night.
SET LOCAL lock_timeout = '5s';

-- A column of its own: row-level security keeps an index on an expression over metadata from being used. Adding it writes the table
-- anew, and events wait or are refused with 503 meanwhile.
ALTER TABLE events ADD COLUMN order_id text
    GENERATED ALWAYS AS (CASE WHEN event_type = 'purchase' THEN nullif(metadata ->> 'orderId', '') END) STORED;
CREATE INDEX events_order_id_idx ON events (tenant_id, order_id, timestamp) WHERE order_id IS NOT NULL;
CREATE INDEX events_purchases_idx ON events (tenant_id, timestamp) WHERE event_type = 'purchase';
CREATE INDEX events_clicks_idx ON events (tenant_id, user_id, product_id, timestamp) WHERE event_type = 'click';

-- What a tenant's figures stand for: every event stored before `through`, and products by day up to `products_through`.
-- settings: the time zone, currency and attribution window that they were computed with; others, and all is computed anew.
CREATE TABLE analytics_state (
    tenant_id uuid CONSTRAINT analytics_state_pkey PRIMARY KEY CONSTRAINT analytics_state_tenant_id_fkey REFERENCES tenants (id),
    settings jsonb NOT NULL DEFAULT '{}',
    through timestamptz,
    products_through date
);

-- date: the tenant's day; hour: its start, counted from the day's midnight. No foreign keys here and in the products' figures: they would cost
-- a look-up for every row; whoever writes rows holds the tenant's row of analytics_state.
CREATE TABLE analytics_hourly (
    tenant_id uuid NOT NULL,
    date date NOT NULL,
    hour timestamptz NOT NULL,
    placement_id text NOT NULL,
    strategy text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    conversions bigint NOT NULL,
    revenue numeric(24, 2) NOT NULL,
    attributed_conversions bigint NOT NULL,
    attributed_revenue numeric(24, 2) NOT NULL,
    orders bigint NOT NULL,
    other_currency bigint NOT NULL,
    CONSTRAINT analytics_hourly_pkey PRIMARY KEY (tenant_id, date, hour, placement_id, strategy)
);

CREATE TABLE analytics_products (
    tenant_id uuid NOT NULL,
    date date NOT NULL,
    product_id text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    conversions bigint NOT NULL,
    revenue numeric(24, 2) NOT NULL,
    attributed_conversions bigint NOT NULL,
    attributed_revenue numeric(24, 2) NOT NULL,
    CONSTRAINT analytics_products_pkey PRIMARY KEY (tenant_id, date, product_id)
);

ALTER TABLE analytics_daily
    ALTER COLUMN revenue TYPE numeric(24, 2), -- one purchase may be worth 10^16
    ADD COLUMN attributed_conversions bigint NOT NULL DEFAULT 0,
    ADD COLUMN attributed_revenue numeric(24, 2) NOT NULL DEFAULT 0,
    ADD COLUMN orders bigint NOT NULL DEFAULT 0,
    ADD COLUMN other_currency bigint NOT NULL DEFAULT 0;

-- Hours are counted from the day's midnight, so that each lies within one day in every zone.
CREATE FUNCTION analytics_hour(p_at timestamptz, p_zone text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT date_bin('1 hour', p_at, date_trunc('day', p_at, p_zone)) $$;

-- What the events of some stretches of time count for, one row an event: the one definition of every figure (docs/analytics.md).
-- A purchase goes to the placement and strategy of the newest click on its product, by its user, from a recommendation,
-- within the window before it. An order counts where its first line is. All in sets: one sort of purchases and clicks.
-- OFFSET 0 holds the planner to one look into an index for each slice, pair and order: it cannot know how few they are, and would
-- rather read all events of the tenant.
CREATE FUNCTION analytics_facts(p_tenant uuid, p_starts timestamptz[], p_ends timestamptz[], p_zone text, p_window_hours int, p_currency text)
RETURNS TABLE (
    date date, hour timestamptz, product_id text, placement_id text, strategy text, impressions int, clicks int, conversions int,
    revenue numeric, attributed_conversions int, attributed_revenue numeric, orders int, other_currency int
) LANGUAGE sql STABLE AS $$
    WITH slices AS MATERIALIZED (
        SELECT s.starts, s.ends FROM unnest(p_starts, p_ends) AS s (starts, ends)
    ), bought AS MATERIALIZED (
        SELECT e.id, e.timestamp, e.user_id, e.product_id, e.order_id, coalesce(e.metadata ->> 'currency', p_currency) = p_currency AS own,
               coalesce(round((e.metadata ->> 'price')::numeric * coalesce((e.metadata ->> 'quantity')::numeric, 1), 2), 0) AS amount
        FROM slices s CROSS JOIN LATERAL (
            SELECT * FROM events i WHERE i.tenant_id = p_tenant AND i.timestamp >= s.starts AND i.timestamp < s.ends AND i.event_type = 'purchase'
            OFFSET 0
        ) e
    ), reach AS MATERIALIZED (
        SELECT b.user_id, b.product_id, min(b.timestamp) - make_interval(hours => p_window_hours) AS since, max(b.timestamp) AS until
        FROM bought b GROUP BY b.user_id, b.product_id
    ), steps AS (
        SELECT b.id, b.timestamp, b.user_id, b.product_id, true AS bought, '' AS placement_id, '' AS strategy FROM bought b
        UNION ALL
        SELECT c.id, c.timestamp, c.user_id, c.product_id, false, coalesce(c.metadata ->> 'placementId', ''), coalesce(c.metadata ->> 'strategy', '')
        FROM reach r CROSS JOIN LATERAL (
            SELECT * FROM events i WHERE i.tenant_id = p_tenant AND i.user_id = r.user_id AND i.product_id = r.product_id AND i.event_type = 'click'
                AND i.timestamp >= r.since AND i.timestamp <= r.until
            OFFSET 0
        ) c
        WHERE c.metadata ->> 'recommendationId' <> '' OR c.metadata ->> 'placementId' <> ''
    ), numbered AS (
        SELECT s.*, count(*) FILTER (WHERE NOT s.bought) OVER w AS click
        FROM steps s
        WINDOW w AS (PARTITION BY s.user_id, s.product_id ORDER BY s.timestamp, s.bought, s.id ROWS UNBOUNDED PRECEDING)
    ), newest AS (
        SELECT n.id, n.bought, n.click, n.timestamp, first_value(n.timestamp) OVER w AS clicked_at,
               first_value(n.placement_id) OVER w AS placement_id, first_value(n.strategy) OVER w AS strategy
        FROM numbered n
        WINDOW w AS (PARTITION BY n.user_id, n.product_id, n.click ORDER BY n.timestamp, n.bought, n.id)
    ), credited AS (
        SELECT n.id, n.placement_id, n.strategy FROM newest n
        WHERE n.bought AND n.click > 0 AND n.clicked_at >= n.timestamp - make_interval(hours => p_window_hours)
    ), first_lines AS (
        SELECT l.id
        FROM (SELECT DISTINCT b.order_id FROM bought b WHERE b.own AND b.order_id IS NOT NULL) o CROSS JOIN LATERAL (
            SELECT i.id FROM events i
            WHERE i.tenant_id = p_tenant AND i.order_id = o.order_id AND coalesce(i.metadata ->> 'currency', p_currency) = p_currency
            ORDER BY i.timestamp, i.id LIMIT 1
        ) l
    ), facts AS (
        SELECT e.timestamp, e.product_id, coalesce(e.metadata ->> 'placementId', '') AS placement_id, coalesce(e.metadata ->> 'strategy', '') AS strategy,
               (e.event_type = 'impression')::int AS impressions, (e.event_type = 'click')::int AS clicks, 0 AS conversions,
               NULL::numeric AS revenue, 0 AS attributed_conversions, NULL::numeric AS attributed_revenue, 0 AS orders, 0 AS other_currency
        FROM slices s CROSS JOIN LATERAL (
            SELECT * FROM events i
            WHERE i.tenant_id = p_tenant AND i.timestamp >= s.starts AND i.timestamp < s.ends AND i.event_type IN ('impression', 'click')
            OFFSET 0
        ) e
        UNION ALL
        SELECT b.timestamp, b.product_id, coalesce(c.placement_id, ''), coalesce(c.strategy, ''),
               0, 0, 1,
               CASE WHEN b.own THEN b.amount END, (c.id IS NOT NULL)::int, CASE WHEN b.own AND c.id IS NOT NULL THEN b.amount END,
               (b.own AND (b.order_id IS NULL OR f.id IS NOT NULL))::int, (NOT b.own)::int
        FROM bought b LEFT JOIN credited c ON c.id = b.id LEFT JOIN first_lines f ON f.id = b.id
    )
    SELECT (f.timestamp AT TIME ZONE p_zone)::date, analytics_hour(f.timestamp, p_zone), f.product_id, f.placement_id, f.strategy, f.impressions,
           f.clicks, f.conversions, f.revenue, f.attributed_conversions, f.attributed_revenue, f.orders, f.other_currency
    FROM facts f
$$;

-- The hours whose figures the events stored since p_since change: their own; a click's, those of the purchases that it may be credited
-- with; a line's of an order, those of the order's later lines.
CREATE FUNCTION analytics_touched(p_tenant uuid, p_since timestamptz, p_from timestamptz, p_zone text, p_window_hours int)
RETURNS TABLE (date date, hour timestamptz) LANGUAGE sql STABLE AS $$
    WITH news AS MATERIALIZED (
        SELECT e.event_type, e.user_id, e.product_id, e.order_id, e.timestamp, e.timestamp + make_interval(hours => p_window_hours) AS until,
               coalesce(e.metadata ->> 'recommendationId', '') <> '' OR coalesce(e.metadata ->> 'placementId', '') <> '' AS recommended
        FROM events e
        WHERE e.tenant_id = p_tenant AND e.created_at >= p_since AND e.timestamp >= p_from AND e.event_type IN ('impression', 'click', 'purchase')
    ), touched AS (
        SELECT n.timestamp FROM news n
        UNION ALL
        SELECT b.timestamp
        FROM news n CROSS JOIN LATERAL (
            SELECT i.timestamp FROM events i
            WHERE i.tenant_id = p_tenant AND i.user_id = n.user_id AND i.event_type = 'purchase' AND i.product_id = n.product_id
                AND i.timestamp >= n.timestamp AND i.timestamp <= n.until
            OFFSET 0
        ) b
        WHERE n.event_type = 'click' AND n.recommended
        UNION ALL
        SELECT l.timestamp
        FROM news n CROSS JOIN LATERAL (
            SELECT i.timestamp FROM events i WHERE i.tenant_id = p_tenant AND i.order_id = n.order_id AND i.timestamp >= n.timestamp
            OFFSET 0
        ) l
        WHERE n.order_id IS NOT NULL
    )
    SELECT DISTINCT (t.timestamp AT TIME ZONE p_zone)::date, analytics_hour(t.timestamp, p_zone) FROM touched t
$$;

-- Tenants whose figures lack something: events stored since p_since, or the configuration of today; NULL: all that are active.
CREATE FUNCTION analytics_due(p_since timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH newest AS (
        SELECT e.tenant_id, max(e.created_at) AS created_at FROM events e WHERE e.created_at >= p_since GROUP BY e.tenant_id
    )
    SELECT t.id
    FROM tenants t
    LEFT JOIN analytics_state s ON s.tenant_id = t.id
    LEFT JOIN newest n ON n.tenant_id = t.id
    WHERE t.status = 'active' AND (p_since IS NULL OR s.through IS NULL OR n.created_at >= s.through OR NOT t.config @> s.settings)
$$;

-- Each tenant's days, placements and strategies added up, as of the last night. A materialized view knows no row-level security: nobody
-- but the owner reads it, and the serving role reads the view below, which shows the declared tenants.
CREATE MATERIALIZED VIEW analytics_summary AS
    SELECT tenant_id, date, sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks, sum(conversions)::bigint AS conversions,
           sum(revenue) AS revenue
    FROM analytics_daily GROUP BY tenant_id, date;
CREATE UNIQUE INDEX analytics_summary_key ON analytics_summary (tenant_id, date);
CREATE VIEW analytics_summary_of_declared WITH (security_barrier) AS
    SELECT tenant_id, date, impressions, clicks, conversions, revenue
    FROM analytics_summary WHERE tenant_id = ANY ((SELECT declared_tenants())::uuid[]);

CREATE FUNCTION refresh_analytics_summary() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY analytics_summary;
END
$$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['analytics_state', 'analytics_hourly', 'analytics_products'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY %I ON %I TO recomengine_app USING (tenant_id = ANY ((SELECT declared_tenants())::uuid[]))', t || '_of_declared_tenants', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO recomengine_app', t);
    END LOOP;
END
$$;
GRANT SELECT ON analytics_summary_of_declared TO recomengine_app;
REVOKE ALL ON FUNCTION analytics_due, refresh_analytics_summary FROM PUBLIC;
GRANT EXECUTE ON FUNCTION analytics_due, refresh_analytics_summary TO recomengine_app;

-- purge_tenant as before, with the tables of this file.
CREATE OR REPLACE FUNCTION purge_tenant(p_tenant_id uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    t text;
BEGIN
    IF NOT EXISTS (SELECT FROM tenants WHERE id = p_tenant_id AND status = 'deleted') THEN
        RAISE EXCEPTION 'tenant % is not deleted', p_tenant_id;
    END IF;
    FOREACH t IN ARRAY ARRAY['experiment_results', 'experiments', 'analytics_daily', 'analytics_hourly', 'analytics_products', 'analytics_state',
                             'widget_configs', 'models', 'events', 'catalog_items', 'catalog_state', 'api_keys'] LOOP
        EXECUTE format('DELETE FROM %I WHERE tenant_id = $1', t) USING p_tenant_id;
    END LOOP;
    DELETE FROM tenants WHERE id = p_tenant_id;
END
$$;
