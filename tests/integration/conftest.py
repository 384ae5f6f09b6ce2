"""Shops whose integration is examined."""

import httpx
import pytest

from recomengine.context import Context
from tests.support.apps import MakeTenant
from tests.support.integrations import IntegratedShop
from tests.support.shops import fill_catalog, product


@pytest.fixture
async def empty_shop(
    client: httpx.AsyncClient, context: Context, make_tenant: MakeTenant, database_url: str
) -> IntegratedShop:
    return IntegratedShop(
        client, context, await make_tenant(allowed_origins=("https://www.shop.example",)), database_url
    )


@pytest.fixture
async def shop(empty_shop: IntegratedShop) -> IntegratedShop:
    await fill_catalog(empty_shop.context, empty_shop.tenant.id, [product("boot", price=20)])
    return empty_shop
