-- Why: shops take back what they sold, shoppers say what they do not want to see, and robots browse: their events are
-- stored, and left out of learning and of figures.
SET LOCAL lock_timeout = '5s';

ALTER TABLE events DROP CONSTRAINT events_event_type_known;
ALTER TABLE events ADD CONSTRAINT events_event_type_known CHECK (event_type IN (
    'impression', 'click', 'view', 'add_to_cart', 'remove_from_cart', 'wishlist', 'purchase', 'search', 'return',
    'dislike'));

-- Ids that are no shopper's: found by the worker (suspected) or named by an admin (confirmed); cleared: a shopper's
-- after all, whom the worker does not suspect again.
CREATE TABLE robots (
    tenant_id uuid NOT NULL CONSTRAINT robots_tenant_id_fkey REFERENCES tenants (id) ON DELETE CASCADE,
    user_id text NOT NULL,
    status text NOT NULL CONSTRAINT robots_status_known CHECK (status IN ('suspected', 'confirmed', 'cleared')),
    reason text NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT robots_pkey PRIMARY KEY (tenant_id, user_id)
);
ALTER TABLE robots ENABLE ROW LEVEL SECURITY;
CREATE POLICY robots_of_declared_tenants ON robots TO recomengine_app
    USING (tenant_id = ANY ((SELECT declared_tenants())::uuid[]));
GRANT SELECT, INSERT, UPDATE, DELETE ON robots TO recomengine_app;
