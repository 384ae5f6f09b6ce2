"""No experiment runs longer than its events are kept, and each one's figures are kept before these go."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest

from recomengine.context import Context
from recomengine.experiments import service
from recomengine.experiments.schemas import Arm, Experiment
from recomengine.infra.database import Connection
from tests.experiments.shop import Shop, shoppers
from tests.support.databases import execute, fetchval

LONGEST = timedelta(days=90)
AGE = "UPDATE experiments SET started_at = now() - make_interval(days => $2) WHERE id::text = $1"
KEPT = "SELECT count(*) FROM experiment_results WHERE experiment_id::text = $1"


async def status(shop: Shop, experiment_id: str) -> str:
    return str((await shop.person.call("GET", f"{shop.path}/{experiment_id}")).json()["data"]["status"])


@pytest.mark.parametrize("steps", [[], ["pause"]])
async def test_one_that_was_started_too_long_ago_is_completed_with_its_figures(
    steps: list[str], shop: Shop, context: Context
) -> None:
    old, young = await shop.make(), await shop.make(placementId="cart")
    for step in steps:
        await shop.move(old, step)
    url = context.settings.database_url
    await execute(url, AGE, old, 91)
    await execute(url, AGE, young, 89)

    assert await service.complete_overdue(context.pool, context.bus, LONGEST) >= 1

    assert (await status(shop, old), await status(shop, young)) == ("completed", "running")
    assert await fetchval(url, KEPT, old) == 2
    await shop.serves(None, placementId="home", userId="ann")
    assert await service.complete_overdue(context.pool, context.bus, LONGEST) == 0


async def test_what_ails_one_experiment_keeps_no_other_from_being_completed(
    shop: Shop, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiments = [await shop.make(), await shop.make(placementId="cart")]
    for each in experiments:
        await execute(context.settings.database_url, AGE, each, 91)
    measure = service._measure

    async def measure_but_one(connection: Connection, tenant_id: UUID, experiment: Experiment) -> dict[str, Arm]:
        if str(experiment.id) == experiments[0]:
            raise asyncpg.DataError("bad")
        return await measure(connection, tenant_id, experiment)

    with monkeypatch.context() as patch:
        patch.setattr(service, "_measure", measure_but_one)
        await service.complete_overdue(context.pool, context.bus, LONGEST)
    assert [await fetchval(context.settings.database_url, KEPT, each) for each in experiments] == [0, 2]
    await service.complete_overdue(context.pool, context.bus, LONGEST)
    assert await fetchval(context.settings.database_url, KEPT, experiments[0]) == 2


async def test_figures_that_were_not_kept_are_kept(shop: Shop, context: Context) -> None:
    experiment_id = await shop.make()
    await shop.move(experiment_id, "complete")
    url = context.settings.database_url
    await execute(url, "DELETE FROM experiment_results WHERE experiment_id::text = $1", experiment_id)
    await service.complete_overdue(context.pool, context.bus, LONGEST)
    assert await fetchval(url, KEPT, experiment_id) == 2


async def test_the_dearest_purchase_is_kept(shop: Shop, context: Context) -> None:
    experiment_id = await shop.make(metric="revenue_per_user")
    ann = next(shoppers(experiment_id, 50, "variant"))
    event = {"userId": ann, "productId": "boot", "sessionId": "s"}
    seen = {"experimentId": experiment_id, "variant": "variant", "strategy": "content_based", "placementId": "home"}
    await shop.send([{**event, "eventType": "impression", "metadata": seen}])
    await shop.send([{**event, "eventType": "purchase", "metadata": {"price": 9999999999.99, "quantity": 1_000_000}}])
    await shop.move(experiment_id, "complete")
    revenue = "SELECT revenue FROM experiment_results WHERE experiment_id::text = $1 AND variant = 'variant'"
    assert await fetchval(context.settings.database_url, revenue, experiment_id) == Decimal("9999999999990000.00")
    assert (await shop.results(experiment_id))["variants"][1]["revenue"] == 9999999999990000.0
