"""A shop whose lists show what is known of a shopper."""

import pytest

from recomengine.context import Context
from tests.support.apps import MakeTenant, Tenant
from tests.support.lists import SHOP, history
from tests.support.shops import build, fill_catalog, send


@pytest.fixture
async def shop(context: Context, make_tenant: MakeTenant) -> Tenant:
    """Nothing is offered again that was bought, and there is a model."""
    tenant = await make_tenant(exclude_purchased="always")
    await fill_catalog(context, tenant.id, SHOP)
    await send(context, tenant.id, history())
    await build(context, tenant.id)
    return tenant
