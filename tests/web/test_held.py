"""Bodies in memory: little of who is not known, a bounded sum of all, nothing when their requests have ended."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from recomengine.web.held import OF_CALLERS, OF_STRANGERS, STRANGERS_BODY_BYTES, Held
from tests.support.apps import Tenant, bearer
from tests.support.stored import view
from tests.web.connections import Peer, connected, serving

BATCH = "/api/v1/events/batch"
HOLDERS = 150


def padded(size: int, **members: object) -> bytes:
    """A batch of one event, of `size` bytes."""
    text = json.dumps({**members, "events": [view()]})
    return (text + " " * (size - len(text))).encode()


def head(path: str, **headers: str) -> bytes:
    """Of a body in chunks, so that it declares no length."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    always = "Host: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n"
    return f"POST {path} HTTP/1.1\r\n{always}{lines}\r\n".encode()


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(body), body)


async def until(true: Callable[[], bool], address: tuple[str, int]) -> None:
    """Wait for the server, which answers one request a round of its loop or two."""
    async with connected(address) as other:
        while not true():
            other.writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            assert (await other.answer()).status == 200


def grow(held: Held, size: int) -> Callable[[], bool]:
    expected = held.bytes + size
    return lambda: held.bytes == expected


async def test_without_a_key_in_a_header_a_body_has_at_most_64_kib(client: httpx.AsyncClient, tenant: Tenant) -> None:
    body = padded(STRANGERS_BODY_BYTES, key=tenant.publish)
    headers = {"Content-Type": "text/plain"}
    assert (await client.post(BATCH, content=body, headers=headers)).status_code == 202
    refused = await client.post(BATCH, content=body + b" ", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert "Put the key into a header, or send smaller batches." in refused.json()["detail"]
    assert (await client.post(BATCH, content=body + b" ", headers=headers | bearer(tenant.publish))).status_code == 202


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/auth/signup", "/api/v1/auth/login", "/api/v1/auth/reset-password", "/api/v1/events", BATCH,
        "/api/v1/recommendations", "/api/v1/recommendations/batch",
    ],
)  # fmt: skip
async def test_of_a_stranger_no_body_is_read_beyond_64_kib(path: str, address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(head(path) + chunk(b" " * STRANGERS_BODY_BYTES))
        await until(grow(OF_STRANGERS, STRANGERS_BODY_BYTES), address)
        peer.writer.write(chunk(b" "))
        await peer.problem(413, "too_large")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"events"', 400), (b"{}", 422), (padded(100), 401), (padded(100, key="rk_pub_none"), 401),
        (b" " * (STRANGERS_BODY_BYTES + 1), 413),
    ],
)  # fmt: skip
async def test_an_answer_gives_back_what_its_request_held(body: bytes, status: int, client: httpx.AsyncClient) -> None:
    before = OF_STRANGERS.bytes, OF_CALLERS.bytes

    async def pieces() -> Any:
        for start in range(0, len(body), 10_000):
            yield body[start : start + 10_000]

    answer = await client.post(BATCH, content=pieces(), headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert (OF_STRANGERS.bytes, OF_CALLERS.bytes) == before


async def test_who_leaves_or_is_too_slow_gives_back_what_was_held(
    address: tuple[str, int], tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = grow(OF_STRANGERS, 0), grow(OF_CALLERS, 0)
    async with connected(address) as stranger, connected(address) as caller:
        held = grow(OF_STRANGERS, 1000), grow(OF_CALLERS, 100_000)
        stranger.writer.write(head(BATCH) + chunk(b" " * 1000))
        caller.writer.write(head(BATCH, Authorization=f"Bearer {tenant.read_write}") + chunk(b" " * 100_000))
        await until(lambda: held[0]() and held[1](), address)
    await until(lambda: nothing[0]() and nothing[1](), address)

    monkeypatch.setattr("recomengine.web.codec.BODY_S", 0.05)
    async with connected(address) as slow:
        slow.writer.write(head(BATCH) + chunk(b" " * 1000))
        await slow.problem(408, "request_timeout")
    assert nothing[0]()


@pytest.mark.parametrize("known", [False, True])
async def test_beyond_what_a_process_holds_bodies_are_refused_until_one_is_gone(
    known: bool, address: tuple[str, int], tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, key = (OF_CALLERS, tenant.read_write) if known else (OF_STRANGERS, "")
    monkeypatch.setattr(held, "most_bytes", held.bytes + 100_000)
    begun, keys = head(BATCH, X_API_Key=key), {"key": tenant.publish} if not known else {}
    empty = grow(held, 0)
    async with connected(address) as first, connected(address) as second:
        full = grow(held, 60_000)
        first.writer.write(begun + chunk(b" " * 60_000))
        await until(full, address)
        second.writer.write(begun + chunk(padded(50_000, **keys)) + b"0\r\n\r\n")
        refused = await second.answer()
        assert (refused.status, refused.body["code"], refused.headers["retry-after"]) == (503, "overloaded", "1")
        assert full()
        second.writer.write(begun + chunk(padded(40_000, **keys)) + b"0\r\n\r\n")
        assert (await second.answer()).status == 202
        async with connected(address) as other:  # what the others hold is counted apart
            body = chunk(padded(50_000, key=tenant.publish)) + b"0\r\n\r\n"
            other.writer.write(head(BATCH, X_API_Key="" if known else tenant.publish) + body)
            assert (await other.answer()).status == 202
    await until(empty, address)


async def test_bodies_held_open_by_strangers_stay_small_while_others_are_served(app: Starlette, tenant: Tenant) -> None:
    """Half declare 10 MB, half send without a declared length and stop."""
    size = 60_000
    held, empty = grow(OF_STRANGERS, HOLDERS // 2 * size), grow(OF_STRANGERS, 0)
    declared = head(BATCH).replace(b"Transfer-Encoding: chunked", b"Content-Length: 10000000")
    async with serving(app) as served:
        async with AsyncExitStack() as stack:
            peers = [await stack.enter_async_context(connected(served.address)) for _ in range(HOLDERS)]
            for peer in peers[::2]:
                peer.writer.write(head(BATCH) + chunk(b" " * size))
            for peer in peers[1::2]:
                peer.writer.write(declared + b" " * size)
            await asyncio.gather(*(peer.problem(413, "too_large") for peer in peers[1::2]))
            await until(held, served.address)
            assert sum(len(connection.cycle.body) for connection in served.connections if connection.cycle) == 0
            assert await _batch(stack, served.address, tenant) == 202
        await until(empty, served.address)


async def _batch(stack: AsyncExitStack, address: tuple[str, int], tenant: Tenant) -> int:
    peer: Peer = await stack.enter_async_context(connected(address))
    peer.writer.write(head(BATCH, X_API_Key=tenant.read_write) + chunk(padded(200_000)) + b"0\r\n\r\n")
    return (await peer.answer()).status
