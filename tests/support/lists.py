"""A shop whose shoppers have plain habits, and lists asked of it over HTTP."""

from typing import Any
from uuid import UUID

import httpx

from recomengine.context import Context
from tests.support.apps import Tenant, bearer
from tests.support.shops import build, fill_catalog, product, send

PATH = "/api/v1/recommendations"
WORDS = {
    "boot": "leather hiking boot",
    "sock": "wool hiking sock",
    "lace": "hiking lace",
    "mug": "coffee mug",
    "bean": "coffee bean",
}
SHOP = [
    product(
        f"{kind}{number}", name=f"{words} {number}", category=f"{words.split()[-2].title()} > {kind.title()}",
        price=10 * number + 5, imageUrl=f"/i/{kind}{number}.png", url=f"/{kind}{number}",
    )
    for kind, words in WORDS.items() for number in range(8)
]  # fmt: skip


def history() -> list[dict[str, Any]]:
    """Hikers buy boots with socks, drinkers mugs with beans; nobody buys anything twice."""
    events = []
    for shopper in range(24):
        pair = ("boot", "sock") if shopper % 2 else ("mug", "bean")
        for number in range(shopper % 4, shopper % 4 + 3):
            for kind in pair:
                what = {"userId": f"u{shopper}", "productId": f"{kind}{number}", "sessionId": f"s{shopper}"}
                order = {"eventType": "purchase", "metadata": {"orderId": f"o{shopper}-{number}", "price": 10.0}}
                moment = 1_700_000_000_000 + shopper * 86_400_000 + number * 1000
                events += [
                    {**what, "eventType": "view", "timestamp": moment},
                    {**what, **order, "timestamp": moment + 500},
                ]
    return events


async def stock(context: Context, tenant_id: UUID) -> None:
    """Give a shop the products above, their history, and a model of both."""
    await fill_catalog(context, tenant_id, SHOP)
    await send(context, tenant_id, history())
    await build(context, tenant_id)


async def answer(client: httpx.AsyncClient, tenant: Tenant, **params: Any) -> dict[str, Any]:
    found = await client.get(PATH, params=params, headers=bearer(tenant.read))
    assert found.status_code == 200, found.text
    body: dict[str, Any] = found.json()
    return body


def ids(body: dict[str, Any]) -> list[str]:
    return [item["productId"] for item in body["data"]]


async def post_event(
    client: httpx.AsyncClient, tenant: Tenant, event_type: str, user: str, product_id: str, **more: Any
) -> None:
    body = {"eventType": event_type, "userId": user, "productId": product_id, **more}
    assert (await client.post("/api/v1/events", json=body, headers=bearer(tenant.read_write))).status_code == 202
