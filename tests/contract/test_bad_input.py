"""Whatever is sent, the answer is the contract's problem, names the path and the remedy, and nothing was changed."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recomengine.context import Context
from tests.support.apps import MakeTenant, Tenant, bearer
from tests.support.bad_input import (
    ADVICE,
    ADVICE_BATCH,
    EVENT_BATCH,
    EVENT_IMPORT,
    EVENTS,
    EXPLAINED,
    ITEM,
    ITEM_BATCH,
    ITEM_IMPORT,
    ITEMS,
    UNREADABLE,
    is_problem,
    taken,
)
from tests.support.shops import fill_catalog, product
from tests.support.stored import now_ms, stored, view

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
MB = 1024 * 1024
BODIES = [
    ("POST", EVENTS), ("POST", EVENT_BATCH), ("PUT", ITEM), ("PATCH", ITEM), ("POST", ITEMS), ("POST", ITEM_BATCH),
    ("POST", ADVICE),
    ("POST", ADVICE_BATCH),
]  # fmt: skip


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [product("boot", price=1)])
    return tenant


@pytest.fixture
async def unchanged(tenant: Tenant, client: httpx.AsyncClient, database_url: str) -> AsyncIterator[None]:
    """After the test the tenant's products and events are as before."""

    async def all_of_it() -> object:
        return (await client.get(ITEMS, headers=bearer(tenant.read))).json(), await stored(database_url, tenant.id)

    before = await all_of_it()
    yield
    assert await all_of_it() == before


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_an_unreadable_body_is_refused(method: str, path: str, client: httpx.AsyncClient, tenant: Tenant) -> None:
    for name, body in UNREADABLE.items():
        answer = await client.request(method, path, content=body, headers=bearer(tenant.read_write) | JSON)
        assert answer.status_code == 400, name
        assert is_problem(answer, 400)["code"] == "malformed_body"


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_a_body_that_is_no_object_is_invalid(
    method: str, path: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    for value in (None, True, 1, 1.5, "text", [], [{}], [[]]):
        found = is_problem(
            await client.request(method, path, content=json.dumps(value), headers=bearer(tenant.read_write) | JSON), 422
        )
        assert found["errors"][0]["path"] == "$"


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_a_body_of_another_type_or_encoding_is_refused(
    method: str, path: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    for headers in ({}, {"Content-Type": "text/html"}, {"Content-Type": "multipart/form-data"},
    JSON | {"Content-Encoding": "gzip"},
                    {"Content-Type": "application/json; charset=utf-16"}):  # fmt: skip
        body = is_problem(
            await client.request(method, path, content=b"{}", headers=bearer(tenant.read_write) | headers), 415
        )
        assert "Expected" in body["detail"]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(("method", "path"), BODIES)
async def test_ten_megabytes_of_one_string_are_too_large_or_invalid(
    method: str, path: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    for name in ("userId", "name", "x"):
        body = b'{"' + name.encode() + b'": "' + b"a" * (10 * MB) + b'"}'
        answer = await client.request(method, path, content=body, headers=bearer(tenant.read_write) | JSON)
        found = is_problem(answer, 413, 422)
        if answer.status_code == 413:
            assert "bytes" in found["detail"]


BAD_EVENTS: list[tuple[dict[str, Any], str]] = [
    ({"eventType": "buy"}, "$.eventType"), ({"eventType": 1}, "$.eventType"), ({"eventType": None}, "$.eventType"),
    ({"userId": ""}, "$.userId"), ({"userId": 7}, "$.userId"), ({"userId": None}, "$.userId"),
    ({"userId": "x" * 129}, "$.userId"),
    ({"userId": "a\0"}, "$.userId"), ({"userId": "a\n"}, "$.userId"), ({"userId": "a\x1fb"}, "$.userId"),
    ({"userId": "a\x85"}, "$.userId"),
    ({"userId": ["a"]}, "$.userId"), ({"productId": ""}, "$.productId"), ({"productId": None}, "$.productId"),
    ({"productId": 1}, "$.productId"),
    ({"productId": "p\t"}, "$.productId"), ({"sessionId": ""}, "$.sessionId"), ({"sessionId": "s\r"}, "$.sessionId"),
    ({"eventId": ""}, "$.eventId"),
    ({"eventId": "e" * 129}, "$.eventId"), ({"timestamp": "yesterday"}, "$.timestamp"),
    ({"timestamp": "2023-01-01"}, "$.timestamp"),
    ({"timestamp": "2023-01-01T00:00:00"}, "$.timestamp"), ({"timestamp": "2023-13-01T00:00:00Z"}, "$.timestamp"),
    ({"timestamp": 1.5}, "$.timestamp"), ({"timestamp": True}, "$.timestamp"), ({"timestamp": 10**30}, "$.timestamp"),
    ({"timestamp": -(10**15)}, "$.timestamp"),
    ({"timestamp": "9999-12-31T23:59:59Z"}, "$.timestamp"), ({"timestamp": 4_000_000_000_000}, "$.timestamp"),
    ({"metadata": []}, "$.metadata"),
    ({"metadata": "text"}, "$.metadata"), ({"metadata": {"x": "y" * 9000}}, "$.metadata"),
    ({"metadata": {"price": -1}}, "$.metadata.price"),
    ({"metadata": {"price": "12"}}, "$.metadata.price"), ({"metadata": {"price": 1e300}}, "$.metadata.price"),
    ({"metadata": {"price": True}}, "$.metadata.price"), ({"metadata": {"currency": "euro"}}, "$.metadata.currency"),
    ({"metadata": {"currency": "EUR\n"}}, "$.metadata.currency"),
    ({"metadata": {"quantity": 0}}, "$.metadata.quantity"),
    ({"metadata": {"quantity": 1.5}}, "$.metadata.quantity"),
    ({"metadata": {"quantity": 10**9}}, "$.metadata.quantity"),
    ({"metadata": {"orderId": 7}}, "$.metadata.orderId"), ({"metadata": {"query": "x" * 501}}, "$.metadata.query"),
    ({"metadata": {"a": {"b": ["\0"]}}}, "$.metadata.a.b[0]"), ({"metadata": {"\0": 1}}, "$.metadata"),
    ({"metadata": json.loads('{"a":' * 40 + "1" + "}" * 40)}, "$.metadata"), ({"colour": "red"}, "$"),
    ({"user_id": "a"}, "$"),
]  # fmt: skip


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("fields", "path"), BAD_EVENTS, ids=[f"{next(iter(fields.items()))!r:.60}" for fields, _ in BAD_EVENTS]
)
async def test_a_bad_event_is_refused_alone_and_its_path_is_named_in_every_way_of_sending(
    fields: dict[str, Any], path: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    bad = view() | fields
    headers = bearer(tenant.read_write)
    found = is_problem(await client.post(EVENTS, json=bad, headers=headers), 422)
    assert found["errors"][0]["path"] == path
    assert found["detail"].startswith(f"{path}: ")
    batch = (await client.post(EVENT_BATCH, json={"events": [bad]}, headers=headers)).json()["data"]
    assert (batch["rejected"], batch["results"][0]["error"]["path"]) == (1, path)
    assert batch["results"][0]["error"]["code"] in EXPLAINED
    imported = (await client.post(EVENT_IMPORT, content=json.dumps(bad), headers=headers | LINES)).json()["data"]
    assert (imported["rejected"], imported["errors"][0]["line"]) == (1, 1)
    assert imported["errors"][0]["message"].startswith(f"{path}: ")


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("text", "path"),
    [
        (b"1e400", "$.metadata.price"), (b"-1e400", "$.metadata.price"),
        (b"1e99999999999999999999", "$.metadata.price"),
        (b"9" * 400, "$.metadata.price"), (b"null, \"x\": 1e400", "$.metadata"),
        (b'null, "x": ' + b"9" * 5000, "$.metadata"),
        (b'null, "quantity": 1e400', "$.metadata.quantity"),
    ],
)  # fmt: skip
async def test_a_number_out_of_range_is_named(
    text: bytes, path: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    body = b'{"eventType":"view","userId":"a","productId":"p","metadata":{"price":' + text + b"}}"
    found = is_problem(await client.post(EVENTS, content=body, headers=bearer(tenant.read_write) | JSON), 422)
    assert found["errors"][0]["path"].startswith(path)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    "text", [b"1e400", b"-1e400", b"1e5000000", b"9" * 5000, b"1e-400", b'"NaN"', b'"Infinity"', b'"1_0"', b"0.001"]
)
async def test_a_price_out_of_range_is_named(text: bytes, client: httpx.AsyncClient, tenant: Tenant) -> None:
    for method, path, body in (
        ("PUT", ITEM, b'{"name":"x","price":' + text + b"}"),
        ("PATCH", ITEM, b'{"price":' + text + b"}"),
    ):
        found = is_problem(
            await client.request(method, path, content=body, headers=bearer(tenant.read_write) | JSON), 422
        )
        assert found["errors"][0]["path"] == "$.price"


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("value", [b'"\xff"', b'"\\ud800"', b"[" * 2000 + b"]" * 2000, b"1e400", b"null", b"{}", b"7"])
async def test_a_bad_id_in_the_body_of_a_put_is_refused(
    value: bytes, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    body = b'{"name":"x","productId":' + value + b"}"
    is_problem(await client.put(ITEM, content=body, headers=bearer(tenant.read_write) | JSON), 400, 422)


async def test_of_a_name_given_twice_the_last_counts_for_all(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    """So no part of the system can read one value and another part the other."""
    event = (
        b'{"eventType":"view","userId":"one","userId":"two","productId":"p",'
        b'"metadata":{"price":-1,"price":2,"a":"\\u0000","a":1}}'
    )
    assert (await client.post(EVENTS, content=event, headers=bearer(tenant.read_write) | JSON)).status_code == 202
    [row] = await stored(database_url, tenant.id)
    assert (row["user_id"], json.loads(row["metadata"])) == ("two", {"price": 2, "a": 1})
    item = b'{"name":"One","name":"Two","price":-1,"price":3,"productId":"x","productId":"boot"}'
    made = (await client.put(ITEM, content=item, headers=bearer(tenant.read_write) | JSON)).json()["data"]
    assert (made["productId"], made["name"], made["price"]) == ("boot", "Two", 3)


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("path", [EVENT_IMPORT, ITEM_IMPORT])
@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"plain", "gzip"), (b"plain", "zstd"), (gzip.compress(b"{}\n" * 100, mtime=0)[:-8], "gzip"),
        (zstandard.compress(b"{}\n" * 100)[:-3], "zstd"),
        (gzip.compress(b"{}\n", mtime=0) + b"tail", "gzip"), (zstandard.compress(b"{}\n") + b"tail", "zstd"),
        (gzip.compress(b"", mtime=0), "zstd"),
        (bytes(1000), "gzip"),
    ],
)  # fmt: skip
async def test_a_corrupt_stream_is_malformed(
    path: str, body: bytes, encoding: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    found = is_problem(
        await client.post(
            path, content=body, headers=bearer(tenant.read_write) | LINES | {"Content-Encoding": encoding}
        ),
        400,
    )
    assert "corrupt" in found["detail"]


@pytest.mark.parametrize("path", [EVENT_IMPORT, ITEM_IMPORT])
@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
async def test_a_bomb_is_one_bad_line_and_the_good_ones_beside_it_go_in(
    path: str, encoding: str, pack: Any, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    good = json.dumps(view() if path == EVENT_IMPORT else product("fresh")).encode()
    body = pack(good + b"\n" + b"x" * (50 * MB) + b"\n" + b"\n" * MB)
    answer = await client.post(
        path, content=body, headers=bearer(tenant.read_write) | LINES | {"Content-Encoding": encoding}
    )
    data = answer.json()["data"]
    assert (answer.status_code, taken(data), data["rejected"]) == (200, 1, 1)
    assert data["errors"] == [{"line": 2, "message": "The line is longer than 1048576 bytes. Shorten it."}]


@pytest.mark.parametrize(("path", "good"), [(EVENT_IMPORT, view()), (ITEM_IMPORT, product("fresh"))])
async def test_every_unreadable_line_is_reported_and_the_rest_goes_in(
    path: str, good: dict[str, Any], client: httpx.AsyncClient, tenant: Tenant
) -> None:
    bad = [
        body.replace(b"\n", b" ")
        for body in UNREADABLE.values()
        if body.strip() and not body.startswith(b"\xef\xbb\xbf")
    ]
    lines = [line for body in bad for line in (body, json.dumps(good).encode())]
    answer = await client.post(path, content=b"\n".join(lines), headers=bearer(tenant.read_write) | LINES)
    data = answer.json()["data"]
    numbers = [error["line"] for error in data["errors"]]
    assert taken(data) == len(bad)
    assert numbers == list(range(1, len(lines), 2))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3), max_leaves=8,
)  # fmt: skip
names = st.sampled_from([
    "eventType", "userId", "productId", "sessionId", "timestamp", "eventId", "metadata", "key", "events", "items",
    "requests", "name", "price", "category", "attributes", "available", "currency", "url", "limit", "strategy",
    "exclude", "minPrice", "context",
])  # fmt: skip
near_bodies = st.dictionaries(names, json_values | st.sampled_from(["view", "boot", "auto", 1, [{}]]), max_size=5)
fuzz = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fuzz
@given(target=st.sampled_from(BODIES), body=near_bodies)
async def test_no_json_brings_the_server_down(
    target: tuple[str, str], body: dict[str, Any], client: httpx.AsyncClient, tenant: Tenant
) -> None:
    answer = await client.request(*target, content=json.dumps(body), headers=bearer(tenant.read_write) | JSON)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        is_problem(answer, 400, 401, 404, 409, 422)


@fuzz
@given(metadata=st.dictionaries(st.text(max_size=8), json_values, max_size=4), user=st.text(min_size=1, max_size=20))
async def test_an_event_is_stored_as_it_came_or_refused(
    metadata: dict[str, Any], user: str, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    event = view(user=user, eventId=str(now_ms()), metadata=metadata)
    for path, body in ((EVENTS, event), (EVENT_BATCH, {"events": [event]})):
        answer = await client.post(path, content=json.dumps(body), headers=bearer(tenant.read_write) | JSON)
        assert answer.status_code in (200, 202, 400, 422), answer.text


@fuzz
@given(
    attributes=st.dictionaries(st.text(max_size=8), json_values, max_size=4),
    name=st.text(max_size=20),
    text=st.text(max_size=20),
)
async def test_a_product_is_read_back_and_recommended_or_was_refused(
    attributes: dict[str, Any], name: str, text: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    body = {"name": name, "description": text, "brand": text, "category": text, "attributes": attributes}
    made = await client.put("/api/v1/catalog/fuzz", content=json.dumps(body), headers=bearer(tenant.read_write) | JSON)
    assert made.status_code in (200, 201, 400, 422), made.text
    if made.status_code < 300:
        read = (await client.get("/api/v1/catalog/fuzz", headers=bearer(tenant.read))).json()["data"]
        assert (read["name"], read["description"], read["attributes"].keys()) == (name, text, attributes.keys())
    assert (await client.get(ADVICE, headers=bearer(tenant.read))).status_code == 200
    assert (await client.get(ITEMS, headers=bearer(tenant.read))).status_code == 200


@fuzz
@given(query=st.binary(max_size=40), path=st.text(max_size=20))
async def test_no_url_brings_the_server_down(
    query: bytes, path: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    text = query.decode("latin-1")
    for url in (ADVICE, ITEMS):
        for params in ({"userId": text}, {text: text}, {"category": text, "q": text, "limit": text}):
            assert (await client.get(url, params=params, headers=bearer(tenant.read))).status_code in (200, 400, 422)
    answer = await client.get("/" + quote(path), headers=bearer(tenant.read))
    assert answer.status_code in (200, 401, 404, 405)


BAD_CREDENTIALS: list[Any] = [
    {"Authorization": "Bearer"}, {"Authorization": "Bearer " + "x" * 60_000}, {"Authorization": b"Bearer \xff\xfe"},
    {"X-API-Key": "\t"},
    {"Authorization": "Basic cmtfbGl2ZQ=="}, {"X-API-Key": "rk_live_AAAAAAAA_" + "A" * 32 + "_AAAAAA"}, {},
]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "path"),
    [*BODIES, ("GET", ADVICE), ("GET", ITEMS), ("GET", ITEM), ("DELETE", ITEM), ("POST", EVENT_IMPORT)],
)
async def test_a_bad_credential_is_unauthorized_everywhere(method: str, path: str, client: httpx.AsyncClient) -> None:
    bodies: dict[str, object] = {
        EVENTS: view(), EVENT_BATCH: {"events": [view()]}, ITEMS: product("x"), ITEM_BATCH: {"items": [product("x")]},
        ADVICE_BATCH: {"requests": [{}]},
    }  # fmt: skip
    body = None if method in ("GET", "DELETE") else json.dumps(bodies.get(path, {}))
    for header in BAD_CREDENTIALS:
        found = is_problem(
            await client.request(method, path, content=body, headers=(JSON if body else {}) | header), 401
        )
        assert found["code"] == "unauthorized"
