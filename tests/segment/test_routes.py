"""Segment's HTTP API: its paths, credentials, bodies and limits, as servers and as pages use it."""

import gzip
import json
from typing import Any

import httpx
import pytest

from recomengine.segment.routes import routes
from recomengine.segment.schemas import MAX_BATCH_BYTES, MAX_MESSAGE_BYTES, MAX_MESSAGES
from recomengine.shop import RateLimits
from recomengine.web.held import STRANGERS_BODY_BYTES
from tests.segment.messages import SUCCESS, Json, basic, events, post, track
from tests.support.apps import MakeTenant, Tenant, bearer
from tests.support.bad_input import UNREADABLE, is_problem

SHOP, THIEF = "https://shop.example", "https://thief.example"
JSON, TEXT = {"Content-Type": "application/json"}, {"Content-Type": "text/plain;charset=UTF-8"}
VIEWED = track("Product Viewed", {"product_id": "boot"})
PATHS = [route.path for route in routes]
ONE = [path for path in PATHS if path not in ("/v1/batch", "/v1/b", "/v1/import", "/v1/m")]


@pytest.fixture
async def tenant(make_tenant: MakeTenant) -> Tenant:
    return await make_tenant(allowed_origins=(SHOP,))


def as_sent(path: str, **members: Any) -> bytes:
    return json.dumps(members | (VIEWED if path in ONE else {"batch": [VIEWED]})).encode()


@pytest.mark.parametrize("path", PATHS)
async def test_every_path_of_the_api_is_there(path: str, client: httpx.AsyncClient, tenant: Tenant) -> None:
    answer = await client.post(path, content=as_sent(path), headers=basic(tenant.publish) | JSON)
    assert (answer.status_code, answer.json()) == (200, SUCCESS)


@pytest.mark.parametrize("path", ["/v1/tracks", "/v1/", "/v1", "/v1/projects/rk_pub_x/settings"])
async def test_another_path_is_a_problem(path: str, client: httpx.AsyncClient) -> None:
    is_problem(await client.post(path, json=VIEWED), 404)


async def test_the_path_says_what_a_message_is(client: httpx.AsyncClient, tenant: Tenant, database_url: str) -> None:
    for path in ("/v1/t", "/v1/track"):
        message = {name: value for name, value in VIEWED.items() if name != "type"} | {"messageId": path}
        await client.post(path, json=message, headers=basic(tenant.publish))
    await client.post("/v1/p", json=VIEWED, headers=basic(tenant.publish))
    assert len(await events(database_url, tenant)) == 2


@pytest.mark.parametrize("kind", ["publish", "read_write"])
async def test_a_key_may_be_the_user_name_or_stand_in_the_body_or_a_message(
    kind: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    key = getattr(tenant, kind)
    batch = {"batch": [VIEWED | {"writeKey": key}]}
    for sent in (
        {"json": VIEWED, "headers": basic(key)}, {"json": VIEWED, "headers": bearer(key)},
        {"json": VIEWED | {"writeKey": key}}, {"json": VIEWED | {"writeKey": key}, "headers": basic(key)},
    ):  # fmt: skip
        assert (await client.post("/v1/track", **sent)).status_code == 200  # type: ignore[arg-type]
    assert (await client.post("/v1/batch", json=batch)).status_code == 200


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/v1/m"])
async def test_a_wrong_key_or_none_is_refused(path: str, client: httpx.AsyncClient, tenant: Tenant) -> None:
    body = as_sent(path)
    for headers in ({}, basic(""), basic("rk_pub_unknown"), basic("proxy"), {"Authorization": "Basic ?"}):
        is_problem(await client.post(path, content=body, headers=headers | JSON), 401)
    is_problem(await client.post(path, content=as_sent(path, writeKey="rk_pub_unknown"), headers=JSON), 401)
    is_problem(await client.post(path, content=body, headers=basic(tenant.read) | JSON), 403)


async def test_a_proxys_user_name_is_no_key(client: httpx.AsyncClient, tenant: Tenant) -> None:
    answer = await client.post("/v1/track", json=VIEWED, headers=basic("proxy") | {"X-API-Key": tenant.read_write})
    assert answer.status_code == 200


async def test_a_key_as_user_name_is_taken_by_the_whole_api(client: httpx.AsyncClient, tenant: Tenant) -> None:
    assert (await client.get("/api/v1/catalog", headers=basic(tenant.read))).status_code == 200


async def test_a_page_of_the_keys_origins_is_answered_and_no_other(client: httpx.AsyncClient, tenant: Tenant) -> None:
    for headers in (basic(tenant.publish), {}):
        body = json.dumps(VIEWED | {"writeKey": tenant.publish})
        answer = await client.post("/v1/t", content=body, headers=headers | TEXT | {"Origin": SHOP})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, SHOP)
        refused = await client.post("/v1/t", content=body, headers=headers | TEXT | {"Origin": THIEF})
        assert is_problem(refused, 403)["code"] == "origin_not_allowed"


async def test_a_servers_key_in_a_page_is_a_leak(client: httpx.AsyncClient, tenant: Tenant) -> None:
    body = VIEWED | {"writeKey": tenant.read_write}
    for headers in ({}, basic(tenant.publish), basic(tenant.read_write)):
        answer = await client.post("/v1/t", json=body, headers=headers | {"Origin": SHOP})
        assert is_problem(answer, 401)["code"] == "key_in_url"


