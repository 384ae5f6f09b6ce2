-- Why: who integrates a shop is told what comes wrong. What leaves no event behind, such as a refused origin, is counted
-- by day as it comes.
SET LOCAL lock_timeout = '5s';

CREATE TABLE integration_notes (
    tenant_id uuid NOT NULL
        CONSTRAINT integration_notes_tenant_id_fkey REFERENCES tenants (id) ON DELETE CASCADE,
    day date NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL CONSTRAINT integration_notes_subject_length CHECK (length(subject) BETWEEN 1 AND 128),
    count bigint NOT NULL CONSTRAINT integration_notes_count_positive CHECK (count > 0),
    last_at timestamptz NOT NULL,
    CONSTRAINT integration_notes_pkey PRIMARY KEY (tenant_id, day, kind, subject)
);
CREATE INDEX integration_notes_day_idx ON integration_notes (day);
ALTER TABLE integration_notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY integration_notes_of_declared_tenants ON integration_notes TO recomengine_app
    USING (tenant_id = ANY ((SELECT declared_tenants())::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON integration_notes TO recomengine_app;

-- Drops the notes of the days before p_before, of all tenants; how many there were.
CREATE FUNCTION forget_integration_notes(p_before date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    forgotten bigint;
BEGIN
    DELETE FROM integration_notes WHERE day < p_before;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END
$$;
REVOKE ALL ON FUNCTION forget_integration_notes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_integration_notes TO recomengine_app;
