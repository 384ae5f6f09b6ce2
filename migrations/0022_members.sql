-- Why: a shop is the work of several people. Members with roles in place of one owner, invitations by mail, and what an
-- account's sessions are told apart by.
SET LOCAL lock_timeout = '5s';

CREATE TABLE members (
    tenant_id uuid NOT NULL CONSTRAINT members_tenant_id_fkey REFERENCES tenants (id) ON DELETE CASCADE,
    admin_id uuid NOT NULL CONSTRAINT members_admin_id_fkey REFERENCES admins (id) ON DELETE CASCADE,
    role text NOT NULL CONSTRAINT members_role_known CHECK (role IN ('owner', 'developer', 'analyst')),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT members_pkey PRIMARY KEY (tenant_id, admin_id)
);
CREATE INDEX members_admin_id_idx ON members (admin_id);

-- An address has one invitation to a tenant. Only the digest (SHA-256) of its token is stored.
CREATE TABLE invitations (
    tenant_id uuid NOT NULL CONSTRAINT invitations_tenant_id_fkey REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    email text NOT NULL CONSTRAINT invitations_email_length CHECK (length(email) BETWEEN 3 AND 320),
    role text NOT NULL CONSTRAINT invitations_role_known CHECK (role IN ('owner', 'developer', 'analyst')),
    digest bytea NOT NULL CONSTRAINT invitations_digest_key UNIQUE,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT invitations_pkey PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX invitations_tenant_id_email_key ON invitations (tenant_id, lower(email));

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['members', 'invitations'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY %I ON %I TO recomengine_app USING (tenant_id = ANY ((SELECT declared_tenants())::uuid[]))', t || '_of_declared_tenants', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO recomengine_app', t);
    END LOOP;
END
$$;

INSERT INTO members (tenant_id, admin_id, role, created_at)
SELECT id, owner_id, 'owner', created_at FROM tenants WHERE owner_id IS NOT NULL;

-- tenants.owner_id is written by processes of the version before alone, while they still run: what they make gets its
-- member here. The column goes with them in a later migration.
UPDATE tenants SET owner_id = NULL WHERE owner_id IS NOT NULL;
CREATE FUNCTION take_owner() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO members (tenant_id, admin_id, role) VALUES (NEW.id, NEW.owner_id, 'owner');
    UPDATE tenants SET owner_id = NULL WHERE id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER tenants_take_owner AFTER INSERT ON tenants FOR EACH ROW WHEN (NEW.owner_id IS NOT NULL) EXECUTE FUNCTION take_owner();

-- What the admin is in the tenant; null for a stranger.
CREATE FUNCTION role_in(p_admin_id uuid, p_tenant_id uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT m.role FROM members m JOIN tenants t ON t.id = m.tenant_id
    WHERE m.tenant_id = p_tenant_id AND m.admin_id = p_admin_id AND t.status <> 'deleted'
$$;

-- The same question as the version before asks it.
CREATE OR REPLACE FUNCTION owns_tenant(p_admin_id uuid, p_tenant_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT coalesce(role_in(p_admin_id, p_tenant_id) = 'owner', false)
$$;

CREATE OR REPLACE FUNCTION tenants_of(p_admin_id uuid, p_after uuid, p_limit int) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT t.id FROM members m JOIN tenants t ON t.id = m.tenant_id
    WHERE m.admin_id = p_admin_id AND t.status <> 'deleted'
      AND (p_after IS NULL OR (t.created_at, t.id) > (SELECT a.created_at, a.id FROM tenants a JOIN members b ON b.tenant_id = a.id
                                                      WHERE a.id = p_after AND b.admin_id = p_admin_id))
    ORDER BY t.created_at, t.id LIMIT p_limit
$$;

CREATE OR REPLACE FUNCTION read_audit(p_admin_id uuid, p_tenant uuid, p_before_id bigint, p_limit int) RETURNS SETOF audit_log
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT * FROM audit_log
    WHERE (admin_id = p_admin_id OR about_tenant IN (SELECT tenant_id FROM members WHERE admin_id = p_admin_id))
      AND (p_tenant IS NULL OR about_tenant = p_tenant)
      AND (p_before_id IS NULL OR id < p_before_id)
    ORDER BY id DESC LIMIT p_limit
$$;

-- The same by who acted and by what was done: `key` for all that was done to keys, or one action such as `key.revoked`.
CREATE FUNCTION read_audit(p_admin_id uuid, p_tenant uuid, p_before_id bigint, p_limit int, p_actor uuid, p_action text)
RETURNS SETOF audit_log LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT * FROM audit_log
    WHERE (admin_id = p_admin_id OR about_tenant IN (SELECT tenant_id FROM members WHERE admin_id = p_admin_id))
      AND (p_tenant IS NULL OR about_tenant = p_tenant)
      AND (p_actor IS NULL OR admin_id = p_actor)
      AND (p_action IS NULL OR action = p_action OR starts_with(action, p_action || '.'))
      AND (p_before_id IS NULL OR id < p_before_id)
    ORDER BY id DESC LIMIT p_limit
$$;

-- Whom a token invites, and where; its holder has it from a mail and does not know the tenant.
CREATE FUNCTION find_invitation(p_digest bytea) RETURNS TABLE (tenant_id uuid, email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT i.tenant_id, i.email FROM invitations i JOIN tenants t ON t.id = i.tenant_id
    WHERE i.digest = p_digest AND i.expires_at > now() AND t.status <> 'deleted'
$$;
REVOKE ALL ON FUNCTION role_in, find_invitation, read_audit(uuid, uuid, bigint, int, uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION role_in, find_invitation, read_audit(uuid, uuid, bigint, int, uuid, text) TO recomengine_app;

-- A session is a family: when it began, carried from token to token, and the browser that each token went to.
ALTER TABLE refresh_tokens
    ADD COLUMN began_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN user_agent text NOT NULL DEFAULT '' CONSTRAINT refresh_tokens_user_agent_length CHECK (length(user_agent) <= 300);
UPDATE refresh_tokens t SET began_at = (SELECT min(f.created_at) FROM refresh_tokens f WHERE f.family = t.family AND f.admin_id = t.admin_id);
