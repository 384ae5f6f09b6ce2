"""A shop of its own for each test."""

from uuid import UUID

import httpx
import pytest

from recomengine.context import Context
from tests.experiments.shop import Shop, open_shop
from tests.support.lists import stock
from tests.support.people import forget_attempts


@pytest.fixture
async def shop(context: Context, client: httpx.AsyncClient) -> Shop:
    await forget_attempts(context)
    return await open_shop(client)


@pytest.fixture
async def stocked(shop: Shop, context: Context) -> Shop:
    """A shop with products, a history and a model."""
    await stock(context, UUID(shop.id))
    return shop
