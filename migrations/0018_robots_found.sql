-- Why: the worker looks for robots in what was stored since its last look; what it or an admin says of an id changes
-- what the next build learns from.
SET LOCAL lock_timeout = '5s';

-- Up to when a tenant's events were searched for robots.
CREATE TABLE robot_searches (
    tenant_id uuid CONSTRAINT robot_searches_pkey PRIMARY KEY
        CONSTRAINT robot_searches_tenant_id_fkey REFERENCES tenants (id) ON DELETE CASCADE,
    through timestamptz NOT NULL
);
ALTER TABLE robot_searches ENABLE ROW LEVEL SECURITY;
CREATE POLICY robot_searches_of_declared_tenants ON robot_searches TO recomengine_app
    USING (tenant_id = ANY ((SELECT declared_tenants())::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON robot_searches TO recomengine_app;

-- Tenants who stored an event since then.
CREATE FUNCTION tenants_heard_of(p_since timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT DISTINCT tenant_id FROM events WHERE created_at >= p_since
$$;
REVOKE ALL ON FUNCTION tenants_heard_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_heard_of TO recomengine_app;

-- Active tenants whose newest model lacks something: an event stored since p_since, a change of the catalog, or that an
-- id was found to be a robot's, or no robot's.
CREATE OR REPLACE FUNCTION tenants_due(p_since timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH served AS (
        SELECT DISTINCT ON (tenant_id) tenant_id, through, coalesce((stats ->> 'catalogVersion')::bigint, 0) AS catalog_version
        FROM models WHERE status = 'ready' ORDER BY tenant_id, id DESC
    ), newest AS (
        SELECT e.tenant_id, max(e.created_at) AS created_at FROM events e WHERE e.created_at >= p_since GROUP BY e.tenant_id
    )
    SELECT t.id
    FROM tenants t
    LEFT JOIN served s ON s.tenant_id = t.id
    LEFT JOIN newest n ON n.tenant_id = t.id
    LEFT JOIN catalog_state c ON c.tenant_id = t.id
    WHERE t.status = 'active' AND (n.created_at >= coalesce(s.through, '-infinity') OR c.version > coalesce(s.catalog_version, 0)
        OR EXISTS (SELECT FROM robots r WHERE r.tenant_id = t.id AND r.marked_at >= s.through))
$$;
