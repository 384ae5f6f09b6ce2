"""A shop whose lists show what is known of a shopper."""

import pytest

from recomengine.context import Context
from tests.support.apps import MakeTenant, Tenant
from tests.support.lists import stock


@pytest.fixture
async def shop(context: Context, make_tenant: MakeTenant) -> Tenant:
    """Nothing is offered again that was bought, and there is a model."""
    tenant = await make_tenant(exclude_purchased="always")
    await stock(context, tenant.id)
    return tenant
