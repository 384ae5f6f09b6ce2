-- Why: what was returned is looked up by its order: the figures deduct it from the order's line, and a product that was returned
-- wholly counts no longer as bought.
SET LOCAL lock_timeout = '5s';

-- Returns alone, which are few: no other event costs anything here.
CREATE INDEX events_returns_idx ON events (tenant_id, (metadata ->> 'orderId'), product_id) WHERE event_type = 'return';

-- Whether of this product nothing is left that the order bought. An order of which no purchase is known counts as returned wholly, and
-- so does a return that names no order.
CREATE FUNCTION wholly_returned(p_tenant uuid, p_order text, p_product text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(p_order, '') = '' OR (
        SELECT coalesce(sum(coalesce((b.metadata ->> 'quantity')::numeric, 1)), 0) FROM events b
        WHERE b.tenant_id = p_tenant AND b.order_id = p_order AND b.product_id = p_product AND b.event_type = 'purchase'
    ) <= (
        SELECT coalesce(sum(coalesce((r.metadata ->> 'quantity')::numeric, 1)), 0) FROM events r
        WHERE r.tenant_id = p_tenant AND r.metadata ->> 'orderId' = p_order AND r.product_id = p_product AND r.event_type = 'return'
    )
$$;
GRANT EXECUTE ON FUNCTION wholly_returned TO recomengine_app;
