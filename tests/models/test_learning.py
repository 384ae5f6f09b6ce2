"""A build learns anew only when it pays, and replaces the served model unless it is clearly worse."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from recomengine.context import Context
from recomengine.infra.metrics import MODELS_KEPT
from recomengine.models import build as building
from recomengine.models import queries, service
from recomengine.models.backtest import backtest
from recomengine.models.blend import WIDTH
from recomengine.models.build import Built, build_model
from recomengine.models.cases import CONTEXTS
from recomengine.models.content import build_content
from recomengine.models.learning import (
    GUARDED_FOR,
    LEARNED_FOR,
    Published,
    WorseThanServed,
    check_not_worse,
    still_holds,
)
from tests.support.apps import MakeTenant, Tenant
from tests.support.shops import build, fill_catalog, product, send, store_of

NOW = datetime(2026, 5, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [product("boot"), product("clog")])
    await send(context, tenant.id, views("ann", 100))
    return tenant


def views(user: str, count: int) -> list[dict[str, Any]]:
    return [
        {"eventType": "view", "userId": user, "productId": "boot", "timestamp": 1_700_000_000_000 + number * 1000}
        for number in range(count)
    ]


def served(events: int, age: timedelta, width: int = WIDTH) -> Published:
    return Published(
        {f"weights.{context}": np.zeros(width, np.float32) for context in CONTEXTS},
        {"learnedAt": (NOW - age).isoformat(), "learnedEvents": events},
    )


@pytest.mark.parametrize(("learned", "now", "age", "holds"), [
    (1000, 1000, HOUR, True), (1000, 1049, HOUR, True), (1000, 1050, HOUR, False), (1000, 999, HOUR, False),
    (0, 0, HOUR, False),
    (1000, 1000, LEARNED_FOR, False), (1000, 1000, LEARNED_FOR - HOUR, True),
])  # fmt: skip
def test_what_was_learned_holds_for_a_day_and_a_twentieth_of_new_events(
    learned: int, now: int, age: timedelta, holds: bool
) -> None:
    assert still_holds(served(learned, age), now, NOW) is holds


def test_weights_of_other_features_do_not_hold() -> None:
    assert not still_holds(served(1000, HOUR, WIDTH + 1), 1000, NOW)
    assert not still_holds(Published({}, {}), 1000, NOW)


@pytest.fixture
def learnings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of events of each backtest from now on."""
    learnings: list[int] = []

    def counted(histories: Any, *args: Any) -> Any:
        learnings.append(len(histories.items))
        return backtest(histories, *args)

    monkeypatch.setattr(building, "backtest", counted)
    return learnings


async def test_a_refresh_with_few_new_events_takes_over_what_was_learned(
    context: Context, tenant: Tenant, learnings: list[int]
) -> None:
    first = await build(context, tenant.id)
    await send(context, tenant.id, views("bob", 4))
    second = await build(context, tenant.id)
    assert learnings == [100]

    (old, was), (new, now) = store_of(context).open(tenant.id, first), store_of(context).open(tenant.id, second)
    assert all(np.array_equal(new[f"weights.{name}"], old[f"weights.{name}"]) for name in CONTEXTS)
    taken = ("singles", "repeatShare", "contexts", "strategies", "learnedAt", "learnedEvents")
    assert {name: now[name] for name in taken} == {name: was[name] for name in taken}
    assert (now["events"], now["learnedEvents"]) == (104, 100)

    await send(context, tenant.id, views("eve", 1))
    await build(context, tenant.id)
    assert learnings == [100, 105], "counted from the last learning, not from the last build"


