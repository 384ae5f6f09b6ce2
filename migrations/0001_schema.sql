-- Why: the whole first schema. Every table of a tenant carries tenant_id first in its key and indexes and is under
-- row-level security; the role recomengine_app serves requests, owns nothing and cannot bypass the policies.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;

DO $$
BEGIN
    CREATE ROLE recomengine_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL; -- roles belong to the cluster, not to this database
END
$$;
GRANT recomengine_app TO CURRENT_USER;

-- The tenants that the current transaction has declared; no row is visible without a declaration.
CREATE FUNCTION declared_tenants() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('app.tenants', true), '')::uuid[] $$;

CREATE TABLE admins (
    id uuid CONSTRAINT admins_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL CONSTRAINT admins_email_length CHECK (length(email) BETWEEN 3 AND 320),
    name text NOT NULL DEFAULT '' CONSTRAINT admins_name_length CHECK (length(name) <= 200),
    password_hash text NOT NULL,
    role text NOT NULL DEFAULT 'admin' CONSTRAINT admins_role_known CHECK (role IN ('admin', 'owner')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX admins_email_key ON admins (lower(email));

CREATE TABLE tenants (
    id uuid CONSTRAINT tenants_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL CONSTRAINT tenants_name_length CHECK (length(name) BETWEEN 1 AND 200),
    status text NOT NULL DEFAULT 'active' CONSTRAINT tenants_status_known CHECK (status IN ('active', 'suspended', 'deleted')),
    config jsonb NOT NULL DEFAULT '{}' CONSTRAINT tenants_config_object CHECK (jsonb_typeof(config) = 'object'),
    owner_id uuid CONSTRAINT tenants_owner_id_fkey REFERENCES admins (id),
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX tenants_owner_id_idx ON tenants (owner_id);

CREATE TABLE api_keys (
    id uuid CONSTRAINT api_keys_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL CONSTRAINT api_keys_tenant_id_fkey REFERENCES tenants (id),
    name text NOT NULL CONSTRAINT api_keys_name_length CHECK (length(name) BETWEEN 1 AND 200),
    key_hash bytea NOT NULL CONSTRAINT api_keys_key_hash_key UNIQUE CONSTRAINT api_keys_key_hash_length CHECK (length(key_hash) = 32),
    key_prefix text NOT NULL,
    permissions text NOT NULL CONSTRAINT api_keys_permissions_known CHECK (permissions IN ('read', 'read-write', 'publish')),
    origins text[] NOT NULL DEFAULT '{}',
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX api_keys_tenant_id_idx ON api_keys (tenant_id, created_at);

-- One row a tenant: its lock orders the tenant's catalog transactions, so `version` grows in commit order and
-- "what changed since v" misses nothing.
CREATE TABLE catalog_state (
    tenant_id uuid CONSTRAINT catalog_state_pkey PRIMARY KEY CONSTRAINT catalog_state_tenant_id_fkey REFERENCES tenants (id),
    version bigint NOT NULL DEFAULT 0,
    next_number int NOT NULL DEFAULT 0
);

CREATE TABLE catalog_items (
    id uuid CONSTRAINT catalog_items_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL CONSTRAINT catalog_items_tenant_id_fkey REFERENCES tenants (id),
    product_id text NOT NULL CONSTRAINT catalog_items_product_id_length CHECK (length(product_id) BETWEEN 1 AND 128),
    number int NOT NULL CONSTRAINT catalog_items_number_positive CHECK (number >= 0),
    name text NOT NULL,
    category text,
    price numeric(12, 2) CONSTRAINT catalog_items_price_positive CHECK (price >= 0),
    currency text,
    image_url text,
    url text,
    description text,
    brand text,
    attributes jsonb NOT NULL DEFAULT '{}',
    available boolean NOT NULL DEFAULT true,
    version bigint NOT NULL,
    deleted_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', name), 'A')
        || setweight(to_tsvector('simple', coalesce(brand, '') || ' ' || coalesce(category, '')), 'B')
        || setweight(to_tsvector('simple', left(coalesce(description, ''), 20000)), 'C')
    ) STORED,
    CONSTRAINT catalog_items_tenant_id_product_id_key UNIQUE (tenant_id, product_id),
    CONSTRAINT catalog_items_tenant_id_number_key UNIQUE (tenant_id, number)
);
CREATE INDEX catalog_items_version_idx ON catalog_items (tenant_id, version);
CREATE INDEX catalog_items_category_idx ON catalog_items (tenant_id, category text_pattern_ops) WHERE deleted_at IS NULL;
CREATE INDEX catalog_items_search_idx ON catalog_items USING gin (tenant_id, search) WHERE deleted_at IS NULL;
CREATE INDEX catalog_items_name_trgm_idx ON catalog_items USING gin (tenant_id, name gin_trgm_ops) WHERE deleted_at IS NULL;

-- No foreign key to tenants: it would cost a look-up for every event; the guard has already proved the tenant.
CREATE TABLE events (
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    event_type text NOT NULL CONSTRAINT events_event_type_known CHECK (event_type IN (
        'impression', 'click', 'view', 'add_to_cart', 'remove_from_cart', 'wishlist', 'purchase', 'search')),
    user_id text NOT NULL,
    product_id text,
    session_id text,
    client_event_id text,
    metadata jsonb,
    timestamp timestamptz NOT NULL,
    created_at timestamptz NOT NULL
) PARTITION BY RANGE (created_at);
CREATE INDEX events_tenant_id_timestamp_idx ON events (tenant_id, timestamp);
CREATE INDEX events_tenant_id_user_id_event_type_idx ON events (tenant_id, user_id, event_type);
CREATE INDEX events_tenant_id_product_id_idx ON events (tenant_id, product_id);
CREATE INDEX events_created_at_idx ON events USING brin (created_at) WITH (pages_per_range = 32, autosummarize = on);

-- The unique index is made on each partition (a parent-wide one would need created_at in it); it serves
-- ON CONFLICT DO NOTHING through the parent. The partition has no grants: it is reached through the parent only.
CREATE FUNCTION ensure_event_partitions(months_ahead int) RETURNS int LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET timezone = 'UTC' AS $$
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
$$;

-- Stores a batch of events of any number of tenants, each event once, in one round trip.
-- `stored` is NULL when every event was new, else the ids that were. The caller sends no id twice.
--
-- Once across months: ids are unique within a partition. An event cannot arrive before its own timestamp (an hour is
-- allowed for clocks), so only events whose timestamp lies in a former month, and events named by their client, are
-- also looked for in the former partitions. Around a month's first minutes a batch of the former month may still be
-- uncommitted: each batch holds a shared lock on the month it writes to, read from the clock after the lock is held,
-- and a batch that must look back takes the former month's lock exclusively first.
CREATE FUNCTION store_events(
    p_tenants uuid[], p_ids uuid[], p_tenant_ids uuid[], p_types text[], p_users text[], p_products text[], p_sessions text[],
    p_client_ids text[], p_metadata text[], p_timestamps_ms bigint[],
    OUT stored uuid[], OUT moment timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
    month timestamptz;
    next_month timestamptz;
    look_back boolean;
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
    WITH fresh AS (
        INSERT INTO events (id, tenant_id, event_type, user_id, product_id, session_id, client_event_id, metadata, timestamp, created_at)
        SELECT e.id, e.tenant_id, e.event_type, e.user_id, e.product_id, e.session_id, e.client_id, e.metadata::jsonb,
               timestamptz 'epoch' + e.timestamp_ms * interval '1 millisecond', moment
        FROM unnest(p_ids, p_tenant_ids, p_types, p_users, p_products, p_sessions, p_client_ids, p_metadata, p_timestamps_ms)
            AS e (id, tenant_id, event_type, user_id, product_id, session_id, client_id, metadata, timestamp_ms)
        WHERE NOT look_back OR NOT EXISTS (
            SELECT FROM events AS old
            WHERE old.id = e.id AND old.created_at < month
              AND (e.client_id IS NOT NULL OR e.timestamp_ms < (extract(epoch FROM month) + 3600) * 1000))
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
$$;

-- A moment such that every event created before it is committed and visible, and every later one is created at or after
-- it: it waits for the batches in flight, through the lock that each of them shares.
CREATE FUNCTION events_watermark() RETURNS timestamptz LANGUAGE plpgsql AS $$
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
$$;

CREATE TABLE experiments (
    id uuid CONSTRAINT experiments_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL CONSTRAINT experiments_tenant_id_fkey REFERENCES tenants (id),
    name text NOT NULL CONSTRAINT experiments_name_length CHECK (length(name) BETWEEN 1 AND 200),
    placement_id text,
    control_strategy text NOT NULL,
    variant_strategy text NOT NULL,
    traffic_split int NOT NULL CONSTRAINT experiments_traffic_split_range CHECK (traffic_split BETWEEN 1 AND 99),
    metric text NOT NULL CONSTRAINT experiments_metric_known CHECK (metric IN ('ctr', 'conversion_rate', 'revenue_per_user')),
    status text NOT NULL DEFAULT 'draft' CONSTRAINT experiments_status_known CHECK (status IN ('draft', 'running', 'paused', 'completed')),
    started_at timestamptz,
    completed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT experiments_tenant_id_id_key UNIQUE (tenant_id, id)
);
CREATE INDEX experiments_status_idx ON experiments (tenant_id, status);
CREATE UNIQUE INDEX experiments_one_running_per_placement ON experiments (tenant_id, coalesce(placement_id, '')) WHERE status = 'running';

CREATE TABLE experiment_results (
    id uuid CONSTRAINT experiment_results_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL,
    experiment_id uuid NOT NULL,
    variant text NOT NULL CONSTRAINT experiment_results_variant_known CHECK (variant IN ('control', 'variant')),
    impressions bigint NOT NULL DEFAULT 0,
    clicks bigint NOT NULL DEFAULT 0,
    conversions bigint NOT NULL DEFAULT 0,
    revenue numeric(14, 2) NOT NULL DEFAULT 0,
    sample_size bigint NOT NULL DEFAULT 0,
    computed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT experiment_results_experiment_id_fkey FOREIGN KEY (tenant_id, experiment_id) REFERENCES experiments (tenant_id, id)
);
CREATE INDEX experiment_results_experiment_id_idx ON experiment_results (tenant_id, experiment_id, computed_at);

CREATE TABLE analytics_daily (
    id uuid CONSTRAINT analytics_daily_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL CONSTRAINT analytics_daily_tenant_id_fkey REFERENCES tenants (id),
    date date NOT NULL,
    placement_id text NOT NULL DEFAULT '',
    strategy text NOT NULL DEFAULT '',
    impressions bigint NOT NULL DEFAULT 0,
    clicks bigint NOT NULL DEFAULT 0,
    conversions bigint NOT NULL DEFAULT 0,
    revenue numeric(14, 2) NOT NULL DEFAULT 0,
    CONSTRAINT analytics_daily_tenant_id_date_key UNIQUE (tenant_id, date, placement_id, strategy)
);

CREATE TABLE widget_configs (
    id uuid CONSTRAINT widget_configs_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    tenant_id uuid NOT NULL CONSTRAINT widget_configs_tenant_id_fkey REFERENCES tenants (id),
    placement_id text NOT NULL,
    layout text NOT NULL DEFAULT 'grid' CONSTRAINT widget_configs_layout_known CHECK (layout IN ('grid', 'carousel', 'list')),
    columns int NOT NULL DEFAULT 4 CONSTRAINT widget_configs_columns_range CHECK (columns BETWEEN 1 AND 6),
    theme jsonb NOT NULL DEFAULT '{}',
    max_items int NOT NULL DEFAULT 8 CONSTRAINT widget_configs_max_items_range CHECK (max_items BETWEEN 1 AND 100),
    show_price boolean NOT NULL DEFAULT true,
    cta_text text NOT NULL DEFAULT '',
    title text,
    strategy text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT widget_configs_tenant_id_placement_id_key UNIQUE (tenant_id, placement_id)
);

-- The builds of a tenant's model; the newest row with status 'ready' is the one that is served.
CREATE TABLE models (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT models_pkey PRIMARY KEY,
    tenant_id uuid NOT NULL CONSTRAINT models_tenant_id_fkey REFERENCES tenants (id),
    version text NOT NULL,
    status text NOT NULL CONSTRAINT models_status_known CHECK (status IN ('building', 'ready', 'failed')),
    error text,
    stats jsonb NOT NULL DEFAULT '{}',
    through timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    CONSTRAINT models_tenant_id_version_key UNIQUE (tenant_id, version)
);
CREATE INDEX models_newest_idx ON models (tenant_id, status, id DESC);

-- What needs all tenants runs as the owner, through functions that return the least that will do.
CREATE FUNCTION find_api_key(p_key_hash bytea)
RETURNS TABLE (id uuid, tenant_id uuid, key_prefix text, permissions text, origins text[], revoked boolean, tenant_status text, tenant_config jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT k.id, k.tenant_id, k.key_prefix, k.permissions, k.origins, k.revoked_at IS NOT NULL, t.status, t.config
    FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
    WHERE k.key_hash = p_key_hash
$$;

-- Active tenants whose newest model lacks something: an event stored since p_since, or a change of the catalog.
CREATE FUNCTION tenants_due(p_since timestamptz) RETURNS SETOF uuid
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
    WHERE t.status = 'active' AND (n.created_at >= coalesce(s.through, '-infinity') OR c.version > coalesce(s.catalog_version, 0))
$$;

DO $$
DECLARE
    t text;
    tenant_tables text[] := ARRAY['api_keys', 'catalog_state', 'catalog_items', 'events', 'experiments', 'experiment_results',
                                  'analytics_daily', 'widget_configs', 'models'];
BEGIN
    FOREACH t IN ARRAY tenant_tables LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY %I ON %I TO recomengine_app USING (tenant_id = ANY ((SELECT declared_tenants())::uuid[]))', t || '_of_declared_tenants', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO recomengine_app', t);
    END LOOP;
END
$$;
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenants_declared ON tenants TO recomengine_app USING (id = ANY ((SELECT declared_tenants())::uuid[]));
GRANT SELECT, INSERT, UPDATE ON tenants TO recomengine_app;
GRANT SELECT, INSERT, UPDATE ON admins TO recomengine_app;
REVOKE ALL ON FUNCTION ensure_event_partitions, store_events, events_watermark, find_api_key, tenants_due FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_event_partitions, store_events, events_watermark, find_api_key, tenants_due TO recomengine_app;
SELECT ensure_event_partitions(2);
GRANT SELECT ON schema_migrations TO recomengine_app;