async def test_browsers_may_ask_for_what_their_libraries_send(client: httpx.AsyncClient) -> None:
    wanted = {"authorization", "content-type", "x-retry-count", "anonymousid"}
    asking = {
        "Origin": SHOP,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ",".join(wanted),
    }
    answer = await client.options("/v1/t", headers=asking)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, SHOP)
    assert wanted <= set(answer.headers["access-control-allow-headers"].lower().split(", "))


async def test_what_the_library_counts_of_itself_is_dropped_and_readable(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/m", content=b'{"series": []}', headers=TEXT | {"Origin": SHOP})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, SHOP)


@pytest.mark.parametrize("path", ["/v1/track", "/v1/batch"])
@pytest.mark.parametrize("name", sorted(set(UNREADABLE) - {"deep objects"}))
async def test_a_body_that_is_no_json_is_refused(
    name: str, path: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    is_problem(await client.post(path, content=UNREADABLE[name], headers=basic(tenant.publish) | JSON), 400)


async def test_a_message_that_is_no_json_refuses_its_batch(client: httpx.AsyncClient, tenant: Tenant) -> None:
    body = b'{"batch": [{"type": "track", "event": "\\ud800"}]}'
    is_problem(await client.post("/v1/batch", content=body, headers=basic(tenant.publish) | JSON), 400)


@pytest.mark.parametrize("body", [[], 5, {"batch": 5}, {"batch": {}}])
async def test_a_body_of_another_form_is_refused(body: object, client: httpx.AsyncClient, tenant: Tenant) -> None:
    is_problem(await client.post("/v1/batch", json=body, headers=basic(tenant.publish)), 422)


async def test_members_of_a_batch_that_are_no_messages_stop_no_other(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    assert (await post(client, tenant, 5, [], "track", {}, VIEWED)).status_code == 200  # type: ignore[arg-type]
    assert len(await events(database_url, tenant)) == 1


def padded(message: Json, size: int) -> Json:
    """The message with as much context as makes it so long."""
    bare = len(json.dumps(message | {"context": {"pad": ""}}).encode())
    return message | {"context": {"pad": "x" * (size - bare)}}


async def test_a_message_has_at_most_32_kib(client: httpx.AsyncClient, tenant: Tenant) -> None:
    for size, status in ((MAX_MESSAGE_BYTES, 200), (MAX_MESSAGE_BYTES + 1, 413)):
        message = padded(VIEWED, size)
        for path, body in (("/v1/track", message), ("/v1/batch", {"batch": [VIEWED, message]})):
            answer = await client.post(path, content=json.dumps(body), headers=basic(tenant.publish) | JSON)
            assert answer.status_code == status, path


@pytest.mark.parametrize("compressed", [False, True])
async def test_a_batch_has_at_most_500_kib_with_its_key_in_the_body_as_well(
    compressed: bool, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    messages = [padded(VIEWED | {"messageId": str(number)}, 30_000) for number in range(17)]
    body = json.dumps({"writeKey": tenant.publish, "batch": messages}).encode()
    assert STRANGERS_BODY_BYTES < len(body) < MAX_BATCH_BYTES
    encoded, header = (gzip.compress, {"Content-Encoding": "gzip"}) if compressed else (bytes, {})
    taken = await client.post("/v1/b", content=encoded(body), headers=TEXT | header)
    assert taken.status_code == 200
    assert len(await events(database_url, tenant)) == 17
    longer = body[:-1] + b" " * (MAX_BATCH_BYTES - len(body) + 1) + b"}"
    is_problem(await client.post("/v1/b", content=encoded(longer), headers=TEXT | header), 413)


async def test_a_batch_has_at_most_2500_messages(client: httpx.AsyncClient, tenant: Tenant) -> None:
    assert (await post(client, tenant, *[{}] * MAX_MESSAGES)).status_code == 200
    is_problem(await post(client, tenant, *[{}] * (MAX_MESSAGES + 1)), 422)


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"no gzip", "gzip", 400), (gzip.compress(b"{}", mtime=0)[:-1], "gzip", 400),
        (gzip.compress(b"{}", mtime=0) + b"more", "gzip", 400), (b"{}", "zstd", 415), (b"{}", "br", 415),
        (gzip.compress(b" " * 100 * 1024 * 1024, mtime=0), "gzip", 413),
    ],
)  # fmt: skip
async def test_what_cannot_be_expanded_is_refused(
    body: bytes, encoding: str, status: int, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    headers = basic(tenant.publish) | JSON | {"Content-Encoding": encoding}
    is_problem(await client.post("/v1/batch", content=body, headers=headers), status)


async def test_a_batch_is_charged_as_one_write(client: httpx.AsyncClient, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant(rate_limits=RateLimits(0, 2))
    statuses = [(await post(client, tenant, VIEWED, VIEWED)).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


async def test_gzip_is_taken_where_libraries_send_it_and_nowhere_else(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    headers = bearer(tenant.read_write) | JSON | {"Content-Encoding": "gzip"}
    is_problem(await client.post("/api/v1/events", content=gzip.compress(b"{}", mtime=0), headers=headers), 415)
