"""A tenant's events as its admins see them: newest first, filtered, page by page, and what has just come in."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from recomengine.context import Context
from recomengine.events import listing
from tests.support.apps import bearer
from tests.support.people import Person
from tests.support.shops import fill_catalog, product
from tests.support.stored import START_MS, view


class Shop:
    def __init__(self, client: httpx.AsyncClient, admin: Person, tenant_id: str, key: str) -> None:
        self.client, self.admin, self.tenant_id, self.key = client, admin, tenant_id, key
        self.path = f"/api/v1/tenants/{tenant_id}/events"

    async def post(self, *events: dict[str, Any]) -> httpx.Response:
        return await self.client.post("/api/v1/events/batch", json={"events": events}, headers=bearer(self.key))

    async def read(self, path: str = "", **params: Any) -> dict[str, Any]:
        answer = await self.client.get(self.path + path, params=params, headers=self.admin.bearer)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def ids(self, **params: Any) -> list[str]:
        return [event["eventId"] for event in (await self.read(**params))["data"]]


@pytest.fixture
async def shop(client: httpx.AsyncClient, ann: Person) -> Shop:
    tenant_id = await ann.make_tenant()
    key = await ann.make_key(tenant_id)
    return Shop(client, ann, tenant_id, key["key"])


def event(number: int, **fields: Any) -> dict[str, Any]:
    return view(timestamp=START_MS + number * 1000, eventId=f"e{number}") | fields


async def test_events_come_newest_first_page_by_page_with_the_names_of_products(shop: Shop, context: Context) -> None:
    await fill_catalog(context, UUID(shop.tenant_id), [product("boot", name="Trail boot")])
    await shop.post(*(event(number, metadata={"colour": "brown"}) for number in (2, 0, 4, 1, 3)))

    first = await shop.read(limit=2)
    assert [each["eventId"] for each in first["data"]] == ["e4", "e3"]
    assert first["data"][0]["productName"] == "Trail boot"
    assert first["data"][0]["metadata"] == {"colour": "brown"}
    second = await shop.read(limit=2, cursor=first["meta"]["nextCursor"])
    third = await shop.read(limit=2, cursor=second["meta"]["nextCursor"])
    assert [each["eventId"] for each in second["data"] + third["data"]] == ["e2", "e1", "e0"]
    assert third["meta"]["nextCursor"] is None


async def test_events_of_one_moment_are_each_on_one_page(shop: Shop) -> None:
    await shop.post(*(event(0, eventId=f"e{number}") for number in range(5)))
    found, cursor = [], {}
    while True:
        page = await shop.read(limit=2, **cursor)
        found += [each["eventId"] for each in page["data"]]
        if page["meta"]["nextCursor"] is None:
            break
        cursor = {"cursor": page["meta"]["nextCursor"]}
    assert sorted(found) == [f"e{number}" for number in range(5)]


async def test_filters_go_together(shop: Shop) -> None:
    await shop.post(
        event(0), event(1, userId="bob"), event(2, productId="sock"),
        event(3, eventType="click", metadata={"placementId": "home"}),
        event(4, userId="bob", eventType="click", metadata={"placementId": "cart"}),
    )  # fmt: skip
    assert await shop.ids(userId="bob") == ["e4", "e1"]
    assert await shop.ids(userId="bob", eventType="click", placementId="cart") == ["e4"]
    assert await shop.ids(productId="sock") == ["e2"]
    assert await shop.ids(productId="boot", eventType="click") == ["e4", "e3"]
    assert await shop.ids(eventType="click") == ["e4", "e3"]
    assert await shop.ids(eventType="click", placementId="home") == ["e3"]


async def test_events_of_a_shopper_are_those_of_all_ids_of_theirs(shop: Shop) -> None:
    await shop.post(event(0, userId="anon-1"), event(1, userId="ann"), event(2, userId="bob"))
    joined = await shop.client.post(
        "/api/v1/users/ann/aliases", json={"anonymousId": "anon-1"}, headers=bearer(shop.key)
    )
    assert joined.status_code == 201
    assert await shop.ids(userId="ann") == await shop.ids(userId="anon-1") == ["e1", "e0"]


async def test_a_page_looks_through_so_many_events_and_the_next_one_goes_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "LOOKED_THROUGH", 3)
    await shop.post(event(0, eventType="click"), *(event(number) for number in range(1, 8)))

    pages, cursor = [], {}
    while True:
        page = await shop.read(eventType="click", **cursor)
        pages.append([each["eventId"] for each in page["data"]])
        if page["meta"]["nextCursor"] is None:
            break
        cursor = {"cursor": page["meta"]["nextCursor"]}
    assert pages == [[], [], ["e0"]]


async def test_what_came_after_a_moment_is_given_by_when_it_was_received(shop: Shop) -> None:
    await shop.post(event(5))
    newest = (await shop.read())["data"][0]["receivedAt"]
    await shop.post(event(1), event(2, eventType="click"))

    assert set(await shop.ids(after=newest)) >= {"e1", "e2"}  # though they happened before
    assert "e2" in await shop.ids(after=newest, eventType="click")
    assert "e1" not in await shop.ids(after=newest, eventType="click")
    ahead = datetime.now(UTC) + timedelta(hours=1)
    assert await shop.ids(after=ahead.isoformat()) == []


@pytest.mark.parametrize("after", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_any_moment_will_do(after: str, shop: Shop) -> None:
    await shop.read(after=after)


async def test_a_cursor_that_is_none_is_refused(shop: Shop) -> None:
    for cursor in ("1", "x_" + "0" * 32, "1_" + "0" * 31):
        answer = await shop.client.get(shop.path, params={"cursor": cursor}, headers=shop.admin.bearer)
        assert answer.status_code == 422
    assert await shop.ids(cursor="-" + "9" * 17 + "_" + "0" * 32) == []


async def test_an_admin_imports_events_in_the_shops_currency_after_a_preview_that_stores_none(
    client: httpx.AsyncClient, ann: Person
) -> None:
    tenant_id = await ann.make_tenant(currency="EUR")
    path = f"/api/v1/tenants/{tenant_id}/events"
    body = "order_id,customer_id,sku,price\no1,ann,boot,20\no2,bob,,20\n"
    headers = ann.bearer | {"Content-Type": "text/csv"}

    seen = (await client.post(f"{path}/import/preview", content=body, headers=headers)).json()["data"]
    assert (seen["good"], seen["rejected"], seen["errors"][0]["line"]) == (1, 1, 3)
    assert seen["rows"][0]["eventType"] == "purchase"
    assert seen["rows"][0]["metadata"]["orderId"] == "o1"
    assert "userId" in seen["fields"]
    assert (await client.get(path, headers=ann.bearer)).json()["data"] == []

    done = (await client.post(f"{path}/import", content=body, headers=headers)).json()["data"]
    assert (done["accepted"], done["rejected"]) == (1, 1)
    [stored] = (await client.get(path, headers=ann.bearer)).json()["data"]
    assert (stored["userId"], stored["productId"], stored["eventType"]) == ("ann", "boot", "purchase")
