"""Whom the worker takes for a robot, and whom not."""

from typing import Any

import pytest

from recomengine.context import Context
from recomengine.infra.database import tenant_transaction
from recomengine.infra.queue import enqueue
from recomengine.jobs.registry import JOBS
from recomengine.robots import queries, service
from recomengine.robots.service import PAGES_AN_HOUR, PRODUCTS_AN_HOUR, find_robots
from tests.support.apps import MakeTenant, Tenant
from tests.support.shops import send, until
from tests.support.workers import a_worker

HOUR_MS = 3_600_000
START_MS = 1_700_000_000_000 // HOUR_MS * HOUR_MS
TOOL = "Mozilla/5.0 (compatible; Tilebot/2.1; +https://tiles.example/bot)"
PHONE = "Mozilla/5.0 (Linux; Android 11; CUBOT X30) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36"


def pages(user: str, count: int, products: int = 24, *, over_ms: int = HOUR_MS, kind: str = "view") -> list[Any]:
    return [
        {
            "eventType": kind, "userId": user, "productId": f"tile{at % products}",
            "timestamp": START_MS + at * over_ms // count,
        }
        for at in range(count)
    ]  # fmt: skip


async def said(context: Context, tenant: Tenant) -> dict[str, tuple[str, str]]:
    robots, _ = await service.list_robots(context.pool, tenant.id, None, None, 100)
    return {robot.user_id: (robot.status, robot.reason) for robot in robots}


async def found(context: Context, tenant: Tenant) -> dict[str, tuple[str, str]]:
    await find_robots(context.pool, context.bus, tenant.id)
    return await said(context, tenant)


async def test_who_opens_more_pages_in_an_hour_than_a_person_can_is_suspected(context: Context, tenant: Tenant) -> None:
    await send(context, tenant.id, pages("scraper", PAGES_AN_HOUR, 1))
    await send(context, tenant.id, pages("crawler", PRODUCTS_AN_HOUR, PRODUCTS_AN_HOUR, kind="click"))
    assert await found(context, tenant) == {
        "scraper": ("suspected", "1,000 views and clicks in one hour, of 1 product"),
        "crawler": ("suspected", "500 views and clicks in one hour, of 500 products"),
    }


async def test_no_person_is_suspected(context: Context, tenant: Tenant) -> None:
    await send(context, tenant.id, pages("quick", PAGES_AN_HOUR - 1))
    await send(context, tenant.id, pages("curious", PRODUCTS_AN_HOUR - 1, PRODUCTS_AN_HOUR))
    await send(context, tenant.id, pages("faithful", 3 * PAGES_AN_HOUR, over_ms=30 * HOUR_MS))
    await send(context, tenant.id, pages("wholesale", 2 * PAGES_AN_HOUR, kind="purchase"))
    await send(context, tenant.id, pages("scrolls", 2 * PAGES_AN_HOUR, kind="impression"))
    await send(
        context,
        tenant.id,
        pages("caller", 1) + [page | {"metadata": {"userAgent": PHONE}} for page in pages("phone", 2)],
    )
    assert await found(context, tenant) == {}


async def test_a_pace_is_told_from_when_it_happened_not_from_when_it_was_stored(
    context: Context, tenant: Tenant
) -> None:
    """As an import of a year stores it all within a second."""
    await send(context, tenant.id, pages("faithful", 2 * PAGES_AN_HOUR, over_ms=365 * 24 * HOUR_MS))
    assert await found(context, tenant) == {}


async def test_a_pace_that_shows_over_two_searches_is_seen_by_the_second(context: Context, tenant: Tenant) -> None:
    hour = pages("patient", PAGES_AN_HOUR)
    await send(context, tenant.id, hour[: PAGES_AN_HOUR // 2])
    assert await found(context, tenant) == {}
    await send(context, tenant.id, hour[PAGES_AN_HOUR // 2 :])
    assert list(await found(context, tenant)) == ["patient"]


async def test_who_calls_itself_a_robot_is_suspected_by_the_first_event(context: Context, tenant: Tenant) -> None:
    await send(context, tenant.id, [{**pages("polite", 1)[0], "metadata": {"userAgent": TOOL}}])
    assert await found(context, tenant) == {"polite": ("suspected", f"calls itself {TOOL}")}


@pytest.mark.parametrize("agent", [
    "Mozilla/5.0 (compatible; bingbot/2.0)", "Baiduspider/2.0", "Mozilla/5.0 HeadlessChrome/120", "curl/8.5.0",
    "python-requests/2.31", "Screaming Frog SEO Crawler", "Scrapy/2.11",
])  # fmt: skip
async def test_robots_are_known_by_their_words(context: Context, tenant: Tenant, agent: str) -> None:
    await send(context, tenant.id, [{**pages("polite", 1)[0], "metadata": {"userAgent": agent}}])
    assert list(await found(context, tenant)) == ["polite"]


async def test_who_was_cleared_is_not_suspected_again(context: Context, tenant: Tenant) -> None:
    await send(context, tenant.id, pages("kiosk", PAGES_AN_HOUR))
    assert list(await found(context, tenant)) == ["kiosk"]
    async with tenant_transaction(context.pool, tenant.id) as connection:
        await queries.clear(connection, tenant.id, "kiosk")
    await send(context, tenant.id, [page | {"eventType": "click"} for page in pages("kiosk", PAGES_AN_HOUR)])
    status, _ = (await found(context, tenant))["kiosk"]
    assert status == "cleared"


async def test_the_worker_searches_what_was_stored_lately(
    context: Context, tenant: Tenant, make_tenant: MakeTenant
) -> None:
    quiet = await make_tenant()
    await send(context, tenant.id, pages("scraper", PAGES_AN_HOUR))
    job = next(job for job in JOBS if job.name == "find_robots")
    await enqueue(context.pool, job.name)
    async with a_worker(context, [job]):

        async def marked() -> bool:
            return list(await said(context, tenant)) == ["scraper"]

        await until(marked)
    assert await said(context, quiet) == {}
