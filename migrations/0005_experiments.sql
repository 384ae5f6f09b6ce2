-- Why: experiments run. Their kind, the sums that a kept result is made from, a shopper's bucket, and what runs beside each key's tenant.
SET LOCAL lock_timeout = '5s';

ALTER TABLE experiments ADD COLUMN kind text NOT NULL DEFAULT 'ab' CONSTRAINT experiments_kind_known CHECK (kind IN ('ab', 'interleaving'));

-- Of a completed experiment one row a variant: the figures, and all sums over its users that the statistics take.
ALTER TABLE experiment_results ADD COLUMN sums jsonb NOT NULL DEFAULT '{}' CONSTRAINT experiment_results_sums_object CHECK (jsonb_typeof(sums) = 'object');
CREATE UNIQUE INDEX experiment_results_variant_key ON experiment_results (tenant_id, experiment_id, variant);

-- SHA-256 of user and experiment as a number of 256 bits, mod 100: 4 hexadecimal digits and four times 15; 2^60 is 76 mod 100, and so are its powers.
CREATE FUNCTION experiment_bucket(p_user_id text, p_experiment_id text) RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    hex text := encode(sha256(convert_to(p_user_id || p_experiment_id, 'UTF8')), 'hex');
BEGIN
    RETURN (76 * (('x' || substr(hex, 1, 4))::bit(16)::int % 100 + ('x' || substr(hex, 5, 15))::bit(60)::bigint % 100
                  + ('x' || substr(hex, 20, 15))::bit(60)::bigint % 100 + ('x' || substr(hex, 35, 15))::bit(60)::bigint % 100)
            + ('x' || substr(hex, 50, 15))::bit(60)::bigint % 100) % 100;
END
$$;

-- A key's look-up brings the experiments that run in its tenant, so a request asks for neither.
DROP FUNCTION find_api_key(bytea);
CREATE FUNCTION find_api_key(p_key_hash bytea)
RETURNS TABLE (id uuid, tenant_id uuid, key_prefix text, permissions text, origins text[], revoked boolean, ends_in_s float8,
               tenant_status text, tenant_config jsonb, experiments jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT k.id, k.tenant_id, k.key_prefix, k.permissions, k.origins, coalesce(k.revoked_at <= clock_timestamp(), false),
           extract(epoch FROM k.revoked_at - clock_timestamp())::float8, t.status, t.config,
           (SELECT jsonb_agg(jsonb_build_object(
                'id', e.id, 'kind', e.kind, 'placementId', e.placement_id, 'controlStrategy', e.control_strategy,
                'variantStrategy', e.variant_strategy, 'trafficSplit', e.traffic_split))
            FROM experiments e WHERE e.tenant_id = k.tenant_id AND e.status = 'running')
    FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
    WHERE k.key_hash = p_key_hash
$$;
REVOKE ALL ON FUNCTION find_api_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_api_key TO recomengine_app;
