"""Variety over HTTP: a setting of the shop and of the request."""

from typing import Any

import httpx
import pytest

from recomengine.context import Context
from recomengine.recommendations.diversity import CANDIDATES, TIMES, wider
from tests.support.apps import MakeTenant, Tenant, bearer
from tests.support.lists import answer, ids
from tests.support.shops import build, fill_catalog, product, send

COLOURS = ["red", "blue", "green", "black", "white", "brown"]
SHOES = [
    product(f"shoe{model}-{colour}", name=f"Trail runner model {model} waterproof in {colour}", category="Shoes")
    for model in range(3) for colour in COLOURS
]  # fmt: skip
OTHERS = [
    product(f"{kind}{number}", name=f"{kind} {number}", category=kind.title())
    for kind in ("bottle", "cap", "belt")
    for number in range(3)
]


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    """Everybody looks at shoes first, and at the other things too."""
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [*SHOES, *OTHERS])
    events = [
        {
            "eventType": "view", "userId": f"u{shopper}", "sessionId": f"s{shopper}", "productId": each["productId"],
            "timestamp": 1_700_000_000_000 + shopper * 3_600_000 + place * 1000,
        }
        for shopper in range(30) for place,
        each in enumerate([*SHOES[shopper % 6 :: 2], OTHERS[shopper % 9], OTHERS[(shopper + 4) % 9]])
    ]  # fmt: skip
    await send(context, tenant.id, events)
    await build(context, tenant.id)
    return tenant


def categories(body: dict[str, Any]) -> list[str]:
    return [item["category"] for item in body["data"]]


def repeated(body: dict[str, Any]) -> int:
    """Products that differ from an earlier one in nothing but colour."""
    models = [item["productId"].split("-")[0] for item in body["data"]]
    return len(models) - len(set(models))


@pytest.mark.parametrize("strategy", ["auto", "content_based", "collaborative"])
async def test_a_list_of_one_category_is_spread(strategy: str, client: httpx.AsyncClient, tenant: Tenant) -> None:
    page = {"productId": "shoe0-red", "strategy": strategy, "limit": 8}
    plain, varied = await answer(client, tenant, **page), await answer(client, tenant, **page, diversity=0.6)
    assert len(varied["data"]) == len(set(ids(varied))) == 8
    assert len(set(categories(varied))) > len(set(categories(plain)))
    assert repeated(varied) < repeated(plain)
    assert ids(varied)[0] == ids(plain)[0]
    assert all(item["score"] >= 0 and item["reason"] for item in varied["data"])


async def test_the_request_outranks_the_shop(
    client: httpx.AsyncClient, context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant(diversity=0.6)
    await fill_catalog(context, tenant.id, [*SHOES, *OTHERS])
    await build(context, tenant.id)
    page = {"productId": "shoe0-red", "limit": 8}
    plain, varied, of_shop = [
        await answer(client, tenant, **page, **more) for more in ({"diversity": 0}, {"diversity": 0.6}, {})
    ]
    assert ids(of_shop) == ids(varied) != ids(plain)


async def test_filters_and_limits_hold(client: httpx.AsyncClient, tenant: Tenant) -> None:
    for limit in (1, 5, 18, 100):
        body = await answer(
            client, tenant, productId="cap1", category="Shoes", exclude="shoe0-red", limit=limit, diversity=1
        )
        assert len(ids(body)) == len(set(ids(body))) == min(limit, len(SHOES) - 1)
        assert set(categories(body)) == {"Shoes"}
        assert "shoe0-red" not in ids(body)


async def test_a_shop_without_a_model_has_its_catalog(
    client: httpx.AsyncClient, context: Context, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, SHOES)
    assert len(ids(await answer(client, tenant, limit=8, diversity=0.5))) == 8


@pytest.mark.parametrize("value", ["-0.1", "1.01", "nan", "much", ""])
async def test_what_is_no_share_is_refused(value: str, client: httpx.AsyncClient, tenant: Tenant) -> None:
    found = await client.get("/api/v1/recommendations", params={"diversity": value}, headers=bearer(tenant.read))
    assert found.status_code == 422
    assert found.json()["errors"][0]["path"] == "$.diversity"


def test_the_choice_is_wider_than_the_list() -> None:
    assert [wider(limit) for limit in (1, 20, 100)] == [CANDIDATES, CANDIDATES, TIMES * 100]
