"""Strategies side by side for the tenant's admins: the lists that a shopper would get, served to nobody."""

from typing import Any, get_args
from uuid import UUID

import httpx
import pytest

from recomengine.context import Context
from recomengine.shop import Strategy
from tests.support.apps import bearer
from tests.support.databases import fetch
from tests.support.lists import stock
from tests.support.people import Person

STRATEGIES = get_args(Strategy)


class Shop:
    def __init__(self, client: httpx.AsyncClient, admin: Person, tenant_id: str, key: str) -> None:
        self.client, self.admin, self.tenant_id, self.key = client, admin, tenant_id, key
        self.path = f"/api/v1/tenants/{tenant_id}"

    async def play(self, **asked: Any) -> list[dict[str, Any]]:
        answer = await self.client.post(f"{self.path}/playground", json=asked, headers=self.admin.bearer)
        assert answer.status_code == 200, answer.text
        lists: list[dict[str, Any]] = answer.json()["data"]
        return lists

    async def served(self, **params: Any) -> dict[str, Any]:
        answer = await self.client.get("/api/v1/recommendations", params=params, headers=bearer(self.key))
        body: dict[str, Any] = answer.json()
        return body


@pytest.fixture
async def shop(context: Context, client: httpx.AsyncClient, ann: Person) -> Shop:
    """With a history and a model of it."""
    tenant_id = await ann.make_tenant()
    await stock(context, UUID(tenant_id))
    return Shop(client, ann, tenant_id, (await ann.make_key(tenant_id))["key"])


def ids(lines: list[dict[str, Any]]) -> list[str]:
    return [line["productId"] for line in lines]


async def test_each_strategy_gives_the_list_that_the_shopper_would_get_with_its_reasons(shop: Shop) -> None:
    lists = await shop.play(userId="u1", strategies=STRATEGIES, limit=5)

    assert [each["strategy"] for each in lists] == list(STRATEGIES)
    for each in lists:
        served = await shop.served(userId="u1", strategy=each["strategy"], limit=5)
        assert each["data"] == served["data"]
        assert each["meta"]["modelVersion"] == served["meta"]["modelVersion"]


async def test_it_is_told_what_a_list_starts_from(shop: Shop) -> None:
    [home] = await shop.play(userId="u1", strategies=["auto"])
    meta = home["meta"]
    assert (meta["context"], meta["history"], meta["session"], meta["userIds"]) == ("home", 12, 0, ["u1"])
    assert "boot3" in home["meta"]["startsFrom"]
    [cart] = await shop.play(userId="u1", strategies=["auto"], productIds=["mug1"], context="cart")
    assert (cart["meta"]["context"], cart["meta"]["startsFrom"]) == ("cart", ["mug1"])


async def test_filters_hold_as_they_do_for_shoppers(shop: Shop) -> None:
    [made] = await shop.play(
        userId="u1", strategies=["auto"], category="Coffee > Mug", minPrice=20, maxPrice=60, exclude=["mug2"], limit=20
    )
    assert ids(made["data"])
    assert {*ids(made["data"])} <= {"mug3", "mug4", "mug5"}


async def test_it_counts_as_asked_nowhere_and_leaves_the_shoppers_lists_alone(
    shop: Shop, context: Context, database_url: str
) -> None:
    asked = {"userId": "u1", "placementId": "home"}
    await shop.play(**asked, strategies=STRATEGIES)
    await context.notes.flush()

    rows = await fetch(database_url, "SELECT kind FROM integration_notes WHERE tenant_id = $1", UUID(shop.tenant_id))
    assert not any(row["kind"] == "list_asked" for row in rows)
    assert (await shop.served(**asked))["meta"]["cached"] is False


async def test_an_experiment_that_runs_has_no_say(shop: Shop) -> None:
    path = f"{shop.path}/experiments"
    made = await shop.admin.call(
        "POST", path,
        {"name": "Try", "controlStrategy": "trending", "variantStrategy": "content_based", "metric": "ctr"},
    )  # fmt: skip
    started = await shop.admin.call("POST", f"{path}/{made.json()['data']['id']}/start")
    assert started.is_success, started.text
    [made_by_auto] = await shop.play(userId="u1", strategies=["auto"])
    assert made_by_auto["meta"]["requestedStrategy"] == "auto"


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"strategies": []}, {"strategies": ["best"]}, {"strategies": ["auto"] * 10},
        {"strategies": ["auto"], "userId": "  "}, {"strategies": ["auto"], "limit": 101},
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_is_refused(asked: dict[str, Any], shop: Shop) -> None:
    answer = await shop.client.post(f"{shop.path}/playground", json=asked, headers=shop.admin.bearer)
    assert answer.status_code == 422, answer.text


async def test_what_is_near_a_product_is_told_by_strategy_and_by_baskets(shop: Shop) -> None:
    answer = await shop.client.get(f"{shop.path}/catalog/boot1/related", headers=shop.admin.bearer)
    related = answer.json()["data"]

    lists = {each["strategy"]: each for each in related["lists"]}
    assert lists["content_based"]["data"][0]["productId"].startswith("boot")
    first = related["boughtTogether"][0]
    assert (first["productId"], first["name"]) == ("sock1", "wool hiking sock 1")
    assert first["baskets"] == 6
    assert first["lift"] > 1
    assert (await shop.client.get(f"{shop.path}/catalog/nothing/related", headers=shop.admin.bearer)).status_code == 404
