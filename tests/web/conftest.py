from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette

from tests.web.connections import serving


@pytest.fixture
async def address(app: Starlette) -> AsyncIterator[tuple[str, int]]:
    """Where `app` is served."""
    async with serving(app) as served:
        yield served.address
