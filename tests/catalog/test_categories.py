"""A product in several categories: written, found, offered and compared under each of them."""

from typing import Any

import httpx
import numpy as np
import pytest

from recomengine.catalog.categories import CategoryCodes, parts_of
from recomengine.context import Context
from tests.support.apps import Tenant, bearer
from tests.support.shops import build, fill_catalog, product

PATH = "/api/v1/catalog"


class Shelf:
    """One tenant's products over HTTP."""

    def __init__(self, client: httpx.AsyncClient, tenant: Tenant) -> None:
        self._client = client
        self._headers = bearer(tenant.read_write)

    async def put(self, product_id: str, **fields: Any) -> httpx.Response:
        return await self._client.put(
            f"{PATH}/{product_id}", json={"name": f"The {product_id}", **fields}, headers=self._headers
        )

    async def patch(self, product_id: str, **fields: Any) -> httpx.Response:
        return await self._client.patch(f"{PATH}/{product_id}", json=fields, headers=self._headers)

    async def found(self, **params: Any) -> list[str]:
        answer = await self._client.get(PATH, params=params, headers=self._headers)
        return [item["productId"] for item in answer.json()["data"]]

    async def offered(self, **params: Any) -> set[str]:
        answer = await self._client.get(
            "/api/v1/recommendations", params={"userId": "ann", "limit": 50, **params}, headers=self._headers
        )
        assert answer.status_code == 200, answer.text
        return {item["productId"] for item in answer.json()["data"]}


@pytest.fixture
def shelf(client: httpx.AsyncClient, tenant: Tenant) -> Shelf:
    return Shelf(client, tenant)


def categories(answer: httpx.Response) -> tuple[str | None, list[str]]:
    data = answer.json()["data"]
    return data["category"], data["categories"]


@pytest.mark.parametrize(
    ("given", "main", "all_of_them"),
    [
        ({"categories": ["Gear>Bags", " New "]}, "Gear > Bags", ["Gear > Bags", "New"]),
        ({"category": "Gear"}, "Gear", ["Gear"]),
        ({"category": "New", "categories": ["Gear", "New"]}, "New", ["New", "Gear"]),
        ({"categories": ["Gear", "", "Gear", " "]}, "Gear", ["Gear"]),
        ({"categories": ["Home &amp; Garden &gt; Pans", "Kitchen"]}, "Home & Garden > Pans",
         ["Home & Garden > Pans", "Kitchen"]),
        ({"categories": []}, None, []),
        ({"categories": None, "category": None}, None, []),
    ],
)  # fmt: skip
async def test_the_first_of_the_categories_is_the_main_one(
    given: dict[str, Any], main: str | None, all_of_them: list[str], shelf: Shelf
) -> None:
    assert categories(await shelf.put("bag", **given)) == (main, all_of_them)


async def test_a_patch_of_the_category_or_of_the_categories_says_both(shelf: Shelf) -> None:
    await shelf.put("bag", categories=["Gear > Bags", "New"])
    assert categories(await shelf.patch("bag", price=5)) == ("Gear > Bags", ["Gear > Bags", "New"])
    assert categories(await shelf.patch("bag", category="Sale")) == ("Sale", ["Sale"])
    assert categories(await shelf.patch("bag", categories=["A", "B"])) == ("A", ["A", "B"])
    assert categories(await shelf.patch("bag", category=None)) == (None, [])


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"category": ["A > B", "C"]}, "$.category", "Send several as categories"),
        ({"categories": "A"}, "$.categories", "or null, got 'A'"),
        ({"categories": ["A", "B > > C"]}, "$.categories[1]", "an empty part in 'B > > C'"),
        ({"categories": ["A", ">"]}, "$.categories[1]", "an empty part in '>'"),
        ({"categories": ["A", 5]}, "$.categories[1]", "characters, got 5"),
        ({"categories": ["x" * 501]}, "$.categories[0]", "at most 500 characters, got 501"),
        ({"categories": [str(n) for n in range(51)]}, "$.categories", "at most 50 elements or null, got 51"),
    ],
)
async def test_wrong_categories_are_named(fields: dict[str, Any], path: str, words: str, shelf: Shelf) -> None:
    answer = await shelf.put("bag", **fields)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["path"]) == (422, path)
    assert words in error["message"]


async def test_a_product_is_found_and_offered_under_each_of_its_categories(shelf: Shelf) -> None:
    await shelf.put("bag", categories=["Gear > Bags", "New > Spring"])
    await shelf.put("boot", category="Gear > Boots")
    await shelf.put("hat", category="Newest")
    await shelf.put("mug")
    wanted = {
        "Gear": {"bag", "boot"},
        "Gear > Bags": {"bag"},
        "New": {"bag"},
        "New &gt; Spring": {"bag"},
        "Bags": set(),
        "gear": set(),
    }
    for path, ids in wanted.items():
        assert set(await shelf.found(category=path)) == ids, path
        assert await shelf.offered(category=path) == ids, path
    assert await shelf.found(q="bag", category="New") == ["bag"]
    assert await shelf.found(q="spring") == ["bag"]
    assert await shelf.offered(category=["Gear > Boots", "Newest"]) == {"boot", "hat"}
    await shelf.patch("bag", categories=["Gear > Bags"])
    assert await shelf.found(category="New") == []


async def test_products_that_share_a_category_are_alike_by_content_though_none_is_the_main_one(
    shelf: Shelf, context: Context, tenant: Tenant
) -> None:
    goods = [
        product("lamp", name="Aster", categories=["Light", "Wedding gifts"]),
        product("pan", name="Briar", categories=["Kitchen", "Wedding gifts"]),
        *(product(f"l{n}", name=f"Cedar{n}", category="Light > Desk") for n in range(4)),
        *(product(f"k{n}", name=f"Dahlia{n}", category="Kitchen > Tools") for n in range(4)),
    ]
    await fill_catalog(context, tenant.id, goods)
    await build(context, tenant.id)
    answer = await shelf._client.get(
        "/api/v1/recommendations?productId=lamp&strategy=content_based&limit=1", headers=shelf._headers
    )
    assert [item["productId"] for item in answer.json()["data"]] == ["pan"]


def test_codes_stand_for_sets_of_paths() -> None:
    codes = CategoryCodes()
    first, second = codes.code(("Gear > Bags", "New")), codes.code(("Gear",))
    assert (codes.code(()), first, second, codes.code(("Gear > Bags", "New"))) == (-1, 0, 1, 0)
    starts, numbers = codes.paths.indptr, codes.paths.numbers
    assert (starts.tolist(), numbers.tolist()) == ([0, 2, 3], [0, 1, 2])
    assert codes.mask(["Gear"]).tolist() == [1, 1]
    assert codes.mask(["New", "None such"]).tolist() == [1, 0]
    third = codes.code(("New", "Gear"))
    assert (codes.paths.indptr.tolist(), codes.paths.numbers.tolist()) == ([0, 2, 3, 5], [0, 1, 2, 1, 2])
    assert codes.mask(["Gear"]).tolist() == [1, 1, 1]
    assert codes.main_paths(np.array([-1, third, first], np.int32)).tolist() == [-1, 1, 0]


@pytest.mark.parametrize(
    ("path", "parts"),
    [("A>B", ["A", "B"]), ("> A >", ["", "A", ""]), ("A &gt; B&amp;C", ["A", "B&C"]), ("A > > B", ["A", "", "B"]),
     (" > ", ["", ""]), ("A/B", ["A/B"])],
)  # fmt: skip
def test_a_path_is_cut_into_its_parts(path: str, parts: list[str]) -> None:
    assert parts_of(path) == parts
