"""The coalescing Redis client: one write a tick, answers in order, and failures that never hang a request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from recomengine.infra.redis import RedisClient, RedisRefused, RedisUnavailable, _place, ask_once
from tests.support.apps import DEAD_REDIS
from tests.support.relay import Relay


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[RedisClient]:
    client = RedisClient(url)
    yield client
    await client.close()


async def test_answers_come_in_the_order_of_the_commands(redis_url: str) -> None:
    async with opened(redis_url) as client:
        calls = [client.call(("SET", f"k{i}", i), ("GET", f"k{i}")) for i in range(200)]
        assert [await call for call in calls] == [[b"OK", str(i).encode()] for i in range(200)]


async def test_calls_of_one_tick_leave_as_one_write(redis_url: str) -> None:
    async with opened(redis_url) as client:
        await client.call(("PING",))
        assert client._wire is not None
        assert client._wire.transport is not None
        written: list[bytes] = []
        write = client._wire.transport.write
        client._wire.transport.write = lambda data: (written.append(data), write(data))[1]  # type: ignore[assignment, method-assign]
        await asyncio.gather(*(client.call(("PING",)) for _ in range(50)))
        assert len(written) == 1


async def test_an_error_reply_reaches_only_its_own_caller(redis_url: str) -> None:
    async with opened(redis_url) as client:
        bad, good = client.call(("NO-SUCH-COMMAND",)), client.call(("PING",))
        with pytest.raises(RedisRefused):
            await bad
        assert await good == [b"PONG"]


async def test_an_absent_server_fails_at_once_and_then_without_trying() -> None:
    async with opened("redis://127.0.0.1:1/0") as client:
        with pytest.raises(RedisUnavailable):
            await client.call(("PING",))
        call = client.call(("PING",))
        assert call.done()
        with pytest.raises(RedisUnavailable):
            await call


async def test_a_silent_server_is_given_up(redis_url: str) -> None:
    async with Relay(redis_url) as silent, opened(silent.url) as client:
        silent.freeze()
        with pytest.raises(RedisUnavailable):
            await client.call(("PING",))


async def test_a_server_that_refuses_a_command_is_as_good_as_absent_to_whoever_has_a_fallback(redis_url: str) -> None:
    async with opened(redis_url) as client:
        await client.call(("SET", "text", "no list"))
        with pytest.raises(RedisUnavailable, match="WRONGTYPE"):
            await client.call(("LPUSH", "text", 1))


async def test_a_lost_connection_fails_what_waits_and_is_made_again_later(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.infra.redis.BREAK_S", 0.0)
    async with opened(redis_url) as client:
        await client.call(("PING",))
        assert client._wire is not None
        assert client._wire.transport is not None
        waiting = client.call(("BLPOP", "nothing", "0"))
        await asyncio.sleep(0)
        client._wire.transport.abort()
        with pytest.raises(RedisUnavailable):
            await waiting
        assert await client.call(("PING",)) == [b"PONG"]


@pytest.mark.parametrize(
    ("url", "path", "host", "port", "greeting"),
    [
        ("redis://example.com", None, "example.com", 6379, []),
        ("redis://example.com:7000/0", None, "example.com", 7000, []),
        (
            "rediss://ann:p%40ss%2Fword@example.com/3",
            None,
            "example.com",
            6379,
            [("AUTH", "ann", "p@ss/word"), ("SELECT", 3)],
        ),
        ("redis://:secret@[::1]:1", None, "::1", 1, [("AUTH", "default", "secret")]),
        ("redis://example.com/2?db=4", None, "example.com", 6379, [("SELECT", 4)]),
        ("unix:///run/redis%20one/socket?db=2", "/run/redis one/socket", "localhost", 6379, [("SELECT", 2)]),
        ("unix://:secret@/run/socket", "/run/socket", "localhost", 6379, [("AUTH", "default", "secret")]),
    ],
)
def test_a_url_says_where_to_and_with_what_to_begin(
    url: str, path: str | None, host: str, port: int, greeting: list[object]
) -> None:
    place = _place(url)
    assert (place.path, place.host, place.port, place.greeting) == (path, host, port, greeting)
    assert (place.tls is not None) is url.startswith("rediss")


@pytest.mark.parametrize(
    "url", ["", "example.com", "http://example.com", "redis://example.com/shop", "redis://example.com:port"]
)
def test_a_url_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        _place(url)


async def test_one_question_is_answered_or_refused(redis_url: str) -> None:
    assert await ask_once(redis_url, ("PING",), 5.0) == b"PONG"
    with pytest.raises(RedisRefused):
        await ask_once(redis_url, ("NO-SUCH-COMMAND",), 5.0)
    with pytest.raises(OSError):
        await ask_once(DEAD_REDIS, ("PING",), 5.0)