async def test_content_is_made_anew_only_when_what_it_is_made_of_changes(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(products: Any, n_items: int) -> Any:
        made.append(n_items)
        return build_content(products, n_items)

    monkeypatch.setattr(building, "build_content", counted)
    await build(context, tenant.id)
    await fill_catalog(context, tenant.id, [product("boot", price=3)])
    await build(context, tenant.id)
    assert made == [2], "a price is no content"

    await fill_catalog(context, tenant.id, [product("boot", price=3, brand="Acme")])
    await build(context, tenant.id)
    await fill_catalog(context, tenant.id, [product("mule")])
    await build(context, tenant.id)
    assert made == [2, 2, 3]


async def test_a_served_model_without_its_files_is_learned_anew(
    context: Context, tenant: Tenant, learnings: list[int]
) -> None:
    store_of(context).remove(tenant.id, await build(context, tenant.id))
    await build(context, tenant.id)

    assert learnings == [100, 100]


def stats(value: float, cases: int = 200, built: datetime = NOW) -> dict[str, Any]:
    figure = {"value": value, "low": value - 0.02, "high": value + 0.02}
    counts = {"events": 100, "learnedEvents": 100}
    return {
        "contexts": {"session": {"cases": cases}},
        "strategies": {"auto": {"session": figure}},
        "builtAt": built.isoformat(),
    } | counts


def test_a_build_whose_interval_lies_below_is_worse() -> None:
    with pytest.raises(
        WorseThanServed,
        match=r"^backtests worse than the served model: session 0\.31 against 0\.36; kept the served one$",
    ):
        check_not_worse(stats(0.31), stats(0.36), NOW)


@pytest.mark.parametrize(("new", "old"), [
    (stats(0.33), stats(0.36)), (stats(0.40), stats(0.36)), (stats(0.31, cases=199), stats(0.36)),
    (stats(0.31), stats(0.36, cases=199)),
    (stats(0.31), stats(0.36, built=NOW - GUARDED_FOR)), (stats(0.31) | {"strategies": {"auto": {}}}, stats(0.36)),
    (stats(0.31), stats(0.36) | {"contexts": {}}),
    (stats(0.31), stats(0.36) | {"contexts": {"session": {"cases": 200}, "another": {"cases": 200}}}),
    (stats(0.31) | {"events": 106}, stats(0.36)),
    (stats(0.31) | {"robots": 1}, stats(0.36)), (stats(0.31), stats(0.36) | {"robots": 1}),
])  # fmt: skip
def test_a_build_is_not_worse_within_noise_or_of_few_cases_or_after_much_has_happened(
    new: dict[str, Any], old: dict[str, Any]
) -> None:
    check_not_worse(new, old, NOW)


async def test_a_clearly_worse_build_is_not_published(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def backtesting(value: float) -> None:
        def build(*args: Any) -> Built:
            built = build_model(*args)
            return Built(built.arrays, built.stats | {name: stats(value)[name] for name in ("contexts", "strategies")})

        monkeypatch.setattr(service, "build_model", build)

    backtesting(0.36)
    version = await build(context, tenant.id)
    backtesting(0.31)
    await send(context, tenant.id, views("bob", 5))
    before = MODELS_KEPT._value.get()

    with pytest.raises(WorseThanServed):
        await build(context, tenant.id)

    status = await service.status(context.pool, tenant.id)
    assert (status["status"], status["version"]) == ("failed", version)
    assert status["error"] == "backtests worse than the served model: session 0.31 against 0.36; kept the served one"
    assert MODELS_KEPT._value.get() == before + 1
    await context.models.update()
    model = await context.models.get(tenant.id)
    assert model is not None
    assert model.version == version


async def test_each_part_of_a_build_is_told_when_it_begins(
    context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    begin_part = queries.begin_part

    async def then_ask(connection: Any, tenant_id: Any, version: str, part: str) -> None:
        told.append(await service.status(context.pool, tenant_id))
        await begin_part(connection, tenant_id, version, part)

    monkeypatch.setattr(queries, "begin_part", then_ask)
    await build(context, tenant.id)

    parts = ["events", "content", "backtest", "sequences", "collaborative", "bought together", "rankings", "encoder"]
    assert "progress" not in told[0]
    assert [each["progress"]["part"] for each in told[1:]] == parts
    assert all(each["status"] == "building" and each["progress"]["seconds"] >= 0 for each in told[1:])
    assert "progress" not in await service.status(context.pool, tenant.id)
