"""Results day by day: each look is what the results were then."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.context import Context
from recomengine.experiments.looks import DAY, MAX_LOOKS, moments
from tests.experiments.shop import Shop, shoppers
from tests.support.databases import execute

START = datetime(2026, 1, 1, tzinfo=UTC)


def seen(experiment_id: str, variant: str, count: int, clicked: int, prefix: str) -> list[dict[str, Any]]:
    """As many shoppers see a product each, and so many of them click it."""
    events = []
    strategy = "trending" if variant == "control" else "content_based"
    for number, user in enumerate(islice(shoppers(experiment_id, 50, variant, prefix), count)):
        metadata = {"experimentId": experiment_id, "variant": variant, "placementId": "home", "strategy": strategy}
        for kind in ("impression", "click")[: 2 if number < clicked else 1]:
            events.append({"eventType": kind, "userId": user, "productId": "boot", "metadata": metadata})
    return events


async def by_day(shop: Shop, experiment_id: str) -> list[dict[str, Any]]:
    found = await shop.person.call("GET", f"{shop.path}/{experiment_id}/results/by-day")
    assert found.status_code == 200, found.text
    return list(found.json()["data"])


@pytest.mark.usefixtures("former_month")  # days ago may lie in it
async def test_each_look_knows_what_was_stored_until_then_and_the_last_one_is_the_results(
    shop: Shop, context: Context
) -> None:
    experiment_id = await shop.make()
    url = context.settings.database_url
    for days_ago, clicks in ((3, 30), (1, 60)):
        for variant, clicked in (("control", 30), ("variant", clicks)):
            await shop.send(seen(experiment_id, variant, 80, clicked, f"d{days_ago}-"))
        await execute(
            url,
            "UPDATE events SET created_at = created_at - $2 * interval '1 day' - interval '1 hour' "
            "WHERE tenant_id = $1 AND user_id LIKE 'd' || $2::int || '-%'",
            shop.id, days_ago,
        )  # fmt: skip
    await execute(
        url,
        "UPDATE experiments SET started_at = started_at - interval '4 days' WHERE tenant_id = $1 AND id::text = $2",
        shop.id,
        experiment_id,
    )
    looks = await by_day(shop, experiment_id)
    results = await shop.results(experiment_id)

    assert [look["users"] for look in looks] == [160, 160, 320, 320, 320]
    assert [look["decision"] for look in looks[:2]] == ["undecided", "undecided"]
    last = {name: looks[-1][name] for name in ("absoluteLift", "sequentialCi", "decision")}
    assert last == {name: (results["comparison"] | results)[name] for name in last}
    assert looks[0]["absoluteLift"] < looks[-1]["absoluteLift"]


async def test_a_draft_has_no_looks_and_a_strangers_experiment_is_not_found(shop: Shop) -> None:
    assert await by_day(shop, await shop.make(start=False, placementId="elsewhere")) == []
    missing = await shop.person.call("GET", f"{shop.path}/0b9a4f0e-0000-4000-8000-000000000000/results/by-day")
    assert missing.status_code == 404


@given(hours=st.integers(0, 24 * 120))
def test_looks_are_few_evenly_spaced_and_end_with_now(hours: int) -> None:
    end = START + timedelta(hours=hours)
    found = moments(START, end)
    assert found[-1] == end
    assert len(found) <= MAX_LOOKS
    steps = {later - earlier for earlier, later in zip([START, *found], found[:-1], strict=False)}
    assert len(steps) <= 1
    assert all(step % DAY == timedelta() for step in steps)
