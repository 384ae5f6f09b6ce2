"""All shops of an admin in one answer, each with figures of its own days, the range before, and how fresh it is."""

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from recomengine.analytics import queries
from recomengine.analytics.aggregate import settle
from recomengine.context import Context
from tests.support.people import Person

DAY = "2026-11-10"


def event(kind: str, when: str, **metadata: Any) -> dict[str, Any]:
    return {"eventType": kind, "userId": "ann", "productId": "boot", "timestamp": when, "metadata": metadata}


async def post(ann: Person, shop: str, *events: dict[str, Any]) -> None:
    key = (await ann.make_key(shop))["key"]
    sent = await ann.client.post(
        "/api/v1/events/batch", json={"events": list(events)}, headers={"Authorization": f"Bearer {key}"}
    )
    assert sent.json()["data"]["accepted"] == len(events), sent.text


async def look(ann: Person, query: str = f"from={DAY}&to={DAY}") -> Any:
    answer = await ann.call("GET", f"/api/v1/overview?{query}")
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=str)


async def test_each_shop_has_the_figures_of_its_own_day_and_of_the_one_before(ann: Person, context: Context) -> None:
    berlin = await ann.make_tenant("Boots", currency="EUR", timezone="Europe/Berlin")
    empty = await ann.make_tenant("New", currency="USD")
    await post(
        ann, berlin, event("impression", f"{DAY}T09:00:00+01:00", placementId="home"),
        event("click", f"{DAY}T09:01:00+01:00", placementId="home"),
        event("purchase", f"{DAY}T10:00:00+01:00", price=20, quantity=2, orderId="o1"),
        event("return", f"{DAY}T11:00:00+01:00", price=20, orderId="o1"),
        event("purchase", "2026-11-09T23:59:00+01:00", price=5), event("view", f"{DAY}T12:00:00+01:00"),
    )  # fmt: skip
    for _ in range(2):
        boots, new = (await look(ann))["data"]
        last = boots.pop("lastEventAt")
        assert datetime.fromisoformat(last) == datetime.fromisoformat(f"{DAY}T12:00:00+01:00")
        assert boots == {
            "tenantId": berlin, "name": "Boots", "status": "active", "timezone": "Europe/Berlin", "currency": "EUR",
            "from": f"{DAY}T00:00:00+01:00", "to": "2026-11-11T00:00:00+01:00", "modelBuiltAt": None,
            "figures": {"revenue": "20.00", "attributedRevenue": "20.00", "clicks": 1, "events": 4},
            "previous": {"revenue": "5.00", "attributedRevenue": "0.00", "clicks": 0, "events": 1},
        }  # fmt: skip
        assert (new["tenantId"], new["figures"]["events"], new["lastEventAt"]) == (empty, 0, None)
        await settle(context.pool, UUID(berlin))


async def test_shops_come_in_pages_and_nobody_elses_are_among_them(ann: Person) -> None:
    own = [await ann.make_tenant(f"Shop {number}") for number in range(3)]
    other = Person(ann.client)
    await other.sign_up()
    await other.make_tenant("Not hers")
    first = await look(ann, "limit=2")
    rest = await look(ann, f"limit=2&cursor={first['meta']['nextCursor']}")
    assert [line["tenantId"] for line in (*first["data"], *rest["data"])] == own
    assert rest["meta"] == {"nextCursor": None}


async def test_a_shop_whose_figures_take_too_long_keeps_no_other_from_its_own(
    ann: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, quick = UUID(await ann.make_tenant("Slow")), await ann.make_tenant("Quick")
    read = queries.read_figures

    async def slow_for_one(connection: Any, tenant_id: UUID, *rest: Any, **asked: Any) -> Any:
        if tenant_id == slow:
            raise TimeoutError
        return await read(connection, tenant_id, *rest, **asked)

    monkeypatch.setattr(queries, "read_figures", slow_for_one)
    lines = (await look(ann))["data"]
    assert [(line["tenantId"], line["figures"] is None) for line in lines] == [(str(slow), True), (quick, False)]


async def test_without_shops_the_list_is_empty_and_a_bad_range_is_refused(ann: Person) -> None:
    assert (await look(ann)) == {"data": [], "meta": {"nextCursor": None}}
    await ann.make_tenant()
    refused = await ann.call("GET", "/api/v1/overview?from=yesterday")
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "$.from")
    assert (await ann.client.get("/api/v1/overview")).status_code == 401
