"""Whatever jsonb holds is read, and costs no more than what a client may send."""

import json
import sys
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recomengine.context import Context
from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.stored_json import read_stored
from tests.support.apps import MakeTenant, Tenant, bearer
from tests.support.databases import execute, fetchval
from tests.support.shops import build, fill_catalog, product, send

LARGEST = sys.float_info.max
DIGITS = "9" * 309
HOSTILE = "".join([
    f'{{"digits": {DIGITS}, "below": -1e400, "tiny": [{", ".join(["1e-16000"] * 900)}], "nothing": 0e-16000, '
    f'"huge": {{"a": [1e131000]}}, ',
    '"id": 12345678901234567, "fine": ["x", 1.5, null, true, {}, [], 1e308]}',
])  # fmt: skip
READ: dict[str, Any] = {
    "digits": LARGEST, "below": -LARGEST, "tiny": [0] * 900, "nothing": 0, "huge": {"a": [LARGEST]},
    "id": 12345678901234567, "fine": ["x", 1.5, None, True, {}, [], 1e308],
}  # fmt: skip
SHOP = [
    product("boot", price=20, attributes={"colour": "brown"}),
    product("clog", price=10, attributes={"colour": "brown"}),
    product("sock"),
]
OLD_PRODUCT = "UPDATE catalog_items SET attributes = $2::text::jsonb WHERE tenant_id = $1 AND product_id = 'boot'"
OLD_EVENTS = """
INSERT INTO events (id, tenant_id, event_type, user_id, product_id, metadata, timestamp, created_at)
SELECT gen_random_uuid(), $1, type, 'ann', 'boot', $2::text::jsonb, now(),
    now() FROM unnest(ARRAY['view', 'purchase', 'impression']) AS type
"""


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant, database_url: str) -> Tenant:
    """A shop with a product and events from before numbers were checked."""
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, SHOP)
    await send(
        context, tenant.id, [{"eventType": "view", "userId": "bob", "productId": each} for each in ("boot", "clog")]
    )
    await execute(database_url, OLD_PRODUCT, tenant.id, HOSTILE)
    await execute(database_url, OLD_EVENTS, tenant.id, HOSTILE)
    return tenant


async def test_an_old_product_is_read_listed_found_and_changed(
    tenant: Tenant, client: httpx.AsyncClient, database_url: str
) -> None:
    headers = bearer(tenant.read_write)
    assert (await client.get("/api/v1/catalog/boot", headers=headers)).json()["data"]["attributes"] == READ
    for params in ({}, {"q": "boot"}):
        listed = (await client.get("/api/v1/catalog", params=params, headers=headers)).json()["data"]
        assert listed[0]["attributes"] == READ
    changed = await client.patch("/api/v1/catalog/boot", json={"price": 3, "attributes": {"n": 1}}, headers=headers)
    assert (changed.status_code, changed.json()["data"]["attributes"]) == (200, {"n": 1})
    await execute(database_url, OLD_PRODUCT, tenant.id, f'{{"tiny": [1e-16000], "digits": {DIGITS}}}')
    changed = await client.patch("/api/v1/catalog/boot", json={"price": 4}, headers=headers)
    assert (changed.status_code, changed.json()["data"]["attributes"]) == (200, {"tiny": [0], "digits": LARGEST})


async def test_old_events_are_given_out(tenant: Tenant, client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/v1/users/ann", headers=bearer(tenant.read_write))
    assert [event["metadata"] for event in answer.json()["data"]["events"]] == [READ] * 3
    assert len(answer.content) < 50_000


async def test_a_model_is_built_from_old_rows_and_served(
    tenant: Tenant, context: Context, client: httpx.AsyncClient, database_url: str
) -> None:
    for _ in range(2):  # all events are read, then what is new
        await build(context, tenant.id)
        answer = (await client.get("/api/v1/recommendations?productId=clog", headers=bearer(tenant.read))).json()
        assert "boot" in [each["productId"] for each in answer["data"]]
        assert answer["meta"]["modelVersion"]
        await execute(database_url, OLD_EVENTS, tenant.id, HOSTILE)
    await fill_catalog(context, tenant.id, [product("shoe", attributes={"colour": "brown"})])
    await execute(database_url, OLD_PRODUCT.replace("boot", "shoe"), tenant.id, HOSTILE)
    await context.models.update()
    assert (await client.get("/api/v1/recommendations?productId=shoe", headers=bearer(tenant.read))).status_code == 200


async def test_what_is_short_to_write_is_not_written_out_to_be_read(database_url: str) -> None:
    assert await fetchval(database_url, "SELECT octet_length($1::text::jsonb::text)", HOSTILE) > 14_000_000
    assert await fetchval(database_url, "SELECT octet_length(readable_json($1::text::jsonb)::text)", HOSTILE) < 10_000


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "0",
        '"a"',
        "{}",
        "[]",
        '{"a": [1, -2.50, 1e300, 1e-300, 0.1, "1e-16000", {"b": []}], "c": null}',
        "9" * 300,
        "1e-399",
    ],
)
async def test_what_is_readable_stays_as_it_is(text: str, database_url: str) -> None:
    same = "SELECT readable_json($1::text::jsonb)::text = $1::text::jsonb::text"
    assert await fetchval(database_url, same, text) is True


@pytest.mark.parametrize(
    "text", ["1e-16000", f"-{DIGITS}", "1e131000", "0e-16000", '[[{"a": 1e400}]]', '{"a": {"": [1e-500, 2]}}']
)
async def test_what_is_not_is_read_as_the_nearest_number_in_the_database_and_beside_it(
    text: str, database_url: str
) -> None:
    by_database = await fetchval(database_url, "SELECT readable_json($1::text::jsonb)::text", text)
    as_it_is = await fetchval(database_url, "SELECT $1::text::jsonb::text", text)
    assert orjson.loads(by_database) == read_stored(as_it_is)


async def test_jsonb_of_any_query_is_read(context: Context) -> None:
    before = FALLBACKS.labels("stored_json")._value.get()
    assert await context.pool.fetchval("SELECT $1::text::jsonb", HOSTILE) == READ
    assert FALLBACKS.labels("stored_json")._value.get() == before + 1


def test_what_is_nested_beyond_all_reading_is_read_as_nothing() -> None:
    assert read_stored("[" * 100_000 + "]" * 100_000) is None


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**320), 10**320) | st.floats(allow_nan=False,
        allow_infinity=False) | st.text("a\"\\é\u2028"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab.$", max_size=3), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@given(values)
def test_any_json_is_read(value: Any) -> None:
    read = read_stored(json.dumps(value))
    json.dumps(read, allow_nan=False)
    assert read == read_stored(json.dumps(read).encode())
