"""A shop of 24 products, and an admin."""

import httpx
import pytest

from recomengine.context import Context
from tests.support.apps import MakeTenant, Tenant
from tests.support.people import Person, forget_attempts
from tests.support.shops import fill_catalog, product


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [product(f"tile{number}") for number in range(24)])
    return tenant


@pytest.fixture
async def ann(context: Context, client: httpx.AsyncClient) -> Person:
    await forget_attempts(context)
    person = Person(client)
    assert (await person.sign_up()).status_code == 201
    return person
