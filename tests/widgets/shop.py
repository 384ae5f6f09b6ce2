"""A shop whose admin sets its placements up, and the pages that show them."""

from typing import Any

import httpx

from tests.support.apps import bearer
from tests.support.people import Person
from tests.support.shops import until

WIDGET = {
    "placementId": "home", "layout": "carousel", "columns": 3,
    "theme": {"primaryColor": "#0a7d5a", "borderRadius": 8, "fontFamily": "Inter, sans-serif", "colorScheme": "auto"},
    "maxItems": 4, "showPrice": False, "ctaText": "Add to cart", "title": "For you", "strategy": "trending",
}  # fmt: skip


class Shop:
    """One tenant, its admin and its keys."""

    def __init__(self, person: Person, tenant_id: str, key: str, publish: str) -> None:
        self.person, self.id, self.key, self.publish = person, tenant_id, key, publish
        self.path = f"/api/v1/tenants/{tenant_id}/widgets"

    async def make(self, **fields: Any) -> dict[str, Any]:
        made = await self.person.call("POST", self.path, WIDGET | fields)
        assert made.status_code == 201, made.text
        return dict(made.json()["data"])

    async def change(self, widget_id: str, **fields: Any) -> dict[str, Any]:
        changed = await self.person.call("PATCH", f"{self.path}/{widget_id}", fields)
        assert changed.status_code == 200, changed.text
        return dict(changed.json()["data"])

    async def look(
        self, placement_id: str = "home", client: httpx.AsyncClient | None = None, **headers: str
    ) -> httpx.Response:
        return await (client or self.person.client).get(
            f"/api/v1/widgets/{placement_id}", headers=bearer(self.key) | headers
        )

    async def page(
        self, *placements: dict[str, Any], client: httpx.AsyncClient | None = None, **more: Any
    ) -> list[dict[str, Any]]:
        found = await (client or self.person.client).post(
            "/api/v1/widgets/page", json={"placements": placements, **more}, headers=bearer(self.key)
        )
        assert found.status_code == 200, found.text
        return list(found.json()["data"])

    async def recommend(self, client: httpx.AsyncClient | None = None, **params: Any) -> dict[str, Any]:
        found = await (client or self.person.client).get(
            "/api/v1/recommendations", params=params, headers=bearer(self.key)
        )
        assert found.status_code == 200, found.text
        return dict(found.json())

    async def decides(self, strategy: str, client: httpx.AsyncClient | None = None, placement_id: str = "home") -> None:
        """Wait until the process has heard that a list at this placement is made so."""

        async def heard() -> bool:
            meta = (await self.recommend(client, placementId=placement_id))["meta"]
            return bool(meta["requestedStrategy"] == strategy)

        await until(heard)


async def open_shop(client: httpx.AsyncClient, **config: Any) -> Shop:
    person = Person(client)
    assert (await person.sign_up()).status_code == 201
    tenant_id = await person.make_tenant(rateLimits={"readPerMinute": 60_000, "writePerMinute": 30_000}, **config)
    keys = [(await person.make_key(tenant_id, kind))["key"] for kind in ("read-write", "publish")]
    return Shop(person, tenant_id, *keys)
