"""What finding the changed hours costs, in rows that PostgreSQL reads: each line of an order once."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from recomengine.analytics.queries import TOUCHED_HOURS
from recomengine.context import Context
from recomengine.infra.database import tenant_transaction
from tests.support.apps import MakeTenant
from tests.support.shops import send

LINES = 400
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from steps(below)


async def test_an_order_that_comes_with_all_its_lines_is_looked_up_once(
    context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    order = [
        {"eventType": "purchase", "userId": "ann", "productId": f"p-{line}", "metadata": {"orderId": "o-1", "price": 1}}
        for line in range(LINES)
    ]
    await send(context, tenant.id, order)
    assert await rows_read(context, tenant.id) <= 12 * LINES


async def rows_read(context: Context, tenant_id: UUID) -> int:
    """The most that one step of the plan gives."""
    async with tenant_transaction(context.pool, tenant_id) as connection:
        text = await connection.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {TOUCHED_HOURS}", tenant_id, LONG_AGO, LONG_AGO, "UTC", 168, []
        )
    return max(round(step["Actual Rows"] * step["Actual Loops"]) for step in steps(json.loads(text)[0]["Plan"]))
