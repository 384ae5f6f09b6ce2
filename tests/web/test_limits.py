"""The limiter: one count for all processes, honest headers, and a count of its own when Redis is gone."""

from uuid import uuid4

import pytest
from starlette.requests import Request

from recomengine.infra.redis import RedisClient
from recomengine.web.caller import Caller, RateLimits, TenantConfig
from recomengine.web.limits import Limits
from recomengine.web.problems import RateLimited


def caller(limit: int, permissions: str = "read") -> Caller:
    tenant = uuid4()
    config = TenantConfig(rate_limits=RateLimits(read_per_minute=limit, write_per_minute=limit))
    return Caller(tenant, uuid4(), f"rk_live_{tenant.hex[:8]}", permissions, (), "active", config, str(tenant))  # type: ignore[arg-type]


def request(address: str = "192.0.2.1") -> Request:
    return Request({"type": "http", "headers": [], "client": (address, 1)})


@pytest.fixture(autouse=True)
def one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still, so that no test runs into the next minute."""
    monkeypatch.setattr("recomengine.web.limits.time.time", lambda: 1_800_000_015.0)


async def served(limits: Limits, who: Caller, count: int, address: str = "192.0.2.1") -> int:
    """How many of `count` requests pass."""
    passed = 0
    for _ in range(count):
        try:
            await limits.charge(request(address), who, "read")
            passed += 1
        except RateLimited:
            continue
    return passed


async def test_two_processes_share_one_count(redis_url: str) -> None:
    clients = [RedisClient(redis_url), RedisClient(redis_url)]
    who = caller(10)
    try:
        passed = [await served(Limits(client), who, 8) for client in clients]
    finally:
        for client in clients:
            await client.close()
    assert sum(passed) == 10


async def test_the_headers_tell_the_state_and_a_refusal_when_to_come_back(redis_url: str) -> None:
    client = RedisClient(redis_url)
    limits, who, first = Limits(client), caller(1), request()
    try:
        await limits.charge(first, who, "read")
        with pytest.raises(RateLimited) as caught:
            await limits.charge(request(), who, "read")
    finally:
        await client.close()
    assert first.scope["allowance"].headers == {"RateLimit-Limit": "1", "RateLimit-Remaining": "0", "RateLimit-Reset": "45"}
    assert caught.value.headers == {"Retry-After": "45"}


async def test_without_redis_a_process_counts_for_itself() -> None:
    limits, who = Limits(RedisClient("redis://127.0.0.1:1/0")), caller(3)
    assert await served(limits, who, 5) == 3


async def test_publish_keys_are_counted_per_address(redis_url: str) -> None:
    client = RedisClient(redis_url)
    limits, who = Limits(client), caller(2, "publish")
    try:
        assert await served(limits, who, 3, "192.0.2.1") == 2
        assert await served(limits, who, 3, "192.0.2.2") == 2
    finally:
        await client.close()


async def test_zero_is_no_limit(redis_url: str) -> None:
    client = RedisClient(redis_url)
    try:
        assert await served(Limits(client), caller(0), 50) == 50
    finally:
        await client.close()
