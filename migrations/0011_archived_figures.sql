-- Why: what a shop's figures were computed from may be in the archive: they must be complete before it goes there, and stay afterwards.
SET LOCAL lock_timeout = '5s';

-- Which tenants have events in which month of the archive, and the newest timestamp of those. Archiving writes a month's rows before
-- it takes the month away, restoring deletes them. Figures of hours up to there can no longer be computed anew.
CREATE TABLE archived_events (
    tenant_id uuid NOT NULL CONSTRAINT archived_events_tenant_id_fkey REFERENCES tenants (id) ON DELETE CASCADE,
    month date NOT NULL,
    newest timestamptz NOT NULL,
    CONSTRAINT archived_events_pkey PRIMARY KEY (tenant_id, month)
);
ALTER TABLE archived_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY archived_events_of_declared_tenants ON archived_events TO recomengine_app USING (tenant_id = ANY ((SELECT declared_tenants())::uuid[]));
GRANT SELECT ON archived_events TO recomengine_app;

-- As in 0004_analytics.sql, for suspended tenants as well: their events are archived like all others.
CREATE OR REPLACE FUNCTION analytics_due(p_since timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    WITH newest AS (
        SELECT e.tenant_id, max(e.created_at) AS created_at FROM events e WHERE e.created_at >= p_since GROUP BY e.tenant_id
    )
    SELECT t.id
    FROM tenants t
    LEFT JOIN analytics_state s ON s.tenant_id = t.id
    LEFT JOIN newest n ON n.tenant_id = t.id
    WHERE t.status <> 'deleted' AND (p_since IS NULL OR s.through IS NULL OR n.created_at >= s.through OR NOT t.config @> s.settings)
$$;

-- Experiments that were started before p_before and still run, or are completed without that their figures were kept.
CREATE FUNCTION experiments_to_complete(p_before timestamptz) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT e.tenant_id, e.id
    FROM experiments e JOIN tenants t ON t.id = e.tenant_id
    WHERE t.status <> 'deleted' AND (
        (e.status IN ('running', 'paused') AND e.started_at < p_before)
        OR (e.status = 'completed' AND NOT EXISTS (
            SELECT FROM experiment_results r WHERE r.tenant_id = e.tenant_id AND r.experiment_id = e.id)))
$$;
REVOKE ALL ON FUNCTION experiments_to_complete FROM PUBLIC;
GRANT EXECUTE ON FUNCTION experiments_to_complete TO recomengine_app;

-- The index by arrival knows what lies in new pages of the events once it has summed them up. PostgreSQL's own background work does so
-- some minutes after a large import, and until then each look for newest events would read all of that. How many ranges of pages.
CREATE FUNCTION summarize_arrivals() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
SET lock_timeout = '100ms' AS $$
BEGIN
    RETURN coalesce(sum(brin_summarize_new_values(i.indexrelid)), 0)
    FROM pg_inherits h
    JOIN pg_index i ON i.indrelid = h.inhrelid
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am a ON a.oid = c.relam AND a.amname = 'brin'
    WHERE h.inhparent = 'events'::regclass AND NOT h.inhdetachpending;
EXCEPTION WHEN lock_not_available THEN -- a vacuum is at work, which does the same
    RETURN 0;
END
$$;
REVOKE ALL ON FUNCTION summarize_arrivals FROM PUBLIC;
GRANT EXECUTE ON FUNCTION summarize_arrivals TO recomengine_app;
