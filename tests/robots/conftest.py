"""A shop of 24 products."""

import pytest

from recomengine.context import Context
from tests.support.apps import MakeTenant, Tenant
from tests.support.shops import fill_catalog, product


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [product(f"tile{number}") for number in range(24)])
    return tenant
