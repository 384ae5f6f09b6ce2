"""Figures over HTTP: shapes, money, other currencies, bad input, who may ask, the export."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from recomengine.analytics import queries, service
from recomengine.analytics.aggregate import settle
from recomengine.analytics.ranges import day_start
from recomengine.context import Context
from tests.support.databases import execute
from tests.support.people import Person

DAY = "2026-11-10"


@pytest.fixture
async def shop(ann: Person) -> str:
    return await ann.make_tenant(currency="EUR", timezone="Europe/Berlin")


def at(clock: str, day: str = DAY) -> str:
    return f"{day}T{clock}:00+01:00"


def event(kind: str, when: str, user: str = "ann", product: str = "boot", **metadata: Any) -> dict[str, Any]:
    return {"eventType": kind, "userId": user, "productId": product, "timestamp": when, "metadata": metadata}


async def post(ann: Person, shop: str, *events: dict[str, Any]) -> None:
    key = (await ann.make_key(shop))["key"]
    sent = await ann.client.post(
        "/api/v1/events/batch", json={"events": list(events)}, headers={"Authorization": f"Bearer {key}"}
    )
    assert sent.json()["data"]["accepted"] == len(events), sent.text


async def ask(ann: Person, shop: str, what: str) -> Any:
    answer = await ann.call("GET", f"/api/v1/tenants/{shop}/analytics/{what}")
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=str)["data"]


A_DAY = [
    event("impression", at("09:00"), placementId="home", strategy="auto"),
    event("impression", at("09:00"), user="bob", placementId="cart", strategy="trending"),
    event("impression", at("09:30"), placementId="home", strategy="auto"),
    event("impression", at("09:31"), placementId="home", strategy="auto"),
    event("click", at("10:00"), placementId="home", strategy="auto", recommendationId="r"),
    event("purchase", at("11:00"), price=19.99, quantity=3, orderId="o1", currency="EUR"),
    event("purchase", at("11:00"), product="sock", price=0.1, orderId="o1"),
    event("purchase", at("12:00"), user="bob", product="sock", price=0.2),
    event("purchase", at("12:30"), user="bob", product="hat", price=1000, currency="USD"),
]


async def test_an_overview_has_the_figures_of_the_contract_exact_to_the_cent(ann: Person, shop: str) -> None:
    await post(ann, shop, *A_DAY, event("purchase", at("23:59", "2026-11-09"), price=5))
    answer = await ask(ann, shop, f"overview?from={DAY}&to={DAY}&compare=previous")
    assert answer == {
        "impressions": 4, "clicks": 1, "conversions": 4, "revenue": "60.27", "ctr": "0.25", "conversionRate": "1.0",
        "averageOrderValue": "30.14", "attributedConversions": 1, "attributedRevenue": "59.97", "orders": 2,
        "otherCurrency": 1, "returns": 0, "returnedRevenue": "0.00", "unmatchedReturns": 0,
        "from": f"{DAY}T00:00:00+01:00", "to": "2026-11-11T00:00:00+01:00",
        "timezone": "Europe/Berlin", "currency": "EUR", "previous": {
            "impressions": 0, "clicks": 0, "conversions": 1, "revenue": "5.00", "ctr": "0.0", "conversionRate": "0.0",
            "averageOrderValue": "5.00", "attributedConversions": 0, "attributedRevenue": "0.00", "orders": 1,
            "otherCurrency": 0, "returns": 0, "returnedRevenue": "0.00", "unmatchedReturns": 0,
            "from": "2026-11-09T00:00:00+01:00", "to": f"{DAY}T00:00:00+01:00",
        },
    }  # fmt: skip
    assert "previous" not in await ask(ann, shop, f"overview?from={DAY}&to={DAY}")


async def test_a_shop_without_events_has_zeros(ann: Person, shop: str, context: Context) -> None:
    for _ in range(2):
        answer = await ask(ann, shop, "overview")
        assert (answer["impressions"], answer["revenue"], answer["ctr"], answer["averageOrderValue"]) == (
            0,
            "0.00",
            "0.0",
            "0.00",
        )
        assert [point["value"] for point in await ask(ann, shop, "timeseries?metric=revenue")] == ["0.00"] * 30
        assert await ask(ann, shop, "timeseries?groupBy=strategy") == []
        assert await ask(ann, shop, "top-products") == []
        await settle(context.pool, UUID(shop))


async def test_a_series_has_every_interval_and_the_groups_of_its_metric(ann: Person, shop: str) -> None:
    await post(ann, shop, *A_DAY)
    assert await ask(ann, shop, "timeseries?metric=clicks&from=2026-11-09&to=2026-11-11") == [
        {"value": 0, "date": "2026-11-09"}, {"value": 1, "date": DAY}, {"value": 0, "date": "2026-11-11"},
    ]  # fmt: skip
    hours = await ask(ann, shop, f"timeseries?metric=revenue&interval=hour&from={DAY}&to={DAY}")
    assert len(hours) == 24
    assert [point for point in hours if point["value"] != "0.00"] == [
        {"value": "60.07", "time": at("11:00")}, {"value": "0.20", "time": at("12:00")},
    ]  # fmt: skip
    assert await ask(ann, shop, f"timeseries?metric=ctr&groupBy=placementId&from={DAY}&to={DAY}") == [
        {"value": "0.3333333333333333", "date": DAY, "placementId": "home"},
        {"value": "0.0", "date": DAY, "placementId": "cart"},
        {"value": "0.0", "date": DAY, "placementId": ""},
    ]  # fmt: skip
    assert await ask(ann, shop, f"timeseries?metric=attributedRevenue&groupBy=strategy&from={DAY}&to={DAY}") == [
        {"value": "59.97", "date": DAY, "strategy": "auto"}, {"value": "0.00", "date": DAY, "strategy": ""},
        {"value": "0.00", "date": DAY, "strategy": "trending"},
    ]  # fmt: skip


async def test_a_series_shows_its_largest_groups(ann: Person, shop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_GROUPS", 2)
    await post(
        ann,
        shop,
        *(
            event("click", at(f"10:{minute}"), placementId=place)
            for minute, place in ((10, "c"), (11, "b"), (12, "b"), (13, "a"))
        ),
    )
    points = await ask(ann, shop, f"timeseries?metric=clicks&groupBy=placementId&from={DAY}&to={DAY}")
    assert [(point["placementId"], point["value"]) for point in points] == [("b", 2), ("a", 1)]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Europe/Lisbon", "2026-03-29", 23), ("Europe/Lisbon", "2026-10-25", 25), ("America/Santiago", "2026-09-06", 23),
     ("America/Santiago", "2026-04-04", 25)],
)  # fmt: skip
async def test_a_day_on_which_clocks_change_has_each_of_its_hours_once(
    zone: str, day: str, hours: int, ann: Person
) -> None:
    shop = await ann.make_tenant(currency="EUR", timezone=zone)
    midnight = day_start(date.fromisoformat(day), ZoneInfo(zone))
    await post(ann, shop, *(
        event("purchase", (midnight + timedelta(minutes=60 * hour + 1)).isoformat(), price=2, orderId=f"o{hour}")
        for hour in range(-1, hours + 1)
    ))  # fmt: skip
    series = await ask(ann, shop, f"timeseries?metric=orders&interval=hour&from={day}&to={day}")
    assert [point["value"] for point in series] == [1] * hours
    assert len({point["time"] for point in series}) == hours
    days = await ask(ann, shop, f"timeseries?metric=revenue&from={day}&to={day}")
    assert [point["value"] for point in days] == [f"{2 * hours}.00"]


async def test_top_products_are_in_the_order_of_the_metric(ann: Person, shop: str, context: Context) -> None:
    await post(ann, shop, *A_DAY)
    for _ in range(2):
        top = await ask(ann, shop, f"top-products?metric=revenue&from={DAY}&to={DAY}")
        assert [(each["productId"], each["revenue"], each["conversions"]) for each in top] == [
            ("boot", "59.97", 1),
            ("sock", "0.30", 2),
        ]
        assert top[0] == {
            "productId": "boot", "name": None, "impressions": 4, "clicks": 1, "conversions": 1, "revenue": "59.97",
            "ctr": "0.25", "attributedConversions": 1, "attributedRevenue": "59.97",
        }  # fmt: skip
        top = await ask(ann, shop, f"top-products?metric=conversions&limit=1&from={DAY}&to={DAY}")
        assert [each["productId"] for each in top] == ["sock"]
        await settle(context.pool, UUID(shop))


async def test_the_export_is_utf8_and_no_spreadsheet_computes_it(ann: Person, shop: str) -> None:
    places = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", 'Küche, "neu"\n☕']
    await post(
        ann, shop, *(event("click", at(f"10:1{number}"), placementId=place) for number, place in enumerate(places))
    )
    answer = await ann.call("GET", f"/api/v1/tenants/{shop}/analytics/export.csv?from=2026-01-01&to=2026-12-31")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == 'attachment; filename="analytics.csv"'
    header, *rows = list(csv.reader(io.StringIO(answer.content.decode(), newline="")))
    assert header == [
        "date", "placementId", "strategy", "impressions", "clicks", "conversions", "revenue", "ctr", "conversionRate",
        "averageOrderValue", "attributedConversions", "attributedRevenue", "orders", "otherCurrency", "returns",
        "returnedRevenue", "unmatchedReturns",
    ]  # fmt: skip
    assert {row[1] for row in rows} == {f"'{place}" for place in places[:6]} | {places[6]}
    a_click = ["0", "1", "0", "0.00", "0.0", "0.0", "0.00", "0", "0.00", "0", "0", "0", "0.00", "0"]
    assert all(row[3:] == a_click for row in rows)
    hourly = await ann.call("GET", f"/api/v1/tenants/{shop}/analytics/export.csv?from={DAY}&to={DAY}&interval=hour")
    assert {row["time"] for row in csv.DictReader(io.StringIO(hourly.text, newline=""))} == {at("10:00")}


async def test_an_export_of_a_year_by_the_day_reads_a_month_at_a_time(
    ann: Person, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await post(ann, shop, *(event("click", f"2025-{month:02}-15T12:00:00Z") for month in range(1, 13)))
    spans: list[timedelta] = []
    read_figures = queries.read_figures

    async def read(connection: Any, tenant_id: Any, sources: queries.Sources, *rest: Any, **named: Any) -> Any:
        spans.append(sources.end - sources.start)
        return await read_figures(connection, tenant_id, sources, *rest, **named)

    monkeypatch.setattr(queries, "read_figures", read)
    answer = await ann.call("GET", f"/api/v1/tenants/{shop}/analytics/export.csv?from=2025-01-01&to=2025-12-31")
    assert [row["date"] for row in csv.DictReader(io.StringIO(answer.text))] == [
        f"2025-{month:02}-15" for month in range(1, 13)
    ]
    assert len(spans) == 12
    assert max(spans) <= timedelta(days=31, hours=1)


@pytest.mark.parametrize(
    ("what", "path"),
    [
        ("overview?from=yesterday", "$.from"),
        ("overview?to=2026-02-30", "$.to"),
        ("overview?from=2026-02-02&to=2026-02-01", "$.from"),
        ("overview?compare=next", "$.compare"),
        ("overview?since=1", "$"),
        ("overview?from=2026-02-02&from=2026-02-01", "$.from"),
        ("timeseries?metric=sales", "$.metric"),
        ("timeseries?interval=week", "$.interval"),
        ("timeseries?groupBy=user", "$.groupBy"),
        ("timeseries?interval=hour&from=2026-01-01&to=2026-03-01", "$.from"),
        ("overview?from=2010-01-01", "$.from"),
        ("top-products?metric=ctr", "$.metric"),
        ("top-products?limit=0", "$.limit"),
        ("top-products?limit=101", "$.limit"),
        ("export.csv?interval=week", "$.interval"),
        ("live?reconcile=maybe", "$.reconcile"),
        ("live?from=2026-01-01", "$"),
    ],
)
async def test_a_wrong_question_is_refused_with_its_path(what: str, path: str, ann: Person, shop: str) -> None:
    refused = await ann.call("GET", f"/api/v1/tenants/{shop}/analytics/{what}")
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert refused.json()["errors"][0]["path"] == path


async def test_nobody_but_the_shops_admin_sees_its_figures(ann: Person, shop: str) -> None:
    await post(ann, shop, *A_DAY)
    bob = Person(ann.client)
    assert (await bob.sign_up()).status_code == 201
    key = (await ann.make_key(shop))["key"]
    for what in ("overview", "timeseries", "top-products", "live", "export.csv"):
        path = f"/api/v1/tenants/{shop}/analytics/{what}"
        assert (await bob.call("GET", path)).status_code == 404
        assert (await ann.client.get(path, headers={"Authorization": f"Bearer {key}"})).status_code == 401
        assert (await ann.client.get(path)).status_code == 401


async def test_another_zone_currency_or_window_counts_at_once(ann: Person, shop: str, context: Context) -> None:
    await post(ann, shop, *A_DAY, event("purchase", "2026-11-10T23:30:00Z", user="bob", price=7, currency="USD"))
    await settle(context.pool, UUID(shop))
    before = await ask(ann, shop, f"overview?from={DAY}&to={DAY}")
    assert (before["revenue"], before["attributedConversions"], before["otherCurrency"]) == ("60.27", 1, 1)
    for changed, expected in (
        ({"timezone": "UTC"}, ("60.27", 1, 2)), ({"currency": "USD"}, ("1007.30", 1, 1)),
        ({"attributionWindowHours": 1}, ("1007.30", 1, 1)),
    ):  # fmt: skip
        assert (await ann.call("PATCH", f"/api/v1/tenants/{shop}/config", changed)).status_code == 200
        for _ in range(2):
            after = await ask(ann, shop, f"overview?from={DAY}&to={DAY}")
            assert (after["revenue"], after["attributedConversions"], after["otherCurrency"]) == expected
            await settle(context.pool, UUID(shop))


async def test_figures_can_be_those_of_a_placement_and_a_strategy(ann: Person, shop: str, context: Context) -> None:
    await post(ann, shop, *A_DAY)
    for _ in range(2):
        home = await ask(ann, shop, f"overview?from={DAY}&to={DAY}&placementId=home&compare=previous")
        assert (home["impressions"], home["revenue"], home["attributedConversions"]) == (3, "59.97", 1)
        assert home["previous"]["impressions"] == 0
        none = await ask(ann, shop, f"overview?from={DAY}&to={DAY}&placementId=home&strategy=trending")
        assert (none["impressions"], none["revenue"]) == (0, "0.00")
        rest = await ask(ann, shop, f"overview?from={DAY}&to={DAY}&placementId=")
        assert (rest["impressions"], rest["revenue"]) == (0, "0.30")
        series = await ask(ann, shop, f"timeseries?metric=impressions&from={DAY}&to={DAY}&strategy=trending")
        assert series == [{"value": 1, "date": DAY}]
        lines = (await ann.call("GET", f"/api/v1/tenants/{shop}/analytics/export.csv?from={DAY}&placementId=cart")).text
        assert [line.split(",")[1] for line in lines.splitlines()[1:]] == ["cart"]
        await settle(context.pool, UUID(shop))


async def test_figures_that_take_too_long_are_promised_for_later(
    ann: Person, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*_: Any, **__: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr(queries, "read_figures", slow)
    for what in ("overview", "timeseries", "export.csv"):
        refused = await ann.call("GET", f"/api/v1/tenants/{shop}/analytics/{what}")
        assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (
            503,
            "figures_pending",
            "60",
        )


async def test_events_of_before_1900_are_counted_nowhere_and_stop_nothing(
    ann: Person, shop: str, context: Context
) -> None:
    await post(
        ann, shop, event("purchase", "0001-01-01T00:00:00Z", price=1), event("click", "1899-12-31T12:00:00Z"), *A_DAY
    )
    for _ in range(2):
        assert (await ask(ann, shop, f"overview?from={DAY}&to={DAY}"))["conversions"] == 4
        await settle(context.pool, UUID(shop))


async def test_the_dearest_purchases_fit(ann: Person, shop: str, context: Context) -> None:
    await post(
        ann, shop, *(event("purchase", at(f"10:0{n}"), price=9999999999.99, quantity=1_000_000) for n in range(9))
    )
    for _ in range(2):
        assert (await ask(ann, shop, f"overview?from={DAY}&to={DAY}"))["revenue"] == "89999999999910000.00"
        await settle(context.pool, UUID(shop))


async def test_an_answer_is_of_one_moment(
    ann: Person, shop: str, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is settled between a reader's two questions to the database is counted once."""
    await post(ann, shop, *A_DAY)
    touched_hours = queries.touched_hours
    await settle(context.pool, UUID(shop))
    await post(ann, shop, event("click", at("15:00")))

    async def then_settle(*arguments: Any) -> Any:
        found = await touched_hours(*arguments)
        monkeypatch.setattr(queries, "touched_hours", touched_hours)
        await settle(context.pool, UUID(shop))
        return found

    monkeypatch.setattr(queries, "touched_hours", then_settle)
    assert (await ask(ann, shop, f"overview?from={DAY}&to={DAY}"))["clicks"] == 2


