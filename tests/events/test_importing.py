"""Bulk import over HTTP: every good line goes in once, every bad one is reported, whatever way the body is cut or
packed.
"""

import gzip
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import httpx
import pytest
import zstandard

from recomengine.context import Context
from recomengine.events import importing
from recomengine.events.trail import trail_key
from tests.support.apps import Tenant, bearer
from tests.support.stored import START_MS, now_ms, stored, view

PATH = "/api/v1/events/import"
Pack = Callable[[bytes], bytes]


def lines_of(events: Sequence[object]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


async def send(
    client: httpx.AsyncClient, tenant: Tenant, body: "bytes | AsyncIterator[bytes]", encoding: str | None = None
) -> httpx.Response:
    headers = bearer(tenant.read_write) | {"Content-Type": "application/x-ndjson"}
    return await client.post(PATH, content=body, headers=headers | ({"Content-Encoding": encoding} if encoding else {}))


async def counts(
    client: httpx.AsyncClient, tenant: Tenant, body: "bytes | AsyncIterator[bytes]", encoding: str | None = None
) -> dict[str, Any]:
    answer = await send(client, tenant, body, encoding)
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def gzip_members(body: bytes) -> bytes:
    return gzip.compress(body[:100]) + gzip.compress(body[100:])


def zstd_frames(body: bytes) -> bytes:
    return zstandard.compress(body[:100]) + zstandard.compress(body[100:])


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        (None, bytes),
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("GZIP", gzip_members),
        ("zstd", zstandard.compress),
        ("zstd", zstd_frames),
    ],
)
async def test_each_line_goes_in_once_and_sending_it_again_adds_nothing(
    encoding: str | None, pack: Pack, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    body = pack(lines_of([view(timestamp=START_MS + number) for number in range(2500)]))
    assert await counts(client, tenant, body, encoding) == {
        "accepted": 2500,
        "duplicates": 0,
        "rejected": 0,
        "errors": [],
    }
    assert await counts(client, tenant, body, encoding) == {
        "accepted": 0,
        "duplicates": 2500,
        "rejected": 0,
        "errors": [],
    }
    assert len(await stored(database_url, tenant.id)) == 2500


async def test_lines_without_a_time_are_not_doubled_by_sending_them_again(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    body = lines_of([view(), view("bob"), {"eventType": "search", "userId": "ann"}, view(eventId="named")])
    assert (await counts(client, tenant, body))["accepted"] == 4
    assert (await counts(client, tenant, body))["duplicates"] == 4
    assert len(await stored(database_url, tenant.id)) == 4


@pytest.mark.parametrize("encoding", [None, "gzip", "zstd"])
async def test_the_cuts_between_chunks_do_not_matter(
    encoding: str | None, client: httpx.AsyncClient, tenant: Tenant
) -> None:
    plain = (
        b"\xef\xbb\xbf" + lines_of([view(user=f"ü{number}") for number in range(300)]).replace(b"\n", b"\r\n\r\n")[:-4]
    )
    body = plain if encoding is None else gzip.compress(plain) if encoding == "gzip" else zstandard.compress(plain)
    cuts = random.Random(1)

    async def chunks() -> AsyncIterator[bytes]:
        start = 0
        while start < len(body):
            end = start + cuts.randint(1, 40)
            yield body[start:end]
            start = end

    assert await counts(client, tenant, chunks(), encoding) == {
        "accepted": 300,
        "duplicates": 0,
        "rejected": 0,
        "errors": [],
    }


async def test_bad_lines_are_reported_by_number_and_the_rest_goes_in(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    bad = {
        2: b"no json", 4: b'{"eventType":"view"}', 5: b'"\xff\xfe"', 7: b"[" * 5000,
        8: b'{"eventType":"view","userId":"a\\u0000","productId":"p"}',
        10: b'{"eventType":"view","userId":"' + b"x" * (1 << 20) + b'"}',
        11: b'{"eventType":"view","userId":"a","productId":"p","x":1}',
    }  # fmt: skip
    lines = [bad.get(number, json.dumps(view(timestamp=START_MS + number)).encode()) for number in range(1, 13)]
    lines[2] = b"   "

    data = await counts(client, tenant, b"\n".join(lines))

    assert (data["accepted"], data["rejected"]) == (4, len(bad))
    messages = {error["line"]: error["message"] for error in data["errors"]}
    assert sorted(messages) == sorted(bad)
    assert "not valid JSON" in messages[2]
    assert messages[4].startswith("$: ")
    assert "userId" in messages[4]
    assert messages[8].startswith("$.userId: ")
    assert "longer than 1048576 bytes" in messages[10]
    assert "'x'" in messages[11]
    assert [row["timestamp_ms"] - START_MS for row in await stored(database_url, tenant.id)] == [1, 6, 9, 12]


async def test_only_the_first_hundred_errors_are_listed_and_all_are_counted(
    client: httpx.AsyncClient, tenant: Tenant
) -> None:
    data = await counts(client, tenant, b"{\n" * 5000)
    assert data["rejected"] == 5000
    assert [error["line"] for error in data["errors"]] == list(range(1, 101))


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
@pytest.mark.parametrize("harm", ["cut", "garbage after"])
async def test_of_a_broken_stream_the_lines_before_the_break_go_in(
    encoding: str, pack: Pack, harm: str, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    numbers = random.Random(2)
    whole = pack(lines_of([view(timestamp=START_MS + numbers.randrange(10**9)) for _ in range(3000)]))
    body = {"cut": whole[: len(whole) * 3 // 4], "garbage after": whole + b"garbage"}[harm]

    answer = await send(client, tenant, body, encoding)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
    detail = answer.json()["detail"]
    line = int(detail.split("after line ")[1].split(".")[0])
    if harm == "garbage after":
        assert line == 3000
    assert len(await stored(database_url, tenant.id)) == line, detail
    assert (await counts(client, tenant, whole, encoding))["duplicates"] == line


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
async def test_a_stream_that_was_damaged_on_the_way_is_noticed_and_can_be_sent_again(
    encoding: str, pack: Pack, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    whole = pack(lines_of([view(user=f"u{number}", timestamp=START_MS + number) for number in range(3000)]))
    half = len(whole) // 2
    assert (await send(client, tenant, whole[:half] + bytes(64) + whole[half + 64 :], encoding)).status_code == 400
    assert (await counts(client, tenant, whole, encoding))["rejected"] == 0
    assert {(row["user_id"], row["timestamp_ms"]) for row in await stored(database_url, tenant.id)} >= {
        (f"u{n}", START_MS + n) for n in range(3000)
    }


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
async def test_of_a_body_of_blank_lines_the_lines_before_them_go_in(
    encoding: str, pack: Pack, client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    body = pack(lines_of([view(timestamp=START_MS + number) for number in range(2500)]) + b"\n" * 10_000_000)
    answer = await send(client, tenant, body, encoding)
    assert (answer.status_code, answer.json()["code"], answer.headers["connection"]) == (413, "too_large", "close")
    assert "The lines before were taken" in answer.json()["detail"]
    assert len(await stored(database_url, tenant.id)) == 2500


async def test_a_body_that_is_not_what_it_says_changes_nothing(
    client: httpx.AsyncClient, tenant: Tenant, database_url: str
) -> None:
    body = lines_of([view()])
    for encoding in ("gzip", "zstd"):
        assert (await send(client, tenant, body, encoding)).status_code == 400
    for encoding in ("br", "deflate", "gzip, zstd"):
        assert (await send(client, tenant, body, encoding)).status_code == 415
    plain = await client.post(PATH, content=body, headers=bearer(tenant.read_write) | {"Content-Type": "text/plain"})
    assert (plain.status_code, plain.json()["code"]) == (415, "unsupported_media_type")
    assert await stored(database_url, tenant.id) == []


async def test_an_empty_body_is_an_import_of_nothing(client: httpx.AsyncClient, tenant: Tenant) -> None:
    for body, encoding in (
        (b"", None),
        (b"\n\n", None),
        (gzip.compress(b"", mtime=0), "gzip"),
        (b"", "zstd"),
        (zstandard.compress(b""), "zstd"),
    ):
        assert await counts(client, tenant, body, encoding) == {
            "accepted": 0,
            "duplicates": 0,
            "rejected": 0,
            "errors": [],
        }


async def test_when_the_database_is_lost_the_import_says_so(
    client: httpx.AsyncClient, context: Context, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: object) -> None:
        raise ConnectionResetError

    monkeypatch.setattr("recomengine.events.queries.store_events", lost)
    answer = await send(client, tenant, lines_of([view(timestamp=START_MS + number) for number in range(10_000)]))
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert answer.headers["retry-after"]
    assert context.events._pending == 0


async def test_a_history_of_long_ago_does_not_become_the_shoppers_recent_past(
    client: httpx.AsyncClient, context: Context, tenant: Tenant
) -> None:
    await counts(client, tenant, lines_of([view(timestamp=START_MS), view("bob", timestamp=now_ms())]))
    keys = [trail_key(str(tenant.id), user) for user in ("ann", "bob")]
    assert await context.redis.call(*(("LLEN", key) for key in keys)) == [0, 1]


async def test_other_requests_run_while_an_import_is_read(
    client: httpx.AsyncClient, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "SLICE", 10)
    answered: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        yield lines_of([view(timestamp=START_MS + number) for number in range(3000)])
        answered.append((await client.get("/health")).status_code)
        yield lines_of([view(timestamp=START_MS + number) for number in range(3000, 6000)])

    assert (await counts(client, tenant, body()))["accepted"] == 6000
    assert answered == [200]
