"""Builds over HTTP: what each learned, in figures and words, and the replay of its held-back cases."""

import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from recomengine.context import Context
from recomengine.models import service
from recomengine.models.cases import CONTEXTS
from recomengine.models.held_back import replay_of
from recomengine.models.schemas import SourceShare
from recomengine.models.versions import in_a_sentence
from recomengine.users.service import erase
from tests.support.lists import SHOP, history
from tests.support.people import Person, forget_attempts
from tests.support.shops import build, fill_catalog, send, store_of

Get = Callable[[str], Awaitable[httpx.Response]]


class Built:
    def __init__(self, person: Person, tenant_id: str) -> None:
        self.id, self._person = UUID(tenant_id), person

    async def get(self, path: str) -> httpx.Response:
        return await self._person.call("GET", f"/api/v1/tenants/{self.id}/{path}")

    async def data(self, path: str) -> Any:
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@pytest.fixture
async def shop(context: Context, client: httpx.AsyncClient) -> Built:
    await forget_attempts(context)
    person = Person(client)
    await person.sign_up()
    shop = Built(person, await person.make_tenant())
    await fill_catalog(context, shop.id, SHOP)
    await send(context, shop.id, history())
    return shop


async def test_builds_are_listed_with_what_they_learned_and_which_one_is_served(context: Context, shop: Built) -> None:
    assert await shop.data("models") == []
    old, new = await build(context, shop.id), await build(context, shop.id)
    newer, older = await shop.data("models")
    assert [(each["version"], each["served"], each["status"]) for each in (newer, older)] == [
        (new, True, "ready"), (old, False, "ready"),
    ]  # fmt: skip
    assert (newer["events"], newer["users"], newer["items"], newer["robots"]) == (288, 24, len(SHOP), 0)
    assert newer["bytes"] > 0
    assert newer["buildSeconds"] >= 0
    assert newer["builtAt"] > newer["startedAt"]
    assert newer["learnedAt"] == older["learnedAt"], "taken over"
    assert {report["context"] for report in newer["contexts"]} == set(CONTEXTS)
    for report in newer["contexts"]:
        assert report["chosen"] == "prior"
        assert report["weights"] == sorted(report["weights"], key=lambda weight: -weight["share"])
        assert report["summary"].endswith("this is what works in most shops.")
        assert sum(each["share"] for each in report["weights"]) == pytest.approx(1, abs=0.1)


async def test_a_failed_build_stands_beside_the_served_one_and_says_why(
    context: Context, shop: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = await build(context, shop.id)

    def broken(*_: Any) -> Any:
        raise MemoryError("no room for the table")

    monkeypatch.setattr(service, "build_model", broken)
    with pytest.raises(MemoryError):
        await build(context, shop.id)
    failed, ready = await shop.data("models")
    assert (failed["status"], failed["served"], failed["error"]) == (
        "failed", False, "MemoryError: no room for the table",
    )  # fmt: skip
    assert (ready["version"], ready["served"]) == (served, True)
    assert (failed["builtAt"], failed["contexts"]) == (None, [])


async def test_the_replay_names_products_and_says_how_often_lists_were_right(context: Context, shop: Built) -> None:
    version = await build(context, shop.id)
    replay = await shop.data("model/replay")
    assert replay["version"] == version
    named = {product for case in replay["cases"] for product in [*case["offered"], *case["taken"], *case["onPage"]]}
    assert named == named & set(replay["products"])
    assert replay["products"]["boot1"]["name"] == "leather hiking boot 1"
    for case in replay["cases"]:
        assert case["right"] is bool(set(case["offered"]) & set(case["taken"]))
    overall, *parts = replay["summaries"]
    assert (overall["context"], overall["cases"]) == (None, len(replay["cases"]))
    assert sum(part["right"] for part in parts) == overall["right"] == sum(case["right"] for case in replay["cases"])
    assert overall["share"]["low"] <= overall["share"]["value"] <= overall["share"]["high"]


async def test_the_replay_comes_as_a_table_in_which_no_cell_is_a_formula(context: Context, shop: Built) -> None:
    await send(context, shop.id, [{**event, "userId": f"={event['userId']}"} for event in history()])
    await build(context, shop.id)
    answer = await shop.get("model/replay.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "replay.csv" in answer.headers["content-disposition"]
    header, *lines = csv.reader(io.StringIO(answer.text))
    cases = (await shop.data("model/replay"))["cases"]
    assert (header[:3], header[-1]) == (["context", "userId", "right"], "offered10")
    assert [line[1].removeprefix("'") for line in lines] == [case["userId"] for case in cases]
    assert not any(cell.startswith("=") for line in lines for cell in line)
    assert any(cell.startswith("'=") for line in lines for cell in line)


async def test_before_the_first_build_there_is_no_replay(shop: Built) -> None:
    for path in ("model/replay", "model/replay.csv"):
        answer = await shop.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "Have the model built" in answer.json()["detail"]


async def test_an_erased_shopper_is_in_no_replay_from_then_on_even_if_they_come_back(
    context: Context, shop: Built
) -> None:
    first = await build(context, shop.id)
    shown = {case["userId"] for case in (await shop.data("model/replay"))["cases"]}
    gone, was = min(shown), store_of(context).open(shop.id, first)[1]
    await erase(context.pool, context.redis, context.bus, shop.id, gone)
    assert {case["userId"] for case in (await shop.data("model/replay"))["cases"]} == shown - {gone}

    again = [{**event, "eventId": f"again-{at}"} for at, event in enumerate(history()) if event["userId"] == gone]
    await send(context, shop.id, again)
    second = await build(context, shop.id)
    arrays, now = store_of(context).open(shop.id, second)
    assert now["learnedAt"] == was["learnedAt"], "what was learned is taken over, and its cases with it"
    assert {case.user_id for case in replay_of(arrays, shop.id, ())} == shown - {gone}


def test_the_sentence_names_the_three_kinds_of_evidence_that_count_most() -> None:
    shares = [
        SourceShare("together", "", "bought_together", 0.4), SourceShare("confidence", "", "bought_together", 0.2),
        SourceShare("content", "", "similar", 0.25), SourceShare("popular", "", "popular", 0.1),
        SourceShare("trending", "", "trending", 0.05),
    ]  # fmt: skip
    assert in_a_sentence("product", "blend", shares) == (
        "On product pages, bought together counts most (60%), then alike products (25%) and bestsellers (10%)."
    )
    assert in_a_sentence("cart", "own", shares[:1]) == "In the cart, bought together counts most (40%)."
    assert in_a_sentence("home", "blend", []) == "For a shopper who is known, the next learning says what counts."
