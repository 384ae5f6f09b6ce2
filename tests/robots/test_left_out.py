"""Robots' events are stored, and no list, ranking or model is made of them."""

from typing import Any

import httpx

from recomengine.context import Context
from recomengine.infra.database import tenant_transaction
from recomengine.jobs.registry import JOBS
from recomengine.models.service import request_refresh, status
from recomengine.models.sources import PLACE
from recomengine.robots import queries
from tests.support.apps import Tenant, bearer
from tests.support.databases import fetchval
from tests.support.lists import answer, ids
from tests.support.shops import build, send, store_of, until
from tests.support.workers import a_worker

HOUR_MS = 3_600_000
START_MS = 1_700_000_000_000 // HOUR_MS * HOUR_MS


def view(user: str, number: int, at_ms: int = START_MS, **more: Any) -> dict[str, Any]:
    return {"eventType": "view", "userId": user, "productId": f"tile{number}", "timestamp": at_ms, **more}


def people() -> list[dict[str, Any]]:
    return [view(f"p{who}", number, START_MS + who * 1000 + number) for who in range(6) for number in range(4)]


async def confirm(context: Context, tenant: Tenant, user: str) -> None:
    async with tenant_transaction(context.pool, tenant.id) as connection:
        await queries.confirm(connection, tenant.id, user, "a test")
    await context.bus.publish("robots", tenant.id)


async def learned_from(context: Context, tenant: Tenant) -> tuple[int, int]:
    """(events, shoppers) of the newest model."""
    await build(context, tenant.id)
    stats = await status(context.pool, tenant.id)
    return stats["events"], stats["users"]


async def test_a_build_learns_nothing_from_robots_nor_from_ids_joined_with_them(
    context: Context, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    rest = [view("robot", 9), view("robot-at-home", 9), view("robots-phone", 9)]
    await send(context, tenant.id, [*people(), *rest])
    for alias in ("robot", "robots-phone"):
        joined = await client.post(
            "/api/v1/users/robot-at-home/aliases", json={"anonymousId": alias}, headers=bearer(tenant.read_write)
        )
        assert joined.status_code == 201
    assert await learned_from(context, tenant) == (27, 7)
    await confirm(context, tenant, "robot")
    assert await learned_from(context, tenant) == (24, 6)
    model = await context.models.get(tenant.id)
    assert model is not None
    assert store_of(context).open(tenant.id, model.version)[1]["robots"] == 3, "so that no build is compared with it"
    async with tenant_transaction(context.pool, tenant.id) as connection:
        await queries.clear(connection, tenant.id, "robot")
    assert await learned_from(context, tenant) == (27, 7)


async def test_events_that_say_that_a_robot_did_them_are_learned_from_by_no_build(
    context: Context, tenant: Tenant
) -> None:
    flagged = [view("p0", number, START_MS + HOUR_MS, metadata={"bot": True}) for number in range(4, 9)]
    await send(context, tenant.id, [*people(), *flagged, view("p0", 9, metadata={"bot": False})])
    assert await learned_from(context, tenant) == (25, 6)


async def test_robots_found_in_what_is_new_are_left_out_of_the_very_next_build(
    context: Context, tenant: Tenant
) -> None:
    scraper = [view("scraper", number % 24, START_MS + number * 100) for number in range(1200)]
    await send(context, tenant.id, [*people(), *scraper])
    await request_refresh(context.pool, tenant.id)
    async with a_worker(context, [job for job in JOBS if job.name == "refresh_model"]):

        async def ready() -> bool:
            return bool((await status(context.pool, tenant.id))["status"] == "ready")

        await until(ready)
    stats = await status(context.pool, tenant.id)
    assert (stats["events"], stats["users"]) == (24, 6)


async def test_what_a_robot_does_between_builds_is_folded_into_no_list(
    context: Context, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    await send(context, tenant.id, people())
    await build(context, tenant.id)
    await answer(client, tenant, userId="p0")  # from now on the process keeps up with the tenant
    for _ in range(2):
        for number in (7, 8):
            sent = {"eventType": "view", "userId": "robot", "sessionId": "s", "productId": f"tile{number}"}
            await client.post("/api/v1/events", json=sent, headers=bearer(tenant.read_write))
    model = await context.models.get(tenant.id)
    assert model is not None

    def pair_is_known() -> bool:
        return any(8 in table.row(7)[0] for table in model.ranker.sources[PLACE["sequence"]].tables)

    await context.models.fold()
    assert pair_is_known()
    await confirm(context, tenant, "robot")

    async def forgotten() -> bool:
        await context.models.fold()
        return not pair_is_known()

    await until(forgotten)
    own = ids(await answer(client, tenant, userId="robot", limit=8))
    assert len(own) == 8, "a robot gets a list, too"


async def test_what_is_said_of_a_robot_makes_the_tenant_due_for_a_build(context: Context, tenant: Tenant) -> None:
    async def due() -> bool:
        return bool(await fetchval(
            context.settings.database_url, "SELECT $1 IN (SELECT tenants_due(now()))", tenant.id
        ))  # fmt: skip

    await send(context, tenant.id, people())
    await build(context, tenant.id)
    assert not await due()
    await confirm(context, tenant, "p0")
    assert await due()
    await build(context, tenant.id)
    assert not await due()


async def test_a_robot_is_given_out_and_erased_with_what_is_said_of_it(
    context: Context, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    await send(context, tenant.id, [view("robot", number % 24, START_MS + number) for number in range(3000)])
    await confirm(context, tenant, "robot")
    given = await client.get("/api/v1/users/robot", headers=bearer(tenant.read_write))
    assert len(given.json()["data"]["events"]) == 3000
    erased = await client.delete("/api/v1/users/robot", headers=bearer(tenant.read_write))
    assert erased.json()["data"]["erased"]["events"] == 3000
    left = await fetchval(context.settings.database_url, "SELECT count(*) FROM robots WHERE tenant_id = $1", tenant.id)
    assert left == 0
