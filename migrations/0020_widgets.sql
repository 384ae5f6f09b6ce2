-- Why: placements have widgets. What a widget may hold; and with each key's look-up what its tenant's widgets say of lists, so a request asks for neither.
SET LOCAL lock_timeout = '5s';

-- The table was made ahead and is empty.
ALTER TABLE widget_configs
    ADD CONSTRAINT widget_configs_placement_id_length CHECK (length(placement_id) BETWEEN 1 AND 128),
    ADD CONSTRAINT widget_configs_theme_object CHECK (jsonb_typeof(theme) = 'object'),
    ADD CONSTRAINT widget_configs_cta_text_length CHECK (length(cta_text) <= 60),
    ADD CONSTRAINT widget_configs_title_length CHECK (length(title) BETWEEN 1 AND 200);

-- stamp: when the widget was changed last, in microseconds; a copy of it that is older is good no more.
DROP FUNCTION find_api_key(bytea);
CREATE FUNCTION find_api_key(p_key_hash bytea)
RETURNS TABLE (id uuid, tenant_id uuid, key_prefix text, permissions text, origins text[], revoked boolean, ends_in_s float8,
               tenant_status text, tenant_config jsonb, experiments jsonb, widgets jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
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
$$;
REVOKE ALL ON FUNCTION find_api_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key TO recomengine_app;
