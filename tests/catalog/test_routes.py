"""The catalog over HTTP: making, changing, finding and importing products."""

import asyncio
import gzip
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recomengine.context import Context
from tests.support.apps import MakeTenant, Tenant, bearer
from tests.support.shops import product

PATH = "/api/v1/catalog"
FULL = {
    "productId": "boot", "name": "Boot", "category": "Shoes > Boots", "price": 129.90, "currency": "EUR", "imageUrl": "https://img.example/b.png",
    "url": "/boot", "description": "Of leather", "brand": "Acme",
    "attributes": {"sizes": [41, 42], "colour": {"name": "braun"}}, "available": True,
}  # fmt: skip


class Shop:
    """A tenant's catalog through HTTP."""

    def __init__(self, client: httpx.AsyncClient, tenant: Tenant) -> None:
        self._client = client
        self._headers = bearer(tenant.read_write)

    async def call(self, method: str, path: str = "", body: object = None, **params: Any) -> httpx.Response:
        return await self._client.request(method, PATH + path, json=body, params=params or None, headers=self._headers)

    async def put(self, product_id: str, **fields: Any) -> httpx.Response:
        return await self.call("PUT", f"/{product_id}", {"name": f"The {product_id}", **fields})

    async def ids(self, **params: Any) -> list[str]:
        answer = await self.call("GET", **params)
        assert answer.status_code == 200, answer.text
        return [item["productId"] for item in answer.json()["data"]]


@pytest.fixture
def shop(client: httpx.AsyncClient, tenant: Tenant) -> Shop:
    return Shop(client, tenant)


async def test_a_product_is_made_read_replaced_and_deleted(shop: Shop) -> None:
    made = await shop.call("PUT", "/boot", FULL)
    assert made.status_code == 201
    times = {name: made.json()["data"].pop(name) for name in ("createdAt", "updatedAt")}
    assert made.json()["data"] | FULL == made.json()["data"]
    assert all(time.endswith(("Z", "+00:00")) for time in times.values())
    assert b'"price":129.90' in made.content

    again = await shop.call("PUT", "/boot", {"name": "Other"})
    assert again.status_code == 200
    read = (await shop.call("GET", "/boot")).json()["data"]
    assert (read["name"], read["price"], read["category"], read["attributes"], read["available"]) == (
        "Other",
        None,
        None,
        {},
        True,
    )
    assert read["createdAt"] == times["createdAt"]

    assert (await shop.call("DELETE", "/boot")).status_code == 204
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"name": "x"})):
        gone = await shop.call(method, "/boot", body)
        assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert (await shop.put("boot")).status_code == 201


async def test_posting_a_product_that_is_there_is_a_conflict(shop: Shop) -> None:
    assert (await shop.call("POST", "", FULL)).status_code == 201
    conflict = await shop.call("POST", "", {**FULL, "name": "Thief"})
    assert (conflict.status_code, conflict.json()["code"]) == (409, "conflict")
    assert (await shop.call("GET", "/boot")).json()["data"]["name"] == "Boot"
    await shop.call("DELETE", "/boot")
    assert (await shop.call("POST", "", FULL)).status_code == 201


async def test_a_patch_changes_what_it_names_and_null_clears(shop: Shop) -> None:
    await shop.call("PUT", "/boot", FULL)
    patched = (await shop.call("PATCH", "/boot", {"price": 99, "brand": None, "available": False})).json()["data"]
    expected = FULL | {"price": 99, "brand": None, "available": False}
    assert {name: patched[name] for name in expected} == expected
    assert (await shop.call("PATCH", "/boot", {"price": None})).json()["data"]["price"] is None
    for fields in ({"name": None}, {"productId": "other"}, {"attributes": None}):
        assert (await shop.call("PATCH", "/boot", fields)).status_code == 422


async def test_the_id_in_the_path_and_in_the_body_must_be_the_same(shop: Shop) -> None:
    refused = await shop.call("PUT", "/boot", {"productId": "clog", "name": "x"})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "$.productId")
    assert (await shop.call("PUT", "/boot", {"productId": "boot", "name": "x"})).status_code == 201
    assert await shop.ids() == ["boot"]


