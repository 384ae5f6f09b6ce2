-- Why: what becomes of jobs. The queue forgets a job that is over; tenants and operators ask for it, and a worker must know
-- whether the last try of a job was broken off.
SET LOCAL lock_timeout = '5s';

-- One row a job; id is the queue's, and tenant_id is null for jobs of the whole system. Written through record_job alone.
-- replaced: it waited or was dead when a later job of its kind and tenant did its work.
CREATE TABLE jobs (
    id bigint CONSTRAINT jobs_pkey PRIMARY KEY,
    tenant_id uuid CONSTRAINT jobs_tenant_id_fkey REFERENCES tenants (id) ON DELETE CASCADE,
    name text NOT NULL,
    status text NOT NULL CONSTRAINT jobs_status_known CHECK (status IN ('waiting', 'running', 'succeeded', 'dead', 'replaced')),
    attempts int NOT NULL DEFAULT 0,
    error text,
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    next_try_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz
);
CREATE INDEX jobs_tenant_id_idx ON jobs (tenant_id, id);
CREATE INDEX jobs_ended_at_idx ON jobs (ended_at);

-- Puts down how a job stands now; its status before, null for a new one, and 'purged' when its tenant is gone and nothing was put
-- down. A job that ended takes the place of those of its kind and tenant before it that are dead, and, if it did the work, of those
-- that wait.
CREATE FUNCTION record_job(p_id bigint, p_tenant uuid, p_name text, p_status text, p_attempts int, p_error text, p_wait interval)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    former text;
BEGIN
    IF p_tenant IS NOT NULL AND NOT EXISTS (SELECT FROM tenants WHERE id = p_tenant) THEN
        RETURN 'purged';
    END IF;
    SELECT status INTO former FROM jobs WHERE id = p_id FOR UPDATE;
    INSERT INTO jobs AS job (id, tenant_id, name, status, attempts, error, next_try_at, started_at, ended_at)
    VALUES (p_id, p_tenant, p_name, p_status, p_attempts, p_error,
            CASE WHEN p_status = 'waiting' THEN clock_timestamp() + p_wait END,
            CASE WHEN p_status = 'running' THEN clock_timestamp() END,
            CASE WHEN p_status IN ('succeeded', 'dead') THEN clock_timestamp() END)
    ON CONFLICT (id) DO UPDATE
    SET status = excluded.status, attempts = excluded.attempts, next_try_at = excluded.next_try_at, ended_at = excluded.ended_at,
        started_at = coalesce(excluded.started_at, job.started_at),
        error = CASE WHEN p_status = 'succeeded' THEN NULL ELSE coalesce(excluded.error, job.error) END;
    IF p_status IN ('succeeded', 'dead') THEN
        WITH gone AS (
            DELETE FROM pgqueuer
            WHERE entrypoint = p_name AND payload IS NOT DISTINCT FROM uuid_send(p_tenant) AND id < p_id
              AND (status = 'failed' OR status = 'queued' AND p_status = 'succeeded')
            RETURNING id
        )
        UPDATE jobs SET status = 'replaced', ended_at = clock_timestamp(), next_try_at = NULL WHERE id IN (SELECT id FROM gone);
    END IF;
    RETURN former;
END
$$;

-- Forgets jobs that ended before p_before; how many. Dead ones stay until they are tried again or replaced.
CREATE FUNCTION forget_jobs(p_before timestamptz) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    forgotten bigint;
BEGIN
    DELETE FROM jobs WHERE ended_at < p_before AND status IN ('succeeded', 'replaced');
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    DELETE FROM pgqueuer_log l WHERE created < p_before AND NOT EXISTS (SELECT FROM pgqueuer q WHERE q.id = l.job_id);
    RETURN forgotten;
END
$$;

ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY jobs_of_declared_tenants ON jobs TO recomengine_app USING (tenant_id = ANY ((SELECT declared_tenants())::uuid[]));
GRANT SELECT ON jobs TO recomengine_app;
REVOKE ALL ON FUNCTION record_job, forget_jobs FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_job, forget_jobs TO recomengine_app;
