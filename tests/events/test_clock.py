"""Times: seconds are refused, and a client's wrong clock is set right by when it sent."""

import json
from typing import Any

import httpx
import pytest

from tests.support.apps import Tenant, bearer
from tests.support.stored import START_MS, now_ms, stored, view

DAY_MS = 86_400_000
NEAR_MS = 60_000
"""What a test may take between reading the clock and being answered."""


async def send(
    client: httpx.AsyncClient, tenant: Tenant, events: list[dict[str, Any]], sent_at: Any
) -> list[dict[str, Any]]:
    body = {"events": events, "sentAt": sent_at}
    answer = await client.post("/api/v1/events/batch", json=body, headers=bearer(tenant.read_write))
    assert answer.status_code == 202, answer.text
    results: list[dict[str, Any]] = answer.json()["data"]["results"]
    return results


@pytest.mark.parametrize("seconds", [1_700_000_000, 99_999_999_999, 0, -1_700_000_000, -1_700_000_000_000])
async def test_a_time_in_seconds_is_refused_with_the_remedy(
    seconds: int, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    headers = bearer(tenant.read_write)
    event = view(timestamp=seconds)
    one = (await client.post("/api/v1/events", json=event, headers=headers)).json()
    assert (one["status"], one["code"], one["errors"][0]["path"]) == (422, "timestamp_in_seconds", "$.timestamp")
    assert str(seconds) in one["detail"]
    assert "Multiply it by 1000" in one["detail"]
    batch = await client.post("/api/v1/events/batch", json={"events": [event, view()]}, headers=headers)
    refused, taken = batch.json()["data"]["results"]
    assert (refused["error"]["code"], taken["status"]) == ("timestamp_in_seconds", "accepted")
    lines = headers | {"Content-Type": "application/x-ndjson"}
    imported = await client.post("/api/v1/events/import", content=json.dumps(event), headers=lines)
    assert "Multiply it by 1000" in imported.json()["data"]["errors"][0]["message"]
    sent = await client.post("/api/v1/events/batch", json={"events": [view()], "sentAt": seconds}, headers=headers)
    assert (sent.status_code, sent.json()["code"]) == (422, "timestamp_in_seconds")
    assert sent.json()["errors"][0]["path"] == "$.sentAt"
    assert len(await stored(database_url, tenant.id)) == 1


@pytest.mark.parametrize("off_ms", [14 * DAY_MS, -14 * DAY_MS, 3 * 3_600_000, -20 * 365 * DAY_MS])
async def test_times_by_a_wrong_clock_are_moved_to_the_servers_and_kept(
    off_ms: int, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    now = now_ms()
    events = [view(timestamp=now + off_ms - 7_200_000), view("bob", timestamp=now + off_ms, metadata={"query": "x"})]
    assert [each["status"] for each in await send(client, tenant, events, now + off_ms)] == ["accepted"] * 2
    rows = await stored(database_url, tenant.id)
    for row, event, happened in zip(rows, events, (now - 7_200_000, now), strict=True):
        assert abs(row["timestamp_ms"] - happened) < NEAR_MS
        assert json.loads(row["metadata"])["$clientTimestamp"] == event["timestamp"]
    assert json.loads(rows[1]["metadata"])["query"] == "x"


async def test_a_batch_that_is_sent_again_is_the_same_events_whenever_it_is_sent(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    given = now_ms() + 2 * DAY_MS
    events = [view(timestamp=given - number) for number in range(3)]
    for late_ms in (0, 3_600_000, 20 * 3_600_000):
        results = await send(client, tenant, events, given + late_ms)
        assert [each["status"] for each in results] == ["duplicate" if late_ms else "accepted"] * 3
        assert not any("differs" in each for each in results)
    assert len(await stored(database_url, tenant.id)) == 3


async def test_a_clock_that_is_right_moves_nothing(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    events = [view(timestamp=START_MS), view("bob")]
    assert [each["status"] for each in await send(client, tenant, events, now_ms())] == ["accepted"] * 2
    rows = {row["user_id"]: row for row in await stored(database_url, tenant.id)}
    assert (rows["ann"]["timestamp_ms"], rows["ann"]["metadata"]) == (START_MS, None)
    assert abs(rows["bob"]["timestamp_ms"] - now_ms()) < NEAR_MS


@pytest.mark.parametrize("sent_at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", 253_402_300_799_999])
async def test_a_time_of_sending_that_is_of_no_clock_corrects_nothing(
    sent_at: Any, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    given = now_ms() - DAY_MS
    [result] = await send(client, tenant, [view(timestamp=given)], sent_at)
    assert result["status"] == "accepted"
    [row] = await stored(database_url, tenant.id)
    assert (row["timestamp_ms"], row["metadata"]) == (given, None)


async def test_an_event_after_its_own_sending_is_refused_by_the_servers_clock(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    now = now_ms()
    ahead, good = await send(client, tenant, [view(timestamp=now + DAY_MS), view(timestamp=now - 1000)], now)
    assert (ahead["status"], good["status"]) == ("rejected", "accepted")
    assert "ahead" in ahead["error"]["message"]
    assert "clock" in ahead["error"]["message"]
