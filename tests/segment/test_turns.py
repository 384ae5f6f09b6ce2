"""What messages need of their own in the database is done two at a time, however many there are in a batch."""

import asyncio

import httpx
import pytest

from recomengine.context import Context
from recomengine.segment import service
from tests.segment.messages import post, take, track
from tests.support.apps import Tenant
from tests.support.bad_input import is_problem

CANCELLED = track("Order Cancelled", {"order_id": "7"})


async def test_events_are_stored_while_others_wait_for_their_turn(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    async with context.segment.turn(), context.segment.turn():
        waiting = asyncio.create_task(post(client, tenant, CANCELLED))
        await take(client, tenant, track("Product Viewed", {"product_id": "a"}))
        assert not waiting.done()
    assert (await waiting).status_code == 200


async def test_more_than_may_wait_are_sent_away_and_may_come_again(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MAX_WAITING", 2)
    async with context.segment.turn(), context.segment.turn():
        refused = await post(client, tenant, CANCELLED)
        assert is_problem(refused, 503)["code"] == "overloaded"
        assert refused.headers["retry-after"]
    await take(client, tenant, CANCELLED)
