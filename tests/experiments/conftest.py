"""A shop of its own for each test."""

import httpx
import pytest

from recomengine.context import Context
from tests.experiments.shop import Shop, open_shop
from tests.support.people import forget_attempts


@pytest.fixture
async def shop(context: Context, client: httpx.AsyncClient) -> Shop:
    await forget_attempts(context)
    return await open_shop(client)
