"""The pool: a full one is not waited for without end."""

import httpx
import pytest

from recomengine.context import Context
from recomengine.infra.database import open_pool, tenant_transaction
from tests.support.apps import MakeTenant, bearer


async def test_a_full_pool_is_waited_for_no_longer_than_the_bound(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.infra.database.ACQUIRE_TIMEOUT_S", 0.01)
    pool = await open_pool(database_url, min_size=1, max_size=1)
    async with pool.acquire():
        with pytest.raises(TimeoutError):
            await pool.fetchval("SELECT 1")
        with pytest.raises(TimeoutError):
            async with tenant_transaction(pool):
                pass
    assert await pool.fetchval("SELECT 1") == 1
    await pool.close()


async def test_a_request_that_finds_the_pool_full_is_told_when_to_come_back(
    client: httpx.AsyncClient, context: Context, make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = await make_tenant()
    headers = bearer(tenant.read_write)
    assert (await client.get("/api/v1/catalog", headers=headers)).status_code == 200
    held = [await context.pool.acquire() for _ in range(context.pool.get_max_size())]
    monkeypatch.setattr("recomengine.infra.database.ACQUIRE_TIMEOUT_S", 0.01)
    answer = await client.get("/api/v1/catalog", headers=headers)
    for connection in held:
        await context.pool.release(connection)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert (await client.get("/api/v1/catalog", headers=headers)).status_code == 200
