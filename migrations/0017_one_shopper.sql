-- Why: a shopper's ids are one shopper in lists, experiments and figures; a wrong join can be undone; and shops say what
-- they know of a shopper.
SET LOCAL lock_timeout = '5s';

-- Of all ids of one shopper the one that was seen first, the same in each row of the shopper's: experiments hash it in
-- place of all of them. Null in rows from before there was one: there it is the user_id.
ALTER TABLE user_aliases ADD COLUMN first_seen_id text;

-- Every id that was joined with another one, the user_id itself among them, and whose it is. An id that is not here is a
-- shopper of its own.
CREATE VIEW joined_ids WITH (security_invoker = true) AS
    SELECT tenant_id, anonymous_id AS id, user_id, coalesce(first_seen_id, user_id) AS first_seen_id FROM user_aliases
    UNION ALL
    SELECT tenant_id, user_id, user_id, coalesce(min(first_seen_id), user_id)
    FROM user_aliases GROUP BY tenant_id, user_id;
GRANT SELECT ON joined_ids TO recomengine_app;

-- What became of which id when, so that figures of the days that it touches are computed anew. Rows go with an erasure.
CREATE TABLE alias_changes (
    tenant_id uuid NOT NULL CONSTRAINT alias_changes_tenant_id_fkey REFERENCES tenants (id) ON DELETE CASCADE,
    anonymous_id text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    user_id text NOT NULL,
    change text NOT NULL CONSTRAINT alias_changes_change_known CHECK (change IN ('joined', 'undone')),
    CONSTRAINT alias_changes_pkey PRIMARY KEY (tenant_id, anonymous_id, at)
);
CREATE INDEX alias_changes_at_idx ON alias_changes (tenant_id, at);

-- What a shop says of a shopper, under the id that it says it of.
CREATE TABLE user_properties (
    tenant_id uuid NOT NULL CONSTRAINT user_properties_tenant_id_fkey REFERENCES tenants (id) ON DELETE CASCADE,
    user_id text NOT NULL,
    properties jsonb NOT NULL CONSTRAINT user_properties_object CHECK (jsonb_typeof(properties) = 'object'),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_properties_pkey PRIMARY KEY (tenant_id, user_id)
);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['alias_changes', 'user_properties'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY %I ON %I TO recomengine_app
            USING (tenant_id = ANY ((SELECT declared_tenants())::uuid[]))', t || '_of_declared_tenants', t);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, DELETE ON alias_changes TO recomengine_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON user_properties TO recomengine_app;
