"""A change of the catalog comes into the answers of every process, and what a process holds is what is stored."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.catalog import live
from recomengine.context import Context
from recomengine.settings import Settings
from tests.support.apps import MakeTenant, Tenant, bearer, client_of, running
from tests.support.processes import PATIENCE_S
from tests.support.shops import fill_catalog, product, until

PRODUCTS = [product("boot", price=100, category="Shoes"), product("clog", price=50), product("mule", price=70)]
Change = Callable[[httpx.AsyncClient, dict[str, str]], Awaitable[httpx.Response]]


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, PRODUCTS)
    return tenant


async def offered(client: httpx.AsyncClient, tenant: Tenant) -> dict[str, dict[str, Any]]:
    answer = await client.get("/api/v1/recommendations?userId=ann&limit=10", headers=bearer(tenant.publish))
    assert answer.status_code == 200, answer.text
    return {item["productId"]: item for item in answer.json()["data"]}


CHANGES: list[tuple[str, str, dict[str, Any] | None, Callable[[dict[str, dict[str, Any]]], bool]]] = [
    ("PATCH", "boot", {"price": 89.5}, lambda items: items["boot"]["price"] == 89.5),
    ("PATCH", "boot", {"name": "New"}, lambda items: items["boot"]["name"] == "New"),
    ("PATCH", "boot", {"category": "Hats"}, lambda items: items["boot"]["category"] == "Hats"),
    ("PATCH", "boot", {"currency": "CHF"}, lambda items: items["boot"]["currency"] == "CHF"),
    ("PATCH", "boot", {"available": False}, lambda items: set(items) == {"clog", "mule"}),
    ("PATCH", "boot", {"available": True}, lambda items: "boot" in items),
    ("DELETE", "boot", None, lambda items: set(items) == {"clog", "mule"}),
    ("PUT", "boot", {"name": "Back"}, lambda items: "boot" in items and items["boot"]["price"] is None),
    ("PUT", "new", {"name": "New", "price": 1}, lambda items: "new" in items),
]


async def every_change_arrives(client: httpx.AsyncClient, other: httpx.AsyncClient, tenant: Tenant) -> None:
    """Made through `client`, seen through `other`, which is not told by this test."""
    assert set(await offered(other, tenant)) == {"boot", "clog", "mule"}
    for method, product_id, body, there in CHANGES:
        answer = await client.request(
            method, f"/api/v1/catalog/{product_id}", json=body, headers=bearer(tenant.read_write)
        )
        assert answer.status_code in (200, 201, 204)

        async def arrived(there: Callable[[dict[str, dict[str, Any]]], bool] = there) -> bool:
            return there(await offered(other, tenant))

        await until(arrived)


async def test_another_process_answers_with_the_change(
    client: httpx.AsyncClient, other_process: str, tenant: Tenant
) -> None:
    async with httpx.AsyncClient(base_url=other_process, timeout=PATIENCE_S) as other:
        await every_change_arrives(client, other, tenant)


async def test_another_app_answers_with_the_change(
    client: httpx.AsyncClient, neighbour: Starlette, tenant: Tenant
) -> None:
    async with client_of(neighbour) as other:
        await every_change_arrives(client, other, tenant)


async def test_without_redis_the_poll_brings_the_change(
    client: httpx.AsyncClient, without_redis: Starlette, tenant: Tenant
) -> None:
    async with client_of(without_redis) as other:
        await every_change_arrives(client, other, tenant)
        await every_change_of_its_own_arrives(other, client, tenant)


async def every_change_of_its_own_arrives(blind: httpx.AsyncClient, seeing: httpx.AsyncClient, tenant: Tenant) -> None:
    """What a process without Redis writes reaches one that has it."""
    await blind.put("/api/v1/catalog/late", json={"name": "Late"}, headers=bearer(tenant.read_write))

    async def arrived() -> bool:
        return "late" in await offered(seeing, tenant)

    await until(arrived)


async def test_a_message_brings_the_change_without_the_poll(
    client: httpx.AsyncClient, tenant: Tenant, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "POLL_S", 3600.0)
    async with running(settings) as app:
        other: Context = app.state.context
        await other.catalogs.get(tenant.id)

        async def listens() -> bool:
            return other.bus.connected

        await until(listens)
        await client.put("/api/v1/catalog/new", json={"name": "New"}, headers=bearer(tenant.read_write))

        async def arrived() -> bool:
            return (await other.catalogs.get(tenant.id)).number("new") >= 0

        await until(arrived)


async def test_what_is_read_at_once_and_what_is_read_bit_by_bit_is_the_same(
    client: httpx.AsyncClient, context: Context, neighbour: Starlette, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "CHUNK", 2)
    followed = await context.catalogs.get(tenant.id)
    for method, product_id, body, _ in CHANGES:
        await client.request(method, f"/api/v1/catalog/{product_id}", json=body, headers=bearer(tenant.read_write))
        await context.catalogs.update()
    other: Context = neighbour.state.context
    fresh = await other.catalogs.get(tenant.id)
    assert (followed.version, followed.size, followed.ids, followed.names) == (
        fresh.version,
        fresh.size,
        fresh.ids,
        fresh.names,
    )
    for column in ("available", "price_cents"):
        assert getattr(followed, column).tolist() == getattr(fresh, column).tolist()
    assert [followed.fragment(number, "USD") for number in range(followed.size)] == [
        fresh.fragment(number, "USD") for number in range(fresh.size)
    ]


async def test_requests_that_come_at_once_read_the_catalog_once(context: Context, tenant: Tenant) -> None:
    catalogs = await asyncio.gather(*(context.catalogs.get(tenant.id) for _ in range(20)))
    assert len({id(catalog) for catalog in catalogs}) == 1


async def test_a_catalog_that_nobody_asks_for_is_let_go_and_read_again_when_needed(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await context.catalogs.get(tenant.id)
    monkeypatch.setattr(live, "IDLE_S", -1.0)
    monkeypatch.setattr(live, "POLL_S", 0.0)

    async def let_go() -> bool:
        await context.catalogs.poll()
        return context.catalogs.loaded(tenant.id) is None

    await until(let_go)
    again = await context.catalogs.get(tenant.id)
    assert again is not first
    assert again.ids == first.ids


async def test_the_tenants_currency_stands_in_where_a_product_has_none(
    context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    await fill_catalog(
        context,
        tenant.id,
        [product("a", price=1), product("b", price=1, currency="CHF"), product('c","currency":null')],
    )
    catalog = await context.catalogs.get(tenant.id)
    assert [catalog.fragment(number, "EUR")[-5:] for number in range(3)] == [b'"EUR"', b'"CHF"', b'"EUR"']
    assert catalog.category_codes.mask(["None such"]).tolist() == [0]


async def test_while_the_bus_tells_of_changes_the_database_is_seldom_asked_for_them(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "POLL_S", 0.0)
    asked: list[bool] = []
    catalogs = live.Catalogs(context.pool, TalkingBus(connected=True))  # type: ignore[arg-type]
    await catalogs.get(tenant.id)
    monkeypatch.setattr(catalogs, "update", lambda: noted(asked))
    for _ in range(3):
        await catalogs.poll()
    assert asked == [True]
    monkeypatch.setattr(live, "NET_S", 0.0)
    await catalogs.poll()
    assert asked == [True, True]


async def test_while_the_bus_is_away_the_database_is_asked_each_time(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "POLL_S", 0.0)
    asked: list[bool] = []
    bus = TalkingBus(connected=False)
    catalogs = live.Catalogs(context.pool, bus)  # type: ignore[arg-type]
    monkeypatch.setattr(catalogs, "update", lambda: noted(asked))
    for _ in range(3):
        await catalogs.poll()
    assert asked == [True] * 3
    bus.connected = True
    bus.come_back()
    await catalogs.poll()
    assert asked == [True] * 4


async def noted(asked: list[bool]) -> None:
    asked.append(True)


class TalkingBus:
    """Says whether messages arrive, and that they do again."""

    def __init__(self, *, connected: bool) -> None:
        self.connected = connected
        self.come_back: Callable[[], None]

    def subscribe(self, kind: str, handler: Any) -> None:
        pass

    def on_connected(self, handler: Callable[[], None]) -> None:
        self.come_back = handler
