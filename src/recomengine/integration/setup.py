"""How far a shop has come with setting itself up: what is done, since when, and what comes next.

The page that waits for the first event asks every two seconds, so nothing here counts or scans.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from recomengine.infra.database import Pool, tenant_transaction
from recomengine.integration import queries
from recomengine.integration.notes import OTHERS
from recomengine.integration.of_placements import NONE
from recomengine.integration.schemas import Refusal, SeenEvent, Setup, SetupStep, Step

REFUSED_FOR = timedelta(hours=1)
MAX_REFUSALS = 5


class Told(NamedTuple):
    """Of a step: what is said when it is done and when it is not, and what is to be done."""

    done: str
    missing: str
    remedy: str


STEPS: Mapping[Step, Told] = {
    "key": Told(
        "A key is in force.", "No key is in force.",
        "Copy the snippet, which makes a publish key for pages, or make a read-write key for your servers.",
    ),
    "event": Told(
        "Events come.", "No event has come yet.",
        "Put the snippet into your pages' head and open a product's page, or send an event to POST /api/v1/events.",
    ),
    "catalog": Told(
        "Products are there.", "The catalog has no product that is available, so every list is empty.",
        "Import a file of products, or send them to POST /api/v1/catalog/batch.",
    ),
    "model": Told(
        "A model is built, and built anew as events come.", "There is no model yet; lists are of what is popular.",
        "It is built within a quarter of an hour after events and products are there; or have it built now.",
    ),
    "widget": Told(
        "Lists are asked for by placement.", "No page has asked for the list of a placement.",
        "Put the element of a placement into a page, where its list is to stand.",
    ),
}  # fmt: skip
FAILED_BUILD = "The newest build of the model failed. The page of models says why."


async def setup_of(pool: Pool, tenant_id: UUID) -> Setup:
    since = (datetime.now(UTC) - REFUSED_FOR).date()
    async with tenant_transaction(pool, tenant_id) as connection:
        progress = await queries.progress(connection, tenant_id, [NONE, OTHERS])
        newest = await queries.newest_event(connection, tenant_id)
        refused = await queries.refused(connection, tenant_id, since, REFUSED_FOR, MAX_REFUSALS)
    steps = [_step(step, told, progress) for step, told in STEPS.items()]
    return Setup(
        all(step.done for step in steps), steps,
        None if newest is None else SeenEvent(
            newest["event_type"], newest["product_id"], newest["created_at"], newest["timestamp"],
            newest["product_known"],
        ),
        [Refusal(*row) for row in refused],
    )  # fmt: skip


def _step(step: Step, told: Told, progress: asyncpg.Record) -> SetupStep:
    at = progress[f"{step}_at"]
    if at is not None:
        return SetupStep(step, True, at, told.done, "")
    failed = step == "model" and progress["last_build"] == "failed"
    return SetupStep(step, False, None, told.missing, FAILED_BUILD if failed else told.remedy)
