"""The catalog as the tenant's admins see it: the same reading and importing as with a key, and a preview of a file."""

import gzip
from typing import Any

import httpx
import pytest

from tests.support.apps import bearer
from tests.support.people import Person

CSV = "Handle,Title,Variant Price,Shade\nboot,Trail boot,129.90,brown\nsock,Wool sock,abc,grey\nmug,Blue mug,7.5,blue\n"


class Shop:
    """A tenant through the eyes of its admin."""

    def __init__(self, admin: Person, tenant_id: str) -> None:
        self._admin = admin
        self.path = f"/api/v1/tenants/{tenant_id}/catalog"

    async def read(self, path: str = "", **params: Any) -> httpx.Response:
        return await self._admin.client.get(self.path + path, params=params, headers=self._admin.bearer)

    async def send(self, path: str, body: str | bytes, media: str = "text/csv", **more: Any) -> httpx.Response:
        params = more.pop("params", {})
        headers = self._admin.bearer | {"Content-Type": media} | more
        return await self._admin.client.post(self.path + path, content=body, params=params, headers=headers)

    async def preview(self, body: str | bytes, media: str = "text/csv", **params: Any) -> dict[str, Any]:
        answer = await self.send("/import/preview", body, media, params=params)
        assert answer.status_code == 200, answer.text
        seen: dict[str, Any] = answer.json()["data"]
        return seen

    async def ids(self, **params: Any) -> list[str]:
        return [item["productId"] for item in (await self.read(**params)).json()["data"]]


@pytest.fixture
async def shop(ann: Person) -> Shop:
    return Shop(ann, await ann.make_tenant())


async def test_an_admin_reads_what_a_key_writes(ann: Person, client: httpx.AsyncClient) -> None:
    tenant_id = await ann.make_tenant()
    shop, key = Shop(ann, tenant_id), await ann.make_key(tenant_id)
    for number, colour in enumerate(("red", "blue", "blue")):
        item = {"name": f"A {colour} boot {number}", "available": number < 2}
        await client.put(f"/api/v1/catalog/boot/{number}", json=item, headers=bearer(key["key"]))

    assert await shop.ids(q="blue") == ["boot/1", "boot/2"]
    assert await shop.ids(q="blue", available=True) == ["boot/1"]
    first = (await shop.read(limit=2)).json()
    rest = await shop.ids(limit=2, cursor=first["meta"]["nextCursor"])
    assert [item["productId"] for item in first["data"]] + rest == ["boot/0", "boot/1", "boot/2"]
    assert (await shop.read("/boot/1")).json()["data"]["name"] == "A blue boot 1"
    assert (await shop.read("/shoe")).status_code == 404


async def test_an_admin_imports_a_file_as_a_key_does(shop: Shop) -> None:
    answer = await shop.send("/import", gzip.compress(CSV.encode()), **{"Content-Encoding": "gzip"})

    assert answer.status_code == 200, answer.text
    done = answer.json()["data"]
    assert (done["created"], done["rejected"], done["columns"]["kept"]) == (2, 1, ["Shade"])
    assert await shop.ids() == ["boot", "mug"]


async def test_a_preview_shows_columns_rows_and_faults_and_stores_nothing(shop: Shop) -> None:
    seen = await shop.preview(CSV)

    assert seen["header"] == ["Handle", "Title", "Variant Price", "Shade"]
    assert seen["columns"]["used"] == {"Handle": "productId", "Title": "name", "Variant Price": "price"}
    assert (seen["columns"]["kept"], seen["refused"], seen["complete"]) == (["Shade"], None, True)
    assert (seen["good"], seen["rejected"]) == (2, 1)
    assert [(row["productId"], row["price"], row["attributes"]) for row in seen["rows"]] == [
        ("boot", 129.9, {"Shade": "brown"}), ("mug", 7.5, {"Shade": "blue"}),
    ]  # fmt: skip
    assert [error["line"] for error in seen["errors"]] == [3]
    assert "abc" in seen["errors"][0]["message"]
    assert await shop.ids() == []


async def test_a_file_that_would_be_refused_still_shows_its_columns_so_that_they_can_be_mapped(shop: Shop) -> None:
    body = "Ref.,Anything\nboot,Trail boot\n"
    refused = await shop.preview(body)
    assert refused["header"] == ["Ref.", "Anything"]
    assert "The file has no column for the product's" in refused["refused"]
    assert {"productId", "name", "price"} <= set(refused["fields"])

    mapped = await shop.preview(body, map=["Ref.=productId", "Anything=name"])
    assert mapped["refused"] is None
    assert [row["name"] for row in mapped["rows"]] == ["Trail boot"]


async def test_a_preview_looks_at_the_first_thousand_rows_and_says_so(shop: Shop) -> None:
    rows = "".join(f"p{number},Product {number}\n" for number in range(1500))
    seen = await shop.preview("id,name\n" + rows)
    assert (seen["good"], seen["rejected"], len(seen["rows"]), seen["complete"]) == (1000, 0, 20, False)


@pytest.mark.parametrize(
    ("body", "media"),
    [
        ('[{"productId": "a", "name": "A"}, {"productId": "b", "name": "B"}, {"produ', "application/json"),
        ("id,name\na,A\nb,B\nc,", "text/csv"),
    ],
)
async def test_where_only_the_beginning_of_a_file_is_sent_its_end_is_no_fault(
    body: str, media: str, shop: Shop
) -> None:
    beginning = await shop.preview(body, media, whole=False)
    assert (beginning["rejected"], beginning["complete"]) == (0, False)
    assert "a" in {row["productId"] for row in beginning["rows"]}
    assert (await shop.preview(body, media))["rejected"] == 1


async def test_a_preview_of_a_google_feed_shows_products(shop: Shop) -> None:
    feed = (
        '<rss xmlns:g="http://base.google.com/ns/1.0"><channel><item><g:id>boot</g:id><title>Trail boot</title>'
        "<g:price>129.90 EUR</g:price></item></channel></rss>"
    )
    seen = await shop.preview(feed, "application/xml")
    assert [(row["productId"], row["price"], row["currency"]) for row in seen["rows"]] == [("boot", 129.9, "EUR")]


async def test_a_strangers_catalog_is_not_there(shop: Shop, bob: Person) -> None:
    for method, path in (("GET", ""), ("GET", "/boot"), ("POST", "/import"), ("POST", "/import/preview")):
        headers = bob.bearer | {"Content-Type": "text/csv"}
        answer = await bob.client.request(method, shop.path + path, content=CSV.encode(), headers=headers)
        assert answer.status_code == 404