async def test_settled_figures_come_from_the_tables(ann: Person, shop: str, context: Context) -> None:
    await post(ann, shop, *A_DAY)
    await settle(context.pool, UUID(shop))
    for table in ("analytics_daily", "analytics_hourly", "analytics_products"):
        await execute(
            context.settings.database_url,
            f"UPDATE {table} SET clicks = clicks + 100 WHERE tenant_id = $1 AND clicks = 1",
            UUID(shop),
        )
    assert (await ask(ann, shop, f"overview?from={DAY}&to={DAY}"))["clicks"] == 101
    assert (
        max(
            point["value"]
            for point in await ask(ann, shop, f"timeseries?metric=clicks&interval=hour&from={DAY}&to={DAY}")
        )
        == 101
    )
    assert (await ask(ann, shop, f"top-products?metric=clicks&from={DAY}&to={DAY}"))[0]["clicks"] == 101
    assert datetime.now(UTC).date() > datetime.fromisoformat(DAY).date()


async def test_a_late_click_and_a_late_line_change_hours_that_were_settled(
    ann: Person, shop: str, context: Context
) -> None:
    await post(
        ann, shop, event("purchase", at("12:00"), price=5), event("purchase", at("14:00"), product="hat", orderId="o1")
    )
    await settle(context.pool, UUID(shop))
    late = [
        event("click", at("09:00", "2026-11-08"), placementId="home"),
        event("purchase", at("10:00", "2026-11-09"), product="sock", orderId="o1"),
    ]
    await post(ann, shop, *late)
    for _ in range(2):
        day, before = [await ask(ann, shop, f"overview?from={each}&to={each}") for each in (DAY, "2026-11-09")]
        assert (day["attributedConversions"], day["attributedRevenue"], day["orders"], before["orders"]) == (
            1,
            "5.00",
            1,
            1,
        )
        assert [
            each["attributedConversions"] for each in await ask(ann, shop, f"top-products?from={DAY}&to={DAY}")
        ] == [1]
        await settle(context.pool, UUID(shop))