async def test_blanks_around_an_id_are_no_part_of_it_whichever_way_it_comes(shop: Shop) -> None:
    for path, body_id in (("/%20boot%20", "boot"), ("/boot", " boot"), ("/boot%C2%A0", "\u00a0boot")):
        answer = await shop.call("PUT", path, {"productId": body_id, "name": "Boot"})
        assert answer.json()["data"]["productId"] == "boot"
    assert (await shop.call("POST", "", {"productId": "clog ", "name": "Clog"})).json()["data"]["productId"] == "clog"
    batch = await shop.call("POST", "/batch", {"items": [product(" mule"), product("mule"), product("\u3000")]})
    assert [(result.get("productId"), result.get("trimmed")) for result in batch.json()["data"]["results"]] == [
        ("mule", True), ("mule", None), (None, None),
    ]  # fmt: skip
    assert await shop.ids() == ["boot", "clog", "mule"]
    assert (await shop.call("PATCH", "/boot%20", {"price": 1})).json()["data"]["price"] == 1
    assert (await shop.call("GET", "/%20boot")).json()["data"]["price"] == 1
    assert (await shop.call("DELETE", "/%20boot%20")).status_code == 204


@pytest.mark.parametrize(
    "product_id", ["a/b", "batch", "import", "a b", "50%", "ü\U0001f45e", "..a", "a?b#c", "x" * 128]
)
async def test_any_text_is_a_product_id(product_id: str, shop: Shop) -> None:
    path = "/" + quote(product_id, safe="")
    assert (await shop.call("PUT", path, {"name": "x"})).json()["data"]["productId"] == product_id
    assert (await shop.call("GET", path)).json()["data"]["productId"] == product_id
    assert (await shop.call("DELETE", path)).status_code == 204


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("Shoes>Boots", "Shoes > Boots"),
        (" Shoes  >  Boots ", "Shoes > Boots"),
        ("", None),
        ("  ", None),
        (None, None),
        ("Home &amp; Garden &gt; Pots", "Home & Garden > Pots"),
    ],
)
async def test_a_category_is_stored_in_one_form(given: str | None, stored: str | None, shop: Shop) -> None:
    await shop.put("boot", category=given)
    assert (await shop.call("GET", "/boot")).json()["data"]["category"] == stored


async def test_a_batch_says_what_happened_to_each_item(shop: Shop) -> None:
    await shop.put("old", price=1)
    await shop.put("same", price=1)
    items = [
        product("new"), {**product("old"), "price": 2}, {"productId": "same", "name": "The same", "price": 1},
        {"productId": "bad", "price": -1},
        {**product("twice"), "price": 1}, {**product("twice"), "price": 2}, 7,
    ]  # fmt: skip

    answer = await shop.call("POST", "/batch", {"items": items})

    data = answer.json()["data"]
    assert (answer.status_code, data["accepted"], data["rejected"]) == (200, 5, 2)
    assert [result["status"] for result in data["results"]] == [
        "created",
        "updated",
        "unchanged",
        "rejected",
        "unchanged",
        "created",
        "rejected",
    ]
    assert [result["index"] for result in data["results"]] == list(range(7))
    assert data["results"][3]["error"]["path"] == "$"
    assert (await shop.call("GET", "/twice")).json()["data"]["price"] == 2
    assert sorted(await shop.ids()) == ["new", "old", "same", "twice"]


