"""The limiter: one sliding count for all processes, honest headers, and a share of its own when Redis is gone."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from uuid import uuid4

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from starlette.requests import Request

from recomengine.infra.bus import CHANNEL, Bus
from recomengine.infra.metrics import REGISTRY
from recomengine.infra.redis import RedisClient
from recomengine.shop import RateLimits, TenantConfig
from recomengine.web.caller import Caller
from recomengine.web.limits import COUNT, Limits, OwnCounts
from recomengine.web.problems import RateLimited
from tests.support.apps import DEAD_REDIS
from tests.support.relay import Relay
from tests.support.shops import until

PROCESSES = 4


def caller(limit: int, permissions: str = "read") -> Caller:
    tenant = uuid4()
    config = TenantConfig(rate_limits=RateLimits(read_per_minute=limit, write_per_minute=limit))
    return Caller(tenant, uuid4(), f"rk_live_{tenant.hex[:8]}", permissions, (), "active", config, str(tenant))  # type: ignore[arg-type]


def request(address: str = "192.0.2.1") -> Request:
    return Request({"type": "http", "headers": [], "client": (address, 1)})


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[RedisClient]:
    client = RedisClient(redis_url)
    yield client
    await client.close()


async def served(limits: Limits, who: Caller, count: int, address: str = "192.0.2.1") -> int:
    """How many of `count` requests of one tick pass."""
    answers = await asyncio.gather(
        *(limits.charge(request(address), who, "read") for _ in range(count)), return_exceptions=True
    )
    assert all(answer is None or isinstance(answer, RateLimited) for answer in answers)
    return answers.count(None)


async def test_two_processes_share_one_count(redis_url: str) -> None:
    clients = [RedisClient(redis_url), RedisClient(redis_url)]
    who = caller(10)
    try:
        passed = [await served(Limits(client), who, 8) for client in clients]
    finally:
        for client in clients:
            await client.close()
    assert passed == [8, 2]


async def test_the_bound_holds_over_four_processes(redis_url: str) -> None:
    """In a window of 600 ms with slots of 10 ms, which is the minute a hundred times faster.

    An admission happened between the moments when it was sent and answered; only what is certain is held against it.
    """
    limit, window, slot = 50, 0.6, 0.01
    prefix = f"rk_live_{uuid4().hex[:8]}"
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.web.hammer",
            redis_url,
            prefix,
            str(limit),
            "600",
            "10",
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(PROCESSES)
    ]
    outputs = [(await process.communicate())[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    sent, answered, passed = np.array([row for output in outputs for row in json.loads(output)]).T
    passed = passed.astype(bool)
    begun, ended = sent[passed], answered[passed]
    assert all(json.loads(output) for output in outputs)
    assert len(begun) > 2 * limit, "the window never slid"
    assert (~passed).sum() > limit
    for start in begun:
        assert ((begun >= start) & (ended < start + window)).sum() <= limit
    for start, end in zip(sent[~passed], answered[~passed], strict=True):
        assert (
            (ended >= start - window - slot - 0.001) & (begun <= end)
        ).sum() >= limit  # Redis's moments are whole milliseconds


async def test_the_charges_of_a_tick_are_one_command_a_key_in_the_write_of_the_tick(
    redis: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits, one, other = Limits(redis), caller(1000), caller(1000)
    await served(limits, one, 1)
    wire = redis._wire
    assert wire is not None
    writes: list[list[object]] = []
    send = wire.send
    monkeypatch.setattr(
        wire, "send", lambda calls: (writes.append([call.commands[0][0] for call in calls]), send(calls))[1]
    )
    first = redis.call(("PING",))
    charged = [limits.charge(request(), who, "read") for who in (one, other) for _ in range(100)]
    await asyncio.gather(first, *charged, redis.call(("PING",)))
    assert sorted(map(str, writes[0])) == ["EVALSHA", "EVALSHA", "PING", "PING"]
    assert len(writes) == 1


async def test_the_headers_tell_the_state_and_a_refusal_when_to_come_back(redis: RedisClient) -> None:
    limits, who, requests = Limits(redis), caller(2), [request() for _ in range(3)]
    results = await asyncio.gather(*(limits.charge(one, who, "read") for one in requests), return_exceptions=True)
    refusal = results[2]
    assert results[:2] == [None, None]
    assert isinstance(refusal, RateLimited)
    assert [one.scope["allowance"][:2] for one in requests] == [(2, 1), (2, 0), (2, 0)]
    assert requests[1].scope["allowance"].headers[:2] == [(b"ratelimit-limit", b"2"), (b"ratelimit-remaining", b"0")]
    assert refusal.headers == {"Retry-After": str(requests[2].scope["allowance"].reset_s)}
    assert 1 <= int(refusal.headers["Retry-After"]) <= 60


async def test_after_the_time_that_a_refusal_names_a_request_passes(
    redis: RedisClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recomengine.web.limits.WINDOW_MS", 50)
    limits, who = Limits(redis), caller(1)
    assert await served(limits, who, 1) == 1

    async def passes() -> bool:
        return await served(limits, who, 1) == 1

    await until(passes)


async def test_refused_requests_do_not_prolong_the_refusal(redis: RedisClient) -> None:
    limits, who = Limits(redis), caller(3)
    assert await served(limits, who, 100) == 3
    [key] = (await redis.call(("KEYS", f"reco:ratelimit:{who.prefix}:*")))[0]
    assert await redis.call(("HGET", key, "n")) == [b"3"]


async def test_a_redis_that_has_forgotten_the_script_is_given_it_again(redis: RedisClient) -> None:
    limits, who = Limits(redis), caller(3)
    assert await served(limits, who, 2) == 2
    await redis.call(("SCRIPT", "FLUSH"))
    assert await served(limits, who, 2) == 1


async def test_a_client_that_leaves_takes_nobody_with_it(redis: RedisClient) -> None:
    limits, who = Limits(redis), caller(3)
    leaving, staying = (asyncio.ensure_future(limits.charge(request(), who, "read")) for _ in range(2))
    leaving.cancel()
    assert await staying is None


def fallbacks() -> float:
    return REGISTRY.get_sample_value("fallbacks_total", {"part": "limits"}) or 0.0


async def test_without_redis_a_process_counts_for_itself_and_that_is_counted() -> None:
    limits, who, before = Limits(RedisClient(DEAD_REDIS)), caller(3), fallbacks()
    assert await served(limits, who, 2) == 2
    assert await served(limits, who, 3) == 1
    assert fallbacks() == before + 5


async def test_without_redis_a_process_keeps_to_its_share_of_the_processes_last_seen(
    redis_url: str, redis: RedisClient
) -> None:
    buses = [Bus(redis_url, redis) for _ in range(3)]
    listening = [asyncio.create_task(bus.listen()) for bus in buses]

    async def all_listen() -> bool:
        return all(bus.connected for bus in buses)

    async with Relay(redis_url) as relay:
        await until(all_listen)
        [(_, processes)] = await redis.call(("PUBSUB", "NUMSUB", CHANNEL))
        client = RedisClient(relay.url)
        limits, who, last = Limits(client), caller(100), request()
        assert await served(limits, who, 5) == 5
        await client.call(("PING",))
        await relay.cut()
        assert await served(limits, who, 100) == 100 // processes
        with pytest.raises(RateLimited):
            await limits.charge(last, who, "read")
        await client.close()
    for task in listening:
        task.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    assert processes >= 3
    assert last.scope["allowance"][:2] == (100 // processes, 0)


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(1, 20)), min_size=1, max_size=60), st.integers(1, 30))
def test_a_process_alone_keeps_the_same_bound(steps: list[tuple[int, int]], limit: int) -> None:
    counts, now, admitted = OwnCounts(), 0, []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recomengine.web.limits.WINDOW_MS", 600)
        patch.setattr("recomengine.web.limits.SLOT_MS", 10)
        for wait_ms, asked in steps:
            now += wait_ms
            patch.setattr("recomengine.web.limits.time.monotonic", lambda now=now: (now + 0.5) / 1000)
            granted = counts.take("key", asked, limit).granted
            admitted += [now] * granted
            assert sum(moment >= now - 600 for moment in admitted) <= limit
            assert granted == asked or sum(moment > now - 611 for moment in admitted) >= limit


STEPS = st.lists(
    st.tuples(st.integers(0, 700) | st.sampled_from([1200, 100_000]), st.integers(1, 20)), min_size=1, max_size=40
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, st.integers(1, 30))
async def test_redis_counts_as_a_process_alone_does(
    redis: RedisClient, steps: list[tuple[int, int]], limit: int
) -> None:
    """The script with the time as its last arguments."""
    script, key = COUNT.replace("redis.call('TIME')", "{ARGV[5], ARGV[6]}"), f"count-{uuid4()}"
    counts, now = OwnCounts(), 1_795_000_000_000
    for wait_ms, asked in steps:
        now += wait_ms
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("recomengine.web.limits.WINDOW_MS", 600)
            patch.setattr("recomengine.web.limits.SLOT_MS", 10)
            patch.setattr("recomengine.web.limits.time.monotonic", lambda now=now: (now + 0.5) / 1000)
            expected = counts.take("key", asked, limit)
        [counted] = await redis.call(("EVAL", script, 1, key, asked, limit, 600, 10, now // 1000, now % 1000 * 1000))
        assert tuple(counted) == expected


async def test_a_clock_that_goes_back_forgets_nothing_within_a_window_and_locks_nobody_out_beyond_it(
    redis: RedisClient,
) -> None:
    script, key = COUNT.replace("redis.call('TIME')", "{ARGV[5], ARGV[6]}"), f"count-{uuid4()}"
    granted = []
    for second in (1000, 970, 1000, 1060, 1061, 500):
        [counted] = await redis.call(("EVAL", script, 1, key, 3, 4, 60_000, 1_000, second, 0))
        granted.append(counted[0])
    assert granted == [3, 1, 0, 0, 3, 3]


async def test_publish_keys_are_counted_per_address(redis: RedisClient) -> None:
    limits, who = Limits(redis), caller(2, "publish")
    assert await served(limits, who, 3, "192.0.2.1") == 2
    assert await served(limits, who, 3, "192.0.2.2") == 2


async def test_addresses_of_one_ipv6_network_are_one_client(redis: RedisClient) -> None:
    limits, who = Limits(redis), caller(2, "publish")
    assert await served(limits, who, 2, "2001:db8::1") == 2
    assert await served(limits, who, 1, "2001:db8::ffff:1") == 0
    assert await served(limits, who, 1, "2001:db8:0:1::1") == 1


async def test_zero_is_no_limit(redis: RedisClient) -> None:
    assert await served(Limits(redis), caller(0), 50) == 50
