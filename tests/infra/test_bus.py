"""Messages between processes: they arrive, and `connected` is honest about whether they can."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from recomengine.infra.background import repeat
from recomengine.infra.bus import CHANNEL, SILENCE_S, Bus
from recomengine.infra.metrics import FALLBACKS
from recomengine.infra.redis import RedisClient
from tests.support.apps import DEAD_REDIS
from tests.support.relay import Relay
from tests.support.shops import until


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Bus]:
    """A bus that listens, as the context has it listen."""
    client = RedisClient(url)
    bus = Bus(url, client)
    task = asyncio.create_task(repeat("bus", bus.listen, every_s=0.01))
    try:
        yield bus
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await client.close()


async def connected(bus: Bus) -> None:
    async def is_connected() -> bool:
        return bus.connected

    await until(is_connected)


class Heard:
    """What a handler was told."""

    def __init__(self, bus: Bus, topic: str) -> None:
        self.messages: list[tuple[UUID, dict[str, Any]]] = []
        bus.subscribe(topic, lambda tenant_id, data: self.messages.append((tenant_id, data)))

    async def some(self) -> bool:
        return bool(self.messages)


async def test_a_message_reaches_the_handlers_of_its_topic_in_every_process(redis_url: str) -> None:
    tenant = uuid4()
    async with listening(redis_url) as one, listening(redis_url) as two:
        heard, other = [Heard(bus, "model") for bus in (one, two)], Heard(two, "catalog")
        for bus in (one, two):
            await connected(bus)
        await one.publish("model", tenant, version="v1")
        for each in heard:
            await until(each.some)
    assert [each.messages for each in heard] == [[(tenant, {"version": "v1"})]] * 2
    assert other.messages == []


async def test_an_unreadable_message_is_dropped_and_the_next_one_arrives(redis_url: str) -> None:
    client = RedisClient(redis_url)
    async with listening(redis_url) as bus:
        heard = Heard(bus, "key")
        await connected(bus)
        for payload in (b"", b"\xff", b"{}", b'{"topic": 1}'):
            await client.call(("PUBLISH", CHANNEL, payload))
        await bus.publish("key", uuid4())
        await until(heard.some)
        assert bus.connected
    await client.close()


async def test_without_redis_publishing_is_counted_and_does_no_harm() -> None:
    before = FALLBACKS.labels("bus")._value.get()
    bus = Bus(DEAD_REDIS, RedisClient(DEAD_REDIS))
    await bus.publish("catalog", uuid4())
    assert FALLBACKS.labels("bus")._value.get() == before + 1


async def test_a_cut_connection_is_noticed_and_made_again(redis_url: str) -> None:
    async with Relay(redis_url) as relay, listening(relay.url) as bus:
        returns: list[bool] = []
        bus.on_connected(lambda: returns.append(bus.connected))
        heard = Heard(bus, "key")
        await connected(bus)
        await relay.cut()
        await until(lambda: is_not_connected(bus))
        await relay.mend()
        await connected(bus)
        assert returns == [True, True]
        client = RedisClient(redis_url)
        await Bus(redis_url, client).publish("key", uuid4())
        await until(heard.some)
        await client.close()


async def is_not_connected(bus: Bus) -> bool:
    return not bus.connected


async def test_a_server_that_falls_silent_is_given_up_after_two_short_silences(redis_url: str) -> None:
    async with Relay(redis_url) as relay, listening(relay.url) as bus:
        await connected(bus)
        assert 2 * SILENCE_S < 1
        relay.freeze()
        await until(lambda: is_not_connected(bus))


async def test_a_quiet_but_living_server_is_kept(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recomengine.infra.bus.SILENCE_S", 0.05)
    client = RedisClient(redis_url)
    async with listening(redis_url) as bus:
        returns: list[bool] = []
        bus.on_connected(lambda: returns.append(bus.connected))
        await connected(bus)

        asked = await pings(client)

        async def asked_often() -> bool:
            return await pings(client) >= asked + 3

        await until(asked_often)
        assert bus.connected
        assert returns == [True]
    await client.close()


async def pings(client: RedisClient) -> int:
    """How often the server was asked whether it lives, by subscribing again."""
    [info] = await client.call(("INFO", "commandstats"))
    lines = [line for line in info.decode().splitlines() if line.startswith("cmdstat_subscribe:")]
    return int(lines[0].split("calls=")[1].split(",")[0]) if lines else 0
