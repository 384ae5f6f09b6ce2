"""SQL of what messages are held against: the orders that they are about."""

from uuid import UUID

from recomengine.infra.database import Connection

ORDER_PRODUCTS = """
WITH bought AS (
    SELECT product_id, sum(coalesce((metadata ->> 'quantity')::numeric, 1))::bigint AS quantity FROM events
    WHERE tenant_id = $1 AND order_id = $2 AND event_type = 'purchase' GROUP BY product_id
), returned AS (
    SELECT product_id, sum(coalesce((metadata ->> 'quantity')::numeric, 1))::bigint AS quantity FROM events
    WHERE tenant_id = $1 AND metadata ->> 'orderId' = $2 AND event_type = 'return' GROUP BY product_id
)
SELECT b.product_id, greatest(0, b.quantity - coalesce(r.quantity, 0)) AS kept
FROM bought b LEFT JOIN returned r USING (product_id) ORDER BY b.product_id
"""


async def order_products(connection: Connection, tenant_id: UUID, order_id: str) -> dict[str, int]:
    """What was bought with the order, and how many of each were not returned yet."""
    rows = await connection.fetch(ORDER_PRODUCTS, tenant_id, order_id)
    return {row["product_id"]: row["kept"] for row in rows}
