"""No experiment runs longer than its events are kept, and each one's figures are kept before these go."""

from datetime import timedelta

import pytest

from recomengine.context import Context
from recomengine.experiments import service
from tests.databases import execute, fetchval
from tests.experiments.shop import Shop

LONGEST = timedelta(days=90)
AGE = "UPDATE experiments SET started_at = now() - make_interval(days => $2) WHERE id::text = $1"
KEPT = "SELECT count(*) FROM experiment_results WHERE experiment_id::text = $1"


async def status(shop: Shop, experiment_id: str) -> str:
    return str((await shop.person.call("GET", f"{shop.path}/{experiment_id}")).json()["data"]["status"])


@pytest.mark.parametrize("steps", [[], ["pause"]])
async def test_one_that_was_started_too_long_ago_is_completed_with_its_figures(steps: list[str], shop: Shop, context: Context) -> None:
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


async def test_figures_that_were_not_kept_are_kept(shop: Shop, context: Context) -> None:
    experiment_id = await shop.make()
    await shop.move(experiment_id, "complete")
    url = context.settings.database_url
    await execute(url, "DELETE FROM experiment_results WHERE experiment_id::text = $1", experiment_id)
    await service.complete_overdue(context.pool, context.bus, LONGEST)
    assert await fetchval(url, KEPT, experiment_id) == 2
