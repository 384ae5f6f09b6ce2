"""A shop that sends and asks, and what is found of its integration."""

from collections.abc import Mapping
from typing import Any

import httpx

from recomengine.context import Context
from recomengine.infra.database import tenant_transaction
from recomengine.integration.facts import Facts, read_facts
from recomengine.integration.queries import Sampling
from recomengine.shop import TenantConfig
from tests.support.apps import Tenant, bearer
from tests.support.databases import execute

Found = dict[str, Any]


class IntegratedShop:
    """Of a boot that costs 20."""

    def __init__(self, client: httpx.AsyncClient, context: Context, tenant: Tenant, database_url: str) -> None:
        self.client, self.context, self.tenant, self._database_url = client, context, tenant, database_url
        self.path = f"/api/v1/tenants/{tenant.id}"
        self._sent = 0

    async def send(self, event: Mapping[str, Any], times: int = 1, **more: Any) -> None:
        """The event so often, each time another; more: members of the batch."""
        events = [{"eventId": f"event-{self._sent + number}"} | event for number in range(times)]
        self._sent += times
        for start in range(0, times, 1000):
            body = {"events": events[start : start + 1000], **more}
            answer = await self.client.post("/api/v1/events/batch", json=body, headers=bearer(self.tenant.read_write))
            assert answer.status_code == 202, answer.text

    async def ask(self, times: int = 1, **query: str) -> None:
        for _ in range(times):
            answer = await self.client.get("/api/v1/recommendations", params=query, headers=bearer(self.tenant.read))
            assert answer.status_code == 200, answer.text

    async def examined(self, days: int = 7) -> dict[str, Any]:
        answer = await self.client.get(
            f"{self.path}/integration", params={"days": days}, headers=bearer(self.tenant.read_write)
        )
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    async def found(self, check: str) -> Found:
        return next(each for each in (await self.examined())["findings"] if each["check"] == check)

    async def status(self, check: str) -> str:
        return str((await self.found(check))["status"])

    async def sql(self, statement: str, *arguments: Any) -> None:
        """The tenant is the first parameter."""
        await execute(self._database_url, statement, self.tenant.id, *arguments)

    async def facts(self, sampling: Sampling) -> Facts:
        async with tenant_transaction(self.context.pool, self.tenant.id) as connection:
            return await read_facts(connection, TenantConfig(), sampling)
