-- The schema as the migrations leave it: everything once, in its final form. To be read, never to
-- be run; `make schema` writes it anew.
-- Behind each name: the migrations that made or changed it, with the reasons. Left out: the months of events, which are
-- partitions that
-- the worker makes, and the tables of the library pgqueuer.

CREATE EXTENSION btree_gin;
CREATE EXTENSION pg_trgm;

-- Tables

-- 0001_schema
CREATE TABLE admins (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    email text NOT NULL,
    name text NOT NULL DEFAULT ''::text,
    password_hash text NOT NULL,
    role text NOT NULL DEFAULT 'admin'::text,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT admins_pkey PRIMARY KEY (id),
    CONSTRAINT admins_email_length CHECK (length(email) >= 3 AND length(email) <= 320),
    CONSTRAINT admins_name_length CHECK (length(name) <= 200),
    CONSTRAINT admins_role_known CHECK (role = ANY (ARRAY['admin'::text, 'owner'::text]))
);
CREATE UNIQUE INDEX admins_email_key ON admins USING btree (lower(email));
GRANT SELECT, INSERT, UPDATE ON admins TO recomengine_app;

-- 0017_one_shopper
CREATE TABLE alias_changes (
    tenant_id uuid NOT NULL,
    anonymous_id text NOT NULL,
    at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    user_id text NOT NULL,
    change text NOT NULL,
    CONSTRAINT alias_changes_pkey PRIMARY KEY (tenant_id, anonymous_id, at),
    CONSTRAINT alias_changes_change_known CHECK (change = ANY (ARRAY['joined'::text, 'undone'::text])),
    CONSTRAINT alias_changes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);
CREATE INDEX alias_changes_at_idx ON alias_changes USING btree (tenant_id, at);
ALTER TABLE alias_changes ENABLE ROW LEVEL SECURITY;
CREATE POLICY alias_changes_of_declared_tenants ON alias_changes TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, DELETE ON alias_changes TO recomengine_app;

