"""Numbers that no reader can take are refused, named by their path, and alone; any other number is read back by every
reader.
"""

import json
import math
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recomengine.context import Context
from recomengine.infra.database import tenant_transaction
from recomengine.models import queries as model_queries
from recomengine.models.build import content_digest
from recomengine.models.content import build_content
from tests.support.apps import MakeTenant, Tenant, bearer
from tests.support.bad_input import taken
from tests.support.databases import fetchval
from tests.support.people import Person, forget_attempts
from tests.support.shops import fill_catalog, product
from tests.support.stored import stored

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
EVENTS, ITEMS, ITEM = "/api/v1/events", "/api/v1/catalog", "/api/v1/catalog/boot"
BEYOND = {
    "309 digits": "9" * 309, "309 digits below zero": "-" + "9" * 309, "4,300 digits": "9" * 4300,
    "5,000 digits": "9" * 5000, "1e309": "1e309", "-1E+400": "-1E+400", "1e999999999": "1e999999999",
    "an exponent of 30 digits": "1e" + "9" * 30, "digits and an exponent": "9" * 300 + "e9",
}  # fmt: skip
WITHIN = {
    "0e999999999": 0, "-0e999999999": 0, "1e-16000": 0, "1e-99999999999999999999": 0, "4.9e-324": 5e-324, "0.1": 0.1,
    "12": 12, "1.7976931348623157e308": 1.7976931348623157e308, "17976931348623157" + "0" * 292: 1.7976931348623157e308,
    "18446744073709551615": 2**64 - 1, "18446744073709551616": 2.0**64, "-9223372036854775808": -(2**63),
    "-9223372036854775809": -(2.0**63), "123456789012345678901234567890": 123456789012345678901234567890.0,
    "1" * 400 + "e-399": 1.1111111111111112, "1." + "0" * 5000: 1,
}  # fmt: skip


@pytest.fixture
async def tenant(context: Context, make_tenant: MakeTenant) -> Tenant:
    tenant = await make_tenant()
    await fill_catalog(context, tenant.id, [product("boot", price=1)])
    return tenant


def event_with(number: str, user: str = "ann") -> bytes:
    return b'{"eventType":"view","userId":"%b","productId":"boot","metadata":{"a":[0,{},2,{"b":%b}]}}' % (
        user.encode(),
        number.encode(),
    )


def item_with(number: str, product_id: str = "boot") -> bytes:
    return b'{"productId":"%b","name":"Boot","attributes":{"a":[0,{},2,{"b":%b}]}}' % (
        product_id.encode(),
        number.encode(),
    )


def path_of(answer: httpx.Response) -> str:
    """Of the one error of a 422, whose detail says what was expected."""
    assert answer.status_code == 422, answer.text[:500]
    [error] = answer.json()["errors"]
    assert "Send a smaller number" in error["message"]
    assert len(answer.text) < 2000
    return str(error["path"])


