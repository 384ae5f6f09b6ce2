"""Imports of products: what is counted, what a part of the columns leaves alone, and a file in place of the catalog."""

import gzip
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

from recomengine.catalog import replacing
from recomengine.catalog.importing import Replace, import_items
from recomengine.catalog.queries import lock_catalog
from recomengine.catalog.schemas import ItemImportResult
from recomengine.context import Context
from recomengine.infra.database import tenant_transaction
from recomengine.web.ndjson import Unreadable
from recomengine.web.problems import MalformedBody, Problem
from tests.support.apps import Tenant, bearer
from tests.support.shops import Product, product, until

PATH = "/api/v1/catalog"
Line = Product | bytes


class Feed:
    """Files for one tenant."""

    def __init__(self, context: Context, tenant: Tenant, client: httpx.AsyncClient) -> None:
        self._context = context
        self._tenant = tenant
        self._client = client

    async def bring(
        self, *batches: Sequence[Line], fields: str | None = None, replace: Replace = "no", broken: bool = False
    ) -> ItemImportResult:
        async def lines() -> AsyncIterator[list[tuple[int, bytes]]]:
            number = 0
            for batch in batches:
                numbered = []
                for line in batch:
                    number += 1
                    numbered.append((number, line if isinstance(line, bytes) else msgspec.json.encode(line)))
                yield numbered
            if broken:
                raise MalformedBody("The body is cut short.")

        return await import_items(
            self._context.pool, self._context.bus, self._tenant.id, lines(),
            fields=None if fields is None else frozenset(fields.split()), replace=replace,
        )  # fmt: skip

    async def stored(self) -> dict[str, dict[str, Any]]:
        answer = await self._client.get(PATH, params={"limit": 100}, headers=bearer(self._tenant.read_write))
        return {item["productId"]: item for item in answer.json()["data"]}

    async def to_be_had(self) -> set[str]:
        return {product_id for product_id, item in (await self.stored()).items() if item["available"]}


@pytest.fixture
def feed(context: Context, tenant: Tenant, client: httpx.AsyncClient) -> Feed:
    return Feed(context, tenant, client)


def counts(result: ItemImportResult) -> dict[str, int]:
    names = ("created", "changed", "unchanged", "repeated", "rejected", "removed", "trimmed")
    return {name: count for name in names if (count := getattr(result, name))}


async def test_counts_are_of_products_however_often_one_stands_in_the_file(feed: Feed) -> None:
    desk, lamp = product("desk", price=100), product("lamp", price=20)

    first = await feed.bring([desk, lamp, desk | {"price": 80}], [lamp | {"price": 25}, desk])

    assert counts(first) == {"created": 2, "repeated": 3}
    assert [(note.line, note.message) for note in first.notes] == [
        (3, "desk came twice, in line 1 and here; the last counts"),
        (4, "lamp came twice, in line 2 and here; the last counts"),
        (5, "desk came twice, in line 3 and here; the last counts"),
    ]
    stored = await feed.stored()
    assert (stored["desk"]["price"], stored["lamp"]["price"]) == (100, 25)
    again = await feed.bring([desk, lamp, b"{", product("chair")])
    assert counts(again) == {"created": 1, "changed": 1, "unchanged": 1, "rejected": 1}


async def test_blanks_around_an_id_are_cut_off_and_said(feed: Feed) -> None:
    result = await feed.bring([product(" desk\u00a0"), product("lamp"), product(" ")])

    assert counts(result) == {"created": 2, "trimmed": 1, "rejected": 1}
    assert result.notes[0].message == "$.productId: blanks around desk were cut off"
    assert result.errors[0].message == "$.productId: expected an id, got only blanks"
    assert set(await feed.stored()) == {"desk", "lamp"}


FULL = product(
    "desk", price=100, currency="EUR", categories=["Office > Desks", "New"], url="/desk", imageUrl="/desk.png",
    description="Of oak", brand="Acme", attributes={"colour": "brown", "legs": 4}, available=False,
)  # fmt: skip


async def test_a_column_that_a_file_lacks_leaves_what_is_stored(feed: Feed) -> None:
    await feed.bring([FULL])
    before = (await feed.stored())["desk"]

    result = await feed.bring([product("desk", price=90), product("new", price=1)], fields="productId price")

    assert counts(result) == {"created": 1, "changed": 1}
    after = await feed.stored()
    assert after["desk"] == before | {"price": 90, "updatedAt": after["desk"]["updatedAt"]}
    assert (after["new"]["name"], after["new"]["available"]) == ("The new", True)


