"""Bodies in and out: size, type and JSON faults, told apart."""

import contextlib
import tracemalloc
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from recomengine.web.codec import SDK_TYPES, data_response, decode, list_response, read_body
from recomengine.web.held import let_go
from recomengine.web.problems import Invalid, MalformedBody, Problem

JSON = {"content-type": "application/json"}


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    size: int = 0
    inner: "Thing | None" = None


decoder = msgspec.json.Decoder(Thing)


def request(body: bytes, headers: Mapping[str, str] = JSON) -> Request:
    chunks = iter([body[:3], body[3:]])

    async def receive() -> Message:
        chunk = next(chunks, None)
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


def refusal(body: bytes) -> tuple[int, str, str]:
    """(status, path of the first error, detail)."""
    with pytest.raises(Problem) as caught:
        decode(decoder, body)
    return caught.value.status, caught.value.errors[0].path if caught.value.errors else "", caught.value.detail


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        (b"", 400, ""),
        (b"{", 400, ""),
        (b'{"name":"a"} {}', 400, ""),
        (b'{"name":"\xff"}', 400, ""),
        (b'{"name":"\\ud800"}', 400, ""),
        (b'{"name":"a\x00"}', 400, ""),
        (b'{"name":NaN}', 400, ""),
        ('{"name":"ü"}'.encode("utf-16"), 400, ""),
        (b'{"inner":' * 5000, 400, ""),
        (b"[]", 422, "$"),
        (b"null", 422, "$"),
        (b"{}", 422, "$"),
        (b'{"name":1}', 422, "$.name"),
        (b'{"name":"a","size":1e400}', 422, "$.size"),
        (b'{"name":"a","size":1.5}', 422, "$.size"),
        (b'{"name":"a","size":' + b"9" * 5000 + b"}", 422, "$.size"),
        (b'{"name":"a","inner":{"name":null}}', 422, "$.inner.name"),
        (b'{"name":"a","nome":1}', 422, "$"),
    ],
)
def test_malformed_json_is_400_and_a_wrong_value_422_with_its_path(body: bytes, status: int, path: str) -> None:
    found = refusal(body)
    assert found[:2] == (status, path)
    assert found[2]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"name":"\\ud800"}', "$.name"), (b'{"name":"x\\udc00\\ud800"}', "$.name"),
        (b'{"name":"a","inner":{"name":"\\uD83Dx"}}', "$.inner.name"),
        (b'{"name":"a","\\udfff":1}', "$"), (b'["a",["b","\\ud83d\\ud83d\\ude00"]]', "$[1][1]"),
        (b'{"name":"\\ud800","name":"b"}', "$.name"),
    ],
)  # fmt: skip
def test_half_a_character_is_named_by_its_path_and_in_plain_words(body: bytes, path: str) -> None:
    status, _, detail = refusal(body)
    assert (status, detail.partition(" ")[0]) == (400, f"{path}:")
    assert "half of a surrogate pair" in detail
    assert "Send both halves" in detail


def test_a_whole_pair_is_a_character() -> None:
    assert decode(decoder, b'{"name":"\\ud83d\\ude00"}') == Thing("\N{GRINNING FACE}")


free = msgspec.json.Decoder(dict[str, Any])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"a":1e400}', "$.a"), (b'{"a":[1,{"b c":[[-1e400]]}],"d":1e400}', "$.a[1].b c[0][0]"),
        (b'{"a":' + b"9" * 5000 + b"}", "$.a"),
        (b'{"a":1e400,"a":1}', "$.a"),
    ],
)  # fmt: skip
def test_a_number_within_free_json_is_named_by_its_whole_path(body: bytes, path: str) -> None:
    with pytest.raises(Invalid) as caught:
        decode(free, body)
    assert [(error.path, error.message.partition(",")[0]) for error in caught.value.errors] == [
        (path, "expected a number within the range of a double (±1.8e308)")
    ]


@pytest.mark.parametrize("name", ["x" * 100_000, "\u2028" * 1000])
def test_a_path_is_shown_shortly(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        decode(free, b'{"%b":1e400}' % name.encode())
    assert len(caught.value.detail) < 500


def test_of_a_name_given_twice_the_last_counts() -> None:
    assert decode(decoder, b'{"name":"a","size":1,"name":"b"}') == Thing("b", 1)


@given(st.binary(max_size=60))
def test_any_bytes_are_decoded_or_refused(body: bytes) -> None:
    with contextlib.suppress(MalformedBody, Invalid):
        decode(decoder, body)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (JSON, 200),
        ({"content-type": "Application/JSON; charset=utf-8"}, 200),
        ({"content-type": "application/json;charset=UTF-8", "content-encoding": "identity"}, 200),
        ({}, 415),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/jsonx"}, 415),
        ({"content-type": "application/json; charset=latin-1"}, 415),
        ({"content-type": "application/json", "content-encoding": "gzip"}, 415),
    ],
)
async def test_only_unencoded_json_in_utf8_is_read(headers: Mapping[str, str], status: int) -> None:
    try:
        assert await read_body(request(b'{"a":1}', headers)) == b'{"a":1}'
        found = 200
    except Problem as problem:
        found = problem.status
    assert found == status


async def test_what_browsers_send_is_read_where_it_is_welcome() -> None:
    body = request(b"{}", {"content-type": "text/plain;charset=UTF-8"})
    assert await read_body(body, types=SDK_TYPES) == b"{}"


@pytest.mark.parametrize(
    "headers", [JSON, JSON | {"content-length": "11"}, JSON | {"content-length": "5"}, JSON | {"content-length": "-1"}]
)
async def test_a_body_over_the_limit_is_refused_whatever_length_it_declares(headers: Mapping[str, str]) -> None:
    assert await read_body(request(b"x" * 10, JSON), limit=10) == b"x" * 10
    with pytest.raises(Problem) as caught:
        await read_body(request(b"x" * 11, headers), limit=10)
    assert caught.value.status == 413
    assert "10 bytes" in caught.value.detail


@pytest.mark.parametrize("piece", [2, 1000, 10_000, 60_000])
async def test_a_body_that_is_held_takes_little_more_than_its_bytes(piece: int) -> None:
    left, traced = 60_000, 0

    async def receive() -> Message:
        nonlocal left, traced
        left -= piece
        if left < 0:
            traced = tracemalloc.get_traced_memory()[0]
        return {"type": "http.request", "body": b"x" * piece if left >= 0 else b"", "more_body": left >= 0}

    held = Request({"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}, receive)
    tracemalloc.start()
    try:
        assert len(await read_body(held)) == 60_000
    finally:
        tracemalloc.stop()
        let_go(held.scope)
    assert 60_000 < traced < 80_000


def test_money_leaves_as_an_exact_number() -> None:
    assert bytes(data_response({"price": Decimal("19.90")}).body) == b'{"data":{"price":19.90}}'
    assert bytes(list_response([], None).body) == b'{"data":[],"meta":{"nextCursor":null}}'
