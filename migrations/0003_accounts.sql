-- Why: people sign in. Refresh tokens in families, revoked access tokens, reset tokens, what admins did, and answers to repeated POSTs.
SET LOCAL lock_timeout = '5s';

-- Only digests (SHA-256) of tokens are stored. A family is what one login began; whoever uses a token twice ends it.
CREATE TABLE refresh_tokens (
    digest bytea CONSTRAINT refresh_tokens_pkey PRIMARY KEY,
    family uuid NOT NULL,
    admin_id uuid NOT NULL CONSTRAINT refresh_tokens_admin_id_fkey REFERENCES admins (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_admin_id_idx ON refresh_tokens (admin_id);

-- Families that were ended, until their last access token has expired.
CREATE TABLE ended_families (
    family uuid CONSTRAINT ended_families_pkey PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ended_families_expires_at_idx ON ended_families (expires_at);

CREATE TABLE password_resets (
    digest bytea CONSTRAINT password_resets_pkey PRIMARY KEY,
    admin_id uuid NOT NULL CONSTRAINT password_resets_admin_id_fkey REFERENCES admins (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX password_resets_admin_id_idx ON password_resets (admin_id);

-- What admins did. Nobody reaches the table but the two functions below: one adds a line, one gives an admin the lines of their
-- own actions and tenants, deleted ones among them.
CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_log_pkey PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    admin_id uuid NOT NULL CONSTRAINT audit_log_admin_id_fkey REFERENCES admins (id),
    about_tenant uuid,
    action text NOT NULL,
    subject text NOT NULL,
    address text NOT NULL,
    before jsonb,
    after jsonb
);
CREATE INDEX audit_log_admin_id_idx ON audit_log (admin_id, id);
CREATE INDEX audit_log_about_tenant_idx ON audit_log (about_tenant, id);

CREATE FUNCTION write_audit(p_admin_id uuid, p_tenant uuid, p_action text, p_subject text, p_address text, p_before jsonb, p_after jsonb)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT AS $$
    INSERT INTO audit_log (admin_id, about_tenant, action, subject, address, before, after)
    VALUES (p_admin_id, p_tenant, p_action, p_subject, p_address, p_before, p_after)
$$;

CREATE FUNCTION read_audit(p_admin_id uuid, p_tenant uuid, p_before_id bigint, p_limit int) RETURNS SETOF audit_log
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT * FROM audit_log
    WHERE (admin_id = p_admin_id OR about_tenant IN (SELECT id FROM tenants WHERE owner_id = p_admin_id))
      AND (p_tenant IS NULL OR about_tenant = p_tenant)
      AND (p_before_id IS NULL OR id < p_before_id)
    ORDER BY id DESC LIMIT p_limit
$$;

-- What a POST with an Idempotency-Key has made; secrets in its answer are not here but made again from the key.
CREATE TABLE idempotency_keys (
    admin_id uuid NOT NULL CONSTRAINT idempotency_keys_admin_id_fkey REFERENCES admins (id) ON DELETE CASCADE,
    key text NOT NULL CONSTRAINT idempotency_keys_key_length CHECK (length(key) BETWEEN 1 AND 255),
    request bytea NOT NULL,
    made uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (admin_id, key)
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_tokens, ended_families, password_resets TO recomengine_app;
GRANT SELECT, INSERT, DELETE ON idempotency_keys TO recomengine_app;

-- The tenants of an admin, a page of them: their ids only, since a tenant's row is visible to those who declare it.
CREATE FUNCTION tenants_of(p_admin_id uuid, p_after uuid, p_limit int) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT id FROM tenants
    WHERE owner_id = p_admin_id AND status <> 'deleted'
      AND (p_after IS NULL OR (created_at, id) > (SELECT a.created_at, a.id FROM tenants a WHERE a.id = p_after AND a.owner_id = p_admin_id))
    ORDER BY created_at, id LIMIT p_limit
$$;

CREATE FUNCTION owns_tenant(p_admin_id uuid, p_tenant_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT EXISTS (SELECT FROM tenants WHERE id = p_tenant_id AND owner_id = p_admin_id AND status <> 'deleted')
$$;

-- Tenants whose time after their deletion is over.
CREATE FUNCTION tenants_to_purge(p_before timestamptz) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT id FROM tenants WHERE status = 'deleted' AND deleted_at < p_before
$$;

-- Removes everything of a deleted tenant but its line in the audit log.
CREATE FUNCTION purge_tenant(p_tenant_id uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    t text;
BEGIN
    IF NOT EXISTS (SELECT FROM tenants WHERE id = p_tenant_id AND status = 'deleted') THEN
        RAISE EXCEPTION 'tenant % is not deleted', p_tenant_id;
    END IF;
    FOREACH t IN ARRAY ARRAY['experiment_results', 'experiments', 'analytics_daily', 'widget_configs', 'models', 'events', 'catalog_items',
                             'catalog_state', 'api_keys'] LOOP
        EXECUTE format('DELETE FROM %I WHERE tenant_id = $1', t) USING p_tenant_id;
    END LOOP;
    DELETE FROM tenants WHERE id = p_tenant_id;
END
$$;
REVOKE ALL ON FUNCTION tenants_of, owns_tenant, tenants_to_purge, purge_tenant, write_audit, read_audit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenants_of, owns_tenant, tenants_to_purge, purge_tenant, write_audit, read_audit TO recomengine_app;

-- A rotated key works on until its revoked_at has come, so the look-up says when that is.
DROP FUNCTION find_api_key(bytea);
CREATE FUNCTION find_api_key(p_key_hash bytea)
RETURNS TABLE (id uuid, tenant_id uuid, key_prefix text, permissions text, origins text[], revoked boolean, ends_in_s float8,
               tenant_status text, tenant_config jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT k.id, k.tenant_id, k.key_prefix, k.permissions, k.origins, coalesce(k.revoked_at <= clock_timestamp(), false),
           extract(epoch FROM k.revoked_at - clock_timestamp())::float8, t.status, t.config
    FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
    WHERE k.key_hash = p_key_hash
$$;
REVOKE ALL ON FUNCTION find_api_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key TO recomengine_app;