async def test_an_import_takes_the_good_lines_and_reports_the_bad(
    shop: Shop, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    lines = [json.dumps(product(f"p{number}")).encode() for number in range(20)]
    lines[3], lines[7] = b"{", b'{"productId":"p7","name":"x","price":"12"}'
    headers = bearer(tenant.read_write) | {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    for _ in range(2):
        answer = await client.post(f"{PATH}/import", content=gzip.compress(b"\n".join(lines)), headers=headers)
        data = answer.json()["data"]
        assert (answer.status_code, data["created"] + data["unchanged"], data["rejected"]) == (200, 18, 2)
        assert [error["line"] for error in data["errors"]] == [4, 8]
        assert data["errors"][1]["message"].startswith("$.price: ")
    assert len(await shop.ids(limit=100)) == 18


async def test_a_link_without_a_scheme_is_read_as_https_by_every_entry(
    shop: Shop, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    links = {"imageUrl": "//img.example/b.png", "url": "//shop.example"}
    await shop.put("put", **links)
    await shop.put("patch")
    await shop.call("PATCH", "/patch", links)
    await shop.call("POST", "", {"productId": "post", "name": "x", **links})
    await shop.call("POST", "/batch", {"items": [{"productId": "batch", "name": "x", **links}]})
    line = json.dumps({"productId": "import", "name": "x", **links})
    ndjson = {"Content-Type": "application/x-ndjson"}
    await client.post(f"{PATH}/import", content=line, headers=bearer(tenant.read_write) | ndjson)
    for product_id in ("put", "patch", "post", "batch", "import"):
        stored = (await shop.call("GET", f"/{product_id}")).json()["data"]
        assert (stored["imageUrl"], stored["url"]) == ("https://img.example/b.png", "https://shop.example"), product_id


async def test_pages_follow_each_other_to_the_end(shop: Shop) -> None:
    await shop.call("POST", "/batch", {"items": [product(f"p{number:02}", brand="Acme") for number in range(25)]})
    for search in ({}, {"q": "acme"}):
        seen, cursor, pages = [], None, 0
        while True:
            page = (await shop.call("GET", limit=7, **search, **({"cursor": cursor} if cursor else {}))).json()
            seen += [item["productId"] for item in page["data"]]
            pages += 1
            if (cursor := page["meta"]["nextCursor"]) is None:
                break
        assert sorted(seen) == [f"p{number:02}" for number in range(25)]
        assert pages == 4


async def test_a_list_is_narrowed_by_category_and_availability(shop: Shop) -> None:
    await shop.put("a", category="Shoes > Boots")
    await shop.put("b", category="Shoes")
    await shop.put("c", category="Shoestrings")
    await shop.put("d", category="Shoes > Boots > High", available=False)
    assert await shop.ids(category="Shoes") == ["a", "b", "d"]
    assert await shop.ids(category=" Shoes>Boots") == ["a", "d"]
    assert await shop.ids(category="Shoes", available="true") == ["a", "b"]
    assert await shop.ids(available="false") == ["d"]
    assert await shop.ids(category="Boots") == []


async def test_search_finds_words_beginnings_and_mistyped_names(shop: Shop) -> None:
    await shop.put(
        "1", name="Trail Running Shoe", brand="Salomon", category="Shoes > Running", description="with gaiters"
    )
    await shop.put("2", name="Espresso Machine", brand="Rancilio")
    await shop.put("3", name="Schuhlöffel")
    for words in ("running", "RUN", "salomon trail", "gaiters", "runing shoe", "trail runing"):
        assert await shop.ids(q=words) == ["1"], words
    assert await shop.ids(q="expresso") == ["2"]
    assert await shop.ids(q="schuhlöffel") == ["3"]
    assert await shop.ids(q="zeppelin") == []
    assert await shop.ids(q="running", category="Kitchen") == []
    assert len(await shop.ids(q="  ")) == 3


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
async def test_whatever_is_typed_is_searched_for(q: str, shop: Shop) -> None:
    answer = await shop.call("GET", q=q)
    assert answer.status_code == (422 if "\0" in q else 200)


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"limit": "0"}, "$.limit"),
        ({"limit": "101"}, "$.limit"),
        ({"limit": "x"}, "$.limit"),
        ({"available": "maybe"}, "$.available"),
        ({"cursor": "x"}, "$.cursor"),
        ({"cursor": "WzEsMV0x"}, "$.cursor"),
        ({"cursor": "WzEsOTk5OTk5OTk5OTk5OTld"}, "$.cursor"),
        ({"category": "a\0"}, "$.category"),
        ({"category": "a > > b"}, "$.category"),
        ({"q": "a\0"}, "$.q"),
        ({"q": "x" * 201}, "$.q"),
        ({"colour": "red"}, "$"),
    ],
)
async def test_a_bad_search_is_told_where(params: dict[str, str], path: str, shop: Shop) -> None:
    answer = await shop.call("GET", **params)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"price": -1}, "$.price"),
        ({"price": 10_000_000_000}, "$.price"),
        ({"price": 1.005}, "$.price"),
        ({"price": "12.50"}, "$.price"),
        ({"price": True}, "$.price"),
        ({"name": ""}, "$.name"),
        ({"name": " "}, "$.name"),
        ({"name": "a\0b"}, "$.name"),
        ({"name": "x" * 501}, "$.name"),
        ({"description": "x\0"}, "$.description"),
        ({"description": "x" * 20_001}, "$.description"),
        ({"category": "Shoes > \0"}, "$.category"),
        ({"category": "Shoes > > Boots"}, "$.category"),
        ({"category": "> Shoes"}, "$.category"),
        ({"category": "Shoes &gt;"}, "$.category"),
        ({"currency": "eur"}, "$.currency"),
        ({"currency": "EUR\n"}, "$.currency"),
        ({"url": "javascript:alert(1)"}, "$.url"),
        ({"url": "JavaScript://a.example/%0aalert(1)"}, "$.url"),
        ({"url": " javascript:alert(1)"}, "$.url"),
        ({"imageUrl": "data:image/svg+xml,<svg/>"}, "$.imageUrl"),
        ({"url": "vbscript:a"}, "$.url"),
        ({"url": "ftp://a.example/b"}, "$.url"),
        ({"url": "/\\a.example"}, "$.url"),
        ({"url": "///a.example"}, "$.url"),
        ({"url": "//"}, "$.url"),
        ({"url": "https://"}, "$.url"),
        ({"url": "a.example/b"}, "$.url"),
        ({"imageUrl": "//a b"}, "$.imageUrl"),
        ({"imageUrl": "https://a.example/\n"}, "$.imageUrl"),
        ({"attributes": []}, "$.attributes"),
        ({"attributes": {"a": {"b": "\0"}}}, "$.attributes.a.b"),
        ({"attributes": {"a": "x" * 17_000}}, "$.attributes"),
        ({"attributes": json.loads('{"a":' * 17 + "1" + "}" * 17)}, "$.attributes"),
        ({"available": 1}, "$.available"),
        ({"colour": "red"}, "$"),
    ],
)
async def test_a_bad_field_is_named_and_changes_nothing(fields: dict[str, Any], path: str, shop: Shop) -> None:
    await shop.call("PUT", "/boot", FULL)
    before = (await shop.call("GET", "/boot")).json()
    for method, url, body in (
        ("PUT", "/boot", {"name": "New", **fields}), ("PATCH", "/boot", fields),
        ("POST", "", {"productId": "other", "name": "New", **fields}),
    ):  # fmt: skip
        answer = await shop.call(method, url, body)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path), (method, answer.text)
    assert (await shop.call("GET", "/boot")).json() == before
    assert await shop.ids() == ["boot"]