async def test_an_empty_cell_of_a_column_that_is_there_clears_what_is_stored(feed: Feed) -> None:
    await feed.bring([FULL])

    await feed.bring([product("desk")], fields="productId price brand category attributes.legs")

    desk = (await feed.stored())["desk"]
    assert (desk["price"], desk["brand"], desk["categories"]) == (None, None, [])
    assert (desk["description"], desk["attributes"]) == ("Of oak", {"colour": "brown"})


async def test_attributes_of_a_file_stand_beside_those_that_it_has_no_column_for(feed: Feed) -> None:
    await feed.bring([FULL])
    await feed.bring([product("desk", attributes={"colour": "black", "width": 120})], fields="productId")
    assert (await feed.stored())["desk"]["attributes"] == {"colour": "black", "legs": 4, "width": 120}


async def test_a_deleted_product_that_comes_back_starts_from_the_file_alone(
    feed: Feed, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    await feed.bring([FULL])
    await client.delete(f"{PATH}/desk", headers=bearer(tenant.read_write))

    assert counts(await feed.bring([product("desk", price=90)], fields="productId price")) == {"created": 1}

    desk = (await feed.stored())["desk"]
    assert (desk["price"], desk["brand"], desk["available"]) == (90, None, True)


GOODS = [product(f"p{number}", price=number) for number in range(9)]


async def test_what_a_complete_file_lacks_is_unavailable_and_comes_back_with_the_next(
    feed: Feed, context: Context, tenant: Tenant
) -> None:
    await feed.bring(GOODS)

    result = await feed.bring(GOODS[:4], [product("new"), *GOODS[4:7]], replace="yes")

    assert counts(result) == {"created": 1, "unchanged": 7, "removed": 2}
    assert await feed.to_be_had() == {"new", *(f"p{number}" for number in range(7))}
    assert len(await feed.stored()) == 10
    offered = await context.catalogs.get(tenant.id)
    await context.catalogs.update()
    assert int(offered.available.sum()) == 8
    back = await feed.bring([*GOODS, product("new")], replace="yes", fields="productId name price")
    assert counts(back) == {"changed": 2, "unchanged": 8}
    assert len(await feed.to_be_had()) == 10


@pytest.mark.parametrize(("kept", "refused"), [(6, False), (5, True), (1, True)])
async def test_a_file_that_lacks_more_than_a_third_changes_nothing_unless_forced(
    kept: int, refused: bool, feed: Feed
) -> None:
    await feed.bring(GOODS)
    before = await feed.stored()
    shorter = [each | {"price": 50} for each in GOODS[:kept]]
    if refused:
        with pytest.raises(Problem, match=f"lacks {9 - kept} of the 9 products") as caught:
            await feed.bring(shorter, replace="yes")
        assert (caught.value.status, caught.value.problem_code) == (409, "replace_refused")
        assert await feed.stored() == before

    result = await feed.bring(shorter, replace="force" if refused else "yes")

    assert counts(result) == {"changed": kept, "removed": 9 - kept}
    assert await feed.to_be_had() == {each["productId"] for each in shorter}


async def test_products_that_cannot_be_had_anyway_are_no_part_of_the_third(feed: Feed) -> None:
    await feed.bring([*GOODS[:3], *(each | {"available": False} for each in GOODS[3:])])
    assert counts(await feed.bring(GOODS[:2], replace="yes")) == {"unchanged": 2, "removed": 1}


async def test_a_file_that_breaks_half_way_replaces_nothing(feed: Feed) -> None:
    await feed.bring(GOODS)
    before = await feed.stored()
    with pytest.raises(MalformedBody):
        await feed.bring([each | {"price": 50} for each in GOODS[:8]], replace="force", broken=True)
    assert await feed.stored() == before


async def test_a_rejected_line_does_not_take_its_product_away(feed: Feed) -> None:
    await feed.bring(GOODS)
    bad = Unreadable(b"price: expected a number, got cheap")
    bad.identity = "p1"

    result = await feed.bring([product("p0", price=-1), bad, *GOODS[2:8]], replace="yes")

    assert counts(result) == {"unchanged": 6, "rejected": 2, "removed": 1}
    assert (await feed.stored())["p0"]["price"] == 0
    assert "p8" not in await feed.to_be_had()


async def test_where_a_rejected_line_names_no_product_nothing_is_replaced_unless_forced(feed: Feed) -> None:
    await feed.bring(GOODS)
    before = await feed.stored()
    lines: list[Line] = [*GOODS[:6], b'{"productId":"p6"', Unreadable(b"The row is short."), product("new")]
    with pytest.raises(Problem, match=r"2 rejected lines \(line 7, 8\)"):
        await feed.bring(lines, replace="yes")
    assert await feed.stored() == before
    assert counts(await feed.bring(lines, replace="force"))["removed"] == 3


@pytest.mark.parametrize("lines", [[], [b"{"]])
async def test_a_file_without_a_product_replaces_nothing_even_when_forced(lines: list[Line], feed: Feed) -> None:
    await feed.bring(GOODS)
    with pytest.raises(Problem, match="no product that can be taken"):
        await feed.bring(lines, replace="force")
    assert len(await feed.to_be_had()) == 9


async def test_a_file_larger_than_there_is_room_for_replaces_nothing(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    await feed.bring(GOODS)
    monkeypatch.setattr(replacing, "MAX_SPOOL_BYTES", -1)
    with pytest.raises(Problem, match="larger than") as caught:
        await feed.bring(GOODS, replace="force")
    assert caught.value.status == 413


async def test_a_file_of_many_batches_replaces_as_one_of_a_single_batch_does(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacing, "BATCH", 4)
    await feed.bring(GOODS)
    renewed = [each | {"price": 7, "attributes": {"n": 2**60, "text": "ü\n"}} for each in GOODS[:8]]
    assert counts(await feed.bring(*([each] for each in renewed), replace="yes")) == {"changed": 8, "removed": 1}
    stored = (await feed.stored())["p3"]
    assert (stored["price"], stored["attributes"]) == (7, {"n": 2**60, "text": "ü\n"})


async def test_over_http_a_replacing_import_says_so_in_its_query(
    feed: Feed, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    await feed.bring(GOODS)

    async def post(query: str, goods: Sequence[Mapping[str, Any]]) -> httpx.Response:
        headers = bearer(tenant.read_write) | {"Content-Type": "application/x-ndjson"}
        body = b"\n".join(msgspec.json.encode(each) for each in goods)
        return await client.post(f"{PATH}/import{query}", content=body, headers=headers)

    refused = await post("?mode=replace", GOODS[:2])
    assert (refused.status_code, refused.json()["code"]) == (409, "replace_refused")
    taken = await post("?mode=replace&force=true", GOODS[:2])
    assert taken.json()["data"] | {"unchanged": 2, "removed": 7, "errors": []} == taken.json()["data"]
    assert (await post("?mode=merge", GOODS)).status_code == 422

    packed = gzip.compress(b"\n".join(msgspec.json.encode(product(f"q{n}-{uuid4()}")) for n in range(3000)))
    headers = bearer(tenant.read_write) | {"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"}
    cut = await client.post(f"{PATH}/import?mode=replace&force=true", content=packed[:-500], headers=headers)
    assert (cut.status_code, cut.json()["code"]) == (400, "malformed_body")
    assert cut.json()["detail"].endswith(". Nothing was changed.")
    assert "taken" not in cut.json()["detail"]
    assert len(await feed.stored()) == 9

    async def gone() -> bool:
        answer = await client.get("/api/v1/recommendations?userId=ann&limit=20", headers=bearer(tenant.publish))
        return {item["productId"] for item in answer.json()["data"]} == {"p0", "p1"}

    await until(gone)


async def test_writes_are_planned_for_the_catalog_as_it_is_and_not_as_it_was(context: Context, tenant: Tenant) -> None:
    async with tenant_transaction(context.pool, tenant.id) as connection:
        await lock_catalog(connection, tenant.id)
        assert await connection.fetchval("SHOW plan_cache_mode") == "force_custom_plan"
    async with tenant_transaction(context.pool, tenant.id) as connection:
        assert await connection.fetchval("SHOW plan_cache_mode") == "auto"


async def test_what_was_read_before_a_break_is_stored(feed: Feed) -> None:
    with pytest.raises(MalformedBody):
        await feed.bring([product("a")], [product("b")], broken=True)
    assert (await feed.stored()).keys() == {"a", "b"}


async def test_a_write_that_fails_ends_the_import(context: Context, tenant: Tenant) -> None:
    read = []

    async def lines() -> AsyncIterator[list[tuple[int, bytes]]]:
        for number in range(1, 5):
            read.append(number)
            yield [(number, msgspec.json.encode(product(f"p-{number}")))]

    nobody = uuid4()
    with pytest.raises(AssertionError):  # there is no catalog to lock
        await import_items(context.pool, context.bus, nobody, lines())
    assert read == [1, 2]
