"""Today so far, from the counters or the events; what counters lack is reported; the night settles, sums up and
forgets.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest
from starlette.applications import Starlette

from recomengine.analytics import aggregate, queries, service
from recomengine.analytics.aggregate import settle, settle_due, settle_night
from recomengine.analytics.live import live
from recomengine.analytics.schemas import Counts
from recomengine.context import Context
from recomengine.events.counters import counter_key, today
from recomengine.events.preparing import Source, prepare
from recomengine.infra.metrics import BACKGROUND_FAILURES, FALLBACKS
from recomengine.shop import TenantConfig
from tests.support.apps import MakeTenant, Tenant
from tests.support.databases import execute, fetch, fetchval

NOTHING = Counts()
ZONES = ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago")


@pytest.fixture
async def shops(context: Context, make_tenant: MakeTenant) -> list[service.Shop]:
    """Shops whose days are 25 hours apart."""
    return [
        await service.read_shop(context.pool, (await make_tenant(timezone=zone, currency="EUR")).id) for zone in ZONES
    ]


async def send(context: Context, shop: service.Shop, *events: dict[str, Any]) -> None:
    source = Source(
        shop.tenant_id, TenantConfig(timezone=shop.rules.zone, currency=shop.rules.currency), now_ms(), live=True
    )
    await context.events.store(
        [prepare(msgspec.json.encode({"userId": "ann", "productId": "boot", **event}), source) for event in events]
    )


def now_ms() -> int:
    return int(time.time() * 1000)


def some() -> list[dict[str, Any]]:
    return [
        {"eventType": "impression"},
        {"eventType": "impression", "productId": "sock"},
        {"eventType": "click"},
        {"eventType": "view"},
        {"eventType": "purchase", "metadata": {"price": 19.99, "quantity": 3}},
        {"eventType": "purchase", "productId": "sock", "metadata": {"price": 0.005, "currency": "EUR"}},
        {"eventType": "purchase", "productId": "hat", "metadata": {"price": 9, "currency": "USD"}},
    ]


SOME = Counts(2, 1, 3, Decimal("59.98"))


def counts(answer: Counts) -> Counts:
    return Counts(answer.impressions, answer.clicks, answer.conversions, answer.revenue)


async def test_today_is_the_shops_own_day_and_its_counters_agree_with_the_events(
    context: Context, shops: list[service.Shop]
) -> None:
    for shop in shops:
        await send(context, shop, *some(), {"eventType": "click", "timestamp": now_ms() - 30 * 3_600_000})
        answer = await live(context.pool, context.redis, shop, reconcile=True)
        assert (counts(answer), answer.source, answer.drift, answer.ctr) == (SOME, "counters", NOTHING, 0.5)
        assert answer.date == datetime.now(ZoneInfo(shop.rules.zone)).date()
        assert (answer.timezone, answer.currency, answer.usual) == (shop.rules.zone, "EUR", None)
    assert (await live(context.pool, context.redis, shops[0], reconcile=False)).drift is msgspec.UNSET


async def test_what_counters_lack_is_reported(context: Context, shops: list[service.Shop]) -> None:
    shop = shops[0]
    await send(context, shop, *some())
    day = datetime.now(UTC).date().isoformat()
    keys = [counter_key(str(shop.tenant_id), day, name) for name in ("impressions", "revenue")]
    await context.redis.call(("DEL", keys[0]), ("INCRBY", keys[1], 1))
    answer = await live(context.pool, context.redis, shop, reconcile=True)
    assert answer.drift == Counts(-2, 0, 0, Decimal("0.01"))


async def test_the_dearest_purchases_are_counted_and_disturb_nothing(
    context: Context, shops: list[service.Shop]
) -> None:
    """Ten of them are more cents than 64 bits hold."""
    shop, before = shops[0], FALLBACKS.labels("recents")._value.get()
    dearest = {"eventType": "purchase", "metadata": {"price": 9999999999.99, "quantity": 1_000_000}}
    await send(context, shop, *({**dearest, "userId": f"u{number}"} for number in range(25)), *some())
    for number in range(3):
        await send(context, shop, {**dearest, "userId": f"late-{number}"})
    answer = await live(context.pool, context.redis, shop, reconcile=True)
    assert (answer.source, answer.conversions) == ("counters", 31)
    assert isinstance(answer.drift, Counts)
    assert abs(answer.drift.revenue) < Decimal("1e-12") * answer.revenue, "past 2^64 cents the last digits may be lost"
    assert answer.revenue - answer.drift.revenue == 28 * Decimal("9999999999.99") * 1_000_000 + SOME.revenue
    assert FALLBACKS.labels("recents")._value.get() == before
    await settle(context.pool, shop.tenant_id)


async def test_without_redis_today_comes_from_the_events(
    context: Context, shops: list[service.Shop], without_redis: Starlette
) -> None:
    await send(context, shops[0], *some())
    before = FALLBACKS.labels("counters")._value.get()
    answer = await live(context.pool, without_redis.state.context.redis, shops[0], reconcile=True)
    assert (counts(answer), answer.source, answer.drift) == (SOME, "events", None)
    assert FALLBACKS.labels("counters")._value.get() == before + 1


@pytest.mark.parametrize("zone", ZONES)
def test_an_event_counts_for_today_from_midnight_to_midnight_of_its_zone(zone: str) -> None:
    now = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
    day = today(zone, int(now.timestamp() * 1000))
    assert day.date == now.astimezone(ZoneInfo(zone)).date().isoformat()
    assert (day.end_ms - day.start_ms, day.start_ms <= now.timestamp() * 1000 < day.end_ms) == (86_400_000, True)
    source = Source(uuid4(), TenantConfig(timezone=zone), int(now.timestamp() * 1000), live=True)
    moments = {day.start_ms - 1: "", day.start_ms: day.date, int(now.timestamp() * 1000): day.date}
    for moment, expected in moments.items():
        body = msgspec.json.encode({"eventType": "click", "userId": "u", "productId": "p", "timestamp": moment})
        assert prepare(body, source).today == expected


async def days_of(context: Context, tenant_id: UUID, table: str = "analytics_daily") -> int:
    return int(
        await fetchval(context.settings.database_url, f"SELECT count(*) FROM {table} WHERE tenant_id = $1", tenant_id)
    )


async def test_tenants_with_something_new_are_settled_and_others_are_not(
    context: Context, make_tenant: MakeTenant
) -> None:
    tenant: Tenant = await make_tenant()
    shop = await service.read_shop(context.pool, tenant.id)

    async def due() -> bool:
        return tenant.id in await queries.analytics_due(context.pool, datetime.now(UTC) - timedelta(minutes=20))

    assert await due()  # never settled
    await settle(context.pool, tenant.id)
    assert not await due()
    await send(context, shop, *some())
    assert await due()
    assert await settle_due(context.pool, timedelta(minutes=20)) >= 1
    assert not await due()
    assert await days_of(context, tenant.id) == 1
    await execute(
        context.settings.database_url,
        """UPDATE tenants SET config = config || '{"timezone": "Asia/Tokyo"}' WHERE id = $1""",
        tenant.id,
    )
    assert await due()
    for status, is_due in (("suspended", True), ("deleted", False)):
        await execute(context.settings.database_url, "UPDATE tenants SET status = $2 WHERE id = $1", tenant.id, status)
        assert await due() is is_due


async def test_a_large_import_is_summed_up_by_the_index_that_finds_the_newest_events(
    context: Context, make_tenant: MakeTenant, database_url: str
) -> None:
    many = """
    INSERT INTO events (id, tenant_id, event_type, user_id, timestamp, created_at)
    SELECT gen_random_uuid(), $1, 'view', repeat('u', 200), now(), now() FROM generate_series(1, 5000)
    """
    await execute(database_url, many, (await make_tenant()).id)
    assert await queries.summarize_arrivals(context.pool) > 0
    assert await queries.summarize_arrivals(context.pool) == 0
    await execute(database_url, many, (await make_tenant()).id)
    locked = await asyncpg.connect(database_url)
    transaction = locked.transaction()
    await transaction.start()
    await locked.execute("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE")
    assert await queries.summarize_arrivals(context.pool) == 0, "a vacuum is not disturbed"
    await transaction.rollback()
    await locked.close()


async def test_what_ails_one_tenant_keeps_no_other_from_its_figures(
    context: Context, make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ailing, well = await make_tenant(), await make_tenant()

    async def settle_but_one(pool: Any, tenant_id: UUID) -> int:
        if tenant_id == ailing.id:
            raise asyncpg.DataError("bad")
        return await settle(pool, tenant_id)

    for tenant in (ailing, well):
        await send(context, await service.read_shop(context.pool, tenant.id), *some())
    monkeypatch.setattr(aggregate, "settle", settle_but_one)
    before = BACKGROUND_FAILURES.labels("analytics")._value.get()
    await settle_due(context.pool, timedelta(minutes=20))
    assert BACKGROUND_FAILURES.labels("analytics")._value.get() == before + 1
    assert [await days_of(context, tenant.id) for tenant in (ailing, well)] == [0, 1]


async def test_the_night_settles_closes_the_day_and_sums_up(context: Context, shops: list[service.Shop]) -> None:
    shop = shops[0]
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await send(context, shop, *({**each, "timestamp": int(yesterday.timestamp() * 1000)} for each in some()), *some())
    key = counter_key(str(shop.tenant_id), yesterday.date().isoformat(), "clicks")
    await context.redis.call(("SET", key, 5))
    assert await settle_night(context.pool, context.redis) >= 3
    assert await context.redis.call(("EXISTS", key)) == [0]
    assert await days_of(context, shop.tenant_id, "analytics_products") == 6  # yesterday's and today's
    summary = await fetch(
        context.settings.database_url,
        "SELECT * FROM analytics_summary WHERE tenant_id = $1 ORDER BY date",
        shop.tenant_id,
    )
    assert [
        (row["date"], row["impressions"], row["clicks"], row["conversions"], row["revenue"]) for row in summary
    ] == [(day.date(), 2, 1, 3, Decimal("59.98")) for day in (yesterday, datetime.now(UTC))]
    assert (await live(context.pool, context.redis, shop, reconcile=False)).usual == SOME
    assert (await live(context.pool, context.redis, shop, reconcile=True)).drift == NOTHING


async def test_settling_at_once_from_two_workers_counts_once(context: Context, shops: list[service.Shop]) -> None:
    await send(context, shops[0], *some())
    await asyncio.gather(*(settle(context.pool, shops[0].tenant_id) for _ in range(4)))
    rows = await fetch(
        context.settings.database_url,
        "SELECT sum(conversions) AS n FROM analytics_daily WHERE tenant_id = $1",
        shops[0].tenant_id,
    )
    assert rows[0]["n"] == 3


async def test_more_money_than_a_shop_can_turn_over_is_settled(context: Context, shops: list[service.Shop]) -> None:
    """A million of the dearest purchases: one stands for them."""
    shop = shops[0]
    url = context.settings.database_url
    await execute(
        url, """INSERT INTO events (id, tenant_id, event_type, user_id, product_id, metadata, timestamp, created_at)
                SELECT gen_random_uuid(), $1, 'purchase', 'ann', 'boot', '{"price": 1e23}', now(), now()""",
                    shop.tenant_id,
    )  # fmt: skip
    await settle(context.pool, shop.tenant_id)
    [row] = await fetch(url, "SELECT revenue FROM analytics_daily WHERE tenant_id = $1", shop.tenant_id)
    assert row["revenue"] == Decimal(10) ** 23
