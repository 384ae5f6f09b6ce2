-- Why: JSON that was stored before its numbers were checked may hold some that no reader takes, or that are short to write and endless
-- to read; and sums of the dearest purchases did not fit their columns.
SET LOCAL lock_timeout = '5s';

-- The same JSON with the nearest readable number in place of each that no double holds, or that has endless digits: 1e-16000 has sixteen
-- thousand. No number is written out to be looked at.
CREATE FUNCTION with_readable_numbers(p_json jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM jsonb_path_query(p_json, 'strict $.** ? (@.type() == "number")') AS number
        WHERE scale(number::numeric) > 400 OR abs(number::numeric) > 1.7976931348623157e308
    ) THEN
        RETURN p_json;
    END IF;
    RETURN CASE jsonb_typeof(p_json)
        WHEN 'object' THEN (SELECT jsonb_object_agg(key, with_readable_numbers(value)) FROM jsonb_each(p_json))
        WHEN 'array' THEN (SELECT jsonb_agg(with_readable_numbers(value) ORDER BY place)
                           FROM jsonb_array_elements(p_json) WITH ORDINALITY AS each (value, place))
        ELSE to_jsonb(trim_scale(round(least(greatest(p_json::numeric, -1.7976931348623157e308), 1.7976931348623157e308), 400)))
    END;
END
$$;

-- What a client gave, for whoever reads it. A query takes the expression as its own, and most JSON passes its first test: it has no number
-- beyond a double, none that is nearly 0, and no 0, which may have endless digits as well.
CREATE FUNCTION readable_json(p_json jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_path_exists(p_json, 'strict $.** ? (@ > -1e-300 && @ < 1e-300 || @ > 1.7976931348623157e308 || @ < -1.7976931348623157e308)')
            THEN with_readable_numbers(p_json) ELSE p_json END;

-- A purchase may be worth 10^16, a million of them 10^22. Wider columns of the same scale are not written anew.
DROP VIEW analytics_summary_of_declared;
DROP MATERIALIZED VIEW analytics_summary;
ALTER TABLE analytics_daily ALTER COLUMN revenue TYPE numeric(38, 2), ALTER COLUMN attributed_revenue TYPE numeric(38, 2);
ALTER TABLE analytics_hourly ALTER COLUMN revenue TYPE numeric(38, 2), ALTER COLUMN attributed_revenue TYPE numeric(38, 2);
ALTER TABLE analytics_products ALTER COLUMN revenue TYPE numeric(38, 2), ALTER COLUMN attributed_revenue TYPE numeric(38, 2);
ALTER TABLE experiment_results ALTER COLUMN revenue TYPE numeric(38, 2);

-- As in 0004_analytics.sql.
CREATE MATERIALIZED VIEW analytics_summary AS
    SELECT tenant_id, date, sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks, sum(conversions)::bigint AS conversions,
           sum(revenue) AS revenue
    FROM analytics_daily GROUP BY tenant_id, date;
CREATE UNIQUE INDEX analytics_summary_key ON analytics_summary (tenant_id, date);
CREATE VIEW analytics_summary_of_declared WITH (security_barrier) AS
    SELECT tenant_id, date, impressions, clicks, conversions, revenue
    FROM analytics_summary WHERE tenant_id = ANY ((SELECT declared_tenants())::uuid[]);
GRANT SELECT ON analytics_summary_of_declared TO recomengine_app;
