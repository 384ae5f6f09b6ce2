"""Descriptions with mark-up: given back as they came, searched and compared by their words."""

import asyncio
from typing import Any

import asyncpg
import httpx

from recomengine.context import Context
from recomengine.infra.migrations import migrate
from tests.support.apps import Servers, Tenant, bearer
from tests.support.databases import execute, fetch, fresh_database
from tests.support.shops import build, fill_catalog, product

PATH = "/api/v1/catalog"
MARKED = (
    '<div class="rte" data-mce-fragment="1"><style>.lead{margin:0}</style><p style="font-family:Arial">Waterproof '
    "M&uuml;tze aus Woll<b>filz</b></p><!-- legacy --><script>dataLayer.push({event:'view'})</script></div>"
)


async def found(client: httpx.AsyncClient, tenant: Tenant, words: str) -> list[str]:
    answer = await client.get(PATH, params={"q": words}, headers=bearer(tenant.read))
    return [item["productId"] for item in answer.json()["data"]]


async def test_search_finds_the_words_of_a_description_and_none_of_its_mark_up(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await fill_catalog(context, tenant.id, [product("cap", name="Alba", description=MARKED), product("pan")])

    read = await client.get(f"{PATH}/cap", headers=bearer(tenant.read))

    assert read.json()["data"]["description"] == MARKED
    for words in ("waterproof", "mütze", "wollfilz"):
        assert await found(client, tenant, words) == ["cap"], words
    for words in ("fragment", "margin", "legacy", "datalayer", "arial", "uuml"):
        assert await found(client, tenant, words) == [], words


async def test_words_that_were_searched_for_before_mark_up_was_taken_out_leave_with_the_next_import(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, database_url: str
) -> None:
    await fill_catalog(context, tenant.id, [product("cap", name="Alba", description=MARKED)])
    owner = await asyncpg.connect(database_url)
    try:
        stale = "UPDATE catalog_items SET search = to_tsvector('simple', 'datalayer') WHERE tenant_id = $1"
        await owner.execute(stale, tenant.id)
    finally:
        await owner.close()
    assert await found(client, tenant, "datalayer") == ["cap"]

    await fill_catalog(context, tenant.id, [product("cap", name="Alba", description=MARKED)])

    assert (await found(client, tenant, "datalayer"), await found(client, tenant, "mütze")) == ([], ["cap"])


async def test_products_are_alike_by_what_is_said_of_them_whatever_wraps_it(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    def wrapped(words: str) -> str:
        builder = " ".join(f'data-block{n}="b{n}"' for n in range(80))
        return f"<div {builder}><script>track('page')</script><p>{words}</p></div>"

    said: dict[str, Any] = {
        "kettle1": wrapped("electric kettle with spout, steel"), "kettle2": "Steel kettle, electric, long spout",
        "rope1": wrapped("climbing rope, dry treated, dynamic"), "rope2": "Dynamic climbing rope for dry rock",
        "soap": wrapped("olive oil"), "lamp": wrapped("oak base"),
    }  # fmt: skip
    goods = [product(each, name=f"Item{n}", description=text) for n, (each, text) in enumerate(said.items())]
    await fill_catalog(context, tenant.id, goods)
    await build(context, tenant.id)
    for one, other in (("kettle1", "kettle2"), ("rope1", "rope2")):
        query = {"productId": one, "strategy": "content_based", "limit": 1}
        answer = await client.get("/api/v1/recommendations", params=query, headers=bearer(tenant.publish))
        assert [item["productId"] for item in answer.json()["data"]] == [other]


OLD_PRODUCT = """
WITH shop AS (INSERT INTO tenants (name) VALUES ('Old') RETURNING id)
INSERT INTO catalog_items (tenant_id, product_id, number, name, category, description, version)
SELECT id, 'desk', 0, 'Desk', 'Office > Desks', 'Of oak', 1 FROM shop
"""
HOW_IT_IS = """
SELECT array_remove(category || further_categories, NULL) AS categories, search @@ to_tsquery('simple', 'oak') AS found,
       pg_relation_filenode('catalog_items') AS file
FROM catalog_items
"""


def test_products_of_before_keep_their_category_and_their_words_and_are_not_written_anew(servers: Servers) -> None:
    with fresh_database(servers.database_url) as url:
        asyncio.run(migrate(url, through="0014_what_shops_send"))
        asyncio.run(execute(url, OLD_PRODUCT))
        (before,) = asyncio.run(fetch(url, "SELECT pg_relation_filenode('catalog_items') AS file"))
        asyncio.run(migrate(url))
        (now,) = asyncio.run(fetch(url, HOW_IT_IS))
    assert tuple(now) == (["Office > Desks"], True, before["file"])
