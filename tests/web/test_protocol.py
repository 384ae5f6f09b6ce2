"""Connections as they come from the network: heads and bodies that are too large, too slow, or no HTTP at all."""

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from recomengine.web.limits import client_network
from recomengine.web.middleware import HSTS, SECURITY
from recomengine.web.protocol import MAX_HEAD_BYTES, MAX_HEADERS, BoundedHttp
from tests.support.apps import MakeTenant
from tests.support.stored import stored
from tests.web.connections import connected, serving

MB = 1024 * 1024


async def test_requests_on_one_connection_are_answered_one_after_the_other(address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
        assert [(await peer.answer()).status for _ in range(3)] == [200] * 3


async def test_a_head_in_many_pieces_is_put_together(address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        for byte in b"GET /health HTTP/1.1\r\nHost: a\r\nX-Request-ID: slow\r\n\r\n":
            peer.writer.write(bytes([byte]))
            await peer.writer.drain()
        answer = await peer.answer()
        assert (answer.status, answer.headers["x-request-id"]) == (200, "slow")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /health HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % i for i in range(MAX_HEADERS + 1)) + b"\r\n",
        b"GET /health HTTP/1.1\r\nX: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n",
        b"GET /health HTTP/1.1\r\n" + b"X: " + b"a" * 3 * MB,
        b"GET /" + b"a" * MAX_HEAD_BYTES + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ids=["many headers", "a large header", "a header without end", "a long URL"],
)
async def test_a_head_that_is_too_large_is_refused(head: bytes, address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(head)
        assert (await peer.answer()).status == 431


async def test_a_hundred_headers_are_fine(address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        others = b"".join(b"X-%d: 1\r\n" % i for i in range(MAX_HEADERS - 1))
        peer.writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n" + others + b"\r\n")
        assert (await peer.answer()).status == 200


@pytest.mark.parametrize("sent", [b"", b"GET /health HTT", b"GET /health HTTP/1.1\r\nHost: a\r\n"])
async def test_a_head_that_does_not_come_is_not_awaited(
    sent: bytes, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.web.protocol.HEAD_S", 0.05)
    async with connected(address) as peer:
        peer.writer.write(sent)
        await peer.problem(408, "request_timeout")


async def test_a_second_head_has_its_own_time(address: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected(address) as peer:
        peer.writer.write(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await peer.answer()).status == 200
        monkeypatch.setattr("recomengine.web.protocol.HEAD_S", 0.05)
        peer.writer.write(b"GET /hea")
        await peer.problem(408, "request_timeout")


async def test_a_request_of_http_1_0_without_a_host_is_answered_as_any_other(address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(b"GET /nowhere HTTP/1.0\r\n\r\n")
        answer = await peer.answer()
        assert (answer.status, answer.body["code"]) == (404, "not_found")


async def test_what_is_no_http_is_a_problem(address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(b"\x16\x03\x01 hello\r\n\r\n")
        await peer.problem(400, "malformed_request")


@pytest.mark.parametrize("hosts", [[], [b""], [b"a", b"a"], [b"a/b"], [b"a b"], [b"a:b"], [b"u@a"], [b"[::1"], [b"%a"]])
async def test_a_request_that_does_not_name_one_host_is_a_problem(hosts: list[bytes], address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(b"GET /health HTTP/1.1\r\n" + b"".join(b"Host: %s\r\n" % host for host in hosts) + b"\r\n")
        await peer.problem(400, "malformed_request")


@pytest.mark.parametrize("host", [b"a", b"shop.example:8443", b"127.0.0.1:5008", b"[::1]:80", b"a_b", b"%C3%BC", b"a:"])
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
async def test_one_host_in_any_form_is_fine(host: bytes, version: bytes, address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(b"GET /health HTTP/%s\r\nHost: %s\r\n\r\n" % (version, host))
        assert (await peer.answer()).status == 200


@pytest.mark.parametrize(("host", "status"), [(b"", 200), (b"Host: a\r\nHost: b\r\n", 400)])
async def test_http_1_0_may_leave_out_the_host(host: bytes, status: int, address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(b"GET /health HTTP/1.0\r\n" + host + b"\r\n")
        assert (await peer.answer()).status == status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"hello\r\n\r\n", 400), (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HT", 408),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * MB, 431),
    ],
)  # fmt: skip
async def test_what_never_became_a_request_is_answered_with_the_headers_of_every_answer(
    sent: bytes, status: int, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.web.protocol.HEAD_S", 0.5)
    async with connected(address) as peer:
        peer.writer.write(sent)
        answer = await peer.answer()
    assert answer.status == status
    assert {name: answer.headers.get(name.lower()) for name, _ in SECURITY} == dict(SECURITY)
    assert "strict-transport-security" not in answer.headers


class OverTls(BoundedHttp):
    """As with a certificate, of which the protocol sees the scheme alone."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.scheme = "https"


async def test_over_tls_what_never_became_a_request_is_answered_with_hsts(app: Starlette) -> None:
    async with serving(app, http=OverTls) as served, connected(served.address) as peer:
        peer.writer.write(b"hello\r\n\r\n")
        answer = await peer.answer()
    assert (answer.status, answer.headers["strict-transport-security"]) == (400, HSTS)


async def test_of_a_body_that_nobody_asks_for_the_rest_stays_with_its_sender() -> None:
    asked = asyncio.Event()

    async def ask_later(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            await asked.wait()
        await JSONResponse({"size": len(await Request(scope, receive).body())})(scope, receive, send)

    async with serving(ask_later) as served, connected(served.address) as peer, connected(served.address) as other:

        async def turn() -> None:
            """A round of the server's loop: what was there before is read, if it is to be read."""
            other.writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await other.answer()

        peer.writer.write(post("/", "none", "text/plain", 20_001) + b"a")
        await turn()
        peer.writer.write(b"b" * 20_000)
        await turn()
        await turn()
        assert sum(len(connection.cycle.body) for connection in served.connections) == 1
        asked.set()
        assert (await peer.answer()).body == {"size": 20_001}


async def test_a_body_that_comes_after_its_answer_is_dropped_and_the_next_is_read(address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(post("/api/v1/events/batch", "rk_none", "application/json", MB) + b" " * 50_000)
        assert (await peer.answer()).status == 401
        peer.writer.write(b" " * (MB - 50_000) + b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await peer.answer()).status == 200


async def test_of_an_answered_body_no_more_than_a_mebibyte_is_read(address: tuple[str, int]) -> None:
    async with connected(address) as peer:
        peer.writer.write(post("/api/v1/events/batch", "rk_none", "application/json", 50 * MB))
        assert (await peer.answer()).status == 401

        async def send_on() -> None:
            for _ in range(45):
                peer.writer.write(b" " * MB)
                await peer.writer.drain()

        with pytest.raises(ConnectionError):
            await send_on()


async def test_the_rest_of_an_answered_body_is_not_awaited_for_ever(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.web.protocol.REST_S", 0.5)
    async with connected(address) as peer:
        peer.writer.write(post("/api/v1/events/batch", "rk_none", "application/json", 100) + b" ")
        assert (await peer.answer()).status == 401
        peer.writer.write(b" ")
        assert await peer.reader.read() == b""


async def test_of_an_answered_body_nothing_is_kept(app: Starlette) -> None:
    async with serving(app) as served, connected(served.address) as peer:
        peer.writer.write(post("/api/v1/events/batch", "rk_none", "application/json", 60_000) + b" " * 50_000)
        assert (await peer.answer()).status == 401
        assert [len(connection.cycle.body) for connection in served.connections] == [0]


def post(path: str, key: str, media: str, length: int) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: {media}\r\nContent-Length: {length}\r\n\r\n".encode()


async def test_a_body_that_does_not_come_is_not_awaited(
    address: tuple[str, int], make_tenant: MakeTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.web.codec.BODY_S", 0.05)
    async with connected(address) as peer:
        peer.writer.write(
            post("/api/v1/events", (await make_tenant()).read_write, "application/json", 100) + b'{"eventType"'
        )
        await peer.problem(408, "request_timeout")


async def test_an_import_that_pauses_too_long_keeps_what_came(
    address: tuple[str, int], make_tenant: MakeTenant, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.web.upload.PAUSE_S", 0.2)
    tenant = await make_tenant()
    async with connected(address) as peer:
        line = b'{"eventType": "view", "userId": "ann", "productId": "boot"}\n'
        peer.writer.write(post("/api/v1/events/import", tenant.read_write, "application/x-ndjson", 10_000) + line)
        await peer.problem(408, "request_timeout")
    assert len(await stored(database_url, tenant.id)) == 1


async def test_a_body_that_is_too_large_is_not_read_to_its_end(
    address: tuple[str, int], make_tenant: MakeTenant
) -> None:
    async with connected(address) as peer:
        peer.writer.write(post("/api/v1/events", (await make_tenant()).read_write, "application/json", 50 * MB))
        await peer.problem(413, "too_large")


async def seen_through(proxies: str, forwarded: str) -> str:
    """The client that a limit is counted for, when a peer at 127.0.0.1 sends `forwarded`."""

    async def say_client(scope: Scope, _receive: Receive, send: Send) -> None:
        await JSONResponse({"client": client_network(HTTPConnection(scope))})(scope, _receive, send)

    async with (
        serving(say_client, proxy_headers=bool(proxies), forwarded_allow_ips=proxies or None) as served,
        connected(served.address) as peer,
    ):
        peer.writer.write(f"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: {forwarded}\r\n\r\n".encode())
        return str((await peer.answer()).body["client"])


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        ("", "192.0.2.9", "127.0.0.1"),
        ("10.0.0.0/8", "192.0.2.9", "127.0.0.1"),
        ("127.0.0.1", "192.0.2.9", "192.0.2.9"),
        ("127.0.0.1", "198.51.100.1, 192.0.2.9", "192.0.2.9"),
        ("127.0.0.1,10.0.0.0/8", "198.51.100.1, 192.0.2.9, 10.1.2.3", "192.0.2.9"),
        ("127.0.0.1", "2001:db8::1", "2001:db8::/64"),
        ("127.0.0.1", "<script>", "unknown"),
    ],
)
async def test_only_what_a_trusted_proxy_adds_is_believed(proxies: str, forwarded: str, client: str) -> None:
    assert await seen_through(proxies, forwarded) == client
