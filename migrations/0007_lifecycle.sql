-- Why: shoppers have their ids joined and their data erased, for good; raw events move to an archive after a time.
SET LOCAL lock_timeout = '5s';

-- Which anonymous ids are a shopper's. Flat: no user_id here is an anonymous_id of its tenant.
CREATE TABLE user_aliases (
    tenant_id uuid NOT NULL CONSTRAINT user_aliases_tenant_id_fkey REFERENCES tenants (id) ON DELETE CASCADE,
    anonymous_id text NOT NULL,
    user_id text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT user_aliases_pkey PRIMARY KEY (tenant_id, anonymous_id),
    CONSTRAINT user_aliases_differ CHECK (anonymous_id <> user_id)
);
CREATE INDEX user_aliases_user_id_idx ON user_aliases (tenant_id, user_id);

-- Tombstones: events of these shoppers (digests of their ids) stored before `before` are erased, wherever a copy of them turns up.
-- Numbers grow in the order of commits, by the lock of the tenant's people. The ids themselves stay until nothing of them is left
-- in Redis and in models.
CREATE TABLE erasures (
    tenant_id uuid NOT NULL CONSTRAINT erasures_tenant_id_fkey REFERENCES tenants (id) ON DELETE CASCADE,
    number int NOT NULL,
    receipt_id uuid NOT NULL DEFAULT gen_random_uuid(),
    digests bytea[] NOT NULL,
    before timestamptz NOT NULL,
    events bigint NOT NULL,
    unfinished text[],
    finished_at timestamptz,
    CONSTRAINT erasures_pkey PRIMARY KEY (tenant_id, number)
);
CREATE INDEX erasures_unfinished_idx ON erasures (tenant_id) WHERE unfinished IS NOT NULL;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['user_aliases', 'erasures'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY %I ON %I TO recomengine_app USING (tenant_id = ANY ((SELECT declared_tenants())::uuid[]))', t || '_of_declared_tenants', t);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON user_aliases TO recomengine_app;
GRANT SELECT, INSERT, UPDATE ON erasures TO recomengine_app;

CREATE FUNCTION tenants_with_unfinished_erasures() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT DISTINCT tenant_id FROM erasures WHERE unfinished IS NOT NULL
$$;
REVOKE ALL ON FUNCTION tenants_with_unfinished_erasures FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_with_unfinished_erasures TO recomengine_app;

-- Months of events that were brought back from the archive, and until when they stay. Only the owner reads and writes it.
CREATE TABLE restored_months (
    month date CONSTRAINT restored_months_pkey PRIMARY KEY,
    until timestamptz NOT NULL
);
