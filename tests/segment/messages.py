"""Messages as libraries send them, sent by hand, and the events that became of them."""

import json
from base64 import b64encode
from typing import Any

import httpx

from tests.support.apps import Tenant
from tests.support.stored import stored

SUCCESS = {"success": True}
Json = dict[str, Any]


def basic(key: str) -> dict[str, str]:
    """As the libraries of servers authenticate: the key as user name, without a password."""
    return {"Authorization": f"Basic {b64encode(f'{key}:'.encode()).decode()}"}


def track(event: str, properties: Json | None = None, **members: Any) -> Json:
    return {"type": "track", "userId": "ann", "event": event, "properties": properties or {}, **members}


async def post(client: httpx.AsyncClient, tenant: Tenant, *messages: Json, path: str = "batch") -> httpx.Response:
    return await client.post(f"/v1/{path}", json={"batch": messages}, headers=basic(tenant.read_write))


async def take(client: httpx.AsyncClient, tenant: Tenant, *messages: Json, path: str = "batch") -> None:
    """Send them in one batch, which is taken whatever is in it."""
    answer = await post(client, tenant, *messages, path=path)
    assert (answer.status_code, answer.json()) == (200, SUCCESS), answer.text


async def events(database_url: str, tenant: Tenant) -> list[Json]:
    """Those of the tenant by their product, with what of their metadata is not the libraries' own."""
    found = []
    for row in await stored(database_url, tenant.id):
        metadata = json.loads(row["metadata"] or "{}")
        kept = {"type": row["event_type"], "user": row["user_id"], "product": row["product_id"], **metadata}
        found.append(kept)
    return sorted(found, key=lambda event: (str(event["product"]), event["type"], str(event.get("lineId", ""))))
