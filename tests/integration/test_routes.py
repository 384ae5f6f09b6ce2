"""Who may see how an integration does, and of how many days."""

import httpx
import pytest

from tests.support.apps import MakeTenant, bearer
from tests.support.people import Person


async def test_an_admin_and_the_read_write_key_see_how_the_integration_does(
    client: httpx.AsyncClient, ann: Person, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    path = f"/api/v1/tenants/{tenant.id}/integration"
    answer = await client.get(path, headers=bearer(tenant.read_write))
    assert answer.status_code == 200, answer.text
    print(answer.text)
