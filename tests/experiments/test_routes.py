"""Experiments over HTTP: made, changed, moved, deleted; whose they are."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from recomengine.context import Context
from tests.experiments.shop import AB, Shop, open_shop
from tests.support.apps import bearer
from tests.support.databases import fetchval
from tests.support.people import Person

STEPS = ("start", "pause", "resume", "complete")


async def post(shop: Shop, body: dict[str, Any], **headers: str) -> httpx.Response:
    return await shop.person.call("POST", shop.path, body, **headers)


async def test_an_experiment_is_as_it_was_made(shop: Shop) -> None:
    made = (await post(shop, AB)).json()["data"]
    assert set(made) == {
        "id", "name", "kind", "placementId", "controlStrategy", "variantStrategy", "trafficSplit", "metric", "status",
        "startedAt", "completedAt", "createdAt", "updatedAt",
    }  # fmt: skip
    assert {name: made[name] for name in AB} == AB
    assert (made["kind"], made["status"], made["startedAt"], made["completedAt"]) == ("ab", "draft", None, None)
    assert (await shop.person.call("GET", f"{shop.path}/{made['id']}")).json()["data"] == made
    assert (await shop.person.call("GET", shop.path)).json() == {"data": [made], "meta": {"nextCursor": None}}


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"trafficSplit": 0}, "$.trafficSplit"), ({"trafficSplit": 100}, "$.trafficSplit"),
        ({"trafficSplit": "x"}, "$.trafficSplit"),
        ({"metric": "clicks"}, "$.metric"), ({"controlStrategy": "best"}, "$.controlStrategy"),
        ({"name": ""}, "$.name"), ({"name": "a\n"}, "$.name"),
        ({"placementId": ""}, "$.placementId"), ({"kind": "bandit"}, "$.kind"), ({"colour": 1}, "$"),
        ({"kind": "interleaving", "metric": "conversion_rate"}, "$.metric"),
        ({"kind": "interleaving", "trafficSplit": 60}, "$.trafficSplit"),
    ],
)  # fmt: skip
async def test_a_wrong_experiment_is_refused_by_its_field(fields: dict[str, Any], path: str, shop: Shop) -> None:
    refused = await post(shop, AB | fields)
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, path), refused.text
    assert (await shop.person.call("GET", shop.path)).json()["data"] == []


async def test_a_repeated_post_makes_one_experiment(shop: Shop) -> None:
    one, other = [await post(shop, AB, **{"Idempotency-Key": "e1"}) for _ in range(2)]
    assert one.status_code == other.status_code == 201
    assert one.json() == other.json()
    assert (await post(shop, AB | {"name": "Another"}, **{"Idempotency-Key": "e1"})).json()[
        "code"
    ] == "idempotency_key_reused"
    assert len((await shop.person.call("GET", shop.path)).json()["data"]) == 1


async def test_a_draft_can_be_changed_and_afterwards_only_its_name(shop: Shop) -> None:
    experiment_id = await shop.make(start=False)
    path = f"{shop.path}/{experiment_id}"
    changed = (await shop.person.call("PATCH", path, {"trafficSplit": 30, "placementId": None})).json()["data"]
    assert (changed["trafficSplit"], changed["placementId"], changed["name"]) == (30, None, AB["name"])
    assert (await shop.person.call("PATCH", path, {"kind": "interleaving"})).status_code == 422
    await shop.move(experiment_id, "start")
    assert (await shop.person.call("PATCH", path, {"name": "Renamed"})).json()["data"]["name"] == "Renamed"
    refused = await shop.person.call("PATCH", path, {"name": "x", "trafficSplit": 40})
    assert (refused.status_code, refused.json()["code"]) == (409, "experiment_started")


async def test_it_moves_from_state_to_state_and_no_other_way(shop: Shop) -> None:
    allowed = {"draft": ["start"], "running": ["pause", "complete"], "paused": ["resume", "complete"], "completed": []}
    ways = {"draft": [], "running": ["start"], "paused": ["start", "pause"], "completed": ["start", "complete"]}
    for status, way in ways.items():
        for step in STEPS:
            experiment_id = await shop.make(start=False, placementId=f"{status}-{step}")
            for each in way:
                await shop.move(experiment_id, each)
            moved = await shop.person.call("POST", f"{shop.path}/{experiment_id}/{step}")
            if step in allowed[status]:
                assert moved.status_code == 200, (status, step)
            else:
                assert (moved.status_code, moved.json()["code"]) == (409, "wrong_transition"), (status, step)
                assert (await shop.person.call("GET", f"{shop.path}/{experiment_id}")).json()["data"][
                    "status"
                ] == status


async def test_times_of_start_and_end_are_kept(shop: Shop) -> None:
    experiment_id = await shop.make()
    started = (await shop.move(experiment_id, "pause"))["startedAt"]
    assert started is not None
    resumed = await shop.move(experiment_id, "resume")
    assert (resumed["startedAt"], resumed["completedAt"]) == (started, None)
    assert (await shop.move(experiment_id, "complete"))["completedAt"] > started


async def test_one_experiment_runs_on_a_placement(shop: Shop) -> None:
    first, second = await shop.make(), await shop.make(start=False)
    await shop.make(placementId="cart")
    await shop.make(placementId=None)
    for step, wanted in (("start", second),):
        refused = await shop.person.call("POST", f"{shop.path}/{wanted}/{step}")
        assert (refused.status_code, refused.json()["code"]) == (409, "placement_taken")
    await shop.move(first, "pause")
    await shop.move(second, "start")
    assert (await shop.person.call("POST", f"{shop.path}/{first}/resume")).json()["code"] == "placement_taken"
    whole = await shop.make(start=False, placementId=None)
    assert (await shop.person.call("POST", f"{shop.path}/{whole}/start")).json()["code"] == "placement_taken"


async def test_what_does_not_run_can_be_deleted_with_its_results(shop: Shop, context: Context) -> None:
    experiment_id = await shop.make()
    path = f"{shop.path}/{experiment_id}"
    assert (await shop.person.call("DELETE", path)).json()["code"] == "experiment_started"
    await shop.move(experiment_id, "complete")
    count = "SELECT count(*) FROM experiment_results WHERE experiment_id::text = $1"
    assert await fetchval(context.settings.database_url, count, experiment_id) == 2
    assert (await shop.person.call("DELETE", path)).status_code == 204
    assert await fetchval(context.settings.database_url, count, experiment_id) == 0
    assert (await shop.person.call("GET", path)).status_code == 404
    assert (await shop.person.call("DELETE", path)).status_code == 404


async def test_lists_come_in_pages_and_by_status(shop: Shop) -> None:
    made = [await shop.make(start=False, placementId=f"p{number}") for number in range(5)]
    await shop.move(made[2], "start")
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await shop.person.call("GET", f"{shop.path}?limit=2{f'&cursor={cursor}' if cursor else ''}")).json()
        found += [each["id"] for each in page["data"]]
        cursor = page["meta"]["nextCursor"]
    assert found == made[::-1]
    assert [each["id"] for each in (await shop.person.call("GET", f"{shop.path}?status=running")).json()["data"]] == [
        made[2]
    ]
    for query in ("limit=0", "cursor=x", "status=gone", "page=1"):
        assert (await shop.person.call("GET", f"{shop.path}?{query}")).status_code == 422


async def test_what_admins_did_is_written_down(shop: Shop) -> None:
    experiment_id = await shop.make(start=False)
    await shop.person.call("PATCH", f"{shop.path}/{experiment_id}", {"trafficSplit": 30})
    await shop.move(experiment_id, "start")
    await shop.move(experiment_id, "complete")
    await shop.person.call("DELETE", f"{shop.path}/{experiment_id}")
    lines = (await shop.person.call("GET", "/api/v1/audit-log?limit=5")).json()["data"]
    assert [line["action"].removeprefix("experiment.") for line in lines] == [
        "deleted",
        "completed",
        "started",
        "changed",
        "created",
    ]
    assert {line["subject"] for line in lines} == {experiment_id}
    assert (lines[3]["before"], lines[3]["after"]) == ({"trafficSplit": 50}, {"trafficSplit": 30})


async def test_a_stranger_finds_nothing_and_a_key_may_nothing(shop: Shop, client: httpx.AsyncClient) -> None:
    experiment_id = await shop.make()
    stranger, path = await open_shop(client), f"{shop.path}/{experiment_id}"
    own = f"{stranger.path}/{experiment_id}"
    calls = [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/results"),
        ("GET", "/power?lift=0.1"),
        *(("POST", f"/{step}") for step in STEPS),
    ]
    for method, rest in calls:
        body = {"name": "x"} if method == "PATCH" else None
        for there in (path, own, f"{shop.path}/{uuid4()}x"):
            assert (await stranger.person.call(method, there + rest, body)).status_code == 404, (method, there + rest)
        assert (await shop.person.call(method, f"{shop.path}/nothing{rest}", body)).status_code == 404
        assert (await client.request(method, path + rest, json=body, headers=bearer(shop.key))).status_code == 401
    assert (await stranger.person.call("GET", shop.path)).status_code == 404
    assert (await Person(client).call("POST", shop.path, AB)).status_code == 401
