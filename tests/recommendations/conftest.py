"""A shop with a history and a model of it."""

import pytest

from recomengine.context import Context
from tests.support.apps import MakeTenant, Tenant
from tests.support.lists import stock


@pytest.fixture
def exclude_purchased() -> str:
    """Whether the shop offers again what was bought; a file whose tests need it otherwise overrides this."""
    return "auto"


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant, exclude_purchased: str) -> Tenant:
    tenant = await make_tenant(exclude_purchased=exclude_purchased)
    await stock(context, tenant.id)
    return tenant