-- 0001_schema, 0004_analytics, 0013_readable_numbers, 0019_net_figures
CREATE TABLE analytics_daily (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    date date NOT NULL,
    placement_id text NOT NULL DEFAULT ''::text,
    strategy text NOT NULL DEFAULT ''::text,
    impressions bigint NOT NULL DEFAULT 0,
    clicks bigint NOT NULL DEFAULT 0,
    conversions bigint NOT NULL DEFAULT 0,
    revenue numeric(38,2) NOT NULL DEFAULT 0,
    attributed_conversions bigint NOT NULL DEFAULT 0,
    attributed_revenue numeric(38,2) NOT NULL DEFAULT 0,
    orders bigint NOT NULL DEFAULT 0,
    other_currency bigint NOT NULL DEFAULT 0,
    returns bigint NOT NULL DEFAULT 0,
    returned_revenue numeric(38,2) NOT NULL DEFAULT 0,
    unmatched_returns bigint NOT NULL DEFAULT 0,
    CONSTRAINT analytics_daily_pkey PRIMARY KEY (id),
    CONSTRAINT analytics_daily_tenant_id_date_key UNIQUE (tenant_id, date, placement_id, strategy),
    CONSTRAINT analytics_daily_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
ALTER TABLE analytics_daily ENABLE ROW LEVEL SECURITY;
CREATE POLICY analytics_daily_of_declared_tenants ON analytics_daily TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_daily TO recomengine_app;

-- 0004_analytics, 0013_readable_numbers, 0019_net_figures
CREATE TABLE analytics_hourly (
    tenant_id uuid NOT NULL,
    date date NOT NULL,
    hour timestamp with time zone NOT NULL,
    placement_id text NOT NULL,
    strategy text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    conversions bigint NOT NULL,
    revenue numeric(38,2) NOT NULL,
    attributed_conversions bigint NOT NULL,
    attributed_revenue numeric(38,2) NOT NULL,
    orders bigint NOT NULL,
    other_currency bigint NOT NULL,
    returns bigint NOT NULL DEFAULT 0,
    returned_revenue numeric(38,2) NOT NULL DEFAULT 0,
    unmatched_returns bigint NOT NULL DEFAULT 0,
    CONSTRAINT analytics_hourly_pkey PRIMARY KEY (tenant_id, date, hour, placement_id, strategy)
);
ALTER TABLE analytics_hourly ENABLE ROW LEVEL SECURITY;
CREATE POLICY analytics_hourly_of_declared_tenants ON analytics_hourly TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_hourly TO recomengine_app;

-- 0024_top_products_and_funnel
CREATE TABLE analytics_product_blocks (
    tenant_id uuid NOT NULL,
    days integer NOT NULL,
    date date NOT NULL,
    product_id text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    conversions bigint NOT NULL,
    revenue numeric(38,2) NOT NULL,
    attributed_conversions bigint NOT NULL,
    attributed_revenue numeric(38,2) NOT NULL,
    CONSTRAINT analytics_product_blocks_pkey PRIMARY KEY (tenant_id, days, date, product_id),
    CONSTRAINT analytics_product_blocks_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);
ALTER TABLE analytics_product_blocks ENABLE ROW LEVEL SECURITY;
CREATE POLICY analytics_product_blocks_of_declared_tenants ON analytics_product_blocks TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_product_blocks TO recomengine_app;

-- 0024_top_products_and_funnel
CREATE TABLE analytics_product_hours (
    tenant_id uuid NOT NULL,
    date date NOT NULL,
    hour timestamp with time zone NOT NULL,
    product_id text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    conversions bigint NOT NULL,
    revenue numeric(38,2) NOT NULL,
    attributed_conversions bigint NOT NULL,
    attributed_revenue numeric(38,2) NOT NULL,
    CONSTRAINT analytics_product_hours_pkey PRIMARY KEY (tenant_id, date, hour, product_id),
    CONSTRAINT analytics_product_hours_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);
ALTER TABLE analytics_product_hours ENABLE ROW LEVEL SECURITY;
CREATE POLICY analytics_product_hours_of_declared_tenants ON analytics_product_hours TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_product_hours TO recomengine_app;

-- 0004_analytics, 0013_readable_numbers
CREATE TABLE analytics_products (
    tenant_id uuid NOT NULL,
    date date NOT NULL,
    product_id text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    conversions bigint NOT NULL,
    revenue numeric(38,2) NOT NULL,
    attributed_conversions bigint NOT NULL,
    attributed_revenue numeric(38,2) NOT NULL,
    CONSTRAINT analytics_products_pkey PRIMARY KEY (tenant_id, date, product_id)
);
ALTER TABLE analytics_products ENABLE ROW LEVEL SECURITY;
CREATE POLICY analytics_products_of_declared_tenants ON analytics_products TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_products TO recomengine_app;

-- 0004_analytics, 0019_net_figures, 0024_top_products_and_funnel, 0026_products_by_hour
CREATE TABLE analytics_state (
    tenant_id uuid NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}'::jsonb,
    through timestamp with time zone,
    products_through date,
    left_out text[] NOT NULL DEFAULT '{}'::text[],
    blocks_through date,
    product_hours_from date,
    CONSTRAINT analytics_state_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT analytics_state_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
ALTER TABLE analytics_state ENABLE ROW LEVEL SECURITY;
CREATE POLICY analytics_state_of_declared_tenants ON analytics_state TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_state TO recomengine_app;

-- 0001_schema
CREATE TABLE api_keys (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    key_hash bytea NOT NULL,
    key_prefix text NOT NULL,
    permissions text NOT NULL,
    origins text[] NOT NULL DEFAULT '{}'::text[],
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
    CONSTRAINT api_keys_key_hash_length CHECK (length(key_hash) = 32),
    CONSTRAINT api_keys_name_length CHECK (length(name) >= 1 AND length(name) <= 200),
    CONSTRAINT api_keys_permissions_known CHECK (permissions = ANY (ARRAY['read'::text, 'read-write'::text, 'publish'::text])),
    CONSTRAINT api_keys_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE INDEX api_keys_tenant_id_idx ON api_keys USING btree (tenant_id, created_at);
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY api_keys_of_declared_tenants ON api_keys TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON api_keys TO recomengine_app;

-- 0011_archived_figures
CREATE TABLE archived_events (
    tenant_id uuid NOT NULL,
    month date NOT NULL,
    newest timestamp with time zone NOT NULL,
    CONSTRAINT archived_events_pkey PRIMARY KEY (tenant_id, month),
    CONSTRAINT archived_events_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);
ALTER TABLE archived_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY archived_events_of_declared_tenants ON archived_events TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT ON archived_events TO recomengine_app;

-- 0003_accounts
CREATE TABLE audit_log (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    at timestamp with time zone NOT NULL DEFAULT now(),
    admin_id uuid NOT NULL,
    about_tenant uuid,
    action text NOT NULL,
    subject text NOT NULL,
    address text NOT NULL,
    before jsonb,
    after jsonb,
    CONSTRAINT audit_log_pkey PRIMARY KEY (id),
    CONSTRAINT audit_log_admin_id_fkey FOREIGN KEY (admin_id) REFERENCES admins(id)
);
CREATE INDEX audit_log_about_tenant_idx ON audit_log USING btree (about_tenant, id);
CREATE INDEX audit_log_admin_id_idx ON audit_log USING btree (admin_id, id);

-- 0001_schema, 0015_categories_and_text
CREATE TABLE catalog_items (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    product_id text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    category text,
    price numeric(12,2),
    currency text,
    image_url text,
    url text,
    description text,
    brand text,
    attributes jsonb NOT NULL DEFAULT '{}'::jsonb,
    available boolean NOT NULL DEFAULT true,
    version bigint NOT NULL,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    search tsvector,
    further_categories text[] NOT NULL DEFAULT '{}'::text[],
    CONSTRAINT catalog_items_pkey PRIMARY KEY (id),
    CONSTRAINT catalog_items_tenant_id_number_key UNIQUE (tenant_id, number),
    CONSTRAINT catalog_items_tenant_id_product_id_key UNIQUE (tenant_id, product_id),
    CONSTRAINT catalog_items_number_positive CHECK (number >= 0),
    CONSTRAINT catalog_items_price_positive CHECK (price >= 0::numeric),
    CONSTRAINT catalog_items_product_id_length CHECK (length(product_id) >= 1 AND length(product_id) <= 128),
    CONSTRAINT catalog_items_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE INDEX catalog_items_category_idx ON catalog_items USING btree (tenant_id, category text_pattern_ops) WHERE deleted_at IS NULL;
CREATE INDEX catalog_items_name_trgm_idx ON catalog_items USING gin (tenant_id, name gin_trgm_ops) WHERE deleted_at IS NULL;
CREATE INDEX catalog_items_search_idx ON catalog_items USING gin (tenant_id, search) WHERE deleted_at IS NULL;
CREATE INDEX catalog_items_version_idx ON catalog_items USING btree (tenant_id, version);
ALTER TABLE catalog_items ENABLE ROW LEVEL SECURITY;
CREATE POLICY catalog_items_of_declared_tenants ON catalog_items TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON catalog_items TO recomengine_app;

-- 0001_schema
CREATE TABLE catalog_state (
    tenant_id uuid NOT NULL,
    version bigint NOT NULL DEFAULT 0,
    next_number integer NOT NULL DEFAULT 0,
    CONSTRAINT catalog_state_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT catalog_state_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
ALTER TABLE catalog_state ENABLE ROW LEVEL SECURITY;
CREATE POLICY catalog_state_of_declared_tenants ON catalog_state TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON catalog_state TO recomengine_app;

-- 0003_accounts
CREATE TABLE ended_families (
    family uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT ended_families_pkey PRIMARY KEY (family)
);
CREATE INDEX ended_families_expires_at_idx ON ended_families USING btree (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON ended_families TO recomengine_app;

-- 0007_lifecycle
CREATE TABLE erasures (
    tenant_id uuid NOT NULL,
    number integer NOT NULL,
    receipt_id uuid NOT NULL DEFAULT gen_random_uuid(),
    digests bytea[] NOT NULL,
    before timestamp with time zone NOT NULL,
    events bigint NOT NULL,
    unfinished text[],
    finished_at timestamp with time zone,
    CONSTRAINT erasures_pkey PRIMARY KEY (tenant_id, number),
    CONSTRAINT erasures_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);
CREATE INDEX erasures_unfinished_idx ON erasures USING btree (tenant_id) WHERE unfinished IS NOT NULL;
ALTER TABLE erasures ENABLE ROW LEVEL SECURITY;
CREATE POLICY erasures_of_declared_tenants ON erasures TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE ON erasures TO recomengine_app;

-- 0001_schema, 0004_analytics, 0014_what_shops_send
CREATE TABLE events (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    event_type text NOT NULL,
    user_id text NOT NULL,
    product_id text,
    session_id text,
    client_event_id text,
    metadata jsonb,
    "timestamp" timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    order_id text GENERATED ALWAYS AS (
CASE
    WHEN event_type = 'purchase'::text THEN NULLIF(metadata ->> 'orderId'::text, ''::text)
    ELSE NULL::text
END) STORED,
    CONSTRAINT events_event_type_known CHECK (event_type = ANY (ARRAY['impression'::text, 'click'::text, 'view'::text, 'add_to_cart'::text, 'remove_from_cart'::text, 'wishlist'::text, 'purchase'::text, 'search'::text, 'return'::text, 'dislike'::text]))
) PARTITION BY RANGE (created_at);
CREATE INDEX events_clicks_idx ON events USING btree (tenant_id, user_id, product_id, "timestamp") WHERE event_type = 'click'::text;
CREATE INDEX events_created_at_idx ON events USING brin (created_at) WITH (pages_per_range='32', autosummarize='on');
CREATE INDEX events_order_id_idx ON events USING btree (tenant_id, order_id, "timestamp") WHERE order_id IS NOT NULL;
CREATE INDEX events_purchases_idx ON events USING btree (tenant_id, "timestamp") WHERE event_type = 'purchase'::text;
CREATE INDEX events_returned_at_idx ON events USING btree (tenant_id, "timestamp") WHERE event_type = 'return'::text;
CREATE INDEX events_returns_idx ON events USING btree (tenant_id, (metadata ->> 'orderId'::text), product_id) WHERE event_type = 'return'::text;
CREATE INDEX events_tenant_id_product_id_idx ON events USING btree (tenant_id, product_id);
CREATE INDEX events_tenant_id_timestamp_idx ON events USING btree (tenant_id, "timestamp");
CREATE INDEX events_tenant_id_user_id_event_type_idx ON events USING btree (tenant_id, user_id, event_type);
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
CREATE POLICY events_of_declared_tenants ON events TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON events TO recomengine_app;

-- 0001_schema, 0005_experiments, 0013_readable_numbers
CREATE TABLE experiment_results (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    experiment_id uuid NOT NULL,
    variant text NOT NULL,
    impressions bigint NOT NULL DEFAULT 0,
    clicks bigint NOT NULL DEFAULT 0,
    conversions bigint NOT NULL DEFAULT 0,
    revenue numeric(38,2) NOT NULL DEFAULT 0,
    sample_size bigint NOT NULL DEFAULT 0,
    computed_at timestamp with time zone NOT NULL DEFAULT now(),
    sums jsonb NOT NULL DEFAULT '{}'::jsonb,
    CONSTRAINT experiment_results_pkey PRIMARY KEY (id),
    CONSTRAINT experiment_results_sums_object CHECK (jsonb_typeof(sums) = 'object'::text),
    CONSTRAINT experiment_results_variant_known CHECK (variant = ANY (ARRAY['control'::text, 'variant'::text])),
    CONSTRAINT experiment_results_experiment_id_fkey FOREIGN KEY (tenant_id, experiment_id) REFERENCES experiments(tenant_id, id)
);
CREATE INDEX experiment_results_experiment_id_idx ON experiment_results USING btree (tenant_id, experiment_id, computed_at);
CREATE UNIQUE INDEX experiment_results_variant_key ON experiment_results USING btree (tenant_id, experiment_id, variant);
ALTER TABLE experiment_results ENABLE ROW LEVEL SECURITY;
CREATE POLICY experiment_results_of_declared_tenants ON experiment_results TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON experiment_results TO recomengine_app;

-- 0001_schema, 0005_experiments
CREATE TABLE experiments (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    name text NOT NULL,
    placement_id text,
    control_strategy text NOT NULL,
    variant_strategy text NOT NULL,
    traffic_split integer NOT NULL,
    metric text NOT NULL,
    status text NOT NULL DEFAULT 'draft'::text,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    kind text NOT NULL DEFAULT 'ab'::text,
    CONSTRAINT experiments_pkey PRIMARY KEY (id),
    CONSTRAINT experiments_tenant_id_id_key UNIQUE (tenant_id, id),
    CONSTRAINT experiments_kind_known CHECK (kind = ANY (ARRAY['ab'::text, 'interleaving'::text])),
    CONSTRAINT experiments_metric_known CHECK (metric = ANY (ARRAY['ctr'::text, 'conversion_rate'::text, 'revenue_per_user'::text])),
    CONSTRAINT experiments_name_length CHECK (length(name) >= 1 AND length(name) <= 200),
    CONSTRAINT experiments_status_known CHECK (status = ANY (ARRAY['draft'::text, 'running'::text, 'paused'::text, 'completed'::text])),
    CONSTRAINT experiments_traffic_split_range CHECK (traffic_split >= 1 AND traffic_split <= 99),
    CONSTRAINT experiments_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE UNIQUE INDEX experiments_one_running_per_placement ON experiments USING btree (tenant_id, COALESCE(placement_id, ''::text)) WHERE status = 'running'::text;
CREATE INDEX experiments_status_idx ON experiments USING btree (tenant_id, status);
ALTER TABLE experiments ENABLE ROW LEVEL SECURITY;
CREATE POLICY experiments_of_declared_tenants ON experiments TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON experiments TO recomengine_app;

-- 0003_accounts
CREATE TABLE idempotency_keys (
    admin_id uuid NOT NULL,
    key text NOT NULL,
    request bytea NOT NULL,
    made uuid NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (admin_id, key),
    CONSTRAINT idempotency_keys_key_length CHECK (length(key) >= 1 AND length(key) <= 255),
    CONSTRAINT idempotency_keys_admin_id_fkey FOREIGN KEY (admin_id) REFERENCES admins(id) ON DELETE CASCADE
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys USING btree (created_at);
GRANT SELECT, INSERT, DELETE ON idempotency_keys TO recomengine_app;

-- 0021_integration_notes
CREATE TABLE integration_notes (
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    count bigint NOT NULL,
    last_at timestamp with time zone NOT NULL,
    CONSTRAINT integration_notes_pkey PRIMARY KEY (tenant_id, day, kind, subject),
    CONSTRAINT integration_notes_count_positive CHECK (count > 0),
    CONSTRAINT integration_notes_subject_length CHECK (length(subject) >= 1 AND length(subject) <= 128),
    CONSTRAINT integration_notes_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);
CREATE INDEX integration_notes_day_idx ON integration_notes USING btree (day);
ALTER TABLE integration_notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY integration_notes_of_declared_tenants ON integration_notes TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON integration_notes TO recomengine_app;

-- 0022_members
CREATE TABLE invitations (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    email text NOT NULL,
    role text NOT NULL,
    digest bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT invitations_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT invitations_digest_key UNIQUE (digest),
    CONSTRAINT invitations_email_length CHECK (length(email) >= 3 AND length(email) <= 320),
    CONSTRAINT invitations_role_known CHECK (role = ANY (ARRAY['owner'::text, 'developer'::text, 'analyst'::text])),
    CONSTRAINT invitations_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX invitations_tenant_id_email_key ON invitations USING btree (tenant_id, lower(email));
ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
CREATE POLICY invitations_of_declared_tenants ON invitations TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON invitations TO recomengine_app;

-- 0006_jobs
CREATE TABLE jobs (
    id bigint NOT NULL,
    tenant_id uuid,
    name text NOT NULL,
    status text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    error text,
    queued_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    next_try_at timestamp with time zone,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    CONSTRAINT jobs_pkey PRIMARY KEY (id),
    CONSTRAINT jobs_status_known CHECK (status = ANY (ARRAY['waiting'::text, 'running'::text, 'succeeded'::text, 'dead'::text, 'replaced'::text])),
    CONSTRAINT jobs_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);
CREATE INDEX jobs_ended_at_idx ON jobs USING btree (ended_at);
CREATE INDEX jobs_tenant_id_idx ON jobs USING btree (tenant_id, id);
ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
CREATE POLICY jobs_of_declared_tenants ON jobs TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT ON jobs TO recomengine_app;

-- 0022_members
CREATE TABLE members (
    tenant_id uuid NOT NULL,
    admin_id uuid NOT NULL,
    role text NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT members_pkey PRIMARY KEY (tenant_id, admin_id),
    CONSTRAINT members_role_known CHECK (role = ANY (ARRAY['owner'::text, 'developer'::text, 'analyst'::text])),
    CONSTRAINT members_admin_id_fkey FOREIGN KEY (admin_id) REFERENCES admins(id) ON DELETE CASCADE,
    CONSTRAINT members_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);
CREATE INDEX members_admin_id_idx ON members USING btree (admin_id);
ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY members_of_declared_tenants ON members TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON members TO recomengine_app;

-- 0001_schema, 0002_build_progress
CREATE TABLE models (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    tenant_id uuid NOT NULL,
    version text NOT NULL,
    status text NOT NULL,
    error text,
    stats jsonb NOT NULL DEFAULT '{}'::jsonb,
    through timestamp with time zone,
    started_at timestamp with time zone NOT NULL DEFAULT now(),
    finished_at timestamp with time zone,
    part text,
    part_since timestamp with time zone,
    CONSTRAINT models_pkey PRIMARY KEY (id),
    CONSTRAINT models_tenant_id_version_key UNIQUE (tenant_id, version),
    CONSTRAINT models_status_known CHECK (status = ANY (ARRAY['building'::text, 'ready'::text, 'failed'::text])),
    CONSTRAINT models_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
CREATE INDEX models_newest_idx ON models USING btree (tenant_id, status, id DESC);
ALTER TABLE models ENABLE ROW LEVEL SECURITY;
CREATE POLICY models_of_declared_tenants ON models TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON models TO recomengine_app;

-- 0003_accounts
CREATE TABLE password_resets (
    digest bytea NOT NULL,
    admin_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT password_resets_pkey PRIMARY KEY (digest),
    CONSTRAINT password_resets_admin_id_fkey FOREIGN KEY (admin_id) REFERENCES admins(id) ON DELETE CASCADE
);
CREATE INDEX password_resets_admin_id_idx ON password_resets USING btree (admin_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON password_resets TO recomengine_app;

-- 0003_accounts, 0012_replaced_tokens, 0022_members
CREATE TABLE refresh_tokens (
    digest bytea NOT NULL,
    family uuid NOT NULL,
    admin_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    used_by bytea,
    began_at timestamp with time zone NOT NULL DEFAULT now(),
    user_agent text NOT NULL DEFAULT ''::text,
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (digest),
    CONSTRAINT refresh_tokens_user_agent_length CHECK (length(user_agent) <= 300),
    CONSTRAINT refresh_tokens_admin_id_fkey FOREIGN KEY (admin_id) REFERENCES admins(id) ON DELETE CASCADE
);
CREATE INDEX refresh_tokens_admin_id_idx ON refresh_tokens USING btree (admin_id);
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens USING btree (expires_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_tokens TO recomengine_app;

-- 0007_lifecycle
CREATE TABLE restored_months (
    month date NOT NULL,
    until timestamp with time zone NOT NULL,
    CONSTRAINT restored_months_pkey PRIMARY KEY (month)
);

-- 0018_robots_found
CREATE TABLE robot_searches (
    tenant_id uuid NOT NULL,
    through timestamp with time zone NOT NULL,
    CONSTRAINT robot_searches_pkey PRIMARY KEY (tenant_id),
    CONSTRAINT robot_searches_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);
ALTER TABLE robot_searches ENABLE ROW LEVEL SECURITY;
CREATE POLICY robot_searches_of_declared_tenants ON robot_searches TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON robot_searches TO recomengine_app;

-- 0014_what_shops_send
CREATE TABLE robots (
    tenant_id uuid NOT NULL,
    user_id text NOT NULL,
    status text NOT NULL,
    reason text NOT NULL,
    marked_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT robots_pkey PRIMARY KEY (tenant_id, user_id),
    CONSTRAINT robots_status_known CHECK (status = ANY (ARRAY['suspected'::text, 'confirmed'::text, 'cleared'::text])),
    CONSTRAINT robots_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);
ALTER TABLE robots ENABLE ROW LEVEL SECURITY;
CREATE POLICY robots_of_declared_tenants ON robots TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON robots TO recomengine_app;

CREATE TABLE schema_migrations (
    name text NOT NULL,
    digest text NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT schema_migrations_pkey PRIMARY KEY (name)
);
GRANT SELECT ON schema_migrations TO recomengine_app;

-- 0001_schema
CREATE TABLE tenants (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL,
    status text NOT NULL DEFAULT 'active'::text,
    config jsonb NOT NULL DEFAULT '{}'::jsonb,
    owner_id uuid,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT tenants_pkey PRIMARY KEY (id),
    CONSTRAINT tenants_config_object CHECK (jsonb_typeof(config) = 'object'::text),
    CONSTRAINT tenants_name_length CHECK (length(name) >= 1 AND length(name) <= 200),
    CONSTRAINT tenants_status_known CHECK (status = ANY (ARRAY['active'::text, 'suspended'::text, 'deleted'::text])),
    CONSTRAINT tenants_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES admins(id)
);
CREATE INDEX tenants_owner_id_idx ON tenants USING btree (owner_id);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenants_declared ON tenants TO recomengine_app USING (id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
CREATE TRIGGER tenants_take_owner AFTER INSERT ON tenants FOR EACH ROW WHEN (new.owner_id IS NOT NULL) EXECUTE FUNCTION take_owner();
GRANT SELECT, INSERT, UPDATE ON tenants TO recomengine_app;

-- 0007_lifecycle, 0017_one_shopper
CREATE TABLE user_aliases (
    tenant_id uuid NOT NULL,
    anonymous_id text NOT NULL,
    user_id text NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    first_seen_id text,
    CONSTRAINT user_aliases_pkey PRIMARY KEY (tenant_id, anonymous_id),
    CONSTRAINT user_aliases_differ CHECK (anonymous_id <> user_id),
    CONSTRAINT user_aliases_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);
CREATE INDEX user_aliases_user_id_idx ON user_aliases USING btree (tenant_id, user_id);
ALTER TABLE user_aliases ENABLE ROW LEVEL SECURITY;
CREATE POLICY user_aliases_of_declared_tenants ON user_aliases TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON user_aliases TO recomengine_app;

-- 0017_one_shopper
CREATE TABLE user_properties (
    tenant_id uuid NOT NULL,
    user_id text NOT NULL,
    properties jsonb NOT NULL,
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT user_properties_pkey PRIMARY KEY (tenant_id, user_id),
    CONSTRAINT user_properties_object CHECK (jsonb_typeof(properties) = 'object'::text),
    CONSTRAINT user_properties_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id) ON DELETE CASCADE
);
ALTER TABLE user_properties ENABLE ROW LEVEL SECURITY;
CREATE POLICY user_properties_of_declared_tenants ON user_properties TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON user_properties TO recomengine_app;

-- 0001_schema, 0020_widgets
CREATE TABLE widget_configs (
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    placement_id text NOT NULL,
    layout text NOT NULL DEFAULT 'grid'::text,
    columns integer NOT NULL DEFAULT 4,
    theme jsonb NOT NULL DEFAULT '{}'::jsonb,
    max_items integer NOT NULL DEFAULT 8,
    show_price boolean NOT NULL DEFAULT true,
    cta_text text NOT NULL DEFAULT ''::text,
    title text,
    strategy text,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    updated_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT widget_configs_pkey PRIMARY KEY (id),
    CONSTRAINT widget_configs_tenant_id_placement_id_key UNIQUE (tenant_id, placement_id),
    CONSTRAINT widget_configs_columns_range CHECK (columns >= 1 AND columns <= 6),
    CONSTRAINT widget_configs_cta_text_length CHECK (length(cta_text) <= 60),
    CONSTRAINT widget_configs_layout_known CHECK (layout = ANY (ARRAY['grid'::text, 'carousel'::text, 'list'::text])),
    CONSTRAINT widget_configs_max_items_range CHECK (max_items >= 1 AND max_items <= 100),
    CONSTRAINT widget_configs_placement_id_length CHECK (length(placement_id) >= 1 AND length(placement_id) <= 128),
    CONSTRAINT widget_configs_theme_object CHECK (jsonb_typeof(theme) = 'object'::text),
    CONSTRAINT widget_configs_title_length CHECK (length(title) >= 1 AND length(title) <= 200),
    CONSTRAINT widget_configs_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES tenants(id)
);
ALTER TABLE widget_configs ENABLE ROW LEVEL SECURITY;
CREATE POLICY widget_configs_of_declared_tenants ON widget_configs TO recomengine_app USING (tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON widget_configs TO recomengine_app;

-- Views

-- 0004_analytics, 0013_readable_numbers
CREATE MATERIALIZED VIEW analytics_summary AS
 SELECT tenant_id,
    date,
    sum(impressions)::bigint AS impressions,
    sum(clicks)::bigint AS clicks,
    sum(conversions)::bigint AS conversions,
    sum(revenue) AS revenue
   FROM analytics_daily
  GROUP BY tenant_id, date;
CREATE UNIQUE INDEX analytics_summary_key ON analytics_summary USING btree (tenant_id, date);

-- 0004_analytics, 0013_readable_numbers
CREATE VIEW analytics_summary_of_declared WITH (security_barrier=true) AS
 SELECT tenant_id,
    date,
    impressions,
    clicks,
    conversions,
    revenue
   FROM analytics_summary
  WHERE tenant_id = ANY ((( SELECT declared_tenants() AS declared_tenants))::uuid[]);
GRANT SELECT ON analytics_summary_of_declared TO recomengine_app;

-- 0017_one_shopper
CREATE VIEW joined_ids WITH (security_invoker=true) AS
 SELECT tenant_id,
    anonymous_id AS id,
    user_id,
    COALESCE(first_seen_id, user_id) AS first_seen_id
   FROM user_aliases
UNION ALL
 SELECT tenant_id,
    user_id AS id,
    user_id,
    COALESCE(min(first_seen_id), user_id) AS first_seen_id
   FROM user_aliases
  GROUP BY tenant_id, user_id;
GRANT SELECT ON joined_ids TO recomengine_app;

-- Functions

-- 0004_analytics, 0011_archived_figures, 0019_net_figures
CREATE FUNCTION analytics_due(p_since timestamp with time zone)
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
    WITH newest AS (
        SELECT e.tenant_id, max(e.created_at) AS created_at FROM events e WHERE e.created_at >= p_since GROUP BY e.tenant_id
    )
    SELECT t.id
    FROM tenants t
    LEFT JOIN analytics_state s ON s.tenant_id = t.id
    LEFT JOIN newest n ON n.tenant_id = t.id
    WHERE t.status <> 'deleted' AND (
        p_since IS NULL OR s.through IS NULL OR n.created_at >= s.through OR NOT t.config @> s.settings
        OR EXISTS (SELECT FROM alias_changes c WHERE c.tenant_id = t.id AND c.at >= s.through)
        OR s.left_out IS DISTINCT FROM ARRAY(SELECT l.id FROM analytics_left_out(t.id) l ORDER BY l.id COLLATE "C"))
$function$;
GRANT EXECUTE ON FUNCTION analytics_due TO recomengine_app;

-- 0004_analytics, 0019_net_figures
CREATE FUNCTION analytics_facts(p_tenant uuid, p_starts timestamp with time zone[], p_ends timestamp with time zone[], p_zone text, p_window_hours integer, p_currency text)
 RETURNS TABLE(date date, hour timestamp with time zone, product_id text, placement_id text, strategy text, impressions integer, clicks integer, conversions integer, revenue numeric, attributed_conversions integer, attributed_revenue numeric, orders integer, other_currency integer, returns integer, returned_revenue numeric, unmatched_returns integer)
 LANGUAGE sql
 STABLE
AS $function$
    WITH left_out AS MATERIALIZED (
        SELECT l.id FROM analytics_left_out(p_tenant) l
    ), slices AS MATERIALIZED (
        SELECT s.starts, s.ends FROM unnest(p_starts, p_ends) AS s (starts, ends)
    ), sent_back AS MATERIALIZED (
        SELECT e.id FROM slices s CROSS JOIN LATERAL (
            SELECT i.id FROM events i
            WHERE i.tenant_id = p_tenant AND i.timestamp >= s.starts AND i.timestamp < s.ends
              AND i.event_type = 'return' AND i.user_id NOT IN (SELECT l.id FROM left_out l)
              AND (i.metadata ->> 'bot') IS DISTINCT FROM 'true'
            OFFSET 0
        ) e
    ), returned AS MATERIALIZED (
        SELECT r.* FROM analytics_returned(p_tenant, ARRAY(SELECT b.id FROM sent_back b), p_currency) r
        WHERE EXISTS (SELECT FROM sent_back)
    ), bought AS MATERIALIZED (
        SELECT e.id, e.timestamp, e.product_id, e.order_id, e.returned_at, e.deducted, e.number,
               coalesce((SELECT a.user_id FROM user_aliases a
                         WHERE a.tenant_id = p_tenant AND a.anonymous_id = e.user_id), e.user_id) AS person,
               coalesce(e.metadata ->> 'currency', p_currency) = p_currency AS own,
               coalesce(round((e.metadata ->> 'price')::numeric
                              * coalesce((e.metadata ->> 'quantity')::numeric, 1), 2), 0) AS amount
        FROM (
            SELECT b.*, NULL::timestamptz AS returned_at, NULL::numeric AS deducted, NULL::bigint AS number
            FROM slices s CROSS JOIN LATERAL (
                SELECT * FROM events i
                WHERE i.tenant_id = p_tenant AND i.timestamp >= s.starts AND i.timestamp < s.ends
                  AND i.event_type = 'purchase' AND i.user_id NOT IN (SELECT l.id FROM left_out l)
                  AND (i.metadata ->> 'bot') IS DISTINCT FROM 'true'
                OFFSET 0
            ) b
            UNION ALL
            SELECT l.*, r.returned_at, r.amount, r.number FROM returned r CROSS JOIN LATERAL (
                SELECT * FROM events i WHERE i.tenant_id = p_tenant AND i.id = r.line_id OFFSET 0
            ) l
        ) e
    ), reach AS MATERIALIZED (
        SELECT b.person, b.product_id, min(b.timestamp) - make_interval(hours => p_window_hours) AS since,
               max(b.timestamp) AS until
        FROM bought b GROUP BY b.person, b.product_id
    ), steps AS (
        SELECT b.*, true AS bought, '' AS placement_id, '' AS strategy FROM bought b
        UNION ALL
        SELECT c.id, c.timestamp, c.product_id, NULL, NULL, NULL, NULL, r.person, NULL, NULL, false,
               coalesce(c.metadata ->> 'placementId', ''), coalesce(c.metadata ->> 'strategy', '')
        FROM (
            SELECT r.*, r.person AS user_id FROM reach r
            UNION ALL
            SELECT r.*, a.anonymous_id FROM reach r
            JOIN user_aliases a ON a.tenant_id = p_tenant AND a.user_id = r.person
        ) r CROSS JOIN LATERAL (
            SELECT * FROM events i
            WHERE i.tenant_id = p_tenant AND i.user_id = r.user_id AND i.product_id = r.product_id
              AND i.event_type = 'click' AND i.timestamp >= r.since AND i.timestamp <= r.until
              AND (i.metadata ->> 'bot') IS DISTINCT FROM 'true'
            OFFSET 0
        ) c
        WHERE c.metadata ->> 'recommendationId' <> '' OR c.metadata ->> 'placementId' <> ''
    ), numbered AS (
        SELECT s.*, count(*) FILTER (WHERE NOT s.bought) OVER w AS click
        FROM steps s
        WINDOW w AS (PARTITION BY s.person, s.product_id ORDER BY s.timestamp, s.bought, s.id ROWS UNBOUNDED PRECEDING)
    ), newest AS (
        SELECT n.*, first_value(n.timestamp) OVER w AS clicked_at, first_value(n.placement_id) OVER w AS clicked_in,
               first_value(n.strategy) OVER w AS clicked_by
        FROM numbered n
        WINDOW w AS (PARTITION BY n.person, n.product_id, n.click ORDER BY n.timestamp, n.bought, n.id)
    ), credited AS MATERIALIZED (
        SELECT n.id, n.timestamp, n.product_id, n.order_id, n.own, n.amount, n.returned_at, n.deducted, n.number,
               x.credit, CASE WHEN x.credit THEN n.clicked_in ELSE '' END AS placement_id,
               CASE WHEN x.credit THEN n.clicked_by ELSE '' END AS strategy
        FROM newest n CROSS JOIN LATERAL (
            SELECT n.click > 0 AND n.clicked_at >= n.timestamp - make_interval(hours => p_window_hours) AS credit
        ) x
        WHERE n.bought
    ), first_lines AS (
        SELECT l.id
        FROM (
            SELECT DISTINCT b.order_id FROM bought b
            WHERE b.own AND b.order_id IS NOT NULL AND b.returned_at IS NULL
        ) o CROSS JOIN LATERAL (
            SELECT i.id FROM events i
            WHERE i.tenant_id = p_tenant AND i.order_id = o.order_id
              AND coalesce(i.metadata ->> 'currency', p_currency) = p_currency
              AND i.user_id NOT IN (SELECT l.id FROM left_out l) AND (i.metadata ->> 'bot') IS DISTINCT FROM 'true'
            ORDER BY i.timestamp, i.id LIMIT 1
        ) l
    ), facts AS (
        SELECT e.timestamp, e.product_id, coalesce(e.metadata ->> 'placementId', '') AS placement_id,
               coalesce(e.metadata ->> 'strategy', '') AS strategy, (e.event_type = 'impression')::int AS impressions,
               (e.event_type = 'click')::int AS clicks, 0 AS conversions, NULL::numeric AS revenue,
               0 AS attributed_conversions, NULL::numeric AS attributed_revenue, 0 AS orders, 0 AS other_currency,
               0 AS returns, NULL::numeric AS returned_revenue, 0 AS unmatched_returns
        FROM slices s CROSS JOIN LATERAL (
            SELECT * FROM events i
            WHERE i.tenant_id = p_tenant AND i.timestamp >= s.starts AND i.timestamp < s.ends
              AND i.event_type IN ('impression', 'click') AND i.user_id NOT IN (SELECT l.id FROM left_out l)
              AND (i.metadata ->> 'bot') IS DISTINCT FROM 'true'
            OFFSET 0
        ) e
        UNION ALL
        SELECT c.timestamp, c.product_id, c.placement_id, c.strategy, 0, 0, 1,
               CASE WHEN c.own THEN c.amount END, c.credit::int, CASE WHEN c.own AND c.credit THEN c.amount END,
               (c.own AND (c.order_id IS NULL OR c.id IN (SELECT f.id FROM first_lines f)))::int, (NOT c.own)::int,
               0, NULL, 0
        FROM credited c WHERE c.returned_at IS NULL
        UNION ALL
        SELECT c.returned_at, c.product_id, c.placement_id, c.strategy, 0, 0, 0,
               -c.deducted, 0, CASE WHEN c.credit THEN -c.deducted END, 0, 0, (c.number = 1)::int, c.deducted, 0
        FROM credited c WHERE c.returned_at IS NOT NULL
        UNION ALL
        SELECT r.returned_at, r.product_id, '', '', 0, 0, 0, NULL, 0, NULL, 0, 0, 1, NULL, (NOT r.known)::int
        FROM returned r WHERE r.line_id IS NULL
    )
    SELECT (f.timestamp AT TIME ZONE p_zone)::date, analytics_hour(f.timestamp, p_zone), f.product_id, f.placement_id,
           f.strategy, f.impressions, f.clicks, f.conversions, f.revenue, f.attributed_conversions, f.attributed_revenue,
           f.orders, f.other_currency, f.returns, f.returned_revenue, f.unmatched_returns
    FROM facts f
$function$;
GRANT EXECUTE ON FUNCTION analytics_facts TO PUBLIC;

-- 0024_top_products_and_funnel, 0027_funnel_without_a_copy
CREATE FUNCTION analytics_funnel(p_tenant uuid, p_from timestamp with time zone, p_to timestamp with time zone, p_window_hours integer, p_placement text, p_strategy text)
 RETURNS TABLE(event_type text, events bigint, shoppers bigint)
 LANGUAGE sql
 STABLE
 SET work_mem TO '64MB'
AS $function$
    WITH left_out AS MATERIALIZED (
        SELECT l.id FROM analytics_left_out(p_tenant) l
    ), by_shopper AS (
        SELECT e.event_type, coalesce(a.user_id, e.user_id) AS person, count(*) AS events
        FROM events e LEFT JOIN user_aliases a ON a.tenant_id = p_tenant AND a.anonymous_id = e.user_id
        WHERE e.tenant_id = p_tenant AND e.timestamp >= p_from AND e.timestamp < p_to
          AND (e.event_type = 'impression' OR e.event_type = 'click'
                  AND (e.metadata ->> 'recommendationId' <> '' OR e.metadata ->> 'placementId' <> ''))
          AND (p_placement IS NULL OR coalesce(e.metadata ->> 'placementId', '') = p_placement)
          AND (p_strategy IS NULL OR coalesce(e.metadata ->> 'strategy', '') = p_strategy)
          AND e.user_id NOT IN (SELECT l.id FROM left_out l) AND (e.metadata ->> 'bot') IS DISTINCT FROM 'true'
        GROUP BY 1, 2
        UNION ALL
        SELECT f.event_type, f.person, count(*)
        FROM (
            SELECT e.event_type, e.product_id, e.timestamp, coalesce(a.user_id, e.user_id) AS person
            FROM events e LEFT JOIN user_aliases a ON a.tenant_id = p_tenant AND a.anonymous_id = e.user_id
            WHERE e.tenant_id = p_tenant AND e.timestamp >= p_from AND e.timestamp < p_to
              AND e.event_type IN ('add_to_cart', 'purchase')
              AND e.user_id NOT IN (SELECT l.id FROM left_out l) AND (e.metadata ->> 'bot') IS DISTINCT FROM 'true'
        ) f CROSS JOIN LATERAL (
            SELECT c.metadata
            FROM (
                SELECT f.person AS user_id
                UNION ALL
                SELECT a.anonymous_id FROM user_aliases a WHERE a.tenant_id = p_tenant AND a.user_id = f.person
            ) k CROSS JOIN LATERAL (
                SELECT i.id, i.timestamp, i.metadata FROM events i
                WHERE i.tenant_id = p_tenant AND i.user_id = k.user_id AND i.product_id = f.product_id
                  AND i.event_type = 'click' AND i.timestamp <= f.timestamp
                  AND i.timestamp >= f.timestamp - make_interval(hours => p_window_hours)
                  AND (i.metadata ->> 'bot') IS DISTINCT FROM 'true'
                  AND (i.metadata ->> 'recommendationId' <> '' OR i.metadata ->> 'placementId' <> '')
                OFFSET 0
            ) c
            ORDER BY c.timestamp DESC, c.id DESC LIMIT 1
        ) c
        WHERE (p_placement IS NULL OR coalesce(c.metadata ->> 'placementId', '') = p_placement)
          AND (p_strategy IS NULL OR coalesce(c.metadata ->> 'strategy', '') = p_strategy)
        GROUP BY 1, 2
    )
    SELECT b.event_type, sum(b.events)::bigint, count(*) FROM by_shopper b GROUP BY b.event_type
$function$;
GRANT EXECUTE ON FUNCTION analytics_funnel TO PUBLIC;

-- 0004_analytics
CREATE FUNCTION analytics_hour(p_at timestamp with time zone, p_zone text)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ SELECT date_bin('1 hour', p_at, date_trunc('day', p_at, p_zone)) $function$;
GRANT EXECUTE ON FUNCTION analytics_hour TO PUBLIC;

-- 0019_net_figures
CREATE FUNCTION analytics_left_out(p_tenant uuid)
 RETURNS TABLE(id text)
 LANGUAGE sql
 STABLE
AS $function$
    WITH people AS (
        SELECT coalesce(a.user_id, r.user_id) AS person
        FROM robots r LEFT JOIN user_aliases a ON a.tenant_id = p_tenant AND a.anonymous_id = r.user_id
        WHERE r.tenant_id = p_tenant AND r.status <> 'cleared'
    )
    SELECT p.person FROM people p
    UNION
    SELECT a.anonymous_id FROM people p JOIN user_aliases a ON a.tenant_id = p_tenant AND a.user_id = p.person
$function$;
GRANT EXECUTE ON FUNCTION analytics_left_out TO PUBLIC;

-- 0019_net_figures
CREATE FUNCTION analytics_returned(p_tenant uuid, p_returns uuid[], p_currency text)
 RETURNS TABLE(return_id uuid, returned_at timestamp with time zone, product_id text, line_id uuid, amount numeric, number bigint, known boolean)
 LANGUAGE sql
 STABLE
 SET enable_nestloop TO 'off'
 SET jit TO 'off'
AS $function$
    WITH left_out AS MATERIALIZED (
        SELECT l.id FROM analytics_left_out(p_tenant) l
    ), asked AS MATERIALIZED (
        SELECT r.id, r.timestamp, r.product_id, nullif(r.metadata ->> 'orderId', '') AS order_id,
               coalesce((SELECT a.user_id FROM user_aliases a
                         WHERE a.tenant_id = p_tenant AND a.anonymous_id = r.user_id), r.user_id) AS person
        FROM events r WHERE r.tenant_id = p_tenant AND r.id = ANY (p_returns)
    ), pools AS (
        SELECT q.person, q.product_id FROM asked q GROUP BY 1, 2
    ), of_shoppers AS MATERIALIZED (
        SELECT e.id, e.product_id, e.order_id
        FROM (
            SELECT p.person AS user_id, p.product_id FROM pools p
            UNION ALL
            SELECT a.anonymous_id, p.product_id
            FROM pools p JOIN user_aliases a ON a.tenant_id = p_tenant AND a.user_id = p.person
        ) k CROSS JOIN LATERAL (
            SELECT i.id, i.product_id, nullif(i.metadata ->> 'orderId', '') AS order_id FROM events i
            WHERE i.tenant_id = p_tenant AND i.user_id = k.user_id AND i.event_type IN ('purchase', 'return')
              AND i.product_id = k.product_id
            OFFSET 0
        ) e
    ), concerned AS (
        SELECT o.id FROM of_shoppers o
        UNION
        SELECT e.id
        FROM (
            SELECT q.order_id, q.product_id FROM asked q UNION SELECT o.order_id, o.product_id FROM of_shoppers o
        ) o CROSS JOIN LATERAL (
            SELECT i.id FROM events i
            WHERE i.tenant_id = p_tenant AND i.order_id = o.order_id AND i.product_id = o.product_id
              AND i.event_type = 'purchase'
            UNION ALL
            SELECT i.id FROM events i
            WHERE i.tenant_id = p_tenant AND i.metadata ->> 'orderId' = o.order_id AND i.product_id = o.product_id
              AND i.event_type = 'return'
        ) e
    ), steps AS MATERIALIZED (
        SELECT e.id, e.timestamp, e.event_type = 'purchase' AS bought, e.product_id,
               nullif(e.metadata ->> 'orderId', '') AS order_id,
               coalesce((SELECT a.user_id FROM user_aliases a
                         WHERE a.tenant_id = p_tenant AND a.anonymous_id = e.user_id), e.user_id) AS person,
               coalesce(e.metadata ->> 'currency', p_currency) = p_currency AS own,
               coalesce((e.metadata ->> 'quantity')::numeric, 1) AS quantity,
               round((e.metadata ->> 'price')::numeric * coalesce((e.metadata ->> 'quantity')::numeric, 1), 2) AS said
        FROM events e
        WHERE e.tenant_id = p_tenant AND e.id = ANY (ARRAY(SELECT c.id FROM concerned c))
          AND e.timestamp >= '1900-01-01Z' -- what is dated earlier is in no figure
          AND e.user_id NOT IN (SELECT l.id FROM left_out l) AND (e.metadata ->> 'bot') IS DISTINCT FROM 'true'
    ), lines AS MATERIALIZED (
        SELECT l.*, sum(l.worth) OVER (PARTITION BY l.order_id, l.product_id ORDER BY l.timestamp, l.id) AS until
        FROM (SELECT s.*, CASE WHEN s.own THEN coalesce(s.said, 0) ELSE 0 END AS worth FROM steps s WHERE s.bought) l
    ), orders AS MATERIALIZED (
        SELECT l.order_id, l.product_id, sum(l.worth) AS worth, sum(l.quantity) FILTER (WHERE l.own) AS quantity
        FROM lines l WHERE l.order_id IS NOT NULL GROUP BY 1, 2
    ), returns AS MATERIALIZED (
        SELECT s.*, o.worth AS order_worth,
               CASE WHEN NOT s.own THEN 0
                    ELSE coalesce(s.said, round(o.worth * s.quantity / o.quantity, 2), 0) END AS value
        FROM steps s LEFT JOIN orders o USING (order_id, product_id) WHERE NOT s.bought
    ), by_order AS MATERIALIZED (
        SELECT r.id AS return_id, l.id AS line_id,
               least(r.until, l.until) - greatest(r.until - r.value, l.until - l.worth) AS amount
        FROM (
            SELECT r.*, sum(r.value) OVER (PARTITION BY r.order_id, r.product_id ORDER BY r.timestamp, r.id) AS until
            FROM returns r WHERE r.order_worth IS NOT NULL
        ) r JOIN lines l USING (order_id, product_id)
        WHERE least(r.until, l.until) > greatest(r.until - r.value, l.until - l.worth)
    ), walk AS (
        SELECT w.id, w.timestamp, w.bought, w.person, w.product_id,
               count(*) FILTER (WHERE w.bought) OVER so_far > 0 AS known,
               CASE WHEN w.bought THEN w.worth - w.taken WHEN NOT w.own THEN 0
                    ELSE -coalesce(w.said, round(w.quantity * sum(w.worth) OVER so_far
                                   / sum(w.quantity) FILTER (WHERE w.bought AND w.own) OVER so_far, 2), 0) END AS change
        FROM (
            SELECT l.id, l.timestamp, l.bought, l.person, l.product_id, l.own, l.quantity, l.said, l.worth,
                   coalesce(b.taken, 0) AS taken
            FROM lines l LEFT JOIN (
                SELECT b.line_id, sum(b.amount) AS taken FROM by_order b GROUP BY 1
            ) b ON b.line_id = l.id
            UNION ALL
            SELECT r.id, r.timestamp, r.bought, r.person, r.product_id, r.own, r.quantity, r.said, 0, 0
            FROM returns r WHERE r.order_worth IS NULL
        ) w
        WINDOW so_far AS (PARTITION BY w.person, w.product_id ORDER BY w.timestamp, NOT w.bought, w.id)
    ), reached AS (
        SELECT w.*, sum(w.change) OVER so_far AS x FROM walk w
        WINDOW so_far AS (PARTITION BY w.person, w.product_id ORDER BY w.timestamp, NOT w.bought, w.id)
    ), missed AS (
        SELECT r.*, greatest(0, -min(r.x) OVER so_far) AS missed FROM reached r
        WINDOW so_far AS (PARTITION BY r.person, r.product_id ORDER BY r.timestamp, NOT r.bought, r.id)
    ), pooled AS MATERIALIZED (
        SELECT m.id, m.bought, m.person, m.product_id, m.known,
               CASE WHEN m.bought THEN m.change
                    ELSE lag(m.missed, 1, 0::numeric) OVER so_far - m.change - m.missed END AS amount,
               CASE WHEN m.bought THEN sum(m.change) FILTER (WHERE m.bought) OVER so_far
                    ELSE -sum(m.change) FILTER (WHERE NOT m.bought) OVER so_far - m.missed END AS until
        FROM missed m
        WINDOW so_far AS (PARTITION BY m.person, m.product_id ORDER BY m.timestamp, NOT m.bought, m.id)
    ), found AS (
        SELECT b.return_id, b.line_id, b.amount FROM by_order b
        UNION ALL
        SELECT r.id, l.id, least(r.until, l.until) - greatest(r.until - r.amount, l.until - l.amount)
        FROM pooled r JOIN pooled l USING (person, product_id)
        WHERE NOT r.bought AND l.bought
          AND least(r.until, l.until) > greatest(r.until - r.amount, l.until - l.amount)
    )
    SELECT q.id, q.timestamp, q.product_id, f.line_id, coalesce(f.amount, 0),
           row_number() OVER (PARTITION BY q.id ORDER BY l.timestamp, l.id), p.known IS NOT FALSE
    FROM asked q LEFT JOIN found f ON f.return_id = q.id LEFT JOIN lines l ON l.id = f.line_id
    LEFT JOIN pooled p ON p.id = q.id
$function$;
GRANT EXECUTE ON FUNCTION analytics_returned TO PUBLIC;

-- 0004_analytics, 0019_net_figures, 0028_lines_of_orders_once
CREATE FUNCTION analytics_touched(p_tenant uuid, p_since timestamp with time zone, p_from timestamp with time zone, p_zone text, p_window_hours integer, p_left_out text[])
 RETURNS TABLE(date date, hour timestamp with time zone)
 LANGUAGE sql
 STABLE
AS $function$
    WITH turned AS MATERIALIZED (
        SELECT coalesce(l.id, o.id) AS id
        FROM analytics_left_out(p_tenant) l FULL JOIN unnest(p_left_out) AS o (id) ON o.id = l.id
        WHERE l.id IS NULL OR o.id IS NULL
    ), news AS MATERIALIZED (
        SELECT e.event_type, e.user_id, e.product_id, e.timestamp,
               CASE WHEN e.event_type IN ('purchase', 'return') THEN nullif(e.metadata ->> 'orderId', '') END AS order_id,
               e.event_type = 'click' AND (e.metadata ->> 'recommendationId' <> '' OR e.metadata ->> 'placementId' <> '')
                   AS recommended
        FROM (
            SELECT * FROM events i WHERE i.tenant_id = p_tenant AND i.created_at >= p_since
            UNION ALL
            SELECT o.* FROM turned t CROSS JOIN LATERAL (
                SELECT * FROM events i WHERE i.tenant_id = p_tenant AND i.user_id = t.id AND i.created_at < p_since
                OFFSET 0
            ) o
        ) e
        WHERE e.timestamp >= p_from AND e.event_type IN ('impression', 'click', 'purchase', 'return')
          AND (e.metadata ->> 'bot') IS DISTINCT FROM 'true'
    ), changes AS MATERIALIZED (
        SELECT c.anonymous_id, c.user_id, row_number() OVER () AS number
        FROM alias_changes c WHERE c.tenant_id = p_tenant AND c.at >= p_since
    ), kin AS MATERIALIZED (
        SELECT c.number, i.id FROM changes c CROSS JOIN LATERAL (
            WITH people AS (
                SELECT coalesce(a.user_id, n.id) AS person
                FROM unnest(ARRAY[c.anonymous_id, c.user_id]) AS n (id)
                LEFT JOIN user_aliases a ON a.tenant_id = p_tenant AND a.anonymous_id = n.id
            )
            SELECT p.person AS id FROM people p
            UNION
            SELECT a.anonymous_id FROM people p JOIN user_aliases a ON a.tenant_id = p_tenant AND a.user_id = p.person
            UNION
            SELECT unnest(ARRAY[c.anonymous_id, c.user_id])
        ) i
    ), clicks AS (
        SELECT coalesce((SELECT a.user_id FROM user_aliases a
                         WHERE a.tenant_id = p_tenant AND a.anonymous_id = n.user_id), n.user_id) AS person,
               n.product_id, n.timestamp
        FROM news n WHERE n.recommended
    ), credited AS MATERIALIZED (
        SELECT b.user_id, b.product_id, b.order_id, b.timestamp
        FROM (
            SELECT c.person AS user_id, c.product_id, c.timestamp FROM clicks c
            UNION ALL
            SELECT a.anonymous_id, c.product_id, c.timestamp
            FROM clicks c JOIN user_aliases a ON a.tenant_id = p_tenant AND a.user_id = c.person
            UNION ALL
            SELECT k.id, c.product_id, c.timestamp
            FROM kin k JOIN kin other ON other.number = k.number AND other.id <> k.id CROSS JOIN LATERAL (
                SELECT i.product_id, i.timestamp FROM events i
                WHERE i.tenant_id = p_tenant AND i.user_id = other.id AND i.event_type = 'click'
                  AND (i.metadata ->> 'recommendationId' <> '' OR i.metadata ->> 'placementId' <> '')
                OFFSET 0
            ) c
        ) c CROSS JOIN LATERAL (
            SELECT i.user_id, i.product_id, i.order_id, i.timestamp FROM events i
            WHERE i.tenant_id = p_tenant AND i.user_id = c.user_id AND i.event_type = 'purchase'
              AND i.product_id = c.product_id AND i.timestamp >= c.timestamp
              AND i.timestamp <= c.timestamp + make_interval(hours => p_window_hours)
            OFFSET 0
        ) b
    ), moved AS MATERIALIZED (
        SELECT n.user_id, n.product_id, n.order_id FROM news n WHERE n.event_type IN ('purchase', 'return')
        UNION
        SELECT c.user_id, c.product_id, c.order_id FROM credited c
    ), sharing AS (
        SELECT m.user_id, m.product_id FROM moved m
        UNION
        SELECT o.user_id, m.product_id FROM moved m CROSS JOIN LATERAL (
            SELECT i.user_id FROM events i
            WHERE i.tenant_id = p_tenant AND i.order_id = m.order_id AND i.product_id = m.product_id
              AND i.event_type = 'purchase'
            UNION ALL
            SELECT i.user_id FROM events i
            WHERE i.tenant_id = p_tenant AND i.metadata ->> 'orderId' = m.order_id AND i.product_id = m.product_id
              AND i.event_type = 'return'
            OFFSET 0
        ) o
        UNION
        SELECT k.id, NULL FROM kin k
    ), people AS (
        SELECT DISTINCT coalesce((SELECT a.user_id FROM user_aliases a
                                  WHERE a.tenant_id = p_tenant AND a.anonymous_id = s.user_id), s.user_id) AS person,
               s.product_id
        FROM sharing s
    ), touched AS (
        SELECT n.timestamp FROM news n
        UNION ALL
        SELECT c.timestamp FROM credited c
        UNION ALL
        SELECT l.timestamp
        FROM (
            SELECT n.order_id, min(n.timestamp) AS first FROM news n
            WHERE n.event_type = 'purchase' AND n.order_id IS NOT NULL GROUP BY n.order_id
        ) o CROSS JOIN LATERAL (
            SELECT i.timestamp FROM events i
            WHERE i.tenant_id = p_tenant AND i.order_id = o.order_id AND i.timestamp - o.first >= interval '0'
            OFFSET 0
        ) l
        UNION ALL
        SELECT r.timestamp
        FROM (
            SELECT p.person AS user_id, p.product_id FROM people p
            UNION ALL
            SELECT a.anonymous_id, p.product_id
            FROM people p JOIN user_aliases a ON a.tenant_id = p_tenant AND a.user_id = p.person
        ) p CROSS JOIN LATERAL (
            SELECT i.timestamp FROM events i
            WHERE i.tenant_id = p_tenant AND i.user_id = p.user_id AND i.event_type = 'return'
              AND (p.product_id IS NULL OR i.product_id = p.product_id)
            OFFSET 0
        ) r
        WHERE EXISTS (SELECT FROM events i WHERE i.tenant_id = p_tenant AND i.event_type = 'return')
    )
    SELECT DISTINCT (t.timestamp AT TIME ZONE p_zone)::date, analytics_hour(t.timestamp, p_zone)
    FROM touched t WHERE t.timestamp >= p_from
$function$;
GRANT EXECUTE ON FUNCTION analytics_touched TO PUBLIC;

-- 0001_schema
CREATE FUNCTION declared_tenants()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$ SELECT nullif(current_setting('app.tenants', true), '')::uuid[] $function$;
GRANT EXECUTE ON FUNCTION declared_tenants TO PUBLIC;

-- 0001_schema
CREATE FUNCTION ensure_event_partitions(months_ahead integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO '$user', 'public'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
    month timestamptz := date_trunc('month', clock_timestamp());
    partition text;
    made int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7201, 0);
    FOR step IN 0..months_ahead LOOP
        partition := to_char(month, '"events_"YYYY_MM');
        IF to_regclass(partition) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)', partition, month, month + interval '1 month');
            EXECUTE format('CREATE UNIQUE INDEX %I ON %I (id)', partition || '_id_key', partition);
            made := made + 1;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN made;
END
$function$;
GRANT EXECUTE ON FUNCTION ensure_event_partitions TO recomengine_app;

-- 0001_schema
CREATE FUNCTION events_watermark()
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
AS $function$
DECLARE
    month timestamptz;
BEGIN
    LOOP
        month := date_trunc('month', clock_timestamp(), 'UTC');
        PERFORM pg_advisory_xact_lock(7202, (extract(epoch FROM month) / 86400)::int);
        PERFORM pg_advisory_xact_lock(7202, (extract(epoch FROM ((month AT TIME ZONE 'UTC') - interval '1 month') AT TIME ZONE 'UTC') / 86400)::int);
        EXIT WHEN date_trunc('month', clock_timestamp(), 'UTC') = month;
    END LOOP;
    RETURN date_trunc('milliseconds', clock_timestamp());
END
$function$;
GRANT EXECUTE ON FUNCTION events_watermark TO recomengine_app;

-- 0005_experiments
CREATE FUNCTION experiment_bucket(p_user_id text, p_experiment_id text)
 RETURNS integer
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
DECLARE
    hex text := encode(sha256(convert_to(p_user_id || p_experiment_id, 'UTF8')), 'hex');
BEGIN
    RETURN (76 * (('x' || substr(hex, 1, 4))::bit(16)::int % 100 + ('x' || substr(hex, 5, 15))::bit(60)::bigint % 100
                  + ('x' || substr(hex, 20, 15))::bit(60)::bigint % 100 + ('x' || substr(hex, 35, 15))::bit(60)::bigint % 100)
            + ('x' || substr(hex, 50, 15))::bit(60)::bigint % 100) % 100;
END
$function$;
GRANT EXECUTE ON FUNCTION experiment_bucket TO PUBLIC;

-- 0011_archived_figures
CREATE FUNCTION experiments_to_complete(p_before timestamp with time zone)
 RETURNS TABLE(tenant_id uuid, id uuid)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
    SELECT e.tenant_id, e.id
    FROM experiments e JOIN tenants t ON t.id = e.tenant_id
    WHERE t.status <> 'deleted' AND (
        (e.status IN ('running', 'paused') AND e.started_at < p_before)
        OR (e.status = 'completed' AND NOT EXISTS (
            SELECT FROM experiment_results r WHERE r.tenant_id = e.tenant_id AND r.experiment_id = e.id)))
$function$;
GRANT EXECUTE ON FUNCTION experiments_to_complete TO recomengine_app;

-- 0001_schema, 0003_accounts, 0005_experiments, 0020_widgets
CREATE FUNCTION find_api_key(p_key_hash bytea)
 RETURNS TABLE(id uuid, tenant_id uuid, key_prefix text, permissions text, origins text[], revoked boolean, ends_in_s double precision, tenant_status text, tenant_config jsonb, experiments jsonb, widgets jsonb)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
    SELECT k.id, k.tenant_id, k.key_prefix, k.permissions, k.origins, coalesce(k.revoked_at <= clock_timestamp(), false),
           extract(epoch FROM k.revoked_at - clock_timestamp())::float8, t.status, t.config,
           (SELECT jsonb_agg(jsonb_build_object(
                'id', e.id, 'kind', e.kind, 'placementId', e.placement_id, 'controlStrategy', e.control_strategy,
                'variantStrategy', e.variant_strategy, 'trafficSplit', e.traffic_split))
            FROM experiments e WHERE e.tenant_id = k.tenant_id AND e.status = 'running'),
           (SELECT jsonb_agg(jsonb_build_object(
                'placementId', w.placement_id, 'strategy', w.strategy, 'maxItems', w.max_items,
                'stamp', (extract(epoch FROM w.updated_at) * 1000000)::bigint))
            FROM widget_configs w WHERE w.tenant_id = k.tenant_id)
    FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
    WHERE k.key_hash = p_key_hash
$function$;
GRANT EXECUTE ON FUNCTION find_api_key TO recomengine_app;

-- 0022_members
CREATE FUNCTION find_invitation(p_digest bytea)
 RETURNS TABLE(tenant_id uuid, email text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
    SELECT i.tenant_id, i.email FROM invitations i JOIN tenants t ON t.id = i.tenant_id
    WHERE i.digest = p_digest AND i.expires_at > now() AND t.status <> 'deleted'
$function$;
GRANT EXECUTE ON FUNCTION find_invitation TO recomengine_app;

-- 0021_integration_notes
CREATE FUNCTION forget_integration_notes(p_before date)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
DECLARE
    forgotten bigint;
BEGIN
    DELETE FROM integration_notes WHERE day < p_before;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END
$function$;
GRANT EXECUTE ON FUNCTION forget_integration_notes TO recomengine_app;

-- 0006_jobs
CREATE FUNCTION forget_jobs(p_before timestamp with time zone)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
DECLARE
    forgotten bigint;
BEGIN
    DELETE FROM jobs WHERE ended_at < p_before AND status IN ('succeeded', 'replaced');
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    DELETE FROM pgqueuer_log l WHERE created < p_before AND NOT EXISTS (SELECT FROM pgqueuer q WHERE q.id = l.job_id);
    RETURN forgotten;
END
$function$;
GRANT EXECUTE ON FUNCTION forget_jobs TO recomengine_app;

-- 0003_accounts, 0022_members
CREATE FUNCTION owns_tenant(p_admin_id uuid, p_tenant_id uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
    SELECT coalesce(role_in(p_admin_id, p_tenant_id) = 'owner', false)
$function$;
GRANT EXECUTE ON FUNCTION owns_tenant TO recomengine_app;

-- 0003_accounts, 0004_analytics
CREATE FUNCTION purge_tenant(p_tenant_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
DECLARE
    t text;
BEGIN
    IF NOT EXISTS (SELECT FROM tenants WHERE id = p_tenant_id AND status = 'deleted') THEN
        RAISE EXCEPTION 'tenant % is not deleted', p_tenant_id;
    END IF;
    FOREACH t IN ARRAY ARRAY['experiment_results', 'experiments', 'analytics_daily', 'analytics_hourly', 'analytics_products', 'analytics_state',
                             'widget_configs', 'models', 'events', 'catalog_items', 'catalog_state', 'api_keys'] LOOP
        EXECUTE format('DELETE FROM %I WHERE tenant_id = $1', t) USING p_tenant_id;
    END LOOP;
    DELETE FROM tenants WHERE id = p_tenant_id;
END
$function$;
GRANT EXECUTE ON FUNCTION purge_tenant TO recomengine_app;

-- 0003_accounts, 0022_members
CREATE FUNCTION read_audit(p_admin_id uuid, p_tenant uuid, p_before_id bigint, p_limit integer)
 RETURNS SETOF audit_log
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
    SELECT * FROM audit_log
    WHERE (admin_id = p_admin_id OR about_tenant IN (SELECT tenant_id FROM members WHERE admin_id = p_admin_id))
      AND (p_tenant IS NULL OR about_tenant = p_tenant)
      AND (p_before_id IS NULL OR id < p_before_id)
    ORDER BY id DESC LIMIT p_limit
$function$;
GRANT EXECUTE ON FUNCTION read_audit TO recomengine_app;

-- 0003_accounts, 0022_members
CREATE FUNCTION read_audit(p_admin_id uuid, p_tenant uuid, p_before_id bigint, p_limit integer, p_actor uuid, p_action text)
 RETURNS SETOF audit_log
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
    SELECT * FROM audit_log
    WHERE (admin_id = p_admin_id OR about_tenant IN (SELECT tenant_id FROM members WHERE admin_id = p_admin_id))
      AND (p_tenant IS NULL OR about_tenant = p_tenant)
      AND (p_actor IS NULL OR admin_id = p_actor)
      AND (p_action IS NULL OR action = p_action OR starts_with(action, p_action || '.'))
      AND (p_before_id IS NULL OR id < p_before_id)
    ORDER BY id DESC LIMIT p_limit
$function$;
GRANT EXECUTE ON FUNCTION read_audit TO recomengine_app;

-- 0013_readable_numbers
CREATE FUNCTION readable_json(p_json jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_path_exists(p_json, 'strict $.**?((@ > -0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001 && @ < 0.000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001 || @ > 179769313486231570000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000) || @ < -179769313486231570000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000)'::jsonpath) THEN with_readable_numbers(p_json) ELSE p_json END;
GRANT EXECUTE ON FUNCTION readable_json TO PUBLIC;

-- 0006_jobs
CREATE FUNCTION record_job(p_id bigint, p_tenant uuid, p_name text, p_status text, p_attempts integer, p_error text, p_wait interval)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
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
$function$;
GRANT EXECUTE ON FUNCTION record_job TO recomengine_app;

-- 0004_analytics
CREATE FUNCTION refresh_analytics_summary()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY analytics_summary;
END
$function$;
GRANT EXECUTE ON FUNCTION refresh_analytics_summary TO recomengine_app;

-- 0022_members
CREATE FUNCTION role_in(p_admin_id uuid, p_tenant_id uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
    SELECT m.role FROM members m JOIN tenants t ON t.id = m.tenant_id
    WHERE m.tenant_id = p_tenant_id AND m.admin_id = p_admin_id AND t.status <> 'deleted'
$function$;
GRANT EXECUTE ON FUNCTION role_in TO recomengine_app;

-- 0009_running_experiments
CREATE FUNCTION running_experiments()
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$ SELECT count(*) FROM experiments WHERE status = 'running' $function$;
GRANT EXECUTE ON FUNCTION running_experiments TO recomengine_app;

-- 0001_schema, 0010_events_in_order, 0029_events_planned_once
CREATE FUNCTION store_events(p_tenants uuid[], p_ids uuid[], p_tenant_ids uuid[], p_types text[], p_users text[], p_products text[], p_sessions text[], p_client_ids text[], p_metadata text[], p_timestamps_ms bigint[], OUT stored uuid[], OUT moment timestamp with time zone)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
DECLARE
    month timestamptz;
    next_month timestamptz;
    look_back boolean;
    known uuid[] := '{}';
    stored_count bigint;
BEGIN
    PERFORM set_config('app.tenants', p_tenants::text, true);
    LOOP
        month := date_trunc('month', clock_timestamp(), 'UTC');
        next_month := ((month AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
        PERFORM pg_advisory_xact_lock_shared(7202, (extract(epoch FROM month) / 86400)::int);
        moment := clock_timestamp();
        EXIT WHEN moment < next_month;
    END LOOP;
    SELECT bool_or(t < (extract(epoch FROM month) + 3600) * 1000) INTO look_back FROM unnest(p_timestamps_ms) AS t;
    look_back := (look_back OR EXISTS (SELECT FROM unnest(p_client_ids) AS c WHERE c IS NOT NULL))
        AND EXISTS (SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                    WHERE i.inhparent = 'events'::regclass AND c.relname < to_char(month AT TIME ZONE 'UTC', '"events_"YYYY_MM'));
    IF look_back AND moment < month + interval '10 minutes' THEN
        PERFORM pg_advisory_xact_lock(7202, (extract(epoch FROM ((month AT TIME ZONE 'UTC') - interval '1 month') AT TIME ZONE 'UTC') / 86400)::int);
    END IF;
    IF look_back THEN
        SELECT coalesce(array_agg(e.id), '{}') INTO known
        FROM unnest(p_ids, p_client_ids, p_timestamps_ms) AS e (id, client_id, timestamp_ms)
        WHERE EXISTS (
            SELECT FROM events AS old
            WHERE old.id = e.id AND old.created_at < month
              AND (e.client_id IS NOT NULL OR e.timestamp_ms < (extract(epoch FROM month) + 3600) * 1000));
    END IF;
    WITH fresh AS (
        INSERT INTO events (id, tenant_id, event_type, user_id, product_id, session_id, client_event_id, metadata, timestamp, created_at)
        SELECT e.id, e.tenant_id, e.event_type, e.user_id, e.product_id, e.session_id, e.client_id, e.metadata::jsonb,
               timestamptz 'epoch' + e.timestamp_ms * interval '1 millisecond', moment
        FROM unnest(p_ids, p_tenant_ids, p_types, p_users, p_products, p_sessions, p_client_ids, p_metadata, p_timestamps_ms)
            AS e (id, tenant_id, event_type, user_id, product_id, session_id, client_id, metadata, timestamp_ms)
        WHERE e.id <> ALL (known)
        ORDER BY e.id
        ON CONFLICT DO NOTHING
        RETURNING id
    )
    SELECT count(*), array_agg(id) INTO stored_count, stored FROM fresh;
    IF stored_count = cardinality(p_ids) THEN
        stored := NULL;
    ELSE
        stored := coalesce(stored, '{}');
    END IF;
END
$function$;
GRANT EXECUTE ON FUNCTION store_events TO recomengine_app;

-- 0011_archived_figures
CREATE FUNCTION summarize_arrivals()
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO '$user', 'public'
 SET lock_timeout TO '100ms'
AS $function$
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
$function$;
GRANT EXECUTE ON FUNCTION summarize_arrivals TO recomengine_app;

-- 0022_members
CREATE FUNCTION take_owner()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO '$user', 'public'
AS $function$
BEGIN
    INSERT INTO members (tenant_id, admin_id, role) VALUES (NEW.id, NEW.owner_id, 'owner');
    UPDATE tenants SET owner_id = NULL WHERE id = NEW.id;
    RETURN NULL;
END
$function$;
GRANT EXECUTE ON FUNCTION take_owner TO PUBLIC;

-- 0001_schema, 0018_robots_found
CREATE FUNCTION tenants_due(p_since timestamp with time zone)
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
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
$function$;
GRANT EXECUTE ON FUNCTION tenants_due TO recomengine_app;

-- 0018_robots_found
CREATE FUNCTION tenants_heard_of(p_since timestamp with time zone)
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
    SELECT DISTINCT tenant_id FROM events WHERE created_at >= p_since
$function$;
GRANT EXECUTE ON FUNCTION tenants_heard_of TO recomengine_app;

-- 0003_accounts, 0022_members
CREATE FUNCTION tenants_of(p_admin_id uuid, p_after uuid, p_limit integer)
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
    SELECT t.id FROM members m JOIN tenants t ON t.id = m.tenant_id
    WHERE m.admin_id = p_admin_id AND t.status <> 'deleted'
      AND (p_after IS NULL OR (t.created_at, t.id) > (SELECT a.created_at, a.id FROM tenants a JOIN members b ON b.tenant_id = a.id
                                                      WHERE a.id = p_after AND b.admin_id = p_admin_id))
    ORDER BY t.created_at, t.id LIMIT p_limit
$function$;
GRANT EXECUTE ON FUNCTION tenants_of TO recomengine_app;

-- 0003_accounts
CREATE FUNCTION tenants_to_purge(p_before timestamp with time zone)
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
    SELECT id FROM tenants WHERE status = 'deleted' AND deleted_at < p_before
$function$;
GRANT EXECUTE ON FUNCTION tenants_to_purge TO recomengine_app;

-- 0007_lifecycle
CREATE FUNCTION tenants_with_unfinished_erasures()
 RETURNS SETOF uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
    SELECT DISTINCT tenant_id FROM erasures WHERE unfinished IS NOT NULL
$function$;
GRANT EXECUTE ON FUNCTION tenants_with_unfinished_erasures TO recomengine_app;

-- 0016_returns
CREATE FUNCTION wholly_returned(p_tenant uuid, p_order text, p_product text)
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT coalesce(p_order, '') = '' OR (
        SELECT coalesce(sum(coalesce((b.metadata ->> 'quantity')::numeric, 1)), 0) FROM events b
        WHERE b.tenant_id = p_tenant AND b.order_id = p_order AND b.product_id = p_product AND b.event_type = 'purchase'
    ) <= (
        SELECT coalesce(sum(coalesce((r.metadata ->> 'quantity')::numeric, 1)), 0) FROM events r
        WHERE r.tenant_id = p_tenant AND r.metadata ->> 'orderId' = p_order AND r.product_id = p_product AND r.event_type = 'return'
    )
$function$;
GRANT EXECUTE ON FUNCTION wholly_returned TO PUBLIC, recomengine_app;

-- 0013_readable_numbers
CREATE FUNCTION with_readable_numbers(p_json jsonb)
 RETURNS jsonb
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
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
$function$;
GRANT EXECUTE ON FUNCTION with_readable_numbers TO PUBLIC;

-- 0003_accounts
CREATE FUNCTION write_audit(p_admin_id uuid, p_tenant uuid, p_action text, p_subject text, p_address text, p_before jsonb, p_after jsonb)
 RETURNS void
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO '$user', 'public'
AS $function$
    INSERT INTO audit_log (admin_id, about_tenant, action, subject, address, before, after)
    VALUES (p_admin_id, p_tenant, p_action, p_subject, p_address, p_before, p_after)
$function$;
GRANT EXECUTE ON FUNCTION write_audit TO recomengine_app;