@pytest.mark.parametrize(
    "attributes", [{"n": 10**30}, {"n": 1e308}, {"n": -0.0, "m": 2**64}, {"": {"": ""}}, {"u": "\u2028\U0001f600"}]
)
async def test_attributes_come_back(attributes: dict[str, Any], shop: Shop) -> None:
    await shop.put("boot", attributes=attributes)
    read = await shop.call("GET", "/boot")
    assert read.status_code == 200
    assert read.json()["data"]["attributes"] == pytest.approx(attributes) if "n" in attributes else attributes
    assert await shop.ids() == ["boot"]


@pytest.mark.parametrize("path", ["/%00", "/a%00b", "/", "/" + "x" * 2000])
async def test_an_id_that_no_product_can_have_is_not_found_and_not_made(path: str, shop: Shop) -> None:
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"name": "x"})):
        assert (await shop.call(method, path, body)).status_code == 404, method
    assert (await shop.call("PUT", path, {"name": "x"})).status_code == 422


@pytest.mark.parametrize("permission", ["read", "publish"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/boot"), ("POST", ""), ("PATCH", "/boot"), ("DELETE", "/boot"), ("POST", "/batch"), ("POST", "/import")],
)
async def test_only_a_read_write_key_changes_the_catalog(
    permission: str, method: str, path: str, shop: Shop, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    await shop.call("PUT", "/boot", FULL)
    answer = await client.request(method, PATH + path, json=FULL, headers=bearer(getattr(tenant, permission)))
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_permission")
    assert (await client.request("GET", f"{PATH}/boot", headers=bearer(tenant.read))).json()["data"]["name"] == "Boot"


async def test_a_tenant_sees_and_changes_only_its_own_products(
    shop: Shop, client: httpx.AsyncClient, make_tenant: MakeTenant
) -> None:
    stranger = Shop(client, await make_tenant())
    await shop.call("PUT", "/boot", FULL)
    assert (await stranger.call("GET", "/boot")).status_code == 404
    assert (await stranger.call("PATCH", "/boot", {"name": "x"})).status_code == 404
    assert (await stranger.call("DELETE", "/boot")).status_code == 404
    assert await stranger.ids() == []
    assert await stranger.ids(q="boot") == []
    assert (await stranger.put("boot", name="Theirs")).status_code == 201
    assert (await shop.call("GET", "/boot")).json()["data"]["name"] == "Boot"


async def test_concurrent_writers_lose_nothing(shop: Shop, context: Context, tenant: Tenant) -> None:
    await asyncio.gather(*(shop.put(f"p{number % 10}", price=number) for number in range(40)))
    catalog = await context.catalogs.get(tenant.id)
    await context.catalogs.update()
    assert sorted(catalog.ids) == sorted(f"p{number}" for number in range(10))
    assert sorted(await shop.ids()) == sorted(catalog.ids)
