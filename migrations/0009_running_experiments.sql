-- How many experiments run, for the metric active_experiments: a number over all tenants, which the serving role cannot count.
SET LOCAL lock_timeout = '5s';

CREATE FUNCTION running_experiments() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS
$$ SELECT count(*) FROM experiments WHERE status = 'running' $$;

REVOKE ALL ON FUNCTION running_experiments FROM PUBLIC;
GRANT EXECUTE ON FUNCTION running_experiments TO recomengine_app;
