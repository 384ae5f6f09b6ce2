-- Why: JSON that was stored before its numbers were checked may hold some that no reader takes, or that are short to write and endless
-- to read; and sums of the dearest purchases did not fit their columns.
SET LOCAL lock_timeout = '5s';

-- Whether a double can hold a number, and its digits can be written down: 1e-16000 has sixteen thousand.
CREATE FUNCTION is_readable_number(p_number numeric) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN scale(p_number) <= 400 AND abs(p_number) <= 1.7976931348623157e308;

-- The same with the nearest number that is readable in place of each that is not.
CREATE FUNCTION with_readable_numbers(p_json jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN CASE jsonb_typeof(p_json)
        WHEN 'object' THEN (SELECT coalesce(jsonb_object_agg(key, with_readable_numbers(value)), '{}') FROM jsonb_each(p_json))
        WHEN 'array' THEN (SELECT coalesce(jsonb_agg(with_readable_numbers(value) ORDER BY place), '[]')
                           FROM jsonb_array_elements(p_json) WITH ORDINALITY AS each (value, place))
        WHEN 'number' THEN to_jsonb(trim_scale(round(
            least(greatest(p_json::numeric, -1.7976931348623157e308), 1.7976931348623157e308), 400)))
        ELSE p_json
    END;
END
$$;

-- What a client gave, for whoever reads it as text or as values. The numbers are looked at as they are stored, not written out.
CREATE FUNCTION readable_json(p_json jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
BEGIN
    IF EXISTS (SELECT FROM jsonb_path_query(p_json, 'strict $.** ? (@.type() == "number")') AS number WHERE NOT is_readable_number(number::numeric)) THEN
        RETURN with_readable_numbers(p_json);
    END IF;
    RETURN p_json;
END
$$;

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
