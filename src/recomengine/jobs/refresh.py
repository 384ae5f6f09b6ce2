"""`recomengine refresh`: queue a build, and on request wait for it."""

import asyncio
from typing import Any
from uuid import UUID

from recomengine.infra.database import Pool, open_pool
from recomengine.models import service
from recomengine.settings import Settings, SettingsError

POLL_S = 0.2
PATIENCE_S = 1800


async def refresh_now(settings: Settings, tenant_id: UUID, *, wait: bool) -> None:
    pool = await open_pool(settings.database_url, min_size=1, max_size=1)
    try:
        before = await service.newest_build(pool, tenant_id)
        await service.request_refresh(pool, tenant_id)
        if wait:
            async with asyncio.timeout(PATIENCE_S):
                model = await _next_model(pool, tenant_id, None if before is None else before["version"])
            print(f"model {model['version']}: {model['events']} events, {model['users']} users, {model['items']} items, {model['buildSeconds']} s")
    except TimeoutError:
        raise SettingsError(f"No model after {PATIENCE_S} s. Check that a worker runs.") from None
    finally:
        await pool.close()


async def _next_model(pool: Pool, tenant_id: UUID, before: str | None) -> dict[str, Any]:
    """The model of the first build after `before` that is over; raises SettingsError when it failed."""
    while True:
        newest = await service.newest_build(pool, tenant_id)
        if newest is not None and newest["version"] != before and newest["status"] == "failed":
            raise SettingsError(f"The build failed: {newest['error']}.")
        if newest is not None and newest["version"] != before and newest["status"] == "ready":
            return await service.status(pool, tenant_id)
        await asyncio.sleep(POLL_S)
