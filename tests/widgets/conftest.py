"""A shop of its own for each test."""

from uuid import UUID

import httpx
import pytest

from recomengine.context import Context
from tests.support.lists import stock
from tests.support.people import forget_attempts
from tests.widgets.shop import Shop, open_shop


@pytest.fixture
async def shop(context: Context, client: httpx.AsyncClient) -> Shop:
    await forget_attempts(context)
    return await open_shop(client, currency="EUR")


@pytest.fixture
async def stocked(shop: Shop, context: Context) -> Shop:
    """A shop with products, a history and a model."""
    await stock(context, UUID(shop.id))
    return shop