@pytest.mark.parametrize("number", BEYOND.values(), ids=BEYOND)
async def test_a_number_beyond_a_double_is_named_by_its_path(
    number: str, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    headers = bearer(tenant.read_write) | JSON
    assert path_of(await client.post(EVENTS, content=event_with(number), headers=headers)) == "$.metadata.a[3].b"
    before = (await client.get(ITEM, headers=bearer(tenant.read))).json()
    for method, path in (("PUT", ITEM), ("POST", ITEMS)):
        assert (
            path_of(await client.request(method, path, content=item_with(number), headers=headers))
            == "$.attributes.a[3].b"
        )
    patch = b'{"attributes":{"x y":[%b]}}' % number.encode()
    assert path_of(await client.patch(ITEM, content=patch, headers=headers)) == "$.attributes.x y[0]"
    assert await stored(database_url, tenant.id) == []
    assert (await client.get(ITEM, headers=bearer(tenant.read))).json() == before


@pytest.mark.parametrize("number", BEYOND.values(), ids=BEYOND)
async def test_a_number_beyond_a_double_is_the_problem_of_its_own_item_or_line(
    number: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    headers = bearer(tenant.read_write)
    for path, name, make, at in (
        (EVENTS, "events", event_with, "$.metadata.a[3].b"), (ITEMS, "items", item_with, "$.attributes.a[3].b"),
    ):  # fmt: skip
        all_of_it = [make("1", "one"), make(number, "bad"), make("2", "two")]
        batch = (
            await client.post(
                f"{path}/batch", content=b'{"%b":[%b]}' % (name.encode(), b",".join(all_of_it)), headers=headers | JSON
            )
        ).json()
        assert (batch["data"]["accepted"], batch["data"]["rejected"]) == (2, 1)
        assert batch["data"]["results"][1]["error"]["path"] == at
        again = [make("1", "three"), make(number, "bad"), make("2", "four")]
        imported = (await client.post(f"{path}/import", content=b"\n".join(again), headers=headers | LINES)).json()[
            "data"
        ]
        assert (taken(imported), imported["rejected"], imported["errors"][0]["line"]) == (2, 1, 2)
        assert imported["errors"][0]["message"].startswith(f"{at}: expected a number")


@pytest.mark.parametrize(("number", "value"), WITHIN.items(), ids=[f"{number:.30}" for number in WITHIN])
async def test_a_number_that_a_double_holds_is_stored_as_it_was_decoded(
    number: str, value: float, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    assert (
        await client.post(EVENTS, content=event_with(number), headers=bearer(tenant.read_write) | JSON)
    ).status_code == 202
    assert (
        await client.put(ITEM, content=item_with(number), headers=bearer(tenant.read_write) | JSON)
    ).status_code == 200
    assert await everything(client, tenant) == [{"a": [0, {}, 2, {"b": value}]}] * 3
    [row] = await stored(database_url, tenant.id)
    assert len(row["metadata"]) < 400


async def everything(client: httpx.AsyncClient, tenant: Tenant) -> list[Any]:
    """The attributes of the product as it is read and listed, and the metadata of the event as it is given out."""
    item = (await client.get(ITEM, headers=bearer(tenant.read))).json()["data"]
    listed = (await client.get(ITEMS, headers=bearer(tenant.read))).json()["data"]
    found = (await client.get("/api/v1/users/ann", headers=bearer(tenant.read_write))).json()["data"]
    return [item["attributes"], listed[0]["attributes"], found["events"][-1]["metadata"]]


async def test_what_is_short_to_write_is_short_to_read(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    event = event_with("[" + ",".join(["1e-16000"] * 880) + "]")
    assert (await client.post(EVENTS, content=event, headers=bearer(tenant.read_write) | JSON)).status_code == 202
    assert (
        await fetchval(database_url, "SELECT octet_length(metadata::text) FROM events WHERE tenant_id = $1", tenant.id)
        < 8192
    )


@pytest.mark.parametrize("number", ["1e308", "1e-308", "5e-324", "-1e22", "1e-7"])
async def test_the_limit_of_size_holds_for_numbers_written_out(
    number: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    for make, path, most in ((event_with, EVENTS, 8192), (item_with, ITEMS, 16384)):
        many = "[" + ",".join([number] * ((most - 100) // (len(number) + 1))) + "]"
        answer = await client.post(path, content=make(many), headers=bearer(tenant.read_write) | JSON)
        assert answer.status_code == 422, answer.text
        [error] = answer.json()["errors"]
        assert error["message"].startswith(
            f"expected at most {most} bytes with all digits of its numbers written out, got "
        )
    few = "[" + ",".join([number] * 20) + "]"
    assert (
        await client.post(EVENTS, content=event_with(few), headers=bearer(tenant.read_write) | JSON)
    ).status_code == 202


PRICES = {
    "0e999999999": 0, "0e-999999999": 0, "-0.0": 0, "100e-2": 1, "5" + "0" * 5000 + "e-5000": 5,
    "9999999999.99": 9999999999.99, "1.50": 1.5,
}  # fmt: skip
BAD_PRICES = [
    "1e999999999",
    "-1e999999999",
    "1e-999999999",
    "1e-16000",
    "9" * 309,
    "9" * 5000,
    "1e10",
    "0.001",
    '"0"',
    '"1e999999999"',
    "true",
]


@pytest.mark.parametrize(("price", "value"), PRICES.items(), ids=[f"{price:.20}" for price in PRICES])
async def test_a_price_is_taken_however_it_is_written(
    price: str, value: float, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    headers, text = bearer(tenant.read_write) | JSON, price.encode()
    whole, item = b'{"name":"Boot","price":%b}' % text, b'{"productId":"boot","name":"Boot","price":%b}' % text
    for method, path, body, content_type in (
        ("PUT", ITEM, whole, JSON), ("PATCH", ITEM, b'{"price":%b}' % text, JSON), ("POST", f"{ITEMS}/batch",
        b'{"items":[%b]}' % item, JSON),
        ("POST", f"{ITEMS}/import", item, LINES),
    ):  # fmt: skip
        await client.put(ITEM, json={"name": "Boot", "price": 7}, headers=headers)
        answer = await client.request(method, path, content=body, headers=headers | content_type)
        assert answer.status_code == 200, answer.text
        assert (await client.get(ITEM, headers=headers)).json()["data"]["price"] == value


@pytest.mark.parametrize("price", BAD_PRICES, ids=[f"{price:.20}" for price in BAD_PRICES])
async def test_a_bad_price_is_named_in_every_way_of_sending(
    price: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    headers, text = bearer(tenant.read_write), price.encode()
    item = b'{"productId":"new","name":"New","price":%b}' % text
    for method, path, body in (
        ("PUT", ITEM, item.replace(b"new", b"boot")),
        ("POST", ITEMS, item),
        ("PATCH", ITEM, b'{"price":%b}' % text),
    ):
        answer = await client.request(method, path, content=body, headers=headers | JSON)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "$.price"), answer.text
    good = b'{"productId":"good","name":"Good"}'
    batch = await client.post(f"{ITEMS}/batch", content=b'{"items":[%b,%b]}' % (item, good), headers=headers | JSON)
    assert [result["status"] for result in batch.json()["data"]["results"]] == ["rejected", "created"]
    assert batch.json()["data"]["results"][0]["error"]["path"] == "$.price"
    imported = (await client.post(f"{ITEMS}/import", content=item + b"\n" + good, headers=headers | LINES)).json()[
        "data"
    ]
    assert (taken(imported), imported["errors"][0]["line"]) == (1, 1)
    assert imported["errors"][0]["message"].startswith("$.price: ")


@pytest.mark.parametrize("digits", [30, 309, 4300, 5000])
@pytest.mark.parametrize("field", ["timestamp", "metadata.quantity", "metadata.price"])
async def test_a_known_number_of_an_event_that_is_huge_is_named_shortly(
    field: str, digits: int, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    number = b"9" * digits
    member = (
        b'"timestamp":%b' % number
        if field == "timestamp"
        else b'"metadata":{"%b":%b}' % (field.partition(".")[2].encode(), number)
    )
    body = b'{"eventType":"view","userId":"ann","productId":"boot",%b}' % member
    answer = await client.post(EVENTS, content=body, headers=bearer(tenant.publish) | JSON)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, f"$.{field}")
    assert len(answer.text) < 1000


@pytest.mark.parametrize("url", ["/api/v1/recommendations", ITEMS])
@pytest.mark.parametrize(
    "text", ["9" * 5000, "9" * 309, "1e999999", "-1e999999", "nan", "NaN", "inf", "-Infinity", "0x1", "1_0", "٣"]
)
async def test_a_hostile_number_in_a_query_is_named(
    url: str, text: str, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    for name in ("limit", "minPrice", "maxPrice", "diversity") if url != ITEMS else ("limit",):
        answer = await client.get(url, params={name: text}, headers=bearer(tenant.read))
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, f"$.{name}"), (name, answer.text)
        assert len(answer.text) < 1000


async def test_a_hostile_number_in_a_configuration_is_named(client: httpx.AsyncClient, context: Context) -> None:
    await forget_attempts(context)
    ann = Person(client)
    await ann.sign_up()
    shop = await ann.make_tenant()
    for number in (*BEYOND.values(), "1e-16000", "1" + "0" * 22):
        for path, value in (
            ("attributionWindowHours", "{}"),
            ("rateLimits.readPerMinute", '{{"readPerMinute":{}}}'),
            ("unknown", "[[{}]]"),
        ):
            body = f'{{"{path.partition(".")[0]}":{value.format(number)}}}'
            answer = await client.patch(f"/api/v1/tenants/{shop}/config", content=body, headers=ann.bearer | JSON)
            assert answer.status_code == 422, answer.text
            assert answer.json()["errors"][0]["path"] in (
                f"$.{path}",
                *(("$", "$.unknown[0][0]") if path == "unknown" else ()),
            )
            assert len(answer.text) < 1000


digits = st.integers(0, 10**18).map(str) | st.builds(
    lambda digit, count: str(digit) * count, st.integers(1, 9), st.integers(1, 420)
)
exponents = st.just("") | st.builds(
    "{}{}".format, st.sampled_from(["e", "E+", "e-"]), st.integers(0, 400) | st.integers(0, 10**30)
)
numbers = st.builds(
    "{}{}{}{}".format, st.sampled_from(["", "-"]), digits, st.just("") | digits.map(".{}".format), exponents
)


def as_read(text: str) -> float | int:
    """A number as a reader of doubles and 64 bits has it."""
    if text.lstrip("-").isdecimal() and len(text) < 25 and -(2**63) <= int(text) < 2**64:
        return int(text)
    return float(text)


def as_doubles(value: Any) -> Any:
    """Free JSON with its numbers as doubles: PostgreSQL writes one without digits behind the point as an integer."""
    if isinstance(value, list):
        return [as_doubles(member) for member in value]
    if isinstance(value, dict):
        return {name: as_doubles(member) for name, member in value.items()}
    return value if isinstance(value, int) and abs(value) < 2**53 else float(value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(numbers, max_size=6))
@example(texts=["0e999999999", "1e-16000"])
@example(texts=["1", "9" * 309])
@example(texts=["1" * 18 + ".0"])
async def test_numbers_that_are_taken_are_read_back_by_every_reader(
    texts: list[str], client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    values = [as_read(text) for text in texts]
    wrong = next((index for index, value in enumerate(values) if math.isinf(value)), None)
    array = "[" + ",".join(texts) + "]"
    sent = await client.post(EVENTS, content=event_with(array), headers=bearer(tenant.read_write) | JSON)
    put = await client.put(ITEM, content=item_with(array), headers=bearer(tenant.read_write) | JSON)
    if wrong is not None:
        assert (path_of(sent), path_of(put)) == (f"$.metadata.a[3].b[{wrong}]", f"$.attributes.a[3].b[{wrong}]")
        return
    assert (sent.status_code, put.status_code) in ((202, 200), (200, 200)), (sent.text, put.text)
    expected = as_doubles({"a": [0, {}, 2, {"b": values}]})
    assert [as_doubles(read) for read in await everything(client, tenant)] == [expected] * 3
    async with tenant_transaction(context.pool, tenant.id) as connection:
        rows = await model_queries.load_catalog(connection, tenant.id)
    assert build_content(rows, 1).vectors.rows == 1
    assert content_digest(rows, 1)
    assert as_doubles(json.loads(json.dumps(rows[0]["attributes"], allow_nan=False))) == expected
