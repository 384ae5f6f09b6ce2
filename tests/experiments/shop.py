"""A shop whose admin runs experiments, and shoppers whose bucket is known."""

from collections.abc import Iterator
from typing import Any

import httpx

from recomengine.experiments.assignment import bucket
from tests.support.apps import bearer
from tests.support.people import Person
from tests.support.shops import until

AB = {
    "name": "Test",
    "controlStrategy": "trending",
    "variantStrategy": "content_based",
    "trafficSplit": 50,
    "metric": "ctr",
    "placementId": "home",
}


class Shop:
    """One tenant, its admin and its read-write key."""

    def __init__(self, person: Person, tenant_id: str, key: str) -> None:
        self.person, self.id, self.key = person, tenant_id, key
        self.path = f"/api/v1/tenants/{tenant_id}/experiments"

    async def make(self, *, start: bool = True, **fields: Any) -> str:
        made = await self.person.call("POST", self.path, AB | fields)
        assert made.status_code == 201, made.text
        experiment_id = str(made.json()["data"]["id"])
        if start:
            await self.move(experiment_id, "start")
        return experiment_id

    async def move(self, experiment_id: str, step: str) -> dict[str, Any]:
        moved = await self.person.call("POST", f"{self.path}/{experiment_id}/{step}")
        assert moved.status_code == 200, moved.text
        return dict(moved.json()["data"])

    async def serves(self, experiment_id: str | None, client: httpx.AsyncClient | None = None, **params: Any) -> None:
        """Wait until the process has heard that this experiment takes such requests."""

        async def is_served() -> bool:
            found: str | None = (await self.recommend(client, **params))["meta"]["experimentId"]
            return found == experiment_id

        await until(is_served)

    async def results(self, experiment_id: str) -> dict[str, Any]:
        found = await self.person.call("GET", f"{self.path}/{experiment_id}/results")
        assert found.status_code == 200, found.text
        return dict(found.json()["data"])

    async def send(self, events: list[dict[str, Any]]) -> None:
        client = self.person.client
        for start in range(0, len(events), 1000):
            sent = await client.post(
                "/api/v1/events/batch", json={"events": events[start : start + 1000]}, headers=bearer(self.key)
            )
            assert sent.status_code == 202, sent.text
            assert sent.json()["data"]["accepted"] == len(events[start : start + 1000]), sent.text

    async def recommend(self, client: httpx.AsyncClient | None = None, **params: Any) -> dict[str, Any]:
        found = await (client or self.person.client).get(
            "/api/v1/recommendations", params=params, headers=bearer(self.key)
        )
        assert found.status_code == 200, found.text
        return dict(found.json())


async def open_shop(client: httpx.AsyncClient, **config: Any) -> Shop:
    person = Person(client)
    assert (await person.sign_up()).status_code == 201
    tenant_id = await person.make_tenant(rateLimits={"readPerMinute": 60_000, "writePerMinute": 30_000}, **config)
    return Shop(person, tenant_id, (await person.make_key(tenant_id))["key"])


def shoppers(experiment_id: str, split: int, variant: str, prefix: str = "u") -> Iterator[str]:
    """Names of shoppers whom the hash gives `variant`."""
    number = 0
    while True:
        name = f"{prefix}{number}"
        if (bucket(name, experiment_id) < split) == (variant == "control"):
            yield name
        number += 1
